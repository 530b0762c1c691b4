"""Read a file of a dataset's rows, and hash their content.

The hash of the content is the same for every form in which a dataset is published: one form of
SVAMP has ``145.0`` and another ``"145"``, one has an extra column, and CSV has only text.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["DataError", "Row", "as_mapping", "as_text", "hash_content", "hash_rows", "read_rows"]

Row = dict[str, Any]


class DataError(ValueError):
    """Rows that are unavailable; the message names the option to set."""


def read_rows(path: Path) -> list[Row]:
    """Read JSON lines (also gzipped), CSV or Parquet.

    Raises
    ------
    DataError
        If the file cannot be read, or a line is not a JSON object; names the line.
    """
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet

            rows: list[Row] = pyarrow.parquet.read_table(path).to_pylist()
            return rows
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":  # pyarrow is installed, but broken
            raise
        raise DataError(f'{path}: needs pyarrow; pip install "caopd-bench[parquet]"') from None
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    if path.suffix == ".csv":
        try:
            return [dict(row) for row in csv.DictReader(io.StringIO(text, newline=""))]
        except csv.Error as error:
            raise DataError(f"{path}: cannot be read as CSV ({error})") from None
    return list(_parse_lines(text, path))


def _parse_lines(text: str, path: Path) -> Iterator[Row]:
    # Not splitlines, since a JSON string may contain a Unicode line separator.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise DataError(f"{path} line {number}: not a JSON object on one line")
        yield row


def as_text(row: Mapping[str, Any], key: str, where: str) -> str:
    """Return a field of a row as text; refuse a row without it."""
    value = row.get(key)
    if value is None or value == "":
        known = ", ".join(map(str, row))
        raise DataError(f"{where}: no {key!r} in this row; it has {known}; is it the right file?")
    return value if isinstance(value, str) else str(value)


def as_mapping(row: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    """Return a field of a row that holds fields; refuse a row without it."""
    value = row.get(key)
    if not isinstance(value, Mapping):
        raise DataError(f"{where}: no {key!r} in this row; is it the right file?")
    return value


def hash_rows(rows: Sequence[Row]) -> str:
    """Hash rows by content, whatever the format, key order or line ends of their file."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, sort_keys=True, default=str).encode() + b"\n")
    return digest.hexdigest()


def hash_content(rows: Sequence[Row], fields: Sequence[str]) -> str:
    """Hash some fields of rows as text; a missing field counts as an empty one.

    Parameters
    ----------
    rows : sequence of dict
    fields : sequence of str
        The fields of each row that are hashed.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.

    Examples
    --------
    >>> one = hash_content([{"Answer": 145.0, "idx": 0}], ["Answer"])
    >>> one == hash_content([{"Answer": "145"}], ["Answer"])
    True
    >>> one == hash_content([{"Answer": "146"}], ["Answer"])
    False
    """
    digest = hashlib.sha256()
    for row in rows:
        shown = [_show(row.get(field)) for field in fields]
        digest.update(json.dumps(shown).encode() + b"\n")
    return digest.hexdigest()


def _show(value: Any) -> str:
    if isinstance(value, (str, int, float)):
        text = str(value)
        return text.removesuffix(".0") if re.fullmatch(r"-?\d+\.0", text) else text
    return "" if value is None else json.dumps(value, sort_keys=True, default=str)
