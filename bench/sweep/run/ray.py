"""The Ray engine: a task for each cell, on any node of a cluster.

The sweep's folder must be on a file system that all nodes see: cells are written there by whoever
runs them, as by the local engine, and finished by one rename. A task whose node died runs again on
another; it waits until the dead one's lock is gone, and finds what that one had finished.
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

#: Seconds between two tries at a cell that somebody else has.
AGAIN = 1.0
#: How often a cell is begun again whose node or process died. A failure does not count, as it is
#: recorded; a cell that kills its process each time must come to an end.
RETRIES = 20
#: Seconds in which the cluster's address must answer: Ray itself tries for minutes.
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
    """Run cells on a Ray cluster, showing what is done.

    Parameters
    ----------
    sweep, cells
        What to run; finished cells are left out.
    address : str, optional
        Of the cluster; by default that of RAY_ADDRESS, else Ray starts one on this machine.
    gpus, cpus : float
        What each cell needs.

    Raises
    ------
    UsageError
        If the cluster cannot be reached, or a node does not see the folder.
    """
    import ray

    folder = Folder(sweep.output)
    todo = [cell for cell in cells if not folder.is_finished(cell)]
    if not todo:
        return
    for cell in todo:  # what failed before is tried again, once
        folder.forgive(cell)
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    with contextlib.redirect_stdout(sys.stderr):  # Ray reports dead nodes on the standard output
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
    # With GPUs a process for each cell: vLLM, for one, keeps its memory as long as its process.
    remote: Any = ray.remote(
        num_cpus=cpus, num_gpus=gpus, max_retries=RETRIES, max_calls=1 if gpus else 0
    )(_run_one)
    waiting: dict[Any, Cell] = {}
    last = time.monotonic()
    with folder.token() as token:
        # Not resolved: what stands beside a linked sweep file is looked for beside the link.
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
                    with contextlib.suppress(UsageError):  # it is said at the end
                        folder.write_tables(sweep.cells)
                    last = time.monotonic()
        finally:
            for reference in waiting:
                ray.cancel(reference, force=True)


def _warn_of_room(*, gpus: float, cpus: float) -> None:
    """Say so if no node has room for a cell: Ray waits for one without a word."""
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
    """Join the cluster, or say in a line why that cannot be done."""
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
    """Record what a task could not record itself."""
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
    """Run one cell on a node; gives why no cell can be run there, if that is so."""
    for file in (Path(token), sweep.file):
        if not file.exists():
            return (
                f"{file if file == sweep.file else sweep.output}: node {socket.gethostname()} does "
                "not see it; put the sweep on a file system that all nodes share"
            )
    if not has_gpus:
        # Ray leaves all GPUs visible to who asks for none: cells would crowd on the first.
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    folder = Folder(sweep.output)
    cell = next(cell for cell in sweep.cells if cell.name == name)
    while not folder.is_finished(cell):
        # Another sweep has it, or a process of a node that died is not quite gone.
        if work_on(sweep, [name], engine="ray") or folder.is_finished(cell):
            break
        if folder.failure(cell) is not None and not folder.is_claimed(cell):
            break
        time.sleep(AGAIN)
    return ""
