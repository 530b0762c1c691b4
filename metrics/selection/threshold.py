"""A cut on stated confidence with a promise: the risk of what it keeps is at most the limit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from caopd_bench.metrics.rows.seeds import check_level
from caopd_bench.metrics.rows.tally import Tally, as_tally
from caopd_bench.metrics.selection import clustered
from caopd_bench.metrics.selection.sequence import EARLY, Cuts, Path, certify, cuts_of
from caopd_bench.metrics.selection.tails import (
    ROUNDING,
    at_least,
    fewest_rows,
    lower_limit,
    rows_needed,
    upper_limit,
    upper_limits,
)

Outcome = Literal["CERTIFIED", "INCONCLUSIVE", "NONE"]
NAN = float("nan")
TELLING = 30  # rows: a cut that keeps fewer says nothing of a risk that is too high
MANY = 1000  # cuts whose limits are computed
POWER = 0.8  # chance of being certified with the rows that are said to be needed
EXACT = "fixed sequence of exact binomial tests"
PICKED = "fixed sequence of exact binomial tests on one row of each cluster, 100 picks"


@dataclass(frozen=True)
class Threshold:
    """A cut on stated confidence, and what was shown of it.

    Attributes
    ----------
    outcome : str
        "CERTIFIED": the risk of the answers at or above the cut is at most ``max_risk``, at
        ``level``. "NONE": shown at ``level`` to be above ``max_risk`` at every cut that keeps
        30 answers or more. "INCONCLUSIVE": neither.
    cut : float
        Answers with confidence >= cut are kept; NaN unless certified.
    coverage, coverage_low, coverage_high : float
        Share of the rows that are kept, and Clopper-Pearson limits of that share at ``level`` as
        for a cut known beforehand (clusters: from sums over them); NaN unless certified.
    risk : float
        Share of the kept rows that are wrong; for "NONE" the smallest over the cuts examined.
    risk_bound : float
        Upper limit of the risk at ``level``: at most ``max_risk``; the largest one-sided limit of
        the cuts from the start of the sequence to this one. The promise is about ``max_risk``,
        which was fixed beforehand. For "NONE" NaN.
    n_kept, n : int
        Rows kept, and all.
    items_needed : int or None
        For "INCONCLUSIVE": rows (clusters, if any) in all with which a cut would be certified with
        a chance of 80 %, if later rows are like these and the risk there is the observed one
        (half a wrong row of one added); the least over the cuts. An estimate, no promise. None if
        it is below ``max_risk`` nowhere.
    reason : str
        A sentence; empty if certified.
    max_risk : float
        The limit that was asked for.
    level : float
        Chance that the promise holds.
    method : str
        How it was made.
    clusters : int or None
        Their number; None for independent rows.
    """

    outcome: Outcome
    cut: float
    coverage: float
    coverage_low: float
    coverage_high: float
    risk: float
    risk_bound: float
    n_kept: int
    n: int
    items_needed: int | None
    reason: str
    max_risk: float
    level: float
    method: str
    clusters: int | None = None


def certified_threshold(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    max_risk: float,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
) -> Threshold:
    r"""Return the lowest cut on confidence at which the risk is shown to be at most a limit.

    Parameters
    ----------
    confidence, correct, cluster
        Rows as for :func:`tally`, or a Tally, unweighted. Rows without a confidence are left out:
        no cut keeps them.
    max_risk : float
        Largest acceptable error rate among the answers that are kept, in (0, 1).
    level : float, default 0.95
        The promise: with this probability over the rows given, the error rate among *all* answers
        of the same kind with confidence >= cut is at most ``max_risk``, although every cut was a
        candidate.
    cluster
        What the answers of a row depend on, such as the question that K samples share; clusters
        must then be independent, not rows.

    Returns
    -------
    Threshold
        The same for every order of the rows. Some cut is certified only from
        ``log(.9 (1 - level)) / log(1 - max_risk)`` kept rows on (61 for .05 at .95).

    Raises
    ------
    ValueError
        For invalid rows, weights, and a ``max_risk`` or ``level`` outside (0, 1).

    Notes
    -----
    Exact binomial tests at the stated values from the surest down, stopping at the first that does
    not reject; where they start is chosen by the lowest rows, which are then not tested. The proof
    is in :mod:`caopd_bench.metrics.selection.sequence`; clusters:
    :mod:`caopd_bench.metrics.selection.clustered`. "NONE" needs no correction either: it is said
    only if every cut rejects "the risk is at most the limit" (an intersection-union test).
    Error rates that were measured: ``docs/threshold.md``.

    Examples
    --------
    >>> confidence = [0.99] * 300 + [0.9] * 200 + [0.5] * 100
    >>> correct = [1] * 297 + [0] * 3 + [1] * 190 + [0] * 10 + [1] * 50 + [0] * 50
    >>> found = certified_threshold(confidence, correct, max_risk=0.05)
    >>> found.outcome, found.cut, found.n_kept, round(found.risk_bound, 4)
    ('CERTIFIED', 0.9, 500, 0.041)
    >>> certified_threshold(confidence, correct, max_risk=0.005).reason
    'not shown either way: at confidence 0.99 and above 3 of 300 answers (1.0%) are wrong'
    """
    check_share("max_risk", max_risk, "0.05 accepts one wrong answer in twenty")
    check_level(level)
    tally = whole_rows(as_tally(confidence, correct, cluster=cluster))
    error = 1.0 - level
    cuts = cuts_of(tally)
    if clustered.is_clustered(tally):
        return _by_clusters(tally, cuts, max_risk, level)
    path = certify(cuts, max_risk, error)
    if path is None:
        return _not_certified(cuts, max_risk, level)
    bound = _path_limit(cuts, path)
    return certified(cuts, path.lowest, min(bound, max_risk), max_risk, level, EXACT)


def certified(
    cuts: Cuts, index: int, bound: float, max_risk: float, level: float, method: str, **more: Any
) -> Threshold:
    """Return the result for a cut that was certified."""
    kept, wrong, n = int(cuts.rows[index]), int(cuts.wrong[index]), cuts.n
    low, high = more.pop("coverage_limits", None) or coverage_limits(kept, n, level)
    return Threshold(
        "CERTIFIED", float(cuts.value[index]), kept / n, low, high, wrong / kept, bound, kept, n,
        None, "", max_risk, level, method, **more,
    )  # fmt: skip


def coverage_limits(kept: int, n: int, level: float) -> tuple[float, float]:
    """Return the two-sided limits of Clopper and Pearson of the share that is kept."""
    half = (1.0 - level) / 2.0
    return lower_limit(kept, n, half), upper_limit(kept, n, half)


def whole_rows(tally: Tally) -> Tally:
    """Return the tally, or raise ValueError if its rows have weights."""
    if tally.weighted:
        raise ValueError("tally must not be weighted; a promise on the risk needs whole rows")
    return tally


def check_share(name: str, value: Any, example: str) -> None:
    """Raise ValueError unless ``value`` is strictly between 0 and 1."""
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not 0.0 < value < 1.0:
        raise ValueError(f"{name} must be between 0 and 1, got {value!r}; {example}")


def _path_limit(cuts: Cuts, path: Path) -> float:
    """Return the largest limit of the cuts of a sequence."""
    at = np.arange(path.first, path.lowest + 1)
    if at.size > MANY:
        # It is among the largest shares with their spread; an inverse costs a microsecond or two.
        share = cuts.wrong[at] / cuts.rows[at]
        spread = np.sqrt((share + 1.0 / cuts.rows[at]) / cuts.rows[at])
        at = at[np.argpartition(-(share + 2.0 * spread), MANY)[:MANY]]
    return float(upper_limits(cuts.wrong[at], cuts.rows[at], path.error).max())


def _not_certified(cuts: Cuts, max_risk: float, level: float) -> Threshold:
    first = int(np.searchsorted(cuts.rows, TELLING))
    share = cuts.wrong[first:] / cuts.rows[first:]
    best = first + int(np.argmin(share)) if share.size else cuts.rows.size - 1
    where = describe(cuts, best)
    worse = at_least(cuts.wrong[first:], cuts.rows[first:], max_risk)
    if share.size and bool((worse <= (1.0 - level) * (1.0 + ROUNDING)).all()):
        low = lower_limit(int(cuts.wrong[best]), int(cuts.rows[best]), 1.0 - level)
        return nothing(
            "NONE", cuts, max_risk, level, EXACT, risk=float(share[best - first]),
            reason=f"no cut that keeps {TELLING} answers or more keeps the risk: at its surest "
            f"the model errs at {share[best - first]:.1%}, limit from below {low:.1%} ({where})",
        )  # fmt: skip
    few = fewest_rows(max_risk, (1.0 - level) * (1.0 - EARLY))
    if cuts.n < few:
        return nothing(
            "INCONCLUSIVE", cuts, max_risk, level, EXACT,
            items=_needed(cuts, max_risk, level) or few,
            reason=f"too few answers: {few} without a wrong one show a risk below "
            f"{max_risk:g}, got {cuts.n}",
        )  # fmt: skip
    return nothing(
        "INCONCLUSIVE", cuts, max_risk, level, EXACT, items=_needed(cuts, max_risk, level),
        reason=f"not shown either way: {where}",
    )  # fmt: skip


def describe(cuts: Cuts, index: int) -> str:
    """Say how many answers are wrong at a cut."""
    wrong, rows = int(cuts.wrong[index]), int(cuts.rows[index])
    return (
        f"at confidence {cuts.value[index]:.6g} and above {wrong} of {rows} answers "
        f"({wrong / rows:.1%}) are wrong"
    )


def nothing(
    outcome: Outcome,
    cuts: Cuts,
    max_risk: float,
    level: float,
    method: str,
    *,
    reason: str,
    items: int | None = None,
    risk: float = NAN,
    clusters: int | None = None,
) -> Threshold:
    """Return the result where no cut was certified."""
    return Threshold(
        outcome, NAN, NAN, NAN, NAN, risk, NAN, 0, cuts.n, items, reason, max_risk, level, method,
        clusters,
    )  # fmt: skip


def _needed(cuts: Cuts, max_risk: float, level: float) -> int | None:
    """Return the least number of rows in all that would do, over a ladder of cuts."""
    count = cuts.rows.size
    at = np.unique(np.searchsorted(cuts.rows, np.geomspace(1, cuts.n, 40)).clip(0, count - 1))
    kept, risk = cuts.rows[at], (cuts.wrong[at] + 0.5) / (cuts.rows[at] + 1.0)
    # Those that look best by the normal approximation are computed.
    gap = np.where(risk < max_risk, max_risk - risk, np.nan)
    rough = (max_risk + np.sqrt(max_risk * risk)) / (gap * gap) / kept
    least = math.inf
    for i in np.argsort(rough, kind="stable")[:4]:  # NaN comes last
        rows = rows_needed(float(risk[i]), max_risk, (1.0 - level) * (1.0 - EARLY), POWER)
        least = min(least, rows * cuts.n / int(kept[i]))
    # A cut may have failed by chance although it had as many rows: more than there are it is.
    return None if math.isinf(least) else max(math.ceil(least), cuts.n + 1)


def _by_clusters(tally: Tally, cuts: Cuts, max_risk: float, level: float) -> Threshold:
    error = 1.0 - level
    assert tally.clusters is not None
    clusters = int(tally.clusters.labels.size)
    first, found = clustered.certify(tally, max_risk, error)
    if found >= 0:
        # The first of the path and the last: in between no limit matters to the promise.
        share = error * (1.0 - EARLY)
        bound = max(clustered.risk_limit(tally, i, share) for i in {first, found})
        return certified(
            cuts, found, min(bound, max_risk), max_risk, level, PICKED,
            clusters=clusters, coverage_limits=clustered.coverage_limits(tally, found, level),
        )  # fmt: skip
    least = min(TELLING * cuts.n // clusters, cuts.n)
    share = np.where(cuts.rows >= least, cuts.wrong / cuts.rows, np.inf)
    best = int(np.argmin(share))
    where = f"{describe(cuts, best)}, in {clusters} clusters"
    if clustered.all_above(tally, TELLING, max_risk, error):
        return nothing(
            "NONE", cuts, max_risk, level, PICKED, risk=float(share[best]), clusters=clusters,
            reason=f"no cut that keeps {TELLING} clusters or more keeps the risk: {where}",
        )  # fmt: skip
    # As if no cluster had a second row: the most that may be needed.
    needed = _needed(cuts, max_risk, 1.0 - error / clustered.HALF)
    items = None if needed is None else max(math.ceil(needed * clusters / cuts.n), clusters + 1)
    return nothing(
        "INCONCLUSIVE", cuts, max_risk, level, PICKED, clusters=clusters, items=items,
        reason=f"not shown either way: {where}",
    )  # fmt: skip
