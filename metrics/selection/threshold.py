"""A cut on stated confidence with a guarantee: the risk of the kept answers is at most a limit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from caopd_bench.metrics.rows.seeds import check_level
from caopd_bench.metrics.rows.tally import Tally, as_tally
from caopd_bench.metrics.selection import clustered
from caopd_bench.metrics.selection.result import (
    Threshold,
    certified,
    check_share,
    describe,
    nothing,
    whole_rows,
)
from caopd_bench.metrics.selection.sequence import (
    EARLY,
    LATE,
    Cuts,
    Path,
    certify,
    cuts_of,
    shares_of,
)
from caopd_bench.metrics.selection.tails import (
    ROUNDING,
    at_least,
    fewest_rows,
    lower_limit,
    rows_needed,
    upper_limits,
)

TELLING = 30  # a cut that keeps fewer rows, and less than a tenth of all, is useless
MANY = 1000  # largest number of cuts whose limits are computed
POWER = 0.8  # probability of certification with ``items_needed`` rows
EXACT = "fixed sequence of exact binomial tests"
PICKED = "fixed sequence of exact binomial tests on one row of each cluster, 100 picks"


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
        Rows as for :func:`tally`, or a Tally, unweighted. Leave out rows without a
        confidence: no cut keeps them.
    max_risk : float
        Largest acceptable error rate among the answers that are kept, in (0, 1).
    level : float, default 0.95
        Level of the guarantee: with this probability over samples of rows, the error rate among
        *all* answers of the same kind with confidence >= cut is at most ``max_risk``, although
        every cut was a candidate.
    cluster
        The unit within which rows depend on each other, such as the question of K samples. The
        clusters must then be independent, the rows need not be.

    Returns
    -------
    Threshold
        Does not depend on the order of the rows. No cut is certified with fewer than
        ``log(.9 (1 - level)) / log(1 - max_risk)`` kept rows (61 for .05 at .95).

    Raises
    ------
    ValueError
        If rows are invalid or weighted, or ``max_risk`` or ``level`` is outside (0, 1).

    Notes
    -----
    Runs exact binomial tests at the stated values in descending order and stops at the first that
    does not reject. The start is chosen from counts and from the rows of lowest confidence, which
    are then not tested. :mod:`caopd_bench.metrics.selection.sequence` has the proof, for every
    distribution of independent rows, and :mod:`caopd_bench.metrics.selection.clustered` the method
    for clusters. "NONE" needs no correction either: it requires that every cut rejects "the risk is
    at most the limit" (an intersection-union test). ``docs/threshold.md`` has measured error rates.

    Examples
    --------
    >>> confidence = [0.99] * 300 + [0.9] * 200 + [0.5] * 100
    >>> correct = [1] * 297 + [0] * 3 + [1] * 190 + [0] * 10 + [1] * 50 + [0] * 50
    >>> found = certified_threshold(confidence, correct, max_risk=0.05)
    >>> found.outcome, found.cut, found.n_kept, round(found.risk_bound, 4)
    ('CERTIFIED', 0.9, 500, 0.0426)
    >>> certified_threshold(confidence, correct, max_risk=0.01).reason
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


def _path_limit(cuts: Cuts, path: Path) -> float:
    """Return the largest upper limit of the risk over the cuts of a sequence."""
    at = np.arange(path.first, path.lowest + 1)
    if at.size > MANY:
        # The largest is among the cuts with the largest approximate limits; exact ones cost more.
        share = cuts.wrong[at] / cuts.rows[at]
        spread = np.sqrt((share + 1.0 / cuts.rows[at]) / cuts.rows[at])
        at = at[np.argpartition(-(share + 2.0 * spread), MANY)[:MANY]]
    return float(upper_limits(cuts.wrong[at], cuts.rows[at], path.error).max())


def _not_certified(cuts: Cuts, max_risk: float, level: float) -> Threshold:
    least = fewest_telling(cuts.n)
    first = int(np.searchsorted(cuts.rows, least))
    share = cuts.wrong[first:] / cuts.rows[first:]
    best = first + int(np.argmin(share)) if share.size else cuts.rows.size - 1
    where = describe(cuts, best)
    worse = at_least(cuts.wrong[first:], cuts.rows[first:], max_risk)
    if share.size and bool((worse <= (1.0 - level) * (1.0 + ROUNDING)).all()):
        low = lower_limit(int(cuts.wrong[best]), int(cuts.rows[best]), 1.0 - level)
        return nothing(
            "NONE", cuts, max_risk, level, EXACT, risk=float(share[best - first]),
            reason=f"no cut that keeps {least} answers or more stays within the limit: at its "
            f"surest the model errs at {share[best - first]:.1%}, limit from below {low:.1%} "
            f"({where})",
        )  # fmt: skip
    few = fewest_rows(max_risk, (1.0 - level) * (1.0 - EARLY))
    if cuts.n < few:
        return nothing(
            "INCONCLUSIVE", cuts, max_risk, level, EXACT,
            items=_needed(cuts, max_risk, 1.0 - level, cuts.n) or few,
            reason=f"too few answers: {few} without a wrong one show a risk below "
            f"{max_risk:g}, got {cuts.n}",
        )  # fmt: skip
    return nothing(
        "INCONCLUSIVE", cuts, max_risk, level, EXACT,
        items=_needed(cuts, max_risk, 1.0 - level, cuts.n),
        reason=f"not shown either way: {where}",
    )  # fmt: skip


def fewest_telling(n: int) -> int:
    """Return the number of rows from which on a cut must be rejected for the outcome "NONE".

    A handful of many rows is too few to be useful, but of few rows it is a large part.

    Examples
    --------
    >>> fewest_telling(40), fewest_telling(5000)
    (4, 30)
    """
    return min(TELLING, -(-n // 10))


def _needed(cuts: Cuts, max_risk: float, error: float, there_are: int) -> int | None:
    """Estimate the smallest total of independent rows that would certify one of several cuts."""
    count = cuts.rows.size
    at = np.unique(np.searchsorted(cuts.rows, np.geomspace(1, cuts.n, 40)).clip(0, count - 1))
    kept, risk = cuts.rows[at], (cuts.wrong[at] + 0.5) / (cuts.rows[at] + 1.0)
    # Only the cuts that look best by the normal approximation are computed exactly.
    gap = np.where(risk < max_risk, max_risk - risk, np.nan)
    rough = (max_risk + np.sqrt(max_risk * risk)) / (gap * gap) / kept
    least = math.inf
    for i in np.argsort(rough, kind="stable")[:4]:  # NaN comes last
        rows = rows_needed(float(risk[i]), max_risk, error * (1.0 - EARLY - LATE[1]), POWER)
        least = min(least, rows * cuts.n / int(kept[i]))
    # The estimate may be below the present number of rows if a cut failed by chance; it is raised.
    return None if math.isinf(least) else max(math.ceil(least), there_are + 1)


def _by_clusters(tally: Tally, cuts: Cuts, max_risk: float, level: float) -> Threshold:
    error = 1.0 - level
    assert tally.clusters is not None
    clusters = int(tally.clusters.labels.size)
    first, found = clustered.certify(tally, max_risk, error)
    if found >= 0:
        # The first and the last cut of the path: limits in between do not affect the guarantee.
        main = shares_of(clusters, max_risk, error / clustered.HALF)[1] * clustered.HALF
        bound = max(clustered.risk_limit(tally, i, main) for i in {first, found})
        return certified(
            cuts, found, min(bound, max_risk), max_risk, level, PICKED,
            clusters=clusters, coverage_limits=clustered.coverage_limits(tally, found, level),
        )  # fmt: skip
    telling = fewest_telling(clusters)
    least = min(telling * cuts.n // clusters, cuts.n)
    share = np.where(cuts.rows >= least, cuts.wrong / cuts.rows, np.inf)
    best = int(np.argmin(share))
    where = f"{describe(cuts, best)}, in {clusters} clusters"
    if clustered.all_above(tally, telling, max_risk, error):
        return nothing(
            "NONE", cuts, max_risk, level, PICKED, risk=float(share[best]), clusters=clusters,
            reason=f"no cut that keeps {telling} clusters or more stays within the limit: {where}",
        )  # fmt: skip
    # A pick has one row per cluster, so clusters are counted like single rows.
    items = _needed(cuts, max_risk, error / clustered.HALF, clusters)
    return nothing(
        "INCONCLUSIVE", cuts, max_risk, level, PICKED, clusters=clusters, items=items,
        reason=f"not shown either way: {where}",
    )  # fmt: skip
