"""A score interval for the AUROC over pairs that share a group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from caopd_bench.metrics.intervals.clusters import (
    ClusterSums,
    cluster_sums,
    design_effect,
    shrink,
    squared_influence,
)
from caopd_bench.metrics.intervals.interval import (
    NAN,
    ONE_CLUSTER,
    ONE_VALUE,
    ONE_VALUE_EACH,
    ROUNDING,
    WEIGHTED,
    Interval,
)
from caopd_bench.metrics.limits.ordered_pairs import PRIOR_ROWS, hanley_mcneil, score_limits
from caopd_bench.metrics.limits.student import Limits, normal_quantile
from caopd_bench.metrics.points.ranking import auroc_within, check_groups
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.seeds import check_level
from caopd_bench.metrics.rows.tally import Tally


def bootstrap_within(tallies: Iterable[Tally], *, level: float = 0.95) -> Interval:
    """Return an interval for :func:`auroc_within`, in closed form.

    Parameters
    ----------
    tallies : iterable of Tally
        One tally per group. Clusters of different groups count as different clusters.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    Interval
        See :func:`within_limits`; NaN with a reason if no group has both right and wrong answers,
        if no group has two stated values, or if there is only one cluster.

    Raises
    ------
    ValueError
        If there is no tally, one is weighted, or the level is invalid.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> groups = [tally([0.9, 0.8] * 20, [1, 0, 1, 1] * 10), tally([0.4, 0.2] * 20, [1, 0] * 20)]
    >>> i = bootstrap_within(groups)
    >>> i.low < i.estimate < i.high
    True
    """
    groups = check_groups(tallies)
    check_level(level)
    if any(group.weighted for group in groups):
        raise ValueError(WEIGHTED)
    estimate, n = auroc_within(groups), int(sum(group.n for group in groups))
    clustered = _draws(groups) < n
    method = "cluster score" if clustered else "score"
    reason = ""
    if np.isnan(estimate):
        reason = "no group has both right and wrong answers"
    elif all(group.values.size == 1 for group in groups if _pairs(group)):
        is_one = len({float(group.values[0]) for group in groups if _pairs(group)}) == 1
        reason = ONE_VALUE if is_one else ONE_VALUE_EACH
    elif clustered and _draws(groups) == 1:
        reason = ONE_CLUSTER
    if reason:
        return Interval(estimate, NAN, NAN, level, n, method, NAN, reason=reason)
    low, high = within_limits(within_worth(groups, level), level)
    low, high = min(low, estimate), max(high, estimate)
    error = float(np.sqrt(_squares(groups, clusters=True))) / _all_pairs(groups)
    return Interval(estimate, low, high, level, n, method, error if error > ROUNDING else NAN)


def within_limits(groups: Sequence[Tally], level: float = 0.95) -> Limits:
    r"""Return limits for :func:`auroc_within`.

    Parameters
    ----------
    groups : sequence of Tally
        Groups of independent rows; at least one has both right and wrong answers.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    Limits
        Inside [0, 1], around the estimate; never of zero width.

    Notes
    -----
    The method is that of :func:`~caopd_bench.metrics.limits.ordered_pairs.pair_limits`, summed over
    groups: the model variance of group g has the weight :math:`(P_g / P)^2`, where :math:`P_g / P`
    is its share of the pairs, and the observed variance is that of :func:`within_influence` after
    one right and one wrong row were spread over all rows of all groups.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> separated = tally([0.9] * 10 + [0.5] * 10, [1] * 10 + [0] * 10)
    >>> limits = within_limits([separated, separated])
    >>> round(limits.low, 2), limits.high
    (0.94, 1.0)
    """
    estimate = auroc_within(groups)
    n = sum(float(group.n) for group in groups)
    extended = []
    for group in groups:
        added = (group.right + group.wrong) / n
        extended.append(Tally(group.values, group.right + added, group.wrong + added))
    observed = _squares(extended) / _all_pairs(extended) ** 2
    models = [(_pairs(group), hanley_mcneil(group)) for group in groups if _pairs(group)]
    # fsum, because sum() rounds differently in Python 3.12 and in 3.11.
    total = math.fsum(pairs for pairs, _ in models)
    smaller = sum(min(group.n_right, group.n_wrong) for group in groups)
    weight = PRIOR_ROWS / (PRIOR_ROWS + smaller)
    z2 = normal_quantile(level) ** 2

    def variance(t: float) -> float:
        model = math.fsum((pairs / total) ** 2 * of_group(t) for pairs, of_group in models)
        return z2 * (weight * model + (1.0 - weight) * observed)

    return score_limits(estimate, variance)


def within_influence(groups: Sequence[Tally]) -> list[tuple[FloatArray, FloatArray]]:
    """Return the influence of a right and of a wrong row at each value, for each group.

    These are influences on ``auroc_within`` times the number of pairs, with the number of rows of
    each group held fixed: they add up to 0 in every group.
    """
    estimate = auroc_within(groups)
    result = []
    for group in groups:
        right, wrong = group.right.astype(np.float64), group.wrong.astype(np.float64)
        m, n = float(right.sum()), float(wrong.sum())
        of_right = np.cumsum(wrong) - wrong / 2.0 - estimate * n
        of_wrong = m - np.cumsum(right) + right / 2.0 - estimate * m
        mean = float((right * of_right + wrong * of_wrong).sum()) / (m + n)
        result.append((of_right - mean, of_wrong - mean))
    return result


def within_worth(groups: Sequence[Tally], level: float = 0.95) -> list[Tally]:
    """Return groups of independent rows that are worth as much as the clustered ones.

    All groups share one design effect, see :mod:`caopd_bench.metrics.intervals.clusters`. Groups
    without clusters are returned unchanged.
    """
    if all(group.clusters is None for group in groups):
        return [*groups]
    influences = within_influence(groups)
    parts = [_sums(group, *influence) for group, influence in zip(groups, influences, strict=True)]
    sums = ClusterSums(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    effect = design_effect(sums, _squares(groups))
    count, n = sums.rows.size, sum(float(group.n) for group in groups)
    return [shrink(group, effect, count, level) if count < n else group for group in groups]


def _sums(group: Tally, if_right: FloatArray, if_wrong: FloatArray) -> ClusterSums:
    if group.clusters is not None:
        return cluster_sums(group.clusters, if_right, if_wrong)
    rows = np.concatenate([group.right, group.wrong])
    influence = np.repeat(np.concatenate([if_right, if_wrong]), rows)
    return ClusterSums(influence, np.ones(influence.size, dtype=np.int64))


def _squares(groups: Sequence[Tally], clusters: bool = False) -> float:
    """Sum the squared influences over rows, or over clusters in groups that have them."""
    total = 0.0
    for group, influence in zip(groups, within_influence(groups), strict=True):
        if clusters and group.clusters is not None:
            total += float((cluster_sums(group.clusters, *influence).influence ** 2).sum())
        else:
            total += squared_influence(group, *influence)
    return total


def _draws(groups: Sequence[Tally]) -> int:
    """Count the independent units: clusters, or rows in groups without clusters."""
    return sum(
        int(group.n) if group.clusters is None else group.clusters.labels.size for group in groups
    )


def _all_pairs(groups: Sequence[Tally]) -> float:
    return math.fsum(_pairs(group) for group in groups)


def _pairs(group: Tally) -> float:
    return float(group.n_right) * float(group.n_wrong)
