"""Worker processes that share the work of one command, and end with it."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, Protocol

from caopd_bench.core.process.signals import held

__all__ = ["deaf_children", "end_with_parent", "sharing"]

_PR_SET_PDEATHSIG = 1  # Linux, sys/prctl.h
#: Silences the resource tracker's warning about a removed semaphore, which appears if the command
#: is stopped between the removal and its report to the tracker.
_QUIET = "ignore::UserWarning"
#: Held while the names of the program's module are hidden, so that only one thread at a time starts
#: processes.
_MAIN = threading.Lock()


class Share(Protocol):
    """A function like an executor's `map`: results in order, as they become available."""

    def __call__(self, work: Any, /, *columns: Any, chunksize: int = 1) -> Iterator[Any]:
        """Start the work."""


@contextmanager
def sharing(workers: int) -> Iterator[Share]:
    """Yield a `map` over several processes; they stop immediately with the command.

    Parameters
    ----------
    workers : int
        Number of processes. They are spawned, since forking a process with threads (of torch or
        BLAS) may hang. Each imports the module of its work but not the program's own (unless the
        work is in it), so a script needs no ``if __name__ == "__main__":``, and a command's own
        module is not imported again.

    Yields
    ------
    callable
        ``share(work, *columns, chunksize=1)``.
    """
    from concurrent.futures import ProcessPoolExecutor

    others = set(multiprocessing.active_children())
    with deaf_children():
        executor = ProcessPoolExecutor(
            workers,
            multiprocessing.get_context("spawn"),
            initializer=end_with_parent,
            initargs=(os.getpid(),),
        )

    def share(work: Any, /, *columns: Any, chunksize: int = 1) -> Iterator[Any]:
        with deaf_children(), _apart_from_main(work):
            return executor.map(work, *columns, chunksize=chunksize)

    try:
        yield share
    except BaseException:
        # Discard unsent work. Otherwise, if the thread that closes the pipe fails on a cancelled
        # future, the process would wait at its end for a pipe that nobody reads.
        if (queue := getattr(executor, "_call_queue", None)) is not None:
            queue.cancel_join_thread()
        with _hushed(getattr(executor, "_executor_manager_thread", None)):
            # `shutdown` alone waits until the processes finish their current work.
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
            executor.shutdown(cancel_futures=True)
        raise
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def _apart_from_main(work: Any) -> Iterator[None]:
    """Start processes without the names by which they would import the program's own module."""
    main = vars(sys.modules["__main__"])
    is_in_main = getattr(getattr(work, "func", work), "__module__", None) == "__main__"
    names = () if is_in_main else ("__spec__", "__file__")
    with _MAIN:
        before = {name: main[name] for name in names if name in main}
        main.update(dict.fromkeys(before))
        try:
            yield
        finally:
            main.update(before)


@contextmanager
def _hushed(thread: threading.Thread | None) -> Iterator[None]:
    """Hide the traceback of a thread that fails on a cancelled future (CPython before 3.12)."""
    from concurrent.futures import InvalidStateError

    hook = threading.excepthook

    def look(failed: threading.ExceptHookArgs) -> None:
        if (
            thread is None
            or failed.thread is not thread
            or not isinstance(failed.exc_value, InvalidStateError)
        ):
            hook(failed)

    threading.excepthook = look
    try:
        yield
    finally:
        threading.excepthook = hook


@contextmanager
def deaf_children() -> Iterator[None]:
    """Start processes that ignore Ctrl-C and SIGHUP from the beginning.

    A terminal sends these signals to every process of a command, and each would print a traceback.
    The parent ends its workers; it defers signals until it knows all of them.
    """
    with held():
        yield from _deafen()


def _deafen() -> Iterator[None]:
    deaf = {signal.SIGINT, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, deaf)
    try:
        # Start Python's resource tracker now, since starting it unblocks SIGINT.
        sys.warnoptions.append(_QUIET)  # the tracker inherits this interpreter's options
        try:
            resource_tracker.ensure_running()
        finally:
            sys.warnoptions.remove(_QUIET)
        signal.pthread_sigmask(signal.SIG_BLOCK, deaf)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent(parent: int) -> None:
    """Make the kernel end this process when its parent ends, even by kill -9 (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent ended before the request
        os._exit(1)
