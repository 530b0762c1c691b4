"""The output of a command: files written atomically, and JSON next to a table."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import writing
from caopd_bench.core.files.write import replace_files
from caopd_bench.core.markers import escape_markers
from caopd_bench.core.numbers import finite

__all__ = ["STDOUT", "dump_json", "print_table", "write_files", "write_json"]

#: The file name that means standard output.
STDOUT = Path("-")


def dump_json(value: Any) -> str:
    """Return plain values as strict JSON with a final newline; non-finite numbers become null."""
    return escape_markers(json.dumps(finite(value), indent=1, allow_nan=False)) + "\n"


def write_files(contents: Mapping[Path, bytes | Iterable[bytes]]) -> None:
    """Write all files, or none if one cannot be written; create missing folders.

    Raises
    ------
    OutputError
        If a file cannot be written; the message names it.
    """
    for file in contents:
        with writing(file):
            file.parent.mkdir(parents=True, exist_ok=True)
    with writing(next(iter(contents), "")):
        replace_files(contents)


def write_json(file: Path | None, text: str) -> None:
    """Write the JSON of ``--json FILE``; `print_table` handles ``--json -``."""
    if file is not None and file != STDOUT:
        write_files({file: text.encode()})


def print_table(blocks: Iterable[str], file: Path | None, text: str) -> None:
    """Print the table; with ``--json -`` print it on standard error, and JSON on standard output.

    With ``--json -`` standard output is for the pipe. Each block starts with a blank line, which
    is dropped from the first.
    """
    to_stdout = file == STDOUT
    for i, block in enumerate(blocks):
        print(block if i else block.lstrip("\n"), file=sys.stderr if to_stdout else sys.stdout)
    if to_stdout:
        sys.stdout.write(text)
