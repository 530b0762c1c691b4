"""Tests of whether the risk at a cut stays within its limit on new rows.

The new rows had no part in choosing the cut, so the kept ones are independent rows with one common
risk, and exact binomial tests and limits apply without a sequence or a correction for other cuts.
Both directions are tested, each at the whole error rate: of the checks of a broken limit, at most
``1 - level`` conclude that it is kept, and vice versa. Both conclusions cannot be drawn at once.
With clusters, one row of each is used at a time, as in `clustered`; half of the picks must agree,
each at half of the error rate.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.rows.seeds import check_level
from caopd_bench.metrics.rows.tally import Tally
from caopd_bench.metrics.selection import clustered
from caopd_bench.metrics.selection.result import whole_rows
from caopd_bench.metrics.selection.sequence import Cuts, cuts_of
from caopd_bench.metrics.selection.tails import (
    at_least,
    at_most,
    rows_needed,
    upper_limits,
)

POWER = 0.8  # chance of a decision with the number of rows reported as needed


class Evidence(NamedTuple):
    """Evidence from new rows on whether the risk at a fixed cut is within its limit.

    Attributes
    ----------
    n, kept, wrong : int
        Numbers of rows, of rows at or above the cut, and of wrong rows among these.
    risk : float
        Share of the kept rows that are wrong; NaN if none are kept.
    low, high : float
        Lower and upper limit of the risk, each one-sided at the level.
    p_broken : float
        p-value of "the risk is at most the limit"; a small one shows that the limit is broken.
    p_kept : float
        p-value of "the risk is at least the limit"; a small one shows that the limit is kept.
    clusters : int or None
        Number of clusters, if these are the independent units; None if rows are.
    """

    n: int
    kept: int
    wrong: int
    risk: float
    low: float
    high: float
    p_broken: float
    p_kept: float
    clusters: int | None


class CostNow(NamedTuple):
    """Mean cost of a row with its lower and upper limit, each one-sided at the level."""

    cost: float
    low: float
    high: float


class Kept(NamedTuple):
    """Numbers of rows in one or more picks, of kept rows, and of wrong rows among these."""

    n: NDArray[np.int64]
    kept: NDArray[np.int64]
    wrong: NDArray[np.int64]


def check_cut(tally: Tally | None, cut: float, max_risk: float, *, level: float = 0.95) -> Evidence:
    """Test whether the risk at a cut is at most a limit, on rows not used to choose the cut.

    Parameters
    ----------
    tally : Tally or None
        The rows with a confidence, unweighted; None if there are none. If it has clusters, these
        are independent, not the rows.
    cut : float
        Rows with confidence >= cut are kept.
    max_risk : float
        The limit, in (0, 1).
    level : float, default 0.95
        Confidence level of each limit of the risk.

    Returns
    -------
    Evidence

    Raises
    ------
    ValueError
        If the level is outside (0, 1), the limit is outside [0, 1], or rows are weighted.

    Notes
    -----
    Clopper and Pearson, Biometrika 26 (1934). The limits at ``level`` and the p-values agree:
    ``high <= max_risk`` where ``p_kept <= 1 - level``. A limit of 0 or 1 is tested as well: one
    wrong row breaks the first, and nothing breaks the second.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> rows = tally([0.95] * 200 + [0.5] * 100, [1] * 198 + [0] * 2 + [0] * 100)
    >>> found = check_cut(rows, 0.9, 0.05)
    >>> found.kept, found.wrong, round(found.high, 4), found.p_kept < 0.05
    (200, 2, 0.0311, True)
    """
    check_level(level)
    if not 0.0 <= max_risk <= 1.0:
        raise ValueError(f"max_risk must be between 0 and 1, got {max_risk!r}")
    if tally is None:
        return Evidence(0, 0, 0, math.nan, 0.0, 1.0, 1.0, 1.0, None)
    whole = kept_by(cuts_of(whole_rows(tally)), cut)
    n, kept, wrong = (int(one[0]) for one in whole)
    risk = wrong / kept if kept else math.nan
    error = 1.0 - level
    is_clustered = clustered.is_clustered(tally)
    picks = kept_in_picks(tally, cut) if is_clustered else whole
    each = error / clustered.HALF if is_clustered else error
    return Evidence(
        n,
        kept,
        wrong,
        risk,
        -agreed(-lower_limits(picks.wrong, picks.kept, each)),
        agreed(upper_limits(picks.wrong, picks.kept, each)),
        agreed_p(at_least(picks.wrong, picks.kept, max_risk)),
        0.0 if max_risk >= 1.0 else agreed_p(at_most(picks.wrong, picks.kept, max_risk)),
        int(tally.clusters.labels.size) if is_clustered and tally.clusters is not None else None,
    )


def cost_now(
    tally: Tally | None, cut: float, *, cost_wrong: float, cost_human: float, level: float = 0.95
) -> CostNow:
    """Return the mean cost of a row at a cut: wrong kept rows and rows left out have a cost.

    Parameters
    ----------
    tally, cut, level
        As for :func:`check_cut`.
    cost_wrong, cost_human : float

    Returns
    -------
    CostNow
        The limits combine those of two shares, each with half of the error rate; NaN if no rows.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> rows = tally([0.95] * 200 + [0.5] * 100, [1] * 198 + [0] * 2 + [0] * 100)
    >>> [round(x, 2) for x in cost_now(rows, 0.9, cost_wrong=20, cost_human=1)]
    [0.47, 0.3, 0.87]
    """
    check_level(level)
    if tally is None:
        return CostNow(math.nan, math.nan, math.nan)
    whole = kept_by(cuts_of(whole_rows(tally)), cut)
    is_clustered = clustered.is_clustered(tally)
    picks = kept_in_picks(tally, cut) if is_clustered else whole
    each = (1.0 - level) / 2.0 / (clustered.HALF if is_clustered else 1.0)
    n, left = picks.n, picks.n - picks.kept

    def cost(wrong: NDArray[np.float64], asked: NDArray[np.float64]) -> NDArray[np.float64]:
        return cost_wrong * wrong + cost_human * asked

    high = cost(upper_limits(picks.wrong, n, each), upper_limits(left, n, each))
    low = cost(lower_limits(picks.wrong, n, each), lower_limits(left, n, each))
    mean = cost(whole.wrong / whole.n, (whole.n - whole.kept) / whole.n)
    return CostNow(float(mean[0]), -agreed(-low), agreed(high))


def rows_to_decide(
    tally: Tally | None, cut: float, max_risk: float, *, broken: float, kept: float
) -> int | None:
    """Estimate the total number of rows (clusters, if any) that would probably decide.

    Parameters
    ----------
    tally, cut, max_risk
        As for :func:`check_cut`.
    broken, kept : float
        Error rates of the two tests.

    Returns
    -------
    int or None
        Number of rows, including those given, with which one of the tests rejects with a chance of
        80 %, if each kept row is wrong with the observed probability and the share kept stays the
        same. None if the observed risk equals the limit, or nothing is kept.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> rows = tally([0.95] * 40 + [0.5] * 40, [1] * 39 + [0] * 41)
    >>> rows_to_decide(rows, 0.9, 0.05, broken=0.05, kept=0.05)
    774
    """
    if tally is None:
        return None
    is_clustered = clustered.is_clustered(tally)
    found = kept_in_picks(tally, cut) if is_clustered else kept_by(cuts_of(tally), cut)
    n, keeps, wrong = (float(one.mean()) for one in found)
    units = n
    if is_clustered:
        assert tally.clusters is not None
        units, broken, kept = tally.clusters.labels.size, broken / 2.0, kept / 2.0
    if keeps == 0.0 or not 0.0 < max_risk < 1.0:
        return None
    share = wrong / keeps
    if share < max_risk:
        rows = rows_needed(share, max_risk, kept, POWER)
    else:  # the same test of the right answers
        rows = rows_needed(1.0 - share, 1.0 - max_risk, broken, POWER)
    if math.isinf(rows):
        return None
    return max(math.ceil(rows * units / keeps), int(units) + 1)


def kept_by(cuts: Cuts, cut: float) -> Kept:
    """Count the rows at or above a cut."""
    index = int(np.count_nonzero(cuts.value >= cut)) - 1
    counts = (cuts.n, *((0, 0) if index < 0 else (cuts.rows[index], cuts.wrong[index])))
    return Kept(*(np.array([one], dtype=np.int64) for one in counts))


def kept_in_picks(tally: Tally, cut: float) -> Kept:
    """Count the rows at or above a cut in each pick of one row of every cluster."""
    each = [kept_by(pick, cut) for pick in clustered.picks(tally)]
    return Kept(*(np.concatenate(column) for column in zip(*each, strict=True)))


def lower_limits(
    wrong: NDArray[np.int64], rows: NDArray[np.int64], error: float
) -> NDArray[np.float64]:
    """Return lower limits: 1 less the upper limits of the other rows; 0 where there are no rows."""
    return 1.0 - upper_limits(rows - wrong, rows, error)


def agreed(upper: ArrayLike) -> float:
    """Return the upper median of upper limits or p-values over picks; for one pick, its value.

    Examples
    --------
    >>> agreed([0.3]), agreed([0.1, 0.2, 0.3, 0.4])
    (0.3, 0.3)
    """
    values = np.sort(np.asarray(upper, dtype=np.float64))
    return float(values[values.size // 2])


def agreed_p(p_values: NDArray[np.float64]) -> float:
    """Return one p-value for all picks: twice their median."""
    found = agreed(p_values)
    return found if p_values.size == 1 else min(clustered.HALF * found, 1.0)
