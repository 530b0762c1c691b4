"""Locks between processes with `flock`: the kernel releases one when its process ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from caopd_bench.core.errors import OutputError, UsageError

__all__ = ["lock", "locked"]

#: Seconds between two attempts to take a lock.
PAUSE = 0.02
#: Attempts to open a lock file whose folder another process keeps removing.
OPENINGS = 200


@contextmanager
def locked(file: Path, *, wait: bool) -> Iterator[bool]:
    """Hold a lock if it is available (immediately, or after waiting); yield whether it is held."""
    handle = lock(file, tries=None if wait else 1)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def lock(file: Path, *, tries: int | None) -> int | None:
    """Take a lock and return its handle, or None if it is taken; wait if `tries` is not given.

    A process may remove the lock file only while it holds the lock.
    """
    left = tries or 1
    while True:
        handle = _open(file)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if tries is None else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(handle)
            left -= 1
            if not left:
                return None
            time.sleep(PAUSE)
            continue
        except OSError as error:
            os.close(handle)
            raise UsageError(f"{file}: cannot be locked here ({error.strerror})") from None
        if _is_same(handle, file):
            return handle
        os.close(handle)  # the file was removed meanwhile, so its lock is useless


def _open(file: Path) -> int:
    for left in reversed(range(OPENINGS)):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            return os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            # Another process may have removed the folder in between.
            if not left or not isinstance(error, FileNotFoundError | FileExistsError):
                raise OutputError.of(file, error) from None
    raise AssertionError


def _is_same(handle: int, file: Path) -> bool:
    try:
        return os.fstat(handle).st_ino == file.stat().st_ino
    except FileNotFoundError:
        return False
