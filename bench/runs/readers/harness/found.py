"""An answer found in a log, and how the user's options change what is read.

Each reader in this folder knows where its harness stores the response, the right answer and the
name of a question. `--response`, `--gold`, `--item`, `--question` and `--by` name other places, as
paths into a row of the log: `vars.gold`, `doc.choices.0`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import MAX_LINE
from caopd_bench.core.files.plain_json import read_json
from caopd_bench.core.terminal import inline, quote
from caopd_bench.runs.flat.paths import ABSENT, Column
from caopd_bench.runs.logged import (
    GROUPS,
    AnswerColumns,
    Logged,
    read_gold,
    read_group,
    read_options,
)

__all__ = [
    "ABSENT",
    "Found",
    "as_text",
    "digest",
    "is_chosen",
    "is_named",
    "keep",
    "load",
    "look_up",
    "mapping",
    "to_logged",
]

#: Maximum characters of a text; longer names of questions are replaced with a digest.
MAX_TEXT = MAX_LINE
MAX_NAME = 200
#: Maximum number of keys in a path.
MAX_PARTS = 12


@dataclass(frozen=True, slots=True)
class Found:
    """One answer of a log.

    Attributes
    ----------
    where : str
        File and place of the answer.
    row : mapping
        The row of the log, into which the user's paths lead.
    response : object
        None for a failed request; a value other than text is converted to JSON.
    gold : object
        The right answer, `ABSENT` if the log has none.
    item : str or None
    question : object
        A value other than text is converted to JSON.
    groups : mapping
        Values that `--by` may name without a path.
    sample, failed, options, stopped, probabilities, also
        As in `Logged`.
    """

    where: str
    row: Mapping[str, Any]
    response: Any
    gold: Any = ABSENT
    item: str | None = None
    question: Any = None
    groups: Mapping[str, Any] = field(default_factory=dict)
    sample: int | None = None
    failed: bool = False
    options: tuple[str, ...] = ()
    stopped: str = ""
    probabilities: tuple[float, ...] = ()
    also: tuple[str, ...] = ()


def to_logged(found: Found, columns: AnswerColumns, *, gold_help: str = "") -> Logged:
    """Return the answer that `rescore` judges.

    Parameters
    ----------
    found : Found
    columns : AnswerColumns
        The user's paths, which take precedence over what the reader found.
    gold_help : str
        Advice for the error if the log has no right answer.

    Raises
    ------
    UsageError
        If a path leads nowhere, there is no right answer, or a text is too long.
    """
    row, where = found.row, found.where
    response, failed = found.response, found.failed
    # The path given with --response may be missing in a row without an answer.
    if is_named(columns.response, "response") and response not in (None, ""):
        response = _get(row, columns.response, where, "--response")
        failed = response is None
    gold, also = found.gold, found.also
    if is_named(columns.gold, "gold"):
        gold, also = _get(row, columns.gold, where, "--gold"), ()
    if gold is ABSENT:
        raise UsageError(f"{where}: no right answer{gold_help and f'; {gold_help}'}")
    item = found.item
    question = found.question if found.question is None else as_text(found.question)
    if columns.item:
        item = _name(row, columns.item, where, "--item")
    if columns.question:
        item, question = None, _name(row, columns.question, where, "--question")
    options = found.options
    if columns.options:
        listed = _get(row, columns.options, where, "--options")
        options = read_options(listed, where, columns.options)
    right = read_gold(gold, where, columns.gold or "the right answer")
    logged = Logged(
        where,
        None if failed or response is None else as_text(response),
        right,
        item,
        question,
        _groups(found, columns.groups),
        found.sample,
        failed,
        options,
        found.stopped,
        found.probabilities,
        None if item is None else (item, right),
        also,
        is_bare=True,
    )
    for text in (
        logged.response or "",
        logged.gold,
        *also,
        logged.question or "",
        logged.item or "",
    ):
        if len(text) > MAX_TEXT:
            raise UsageError(
                f"{where}: a text of {len(text):,} characters; an answer and its prompt may have "
                f"at most {MAX_TEXT:,}"
            )
    return logged


def is_named(column: str | None, default: str) -> bool:
    """Return whether the user named a column other than the default of flat files."""
    return bool(column) and column != default


def is_chosen(row: Mapping[str, Any], columns: AnswerColumns) -> bool:
    """Return whether a row has the values that `--only` asks for."""
    return all(_is(look_up(row, path), value) for path, value in columns.only)


def look_up(row: Any, path: str) -> Any:
    """Follow a path of keys and positions; return `ABSENT` if it leads nowhere.

    A key at the top level may contain dots.

    Examples
    --------
    >>> row = {"vars": {"gold": 4}, "out": [{"text": "5"}], "a.b": {"c": 6}}
    >>> look_up(row, "vars.gold"), look_up(row, "out.0.text"), look_up(row, "a.b.c")
    (4, '5', 6)
    >>> look_up(row, "vars.answer") is ABSENT
    True
    """
    parts = path.split(".", MAX_PARTS)
    names = mapping(row)
    ends = range(len(parts), 0, -1)
    top = next((end for end in ends if ".".join(parts[:end]) in names), len(parts))
    return Column(path, ".".join(parts[:top]), tuple(parts[top:])).get(names)


def as_text(value: Any) -> str:
    """Return a response as text; other values, such as parsed outputs, become JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def digest(value: Any) -> str:
    """Name a question by a value: the text itself if it is short, else a digest of its JSON."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    if len(text) <= MAX_NAME:
        return text
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def mapping(value: Any, key: str | None = None) -> Mapping[str, Any]:
    """Return a value, or its entry under a key, if that is a mapping; else an empty mapping."""
    inner = value if key is None else value.get(key) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def keep(values: Any, *keys: str) -> dict[str, Any]:
    """Return the given keys of a mapping with their values, leaving out missing ones."""
    return {key: mapping(values)[key] for key in keys if key in mapping(values)}


def load(file: Path, of: str) -> Any:
    """Read the JSON of a log.

    Raises
    ------
    UsageError
        If it is damaged, cut off, or takes too much memory.
    """
    try:
        return read_json(file)
    except ValueError as error:
        raise UsageError(
            f"{file}: not JSON ({inline(str(error), 120)}); {of} that is damaged or cut off?"
        ) from None


def _is(value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == wanted.lower()
    return isinstance(value, (str, int, float)) and str(value) == wanted


def _get(row: Mapping[str, Any], path: str | None, where: str, option: str) -> Any:
    value = look_up(row, path or "")
    if value is ABSENT:
        first, _, rest = (path or "").rpartition(".")
        inside = look_up(row, first) if first else row
        known = inside if isinstance(inside, Mapping) else row
        place = f" under {quote(first)}" if first and inside is known and rest else ""
        raise UsageError(f"{where}: {option}: no {quote(path)}; it has{place} {_list(known)}")
    return value


def _name(row: Mapping[str, Any], path: str, where: str, option: str) -> str:
    value = _get(row, path, where, option)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise UsageError(f"{where}: {path} must be text or a number, got {quote(value)}")
    return str(value)


def _groups(found: Found, asked: Iterable[str]) -> dict[str, str | int | float]:
    groups = {}
    for key in dict.fromkeys([*asked, *GROUPS]):
        value = found.groups.get(key, ABSENT)
        if value is ABSENT and key in asked:
            value = look_up(found.row, key)
        if value is ABSENT or value is None or value == "" or value != value:
            continue
        if key in asked or isinstance(value, (str, int, float)):
            groups[key] = read_group(value, found.where, key)
    return groups


def _list(row: Mapping[str, Any]) -> str:
    names = [quote(key) for key in list(row)[:30]]
    return ", ".join(names) or "nothing"
