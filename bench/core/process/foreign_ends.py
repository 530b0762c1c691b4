"""Control the exit code when a C library ends the process by itself.

OpenBLAS, which numpy and scipy include, calls ``exit(1)`` when it gets no memory: Python code is
not informed, and 1 would be the gate's FAIL. During a command, a handler of the C library's `exit`
turns every such end into `CODE`; and if memory is limited, the memory that OpenBLAS needs is tested
first.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from caopd_bench.core.process.exits import ExitCode, is_memory_limited

__all__ = ["CODE", "check_memory", "fenced"]

#: Exit code if a library ends the process: that of an internal error.
CODE = int(ExitCode.INTERNAL)
#: Bytes of address space that numpy needs to be loaded; with less, OpenBLAS exits or hangs.
NEEDED = 160 * 2**20
_SAID = b"caopd-bench: a library ended the process; nothing was decided\n"


@contextmanager
def fenced() -> Iterator[None]:
    """Turn a C library's `exit` into an exit with `CODE` (only with glibc)."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        # Without glibc the handler cannot be removed, and would outlive the interpreter.
        yield
        return
    is_over = False

    def end(_: int | None) -> None:
        if not is_over:
            with suppress(OSError):
                os.write(2, _SAID)
            os._exit(CODE)

    handler = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(end)
    ours = ctypes.create_string_buffer(1)  # its address identifies our library to `__cxa_finalize`
    libc.__cxa_atexit(handler, None, ours)
    try:
        yield
    finally:
        is_over = True
        libc.__cxa_finalize(ours)  # calls the handler and unregisters it


def check_memory() -> None:
    """Refuse immediately if a limit (``ulimit -v``) leaves too little memory for any command.

    Raises
    ------
    MemoryError
        If less than the needed address space is available.
    """
    if not is_memory_limited():
        return
    # Each thread of OpenBLAS needs memory, and OpenBLAS waits forever if a thread fails to start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        mmap.mmap(-1, NEEDED, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        raise MemoryError from None
