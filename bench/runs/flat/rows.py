"""Read rows of JSONL and CSV one by one; every error message about such files comes from here."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import MAX_LINE, BlankLines, read_lines
from caopd_bench.core.files.plain_json import TOO_DEEP, parse_json

__all__ = ["MAX_TEXT", "csv_rows", "json_rows", "parse_csv", "parse_lines"]

MAX_TEXT = MAX_LINE  # maximum characters of a CSV row, and of the lines of a chunk


def json_rows(file: Path) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield rows with their line number and length."""
    return parse_lines(file, read_lines(file), BlankLines(file))


def parse_lines(
    file: Path, lines: Iterator[tuple[int, bytes]], blank: BlankLines
) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Parse numbered lines of a file and yield their rows."""
    for number, line in lines:
        if blank.add(line.isspace()):
            continue
        try:
            row = parse_json(line, f"{file} line {number}")
        except UnicodeDecodeError as error:
            raise _not_text(file, number, error) from None
        except ValueError as error:
            raise UsageError(
                f"{file} line {number}: not JSON ({_problem(error)}); expected one object per "
                "line; is the file cut off?"
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


def csv_rows(file: Path) -> Iterator[tuple[int, int, list[str]]]:
    """Yield rows with the number of their first line and their length."""
    return parse_csv(file, read_lines(file), BlankLines(file))


def parse_csv(
    file: Path, numbered: Iterator[tuple[int, bytes]], blank: BlankLines
) -> Iterator[tuple[int, int, list[str]]]:
    """Parse numbered lines of a file and yield their rows; the first line must begin a row."""
    first = length = 0

    def lines() -> Iterator[str]:
        nonlocal first, length
        for number, line in _texts(file, numbered):
            first = first or number
            length += len(line)
            if length > MAX_TEXT:
                raise UsageError(
                    f"{file} line {first}: a row of more than {MAX_TEXT:,} characters; is a "
                    "closing quote missing?"
                )
            yield line

    # A field may hold a whole response, but the module's default limit is 128 kB.
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


def _texts(file: Path, lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, str]]:
    """Yield numbered lines of text."""
    for number, line in lines:
        try:
            # A byte order mark, as written by Excel, is not part of the first column's name.
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise _not_text(file, number, error) from None


def _not_text(file: Path, number: int, error: UnicodeDecodeError) -> UsageError:
    return UsageError(
        f"{file} line {number}: not UTF-8 text ({error.reason}); is it the right file? Save it "
        "as UTF-8"
    )
