"""Smooth calibration error: the gap under a kernel instead of in bins.

A binned ECE jumps when a confidence crosses an edge. Here each row is spread over its neighbourhood
by a Gaussian, reflected at 0 and 1, whose width equals the resulting error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.definition import metric
from caopd_bench.metrics.limits.influences import Influence, centred, spread_out
from caopd_bench.metrics.metric_parts import SHARE, Caution, Folded
from caopd_bench.metrics.rows.condense import condense
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally

HALVINGS = 10  # number of halvings of the interval that contains the width
SMALLEST = 2.0**-HALVINGS  # narrower kernels are not tried
GRID = 2000  # fewest grid steps from 0 to 1 for rows: short decimals lie exactly on them
POINTS = 256  # fewest steps from 0 to 1 over which gaps are summed
ONE_THREAD = 1 << 19  # multiplications in a matrix product that BLAS runs in one thread
MOST_ROWS = 128  # replicates smoothed at once, to bound the memory


def place(values: FloatArray, cells: FloatArray, grid: int) -> FloatArray:
    """Split ``cells`` (k, u) at ``values`` (u,) between the two nearest of ``grid`` + 1 points.

    A row between two points has a mirror image between two others. A point at 0 or 1 is its
    own image, so its rows are entered twice; otherwise they would count half.
    """
    scaled = values * grid
    left = np.minimum(scaled.astype(np.intp), grid - 1)
    share = scaled - left
    sums = np.empty((len(cells), grid + 1))
    for row, out in zip(cells, sums, strict=True):
        out[:] = np.bincount(left, weights=(1.0 - share) * row, minlength=grid + 1)
        out[1:] += np.bincount(left, weights=share * row, minlength=grid)
    sums[:, [0, -1]] *= 2.0
    return sums


def transform(sums: FloatArray) -> FloatArray:
    """Return the spectra of rows on a grid with their mirror images: real, as these are cosines."""
    return np.asarray(np.fft.rfft(np.concatenate([sums, sums[:, -2:0:-1]], axis=1)).real)


def smooth(spectra: FloatArray, sigma: float) -> FloatArray:
    """Return the rows smoothed by a reflected Gaussian, at even steps from 0 to 1.

    On the circle formed by a grid and its mirror image, a Gaussian with all its images multiplies
    the spectrum by a Gaussian, whatever its width. Frequencies beyond the steps are damped to 0.
    """
    points = at_least(POINTS, 8.0 / sigma)
    used = min(points + 1, spectra.shape[1])
    low_pass = np.exp(-0.5 * (np.pi * sigma * np.arange(used)) ** 2)
    return np.asarray(np.fft.irfft(spectra[:, :used] * low_pass, 2 * points)[:, : points + 1])


def at_least(steps: int, wanted: float) -> int:
    """Double the number of steps until it is at least the number wanted."""
    while steps < wanted:
        steps *= 2
    return steps


def area(gaps: FloatArray) -> FloatArray:
    """Return the sums (k,) of absolute gaps (k, points), by the trapezoidal rule."""
    size = np.abs(gaps)
    return np.asarray(size.sum(axis=1) - (size[:, 0] + size[:, -1]) / 2.0)


def _combine(gaps: FloatArray, smoothed: FloatArray) -> FloatArray:
    """Return the areas of gaps (k, u) at values whose smoothed rows (u, points) are known."""
    # Keep the products small: BLAS runs them in one thread, while two threads took seven times as
    # much processor time, and small parts stay in the cache.
    step = max(1, ONE_THREAD // smoothed.size)
    parts = [area(gaps[i : i + step] @ smoothed) for i in range(0, len(gaps), step)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _solve(values: FloatArray, gaps: FloatArray) -> FloatArray:
    """Return the error of each row of ``gaps`` at the width that equals the error."""
    few_values = values.size < len(gaps)
    spectra: dict[int, FloatArray] = {}

    def error(sigma: float, rows: NDArray[np.bool_]) -> FloatArray:
        grid = at_least(GRID, 10.0 / sigma)
        if grid not in spectra:
            cells = np.eye(values.size) if few_values else gaps
            spectra[grid] = transform(place(values, cells, grid))
        if few_values:
            return _combine(gaps[rows], smooth(spectra[grid], sigma))
        return area(smooth(spectra[grid][rows], sigma))

    # Error minus width falls as the width grows: above 0 at ``low``, at most 0 at ``high``.
    low, high = np.zeros(len(gaps)), np.ones(len(gaps))
    above, below = np.zeros(len(gaps)), np.minimum(error(1.0, low < high) - 1.0, 0.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        for sigma in np.unique(middle):
            rows = middle == sigma
            excess = error(float(sigma), rows) - sigma
            wide, narrow = rows.copy(), rows.copy()
            wide[rows], narrow[rows] = excess <= 0.0, excess > 0.0
            high[wide], below[wide] = sigma, excess[excess <= 0.0]
            low[narrow], above[narrow] = sigma, excess[excess > 0.0]
    # Interpolate linearly between the two; below the smallest width, use the error at that width.
    fall = above - below
    share = np.divide(above, fall, out=np.zeros(len(gaps)), where=low > 0.0)
    return np.asarray(np.where(low > 0.0, low + (high - low) * share, high + below))


def _influence_of_smooth_ece(tally: Tally) -> Influence:
    r"""Influences with the kernel width and the signs of the gaps held fixed.

    Letting the width vary with the error would divide the slopes by :math:`1 - dE_\sigma /
    d\sigma`, which is 1 where all gaps have one sign and 1.2 to 1.5 near calibration. There the
    error is biased and skewed, and limits from the smaller slopes gave more false alarms
    (docs/metrics/comparison.md).
    """
    t = condense(tally)
    sigma = max(smooth_ece(t), SMALLEST)
    residual = ((t.right + t.wrong) * t.values - t.right) / t.n
    spectra = transform(place(t.values, residual[np.newaxis], at_least(GRID, 10.0 / sigma)))
    gap = smooth(spectra, sigma)[0]
    # The mean sign around each step: less than 1 where the gap crosses 0 within half a step. A gap
    # that is 0 up to rounding has no sign.
    half_step = np.maximum(np.abs(np.gradient(gap)) / 2.0, 1e-12)
    sign = np.clip(gap / half_step, -1.0, 1.0)
    # The mean sign under the kernel of each row: the smoothed signs at the values.
    met = smooth(transform(sign[np.newaxis]), sigma)[0]
    signed = np.interp(t.values, np.linspace(0.0, 1.0, met.size), met)
    return spread_out(centred(t, signed * (t.values - 1.0), signed * t.values), tally, t)


@metric(
    "Smooth ECE",
    better="lower",
    range=SHARE,
    interval=Folded(stream=6),
    influence=_influence_of_smooth_ece,
    caution=Caution(0.85),
    scored=False,
    place=7,
)
def smooth_ece(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    r"""Return the smooth calibration error, the ECE without bins.

    Returns
    -------
    float
        In [0, 1], 0 is perfect. If all gaps have the same sign, it is the absolute mean gap. Like
        the ECE, it is above 0 for a calibrated model at small n.

    Notes
    -----
    With the Gaussian kernel K of width :math:`\sigma`, reflected at 0 and 1,

    .. math:: \mathrm{smECE}_\sigma = \int_0^1
       \Big| \frac1n \sum_i K_\sigma(t, c_i) (y_i - c_i) \Big| \, dt

    the result is the value for which :math:`\mathrm{smECE}_\sigma = \sigma`. It is unique, because
    a wider kernel never gives a larger error. Błasiok and Nakkiran, ICLR 2024. All mirror images of
    the kernel are counted, so that no mass is lost at any width, and a row at exactly 0 or 1 counts
    as much as any other. The result is within 1e-5 of the directly computed integral. No kernel is
    narrower than 1/1024; for smaller values the result is the error at this width.

    The authors' package relplot 1.0.3 counts rows at exactly 0 and 1 half, which changed results by
    up to .17, and cuts the kernel off half a unit from its centre, which changed results above .3
    by up to .39 and results below .15 by up to .0012 (docs/metrics/calibration.md).

    If each confidence moves by at most d, the result moves by at most
    :math:`d \, (1 + 0.8 \, r / s)`, with r the mean of :math:`|y_i - c_i|` and s the larger of the
    two results. So d = .001 moves it by at most .01 if s is .09 or more, and by at most .03 near 0.

    Gaps of opposite sign cancel if they are closer together than the kernel is wide, as in a bin.

    Examples
    --------
    >>> round(smooth_ece([0.9, 0.9, 0.9, 0.9], [1, 0, 1, 0]), 4)
    0.4
    >>> c, y = [0.499, 0.501] * 50, [0, 1] * 50
    >>> round(smooth_ece(c, y), 3)  # calibrated up to 0.001, but bins split the pairs
    0.02
    >>> from caopd_bench.metrics import ece
    >>> round(ece(c, y), 3)
    0.499
    """
    width = values.size
    count = (right + wrong).astype(np.float64).reshape(-1, width)
    gaps = (count * values - right.reshape(-1, width)) / count.sum(axis=1, keepdims=True)
    # Smoothing is linear: with few values, smooth each value once and combine the results.
    step = len(gaps) if width < len(gaps) and width <= MOST_ROWS else MOST_ROWS
    found = [_solve(values, gaps[i : i + step]) for i in range(0, len(gaps), step)]
    return np.concatenate(found).reshape(right.shape[:-1])
