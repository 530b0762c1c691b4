"""Show the progress of a command on standard error, once it has taken more than two seconds.

On a terminal one line is rewritten and finally removed; in a log, a line is written now and then.
The work reports its stage and its count; a separate thread writes, so that the work never waits for
a terminal, and a stage without a count is shown too. Outside a command, as in a notebook, nothing
is shown.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import TextIO, TypeVar

from caopd_bench.core.terminal import inline

__all__ = ["SWITCH", "Line", "Stage", "stage", "telling", "track"]

#: If this variable is set to 0, commands show no progress.
SWITCH = "CAOPD_BENCH_PROGRESS"
#: Seconds until the first line, between updates on a terminal, and between lines in a log. The last
#: grows to a tenth of the elapsed time, so that an hour's log has fifty lines.
FIRST, TERMINAL, LOG = 2.0, 0.5, 10.0
WIDTH = 60

T = TypeVar("T")


class Stage:
    """A part of the work, and how much of it is done.

    Parameters
    ----------
    what : str
        For example "reading answers.jsonl"; a name in it may come from anywhere.
    unit : str
        Unit of the count: "rows", "runs".
    total : int, optional
        Total count, if known.
    """

    def __init__(self, what: str, unit: str = "", total: int | None = None) -> None:
        self.what, self.unit, self.total, self.done = what, unit, total, 0

    def add(self, count: int = 1) -> None:
        """Add to the count of finished units."""
        self.done += count

    def __str__(self) -> str:
        if self.total is not None:
            return f"{inline(self.what, WIDTH)}: {self.done:,} of {self.total:,} {self.unit}"
        if self.done:
            return f"{inline(self.what, WIDTH)}: {self.done:,} {self.unit}"
        return inline(self.what, WIDTH)


class Line:
    """Decide when to write a line of progress, and its content.

    Parameters
    ----------
    command : str
        Name of the command, with which the line begins.
    stream : TextIO
    clock : callable
        Returns the time in seconds.
    """

    def __init__(
        self, command: str, stream: TextIO, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.command, self.stream, self.clock = command, stream, clock
        self._stages: list[Stage] = []
        self._lock = Lock()  # the watching thread and the work both write
        self.began = self.last = clock()
        self.is_shown = self.is_broken = False
        self.is_terminal = _is_terminal(stream)

    def look(self) -> None:
        """Write the line if it is due."""
        with self._lock:
            now = self.clock()
            pause = TERMINAL if self.is_terminal else max(LOG, (now - self.began) / 10)
            is_first = self.last == self.began
            if not self._stages or now - self.last < (FIRST if is_first else pause):
                return
            self.last = now
            # The outermost stage shows the overall progress, the innermost the current work.
            parts = dict.fromkeys(map(str, (self._stages[0], self._stages[-1])))
            text = f"{self.command}: {', '.join(parts)} ({now - self.began:.0f} s)"
            self._write(f"\r\x1b[K{text}" if self.is_terminal else f"{text}\n")
            self.is_shown = self.is_terminal

    def begin(self, part: Stage) -> None:
        """Begin a stage inside the current one."""
        with self._lock:
            self._stages.append(part)

    def end(self, part: Stage | None = None) -> None:
        """End a stage, or all; without stages, clear the line on a terminal for further output."""
        with self._lock:
            self._stages = [one for one in self._stages if part is not None and one is not part]
            if self.is_shown and not self._stages:
                self._write("\r\x1b[K")
                self.is_shown = False

    def _write(self, text: str) -> None:
        if self.is_broken:
            return
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):  # full, closed or gone, which must not stop the work
            self.is_broken = True


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except (OSError, ValueError):
        return False


_line: Line | None = None


@contextmanager
def telling(command: str) -> Iterator[None]:
    """Show the progress of the block, unless the user or the stream prevents it."""
    global _line
    if _line is not None or sys.stderr is None or os.environ.get(SWITCH, "1") == "0":
        yield
        return
    line = _line = Line(command, sys.stderr)
    over = Event()
    watcher = Thread(target=_watch, args=(line, over), name="progress", daemon=True)
    try:
        watcher.start()
        yield
    finally:
        over.set()
        _line = None
        line.end()
        watcher.join(1.0)


def _watch(line: Line, over: Event) -> None:
    pause = FIRST
    while not over.wait(pause):
        line.look()
        pause = TERMINAL


@contextmanager
def stage(what: str, unit: str = "", total: int | None = None) -> Iterator[Stage]:
    """Announce a part of the work for the duration of the block.

    Parameters
    ----------
    what, unit, total
        As for `Stage`.

    Yields
    ------
    Stage
        The stage, which takes the count of finished units.
    """
    part = Stage(what, unit, total)
    line = _line
    if line is None:
        yield part
        return
    line.begin(part)
    try:
        yield part
    finally:
        line.end(part)


def track(items: Iterable[T], what: str, unit: str, total: int | None = None) -> Iterator[T]:
    """Yield items, and count each as done when the next one is requested."""
    with stage(what, unit, total) as part:
        for item in items:
            yield item
            part.add()
