"""Read rows of a log as columns: answers, and outcomes that arrive later."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import BlankLines
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.runs.flat.blocks import Block, read_blocks, split_lines
from caopd_bench.runs.flat.fast_json import parse_block
from caopd_bench.runs.flat.rows import MAX_TEXT, parse_csv, parse_lines
from caopd_bench.runs.flat.values import Where, read_confidences
from caopd_bench.watch.source import SIZE, Reader
from caopd_bench.watch.values import read_days, read_ids, read_late_outcomes

__all__ = ["Batch", "Names", "read_grown", "read_whole"]

#: Default columns, used if they exist and no other was named.
IDS = ("id", "item")
TIMES = ("day", "date", "time", "timestamp")
#: Placeholder for the value of a missing field.
LACKING = object()


@dataclass(frozen=True)
class Names:
    """Names of columns; None means the default column, if it exists."""

    confidence: str = "confidence"
    correct: str = "correct"
    item: str | None = None
    time: str | None = None
    by: str | None = None

    def find(self, there: Sequence[str], file: Path) -> _Found:
        """Find the columns among those of a log.

        Raises
        ------
        UsageError
            If a named column is missing, or if no rows could be counted.
        """
        item = self.item or next((name for name in IDS if name in there), None)
        time = self.time or next((name for name in TIMES if name in there), None)
        for option, name in (("--item-column", self.item), ("--time-column", self.time)):
            if name is not None and name not in there:
                raise _lacking(file, f"{option} {inline(name, NAME_WIDTH)}", there)
        is_outcomes = item is not None and self.correct in there
        if self.confidence not in there and not is_outcomes:
            raise _lacking(file, f"column {self.confidence!r}", there, "--confidence-column")
        if self.correct not in there and item is None:
            raise _lacking(file, f"column {self.correct!r} or 'id'", there, "--correct-column")
        if self.by is not None and self.by not in there and self.confidence in there:
            raise _lacking(file, f"column {self.by!r}, by which the threshold has its cuts", there)
        return _Found(self.confidence, self.correct, item, time, self.by)


class _Found(NamedTuple):
    confidence: str
    correct: str
    item: str | None
    time: str | None
    by: str | None


class Batch(NamedTuple):
    """A batch of rows.

    Attributes
    ----------
    confidence : ndarray of float64, shape (n,)
        Stated confidence; NaN for none.
    outcome : ndarray of int8, shape (n,)
        1 right, 0 wrong, -1 unknown.
    is_answer : ndarray of bool, shape (n,)
        False for an outcome alone, in a row without a confidence field.
    label, has_id : ndarray, shape (n,)
        Hash label of the id, and whether there is one.
    day : ndarray of int64, shape (n,) or None
        Indices into `days`; None if the log has no time.
    days : list of str
        Empty for rows without a time.
    group : list of str or None
    """

    confidence: NDArray[np.float64]
    outcome: NDArray[np.int8]
    is_answer: NDArray[np.bool_]
    label: NDArray[np.uint64]
    has_id: NDArray[np.bool_]
    day: NDArray[np.int64] | None
    days: list[str]
    group: list[str] | None


def read_grown(reader: Reader, names: Names) -> Iterator[Batch]:
    """Continue reading a JSONL or CSV file, or standard input."""
    file = reader.file
    if reader.is_csv:
        if not reader.head:
            reader.take_head()
        if not reader.head:
            return
        head = _head(file, reader.head)
        found = names.find(head, file)
        for block in reader.blocks():
            yield _of_csv(file, block, head, found)
        return
    yield from _of_lines(file, reader.blocks(), names)


def _of_lines(file: Path, blocks: Iterator[Block], names: Names) -> Iterator[Batch]:
    found = None
    for block in blocks:
        rows, where = _parse(file, block)
        if found is None and rows:
            found = names.find([*dict.fromkeys(key for row in rows for key in row)], file)
        if rows and found is not None:
            columns = {
                name: [row.get(name, LACKING) for row in rows] for name in found if name is not None
            }
            yield _batch(columns, found, where)


def read_whole(file: Path, names: Names) -> Iterator[Batch]:
    """Read a file that is written as a whole: Parquet or gzip."""
    lower = file.name.lower()
    if lower.endswith(".parquet"):
        yield from _of_parquet(file, names)
    elif lower.endswith(".csv.gz"):
        blocks = read_blocks(file, SIZE)
        lines = (line for block in blocks for line in split_lines(block))
        rows = parse_csv(file, lines, BlankLines(file))
        head = next(rows, (0, 0, []))[2]
        if head:
            found = names.find(head, file)
            while batch := _some(rows):
                yield _of_rows(file, batch, head, found)
    else:
        yield from _of_lines(file, read_blocks(file, SIZE), names)


def _of_parquet(file: Path, names: Names) -> Iterator[Batch]:
    from caopd_bench.runs.flat.files import column_names
    from caopd_bench.runs.flat.parquet import read_batches, reading_parquet

    with reading_parquet(file):
        there = column_names(file)
        found = names.find(there, file)
        first = 1
        for held in read_batches(file, [name for name in found if name in there], 1 << 16):
            # Decimals and times become plain Python values.
            columns = {
                name: held[name].to_pylist() for name in found if name is not None and name in there
            }
            if held.num_rows:
                yield _batch(columns, found, _row_of(file, first))
            first += held.num_rows


def _row_of(file: Path, first: int) -> Where:
    return lambda i: f"{file} row {first + i}"


def _head(file: Path, data: bytes) -> list[str]:
    head = next(parse_csv(file, split_lines(Block(1, data)), BlankLines(file)), (0, 0, []))[2]
    if len(head) == 1 and any(mark in head[0] for mark in ";\t|"):
        raise UsageError(f"{file}: has only one column, {head[0]!r}; separate fields with commas")
    return head


def _parse(file: Path, block: Block) -> tuple[list[dict[str, Any]], Where]:
    rows = parse_block(block)
    if rows is not None:
        return rows, _line_of(file, block.first)
    slow = [*parse_lines(file, split_lines(block), BlankLines(file))]
    numbers = [number for number, _, _ in slow]
    return [row for _, _, row in slow], lambda i: f"{file} line {numbers[i]}"


def _line_of(file: Path, first: int) -> Where:
    return lambda i: f"{file} line {first + i}"


def _of_csv(file: Path, block: Block, head: list[str], found: _Found) -> Batch:
    limit = csv.field_size_limit(MAX_TEXT)
    try:
        rows = [*csv.reader(io.StringIO(block.data.decode(), newline=""), strict=True)]
    except (UnicodeDecodeError, csv.Error):
        rows = []
    finally:
        csv.field_size_limit(limit)
    if rows and {*map(len, rows)} == {len(head)} and len(rows) == block.data.count(b"\n"):
        where = _line_of(file, block.first)
        return _batch(_columns(rows, head, found), found, where)
    slow = [*parse_csv(file, split_lines(block), BlankLines(file))]
    return _of_rows(file, slow, head, found)


def _of_rows(
    file: Path, rows: list[tuple[int, int, list[str]]], head: list[str], found: _Found
) -> Batch:
    for number, _, row in rows:
        if len(row) != len(head):
            raise UsageError(
                f"{file} line {number}: {len(row)} fields, but the header has {len(head)}; is "
                "there an unquoted comma or line break in a text?"
            )
    numbers = [number for number, _, _ in rows]
    columns = _columns([row for _, _, row in rows], head, found)
    return _batch(columns, found, lambda i: f"{file} line {numbers[i]}")


def _columns(rows: list[list[str]], head: list[str], found: _Found) -> dict[str, list[Any]]:
    places = {name: head.index(name) for name in found if name is not None and name in head}
    return {name: [row[i] for row in rows] for name, i in places.items()}


def _some(rows: Iterator[tuple[int, int, list[str]]]) -> list[tuple[int, int, list[str]]]:
    """Take up to this many rows."""
    return [row for _, row in zip(range(1 << 14), rows, strict=False)]


def _batch(columns: dict[str, list[Any]], found: _Found, where: Where) -> Batch:
    n = len(next(iter(columns.values())))
    stated = columns.get(found.confidence)
    if stated is None:
        is_answer, stated = np.zeros(n, np.bool_), [None] * n
    elif any(value is LACKING for value in stated):
        is_answer = np.fromiter((value is not LACKING for value in stated), np.bool_, n)
        stated = [None if value is LACKING else value for value in stated]
    else:
        is_answer = np.ones(n, np.bool_)
    outcomes = columns.get(found.correct) or [None] * n
    label, has_id = np.zeros(n, np.uint64), np.zeros(n, np.bool_)
    if found.item is not None:
        label, has_id = read_ids(_plain(columns[found.item]), found.item, where)
    day: NDArray[np.int64] | None = None
    days: list[str] = []
    if found.time is not None:
        times = _plain(columns[found.time])
        if is_answer.all():
            day, days = read_days(times, found.time, where)
        else:  # the time of an outcome is irrelevant
            day = np.zeros(n, np.int64)
            at = np.flatnonzero(is_answer).tolist()
            day[at], days = read_days([times[i] for i in at], found.time, lambda i: where(at[i]))
    group = None
    if found.by is not None and found.by in columns:
        group = [_name_of(value) for value in _plain(columns[found.by])]
    return Batch(
        np.asarray(read_confidences(stated, where), np.float64),
        read_late_outcomes(_plain(outcomes), where),
        is_answer, label, has_id, day, days, group,
    )  # fmt: skip


def _name_of(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(values: list[Any]) -> list[Any]:
    return [None if value is LACKING else value for value in values]


def _lacking(file: Path, what: str, there: Sequence[str], option: str = "") -> UsageError:
    listed = ", ".join(inline(name, NAME_WIDTH) for name in there[:10]) or "none"
    remedy = f"; choose one with {option}" if option else ""
    return UsageError(f"{file}: no {what}; its columns are {listed}{remedy}")
