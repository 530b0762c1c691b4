"""`caopd-bench rescore`: parse, judge and score logged answers; optionally store the run."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caopd_bench.cli import arguments
from caopd_bench.cli.score import add_outputs, check_outputs, present
from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import inline

if TYPE_CHECKING:
    from caopd_bench.tasks.read.rules import Rules

__all__ = ["add", "run_rescore"]

WIDTH = 200  # characters of file names in a message


def add(commands: Any) -> None:
    """Add `rescore`."""
    rescore = commands.add_parser(
        "rescore",
        help="parse, judge and score logged answers, without a model or lm-eval",
        description="Judge and score logged answers: JSONL, CSV or Parquet with one answer per "
        "row, or a log of lm-eval, Inspect (.eval, .json), promptfoo, HELM, lighteval, OpenCompass "
        "or deepeval.",
        examples=[
            "rescore answers.jsonl --response output.text --gold vars.answer",
            "rescore logs/inspect.eval --store runs/new",
        ],
        more="words in the tables: caopd-bench score --help",
    )
    rescore.add_argument(
        "file",
        type=arguments.path,
        metavar="FILE",
        help="PATH or NAME=PATH: a file with one answer per row, or a harness log; one file per "
        "command",
    )
    rescore.add_argument(
        "--response",
        default="response",
        metavar="COL",
        help="column of the model's response (response)",
    )
    rescore.add_argument(
        "--gold", default="gold", metavar="COL", help="column of the right answer (gold)"
    )
    rescore.add_argument(
        "--kind",
        metavar="KIND",
        help="kind of answer: number, latex, choice, phrase, calls, first_call (default: the "
        "log's, or number)",
    )
    rescore.add_argument(
        "--item",
        metavar="COL",
        help="column that identifies the question; rows that share it are samples of one question",
    )
    rescore.add_argument(
        "--question",
        metavar="COL",
        help="column of the question's text, by which rows pair with lm_eval rows of the same "
        "questions",
    )
    rescore.add_argument(
        "--by",
        type=arguments.names,
        action="extend",
        default=[],
        metavar="COL[,COL]",
        help="also score groups, by these columns",
    )
    rescore.add_argument(
        "--only",
        type=arguments.pair,
        action="append",
        default=[],
        metavar="COL=VALUE",
        help="read only rows with this value in this column; repeatable",
    )
    rescore.add_argument(
        "--options",
        metavar="COL",
        help="column that lists the options of a choice, so that an answer may give an option's "
        "text",
    )
    for what in ("answer", "confidence"):
        rescore.add_argument(
            f"--{what}-label",
            action="append",
            default=[],
            metavar="WORDS",
            help=f"label before the {what} in responses; repeatable",
        )
        rescore.add_argument(
            f"--{what}-key",
            action="append",
            default=[],
            metavar="KEY",
            help=f"key of the {what} in responses that are JSON; repeatable",
        )
    rescore.add_argument(
        "--scale",
        type=int,
        metavar="N",
        help="scale of confidences given as bare numbers: 1, 5, 10 or 100 (default: read only "
        "unambiguous values)",
    )
    rescore.add_argument(
        "--task",
        metavar="NAME",
        help="name of the task (logged); for an lm-eval log, the task to read",
    )
    rescore.add_argument("--name", metavar="NAME", help="name of the run (default: the file name)")
    rescore.add_argument(
        "--max-tokens",
        type=arguments.count,
        metavar="N",
        help="token budget of the answers; answers cut off at it count as unfinished",
    )
    add_outputs(rescore)
    rescore.set_defaults(run=run_rescore, explain_extra=_explain_extra)


def run_rescore(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from caopd_bench.runs.rescore import rescore

    check_outputs(options)
    if options.item and options.question:
        raise UsageError("--item and --question cannot be combined: both identify the question")
    keys = list(dict.fromkeys(options.by))
    named, file = _split_name(options.file)
    run = rescore(
        file,
        response=options.response,
        gold=options.gold,
        kind=options.kind,
        item=options.item,
        question=options.question,
        by=keys,
        only=options.only,
        options=options.options,
        rules=_read_rules(options),
        task=options.task,
        name=named if options.name is None else options.name,
        max_tokens=options.max_tokens,
        workers=os.cpu_count() or 1,
    )
    return present([run], options, keys)


def _split_name(given: Path) -> tuple[str | None, Path]:
    """Split `NAME=PATH`, unless the whole word is an existing path that contains `=`."""
    name, _, rest = str(given).partition("=")
    if not name or not rest or given.exists():
        return None, given
    return name, Path(os.path.expanduser(rest))  # noqa: PTH111 (as in runs/read.py)


def _explain_extra(options: argparse.Namespace, extra: Sequence[str]) -> str | None:
    """Return how to read several files, such as those a shell expands a pattern to."""
    if any(word.startswith("-") for word in extra):
        return None
    given = inline(", ".join([str(options.file), *extra]), WIDTH)
    return (
        f"give one FILE per command, got {1 + len(extra)}: {given}; store each (rescore FILE "
        "--store RUNS/NAME) and score them together (caopd-bench score RUNS); if one file holds "
        "the answers of several models, --only COL=VALUE selects one"
    )


def _read_rules(options: argparse.Namespace) -> Rules:
    """Build the reading rules from the options; an error names its option."""
    from caopd_bench.tasks.read.rules import SCALES, Rules

    if options.scale is not None and options.scale not in SCALES:
        raise UsageError(f"--scale {options.scale}: must be one of {', '.join(map(str, SCALES))}")
    given: dict[str, Any] = {
        f"{what}_{form}s": tuple(getattr(options, f"{what}_{form}"))
        for what in ("answer", "confidence")
        for form in ("label", "key")
    }
    for name, words in given.items():
        try:
            Rules(**{name: words})
        except ValueError as error:
            said = str(error).partition(" ")[2]
            raise UsageError(f"--{name.removesuffix('s').replace('_', '-')} {said}") from None
    return Rules(**given, scale=options.scale)
