"""Wilson limits for metrics that are a share of the rows, or a function of one.

The interval of a share of counted rows is :func:`~caopd_bench.metrics.proportion_interval`; here
the counts may be fractions, as those of clustered rows are.
"""

from __future__ import annotations

from caopd_bench.metrics.intervals.interval import wilson
from caopd_bench.metrics.intervals.limits import Limits
from caopd_bench.metrics.points.calibration import saturation
from caopd_bench.metrics.registry import METRICS
from caopd_bench.metrics.rows.tally import Tally


def accuracy_limits(tally: Tally, level: float = 0.95) -> Limits:
    """Return the Wilson limits of the accuracy.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> limits = accuracy_limits(tally([0.9] * 20, [1] * 20))
    >>> round(limits.low, 3), limits.high
    (0.839, 1.0)
    """
    return _wilson(tally.n_right, tally.n, level)


def saturation_limits(tally: Tally, level: float = 0.95) -> Limits:
    """Return the Wilson limits of the share of rows stated with 0.99 or more.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> limits = saturation_limits(tally([0.9] * 20, [1] * 20))
    >>> limits.low, round(limits.high, 3)
    (0.0, 0.161)
    """
    return _wilson(saturation(tally) * tally.n, tally.n, level)


def uncertainty_limits(tally: Tally, level: float = 0.95) -> Limits:
    """Return limits for a (1 - a): what it is anywhere in the Wilson limits of the accuracy a.

    They hold the uncertainty whenever those hold the accuracy.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> limits = uncertainty_limits(tally([0.9] * 20, [1] * 11 + [0] * 9))
    >>> round(limits.low, 3), limits.high
    (0.192, 0.25)
    """
    low, high = accuracy_limits(tally, level)
    ends = low * (1.0 - low), high * (1.0 - high)
    _, largest = METRICS["uncertainty"].range
    return Limits(min(ends), largest if low <= 0.5 <= high else max(ends))


def _wilson(successes: float, n: float, level: float) -> Limits:
    low, high = wilson(successes, n, level)
    return Limits(float(low), float(high))
