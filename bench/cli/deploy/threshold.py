"""`caopd-bench threshold`: from which confidence on to act without a person, and at which error."""

from __future__ import annotations

import argparse
from typing import Any

from caopd_bench.cli import arguments
from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.exits import ExitCode
from caopd_bench.core.terminal import NAME_WIDTH, inline

__all__ = ["add", "run_threshold"]

#: The exit code of each outcome.
CODES = {
    "CERTIFIED": ExitCode.DONE,
    "NONE": ExitCode.FAILED,
    "INCONCLUSIVE": ExitCode.INCONCLUSIVE,
}


def add(commands: Any) -> None:
    """Add `threshold`."""
    threshold = commands.add_parser(
        "threshold",
        help="from which confidence on to act without a person, with a promise on the error rate",
        description="Find the lowest cut on confidence at which the answers at or above it are "
        "shown to be wrong rarely enough, and keep it for `check`, `watch` and load_threshold. "
        "Exit codes: 0 there is a cut, 1 NONE (no cut stays within the limit), 3 INCONCLUSIVE; "
        "with --by the best of the groups. The file is written in each case.",
    )
    threshold.add_argument(
        "spec", metavar="RUN", help="run to read: PATH or NAME=PATH, as for score"
    )
    asked = threshold.add_argument_group("goal (choose one)")
    asked.add_argument(
        "--max-risk",
        type=arguments.risk,
        metavar="R",
        help="largest acceptable share of wrong answers among those kept (0.05)",
    )
    asked.add_argument(
        "--min-coverage",
        type=arguments.share,
        metavar="C",
        help="smallest acceptable share of answers to keep; bounds their risk",
    )
    asked.add_argument(
        "--cost-wrong",
        type=arguments.positive,
        metavar="W",
        help="cost of a wrong answer; with --cost-human, finds the cheapest cut",
    )
    asked.add_argument(
        "--cost-human", type=arguments.positive, metavar="H", help="cost of asking a person once"
    )
    arguments.add_level(threshold, "probability that the promise holds (0.95)")
    threshold.add_argument(
        "--by",
        metavar="KEY",
        help="find a cut for each group (level, family, ...); all promises hold jointly",
    )
    threshold.add_argument("--task", metavar="NAME", help="task to use, if the run has several")
    threshold.add_argument(
        "--map",
        type=arguments.path,
        metavar="FILE",
        help="first apply a map that recalibrate -o wrote; it must be fitted to other rows",
    )
    threshold.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        metavar="FILE",
        help="write the threshold, strict JSON; - for standard output, the text then goes to "
        "standard error",
    )
    arguments.add_columns(threshold)
    threshold.set_defaults(run=run_threshold, decides=True)


def run_threshold(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from dataclasses import replace

    from caopd_bench.core.deliver import STDOUT, print_table
    from caopd_bench.maps.fit import choose_task
    from caopd_bench.runs.confidence_of import wording_of
    from caopd_bench.runs.read import read_runs
    from caopd_bench.scores.notes import describe_run, notes_on_source, notes_on_values
    from caopd_bench.thresholds.certify import apply_to, threshold
    from caopd_bench.thresholds.words import describe_limits, render_outcome, render_promise

    if options.max_risk is None and options.min_coverage is None and options.cost_wrong is None:
        raise UsageError(
            "nothing is fixed beforehand: give --max-risk 0.05, or --min-coverage, or --cost-wrong "
            "with --cost-human"
        )
    by = () if options.by is None else (options.by,)
    # Of flat files the counts are all that is needed.
    columns = replace(arguments.read_columns(options, by), keep="nothing")
    (run,) = read_runs([options.spec], columns)
    task = choose_task(run, options.task, "threshold")
    made = threshold(
        run,
        max_risk=options.max_risk,
        min_coverage=options.min_coverage,
        cost_wrong=options.cost_wrong,
        cost_human=options.cost_human,
        level=options.level,
        task=task,
        by=options.by,
        map=options.map,
    )
    is_file = options.output not in (None, STDOUT)
    if is_file:
        made.save(options.output)
    seen = run if made.map is None else apply_to(run, task, made.map)
    kind = wording_of(seen, task).name
    blocks = [
        inline(task, NAME_WIDTH),
        f"  {inline(run.name, NAME_WIDTH)}: {describe_run(run, task)}\n",
        render_outcome(made, kind, run),
    ]
    promise = render_promise(made, kind)
    blocks += [f"\n{promise}"] if promise else []
    notes = [*notes_on_source(seen, task), *notes_on_values(run, task), *describe_limits(made, run)]
    blocks += [f"{'' if i else chr(10)}  note: {inline(note)}" for i, note in enumerate(notes)]
    if is_file:
        file = inline(options.output, 200)
        use = f"on new rows: caopd-bench check {file} RUN" if promise else "it has no cut"
        blocks.append(f"\n{file}: written; {use}")
    print_table(blocks, options.output, made.to_json())
    return CODES[made.outcome]
