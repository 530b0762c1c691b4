"""The cheapest cut, given the costs of a wrong answer and of asking a person."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from caopd_bench.metrics.rows.seeds import check_level
from caopd_bench.metrics.rows.tally import Tally, as_tally
from caopd_bench.metrics.selection import clustered
from caopd_bench.metrics.selection.result import NAN, Outcome, whole_rows
from caopd_bench.metrics.selection.sequence import Cuts, cuts_of
from caopd_bench.metrics.selection.tails import FloatArray, upper_limits

#: The cuts examined. They are fixed before any row is seen, and share the error rate.
COST_CUTS = (
    *(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8),
    *(0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 1.0),
)
METHOD = "limits at 20 fixed cuts, error rate shared"


@dataclass(frozen=True)
class CostThreshold:
    """The cut with the lowest guaranteed cost.

    Attributes
    ----------
    outcome : str
        "CERTIFIED": acting without a person at or above the cut is shown to cost less per answer
        than always asking a person. "INCONCLUSIVE": this is not shown.
    cut : float
        NaN unless certified.
    cost, cost_bound : float
        Observed mean cost per answer at the cut, and its upper limit at ``level``, which holds
        simultaneously for all cuts; NaN unless certified.
    break_even : float
        ``cost_human / cost_wrong``: the error rate below which answering costs less than asking.
    coverage, risk : float
        Share of the rows that are kept, and share of the kept rows that are wrong.
    n_kept, n : int
        Numbers of kept rows and of all rows.
    reason : str
        Why no cut is certified; empty if one is.
    cost_wrong, cost_human, level, method
        The arguments, and the method used.
    """

    outcome: Outcome
    cut: float
    cost: float
    cost_bound: float
    break_even: float
    coverage: float
    risk: float
    n_kept: int
    n: int
    reason: str
    cost_wrong: float
    cost_human: float
    level: float
    method: str = METHOD


def cheapest_threshold(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    cost_wrong: float,
    cost_human: float,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
) -> CostThreshold:
    r"""Return the cut whose expected cost has the lowest upper limit.

    A kept answer costs ``cost_wrong`` if it is wrong and nothing if it is right; every other
    answer costs ``cost_human``. So it pays to keep an answer if it is wrong with probability
    ``cost_human / cost_wrong`` or less.

    Parameters
    ----------
    confidence, correct, cluster
        As for :func:`certified_threshold`.
    cost_wrong, cost_human : float
        Above 0, in the same unit; ``cost_wrong`` must be the larger one.
    level : float, default 0.95
        Chance that the limits of all cuts hold together.

    Returns
    -------
    CostThreshold

    Raises
    ------
    ValueError
        If rows are invalid or weighted, or the costs are not as described.

    Notes
    -----
    The cuts are those of ``COST_CUTS``, fixed beforehand, each with a share of the error rate. At
    each cut, the share of answers kept and wrong and the share left to a person have exact
    one-sided limits, each with half of the cut's error rate. With clusters, one row of each is
    used at a time, as in :mod:`caopd_bench.metrics.selection.clustered`.

    Examples
    --------
    >>> confidence = [0.99] * 300 + [0.9] * 200 + [0.5] * 100
    >>> correct = [1] * 297 + [0] * 3 + [1] * 190 + [0] * 10 + [1] * 50 + [0] * 50
    >>> found = cheapest_threshold(confidence, correct, cost_wrong=20, cost_human=1)
    >>> found.outcome, found.cut, round(found.cost, 3), round(found.cost_bound, 3)
    ('CERTIFIED', 0.99, 0.6, 0.985)
    """
    _check_prices(cost_wrong, cost_human)
    check_level(level)
    tally = whole_rows(as_tally(confidence, correct, cluster=cluster))
    cuts = cuts_of(tally)
    share = (1.0 - level) / len(COST_CUTS)
    ratio = cost_human / cost_wrong
    bounds = _limits(tally, ratio, share)
    best = len(bounds) - 1 - int(np.argmin(bounds[::-1]))  # the highest of equally good cuts
    cut, bound = COST_CUTS[best], float(bounds[best]) * cost_wrong
    index = int(np.count_nonzero(cuts.value >= cut)) - 1
    outcome: Outcome = "CERTIFIED"
    reason, kept, wrong = "", 0, 0
    cost, coverage, risk = NAN, NAN, NAN
    if index < 0 or bound >= cost_human:
        outcome, cut, bound = "INCONCLUSIVE", NAN, NAN
        reason = f"no cut is shown to cost less than a person each time ({cost_human:g})"
    else:
        kept, wrong = int(cuts.rows[index]), int(cuts.wrong[index])
        cost = (wrong * cost_wrong + (cuts.n - kept) * cost_human) / cuts.n
        coverage, risk = kept / cuts.n, wrong / kept
    return CostThreshold(
        outcome, cut, cost, bound, ratio, coverage, risk, kept, cuts.n, reason,
        float(cost_wrong), float(cost_human), level,
    )  # fmt: skip


def _limits(tally: Tally, ratio: float, error: float) -> FloatArray:
    """Return upper limits of the mean cost at each cut, in units of ``cost_wrong``."""
    if clustered.is_clustered(tally):
        each = [_of_rows(pick, ratio, error / clustered.HALF) for pick in clustered.picks(tally)]
        place = int(np.ceil(len(each) / clustered.HALF))
        return np.asarray(np.sort(np.array(each), axis=0)[place])
    return _of_rows(cuts_of(tally), ratio, error)


def _of_rows(cuts: Cuts, ratio: float, error: float) -> FloatArray:
    at = np.searchsorted(-cuts.value, -np.array(COST_CUTS), side="right") - 1
    kept = np.where(at >= 0, cuts.rows[at], 0)
    wrong = np.where(at >= 0, cuts.wrong[at], 0)
    n = np.full(at.shape, cuts.n)
    asked = upper_limits(n - kept, n, error / 2.0)
    return np.asarray(upper_limits(wrong, n, error / 2.0) + ratio * asked)


def _check_prices(wrong: Any, human: Any) -> None:
    for name, value in (("cost_wrong", wrong), ("cost_human", human)):
        number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value <= 0.0:
            raise ValueError(f"{name} must be a number above 0, got {value!r}")
    if wrong <= human:
        raise ValueError(
            f"cost_wrong must be above cost_human, got {wrong!r} and {human!r}; "
            "a wrong answer that costs no more than a person never needs one"
        )
