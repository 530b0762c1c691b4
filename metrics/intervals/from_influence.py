"""Intervals for metrics that are smooth in the counts: Student's, corrected for skewness.

Losses of confident answers are very skewed: nearly all are tiny, and a few large ones determine the
mean. Percentiles of the bootstrap then do not extend far enough towards the rare losses.
"""

from __future__ import annotations

import numpy as np

from caopd_bench.metrics.intervals.clusters import squared_influence
from caopd_bench.metrics.intervals.influence import influence
from caopd_bench.metrics.limits.skewed import skew_corrected
from caopd_bench.metrics.limits.student import Limits, add_rows, student_quantile
from caopd_bench.metrics.registry import METRICS, within_range
from caopd_bench.metrics.rows.tally import Tally

TINY = 1e-24  # mean square up to which influences differ by rounding only


def influence_limits(name: str, tally: Tally, level: float = 0.95) -> Limits:
    r"""Return limits for a metric whose influences :func:`influence` returns.

    Parameters
    ----------
    name : str
        A name in :data:`METRICS`; the metric must not use absolute values or be close to a bound.
    tally : Tally
        Two or more independent rows.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    Limits
        Around the estimate, inside the range of the metric. They coincide if all influences are
        equal.

    Notes
    -----
    First, one right and one wrong row are spread over the stated confidences
    (:func:`~caopd_bench.metrics.limits.student.add_rows`), except where an added row would make the
    metric infinite. The limits are the metric of these rows plus and minus Student's quantile times
    :math:`\sqrt{\sum_i \psi_i^2} / N`, corrected for the skewness of the influences :math:`\psi`
    as in :func:`~caopd_bench.metrics.limits.skewed.skew_corrected`.

    Simulated coverage at 0.95, cells of distribution, truth and n: log score (n from 20 to 2000) at
    least 0.90, average precision 0.88, AURC and excess AURC (n from 50 to 500) 0.87 and 0.89;
    medians 0.96 to 0.97. Brier skill falls short where a class has a handful of rows: down to 0.62
    with 20 rows, 0.78 with 50, median 0.96.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> limits = influence_limits("log_score", tally([0.95] * 20, [0] + [1] * 19))
    >>> round(limits.low, 2), round(limits.high, 2)
    (0.04, 1.9)
    """
    extended = _extended(name, tally)
    rows = float(extended.n)
    if_right, if_wrong = influence(name, extended)
    squares = squared_influence(extended, if_right, if_wrong)
    estimate = float(METRICS[name].cells(*tally.cells))
    if squares <= TINY * rows:
        return Limits(estimate, estimate)
    centre = float(METRICS[name].cells(*extended.cells))
    cubes = float((extended.right * if_right**3 + extended.wrong * if_wrong**3).sum())
    variance = squares / (rows - 1.0)
    skewness = cubes / rows / variance**1.5
    below, above = skew_corrected(skewness, rows, student_quantile(level, float(tally.n)))
    error = float(np.sqrt(variance / rows))
    low, high = within_range(name, centre - below * error, centre + above * error)
    return Limits(min(low, estimate), max(high, estimate))


def _extended(name: str, tally: Tally) -> Tally:
    right, wrong = add_rows(tally.right, tally.wrong)
    if METRICS[name].infinite:  # an added row stated at 0 or 1 could be refuted
        right = np.where(tally.values > 0.0, right, tally.right)
        wrong = np.where(tally.values < 1.0, wrong, tally.wrong)
    return Tally(tally.values, right, wrong)
