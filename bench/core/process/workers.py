"""Processes that share the work of one command, and end with it."""

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

_PR_SET_PDEATHSIG = 1  # of Linux, sys/prctl.h
#: The process that removes what others leave warns of a semaphore that was just removed, where a
#: command is stopped between the removal and the report of it.
_QUIET = "ignore::UserWarning"
#: Held while the names of the program's module are away: threads start their processes in turn.
_MAIN = threading.Lock()


class Share(Protocol):
    """As `map` of an executor: in order, each result when it is there."""

    def __call__(self, work: Any, /, *columns: Any, chunksize: int = 1) -> Iterator[Any]:
        """Start the work."""


@contextmanager
def sharing(workers: int) -> Iterator[Share]:
    """Yield a `map` of several processes; what stops the command stops them at once.

    Parameters
    ----------
    workers : int
        How many processes. They are spawned: a fork of a process with threads, as torch and BLAS
        start them, may hang. Each imports the module of its work, and not that of the program
        (unless the work is in it): a script needs no ``if __name__ == "__main__":``, and of a
        command its command line is not imported again.

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
        # What is not sent yet is for nobody: the process would wait at its end for a pipe that
        # nobody reads, if the thread that closes it fails on a future that is cancelled meanwhile.
        if (queue := getattr(executor, "_call_queue", None)) is not None:
            queue.cancel_join_thread()
        with _hushed(getattr(executor, "_executor_manager_thread", None)):
            # An executor by itself waits until its processes are done with what they have.
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
            executor.shutdown(cancel_futures=True)
        raise
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def _apart_from_main(work: Any) -> Iterator[None]:
    """Start processes that do not import the program's own module: by these names they find it."""
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
    """Let a thread fail on a cancelled future without a traceback (CPython before 3.12)."""
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
    """Start processes that hear neither Ctrl-C nor SIGHUP, from their first moment on.

    A terminal sends them to every process of a command, and each would print a traceback. What
    started them ends them: a signal to it waits until it knows them.
    """
    with held():
        yield from _deafen()


def _deafen() -> Iterator[None]:
    deaf = {signal.SIGINT, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, deaf)
    try:
        # The process that removes what others leave is the first, and lets SIGINT in when it runs.
        sys.warnoptions.append(_QUIET)  # it starts with the options of this interpreter
        try:
            resource_tracker.ensure_running()
        finally:
            sys.warnoptions.remove(_QUIET)
        signal.pthread_sigmask(signal.SIG_BLOCK, deaf)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent(parent: int) -> None:
    """Let the kernel end this process when its parent ends, also by kill -9 (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that
        os._exit(1)
