"""The way out of a command: files that are whole or not there, and JSON beside a table."""

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

#: As the name of a file: standard output.
STDOUT = Path("-")


def dump_json(value: Any) -> str:
    """Return plain values as strict JSON with a final newline; what is not finite is null."""
    return escape_markers(json.dumps(finite(value), indent=1, allow_nan=False)) + "\n"


def write_files(contents: Mapping[Path, bytes | Iterable[bytes]]) -> None:
    """Write files, in folders that are made if need be: all, or none if one cannot be written.

    Raises
    ------
    OutputError
        With the name of that file.
    """
    for file in contents:
        with writing(file):
            file.parent.mkdir(parents=True, exist_ok=True)
    with writing(next(iter(contents), "")):
        replace_files(contents)


def write_json(file: Path | None, text: str) -> None:
    """Write the JSON that ``--json FILE`` asks for; `print_table` prints that of ``--json -``."""
    if file is not None and file != STDOUT:
        write_files({file: text.encode()})


def print_table(blocks: Iterable[str], file: Path | None, text: str) -> None:
    """Print what people read; with ``--json -`` on standard error, and the JSON beside it.

    Who asks for JSON on standard output pipes it. Blocks bring the blank line before them along,
    which the first one does without.
    """
    to_stdout = file == STDOUT
    for i, block in enumerate(blocks):
        print(block if i else block.lstrip("\n"), file=sys.stderr if to_stdout else sys.stdout)
    if to_stdout:
        sys.stdout.write(text)
