"""Read files of answers, with a response and a gold answer in each row (JSONL, CSV, Parquet)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote
from caopd_bench.runs.flat.files import (
    column_names,
    csv_rows,
    format_of,
    json_rows,
    refuse_separator,
)
from caopd_bench.runs.flat.parquet import read_batches, reading_parquet
from caopd_bench.runs.flat.paths import (
    ABSENT,
    Column,
    find_columns,
    list_paths,
    list_texts,
    tell_list,
)
from caopd_bench.runs.logged import (
    GROUPS,
    AnswerColumns,
    Logged,
    read_gold,
    read_group,
    read_options,
)

__all__ = ["read_logged", "read_plain"]

BATCH = 4096


def read_logged(file: Path, columns: AnswerColumns) -> Iterator[Logged]:
    """Yield the answers of a JSONL, CSV (both also .gz) or Parquet file.

    Raises
    ------
    UsageError
        If a column is missing (the message lists the existing ones), or a value cannot be used (the
        message names the line).
    """
    names = column_names(file)
    if not names:
        raise UsageError(f"{file}: no rows; is it the right file?")
    groups = [
        *columns.groups,
        *(key for key in GROUPS if key in names and key not in columns.groups),
    ]
    named = [columns.response, columns.gold, columns.item, columns.question, columns.options]
    wanted = list(dict.fromkeys([*filter(None, named), *groups]))
    found = find_columns(wanted, names)
    if missing := [name for name in wanted if name not in found]:
        refuse_separator(file, names)
        _, row = next(_rows(file, names), ("", {}))
        raise UsageError(f"{file}: no column {missing[0]!r}; it has {list_paths(row, names)}")
    for top in {column.top for column in found.values()}:
        if names.count(top) > 1:
            raise UsageError(f"{file}: {names.count(top)} columns are named {top!r}; rename one")
    tops = list(dict.fromkeys(column.top for column in found.values()))
    is_first = True
    for where, row in _rows(file, tops):
        values = {name: column.get(row) for name, column in found.items()}
        if is_first:
            _check_paths(file, found, row, names)
            is_first = False
        yield _read_row(where, values, columns, groups)


def _check_paths(
    file: Path,
    found: Mapping[str, Column],
    row: Mapping[str, Any],
    names: Sequence[str],
) -> None:
    """Refuse a path that does not exist in the first row, since it must be misspelt."""
    for name, column in found.items():
        if column.keys and column.get(row) is ABSENT:
            _, whole = next(_rows(file, names))  # so far only the used columns of Parquet were read
            said = tell_list(column, row) or f"it has {list_paths(whole, names)}"
            raise UsageError(f"{file}: no column or path {name!r}; {said}")


def _read_row(
    where: str, values: Mapping[str, Any], columns: AnswerColumns, groups: Sequence[str]
) -> Logged:
    if values[columns.response] is ABSENT:
        raise UsageError(f"{where}: no {columns.response!r}; write null for a request that failed")
    given = {name: None if value is ABSENT else value for name, value in values.items()}
    return Logged(
        where,
        _read_response(given[columns.response], where, columns.response),
        read_gold(given[columns.gold], where, columns.gold),
        _read_name(given, columns.item, where),
        _read_name(given, columns.question, where),
        {key: read_group(given[key], where, key) for key in groups if not _is_absent(given, key)},
        options=read_options(given[columns.options], where, columns.options)
        if columns.options
        else (),
    )


def read_plain(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every row of a flat file with its place and all columns unchanged."""
    names = column_names(file)
    if names:
        yield from _rows(file, names)


def _rows(file: Path, names: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    kind = format_of(file)
    if kind == "Parquet":
        number = 0
        with reading_parquet(file):
            for batch in read_batches(file, names, BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{file} row {number}", row
    elif kind == "CSV":
        rows = csv_rows(file)
        head = next(rows)[2]
        for line, _, values in rows:
            if len(values) != len(head):
                raise UsageError(
                    f"{file} line {line}: {len(values)} fields, but the header has {len(head)}; "
                    "is there an unquoted comma or line break in a text?"
                )
            yield f"{file} line {line}", dict(zip(head, values, strict=True))
    else:
        for line, _, row in json_rows(file):
            yield f"{file} line {line}", row


def _read_response(value: Any, where: str, column: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise UsageError(
        f"{where}: {column} must be text or null, got {quote(value)}{_hint(value, column)}"
    )


def _read_name(row: Mapping[str, Any], column: str | None, where: str) -> str | None:
    if column is None:
        return None
    value = row.get(column)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        hint = _hint(value, column)
        raise UsageError(f"{where}: {column} must be text or a number, got {quote(value)}{hint}")
    return str(value)


def _hint(value: Any, column: str) -> str:
    """List the paths to texts inside a list or an object, for a message."""
    paths = list_texts(column, value)
    return f"; texts in it: {paths}" if paths else ""


def _is_absent(row: Mapping[str, Any], key: str) -> bool:
    value = row.get(key)
    return value is None or value == "" or value != value
