"""One line of progress with the time left, and the count of problems in lm-eval's log.

The bars of lm-eval are kept from the terminal: its first estimate takes the first answer of a batch
to have cost as much as the batch (1 of 1,500 after 3 s: "1:09:31 left" of a run of 20 s).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TextIO

#: Seconds between lines: on a terminal, where the line is written over, and in a log.
TERMINAL, LOG = 0.5, 20.0
#: Seconds of a machine as fast as expected, which are mixed into the measured pace.
PRIOR = 15.0
#: A step that takes longer than expected, and cannot count, takes this share of its time once more.
LATE = 0.25
#: Seconds from the last answer to the end of an evaluation.
ENDING = 3.0
BAR = re.compile(r"Running generate_until requests:\s+\d+%\|[^|]*\| (\d+)/(\d+) \[")


class Expected(NamedTuple):
    """A step's name in the line, and the seconds that it takes on two idle cores."""

    title: str
    seconds: float
    is_paced: bool = True
    """Whether the speed of the machine decides; not where something is downloaded."""


class Progress:
    """How far all steps are, and when they will have been done.

    Parameters
    ----------
    steps : sequence of Expected
        Those that are still to be done.
    stream : TextIO
    clock : callable
        Gives seconds.
    """

    def __init__(
        self,
        steps: Sequence[Expected],
        stream: TextIO,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.steps, self.stream, self.clock = list(steps), stream, clock
        self.is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self.is_silent = os.environ.get("CAOPD_BENCH_PROGRESS") == "0"
        self.at = -1
        self._taken: dict[int, float] = {}
        self._place = ""
        self._began = self._first = self._counted = self._shown = clock()
        self._done = self._total = 0

    def begin(self, number: int, count: int) -> None:
        """Take up the next step: number `number` of the demo's `count`."""
        self.at += 1
        self._place = f"step {number} of {count}"
        self._done = self._total = 0
        self._began = self._first = self._counted = self.clock()
        self._shown = self._began - LOG + 2.0  # in a log, the first line after two seconds

    def count(self, done: int, total: int) -> None:
        """Note how many problems of the step are done."""
        now = self.clock()
        if not self._total:
            self._first = self._counted = now
        if done > self._done:
            self._counted = now
        self._done, self._total = done, total

    def end(self) -> None:
        """Note that the step is done, and take the line off a terminal."""
        self._taken[self.at] = self.clock() - self._began
        if self.is_terminal and not self.is_silent:
            self._write("\r\x1b[K")

    def own_left(self) -> float:
        """Estimate the seconds that the step of now still takes."""
        now = self.clock()
        if self._done:
            a_problem = (self._counted - self._first) / self._done
            left = a_problem * (self._total - self._done) - (now - self._counted)
            return max(left, 0.0) + ENDING * self._pace()
        elapsed = now - self._began
        return max(self.steps[self.at].seconds * self._pace() - elapsed, LATE * elapsed)

    def left(self) -> float:
        """Estimate the seconds that all steps together still take."""
        later = self.steps[self.at + 1 :]
        own, pace = self.own_left(), self._pace(with_current=True)
        return own + sum(step.seconds * (pace if step.is_paced else 1.0) for step in later)

    def _pace(self, *, with_current: bool = False) -> float:
        """Divide the time that was taken by the time that was expected."""
        taken = {at: spent for at, spent in self._taken.items() if self.steps[at].is_paced}
        step = self.steps[self.at]
        if with_current and step.is_paced:
            whole = self.clock() - self._began + self.own_left()
            taken[self.at] = whole if self._done else max(whole, step.seconds)
        expected = sum(self.steps[at].seconds for at in taken)
        return (PRIOR + sum(taken.values())) / (PRIOR + expected)

    def look(self) -> None:
        """Write the line, if it is time to."""
        now = self.clock()
        if self.is_silent or now - self._shown < (TERMINAL if self.is_terminal else LOG):
            return
        self._shown = now
        self._write(f"\r\x1b[K{self}" if self.is_terminal else f"{self}\n")

    def __str__(self) -> str:
        count = f": {self._done:,} of {self._total:,} problems" if self._total else ""
        step = f"{self._place}, {self.steps[self.at].title}{count}"
        return f"[{step}; {word_seconds(self.left())} left in all]"

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()


def word_seconds(seconds: float) -> str:
    """Word a duration no more finely than it is known.

    Examples
    --------
    >>> [word_seconds(each) for each in (3, 44, 100, 290)]
    ['about 10 s', 'about 40 s', 'about 2 min', 'about 5 min']
    """
    if seconds < 95:
        return f"about {max(round(seconds / 10), 1) * 10} s"
    return f"about {max(round(seconds / 60), 2)} min"


def count_problems(log: str, batch: int) -> tuple[int, int] | None:
    """Find in lm-eval's log how many problems are done, and of how many.

    Its bar is written at the first answer of a batch, when all of them are there.

    Examples
    --------
    >>> count_problems("Running generate_until requests:   1%|          | 1/100 [01:00<", 25)
    (25, 100)
    """
    found = BAR.findall(log)
    if not found:
        return None
    done, total = map(int, found[-1])
    return min(-(-done // batch) * batch, total), total
