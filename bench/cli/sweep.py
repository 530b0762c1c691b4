"""`caopd-bench sweep`: read the file, show the plan or run the missing cells, write the tables."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from caopd_bench.cli import arguments
from caopd_bench.core.errors import OutputError, UsageError
from caopd_bench.core.extras import require
from caopd_bench.core.process.exits import ExitCode
from caopd_bench.core.terminal import inline

if TYPE_CHECKING:
    from caopd_bench.sweep.analysis.spec import Analysis
    from caopd_bench.sweep.grid.cells import Cell, Sweep
    from caopd_bench.sweep.grid.folder import Folder

__all__ = ["add", "run_sweep"]

SHOWN = 20
OURS = "caopd_"
#: Shown by --help.
EXAMPLE = """\
FILE, for example (all fields: docs/sweep.md, other files: reference_runs/*/sweep.yaml):
  title: OPD and CaOPD, three seeds each
  settings: {task: caopd_math_conf, steps: 80}
  evaluate: {tasks: [caopd_math_conf]}
  cells:
    - {model: ./base, method: base}
    - {model: ./base, method: [opd, caopd], seed: [0, 1, 2]}"""


def add(commands: Any) -> None:
    """Add `sweep`."""
    sweep = commands.add_parser(
        "sweep",
        help="train and evaluate a grid of models, methods and settings",
        description="Train and evaluate every cell of a grid: each combination of the models, "
        "methods, seeds and settings in FILE. cells.csv gets one row per cell. With an "
        "analysis.yaml beside FILE (docs/sweep.md), summary.csv and figures compare the methods "
        "over all seeds. To resume a stopped "
        "sweep, run the same command again: finished cells are skipped, and an interrupted one "
        "continues from its last checkpoint.",
        examples=["sweep sweep.yaml --dry-run", "sweep sweep.yaml --output out/sweep"],
        codes="1 a cell failed",
        more=EXAMPLE,
    )
    sweep.add_argument("file", type=arguments.path, metavar="FILE", help="YAML file of the grid")
    sweep.add_argument(
        "--output",
        type=arguments.path,
        metavar="DIR",
        help="output folder (default: the folder that contains FILE)",
    )
    sweep.add_argument(
        "--dry-run",
        action="store_true",
        help="show the missing cells and the estimated time without running them",
    )
    sweep.add_argument(
        "--only",
        metavar="PATTERN",
        help="run only cells whose name matches this regular expression",
    )
    sweep.add_argument(
        "--workers",
        type=arguments.count,
        metavar="N",
        help="number of processes (default: one per core; 1 if cells name a model)",
    )
    sweep.add_argument(
        "--evaluator",
        choices=("in_process", "lm_eval"),
        help="evaluator, overrides the file's: in_process (default), with lm-eval checking a "
        "sample of the cells and every headline cell, or lm_eval for every cell",
    )
    sweep.add_argument(
        "--tables",
        action="store_true",
        help="run no cell; recompute cells.csv, summary and figures from the stored rows",
    )
    cluster = sweep.add_argument_group("on a cluster")
    cluster.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="where cells run: local (default) or ray",
    )
    cluster.add_argument(
        "--address",
        metavar="A",
        help="address of the Ray cluster (default: RAY_ADDRESS, or start one on this machine)",
    )
    cluster.add_argument("--gpus", type=arguments.positive, metavar="N", help="GPUs per cell (0)")
    cluster.add_argument("--cpus", type=arguments.positive, metavar="N", help="CPUs per cell (1)")
    sweep.set_defaults(run=run_sweep)


def run_sweep(options: argparse.Namespace) -> int:
    """Run a sweep; the exit code is 0 done, 1 some cells failed, 130 stopped (Ctrl-C), 2 usage."""
    from caopd_bench.sweep.analysis.gather import find_analysis, headline_groups
    from caopd_bench.sweep.grid.display import Display
    from caopd_bench.sweep.grid.file import read_sweep
    from caopd_bench.sweep.grid.folder import Folder
    from caopd_bench.sweep.run.estimate import COPYING, PRETRAINING, estimate_seconds, find_unmade
    from caopd_bench.sweep.run.plan import print_plan
    from caopd_bench.sweep.run.reuse import find_elsewhere

    sweep = read_sweep(options.file, options.output)
    cells = _select(sweep, options.only)
    analysis = find_analysis(sweep)
    sweep = replace(
        sweep,
        evaluator=options.evaluator or sweep.evaluator,
        headline=headline_groups(analysis),
    )
    folder = Folder(sweep.output)
    if options.tables and options.dry_run:
        raise UsageError("--tables and --dry-run cannot be combined")
    if options.tables:
        _write_all(sweep, folder, analysis, recompute=True)
        folder.clean(sweep.cells)
        return 0
    workers = options.workers or _count_workers(cells)
    seconds, is_known = estimate_seconds(cells, sweep)
    if options.engine == "ray" and options.workers:
        raise UsageError("--workers is for --engine local; Ray has --cpus and --gpus")
    given = (options.address, options.gpus, options.cpus)
    if options.engine != "ray" and any(value is not None for value in given):
        raise UsageError("--address, --gpus and --cpus are for --engine ray")
    _check(sweep, cells)
    if options.dry_run:
        print_plan(sweep, cells, folder, seconds if is_known else {}, workers)
        return 0
    require("train", "torch", "transformers", "lm_eval")
    if options.engine == "ray":
        require("ray", "ray")
    try:
        sweep.output.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageError(f"{sweep.output}: is a file; --output takes a folder") from None
    except OSError as error:
        raise OutputError.of(sweep.output, error) from None
    todo = [cell for cell in cells if not folder.is_finished(cell)]
    seconds |= {cell.name: COPYING for cell in todo if find_elsewhere(cell, sweep) is not None}
    for name in find_unmade(todo, sweep).values():
        seconds[name] += PRETRAINING
    display = Display(folder, cells, seconds)
    try:
        if options.engine == "ray":
            from caopd_bench.sweep.run.ray import run_ray

            run_ray(
                sweep,
                cells,
                address=options.address,
                gpus=options.gpus or 0.0,
                cpus=1.0 if options.cpus is None else options.cpus,
                display=display,
            )
        else:
            from caopd_bench.sweep.run.local import run_local

            run_local(sweep, cells, workers=workers, display=display)
    except KeyboardInterrupt:
        folder.write_tables(sweep.cells)
        print("caopd-bench sweep: stopped; the same command resumes it", file=sys.stderr)
        return ExitCode.INTERRUPTED
    display.show(final=True)
    code = _say_failed(cells, folder)
    _write_all(sweep, folder, analysis, recompute=False)
    folder.clean(sweep.cells)
    return code


def _count_workers(cells: Sequence[Cell]) -> int:
    """Return one worker per core for micro models; larger ones share neither memory nor a GPU."""
    if any(cell.base.model for cell in cells):
        return 1
    if hasattr(os, "sched_getaffinity"):  # the cores this process may use, also in a container
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _select(sweep: Sweep, pattern: str | None) -> list[Cell]:
    if pattern is None:
        return list(sweep.cells)
    try:
        chosen = [cell for cell in sweep.cells if re.search(pattern, cell.name)]
    except re.error as error:
        raise UsageError(
            f"--only: {pattern!r} is not a valid regular expression ({error})"
        ) from None
    if not chosen:
        names = [cell.name for cell in sweep.cells]
        raise UsageError(f"--only: no cell matches {pattern!r}; the cells are", names)
    return chosen


def _check(sweep: Sweep, cells: Sequence[Cell]) -> None:
    """Refuse settings with which no cell could run, before anything starts."""
    from difflib import get_close_matches

    from caopd_bench.sweep.grid.folder import Folder
    from caopd_bench.sweep.run.bases import find_base
    from caopd_bench.sweep.run.cell import check_base
    from caopd_bench.sweep.run.observe import check_questions
    from caopd_bench.tasks.listing import list_tasks
    from caopd_bench.train.questions.questions import load_questions

    folder = Folder(sweep.output)
    for other in sweep.reuse:
        if not other.is_dir():
            raise UsageError(f"{sweep.file}: reuse: {other}: no such folder")
    tried = set()
    names = [entry.name for entry in list_tasks()]
    for task in cells[0].evaluate.tasks:
        if task.startswith(OURS) and task not in names:
            close = get_close_matches(task, names, n=1)
            hint = f"; did you mean {close[0]}?" if close else "; `caopd-bench tasks` lists them"
            raise UsageError(f"{sweep.file}: evaluate.tasks: unknown task {task!r}{hint}")
    for cell in cells:
        known = folder.known(cell)
        base = find_base(cell.base, sweep, make=False)
        if known is None and base is None and cell.base.model:
            raise UsageError(f"{sweep.file}: model: {cell.base.model}: no such folder")
        if known is not None and base is not None:
            check_base(cell, base, known)
        for stage in () if known is not None else cell.stages:
            what = (stage["task"], stage["levels"], stage["families"], stage["train_file"])
            if what not in tried:
                tried.add(what)
                task, levels, families, file = what
                load_questions(task, levels=levels, families=families, limit=1, train_file=file)
        if known is None:
            check_questions(cell)


def _say_failed(cells: Sequence[Cell], folder: Folder) -> int:
    """Print one line for each unfinished cell with the reason; return the exit code."""
    failed = [(cell, folder.failure(cell)) for cell in cells if not folder.is_finished(cell)]
    for cell, record in failed[:SHOWN]:
        others = (
            "another process is running it" if folder.is_claimed(cell) else ("its worker exited")
        )
        said = record["error"] if record else f"not run: {others}; see {folder.root / 'work'}"
        print(f"caopd-bench sweep: {inline(cell.name)}: {inline(str(said))}", file=sys.stderr)
    if len(failed) > SHOWN:
        print(f"caopd-bench sweep: and {len(failed) - SHOWN} more", file=sys.stderr)
    return 1 if failed else 0


def _write_all(sweep: Sweep, folder: Folder, analysis: Analysis | None, *, recompute: bool) -> None:
    """Write the tables and the frozen analysis, if any; print a row for each group."""
    from caopd_bench.sweep.analysis.ending import render_ending

    made = folder.write_tables(sweep.cells, recompute=recompute)
    print(inline(sweep.output / "cells.csv"))
    if made and analysis is not None:
        from caopd_bench.sweep.analysis.write import write_summary

        for file in write_summary(sweep, folder, analysis):
            print(inline(file))
    for line in render_ending(sweep, folder, analysis):
        print(line)
