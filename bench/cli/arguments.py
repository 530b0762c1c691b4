"""Types of command-line arguments: each reads one word or explains what it must be."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caopd_bench.runs.flat.read import Columns

__all__ = [
    "add_columns",
    "add_level",
    "count",
    "coverage",
    "decimals",
    "find_runs",
    "names",
    "pair",
    "path",
    "positive",
    "read_columns",
    "risk",
    "seed",
    "share",
    "shots",
]

#: Terms in the tables of several commands that are printed without an explanation.
WORDS = """\
words in the tables (all metrics: python -m caopd_bench.metrics):
  gap            mean confidence minus accuracy; above 0 the model is overconfident
  MCB, DSC, UNC  parts of the Brier score, MCB - DSC + UNC: miscalibration, discrimination of \
right from wrong answers, uncertainty (accuracy x (1 - accuracy))
  AUROC          probability that a right answer has a higher confidence than a wrong one, ties \
counting half
  SPR            the same with ties counted as failures
  tie rate       share of pairs of a right and a wrong answer with the same confidence"""


def add_columns(command: argparse.ArgumentParser) -> None:
    """Add the options for columns of flat files, which every command that reads runs accepts."""
    flat = command.add_argument_group("flat files (.jsonl, .csv, also .gz; .parquet)")
    flat.add_argument(
        "--confidence-column",
        default="confidence",
        metavar="NAME",
        help="column of the stated confidence (confidence)",
    )
    flat.add_argument(
        "--correct-column",
        default="correct",
        metavar="NAME",
        help="column that tells whether the answer is right: 1 or 0 (correct)",
    )
    flat.add_argument(
        "--item-column",
        metavar="NAME",
        help="column that identifies the question (item, if present)",
    )
    flat.add_argument(
        "--decimals",
        type=decimals,
        metavar="N",
        help="round confidences to N decimals; saves memory if they are continuous",
    )


def add_level(
    command: argparse.ArgumentParser,
    what: str = "confidence level of the intervals (0.95)",
    *,
    default: float | None = 0.95,
) -> None:
    """Add `--level`, and `--confidence`, its old name, which still works and prints a warning."""
    command.add_argument(
        "--level", action=_NewName, type=coverage, default=default, metavar="P", help=what
    )
    command.add_argument(
        "--confidence",
        action=_OldName,
        dest="level",
        type=coverage,
        default=argparse.SUPPRESS,
        help=argparse.SUPPRESS,
    )


class _NewName(argparse.Action):
    """An option that also has an old name; only one of the two may be given."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        names = {*getattr(namespace, "level_names", ()), str(option_string)}
        if len(names) > 1:
            (old,) = names - {"--level"}
            raise argparse.ArgumentError(None, f"{old} is the old name of --level; leave {old} out")
        namespace.level_names = names
        setattr(namespace, self.dest, values)


class _OldName(_NewName):
    """An option under its old name."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        from caopd_bench.core.process.exits import complain

        super().__call__(parser, namespace, values, option_string)
        complain(
            parser.prog.partition(" ")[2],
            f"{option_string} is now --{self.dest}; the old name still works",
        )


def read_columns(options: argparse.Namespace, by: Sequence[str] = ()) -> Columns:
    """Return the columns named by the options of `add_columns` and by `--by`."""
    # Inside the function: `caopd-bench --help` imports this file.
    from caopd_bench.runs.flat.read import Columns

    return Columns(
        options.confidence_column,
        options.correct_column,
        options.item_column,
        tuple(by),
        options.decimals,
    )


def find_runs(options: argparse.Namespace) -> list[str]:
    """Return the named runs, expanding folders, and a note on those left out."""
    from caopd_bench.core.process.exits import complain
    from caopd_bench.runs.read import expand_specs

    return expand_specs(options.runs, partial(complain, options.command))


def path(text: str) -> Path:
    """Refuse an empty word, as from an unset variable: Path("") is the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("is empty; is a shell variable unset?")
    return Path(text)


def names(text: str) -> list[str]:
    """Read comma-separated names."""
    listed = text.split(",")
    if not all(listed):
        raise argparse.ArgumentTypeError(f"must be comma-separated names, got {text!r}")
    return listed


def pair(text: str) -> tuple[str, str]:
    """Read NAME=VALUE."""
    name, sign, value = text.partition("=")
    if not name or not sign or not value:
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, got {text!r}")
    return name, value


def shots(text: str) -> int:
    """Read a number of exemplars."""
    if text not in ("0", "1", "2", "3", "4"):
        raise argparse.ArgumentTypeError(f"must be 0 to 4 (there are four exemplars), got {text!r}")
    return int(text)


def positive(text: str) -> float:
    """Read a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number above 0, got {text!r}")
    return value


def share(text: str) -> float:
    """Read a number above 0 and at most 1."""
    value = positive(text)
    if value > 1:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most 1, got {text!r}")
    return value


def risk(text: str) -> float:
    """Read an error rate, above 0 and below 1."""
    value = share(text)
    if value == 1.0:
        raise argparse.ArgumentTypeError("must be below 1; 0.05 accepts one wrong answer in twenty")
    return value


def count(text: str) -> int:
    """Read a whole number, 1 or more."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:12]) < 10**9:
        raise argparse.ArgumentTypeError(f"must be a whole number, 1 or more, got {text!r}")
    return int(text)


def seed(text: str) -> int:
    """Read a seed."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"must be a whole number, 0 or more, got {text!r}")
    return int(text)


def decimals(text: str) -> int:
    """Read a number of decimals."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 12:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 12, got {text!r}")
    return int(text)


def coverage(text: str) -> float:
    """Read the coverage of an interval."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0.5 <= value < 1:
        hint = f"; for {value:g} % write {value / 100:g}" if 50 <= value < 100 else ""
        raise argparse.ArgumentTypeError(f"must be at least 0.5 and below 1, got {text!r}{hint}")
    return value
