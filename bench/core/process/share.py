"""Distribute many similar computations over processes, where this saves time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

__all__ = ["MAX_WORKERS", "shared_out", "usable_cores"]

#: Maximum number of processes: each takes the memory of an interpreter with SciPy.
MAX_WORKERS = 8
#: Below this many seconds of work, starting processes costs more than it saves.
WORTH = 6.0
#: Chunks of work per process: few enough for a low overhead, many enough to finish together.
PARTS = 16

T = TypeVar("T")
R = TypeVar("R")


def usable_cores() -> int:
    """Return the number of processes to use here; a container may allow fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), MAX_WORKERS)
    return min(os.cpu_count() or 1, MAX_WORKERS)


@contextmanager
def shared_out(
    work: Callable[[T], R],
    items: Sequence[T],
    workers: int,
    *,
    cost: Callable[[T], float],
    most: int | None = None,
) -> Iterator[Iterator[R]]:
    """Apply a function to each item, in several processes if there is enough work.

    Parameters
    ----------
    work : callable
        A function at module level, which processes import by name.
    items : sequence
        The arguments; each is sent to a process.
    workers : int
        Maximum number of processes, up to `MAX_WORKERS`; 1 computes everything in this process.
    cost : callable
        Returns the approximate seconds for an item, to decide whether processes are worthwhile.
    most : int, optional
        Maximum number of items sent at once.

    Yields
    ------
    iterator
        The results, in the order of the items.
    """
    workers = min(workers, MAX_WORKERS)
    if min(workers, len(items)) < 2 or sum(map(cost, items)) < WORTH:
        yield map(work, items)
        return
    # Imported here, since most commands do not need it.
    from caopd_bench.core.process.workers import sharing

    with ExitStack() as stack:
        try:
            share = stack.enter_context(sharing(workers))
            chunk = max(1, len(items) // (workers * PARTS))
            found = share(work, items, chunksize=min(chunk, most or chunk))
        except (ImportError, NotImplementedError, OSError):
            # No semaphores, as in some sandboxes, or no more processes: compute here, slower.
            found = map(work, items)
        yield found
