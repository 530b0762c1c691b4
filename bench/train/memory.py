"""Make a training process keep freed memory for its next tensors."""

from __future__ import annotations

import ctypes
from contextlib import suppress

__all__ = ["keep_freed_memory"]

#: `mallopt`'s numbers for its parameters (malloc.h of glibc), and their values in bytes.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
TRIM, MMAP = 128 << 20, 32 << 20


def keep_freed_memory() -> None:
    """Let glibc keep freed memory, up to 128 MiB, for the next tensors.

    By default glibc returns the memory of every larger tensor to the system and asks for it again,
    which costs thousands of page faults and a tenth of the time of a step. Other C libraries are
    left as they are.
    """
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, MMAP)
        mallopt(M_TRIM_THRESHOLD, TRIM)
