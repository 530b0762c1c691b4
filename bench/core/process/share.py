"""Share many alike computations out to processes, where that pays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

__all__ = ["MAX_WORKERS", "shared_out", "usable_cores"]

#: Processes of a command, at most: each takes the memory of an interpreter with SciPy.
MAX_WORKERS = 8
#: Seconds of work below which starting processes takes longer than they save.
WORTH = 6.0
#: Parts of the work that each process gets: few enough to cost little, many enough to end together.
PARTS = 16

T = TypeVar("T")
R = TypeVar("R")


def usable_cores() -> int:
    """Return how many processes a command may well use here: those of a container are fewer."""
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
    """Compute something of each item, in several processes if there is much to do.

    Parameters
    ----------
    work : callable
        A function of a module: a process finds it by its name.
    items : sequence
        Each is sent to a process.
    workers : int
        At most so many processes, and no more than `MAX_WORKERS`; 1 computes everything here.
    cost : callable
        Seconds that an item takes, roughly: it decides whether processes are worth their start.
    most : int, optional
        Items that are sent at once, at most.

    Yields
    ------
    iterator
        The results in the order of the items, as they come.
    """
    workers = min(workers, MAX_WORKERS)
    if min(workers, len(items)) < 2 or sum(map(cost, items)) < WORTH:
        yield map(work, items)
        return
    # Imported here: most commands do without.
    from caopd_bench.core.process.workers import sharing

    with ExitStack() as stack:
        try:
            share = stack.enter_context(sharing(workers))
            chunk = max(1, len(items) // (workers * PARTS))
            found = share(work, items, chunksize=min(chunk, most or chunk))
        except (ImportError, NotImplementedError, OSError):
            # No semaphores, as in some sandboxes, or no more processes: it takes longer here.
            found = map(work, items)
        yield found
