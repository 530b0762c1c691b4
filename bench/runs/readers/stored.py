"""A run stored by `caopd-bench score --store`, a reference of the gate, or a cell of a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from caopd_bench.runs.readers.reader import Reader
from caopd_bench.runs.stored.names import is_stored
from caopd_bench.runs.stored.study import find_cell

if TYPE_CHECKING:
    from caopd_bench.runs.flat.read import Columns
    from caopd_bench.runs.run import AnyRun

__all__ = ["READER"]


def _finds(path: Path) -> bool:
    return not path.is_file() and (is_stored(path) or find_cell(path) is not None)


def _read(path: Path, _columns: Columns) -> AnyRun:
    from caopd_bench.runs.stored.check import read_stored

    return read_stored(path if is_stored(path) else find_cell(path) or path)


READER = Reader("a stored run", _finds, _read, order=10)
