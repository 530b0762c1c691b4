"""Report the progress of a run: a line now and then, and each step to a tracker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.train.watch.history import describe_step

__all__ = ["Progress", "tracking"]

PROJECT = "caopd-bench"
Log = Callable[[dict[str, Any]], None]


class Progress:
    """Report a step now and then, with the time that the rest will take.

    Parameters
    ----------
    steps : int
        Number of steps of the whole run.
    log : callable
        Receives every step's row.
    say : callable
        Receives a line now and then.
    """

    def __init__(self, steps: int, log: Log, say: Callable[[str], None]) -> None:
        self.steps, self.log, self.say = steps, log, say
        self.began, self.first, self.said = time.monotonic(), -1, 0.0

    def __call__(self, row: dict[str, Any]) -> None:
        """Log a step's row, and report it if it is time."""
        self.log(row)
        step, now = int(row["step"]), time.monotonic()
        if self.first < 0:
            self.first = step - 1
        # Print a line every ten seconds, on a terminal or in a log file, and for the last step and
        # each step without an update.
        is_idle = row["loss"] != row["loss"]
        if step < self.steps and now - self.said < 10 and not is_idle:
            return
        self.said = self.said if is_idle else now
        left = (now - self.began) / (step - self.first) * (self.steps - step)
        self.say(describe_step(row, self.steps, left))


@contextmanager
def tracking(kind: str | None, name: str, config: Mapping[str, Any]) -> Iterator[Log]:
    """Report to a tracker, trackio or wandb, which share an API; None reports nothing."""
    if kind is None:
        yield lambda _row: None
        return
    if find_spec(kind) is None:
        raise UsageError(f"--report-to: {kind} is not installed; pip install {kind}")
    tracker = import_module(kind)
    tracker.init(project=PROJECT, name=name, config=dict(config))

    def log(row: Mapping[str, Any]) -> None:
        known = {
            name: value
            for name, value in row.items()
            if isinstance(value, (int, float)) and value == value and name != "step"
        }
        tracker.log(known, step=int(row["step"]))

    try:
        yield log
    finally:
        tracker.finish()
