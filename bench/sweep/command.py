"""`caopd-bench sweep`: read the file, show the plan or run what is missing, write the tables."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from caopd_bench.errors import UsageError
from caopd_bench.extras import require
from caopd_bench.sweep.display import Display, show_seconds
from caopd_bench.sweep.estimate import estimate_seconds
from caopd_bench.sweep.folder import Folder
from caopd_bench.sweep.grid import Cell, Sweep, read_sweep
from caopd_bench.terminal import inline

__all__ = ["run_sweep"]

SHOWN = 20


def run_sweep(options: argparse.Namespace) -> int:
    """Run a sweep; the exit code is 0 done, 1 some cells failed or it was stopped, 2 usage."""
    sweep = read_sweep(options.file, options.output)
    cells = _select(sweep, options.only)
    folder = Folder(sweep.output)
    if options.tables:
        code = _write_all(sweep, folder, recompute=True)
        folder.clean(sweep.cells)
        return code
    workers = options.workers or max(1, os.cpu_count() or 1)
    seconds, is_known = estimate_seconds(cells, sweep.output / "timings.csv")
    if options.dry_run:
        _print_plan(sweep, cells, folder, seconds if is_known else {}, workers)
        return 0
    require("train", "torch", "transformers", "lm_eval")
    if options.engine == "ray":
        require("ray", "ray")
    elif options.address or options.gpus is not None or options.cpus is not None:
        raise UsageError("--address, --gpus and --cpus are for --engine ray")
    _prepare(sweep)
    display = Display(folder, cells, seconds)
    try:
        if options.engine == "ray":
            from caopd_bench.sweep.ray_engine import run_ray

            run_ray(
                sweep,
                cells,
                address=options.address,
                gpus=options.gpus or 0.0,
                cpus=1.0 if options.cpus is None else options.cpus,
                display=display,
            )
        else:
            from caopd_bench.sweep.local import run_local

            run_local(sweep, cells, workers=workers, display=display)
    except KeyboardInterrupt:
        folder.write_tables(sweep.cells)
        print("caopd-bench sweep: stopped; the same command goes on", file=sys.stderr)
        return 1
    display.show(final=True)
    code = _conclude(sweep, cells, folder)
    folder.clean(sweep.cells)
    return code


def _select(sweep: Sweep, pattern: str | None) -> list[Cell]:
    if pattern is None:
        return list(sweep.cells)
    try:
        chosen = [cell for cell in sweep.cells if re.search(pattern, cell.name)]
    except re.error as error:
        raise UsageError(f"--only: {pattern!r} is no pattern ({error})") from None
    if not chosen:
        names = [cell.name for cell in sweep.cells]
        raise UsageError(f"--only: no cell matches {pattern!r}; there are", names)
    return chosen


def _prepare(sweep: Sweep) -> None:
    """Refuse what no cell could be run with before anything is begun."""
    from caopd_bench.sweep.bases import find_base
    from caopd_bench.sweep.running import check_base

    try:
        sweep.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{sweep.output}: cannot be written ({error.strerror})") from None
    folder = Folder(sweep.output)
    for cell in sweep.cells:
        known = folder.known(cell)
        if known is not None and (cell.base.model or (sweep.bases / cell.base.name).exists()):
            check_base(cell, find_base(cell.base, sweep, lambda _line: None), known)


def _print_plan(
    sweep: Sweep,
    cells: Sequence[Cell],
    folder: Folder,
    seconds: dict[str, float],
    workers: int,
) -> None:
    todo = [cell for cell in cells if not folder.is_finished(cell)]
    done, failed = len(cells) - len(todo), sum(folder.failure(cell) is not None for cell in todo)
    print(f"{sweep.output}: {len(cells)} cells, {done} finished, {failed} failed before")
    for cell in todo[:SHOWN]:
        guess = f"  about {show_seconds(seconds[cell.name])}" if cell.name in seconds else ""
        print(f"  {cell.name}{guess}")
    if len(todo) > SHOWN:
        print(f"  and {len(todo) - SHOWN} more")
    missing = {cell.base.name for cell in todo if cell.base.size} - {
        cell.base.name for cell in todo if (sweep.bases / cell.base.name).exists()
    }
    if missing:
        print(f"to be pretrained first, 5 to 10 minutes each: {', '.join(sorted(missing))}")
    if todo and seconds:
        total = sum(seconds[cell.name] for cell in todo)
        left = show_seconds(total / workers)
        print(f"about {show_seconds(total)} of work, {left} with {workers} workers")
    elif todo:
        print("no estimate: no cell of these models is finished yet")


def _conclude(sweep: Sweep, cells: Sequence[Cell], folder: Folder) -> int:
    failed = [(cell, folder.failure(cell)) for cell in cells if not folder.is_finished(cell)]
    code = _write_all(sweep, folder, recompute=False)
    for cell, record in failed[:SHOWN]:
        others = "another process has it" if folder.is_claimed(cell) else "its worker ended"
        said = record["error"] if record else f"not run: {others}"
        print(f"caopd-bench sweep: {cell.name}: {inline(str(said))}", file=sys.stderr)
    if len(failed) > SHOWN:
        print(f"caopd-bench sweep: and {len(failed) - SHOWN} more", file=sys.stderr)
    return 1 if failed else code


def _write_all(sweep: Sweep, folder: Folder, *, recompute: bool) -> int:
    """Write the tables, and what the frozen analysis says, if there is one."""
    from caopd_bench.sweep.summary import ANALYSIS, write_summary

    made = folder.write_tables(sweep.cells, recompute=recompute)
    print(sweep.output / "cells.csv")
    analysis: Path = sweep.file.parent / ANALYSIS
    if made and analysis.exists():
        for file in write_summary(sweep, folder, analysis):
            print(file)
    return 0
