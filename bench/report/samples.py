"""Which rows the report carries: sure and wrong ones first, the same items for every model.

Rows are chosen by a hash of their item and not at random: two models that answered the same
questions show the same ones, so that they can be read side by side.
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

#: From this confidence on an answer counts as sure, and up to the other as unsure.
SURE, UNSURE = 0.9, 0.5
#: Shares of the sample that are kept for what people look for first.
SHARES = {"sure and wrong": 0.4, "unsure and right": 0.15, "unparsed": 0.15}
#: Characters of a text in the page; the whole is in the rows.
MAX_TEXT = 4_000
#: From so many characters on lines are written.
PIECE = 1 << 20

Kind = Literal["sure and wrong", "unsure and right", "unparsed", "other"]


@dataclass(frozen=True, slots=True, eq=False)
class Picked:
    """Some rows of a cell.

    Attributes
    ----------
    rows : Sequence of Row
        Sure and wrong first.
    total : int
        Rows that it was chosen from.
    counts : dict
        How many of all rows are of each kind.
    has_text : bool
        Whether the run kept the model's text.
    """

    rows: Sequence[Row]
    total: int
    counts: dict[Kind, int]
    has_text: bool


def kind_of(row: Row) -> Kind:
    """Say what a row is an example of."""
    if row.confidence is None:
        return "unparsed"
    if row.confidence >= SURE and not row.correct:
        return "sure and wrong"
    if row.confidence <= UNSURE and row.correct:
        return "unsure and right"
    return "other"


def pick_rows(rows: Sequence[Row], most: int, total: int | None = None) -> Picked:
    """Choose at most `most` rows: some of each kind, then whatever comes in the order of the hash.

    The surest of the wrong come first among their kind; ties, and the rest, go by the item's hash.
    `total` is how many rows there are, where `rows` are not all of them.
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
    """Keep fewer rows of a sample, by the same rule."""
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
    r"""Make a model's text safe to look at: what is not printable is written as an escape.

    Directional overrides, zero-width characters, NUL and lone surrogates among them; line breaks
    and tabs stay. What is longer than `most` is cut in the middle, and says so.

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
    """Return a row as plain values, for the file that `--samples all` writes."""
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
    """Yield rows as JSON lines, in pieces of many lines."""
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
