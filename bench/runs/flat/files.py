"""Files with a row an answer, read in bounded memory: JSONL, CSV (both also .gz) and Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import MAX_LINE, BlankLines, read_lines
from caopd_bench.core.files.plain_json import TOO_DEEP, parse_json
from caopd_bench.runs.flat.parquet import open_parquet, read_batches, reading_parquet
from caopd_bench.runs.flat.values import (
    Chunk,
    Codes,
    Where,
    encode,
    read_confidences,
    read_items,
    read_outcomes,
)

__all__ = [
    "SUFFIXES",
    "Wanted",
    "column_names",
    "csv_rows",
    "format_of",
    "json_rows",
    "read_chunks",
    "refuse_separator",
    "without_suffix",
]

SUFFIXES = {
    ".jsonl": "JSONL",
    ".jsonl.gz": "JSONL",
    ".csv": "CSV",
    ".csv.gz": "CSV",
    ".parquet": "Parquet",
}
CHUNK = 1 << 16  # rows read at once
MAX_TEXT = MAX_LINE  # characters of a CSV row, and of the lines of a chunk


@dataclass(frozen=True, slots=True)
class Wanted:
    """Names of the columns to read."""

    confidence: str
    correct: str
    item: str | None
    groups: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """All of them."""
        item = [self.item] if self.item else []
        return list(dict.fromkeys([self.confidence, self.correct, *item, *self.groups]))


def format_of(file: Path) -> str:
    """Give the format by the name of a file; "" if it is no flat file."""
    name = file.name.lower()
    return next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), "")


def without_suffix(name: str) -> str:
    """Give the name of a flat file, or of a pattern, without the suffix of its format.

    >>> without_suffix("Qwen2.5-7B.jsonl.gz")
    'Qwen2.5-7B'
    """
    suffixes = (s for s in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(s))
    return name[: len(name) - len(next(suffixes, ""))]


def column_names(file: Path) -> list[str]:
    """Give the columns: those of the schema, the head or the first line; none of an empty file."""
    if format_of(file) == "Parquet":
        with open_parquet(file) as parquet:
            return [str(name) for name in parquet.schema_arrow.names]
    if format_of(file) == "CSV":
        return next(csv_rows(file), (0, 0, []))[2]
    return list(next(json_rows(file), (0, 0, {}))[2])


def refuse_separator(file: Path, names: Sequence[str]) -> None:
    """Refuse a CSV whose head is one field with other separators in it; `names` are its columns."""
    if format_of(file) == "CSV" and len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise UsageError(f"{file}: one column, {names[0]!r}; fields must be separated by commas")


def read_chunks(file: Path, wanted: Wanted) -> Iterator[Chunk]:
    """Read one file; a value or line that cannot be used raises a UsageError that names it."""
    if format_of(file) == "Parquet":
        yield from _read_parquet(file, wanted)
        return
    read = _read_csv if format_of(file) == "CSV" else _read_jsonl
    for numbers, rows in _batches(read(file, wanted)):
        columns = dict(zip(wanted.columns, zip(*rows, strict=True), strict=True))
        yield _make_chunk(columns.__getitem__, wanted, _namer(file, "line", numbers))


def _batches(
    rows: Iterator[tuple[int, int, Sequence[Any]]],
) -> Iterator[tuple[list[int], list[Sequence[Any]]]]:
    """Yield line numbers and rows, as many as the memory is meant for."""
    numbers: list[int] = []
    held: list[Sequence[Any]] = []
    size = 0
    for number, length, row in rows:
        numbers.append(number)
        held.append(row)
        size += length
        if len(held) == CHUNK or size > MAX_TEXT:
            yield numbers, held
            numbers, held, size = [], [], 0
    if held:
        yield numbers, held


def _make_chunk(column: Callable[[str], Sequence[Any]], wanted: Wanted, where: Where) -> Chunk:
    return Chunk(
        read_confidences(column(wanted.confidence), where),
        read_outcomes(column(wanted.correct), where),
        read_items(column(wanted.item), wanted.item, where) if wanted.item else None,
        {key: encode(column(key), key, where) for key in wanted.groups},
    )


def _namer(file: Path, unit: str, numbers: Sequence[int]) -> Where:
    return lambda i: f"{file} {unit} {numbers[i]}"


def _read_jsonl(file: Path, wanted: Wanted) -> Iterator[tuple[int, int, list[Any]]]:
    names = wanted.columns
    for number, length, row in json_rows(file):
        try:
            yield number, length, [row[name] for name in names]
        except KeyError as error:
            raise UsageError(
                f"{file} line {number}: no {error.args[0]!r}; write null where there is none"
            ) from None


def json_rows(file: Path) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield rows with their line and length."""
    blank = BlankLines(file)
    for number, line in read_lines(file):
        if blank.add(line.isspace()):
            continue
        try:
            row = parse_json(line, f"{file} line {number}")
        except UnicodeDecodeError as error:
            raise _not_text(file, number, error) from None
        except ValueError as error:
            raise UsageError(
                f"{file} line {number}: not JSON ({_problem(error)}); one object a line, is the "
                "file cut off?"
            ) from None
        if not isinstance(row, dict):
            raise UsageError(
                f"{file} line {number}: expected a JSON object with the columns, got "
                f"{type(row).__name__}"
            )
        yield number, len(line), row


def _problem(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, character {error.pos + 1}"
    return "too deep" if str(error) == TOO_DEEP else "a number of thousands of digits"


def _read_csv(file: Path, wanted: Wanted) -> Iterator[tuple[int, int, list[str]]]:
    rows = csv_rows(file)
    head = next(rows, (0, 0, []))[2]
    at = [head.index(name) for name in wanted.columns]
    for number, length, row in rows:
        if len(row) != len(head):
            raise UsageError(
                f"{file} line {number}: {len(row)} fields, but the head has {len(head)}; is a "
                "comma or a line break in a text without quotes?"
            )
        yield number, length, [row[i] for i in at]


def csv_rows(file: Path) -> Iterator[tuple[int, int, list[str]]]:
    """Yield rows with the line they begin on and their length."""
    first = length = 0
    blank = BlankLines(file)

    def lines() -> Iterator[str]:
        nonlocal first, length
        for number, line in _texts(file):
            first = first or number
            length += len(line)
            if length > MAX_TEXT:
                raise UsageError(
                    f"{file} line {first}: a row of more than {MAX_TEXT:,} characters; is a "
                    "closing quote missing?"
                )
            yield line

    # Whole responses stand in a field; the limit of the module is 128 kB.
    limit = csv.field_size_limit(MAX_TEXT)
    try:
        for row in csv.reader(lines(), strict=True):
            if not blank.add(not row):
                yield first, length, row
            first = length = 0
    except csv.Error as error:
        raise UsageError(
            f"{file} line {first}: not CSV ({error}); quote texts, and double the quotes in them"
        ) from None
    finally:
        csv.field_size_limit(limit)


def _texts(file: Path) -> Iterator[tuple[int, str]]:
    """Yield numbered lines of text."""
    for number, line in read_lines(file):
        try:
            # A byte order mark, as Excel writes it, is no part of the first name.
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise _not_text(file, number, error) from None


def _not_text(file: Path, number: int, error: UnicodeDecodeError) -> UsageError:
    return UsageError(
        f"{file} line {number}: not UTF-8 text ({error.reason}); is it the right file? Save it "
        "as UTF-8"
    )


def _read_parquet(file: Path, wanted: Wanted) -> Iterator[Chunk]:
    # Text may be long: fewer rows at once.
    numbers = (wanted.confidence, wanted.correct)
    size = CHUNK if all(name in numbers for name in wanted.columns) else CHUNK // 4
    first = 1
    with reading_parquet(file):
        for batch in read_batches(file, wanted.columns, size):
            where = _namer(file, "row", range(first, first + batch.num_rows))
            first += batch.num_rows
            if batch.num_rows:
                yield Chunk(
                    read_confidences(_arrow_numbers(batch[wanted.confidence]), where),
                    read_outcomes(_arrow_numbers(batch[wanted.correct]), where),
                    read_items(batch[wanted.item].to_pylist(), wanted.item, where)
                    if wanted.item
                    else None,
                    {key: _arrow_codes(batch[key], key, where) for key in wanted.groups},
                )


def _arrow_numbers(column: Any) -> Any:
    """Give numbers as they are, without a copy where there is no null; the rest as objects."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_floating(kind) or (pa.types.is_integer(kind) and not column.null_count):
        return column.to_numpy(zero_copy_only=False)
    if pa.types.is_boolean(kind) and not column.null_count:
        return column.to_numpy(zero_copy_only=False)
    if pa.types.is_decimal(kind):
        # Arrow's own cast makes 0.7000000000000001 of 0.70.
        return [None if value is None else float(value) for value in column.to_pylist()]
    return column.to_pylist()


def _arrow_codes(column: Any, key: str, where: Where) -> Codes:
    import pyarrow as pa

    if pa.types.is_nested(column.type):
        return encode(column.to_pylist(), key, where)
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    # A value that cannot be used is named by the first row that has it.
    distinct = encode(
        encoded.dictionary.to_pylist(), key, lambda i: where(int(np.argmax(indices == i)))
    )
    # Distinct raw values may be one group, or none.
    codes = np.append(distinct.codes, -1)[indices]
    return Codes(codes, distinct.values)
