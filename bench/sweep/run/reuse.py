"""Copy a cell from another sweep that has already run it."""

from __future__ import annotations

import shutil
from pathlib import Path

from caopd_bench.runs.stored.pack import unpack_cell
from caopd_bench.sweep.grid.cell_files import CELL
from caopd_bench.sweep.grid.cells import Cell, Sweep
from caopd_bench.sweep.grid.folder import Folder
from caopd_bench.sweep.run.bases import find_base
from caopd_bench.tasks.catalogue.weights import fingerprint_weights

__all__ = ["find_elsewhere", "take"]


def find_elsewhere(cell: Cell, sweep: Sweep) -> Path | None:
    """Find the folder of a finished cell of this name and key in other sweeps.

    It must have started from the same weights as it would here, and contain all files that this
    sweep keeps for a cell.
    """
    for root in sweep.reuse:
        other = Folder(root)
        known = other.known(cell)
        if known is None:
            continue
        wanted = [name for name in sweep.keep if name != "checkpoint" or cell.stages]
        if not all((other.cell(cell) / name).is_dir() for name in wanted):
            continue
        base = find_base(cell.base, sweep, make=False)
        if base is None or fingerprint_weights(base) in (None, known.get("base_weights")):
            return other.cell(cell)
    return None


def take(cell: Cell, place: Path, folder: Folder) -> None:
    """Copy a finished cell, including its times; the caller holds the claim."""
    ready = folder.work(cell) / "ready"
    shutil.rmtree(ready, ignore_errors=True)
    if place.is_dir():
        shutil.copytree(place, ready)
    if not (place / CELL).is_file():
        unpack_cell(place.parent.parent, place.name, ready)
    folder.finish(cell, ready)
