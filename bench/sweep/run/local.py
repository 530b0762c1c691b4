"""Run cells with the local engine: workers on this machine take cells until none is left.

There is no central scheduler. A worker takes the first cell of the list that is neither finished
nor claimed, so that any number of sweeps, started at any time, can work on one folder.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING

from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.garbage import without_collecting
from caopd_bench.core.process.workers import deaf_children, end_with_parent
from caopd_bench.sweep.grid.cells import Cell, Sweep
from caopd_bench.sweep.grid.display import Display
from caopd_bench.sweep.grid.folder import Folder
from caopd_bench.train.memory import keep_freed_memory

if TYPE_CHECKING:
    from caopd_bench.sweep.run.evaluators import Evaluators

__all__ = ["run_local", "work_on"]

#: Seconds between checks of the folder, and between updates of the tables.
LOOK, TABLES = 0.5, 20.0
#: Number of workers to replace that died without holding a cell.
UNEXPLAINED = 3


def run_local(sweep: Sweep, cells: Sequence[Cell], *, workers: int, display: Display) -> None:
    """Run cells in worker processes and show the progress."""
    folder = Folder(sweep.output)
    todo = [cell.name for cell in cells if not folder.is_finished(cell)]
    if not todo:
        return
    context = multiprocessing.get_context("spawn")
    # Pass the cells as they were read, since the file may be changed meanwhile.
    arguments = (sweep, todo, os.getpid())
    made: list[SpawnProcess] = []

    def start(number: int) -> None:
        process = context.Process(target=_worker, args=arguments, name=f"worker {number}")
        with deaf_children():
            process.start()
        made.append(process)

    for cell in cells:  # earlier failures are retried once
        folder.forgive(cell)
    last, unexplained = time.monotonic(), 0
    try:
        for number in range(min(workers, len(todo))):
            start(number + 1)
        while made:  # a worker is removed only after its exit was handled
            time.sleep(LOOK)
            for ended in [process for process in made if process.exitcode is not None]:
                made.remove(ended)
                if not ended.exitcode:
                    continue
                lost = _record_death(ended, cells, folder)
                # Leave its cell out, since a cell that kills its worker would do so for ever. A
                # worker that died between cells, or whose cell was taken at once, has no such cell.
                todo[:] = [name for name in todo if name not in lost]
                unexplained += not lost
                if todo and (lost or unexplained <= UNEXPLAINED):
                    start(len(made) + 1)
            display.show()
            if time.monotonic() - last > TABLES:
                with suppress(UsageError):  # reported at the end
                    folder.write_tables(sweep.cells)
                last = time.monotonic()
    finally:
        for process in made:
            if process.is_alive():
                process.terminate()
        for process in made:
            process.join()
        folder.redact_logs(cells)


def _record_death(ended: SpawnProcess, cells: Sequence[Cell], folder: Folder) -> list[str]:
    """Record the cell on which a worker was killed or crashed, since the worker could not."""
    code = ended.exitcode or 0
    how = f"by signal {-code}" if code < 0 else f"with code {code}"
    hint = " (out of memory?)" if code == -signal.SIGKILL else ""
    lost = [cell for cell in cells if folder.had(cell, ended.pid or 0)]
    for cell in lost:
        said = f"its worker ended {how}{hint}"
        folder.fail(cell, {"cell": cell.name, "error": said, "kind": "worker"})
    return [cell.name for cell in lost]


def work_on(sweep: Sweep, names: Sequence[str], *, engine: str = "local") -> list[str]:
    """Run the named cells that no other process holds, in order; return those that failed.

    The list is repeated until nothing in it is left to do: a cell that another process held and
    gave up is tried again, but a cell with a failure record is not (`Folder.forgive`). Cells whose
    micro model another process is pretraining come after all others.
    """
    from caopd_bench.sweep.run.bases import is_being_made
    from caopd_bench.sweep.run.cell import record_failure, run_cell
    from caopd_bench.sweep.run.reuse import find_elsewhere, take

    folder, evaluators = Folder(sweep.output), _make_evaluators(sweep)
    wanted, failed = set(names), []
    todo = [cell for cell in sweep.cells if cell.name in wanted]
    while todo:
        left, waiting = [], []
        for cell in todo:
            if folder.is_finished(cell) or folder.failure(cell) is not None:
                continue
            if is_being_made(cell.base, sweep):
                waiting.append(cell)
                continue
            with folder.claim(cell) as is_ours:
                if not is_ours:
                    left.append(cell)
                    continue
                if folder.failure(cell) is not None:  # since the check above
                    continue
                try:
                    known = find_elsewhere(cell, sweep)
                    if known is not None:
                        take(cell, known, folder)
                    else:
                        run_cell(cell, sweep, folder, evaluators, engine=engine)
                except (Exception, SystemExit) as error:  # libraries' exits must not stop it
                    record_failure(cell, folder, error)
                    failed.append(cell.name)
        # Leave cells that others hold, unless one of them has been given up meanwhile.
        todo = [c for c in left if not folder.is_finished(c) and not folder.is_claimed(c)]
        if waiting and not todo:
            time.sleep(LOOK)
        todo += waiting
    return failed


def _make_evaluators(sweep: Sweep) -> Evaluators:
    """Create the evaluators."""
    from caopd_bench.sweep.run.evaluators import Evaluators

    return Evaluators(sweep)


def _worker(sweep: Sweep, names: list[str], parent: int) -> None:
    """Work in a separate process that ends when its parent does."""
    end_with_parent(parent)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Libraries' progress bars would overwrite the display; a log keeps their output for debugging.
    said = Folder(sweep.output).worker_log()
    said.parent.mkdir(parents=True, exist_ok=True)
    with said.open("w", encoding="utf-8") as stream:
        os.dup2(stream.fileno(), sys.stderr.fileno())
    keep_freed_memory()
    # Every cell needs these libraries, which hold 400,000 permanent objects: searching them for
    # reference cycles again and again takes a tenth of a cell's time.
    with without_collecting():
        import transformers.models.auto.modeling_auto  # noqa: F401

        import caopd_bench.sweep.run.cell  # noqa: F401

        gc.freeze()
    work_on(sweep, names)
    said.unlink(missing_ok=True)
