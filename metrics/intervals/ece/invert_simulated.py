"""Test inversion by simulation, for binned errors that noise can only raise, like the ECE.

:func:`~caopd_bench.metrics.ece_interval` does the same for the ECE, for which more is known in
closed form. The L2 norm and the over-confident part have the same upward bias, and the coverage of
their percentiles is as low.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.registry import METRICS
from caopd_bench.metrics.rows.binning import bin_index, bin_sums
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally

BINS = 10
DRAWS = 2000
STEPS = 14  # bisections
SLACK = 1e-12
CLEAR = 2.0  # a gap is treated as real from this number of standard deviations on
REACH = 8.0  # largest distance of the upper limit, in standard deviations


class FoldedLimits(NamedTuple):
    """The two ends of an interval, and the debiased estimate."""

    low: float
    high: float
    debiased: float


def folded_limits(name: str, tally: Tally, level: float = 0.95) -> FoldedLimits:
    r"""Return limits for a binned error, and its debiased value.

    Parameters
    ----------
    name : {"ece_l2", "over_ece"}
    tally : Tally
        Independent rows.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    FoldedLimits
        0 <= low <= debiased <= estimate <= high. A lower limit of 0 means "not distinguishable
        from calibrated".

    Notes
    -----
    Each bin is replaced by a single value, its mean confidence. A hypothesis assigns each bin an
    accuracy; it is represented by 2000 samples with multinomial numbers of rows per bin and normal
    numbers of right answers, always from the same random numbers. Gaps d of variance v move along
    :math:`\max(|d| - \lambda v, 0)`. The debiased value is that of the hypothesis whose mean is the
    estimate. The lower limit moves only gaps above two standard deviations, with the others at 0,
    until a sample is as large as the estimate with probability (1 - level) / 2. The upper limit
    starts at the debiased gaps and widens them until a sample is as small as the estimate with that
    probability, or as the mean of a calibrated model if that is larger.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> limits = folded_limits("over_ece", tally([0.9] * 100, [1] * 60 + [0] * 40))
    >>> round(limits.low, 1), round(limits.high, 1)
    (0.2, 0.4)
    """
    estimate = float(METRICS[name].cells(*tally.cells))
    bins = _one_value_a_bin(tally)
    rows, count = max(round(tally.n), 1), bins.right + bins.wrong
    share = count / count.sum()
    gap = bins.values - bins.right / count

    def binomial(p: FloatArray) -> FloatArray:
        """Return p (1 - p) with p shrunk by half a row each way, so that it is never 0."""
        p = (share * rows * p + 0.5) / (share * rows + 1.0)
        return np.asarray(p * (1.0 - p))

    variance = binomial(bins.right / count) / (share * rows)
    deviation = np.sqrt(variance)
    # A gap that may be noise widens towards the side that counts, or the one with more room.
    roomier = np.where((bins.values >= 0.5) | (name == "over_ece"), 1.0, -1.0)
    sign = np.where(np.abs(gap) < deviation, roomier, np.where(gap < 0.0, -1.0, 1.0))
    observed = np.where(gap < 0.0, -1.0, 1.0)
    alpha = 1.0 - level

    def accuracies(gaps: FloatArray) -> FloatArray:
        return np.clip(bins.values - gaps, 0.0, 1.0)

    def value(gaps: FloatArray) -> float:
        p = accuracies(gaps)
        return float(METRICS[name].cells(bins.values, share * p, share * (1.0 - p)))

    rng = np.random.default_rng(1)
    count_drawn = rng.multinomial(rows, share, size=DRAWS).astype(np.float64)
    noise = rng.standard_normal(count_drawn.shape)

    def draw(gaps: FloatArray) -> NDArray[np.float64]:
        p = accuracies(gaps)
        right = count_drawn * p + np.sqrt(count_drawn * binomial(p)) * noise
        right = np.clip(right, 0.0, count_drawn)
        return np.asarray(METRICS[name].cells(bins.values, right, count_drawn - right))

    weight = variance / variance.max()
    size = np.abs(gap)
    steepest = float((size / weight).max()) + SLACK
    reach = REACH * float(deviation.max())

    def shrunk(amount: float) -> FloatArray:
        return np.asarray(observed * np.maximum(size - amount * weight, 0.0))

    calibrated = draw(np.zeros_like(gap))
    amount = _first(lambda x: bool(draw(shrunk(x)).mean() <= estimate), 0.0, steepest)
    base = shrunk(amount)

    clear = (size > CLEAR * deviation) | (size / deviation >= (size / deviation).max())

    def below(amount: float) -> FloatArray:
        return np.where(clear, observed * np.maximum(size - amount * weight, 0.0), 0.0)

    def too_small(gaps: FloatArray) -> bool:
        return bool(np.mean(draw(gaps) >= estimate - SLACK) <= alpha / 2.0)

    low = 0.0
    if np.mean(calibrated >= estimate - SLACK) <= alpha / 2.0:
        low = value(below(_first(lambda x: too_small(below(x)), -reach, steepest)))

    ceiling = max(estimate, float(calibrated.mean())) + SLACK

    def above(amount: float) -> FloatArray:
        return np.asarray(sign * (np.abs(base) + amount * weight))

    def too_large(gaps: FloatArray) -> bool:
        return bool(np.mean(draw(gaps) <= ceiling) <= alpha / 2.0)

    high = value(above(_first(lambda x: too_large(above(x)), 0.0, reach)))
    debiased = min(value(base), estimate)
    return FoldedLimits(min(low, debiased), max(high, estimate), debiased)


def _one_value_a_bin(tally: Tally) -> Tally:
    """Return a tally with one value per bin, which has the same binned errors."""
    index = bin_index(tally.values, BINS)
    count = tally.right + tally.wrong
    right, wrong = bin_sums(tally.right, index), bin_sums(tally.wrong, index)
    return Tally(bin_sums(count * tally.values, index) / (right + wrong), right, wrong)


def _first(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Return the smallest x in (low, high] from which the monotone ``holds`` is true."""
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        if holds(middle):
            high = middle
        else:
            low = middle
    return high
