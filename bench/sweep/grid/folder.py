"""Manage the folder of a sweep: finished cells, claims of workers, and the two tables.

    cells/NAME/     a finished cell: cell.json, timing.json, run/ (a stored run), training.csv
    failed/NAME.json
    work/NAME/      a cell that is being run, and its lock; removed when the cell is finished
    rows.parquet    replaces cells/ in a packed study (`runs.stored.study`)
    cells.csv       one row per finished cell of the file, in the file's order; no times
    timings.csv     machine, date and duration of each cell

A cell is finished when its folder exists, which is created by a single rename, or when it is
packed; a folder takes precedence. Locks are held by the kernel (`flock`), so a lock disappears
with its process, however the process ended.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import socket
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import writing
from caopd_bench.core.files.folders import sync_tree
from caopd_bench.core.files.locks import lock, locked
from caopd_bench.core.files.write import replace_files
from caopd_bench.core.privacy.clean import redact_all
from caopd_bench.core.privacy.credentials import redact
from caopd_bench.runs.stored.study import changed, holds, load_json
from caopd_bench.sweep.grid.cell_files import CELL, TIMING, read_cell
from caopd_bench.sweep.grid.cells import Cell
from caopd_bench.sweep.grid.table import COLUMNS, TIMING_COLUMNS, make_rows

__all__ = ["CELL", "TIMING", "Folder", "read_json"]

#: Number of attempts to take a lock: `is_claimed` and `clean` hold it for an instant while they
#: check it, and that must not make a worker skip a cell.
TRIES = 20


class Folder:
    """The files of one sweep.

    Parameters
    ----------
    root : Path
        The folder; it is created when something is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._rows: dict[str, tuple[int, list[dict[str, Any]]]] = {}

    def cell(self, cell: Cell) -> Path:
        """Return the folder of a finished cell."""
        return self.root / "cells" / cell.name

    def work(self, cell: Cell) -> Path:
        """Return the folder in which a cell is run."""
        return self.root / "work" / cell.name

    def is_finished(self, cell: Cell) -> bool:
        """Return whether a cell has been run with these settings."""
        return self.known(cell) is not None

    def known(self, cell: Cell) -> dict[str, Any] | None:
        """Return the contents of cell.json if the cell was run with these settings."""
        known = read_json(self.cell(cell) / CELL)
        return known if known is not None and known.get("key") == cell.key else None

    def is_packed(self, cell: Cell) -> bool:
        """Return whether a finished cell has no folder and is stored in rows.parquet."""
        return not (self.cell(cell) / CELL).exists() and holds(self.cell(cell) / CELL)

    def failure(self, cell: Cell) -> dict[str, Any] | None:
        """Return the failure record of a cell that failed with these settings."""
        known = read_json(self.root / "failed" / f"{cell.name}.json")
        return known if known is not None and known.get("key") == cell.key else None

    @contextmanager
    def claim(self, cell: Cell) -> Iterator[bool]:
        """Claim a cell; yield whether the claim succeeded and the cell is still to be run."""
        handle = lock(self._lock_file(cell), tries=TRIES)
        if handle is None:
            yield False
            return
        try:
            os.ftruncate(handle, 0)
            os.write(handle, _holder(os.getpid()).encode())
            yield not self.is_finished(cell)
            os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    def is_claimed(self, cell: Cell) -> bool:
        """Return whether a process is working on a cell now."""
        file = self._lock_file(cell)
        if not file.exists():
            return False
        with locked(file, wait=False) as is_ours:
            return not is_ours

    def had(self, cell: Cell, process: int) -> bool:
        """Return whether an ended process of this machine left a claimed cell unfinished."""
        try:
            known = self._lock_file(cell).read_text(encoding="utf-8")
        except OSError:
            return False
        return known == _holder(process) and not self.is_finished(cell)

    def worker_log(self) -> Path:
        """Return the log file for the output of this worker process."""
        return self.root / "work" / f"worker-{socket.gethostname()}-{os.getpid()}.log"

    def redact_logs(self, cells: Sequence[Cell]) -> None:
        """Remove secrets from the logs of workers that have ended."""
        secrets = {text for cell in cells for text in cell.secrets}
        for file in (self.root / "work").glob(f"worker-{socket.gethostname()}-*.log"):
            if not _is_alive(int(file.stem.rpartition("-")[2])):
                with suppress(OSError):
                    text = file.read_text(encoding="utf-8", errors="replace")
                    file.write_text(redact(text, secrets), encoding="utf-8")

    @contextmanager
    def token(self) -> Iterator[Path]:
        """Yield a temporary file by which other machines can check that they see this folder."""
        file = self.root / "work" / f"token-{uuid.uuid4().hex}.lock"
        with locked(file, wait=True):
            try:
                yield file
            finally:
                file.unlink(missing_ok=True)

    def _lock_file(self, cell: Cell) -> Path:
        return self.root / "work" / f"{cell.name}.lock"

    def finish(self, cell: Cell, ready: Path) -> None:
        """Move a cell's results into place with one rename, replacing an older cell."""
        sync_tree(ready)
        place = self.cell(cell)
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            old = self.work(cell) / "old"
            shutil.rmtree(old, ignore_errors=True)
            place.rename(old)
        ready.rename(place)
        (self.root / "failed" / f"{cell.name}.json").unlink(missing_ok=True)
        shutil.rmtree(self.work(cell), ignore_errors=True)

    def fail(self, cell: Cell, record: Mapping[str, Any]) -> None:
        """Record why a cell failed."""
        file = self.root / "failed" / f"{cell.name}.json"
        # A library's message about a failed request may contain the API key.
        plain = redact_all(dict(record), cell.secrets)
        text = json.dumps({"key": cell.key, **plain}, indent=1) + "\n"
        for is_last in (False, True):  # another process's `clean` may remove the folder
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                replace_files({file: text.encode()})
            except FileNotFoundError:
                if is_last:
                    raise

    def forgive(self, cell: Cell) -> None:
        """Remove the failure record of a cell before it is tried again."""
        if self.failure(cell) is not None and not self.is_claimed(cell):
            (self.root / "failed" / f"{cell.name}.json").unlink(missing_ok=True)

    def write_tables(self, cells: Sequence[Cell], *, recompute: bool = False) -> int:
        """Write cells.csv and timings.csv for the finished cells; return the number of cells.

        Only one process at a time reads and writes, so that no older table replaces a newer one.
        With `recompute`, every metric is computed from the stored rows.
        """
        with self.writing():
            rows: list[dict[str, Any]] = []
            times: list[dict[str, Any]] = []
            for cell in cells:
                if self.is_finished(cell):
                    try:
                        rows += self._make_rows(cell, recompute)
                    except FileNotFoundError:  # another sweep is replacing the cell right now
                        continue
                    times.append({"cell": cell.name, **(read_json(self.cell(cell) / TIMING) or {})})
            tables = {"cells.csv": (rows, COLUMNS), "timings.csv": (times, TIMING_COLUMNS)}
            with writing(self.root):
                replace_files({self.root / k: _render(*v).encode() for k, v in tables.items()})
        return len(times)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock on this sweep's tables and pages, so that one process writes at a time."""
        self.root.mkdir(parents=True, exist_ok=True)
        with locked(self.root / "work" / "tables.lock", wait=True):
            yield

    def clean(self, cells: Sequence[Cell] = ()) -> None:
        """Remove unheld locks, and leftovers of finished cells whose process was killed."""
        work, failed = self.root / "work", self.root / "failed"
        for cell in cells if work.is_dir() or failed.is_dir() else ():
            leftovers = (self.work(cell), failed / f"{cell.name}.json")
            if not any(left.exists() for left in leftovers) or not self.is_finished(cell):
                continue
            # The process was stopped between the rename that finishes a cell and this cleanup, or
            # another sweep has changed the cell's settings and is running it now.
            with locked(self._lock_file(cell), wait=False) as is_ours:
                if is_ours and self.is_finished(cell):
                    shutil.rmtree(leftovers[0], ignore_errors=True)
                    leftovers[1].unlink(missing_ok=True)
        if not any(failed.glob("*.json")):  # after a failure, the worker logs may show the cause
            for file in work.glob(f"worker-{socket.gethostname()}-*.log"):
                if not _is_alive(int(file.stem.rpartition("-")[2])):
                    file.unlink(missing_ok=True)
        for file in list(work.glob("*.lock")):
            with locked(file, wait=False) as is_ours:
                if is_ours:
                    file.unlink(missing_ok=True)
        for folder in (work, failed):
            with suppress(OSError):  # missing or not empty, since another process may be using it
                folder.rmdir()

    def _make_rows(self, cell: Cell, recompute: bool) -> list[dict[str, Any]]:
        place = self.cell(cell)
        made = changed(place / CELL)
        known = self._rows.get(cell.name)
        if known is None or known[0] != made or recompute:
            rows = make_rows(cell, place, read_cell(place), recompute=recompute)
            self._rows[cell.name] = known = (made, rows)
        return known[1]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _holder(process: int) -> str:
    return f"{socket.gethostname()} {process}"


def read_json(file: Path) -> dict[str, Any] | None:
    """Read a JSON mapping; return None if the file is missing or truncated."""
    try:
        known = load_json(file)
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) else None


def _render(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
