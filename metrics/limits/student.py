"""Common parts of limits in closed form: quantiles, added rows, and Wilson's limits.

Bootstrap replicates contain only outcomes that were observed: with 20 of 20 answers wrong, every
replicate is all wrong and the interval has no width. These limits allow for the unobserved
outcome and use no random numbers. Counts may be fractions, because clustered rows are passed as
fewer independent ones; see :mod:`caopd_bench.metrics.intervals.clusters`.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.rows.counting import FloatArray


class Limits(NamedTuple):
    """The two ends of an interval."""

    low: float
    high: float


def normal_quantile(level: float) -> float:
    """Return the half-width of a normal interval in standard deviations."""
    return NormalDist().inv_cdf((1.0 + level) / 2.0)


def student_quantile(level: float, n: float) -> float:
    """Return the half-width, in standard errors, for the mean of n rows with estimated variance.

    Uses at least one degree of freedom; n need not be a whole number.
    """
    # Imported here: it costs 0.1 s.
    from scipy.special import stdtrit

    return float(stdtrit(max(n - 1.0, 1.0), (1.0 + level) / 2.0))


def add_rows(right: NDArray[Any], wrong: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """Add one right and one wrong row, each spread over all the stated confidences.

    This makes unobserved outcomes possible at the observed confidences.

    Examples
    --------
    >>> right, wrong = add_rows(np.array([3, 1]), np.array([0, 0]))
    >>> right.tolist(), wrong.tolist()
    ([3.75, 1.25], [0.75, 0.25])
    """
    share = (right + wrong) / (right + wrong).sum()
    return np.asarray(right + share), np.asarray(wrong + share)


def wilson(
    successes: ArrayLike, n: ArrayLike, level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Wilson limits of successes / n, elementwise; NaN where n is 0."""
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    k, n = np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        centre = (k + z * z / 2.0) / (n + z * z)
        half = z / (n + z * z) * np.sqrt(k * (1.0 - k / n) + z * z / 4.0)
    # Rounding must not move the outer limit of an all-or-nothing sample, which is exactly 0 or 1.
    return np.where(k == 0, 0.0 * half, centre - half), np.where(
        k == n, 1.0 + 0.0 * half, centre + half
    )


def wilson_limits(successes: float, n: float, level: float) -> Limits:
    """Return the Wilson limits of one share.

    Examples
    --------
    >>> low, high = wilson_limits(20, 20, 0.95)
    >>> round(low, 3), high
    (0.839, 1.0)
    """
    low, high = wilson(successes, n, level)
    return Limits(float(low), float(high))
