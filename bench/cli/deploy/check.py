"""`caopd-bench check`: does a stored threshold keep its promise on new rows?"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from caopd_bench.cli import arguments
from caopd_bench.core.process.exits import ExitCode, complain

__all__ = ["add", "run_check"]


def add(commands: Any) -> None:
    """Add `check`."""
    check = commands.add_parser(
        "check",
        help="PASS, FAIL or INCONCLUSIVE: does a stored threshold hold on new rows?",
        description="Test whether the promise of a stored threshold (caopd-bench threshold -o) "
        "holds on rows that were not used to find it. PASS: shown to be kept. FAIL: shown to be "
        "broken. INCONCLUSIVE: too few accepted answers to show either. To test it again and "
        "again in production, use watch.",
        examples=["check threshold.json tuesday.csv --output check.xml"],
        codes="0 PASS, 1 FAIL and nothing else, 3 INCONCLUSIVE, 4 the threshold was made from "
        "these rows, or for another task",
    )
    check.add_argument(
        "threshold", type=arguments.path, metavar="THRESHOLD", help="file written by threshold -o"
    )
    check.add_argument("spec", metavar="RUN", help="run to read: PATH or NAME=PATH, as for score")
    arguments.add_level(
        check,
        "confidence level of the verdict: a wrong FAIL has a probability of at most 1 - P, and so "
        "has a wrong PASS (default: the threshold's level)",
        default=None,
    )
    check.add_argument(
        "--looks",
        type=arguments.count,
        default=1,
        metavar="N",
        help="number of checks you plan in all, such as 52 for a year of weekly ones; the "
        "probability of any wrong FAIL is bounded over all of them together (1)",
    )
    check.add_argument(
        "--output",
        type=arguments.path,
        action="append",
        default=[],
        metavar="FILE",
        help="also write a file, in the format of its ending: .json, .md or .xml (JUnit); "
        "repeatable. In GitHub Actions the step summary is written without this option",
    )
    arguments.add_columns(check)
    check.set_defaults(run=run_check, decides=True)


def run_check(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from caopd_bench.gates.formats.files import try_to_deliver
    from caopd_bench.runs.read import read_runs
    from caopd_bench.thresholds.check import check
    from caopd_bench.thresholds.check_formats import (
        annotate,
        append_summary,
        check_outputs,
        write_outputs,
    )
    from caopd_bench.thresholds.check_words import render_text
    from caopd_bench.thresholds.promise import load_threshold

    check_outputs(options.output)
    promise = load_threshold(options.threshold)
    promise.require_cut("check")
    keys = () if promise.by is None else (promise.by,)
    (run,) = read_runs([options.spec], arguments.read_columns(options, keys))
    result = check(promise, run, level=options.level, looks=options.looks)
    # Print the verdict first: it holds even if a file cannot be written.
    print(render_text(result))
    annotate(result)
    sys.stdout.flush()
    lost = [
        *try_to_deliver(lambda: write_outputs(result, options.output)),
        *try_to_deliver(lambda: append_summary(result)),
    ]
    for line in lost:
        complain("check", f"{line}; the verdict is {result.outcome}")
    return result.exit_code or (ExitCode.UNWRITABLE if lost else ExitCode.DONE)
