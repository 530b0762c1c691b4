"""`report` as the command line has it: imports nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any

from caopd_bench.cli import arguments

__all__ = ["add_report"]


def add_report(commands: Any) -> None:
    """Add `report`."""
    report = commands.add_parser(
        "report",
        help="the leaderboard: one HTML file that opens from disk, and the same records as text",
        description="Make a comparison report of runs. It loads nothing: a file for a browser, a "
        "mail or a CI artifact.",
    )
    report.add_argument(
        "runs", nargs="+", metavar="RUN", help="PATH or NAME=PATH, as for score; names are shown"
    )
    report.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        action="append",
        required=True,
        metavar="FILE",
        help=".html .md .tex .csv .json; several times for several of them",
    )
    report.add_argument("--title", default="Calibration report", metavar="TEXT")
    report.add_argument("--task", metavar="NAME", help="only this task")
    report.add_argument(
        "--by",
        type=arguments.names,
        action="append",
        default=[],
        metavar="KEY[,KEY]",
        help="groups to go into, beside level, subject, domain and family",
    )
    report.add_argument(
        "--compare",
        nargs=2,
        action="append",
        default=[],
        metavar=("BASE", "CAND"),
        help="names of two runs to be compared item by item (the first with each other, of five)",
    )
    report.add_argument(
        "--models",
        type=arguments.path,
        metavar="FILE",
        help="YAML: training method, size and family of runs, by name",
    )
    report.add_argument(
        "--published",
        type=arguments.path,
        metavar="FILE",
        help="YAML: numbers of others, shown as published and not measured",
    )
    report.add_argument(
        "--samples",
        type=_samples,
        default="200",
        metavar="N|all",
        help="answers of each run and task in the page (200); all: every one in a file beside it",
    )
    report.add_argument(
        "--figures", type=arguments.path, metavar="DIR", help="write the figures: SVG and PNG"
    )
    report.add_argument(
        "--card",
        type=arguments.path,
        metavar="DIR",
        help="write model-index and .eval_results for the Hugging Face Hub",
    )
    report.add_argument(
        "--confidence", type=arguments.coverage, default=0.95, metavar="P", help="of intervals"
    )
    report.set_defaults(run=_report)


def _samples(text: str) -> str:
    if text == "all":
        return text
    if not text.isascii() or not text.isdigit() or int(text) > 100_000:
        raise argparse.ArgumentTypeError(f"must be 0 to 100000, or all; got {text!r}")
    return str(int(text))


def _report(options: argparse.Namespace) -> int:
    from caopd_bench.cli.report import run_report

    return run_report(options)
