"""Circles of objects, which Python looks for again and again, and where that is not worth it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collect_rarely", "sparing", "without_collecting"]


#: New objects after which a command looks for circles; Python's own 700 to 2,000 are a twentieth of
#: the start, when thousands of functions are made that stay.
RARELY = 10_000


@contextmanager
def collect_rarely(*, for_good: bool) -> Iterator[None]:
    """Look for circles rarely, and not at the end of a process, which gives all memory back.

    Together a tenth of the time of a short command. A threshold that is higher stays, and so does
    0, which stands for never.
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
    """Keep Python from looking for circles among rows, of which there are none.

    It looks through all of them again and again while more come: a third of the time of some logs.
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
    """Look for circles among new objects only, where there are many older ones that stay.

    Drawing makes circles of many objects, which are worth finding.
    """
    is_first = not gc.get_freeze_count()  # what a caller set aside is not ours to give back
    if is_first:
        gc.freeze()
    try:
        yield
    finally:
        if is_first:
            gc.unfreeze()
