"""Limits of averages over a few base models: Student's, and in addition the bootstrap's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.intervals.over_seeds import mean_of_defined

__all__ = ["Limits", "find_limits", "find_slope"]

Array = NDArray[np.float64]


class Limits(NamedTuple):
    """A number with its limits, and in addition the bootstrap's.

    The limits are Student's over the means of the bases; without two bases, the bootstrap's.
    """

    estimate: float
    low: float
    high: float
    low_bootstrap: float
    high_bootstrap: float


def find_limits(replicates: Array, by_base: Array, level: float) -> Limits:
    """Return Student's limits over the means of the bases, and in addition the bootstrap's.

    The bootstrap interval of three bases is too narrow (its variance is two thirds of the true one,
    and three values have no tails), and covers .75 to .9 instead of .95. Student's t over the means
    of the bases avoids this. The squared error that all bases share, because they answer the same
    items, is added. With a single base, the limits are the bootstrap's.

    The bootstrap limits are percentiles, shifted by the distance of the replicates' mean from the
    estimate, because drawing items raises a metric that is never negative (ECE). Near zero that is
    not enough, and no limits of this kind cover a small ECE: use the Brier score and the gap there.

    Parameters
    ----------
    replicates : ndarray, shape (1 + replicates,)
        The first entry is the observed value.
    by_base : ndarray, shape (bases, 1 + replicates)
        Means of each base over its training seeds (or values of each seed of a single base).
    level : float
    """
    estimate, rest = float(replicates[0]), replicates[1:]
    rest = rest[~np.isnan(rest)]
    tail = (1.0 - level) / 2.0
    low, high = (math.nan, math.nan)
    if not math.isnan(estimate) and len(rest):
        low, high = (float(x) for x in np.quantile(rest, [tail, 1.0 - tail]))
        moved = estimate - float(rest.mean())
        low, high = low + moved, high + moved
    return _prefer(_student(by_base, level), Limits(estimate, low, high, low, high))


def _prefer(student: tuple[float, float], limits: Limits) -> Limits:
    """Replace the bootstrap's limits with Student's, if these are defined."""
    if math.isnan(student[0]):
        return limits
    return limits._replace(low=student[0], high=student[1])


def _student(by_base: Array, level: float) -> tuple[float, float]:
    from scipy.stats import norm, t

    if len(by_base) < 2 or np.isnan(by_base[:, 0]).any():
        return math.nan, math.nan
    observed, tail = by_base[:, 0], (1.0 + level) / 2.0
    seeds = t.ppf(tail, len(observed) - 1) * observed.std(ddof=1) / math.sqrt(len(observed))
    items = norm.ppf(tail) * np.nanstd(mean_of_defined(by_base.T)[1:])
    reach = math.hypot(float(seeds), float(items))
    return float(observed.mean() - reach), float(observed.mean() + reach)


def _student_slope(weights: Array, by_base: Sequence[Array], level: float) -> tuple[float, float]:
    """Return Student's limits of a weighted sum over sizes, each with bases of its own.

    The scatter of the bases adds up over sizes, with the degrees of freedom of Welch and
    Satterthwaite; that of the items is shared by all sizes.
    """
    from scipy.stats import norm, t

    if any(len(values) < 2 or np.isnan(values[:, 0]).any() for values in by_base):
        return math.nan, math.nan
    tail = (1.0 + level) / 2.0
    free = np.array([len(values) - 1 for values in by_base], dtype=np.float64)
    parts = weights**2 * [values[:, 0].var(ddof=1) / len(values) for values in by_base]
    squares = float((parts**2 / free).sum())
    seeds = 0.0
    if squares > 0.0:
        seeds = float(t.ppf(tail, parts.sum() ** 2 / squares)) * math.sqrt(float(parts.sum()))
    summed = weights @ np.stack([mean_of_defined(values.T) for values in by_base])
    reach = math.hypot(seeds, float(norm.ppf(tail) * np.nanstd(summed[1:])))
    return float(summed[0] - reach), float(summed[0] + reach)


def find_slope(
    sizes: Sequence[float], means: Sequence[Array], by_base: Sequence[Array], level: float
) -> tuple[Limits, float]:
    """Fit the slope of a metric against the logarithm (base 10) of the size, in each replicate.

    Parameters
    ----------
    sizes : sequence of float
    means : sequence of ndarray, shape (1 + replicates,)
        The result of `mean_over_seeds` for each size.
    by_base : sequence of ndarray, shape (bases, 1 + replicates)
        Values by base for each size, as in `find_limits`.
    level : float

    Returns
    -------
    limits : Limits
        Limits of the change per factor of ten. They do not reflect whether a line fits.
    intercept : float
        Value at size 1 of the line through the observed means.
    """
    x = np.log10(sizes)
    centred = x - x.mean()
    weights: Array = centred / (centred @ centred)
    y = np.stack(means)
    limits = find_limits(weights @ y, np.empty((0, 1)), level)
    intercept = float(y[:, 0].mean() - limits.estimate * x.mean())
    return _prefer(_student_slope(weights, by_base, level), limits), intercept
