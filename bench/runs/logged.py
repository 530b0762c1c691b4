"""Define logged answers, a response with its gold answer each, and read their values."""

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

#: Task name for a log that names no task.
UNNAMED = "logged"
GROUPS = ("level", "family", "subject", "domain")
MOST_OPTIONS = 26


@dataclass(frozen=True, slots=True)
class AnswerColumns:
    """Names of the columns, or paths into them such as `vars.gold`.

    `item` and `question` are the columns that identify the question, if any; `options` is the
    column with the texts of the options of a choice.

    `task` selects a task in a log with several.

    `only` holds pairs of a group column and a value. The caller drops rows without these values, so
    a reader uses `only` just where it must know which rows count.

    `is_open_kind` is true if the user gave no kind of answer, so that the log's own kind is used.
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
        File and line of the answer.
    response : str or None
        The model's text; None if there is none.
    gold : str
        The right answer; for a choice, its letter.
    item, question : str or None
        Identifier and text of the question.
    groups : Mapping
    sample : int or None
        Number of the answer among those to the same question, if the log records it.
    failed : bool
        Whether the request failed.
    options : tuple of str
        The texts of the options of a choice, in the order of their letters.
    stopped : str
        Why the text was cut off: "length" or "filter"; "" if it was not.
    probabilities : tuple of float
        One for each option, if the log has probabilities instead of a stated confidence.
    name : tuple of str or None
        A text and a right answer that identify the question, if the fields above do not.
    also : tuple of str
        Further right answers, any of which is accepted.
    is_bare : bool
        Whether a text of a single letter answers a choice, because the prompt may have asked for
        no more.
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
    if isinstance(value, (list, dict)) and value:  # calls, or alternative phrases
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
        value = int(value)  # pandas turns 5 into 5.0; the item's name must stay that of 5
    return value if isinstance(value, str) else repr(value)


def read_options(value: Any, where: str, column: str) -> tuple[str, ...]:
    """Return the texts of a choice's options in the order of their letters; empty for null.

    Parameters
    ----------
    value
        A list, an object that maps letters to texts, or either as a JSON text.
    where, column : str
        Place of the value, for messages.

    Raises
    ------
    UsageError
        If the value has another form, fewer than two options, or more options than letters.
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
    """Order options by their letters; return None if these are not A, B, C, ..."""
    # A Parquet column of objects has null for letters that only other rows have.
    given = {str(key).strip().upper(): text for key, text in value.items() if text is not None}
    letters = sorted(given)
    is_right = letters == [chr(ord("A") + place) for place in range(len(letters))]
    return [given[letter] for letter in letters] if is_right else None


def _as_option(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value)


def read_group(value: Any, where: str, column: str) -> str | int | float:
    """Return the group value of a row: a word or a number."""
    if isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value)):
        return int(value) if isinstance(value, str) and _is_small_int(value) else value
    raise UsageError(f"{where}: {column} must be a word or a number, got {quote(value)}")


def _is_small_int(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and str(int(text)) == text
