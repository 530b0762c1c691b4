"""Logged answers: one response each with its gold answer, and how their values are read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.plain_json import parse_json
from caopd_bench.core.terminal import quote

__all__ = [
    "GROUPS",
    "UNNAMED",
    "AnswerColumns",
    "Logged",
    "read_gold",
    "read_group",
    "read_options",
]

#: Task of a log that names none.
UNNAMED = "logged"
GROUPS = ("level", "family", "subject", "domain")
MOST_OPTIONS = 26


@dataclass(frozen=True, slots=True)
class AnswerColumns:
    """Names of the columns, or paths in them: `vars.gold`.

    `item` and `question` name the question, if there are such columns; `options` lists the texts of
    the options of a choice.

    `task` chooses among the tasks of a log that has several.

    `only` are pairs of a column among the groups and a value; rows that lack one are dropped by
    whoever asked, so that a reader looks at them only where it must know which rows count.

    `is_open_kind`: the user named no kind of the answers, so one that the log names counts.
    """

    response: str
    gold: str
    item: str | None = None
    question: str | None = None
    groups: tuple[str, ...] = ()
    only: tuple[tuple[str, str], ...] = ()
    options: str | None = None
    task: str | None = None
    is_open_kind: bool = False


class Logged(NamedTuple):
    """One logged answer.

    Attributes
    ----------
    where : str
        Its file and line.
    response : str or None
        The model's text; None where there is none.
    gold : str
        The right answer; of a choice its letter.
    item, question : str or None
        What names the question.
    groups : Mapping
    sample : int or None
        Its number among the answers to the question, if the log says so.
    failed : bool
        Whether the request failed.
    options : tuple of str
        The texts of the options of a choice, in the order of their letters.
    stopped : str
        Why the text ends, where it was cut: "length" or "filter"; else "".
    probabilities : tuple of float
        One for each option, of a log that gives numbers instead of a stated confidence.
    name : tuple of str or None
        A text and a right answer that name the question, where those above do not.
    also : tuple of str
        Further right answers: any of them is right.
    is_bare : bool
        Whether a text that is one letter and nothing else answers a choice: the prompt may have
        asked for no more.
    """

    where: str
    response: str | None
    gold: str
    item: str | None
    question: str | None
    groups: Mapping[str, str | int | float]
    sample: int | None = None
    failed: bool = False
    options: tuple[str, ...] = ()
    stopped: str = ""
    probabilities: tuple[float, ...] = ()
    name: tuple[str, str] | None = None
    also: tuple[str, ...] = ()
    is_bare: bool = False


def read_gold(value: Any, where: str, column: str) -> str:
    """Return a right answer as text: a list or object as JSON, a whole number without a point."""
    if isinstance(value, (list, dict)) and value:  # calls, or the names of a phrase
        return json.dumps(value, default=str)
    if value is None or value == "" or value != value:
        raise UsageError(
            f"{where}: no {column!r}; leave the row out, or choose the column of the right answer "
            "with --gold: without a right answer nothing can be judged"
        )
    is_right = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    if not is_right or (isinstance(value, float) and not math.isfinite(value)):
        raise UsageError(f"{where}: {column} must be text or a number, got {quote(value)}")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)  # pandas makes 5.0 of 5; the name of the item shall be that of 5
    return value if isinstance(value, str) else repr(value)


def read_options(value: Any, where: str, column: str) -> tuple[str, ...]:
    """Return the texts of the options of a choice in the order of their letters; none for null.

    Parameters
    ----------
    value
        A list, an object from letters to texts, or either as JSON in a text.
    where, column : str
        For messages.

    Raises
    ------
    UsageError
        If it is neither, or has no more than one option, or more than there are letters.
    """
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        try:
            value = parse_json(value.encode("utf-8", "replace"), where)
        except ValueError:
            value = None
    if isinstance(value, Mapping):
        value = _in_order(value)
    texts = tuple(map(_as_option, value)) if isinstance(value, (list, tuple)) else ()
    if not 2 <= len(texts) <= MOST_OPTIONS or not all(texts):
        raise UsageError(
            f"{where}: {column} must list 2 to {MOST_OPTIONS} options, as a list or as an object "
            'from letters to texts, in a text as JSON: ["red", "green"]'
        )
    return tuple(filter(None, texts))


def _in_order(value: Mapping[str, Any]) -> list[Any] | None:
    """Order options by their letters; None where these are not A, B, C, ..."""
    # A column of objects has null for the letters that other rows have.
    given = {str(key).strip().upper(): text for key, text in value.items() if text is not None}
    letters = sorted(given)
    is_right = letters == [chr(ord("A") + place) for place in range(len(letters))]
    return [given[letter] for letter in letters] if is_right else None


def _as_option(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value)


def read_group(value: Any, where: str, column: str) -> str | int | float:
    """Return what a row is grouped by: a word or a number."""
    if isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value)):
        return int(value) if isinstance(value, str) and _is_small_int(value) else value
    raise UsageError(f"{where}: {column} must be a word or a number, got {quote(value)}")


def _is_small_int(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and str(int(text)) == text
