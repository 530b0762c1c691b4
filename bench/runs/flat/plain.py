"""Read chunks of JSONL and CSV with the plain readers, which track the line of every row.

The fast readers delegate unusual blocks, and all error messages about a file, to these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.flat.rows import MAX_TEXT, csv_rows, json_rows
from caopd_bench.runs.flat.values import (
    Chunk,
    Wanted,
    Where,
    encode,
    read_confidences,
    read_items,
    read_outcomes,
)

__all__ = ["chunk_csv", "chunk_json", "make_chunk", "read_plain_csv", "read_plain_json"]


def read_plain_json(file: Path, wanted: Wanted, size: int) -> Iterator[Chunk]:
    """Read JSONL in chunks of rows; raise the errors of `files.read_chunks`."""
    return chunk_json(file, wanted, json_rows(file), size)


def read_plain_csv(file: Path, wanted: Wanted, size: int) -> Iterator[Chunk]:
    """Read CSV in chunks of rows; raise the errors of `files.read_chunks`."""
    rows = csv_rows(file)
    head = next(rows, (0, 0, []))[2]
    return chunk_csv(file, wanted, head, rows, size)


def chunk_json(
    file: Path, wanted: Wanted, rows: Iterator[tuple[int, int, dict[str, Any]]], size: int
) -> Iterator[Chunk]:
    """Make chunks of rows with their line and length."""

    def picked() -> Iterator[tuple[int, int, list[Any]]]:
        names = wanted.columns
        for number, length, row in rows:
            try:
                yield number, length, [row[name] for name in names]
            except KeyError as error:
                raise UsageError(
                    f"{file} line {number}: no {error.args[0]!r}; write null where the value is "
                    "missing"
                ) from None

    return _chunks(file, wanted, picked(), size)


def chunk_csv(
    file: Path,
    wanted: Wanted,
    head: list[str],
    rows: Iterator[tuple[int, int, list[str]]],
    size: int,
) -> Iterator[Chunk]:
    """Make chunks of rows with their line and length."""

    def picked() -> Iterator[tuple[int, int, list[str]]]:
        at = [head.index(name) for name in wanted.columns]
        for number, length, row in rows:
            if len(row) != len(head):
                raise UsageError(
                    f"{file} line {number}: {len(row)} fields, but the header has {len(head)}; "
                    "is there an unquoted comma or line break in a text?"
                )
            yield number, length, [row[i] for i in at]

    return _chunks(file, wanted, picked(), size)


def make_chunk(column: Callable[[str], Sequence[Any]], wanted: Wanted, where: Where) -> Chunk:
    """Make a chunk from columns of Python values."""
    return Chunk(
        read_confidences(column(wanted.confidence), where),
        read_outcomes(column(wanted.correct), where),
        read_items(column(wanted.item), wanted.item, where) if wanted.item else None,
        {key: encode(column(key), key, where) for key in wanted.groups},
    )


def _chunks(
    file: Path, wanted: Wanted, rows: Iterator[tuple[int, int, Sequence[Any]]], size: int
) -> Iterator[Chunk]:
    for numbers, held in _batches(rows, size):
        columns = dict(zip(wanted.columns, zip(*held, strict=True), strict=True))
        yield make_chunk(columns.__getitem__, wanted, _namer(file, numbers))


def _batches(
    rows: Iterator[tuple[int, int, Sequence[Any]]], size: int
) -> Iterator[tuple[list[int], list[Sequence[Any]]]]:
    """Yield batches of line numbers and rows, limited by rows and memory."""
    numbers: list[int] = []
    held: list[Sequence[Any]] = []
    characters = 0
    for number, length, row in rows:
        numbers.append(number)
        held.append(row)
        characters += length
        if len(held) == size or characters > MAX_TEXT:
            yield numbers, held
            numbers, held, characters = [], [], 0
    if held:
        yield numbers, held


def _namer(file: Path, numbers: Sequence[int]) -> Where:
    return lambda i: f"{file} line {numbers[i]}"
