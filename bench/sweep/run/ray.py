"""Run cells with the Ray engine: one task per cell, on any node of a cluster.

The sweep's folder must be on a file system shared by all nodes. As with the local engine, the
process that runs a cell writes it there and finishes it with one rename. If a node dies, its task
runs again on another node, which waits until the dead node's lock is gone and reuses its progress.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import re
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.sweep.grid.cells import Cell, Sweep
from caopd_bench.sweep.grid.display import Display
from caopd_bench.sweep.grid.folder import Folder
from caopd_bench.sweep.run.local import LOOK, TABLES, work_on

__all__ = ["run_ray"]

#: Seconds between attempts to claim a cell that another process holds.
AGAIN = 1.0
#: Number of restarts of a cell whose node or process died; the limit stops a cell that kills its
#: process each time. Ordinary failures are recorded and do not count.
RETRIES = 20
#: Seconds to wait for the cluster's address to answer; Ray itself would try for minutes.
ANSWER = 10.0


def run_ray(
    sweep: Sweep,
    cells: Sequence[Cell],
    *,
    address: str | None,
    gpus: float,
    cpus: float,
    display: Display,
) -> None:
    """Run cells on a Ray cluster and show the progress.

    Parameters
    ----------
    sweep, cells
        The sweep, and the cells to run; finished cells are skipped.
    address : str, optional
        Address of the cluster; by default RAY_ADDRESS, or else a cluster that Ray starts on this
        machine.
    gpus, cpus : float
        Number of GPUs and CPUs that each cell needs.

    Raises
    ------
    UsageError
        If the cluster cannot be reached, or a node cannot access the folder.
    """
    import ray

    folder = Folder(sweep.output)
    todo = [cell for cell in cells if not folder.is_finished(cell)]
    if not todo:
        return
    for cell in todo:  # earlier failures are retried once
        folder.forgive(cell)
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    with contextlib.redirect_stdout(sys.stderr):  # Ray reports dead nodes on stdout
        is_ours = not ray.is_initialized()
        if is_ours:
            _connect(address)
        try:
            _run_all(sweep, todo, folder, gpus=gpus, cpus=cpus, display=display)
        finally:
            if is_ours:
                ray.shutdown()


def _run_all(
    sweep: Sweep,
    todo: Sequence[Cell],
    folder: Folder,
    *,
    gpus: float,
    cpus: float,
    display: Display,
) -> None:
    import ray

    _warn_of_room(gpus=gpus, cpus=cpus)
    # With GPUs, use a process per cell: vLLM, for example, frees its memory only at exit.
    remote: Any = ray.remote(
        num_cpus=cpus, num_gpus=gpus, max_retries=RETRIES, max_calls=1 if gpus else 0
    )(_run_one)
    waiting: dict[Any, Cell] = {}
    last = time.monotonic()
    with folder.token() as token:
        # Do not resolve the path: files next to a linked sweep file are looked up next to the link.
        places = {name: getattr(sweep, name).absolute() for name in ("file", "output", "bases")}
        reuse = tuple(path.absolute() for path in sweep.reuse)
        sent = ray.put(dataclasses.replace(sweep, **places, reuse=reuse))
        where = str(token.absolute())
        try:
            for cell in todo:
                waiting[remote.remote(sent, where, cell.name, gpus > 0)] = cell
            while waiting:
                ready, _ = ray.wait(list(waiting), timeout=LOOK)
                for reference in ready:
                    _receive(reference, waiting.pop(reference), folder)
                display.show()
                if time.monotonic() - last > TABLES:
                    with contextlib.suppress(UsageError):  # reported at the end
                        folder.write_tables(sweep.cells)
                    last = time.monotonic()
        finally:
            for reference in waiting:
                ray.cancel(reference, force=True)


def _warn_of_room(*, gpus: float, cpus: float) -> None:
    """Warn if no node has the resources for a cell, because Ray waits for one silently."""
    import ray

    for name, needed in (("GPU", gpus), ("CPU", cpus)):
        most = max((n["Resources"].get(name, 0.0) for n in ray.nodes() if n["Alive"]), default=0.0)
        if needed > most:
            print(
                f"caopd-bench sweep: a cell needs {needed:g} {name}s, but no node has more than "
                f"{most:g}; waiting for one that does",
                file=sys.stderr,
            )


def _connect(address: str | None) -> None:
    """Join the cluster, or raise a one-line error if that fails."""
    import ray

    where = address or os.environ.get("RAY_ADDRESS") or "auto"
    known = re.fullmatch(r"(?:ray://)?\[?([^/]+?)\]?:(\d+)", where)
    try:
        if known:
            socket.create_connection((known[1], int(known[2])), timeout=ANSWER).close()
        ray.init(
            address=address,
            log_to_driver=False,
            include_dashboard=False,
            logging_level=logging.WARNING,
        )
    except (OSError, OverflowError, ValueError, RuntimeError) as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise UsageError(f"--address: {where}: {said[0]}") from None


def _receive(reference: Any, cell: Cell, folder: Folder) -> None:
    """Record a failure that a task could not record itself."""
    import ray

    try:
        said = ray.get(reference)
    except ray.exceptions.RayError as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        folder.fail(cell, {"cell": cell.name, "error": lines[-1][:500], "kind": "ray"})
        return
    if said:
        raise UsageError(said)


def _run_one(sweep: Sweep, token: str, name: str, has_gpus: bool) -> str:
    """Run one cell on a node; return the reason if no cell can run there."""
    for file in (Path(token), sweep.file):
        if not file.exists():
            return (
                f"{file if file == sweep.file else sweep.output}: node {socket.gethostname()} does "
                "not see it; put the sweep on a file system that all nodes share"
            )
    if not has_gpus:
        # Ray leaves all GPUs visible to a task that requests none, so cells would share the first.
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    folder = Folder(sweep.output)
    cell = next(cell for cell in sweep.cells if cell.name == name)
    while not folder.is_finished(cell):
        # Another sweep holds it, or a process of a dead node has not quite exited.
        if work_on(sweep, [name], engine="ray") or folder.is_finished(cell):
            break
        if folder.failure(cell) is not None and not folder.is_claimed(cell):
            break
        time.sleep(AGAIN)
    return ""
