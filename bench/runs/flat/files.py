"""Read files of one answer per row in bounded memory: JSONL, CSV (both also .gz) and Parquet."""

from __future__ import annotations

import glob
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.flat.arrow import read_parquet
from caopd_bench.runs.flat.fast_csv import read_fast_csv
from caopd_bench.runs.flat.fast_json import read_fast_json
from caopd_bench.runs.flat.parquet import open_parquet
from caopd_bench.runs.flat.plain import read_plain_csv, read_plain_json
from caopd_bench.runs.flat.rows import csv_rows, json_rows
from caopd_bench.runs.flat.values import Chunk, Wanted

__all__ = [
    "SUFFIXES",
    "Wanted",
    "column_names",
    "csv_rows",
    "find_flat",
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


def format_of(file: Path) -> str:
    """Return the format from a file's name; "" if it is not a flat file."""
    name = file.name.lower()
    return next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), "")


def find_flat(path: Path) -> list[Path]:
    """Find the flat files of a path: a single file, those below a folder, or those of a pattern."""
    if path.is_file():
        return [path] if format_of(path) else []
    if not path.is_dir():
        matches = glob.glob(str(path), recursive=True)  # noqa: PTH207 (absolute patterns)
        return sorted(file for file in map(Path, matches) if format_of(file) and file.is_file())
    return sorted(
        file
        for file in path.rglob("*")
        # Spark and Delta keep their own files next to the data, and Jupyter keeps old copies.
        if format_of(file)
        and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
        and file.is_file()
    )


def without_suffix(name: str) -> str:
    """Return the name of a flat file, or of a pattern, without the suffix of its format.

    >>> without_suffix("Qwen2.5-7B.jsonl.gz")
    'Qwen2.5-7B'
    """
    suffixes = (s for s in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(s))
    return name[: len(name) - len(next(suffixes, ""))]


def column_names(file: Path) -> list[str]:
    """Return the columns from the schema, header or first line; empty for an empty file."""
    if format_of(file) == "Parquet":
        with open_parquet(file) as parquet:
            return [str(name) for name in parquet.schema_arrow.names]
    if format_of(file) == "CSV":
        return next(csv_rows(file), (0, 0, []))[2]
    return list(next(json_rows(file), (0, 0, {}))[2])


def refuse_separator(file: Path, names: Sequence[str]) -> None:
    """Refuse a CSV whose header is one field with other separators; `names` are its columns."""
    if format_of(file) == "CSV" and len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise UsageError(f"{file}: has only one column, {names[0]!r}; separate fields with commas")


def read_chunks(file: Path, wanted: Wanted) -> Iterator[Chunk]:
    """Read one file; raise a UsageError that names any value or line that cannot be used."""
    kind = format_of(file)
    if kind == "Parquet":
        yield from read_parquet(file, wanted, CHUNK)
        return
    is_csv = kind == "CSV"
    fast, plain = (read_fast_csv, read_plain_csv) if is_csv else (read_fast_json, read_plain_json)
    try:
        yield from fast(file, wanted)
    except UsageError:
        # The plain reader alone decides which of several errors is reported, and how.
        deque(plain(file, wanted, CHUNK), maxlen=0)
        raise
