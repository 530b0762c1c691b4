"""Conversion of clustered rows to fewer independent ones, by the design effect of a metric.

K samples of one question carry less information than K questions. How much less depends on the
metric: a question may be worth little more than one row for the mean confidence, and nearly K rows
for the AUROC. The design effect is the variance of a metric from sums over whole clusters, divided
by its variance if rows were independent. An interval for independent rows is then used with the
counts divided by the design effect, which preserves its allowance for unobserved outcomes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.intervals.influence import influence
from caopd_bench.metrics.limits.student import normal_quantile, student_quantile
from caopd_bench.metrics.rows.counting import ClusterCounts, FloatArray
from caopd_bench.metrics.rows.tally import Tally

FEWEST_ROWS = 2.0
PRIOR_CLUSTERS = 0.5  # weight of the largest design effect, in clusters


class ClusterSums(NamedTuple):
    """The sum of the influences and the number of rows of each cluster."""

    influence: FloatArray
    rows: NDArray[np.int64]


def cluster_sums(
    clusters: ClusterCounts, if_right: FloatArray, if_wrong: FloatArray
) -> ClusterSums:
    """Sum the influences (u,) of right and wrong rows over each cluster."""
    entry = clusters.right * if_right[clusters.value] + clusters.wrong * if_wrong[clusters.value]
    size = clusters.labels.size
    rows = np.bincount(clusters.cluster, clusters.right + clusters.wrong, minlength=size)
    sums = np.bincount(clusters.cluster, entry, minlength=size).astype(np.float64)
    return ClusterSums(sums, rows.astype(np.int64))


def design_effect(sums: ClusterSums, squares: float) -> float:
    r"""Return the factor by which clusters inflate the variance of a metric; 1 for single rows.

    Parameters
    ----------
    sums : ClusterSums
        Sums over two or more clusters of influences that add up to 0.
    squares : float
        Sum of the squared influences over all rows.

    Returns
    -------
    float
        1 or more: clusters are never assumed to have less variance than independent rows.

    Notes
    -----
    .. math:: \frac{e q + D / 2}{e + 1 / 2},\quad
       q = \frac{G / (G - 1)}{n / (n - 1)} \frac{\sum_g S_g^2}{\sum_i \psi_i^2},\quad
       e = \frac{(\sum_g S_g^2)^2}{\sum_g S_g^4}

    for sums S of the influences :math:`\psi` over G clusters of n rows. D = sum of squared cluster
    sizes / n would be the design effect if all rows of a cluster were alike. A few clusters may
    determine the variance, such as the only one with a wrong answer; e is their effective number,
    and D allows for outcomes that the other clusters could have had. If all influences are 0, the
    result is D.

    Examples
    --------
    >>> pairs = ClusterSums(np.array([2.0, -2.0] * 50), np.full(100, 2))
    >>> round(design_effect(pairs, 200.0), 2)
    2.01
    """
    groups, n = sums.rows.size, float(sums.rows.sum())
    largest = float((sums.rows.astype(np.float64) ** 2).sum()) / n
    between = float((sums.influence**2).sum())
    if min(between, squares) <= 1e-24 * n:
        return largest
    ratio = between / squares * (groups / (groups - 1.0)) / (n / (n - 1.0))
    telling = between**2 / float((sums.influence**4).sum())
    blend = (telling * ratio + PRIOR_CLUSTERS * largest) / (telling + PRIOR_CLUSTERS)
    return max(blend, 1.0)


def independent_worth(name: str, tally: Tally, level: float = 0.95) -> Tally:
    """Return a smaller tally of independent rows that carries as much information on a metric.

    Parameters
    ----------
    name : str
        A name in :data:`METRICS`; the metric must be defined for this tally.
    tally : Tally
        It has two or more clusters; a tally without clusters is returned unchanged.
    level : float, default 0.95
        Level of the interval to be computed from the result, see :func:`shrink`.

    Returns
    -------
    Tally
        The same shares of rows, hence the same value of the metric, with fewer rows in all.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> question = np.repeat(np.arange(100), 8)  # eight samples of each, all alike
    >>> t = tally(np.full(800, 0.9), question % 2, cluster=question)
    >>> round(independent_worth("accuracy", t).n, 1)
    96.7
    """
    if tally.clusters is None:
        return tally
    if_right, if_wrong = influence(name, tally)
    sums = cluster_sums(tally.clusters, if_right, if_wrong)
    effect = design_effect(sums, squared_influence(tally, if_right, if_wrong))
    return shrink(tally, effect, sums.rows.size, level)


def standard_error(name: str, tally: Tally) -> float:
    r"""Return the standard error of a metric in closed form, for rows or whole clusters.

    :math:`\sqrt{\sum_i \psi_i^2} / n`, or :math:`\sqrt{\sum_g S_g^2} / n` for the sums S of the
    influences over clusters. Replicates of :func:`resample` have this standard deviation, up to
    terms of a higher order in 1 / n.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> standard_error("accuracy", tally([0.9] * 100, [1] * 50 + [0] * 50))
    0.05
    """
    if_right, if_wrong = influence(name, tally)
    if tally.clusters is None:
        squares = squared_influence(tally, if_right, if_wrong)
    else:
        squares = float((cluster_sums(tally.clusters, if_right, if_wrong).influence ** 2).sum())
    return float(np.sqrt(squares)) / float(tally.n)


def shrink(tally: Tally, effect: float, groups: int, level: float) -> Tally:
    """Return a tally of independent rows that are worth as much as the clustered ones.

    Divides counts by the design effect, and then further, so that intervals with normal quantiles
    reach as far as Student's with ``groups`` - 1 degrees of freedom: Korn and Graubard, Survey
    Methodology 24 (1998). At least two rows remain, which carry hardly any information. The result
    is weighted and has no clusters.
    """
    if groups >= tally.n:
        return Tally(*tally.cells)
    scale = shrink_scale(float(tally.n), effect, groups, level)
    return Tally(tally.values, tally.right * scale, tally.wrong * scale)


def shrink_scale(rows: float, effect: float, groups: int, level: float) -> float:
    """Return the factor by which :func:`shrink` multiplies the counts."""
    scale = (normal_quantile(level) / student_quantile(level, groups)) ** 2 / effect
    return max(scale, FEWEST_ROWS / rows)


def squared_influence(tally: Tally, if_right: FloatArray, if_wrong: FloatArray) -> float:
    """Return the sum of squared influences over all rows."""
    counts: NDArray[Any] = tally.right * if_right**2 + tally.wrong * if_wrong**2
    return float(counts.sum())
