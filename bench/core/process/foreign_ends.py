"""A C library that ends the process by itself does not choose the exit code.

OpenBLAS, which numpy and scipy bring, calls ``exit(1)`` when it gets no memory: no Python code
hears of it, and 1 is FAIL of the gate. While a command works, a handler of the C library's own
`exit` turns every such end into `CODE`; and where memory is limited, what OpenBLAS needs is tried
first.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["CODE", "check_memory", "fenced"]

#: Exit code of such an end: that of an error of this program.
CODE = 70
#: Bytes of address space that numpy needs to be loaded; with less, OpenBLAS exits or hangs.
NEEDED = 160 * 2**20
_SAID = b"caopd-bench: a library ended the process; nothing was decided\n"


@contextmanager
def fenced() -> Iterator[None]:
    """Turn a C library's `exit` into an end with `CODE` (glibc; elsewhere nothing is done)."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        # Elsewhere the handler could not be taken back, and would outlive the interpreter.
        yield
        return
    is_over = False

    def end(_: int | None) -> None:
        if not is_over:
            with suppress(OSError):
                os.write(2, _SAID)
            os._exit(CODE)

    handler = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(end)
    ours = ctypes.create_string_buffer(1)  # its address stands for a library of ours
    libc.__cxa_atexit(handler, None, ours)
    try:
        yield
    finally:
        is_over = True
        libc.__cxa_finalize(ours)  # calls the handler, and forgets it


def check_memory() -> None:
    """Refuse at once where a limit (``ulimit -v``) leaves too little for any command.

    Raises
    ------
    MemoryError
    """
    import resource

    limits = (resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA))
    if all(limit == resource.RLIM_INFINITY for limit in limits):
        return
    # Its threads take memory each, and it waits for ever for those that do not get it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        mmap.mmap(-1, NEEDED, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        raise MemoryError from None
