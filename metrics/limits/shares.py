"""Wilson limits of shares of rows; counts may be fractions, as those of clustered rows are."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.limits.student import Limits


def wilson(
    successes: ArrayLike, n: ArrayLike, level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Wilson limits of successes / n, elementwise; NaN where n is 0."""
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    k, n = np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        centre = (k + z * z / 2.0) / (n + z * z)
        half = z / (n + z * z) * np.sqrt(k * (1.0 - k / n) + z * z / 4.0)
    # In exact arithmetic the outer limit of an all-or-nothing sample is 0 or 1.
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
