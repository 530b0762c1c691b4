"""Choice of the rows in the report: sure and wrong ones first, the same items for every model.

Rows are chosen by a hash of their item, not at random, so that models that answered the same
questions show the same ones and can be read side by side.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

from caopd_bench.runs.run import Row

__all__ = [
    "SURE",
    "Kind",
    "Picked",
    "dump_lines",
    "kind_of",
    "pick_rows",
    "show_text",
    "to_line",
    "trim",
]

#: An answer counts as sure from the first confidence upwards, and as unsure up to the second.
SURE, UNSURE = 0.9, 0.5
#: Shares of the sample reserved for the kinds of rows that readers look for first.
SHARES = {"sure and wrong": 0.4, "unsure and right": 0.15, "unparsed": 0.15}
#: Maximum number of characters of a text on the page; the run's rows hold the full text.
MAX_TEXT = 4_000
#: Number of characters from which buffered lines are written.
PIECE = 1 << 20

Kind = Literal["sure and wrong", "unsure and right", "unparsed", "other"]


@dataclass(frozen=True, slots=True, eq=False)
class Picked:
    """A sample of the rows of a cell.

    Attributes
    ----------
    rows : Sequence of Row
        The sample, sure and wrong answers first.
    total : int
        Number of rows it was chosen from.
    counts : dict
        Number of rows of each kind, among all rows.
    has_text : bool
        Whether the run kept the model's text.
    """

    rows: Sequence[Row]
    total: int
    counts: dict[Kind, int]
    has_text: bool


def kind_of(row: Row) -> Kind:
    """Return the kind of example that a row is."""
    if row.confidence is None:
        return "unparsed"
    if row.confidence >= SURE and not row.correct:
        return "sure and wrong"
    if row.confidence <= UNSURE and row.correct:
        return "unsure and right"
    return "other"


def pick_rows(rows: Sequence[Row], most: int, total: int | None = None) -> Picked:
    """Choose at most `most` rows: first some of each kind, then others in the order of the hash.

    Within the wrong answers, the surest come first; ties and all other rows are ordered by the
    hash of the item. `total` is the number of all rows, if `rows` are only a part.
    """
    by_kind: dict[Kind, list[Row]] = {}
    for row in rows:
        by_kind.setdefault(kind_of(row), []).append(row)
    counts: dict[Kind, int] = {kind: len(found) for kind, found in by_kind.items()}
    chosen: dict[int, Row] = {}
    for kind, share in SHARES.items():
        found = sorted(by_kind.get(kind, []), key=_surest_first)  # type: ignore[call-overload]
        for row in found[: math.ceil(share * most)]:
            chosen[id(row)] = row
    rest = sorted((row for row in rows if id(row) not in chosen), key=_place)
    for row in rest[: max(most - len(chosen), 0)]:
        chosen[id(row)] = row
    ordered = sorted(chosen.values(), key=lambda row: (kind_of(row) != "sure and wrong",))
    return Picked(
        rows=ordered[:most],
        total=len(rows) if total is None else total,
        counts=counts,
        has_text=any(row.text is not None for row in rows),
    )


def trim(picked: Picked, most: int) -> Picked:
    """Reduce a sample to at most `most` rows by the rule of `pick_rows`."""
    if len(picked.rows) <= most:
        return picked
    fewer = pick_rows(picked.rows, most)
    return Picked(fewer.rows, picked.total, picked.counts, picked.has_text)


def _surest_first(row: Row) -> tuple[float, str, int]:
    return (-(row.confidence or 0.0), *_place(row))


def _place(row: Row) -> tuple[str, int]:
    name = row.item_hash.encode("utf-8", "surrogatepass")
    return blake2b(name, digest_size=8).hexdigest(), row.sample


def show_text(text: str, most: int = MAX_TEXT) -> str:
    r"""Return a model's text with unprintable characters escaped, so that it is safe to display.

    Directional overrides, zero-width characters, NUL and lone surrogates are escaped; line breaks
    and tabs stay. A text longer than `most` is cut in the middle, with a note of the cut.

    Examples
    --------
    >>> show_text("a\u202eb\n")
    'a\\u202eb\n'
    >>> show_text("abcdefghij", 4)
    'abc\n[6 characters left out]\nj'
    """
    if len(text) > most:
        tail = most // 4
        gone = len(text) - most
        text = f"{text[: most - tail]}\n[{gone:,} characters left out]\n{text[len(text) - tail :]}"
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in "\n\t"
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def to_line(run: str, row: Row) -> dict[str, Any]:
    """Return a row as plain values for the file written by `--samples all`."""
    return {
        "run": run,
        "task": row.task,
        "item_hash": row.item_hash,
        "sample": row.sample,
        "groups": dict(row.groups),
        "question": row.question,
        "gold": row.gold,
        "text": row.text,
        "answer": row.answer,
        "stated": row.stated,
        "confidence": row.confidence,
        "correct": row.correct,
        "status": row.status,
        "kind": kind_of(row),
    }


def dump_lines(rows: Iterable[tuple[str, Row]]) -> Iterator[bytes]:
    """Yield rows as JSON lines, many lines at a time."""
    lines: list[str] = []
    size = 0
    for run, row in rows:
        lines.append(json.dumps(to_line(run, row), allow_nan=False))
        size += len(lines[-1])
        if size >= PIECE:
            yield ("\n".join(lines) + "\n").encode("ascii")
            lines, size = [], 0
    if lines:
        yield ("\n".join(lines) + "\n").encode("ascii")
