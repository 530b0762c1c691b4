"""Take a cell from another sweep that has run it, in place of running it again."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from caopd_bench.sweep.folder import Folder
from caopd_bench.sweep.grid import Cell

__all__ = ["find_elsewhere", "take"]


def find_elsewhere(cell: Cell, folders: Sequence[Path]) -> Path | None:
    """Find the folder of a finished cell of this name and key in other sweeps."""
    for root in folders:
        other = Folder(root)
        if other.is_finished(cell):
            return other.cell(cell)
    return None


def take(cell: Cell, place: Path, folder: Folder) -> None:
    """Copy a finished cell, times and all; the caller holds the claim."""
    ready = folder.work(cell) / "ready"
    shutil.rmtree(ready, ignore_errors=True)
    shutil.copytree(place, ready)
    folder.finish(cell, ready)
