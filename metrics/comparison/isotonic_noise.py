"""The bias and variance of MCB and DSC because their isotonic curve fits sampling noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.comparison.pairs import Pair
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.isotonic import isotonic_curve

TINY = 1e-12


class IsotonicNoise(NamedTuple):
    """Noise in the isotonic decomposition of one model.

    Attributes
    ----------
    of_miscalibration, of_discrimination : float
        Average excess of the plug-in value.
    variance : float
        Variance of that noise; the influences omit it, because they hold the curve fixed.
    """

    of_miscalibration: float
    of_discrimination: float
    variance: float


def isotonic_noise(rows: Pair, model: str) -> IsotonicNoise:
    r"""Estimate the bias and variance from noise in MCB and DSC of model "a" or "b".

    Parameters
    ----------
    rows : Pair
    model : {"a", "b"}

    Returns
    -------
    IsotonicNoise

    Notes
    -----
    The curve is constant on blocks k of :math:`n_k` rows. Its height is the mean of their outcomes;
    the variance of the noise in that mean is the amount by which the recalibrated score is too low.
    With the sums :math:`S_{gk}` of the residuals of cluster g (row g, if there are no labels) in
    block k, and v the same for one block of all rows,

    .. math:: v_k = \frac{v + \sum_g S_{gk}^2}{n_k + 1},\quad
       \mathrm{bias(MCB)} = \frac1n \sum_k v_k,\quad
       \mathrm{Var} \approx \frac2{n^2} \sum_k v_k^2

    and DSC, which compares with one block of all rows, has the bias of MCB less that of this block.
    An isotonic fit has as many degrees of freedom as blocks: Meyer and Woodroofe, Annals of
    Statistics 28 (2000).

    Examples
    --------
    >>> from caopd_bench.metrics.comparison.pairs import pair
    >>> constant = [0.6] * 100, [1] * 60 + [0] * 40
    >>> noise = isotonic_noise(pair(constant, constant), "a")
    >>> round(noise.of_miscalibration, 6), noise.of_discrimination  # .6 x .4 / 100
    (0.0024, 0.0)
    """
    t, cell = (rows.a, rows.a_cell) if model == "a" else (rows.b, rows.b_cell)
    curve = isotonic_curve(t.right, t.right + t.wrong)
    heights, block_of = np.unique(curve, return_inverse=True)
    u = t.values.size
    outcome = (cell < u).astype(np.float64)
    whole = np.zeros(cell.size, dtype=np.intp)
    (total,), (count,) = _squares(rows, outcome - t.accuracy, whole, 1)
    of_all = float(total / count)
    residual = outcome - curve[cell % u]
    squares, counts = _squares(rows, residual, block_of[cell % u], heights.size)
    # Adds a row of average variance, because a block of one row has no residual.
    of_blocks = (squares + of_all) / (counts + 1.0)
    bias = float(of_blocks.sum()) / rows.n + _from_pooling(
        rows, t.values[cell % u], residual, outcome
    )
    variance = 2.0 * float((of_blocks**2).sum()) / rows.n**2
    return IsotonicNoise(bias, max(bias - of_all / rows.n, 0.0), variance)


def _from_pooling(
    rows: Pair, stated: FloatArray, residual: FloatArray, outcome: FloatArray
) -> float:
    """Return the gain of the blocks from pooling values whose outcomes differ by chance."""
    n = float(rows.n)
    apart = stated - (rows.times * stated).sum() / n
    spread = float((rows.times * apart**2).sum())
    if spread <= TINY * n:  # a single value, up to rounding
        return 0.0
    slope = max(float((rows.times * apart * outcome).sum()) / spread, 0.0)
    return max(-slope * float((rows.times * stated * residual).sum()) / n, 0.0)


def _squares(
    rows: Pair, residual: FloatArray, block: NDArray[np.intp], blocks: int
) -> tuple[FloatArray, FloatArray]:
    """Sum the squared residuals of the clusters in each block; return the sums and the rows."""
    times = rows.times.astype(np.float64)

    def total(place: NDArray[np.intp], weights: FloatArray) -> FloatArray:
        return np.bincount(place, weights=weights, minlength=blocks).astype(np.float64)

    count = total(block, times)
    if rows.cluster is None:
        return total(block, times * residual**2), count
    place, at = np.unique(rows.cluster * blocks + block, return_inverse=True)
    return total(place % blocks, total(at, times * residual)[: place.size] ** 2), count
