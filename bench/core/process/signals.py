"""Ctrl-C, SIGTERM and SIGHUP: each stops the work once, as a `KeyboardInterrupt`.

So every ``finally`` and ``with`` on the way out runs: temporary files and child processes go. The
process then ends with 128 + the signal's number, the code that shells give to one that it kills.
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

#: How many signals end the process at once, if what it cleans up hangs.
IMPATIENT = 5
#: Seconds until a signal is sent again whose exception Python has dropped.
AGAIN = 0.01
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Signals:
    """What came, and what comes next."""

    def __init__(self) -> None:
        self.first: int | None = None
        self._count = 0
        self._raised: KeyboardInterrupt | None = None
        self._is_swallowed = False
        self._end: int | None = None

    @property
    def code(self) -> int | None:
        """Exit code of a process that was told to stop; None if it was not."""
        return None if self.first is None else 128 + self.first

    def words(self) -> str:
        """Say what stopped the work."""
        if self.first in (None, signal.SIGINT):
            return "stopped"
        return f"stopped by {signal.Signals(self.first).name}"

    def finish(self, code: int) -> None:
        """Say that all is done: from now on a signal only ends the process, with this code."""
        self._end = code
        self._raised = None  # with its traceback, and all that the frames in it hold

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Stop the work, unless it is being stopped."""
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
        """Return whether this came while a ``finally`` or ``except`` handles the one before.

        One that a library caught and dropped stops nothing: then the next one is raised again.
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
        # From another thread: what is raised here, within the hook, would be dropped as well.
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
    """Handle signals; those that the process was started to ignore (``nohup``) stay ignored.

    Parameters
    ----------
    for_good : bool
        Until the process ends; else the handlers that were there come back.

    Yields
    ------
    Signals
    """
    signals = Signals()
    before: dict[int, Any] = {}
    hook = sys.unraisablehook
    for name in _NAMES:
        number = getattr(signal, name, None)  # SIGHUP is none of Windows
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
            # Registered first, so the last that is called: the interpreter is about to take the
            # handlers back, and another signal would kill it with a code of its own.
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
    """Let signals wait, and handle the first of them at the end.

    A process that is started and not known yet would be ended by nobody, and what shares a pipe
    with it would wait for it.
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
