"""Trend of a metric with model size: a straight line against the logarithm of the size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SlopeFit", "fit_slope"]


@dataclass(frozen=True, slots=True)
class SlopeFit:
    """A fitted line; if no line could be fitted, its numbers are NaN and `reason` is set.

    Attributes
    ----------
    slope, intercept : float
        Coefficients of the regression of y on x.
    low, high : float
        Confidence limits of the slope; NaN with fewer than three points.
    n : int
        Number of points.
    reason : str
    """

    slope: float
    intercept: float
    low: float
    high: float
    n: int
    reason: str = ""


def fit_slope(
    x: Sequence[float] | NDArray[np.float64],
    y: Sequence[float] | NDArray[np.float64],
    *,
    level: float = 0.95,
) -> SlopeFit:
    """Fit a line by least squares, with Student's interval for its slope.

    Parameters
    ----------
    x, y : sequence of float, shape (n,)
        x is typically the logarithm of the number of parameters.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    SlopeFit
        The interval has n - 2 degrees of freedom and treats the models as independent draws around
        a line. It ignores the sampling error of the items that each model was evaluated on, and
        the dependence between checkpoints that share a seed.

    Examples
    --------
    >>> fit = fit_slope([5.0, 6.0, 7.0, 8.0], [0.10, 0.19, 0.31, 0.40])
    >>> round(fit.slope, 3), round(fit.low, 3), round(fit.high, 3)
    (0.102, 0.084, 0.12)
    """
    # Imported here, since importing scipy.stats takes half a second.
    from scipy.stats import linregress, t

    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    n, nan = a.size, math.nan
    if np.unique(a).size < 3:
        return SlopeFit(nan, nan, nan, nan, n, "fewer than three sizes: no slope")
    fit = linregress(a, b)
    reach = float(t.ppf((1.0 + level) / 2.0, n - 2)) * float(fit.stderr)
    slope = float(fit.slope)
    return SlopeFit(slope, float(fit.intercept), slope - reach, slope + reach, n)
