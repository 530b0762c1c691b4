"""Handle Ctrl-C, SIGTERM and SIGHUP: each stops the work once, as a `KeyboardInterrupt`.

So every ``finally`` and ``with`` on the way out runs, which removes temporary files and child
processes. The process then exits with 128 + the signal's number, the code that shells report for a
process killed by the signal.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

__all__ = ["Signals", "caught", "held"]

#: After this many signals the process ends immediately, in case its cleanup hangs.
IMPATIENT = 5
#: Seconds until a signal is sent again if Python dropped its exception.
AGAIN = 0.01
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Signals:
    """The signals received so far, and the reaction to the next one."""

    def __init__(self) -> None:
        self.first: int | None = None
        self._count = 0
        self._raised: KeyboardInterrupt | None = None
        self._is_swallowed = False
        self._end: int | None = None

    @property
    def code(self) -> int | None:
        """Exit code for the signal that stopped the process; None if there was none."""
        return None if self.first is None else 128 + self.first

    def words(self) -> str:
        """Return a message that names the signal."""
        if self.first in (None, signal.SIGINT):
            return "stopped"
        return f"stopped by {signal.Signals(self.first).name}"

    def finish(self, code: int) -> None:
        """Declare the work done: from now on a signal ends the process with this code."""
        self._end = code
        self._raised = None  # frees its traceback and the objects in its frames

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Stop the work, unless it is already being stopped."""
        if self._end is not None:
            os._exit(self._end)
        self._count += 1
        self.first = self.first or number
        if self._count >= IMPATIENT:
            os._exit(128 + self.first)
        if not self._is_swallowed and self._is_stopping():
            return
        self._is_swallowed = False
        self._raised = KeyboardInterrupt()
        raise self._raised

    def _is_stopping(self) -> bool:
        """Return whether a signal arrived while ``finally`` or ``except`` handles the previous one.

        If a library caught and dropped the previous one, the next is raised again.
        """
        error = sys.exc_info()[1]
        while error is not None:
            if error is self._raised:
                return True
            error = error.__context__
        return False

    def report(self, unraisable: Any) -> None:
        """Send the signal again if it was raised where Python drops exceptions (``__del__``)."""
        if self._raised is None or unraisable.exc_value is not self._raised or self.first is None:
            sys.__unraisablehook__(unraisable)
            return
        # Send it from another thread: Python drops exceptions raised in this hook as well.
        again = threading.Timer(AGAIN, self._send, (self.first,))
        again.daemon = True
        again.start()

    def _send(self, number: int) -> None:
        main = threading.main_thread()
        if self._end is None and main.ident is not None:
            self._is_swallowed = True
            self._count -= 1
            signal.pthread_kill(main.ident, number)


@contextmanager
def caught(*, for_good: bool) -> Iterator[Signals]:
    """Handle signals; those that the process was started to ignore (``nohup``) remain ignored.

    Parameters
    ----------
    for_good : bool
        Keep the handlers until the process ends; else restore the previous ones.

    Yields
    ------
    Signals
    """
    signals = Signals()
    before: dict[int, Any] = {}
    hook = sys.unraisablehook
    for name in _NAMES:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is None:
            continue
        handler = signal.getsignal(number)
        if handler in (signal.SIG_DFL, signal.default_int_handler):
            with suppress(ValueError):  # not in the main thread, which alone gets signals
                signal.signal(number, signals.handle)
                before[number] = handler
    if before:
        sys.unraisablehook = signals.report
        if for_good:
            # The first registered function is called last. After it the interpreter restores the
            # handlers, so a later signal would kill it with a different code.
            atexit.register(_ignore, tuple(before))
    try:
        yield signals
    finally:
        if not for_good:
            for number, handler in before.items():
                signal.signal(number, handler)
            sys.unraisablehook = hook


@contextmanager
def held() -> Iterator[None]:
    """Defer signals during the block, and handle the first of them at its end.

    Otherwise nobody would end a process that has started but is not known yet, and processes that
    share a pipe with it would wait for it.
    """
    came: list[int] = []
    before: dict[int, Any] = {}
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and callable(handler := signal.getsignal(number)):
            with suppress(ValueError):  # not in the main thread, which alone gets signals
                signal.signal(number, lambda number, _frame: came.append(number))
                before[number] = handler
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def _ignore(numbers: tuple[int, ...]) -> None:
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)
