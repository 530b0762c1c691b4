"""`caopd-bench recalibrate`: fit a map from stated confidence to accuracy, and save it."""

from __future__ import annotations

import argparse
from typing import Any

from caopd_bench.cli import arguments
from caopd_bench.core.terminal import NAME_WIDTH, inline

__all__ = ["add", "run_recalibrate"]


def add(commands: Any) -> None:
    """Add `recalibrate`."""
    recalibrate = commands.add_parser(
        "recalibrate",
        help="fit a map from stated confidence to accuracy; estimate its gain on unseen rows",
        description="Fit a map from confidence to accuracy on one run, estimate its gain by "
        "cross-fitting, and save it. Apply it with: score RUN --map FILE.",
        examples=["recalibrate monday.csv -o map.json"],
        codes="4 a stored run was edited",
    )
    recalibrate.add_argument(
        "spec", metavar="RUN", help="run to read: PATH or NAME=PATH, as for score"
    )
    recalibrate.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        metavar="FILE",
        help="write the map as strict JSON; with -, the map goes to standard output and the table "
        "to standard error; by default the numbers are only printed",
    )
    recalibrate.add_argument("--task", metavar="NAME", help="task to use, if the run has several")
    recalibrate.add_argument(
        "--method",
        choices=("isotonic", "beta", "platt", "temperature"),
        default="isotonic",
        help="isotonic only assumes that accuracy never falls as confidence rises; beta and platt "
        "need fewer rows",
    )
    recalibrate.add_argument(
        "--folds",
        type=arguments.count,
        default=5,
        metavar="N",
        help="number of cross-fitting folds (5)",
    )
    recalibrate.add_argument(
        "--seed", type=arguments.seed, default=0, metavar="N", help="random seed of the folds (0)"
    )
    arguments.add_level(recalibrate)
    arguments.add_columns(recalibrate)
    recalibrate.set_defaults(run=run_recalibrate)


def run_recalibrate(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from caopd_bench.core.deliver import STDOUT, print_table
    from caopd_bench.maps.fit import choose_task, recalibrate
    from caopd_bench.maps.words import (
        describe_fit,
        describe_limits,
        render_gains,
        render_values,
    )
    from caopd_bench.runs.confidence_of import wording_of
    from caopd_bench.runs.read import read_runs
    from caopd_bench.scores.notes import describe_run, notes_on_task

    (run,) = read_runs([options.spec], arguments.read_columns(options))
    task = choose_task(run, options.task)
    fitted = recalibrate(
        run,
        method=options.method,
        task=task,
        folds=options.folds,
        seed=options.seed,
        level=options.level,
    )
    is_file = options.output not in (None, STDOUT)
    if is_file:
        fitted.save(options.output)
    kind, parsed = wording_of(run, task).name, run.count(task).parsed
    blocks = [
        inline(task, NAME_WIDTH),
        f"  {inline(run.name, NAME_WIDTH)}: {describe_run(run, task)}",
        f"  {describe_fit(fitted, kind)}\n",
        render_gains(fitted, kind),
    ]
    if parsed is not None:
        blocks.append(f"\n{render_values(fitted, parsed, kind)}\n")
        notes = [*notes_on_task(run, task), *describe_limits(fitted, parsed, kind)]
        blocks += [f"  note: {inline(note)}" for note in notes]
    if is_file:
        file = inline(options.output, 200)
        blocks.append(f"\n{file}: written; apply it with: caopd-bench score RUN --map {file}")
    print_table(blocks, options.output, fitted.to_json())
    return 0
