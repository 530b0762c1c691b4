"""Score intervals for AUROC, SPR and tie rate of independent rows.

The usual variance of such a share of pairs is estimated from how rows differ within a class. It is
0 when right and wrong answers are perfectly separated, and poor when a class has few rows, so it
is blended here with the variance that a model of the pairs gives at the hypothesised value.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from caopd_bench.metrics.intervals.limits import Limits, add_rows, normal_quantile
from caopd_bench.metrics.points.ranking import auroc, spr, tie_rate
from caopd_bench.metrics.rows.tally import Tally

PRIOR_ROWS = 10.0  # the model counts as much as that many rows in the smaller class
STEPS = 60  # halvings

_POINT = {"auroc": auroc, "spr": spr, "tie_rate": tie_rate}
# What a right answer scores against a wrong one that was stated lower, and alike.
_SCORES = {"auroc": (1.0, 0.5), "spr": (1.0, 0.0), "tie_rate": (0.0, 1.0)}


def ranking_limits(name: str, tally: Tally, level: float = 0.95) -> Limits:
    r"""Return limits for a share of the pairs of a right and a wrong answer.

    Parameters
    ----------
    name : {"auroc", "spr", "tie_rate"}
    tally : Tally
        Independent rows, right and wrong ones, with two or more stated confidences.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    Limits
        Inside [0, 1], around the estimate; never of zero width.

    Notes
    -----
    All t with :math:`(\hat t - t)^2 \le z^2 (w M(t) + (1 - w) D)`, where
    :math:`w = 10 / (10 + \min(m, n))` for m right and n wrong rows. D is the variance of DeLong,
    DeLong and Clarke-Pearson, Biometrics 44 (1988), after
    :func:`~caopd_bench.metrics.intervals.limits.add_rows`. For AUROC, M is that of method 5 of
    Newcombe, Statistics in Medicine 25 (2006); for the others the largest possible,
    :math:`t (1 - t) / \min(m, n)`.

    Simulated coverage at 0.95, 48 populations and n from 20 to 2000: AUROC at least 0.90, median
    0.96; SPR at least 0.91, median 0.97; tie rate at least 0.93, median above 0.99.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> separated = tally([0.9] * 10 + [0.5] * 10, [1] * 10 + [0] * 10)
    >>> limits = ranking_limits("auroc", separated)
    >>> round(limits.low, 2), limits.high
    (0.87, 1.0)
    """
    estimate = _POINT[name](tally)
    model = hanley_mcneil(tally) if name == "auroc" else _largest(tally)
    smaller = min(tally.n_right, tally.n_wrong)
    weight = PRIOR_ROWS / (PRIOR_ROWS + smaller)
    rest = (1.0 - weight) * _placement_variance(name, tally)
    z2 = normal_quantile(level) ** 2
    return score_limits(estimate, lambda t: z2 * (weight * model(t) + rest))


def score_limits(estimate: float, variance: Callable[[float], float]) -> Limits:
    """Return all t in [0, 1] with (estimate - t)^2 <= variance(t)."""

    def rejected(t: float) -> bool:
        return (estimate - t) ** 2 > variance(t)

    return Limits(_last(rejected, estimate, 0.0), _last(rejected, estimate, 1.0))


def _last(rejected: Callable[[float], bool], inside: float, end: float) -> float:
    """Return the value farthest from ``inside`` towards ``end`` that is not rejected."""
    if not rejected(end):
        return end
    outside = end
    for _ in range(STEPS):
        middle = (inside + outside) / 2.0
        if rejected(middle):
            outside = middle
        else:
            inside = middle
    return inside


def hanley_mcneil(tally: Tally) -> Callable[[float], float]:
    """Return the variance that an AUROC of t has in the exponential model, as Newcombe has it."""
    m, n = float(tally.n_right), float(tally.n_wrong)
    extra = (m + n) / 2.0 - 1.0

    def variance(t: float) -> float:
        return t * (1.0 - t) / (m * n) * (1.0 + extra * ((1.0 - t) / (2.0 - t) + t / (1.0 + t)))

    return variance


def _largest(tally: Tally) -> Callable[[float], float]:
    smaller = float(min(tally.n_right, tally.n_wrong))
    return lambda t: t * (1.0 - t) / smaller


def _placement_variance(name: str, tally: Tally) -> float:
    """Variance from the mean score of each right row and of each wrong row."""
    lower, alike = _SCORES[name]
    right, wrong = add_rows(tally.right, tally.wrong)
    m, n = float(right.sum()), float(wrong.sum())
    of_right = (lower * (np.cumsum(wrong) - wrong) + alike * wrong) / n
    of_wrong = (lower * (m - np.cumsum(right)) + alike * right) / m
    mean = float((right * of_right).sum()) / m
    spread_right = float((right * (of_right - mean) ** 2).sum()) / m
    spread_wrong = float((wrong * (of_wrong - mean) ** 2).sum()) / n
    return spread_right / m + spread_wrong / n
