"""What the definition of a metric is made of: how its interval is computed, and how it is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from math import inf
from typing import Literal, NamedTuple

from caopd_bench.metrics.limits.student import Limits
from caopd_bench.metrics.rows.tally import Tally

RIGHT, WRONG, BOTH = "right answers", "wrong answers", "right and wrong answers"
NEEDS = ("", RIGHT, WRONG, BOTH)
AVERAGES = ("", "rows", "classes")
NULLS = ("calibrated", "without skill")
GENERAL = ("skewness-adjusted", "simulated inversion")  # methods that work for any metric
SHARE, QUARTER = (0.0, 1.0), (0.0, 0.25)


class ClosedForm(NamedTuple):
    """An interval computed without replicates.

    Attributes
    ----------
    method : str
        The value of :attr:`Interval.method`.
    limits : callable, optional
        ``f(tally, level)`` -> Limits, for independent rows, whose counts may be fractions. Omitted
        for the methods that work for any metric: "skewness-adjusted" (means of losses and other
        smooth functions of the counts) and "simulated inversion" (errors that noise can only
        raise).
    worth : str
        The metric whose influences determine how many independent rows clustered rows are worth,
        if not this one.
    spread : bool
        Whether there is no interval if all rows state the same value.
    one_row : bool
        Whether a single row has an interval.
    coarse : bool
        Whether influences are so slow that they are computed for at most 128 values.
    """

    method: str
    limits: Callable[[Tally, float], Limits] | None = None
    worth: str = ""
    spread: bool = False
    one_row: bool = False
    coarse: bool = False


class Folded(NamedTuple):
    """A bias-corrected normal interval of replicates, for metrics that noise can only raise from 0.

    Attributes
    ----------
    null : {"calibrated", "without skill"}
        The model with a value of 0: right as often as it states, or equally often at every value.
    stream : int, optional
        Number of the stream of random numbers. The first metrics keep their original numbers, so
        that their intervals do not change; for others it is derived from the name. It does not
        depend on which other metrics are registered.
    """

    null: Literal["calibrated", "without skill"] = "calibrated"
    stream: int | None = None

    def stream_of(self, name: str) -> int:
        """Return the number of the stream of a metric of this name."""
        if self.stream is not None:
            return self.stream
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


class Caution(NamedTuple):
    """Lowest measured coverage of 95% limits, where it occurs, and whether a tally is concerned."""

    least: float
    where: str = ""
    applies: Callable[[Tally], bool] = lambda _tally: True


class Shown(NamedTuple):
    """How ``caopd-bench score`` shows a metric in its tables.

    Attributes
    ----------
    line, meaning : str
        Label and explanation of its line in the table; there is no line if they are empty.
    column : str
        Head of its column in the table of groups; there is no column if it is empty.
    place : float
        Position in the table; metrics without one come last.
    extremes : ((float, float), (float, float)), optional
        The worst case: confidences, (if right, if wrong), assumed for rows without one that lead to
        the lowest and the highest value. Omitted where two such pairs do not determine the
        extremes, as with bins.
    worst_case : bool
        Whether the table also shows the worst case.
    """

    line: str = ""
    meaning: str = ""
    column: str = ""
    place: float = inf
    extremes: tuple[tuple[float, float], tuple[float, float]] | None = None
    worst_case: bool = False
