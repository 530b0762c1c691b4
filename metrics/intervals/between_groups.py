"""Discrimination between groups: the AUROC over pairs of answers from different groups.

If each question was sampled several times, there are two kinds of pairs of a right and a wrong
answer: from one question (does the model know *which of its attempts* is right? `auroc_within`) and
from two questions (does it know which questions it can answer? `auroc_between`). A model that
states one number per question can discriminate only between questions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from caopd_bench.metrics.intervals.interval import NAN, ROUNDING, WEIGHTED, Interval
from caopd_bench.metrics.limits.student import normal_quantile
from caopd_bench.metrics.points.ranking import check_groups
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.seeds import check_level
from caopd_bench.metrics.rows.tally import Tally

__all__ = ["auroc_between", "bootstrap_between"]


def auroc_between(tallies: Iterable[Tally]) -> float:
    r"""Return the AUROC over pairs from different groups.

    Parameters
    ----------
    tallies : iterable of Tally
        One tally per group, such as a question that was sampled several times.

    Returns
    -------
    float
        In [0, 1]; NaN if no pair of a right and a wrong answer is from two groups.

    Raises
    ------
    ValueError
        If there is no tally.

    Notes
    -----
    .. math:: \Big(C + T / 2 - \sum_g (C_g + T_g / 2)\Big) \Big/ \Big(P - \sum_g P_g\Big)

    with concordant pairs C, tied pairs T and all pairs P, of all rows and of group g.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> easy = tally([0.9, 0.9, 0.9], [1, 1, 0])
    >>> hard = tally([0.2, 0.2, 0.2], [0, 0, 1])
    >>> auroc_between([easy, hard])  # 4 of 5 pairs of an easy and a hard answer
    0.8
    """
    ranked, pairs = _touching(check_groups(tallies))
    total = pairs.sum()
    return float(ranked.sum() / total) if total else NAN


def bootstrap_between(tallies: Iterable[Tally], *, level: float = 0.95) -> Interval:
    r"""Return an interval for :func:`auroc_between`, in closed form.

    Parameters
    ----------
    tallies : iterable of Tally
        One tally per group. Groups are the sampling unit; their rows need not be independent.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    Interval
        Normal limits on the scale of log-odds; NaN with a reason if the estimate is undefined, 0 or
        1, or if fewer than ten groups have a right answer or fewer than ten a wrong one, because
        coverage was then far too low in simulations.

    Raises
    ------
    ValueError
        If there is no tally, one is weighted, or the level is invalid.

    Notes
    -----
    The estimate A = N / D is a ratio of sums over pairs of groups. With n_g and d_g the parts of
    N and D from pairs that involve group g, its variance is that of the projection on the groups:
    :math:`\frac{G}{G - 1} \sum_g (n_g - A d_g)^2 / D^2`.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> groups = [tally([0.1 * q] * 4, [i < q % 5 for i in range(4)]) for q in range(1, 10)] * 2
    >>> i = bootstrap_between(groups)
    >>> i.low < i.estimate < i.high
    True
    """
    groups = check_groups(tallies)
    check_level(level)
    if any(group.weighted for group in groups):
        raise ValueError(WEIGHTED)
    n = int(sum(group.n for group in groups))
    ranked, pairs = _touching(groups)
    total = pairs.sum() / 2  # each pair of rows touches two groups
    estimate = float(ranked.sum() / 2 / total) if total else NAN
    count = len(groups)
    fewest, kind = min(
        (sum(bool(group.right.any()) for group in groups), "right"),
        (sum(bool(group.wrong.any()) for group in groups), "wrong"),
    )
    reason = ""
    if math.isnan(estimate):
        reason = "no two questions have a right and a wrong answer between them"
    elif count < MIN_GROUPS:
        reason = f"{count} questions: too few for an interval"
    elif fewest < MIN_GROUPS:
        reason = f"{fewest} questions have a {kind} sample: too few for an interval"
    error = NAN
    if not reason:
        squares = float(((ranked - estimate * pairs) ** 2).sum())
        error = math.sqrt(count / (count - 1) * squares) / float(total)
        if estimate <= ROUNDING or estimate >= 1 - ROUNDING or error <= ROUNDING:
            reason = "all pairs are ordered alike"
    if reason:
        return Interval(estimate, NAN, NAN, level, n, METHOD, NAN, reason=reason)
    centre = math.log(estimate / (1 - estimate))
    half = normal_quantile(level) * error / (estimate * (1 - estimate))
    low, high = (1 / (1 + math.exp(-(centre + side * half))) for side in (-1, 1))
    return Interval(estimate, low, high, level, n, METHOD, error)


METHOD = "cluster normal"
MIN_GROUPS = 10


def _touching(groups: list[Tally]) -> tuple[FloatArray, FloatArray]:
    """Count, for each group, the pairs with one answer in it and one outside: (ranked, all)."""
    values = np.unique(np.concatenate([group.values for group in groups]))
    right, wrong = np.zeros(values.size), np.zeros(values.size)
    places = [np.searchsorted(values, group.values) for group in groups]
    for group, place in zip(groups, places, strict=True):
        right[place] += group.right
        wrong[place] += group.wrong
    # For a right answer at each value, the wrong answers below it, with ties counted half; for a
    # wrong answer, the right answers above it.
    below = np.cumsum(wrong) - wrong / 2
    above = right.sum() - np.cumsum(right) + right / 2
    ranked, pairs = np.empty(len(groups)), np.empty(len(groups))
    for i, (group, place) in enumerate(zip(groups, places, strict=True)):
        mine, theirs = group.right.astype(float), group.wrong.astype(float)
        inside = float(mine @ (np.cumsum(theirs) - theirs / 2))
        ranked[i] = mine @ below[place] + theirs @ above[place] - 2 * inside
        r, w = mine.sum(), theirs.sum()
        pairs[i] = r * wrong.sum() + w * right.sum() - 2 * r * w
    return ranked, pairs
