"""Limit Python's search for reference cycles where it is not worth its time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collect_rarely", "sparing", "without_collecting"]


#: Number of new objects after which a command searches for cycles. Python's default of 700 to 2,000
#: takes a twentieth of the start, which creates thousands of permanent functions.
RARELY = 10_000


@contextmanager
def collect_rarely(*, for_good: bool) -> Iterator[None]:
    """Search for cycles rarely, and not at the end of a process, which frees all memory anyway.

    Together this saves a tenth of the time of a short command. A higher threshold is kept, as is
    0, which disables the search.
    """
    usual = gc.get_threshold()
    if 0 < usual[0] < RARELY:
        gc.set_threshold(RARELY, *usual[1:])
    try:
        yield
    finally:
        if for_good:
            gc.freeze()
        else:
            gc.set_threshold(*usual)


@contextmanager
def without_collecting() -> Iterator[None]:
    """Disable the search for cycles while rows are read, since rows contain none.

    Python would search all rows repeatedly as more arrive: a third of the time for some logs.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def sparing() -> Iterator[None]:
    """Search for cycles only among new objects, if there are many permanent older ones.

    Drawing creates large cycles, which are worth finding.
    """
    is_first = not gc.get_freeze_count()  # leave objects frozen by a caller alone
    if is_first:
        gc.freeze()
    try:
        yield
    finally:
        if is_first:
            gc.unfreeze()
