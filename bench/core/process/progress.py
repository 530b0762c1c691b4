"""How far a command is: a line on standard error, once it has taken more than two seconds.

On a terminal it is one line that is rewritten and goes away in the end; in a log, a line now and
then. Work says in what stage it is and how far; a thread of its own writes, so that the work never
waits for a terminal, and a stage that cannot count is shown all the same. Without a command around
it, as in a notebook, nothing is shown.
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

#: Set to 0, this variable keeps every command silent about its progress.
SWITCH = "CAOPD_BENCH_PROGRESS"
#: Seconds until the first line, between looks on a terminal, and between lines in a log, which are
#: at last as far apart as a tenth of the time so far: an hour's log has fifty lines.
FIRST, TERMINAL, LOG = 2.0, 0.5, 10.0
WIDTH = 60

T = TypeVar("T")


class Stage:
    """A part of the work: what is done, and how much of it.

    Parameters
    ----------
    what : str
        For example "reading answers.jsonl"; a name in it may come from anywhere.
    unit : str
        What is counted: "rows", "runs".
    total : int, optional
        How many there are, where it is known.
    """

    def __init__(self, what: str, unit: str = "", total: int | None = None) -> None:
        self.what, self.unit, self.total, self.done = what, unit, total, 0

    def add(self, count: int = 1) -> None:
        """Count what was done."""
        self.done += count

    def __str__(self) -> str:
        if self.total is not None:
            return f"{inline(self.what, WIDTH)}: {self.done:,} of {self.total:,} {self.unit}"
        if self.done:
            return f"{inline(self.what, WIDTH)}: {self.done:,} {self.unit}"
        return inline(self.what, WIDTH)


class Line:
    """When to write, and what.

    Parameters
    ----------
    command : str
        The line begins with it.
    stream : TextIO
    clock : callable
        Gives seconds.
    """

    def __init__(
        self, command: str, stream: TextIO, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.command, self.stream, self.clock = command, stream, clock
        self._stages: list[Stage] = []
        self._lock = Lock()  # two threads write: the one that watches, and the work when it ends
        self.began = self.last = clock()
        self.is_shown = self.is_broken = False
        self.is_terminal = _is_terminal(stream)

    def look(self) -> None:
        """Write the line, if it is time to."""
        with self._lock:
            now = self.clock()
            pause = TERMINAL if self.is_terminal else max(LOG, (now - self.began) / 10)
            is_first = self.last == self.began
            if not self._stages or now - self.last < (FIRST if is_first else pause):
                return
            self.last = now
            # The first says how far the command is, the last what it is at.
            parts = dict.fromkeys(map(str, (self._stages[0], self._stages[-1])))
            text = f"{self.command}: {', '.join(parts)} ({now - self.began:.0f} s)"
            self._write(f"\r\x1b[K{text}" if self.is_terminal else f"{text}\n")
            self.is_shown = self.is_terminal

    def begin(self, part: Stage) -> None:
        """Take up a stage, inside the one that is being worked at."""
        with self._lock:
            self._stages.append(part)

    def end(self, part: Stage | None = None) -> None:
        """Drop a stage, or all; without one, take the line off a terminal for what comes next."""
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
        except (OSError, ValueError):  # full, closed, gone: progress is worth no error
            self.is_broken = True


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except (OSError, ValueError):
        return False


_line: Line | None = None


@contextmanager
def telling(command: str) -> Iterator[None]:
    """Show the progress of what runs inside, unless the user or the stream is against it."""
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
    """Name a part of the work, for as long as it takes.

    Parameters
    ----------
    what, unit, total
        As for `Stage`.

    Yields
    ------
    Stage
        To be told how much is done.
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
    """Yield items, and count them as done when the next one is asked for."""
    with stage(what, unit, total) as part:
        for item in items:
            yield item
            part.add()
