"""`caopd-bench watch`: does a threshold still keep its promise in production?"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from caopd_bench.cli import arguments
from caopd_bench.core.errors import OutputError
from caopd_bench.core.process.exits import ExitCode, complain

if TYPE_CHECKING:
    from caopd_bench.watch.look import Look

__all__ = ["add", "run_watch"]

CODES = {
    "NO ALARM": ExitCode.DONE,
    "ALARM": ExitCode.FAILED,
    "SUSPECT": ExitCode.INCONCLUSIVE,
    "NO OUTCOMES": ExitCode.INCONCLUSIVE,
}


def add(commands: Any) -> None:
    """Add `watch`."""
    watch = commands.add_parser(
        "watch",
        help="does a threshold still keep its promise in production? Look as often as you like",
        description="Read the new rows of a log of answers, and test all rows read so far against "
        "the promise of a threshold. Run it as often as you like: the probability of a false "
        "alarm is bounded over all looks together.",
        examples=["watch outcomes.csv --threshold threshold.json --state state"],
        codes="0 no alarm, 1 alarm, 3 no conclusion (no accepted answer has a known outcome, or "
        "the missing outcomes could reverse an alarm), 4 the state belongs to another threshold or "
        "other options",
    )
    watch.add_argument(
        "log",
        type=arguments.path,
        metavar="LOG",
        help=".jsonl or .csv that grows by appending, .parquet or .gz that is rewritten as it "
        "grows, or - for standard input",
    )
    watch.add_argument(
        "--threshold",
        type=arguments.path,
        required=True,
        metavar="FILE",
        help="file written by threshold -o; its map, if any, is applied",
    )
    watch.add_argument(
        "--state",
        type=arguments.path,
        required=True,
        metavar="DIR",
        help="folder that keeps the counts between looks",
    )
    watch.add_argument(
        "--false-alarms",
        type=_error,
        default=0.05,
        metavar="P",
        help="largest probability of a false alarm over all looks together (0.05)",
    )
    watch.add_argument(
        "--gap-margin",
        type=_margin,
        default=0.02,
        metavar="M",
        help="alarm when the gap (mean confidence minus accuracy) is more than M above or below "
        "the range in the threshold file (0.02)",
    )
    watch.add_argument(
        "--by-lot",
        action="store_true",
        help="use only the answers whose outcome is known; valid only if they were drawn at "
        "random. Without it, a missing outcome counts as the most favourable one",
    )
    watch.add_argument(
        "--changed",
        choices=("refuse", "again", "new", "renamed"),
        default="refuse",
        help="if lines of LOG that were already read have changed: refuse stops with an error, "
        "again recounts LOG from its start in place of its earlier counts, new adds it as another "
        "log, renamed continues a log that was first read under another name (refuse)",
    )
    watch.add_argument(
        "--restart",
        action="store_true",
        help="forget counts and alarms, and count only rows that have not been read yet",
    )
    watch.add_argument(
        "--page",
        type=arguments.path,
        metavar="FILE.html",
        help="write a page with curves over time",
    )
    watch.add_argument(
        "--json",
        type=arguments.path,
        metavar="FILE",
        help="write the numbers as JSON; with -, they go to standard output and the text to "
        "standard error",
    )
    watch.add_argument(
        "--log-to", choices=("wandb", "mlflow", "trackio"), metavar="T", help="also log to wandb, "
        "mlflow or trackio; each look is a step of one run"
    )  # fmt: skip
    columns = watch.add_argument_group("columns")
    columns.add_argument(
        "--confidence-column",
        default="confidence",
        metavar="NAME",
        help="column of the stated confidence (confidence)",
    )
    columns.add_argument(
        "--correct-column",
        default="correct",
        metavar="NAME",
        help="1 if the answer is right, 0 if not; empty while unknown (correct)",
    )
    columns.add_argument(
        "--item-column",
        metavar="NAME",
        help="identifies the answer, so that a later row can supply its outcome (default: id or "
        "item, if present)",
    )
    columns.add_argument(
        "--time-column",
        metavar="NAME",
        help="time of the answer, as a date or in seconds since 1970 (default: day, date, time or "
        "timestamp, if present; otherwise the day of the look)",
    )
    watch.set_defaults(run=run_watch, decides=True)


def _error(text: str) -> float:
    value = arguments.positive(text)
    if value > 0.5:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most 0.5, got {text!r}")
    return value


def _margin(text: str) -> float:
    if text in ("0", "0.0"):
        return 0.0
    return arguments.share(text)


def run_watch(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from caopd_bench.core.deliver import print_table
    from caopd_bench.core.errors import UsageError
    from caopd_bench.thresholds.promise import load_threshold
    from caopd_bench.watch.evidence import Options
    from caopd_bench.watch.look import look
    from caopd_bench.watch.rows import Names
    from caopd_bench.watch.trackers import require_tracker
    from caopd_bench.watch.words import describe_alarm, render, to_json

    if options.page is not None and options.page.suffix.lower() != ".html":
        raise UsageError(f"--page {options.page}: must end in .html")
    if options.log_to is not None:
        require_tracker(options.log_to)
    found = look(
        options.log,
        load_threshold(options.threshold),
        options.state,
        names=Names(
            options.confidence_column,
            options.correct_column,
            options.item_column,
            options.time_column,
        ),
        options=Options(options.false_alarms, options.gap_margin, options.by_lot),
        changed=options.changed,
        restart=options.restart,
        say=describe_alarm,
    )
    # Print the finding first: it holds even if a file cannot be written.
    text = to_json(found)
    print_table(render(found), options.json, text)
    sys.stdout.flush()
    lost = [*_deliver(options, found, text)]
    for line in lost:
        complain("watch", f"{line}; the state is kept, and the verdict is {found.verdict}")
    return CODES[found.verdict] or (ExitCode.UNWRITABLE if lost else ExitCode.DONE)


def _deliver(options: argparse.Namespace, found: Look, text: str) -> list[str]:
    """Write the files and the log; return a message for each that failed."""
    from caopd_bench.core.deliver import STDOUT, write_files
    from caopd_bench.watch.trackers import log_look

    lost = []
    try:
        files = {} if options.json in (None, STDOUT) else {options.json: text.encode()}
        if options.page is not None:
            from caopd_bench.watch.page import render_page

            files[options.page] = render_page(found).encode()
        if files:
            write_files(files)
    except OutputError as error:
        lost.append(str(error))
    if options.log_to is not None:
        try:
            log_look(options.log_to, found, options.state)
        except Exception as error:  # the look is complete, whatever a client raises
            lost.append(f"--log-to {options.log_to}: {type(error).__name__}: {error}")
    return lost
