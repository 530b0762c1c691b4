"""`caopd-bench threshold`: the confidence above which answers need no human review."""

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
        help="find the confidence above which answers need no human review, with a bounded "
        "error rate",
        description="Find the lowest confidence cut whose accepted answers (those at or above it) "
        "are certified to be wrong rarely enough. CERTIFIED: a cut was found. NONE: every cut was "
        "shown to be wrong too often. INCONCLUSIVE: too few answers to show either. FILE holds "
        "the result in all three cases. Next: test the cut on new rows with check, and in "
        "production with watch.",
        usage="%(prog)s [options] --max-risk R RUN",
        examples=["threshold monday.csv --max-risk 0.05 -o threshold.json"],
        codes="0 CERTIFIED, 1 NONE, 3 INCONCLUSIVE (with --by, the best result: 0 if at least one "
        "group is CERTIFIED), 4 a stored run was edited, or the map was fitted to these rows",
    )
    threshold.add_argument(
        "spec", metavar="RUN", help="run to read: PATH or NAME=PATH, as for score"
    )
    asked = threshold.add_argument_group(
        "goal (one of: --max-risk, --min-coverage, --cost-wrong with --cost-human)"
    )
    asked.add_argument(
        "--max-risk",
        type=arguments.risk,
        metavar="R",
        help="largest acceptable share of wrong answers among those accepted, e.g. 0.05",
    )
    asked.add_argument(
        "--min-coverage",
        type=arguments.share,
        metavar="C",
        help="smallest share of answers to accept; their error rate is bounded",
    )
    asked.add_argument(
        "--cost-wrong",
        type=arguments.positive,
        metavar="W",
        help="cost of a wrong answer; with --cost-human, find the cheapest cut",
    )
    asked.add_argument(
        "--cost-human", type=arguments.positive, metavar="H", help="cost of one human review"
    )
    arguments.add_level(threshold, "confidence level of the promise (0.95)")
    threshold.add_argument(
        "--by",
        metavar="KEY",
        help="find a cut for each group: by difficulty (level), by family, ... or by a column of a "
        "flat file; all promises together have the confidence level",
    )
    threshold.add_argument("--task", metavar="NAME", help="task to use, if the run has several")
    threshold.add_argument(
        "--map",
        type=arguments.path,
        metavar="FILE",
        help="first apply a map written by recalibrate -o; it must have been fitted to other rows",
    )
    threshold.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        metavar="FILE",
        help="write the threshold as strict JSON; with -, it goes to standard output and the text "
        "to standard error",
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
            "no goal: give --max-risk (for example 0.05), --min-coverage, or --cost-wrong with "
            "--cost-human"
        )
    by = () if options.by is None else (options.by,)
    # For flat files the counts are enough.
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
        use = f"test it on new rows: caopd-bench check {file} RUN" if promise else "it has no cut"
        blocks.append(f"\n{file}: written; {use}")
    print_table(blocks, options.output, made.to_json())
    return CODES[made.outcome]
