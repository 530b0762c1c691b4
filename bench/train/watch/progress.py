"""What a run says while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from caopd_bench.train.watch.history import describe_step

__all__ = ["Progress"]


class Progress:
    """Say a step now and then, and how long the rest will take.

    Parameters
    ----------
    steps : int
        Of the whole run.
    log : callable
        Gets every step's row.
    say : callable
        Gets a line now and then.
    """

    def __init__(
        self,
        steps: int,
        log: Callable[[dict[str, Any]], None],
        say: Callable[[str], None],
    ) -> None:
        self.steps, self.log, self.say = steps, log, say
        self.began, self.first, self.said = time.monotonic(), -1, 0.0

    def __call__(self, row: dict[str, Any]) -> None:
        """Take a step's row."""
        self.log(row)
        step, now = int(row["step"]), time.monotonic()
        if self.first < 0:
            self.first = step - 1
        # A line every ten seconds on a terminal or in a log file, the last one, and each step that
        # updated nothing.
        is_idle = row["loss"] != row["loss"]
        if step < self.steps and now - self.said < 10 and not is_idle:
            return
        self.said = self.said if is_idle else now
        left = (now - self.began) / (step - self.first) * (self.steps - step)
        self.say(describe_step(row, self.steps, left))
