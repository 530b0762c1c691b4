"""Rows with a confidence and an outcome each: a file, a folder of files, or a pattern."""

from __future__ import annotations

from pathlib import Path

from caopd_bench.runs.flat.files import find_flat
from caopd_bench.runs.flat.read import Columns, read_flat
from caopd_bench.runs.readers.reader import Reader
from caopd_bench.runs.run import AnyRun

__all__ = ["READER"]


def _read(path: Path, columns: Columns) -> AnyRun:
    return read_flat(path, find_flat(path), columns)


#: Tried last, since a file of rows may be part of another format.
READER = Reader("a file of rows", lambda path: bool(find_flat(path)), _read, order=90)
