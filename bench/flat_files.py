"""Files with a row an answer, read in bounded memory: JSONL, CSV (both also .gz) and Parquet."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from caopd_bench.errors import UsageError
from caopd_bench.flat_values import (
    Chunk,
    Codes,
    Where,
    encode,
    read_confidences,
    read_items,
    read_outcomes,
)

__all__ = ["SUFFIXES", "Wanted", "column_names", "format_of", "read_chunks"]

SUFFIXES = {
    ".jsonl": "JSONL",
    ".jsonl.gz": "JSONL",
    ".csv": "CSV",
    ".csv.gz": "CSV",
    ".parquet": "Parquet",
}
CHUNK = 1 << 16  # rows read at once


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


def column_names(file: Path) -> list[str]:
    """Give the columns: those of the schema, the head or the first line."""
    if format_of(file) == "Parquet":
        with _open_parquet(file) as parquet:
            return [str(name) for name in parquet.schema_arrow.names]
    with _open_text(file) as stream:
        if format_of(file) == "CSV":
            return next(_csv_lines(stream, file), (0, []))[1]
        return list(next(_json_lines(stream, file), (0, {}))[1])


def read_chunks(file: Path, wanted: Wanted) -> Iterator[Chunk]:
    """Read one file; a value or line that cannot be used raises a UsageError that names it."""
    if format_of(file) == "Parquet":
        yield from _read_parquet(file, wanted)
        return
    read = _read_csv if format_of(file) == "CSV" else _read_jsonl
    with _open_text(file) as stream:
        rows = read(stream, file, wanted)
        while batch := list(islice(rows, CHUNK)):
            numbers = [number for number, _ in batch]
            columns = {name: [row[i] for _, row in batch] for i, name in enumerate(wanted.columns)}
            yield _make_chunk(columns.__getitem__, wanted, _namer(file, "line", numbers))


def _make_chunk(column: Callable[[str], Sequence[Any]], wanted: Wanted, where: Where) -> Chunk:
    return Chunk(
        read_confidences(column(wanted.confidence), where),
        read_outcomes(column(wanted.correct), where),
        read_items(column(wanted.item), wanted.item, where) if wanted.item else None,
        {key: encode(column(key)) for key in wanted.groups},
    )


def _namer(file: Path, unit: str, numbers: Sequence[int]) -> Where:
    return lambda i: f"{file} {unit} {numbers[i]}"


def _read_jsonl(
    stream: io.TextIOBase, file: Path, wanted: Wanted
) -> Iterator[tuple[int, list[Any]]]:
    names = wanted.columns
    for number, row in _json_lines(stream, file):
        try:
            yield number, [row[name] for name in names]
        except KeyError as error:
            raise UsageError(
                f"{file} line {number}: no {error.args[0]!r}; write null where there is none"
            ) from None


def _json_lines(stream: io.TextIOBase, file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(stream, 1):
        if line.isspace():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise UsageError(
                f"{file} line {number}: not complete JSON; is the file cut off? One object a line"
            ) from None
        if not isinstance(row, dict):
            raise UsageError(
                f"{file} line {number}: expected a JSON object with the columns, got "
                f"{type(row).__name__}"
            )
        yield number, row


def _read_csv(stream: io.TextIOBase, file: Path, wanted: Wanted) -> Iterator[tuple[int, list[str]]]:
    lines = _csv_lines(stream, file)
    head = next(lines, (0, []))[1]
    at = [head.index(name) for name in wanted.columns]
    for number, row in lines:
        if len(row) != len(head):
            raise UsageError(
                f"{file} line {number}: {len(row)} fields, but the head has {len(head)}; is a "
                "comma or a line break in a text without quotes?"
            )
        yield number, [row[i] for i in at]


def _csv_lines(stream: io.TextIOBase, file: Path) -> Iterator[tuple[int, list[str]]]:
    # Whole responses stand in a field; the limit of the module is 128 kB.
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    lines = csv.reader(stream, strict=True)
    try:
        for row in lines:
            if row:
                yield lines.line_num, row
    except csv.Error as error:
        raise UsageError(f"{file} line {lines.line_num}: not CSV ({error})") from None
    finally:
        csv.field_size_limit(limit)


@contextmanager
def _open_text(file: Path) -> Iterator[io.TextIOBase]:
    """Open text that may be compressed; what is damaged, also further on, is a UsageError."""
    is_packed = file.name.lower().endswith(".gz")
    try:
        with (
            gzip.open(file, "rb") if is_packed else file.open("rb") as binary,
            # A byte order mark, as Excel writes it, is no part of the first name.
            io.TextIOWrapper(binary, "utf-8-sig", newline="") as stream,
        ):
            yield stream
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file}: not UTF-8 text ({error.reason}); is it the right file?"
        ) from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise UsageError(f"{file}: damaged or cut off; compress it again") from None


@contextmanager
def _open_parquet(file: Path) -> Iterator[Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise UsageError(f"{file}: Parquet needs pyarrow; pip install pyarrow") from None
    try:
        with pq.ParquetFile(file) as parquet:
            yield parquet
    except pa.ArrowException as error:
        raise UsageError(f"{file}: not readable as Parquet ({error}); write it again") from None


def _read_parquet(file: Path, wanted: Wanted) -> Iterator[Chunk]:
    with _open_parquet(file) as parquet:
        first = 1
        # One thread: the decoding of all columns at once would cost memory and gain little here.
        for batch in parquet.iter_batches(CHUNK, columns=wanted.columns, use_threads=False):
            where = _namer(file, "row", range(first, first + batch.num_rows))
            first += batch.num_rows
            if batch.num_rows:
                yield Chunk(
                    read_confidences(_arrow_numbers(batch[wanted.confidence]), where),
                    read_outcomes(_arrow_numbers(batch[wanted.correct]), where),
                    read_items(batch[wanted.item].to_pylist(), wanted.item, where)
                    if wanted.item
                    else None,
                    {key: _arrow_codes(batch[key]) for key in wanted.groups},
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
        return column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return column.to_pylist()


def _arrow_codes(column: Any) -> Codes:
    import pyarrow as pa

    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    distinct = encode(encoded.dictionary.to_pylist())
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    # Distinct raw values may be one group, or none.
    codes = np.append(distinct.codes, -1)[indices]
    return Codes(codes, distinct.values)
