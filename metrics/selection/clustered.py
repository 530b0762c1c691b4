r"""Cuts for clustered rows: bets on whole clusters, which alone are independent.

At a cut, cluster j keeps B_j rows, A_j of them wrong, and the risk is E[A] / E[B]. If it is r or
more, D = A - r B has a mean of 0 or more, and D <= s = (1 - r) K for clusters of at most K rows.
So for every 0 <= b < 1

.. math:: e = \prod_j (1 - b D_j / s)

has a mean of at most 1, and so has its average over several bets b, fixed beforehand: an e-value,
1 / e is a p-value by Markov's inequality. Nothing is assumed of how the answers within a cluster
depend on each other, and the order of the clusters does not matter. Waudby-Smith and Ramdas,
Journal of the Royal Statistical Society B 86 (2024). Clusters of K answers that are all right tell
as much as one right answer each, which is all they may be.

The cuts are tested in sequence as for independent rows. The start depends on counts only; that this
is harmless is proved for independent rows (:mod:`caopd_bench.metrics.selection.sequence`), and was
simulated for clusters, where Markov's inequality leaves a wide margin.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.limits.student import student_quantile
from caopd_bench.metrics.rows.counting import ClusterCounts
from caopd_bench.metrics.rows.tally import Tally
from caopd_bench.metrics.selection.sequence import Cuts
from caopd_bench.metrics.selection.tails import FloatArray, fewest_rows

BETS = (np.arange(8) + 0.5) / 8.0
LEAST_PART = 0.3  # of the rows: no start is earlier
SPARE = 1.25  # times the fewest clusters that could show anything: no start is earlier
TELLING = 30  # largest clusters
SHOWN = 12  # cuts of the path whose limits are computed
NEEDED_Z = 0.8416  # a chance of 80 %


class Certified(NamedTuple):
    """Index of the certified cut or -1, its limit, and what to say otherwise."""

    index: int
    bound: float
    none: bool
    needed: int | None
    telling: int  # a cut that keeps fewer rows says nothing of a risk that is too high


class Kept:
    """Rows and wrong rows that each cluster keeps, while the cut goes down.

    Attributes
    ----------
    rows, wrong : ndarray of float64, shape (clusters,)
    largest : int
        Rows of the largest cluster.
    """

    def __init__(self, tally: Tally) -> None:
        assert tally.clusters is not None
        found: ClusterCounts = tally.clusters
        order = np.argsort(-found.value, kind="stable")
        self._cluster = found.cluster[order]
        self._wrong = found.wrong[order].astype(np.float64)
        self._rows = self._wrong + found.right[order]
        # Entries up to the i-th value from the top.
        per_value = np.bincount(found.value, minlength=tally.values.size)[::-1]
        self._end = np.cumsum(per_value)
        size = found.labels.size
        self.largest = int(np.bincount(self._cluster, self._rows, minlength=size).max())
        self.rows, self.wrong, self._at = np.zeros(size), np.zeros(size), 0

    def lower_to(self, index: int) -> NDArray[np.int64]:
        """Keep also the rows down to the cut ``index``, and return the clusters that gained any."""
        more = slice(self._at, int(self._end[index]))
        self._at = int(self._end[index])
        np.add.at(self.rows, self._cluster[more], self._rows[more])
        np.add.at(self.wrong, self._cluster[more], self._wrong[more])
        return np.unique(self._cluster[more])


def certify(tally: Tally, cuts: Cuts, max_risk: float, error: float) -> Certified:
    """Test the cuts in sequence, from the first that keeps enough rows."""
    kept = Kept(tally)
    few = math.ceil(SPARE * fewest_rows(max_risk, error) * kept.largest)
    least = min(max(few, math.ceil(LEAST_PART * cuts.n)), cuts.n)
    first = int(np.searchsorted(cuts.rows, least))
    index = -1
    kept.lower_to(first)
    table = log_factors(kept.rows, kept.wrong, max_risk, kept.largest)
    total = table.sum(axis=0)
    for i in range(first, cuts.rows.size):
        if i > first:
            gained = kept.lower_to(i)
            changed = log_factors(kept.rows[gained], kept.wrong[gained], max_risk, kept.largest)
            total = total + (changed - table[gained]).sum(axis=0)
            table[gained] = changed
        if log_mean(total) < -math.log(error):
            break
        index = i
    if index >= 0:
        return Certified(index, _bound(tally, cuts, first, index, max_risk, error), False, None, 0)
    telling = TELLING * kept.largest
    first = int(np.searchsorted(cuts.rows, telling))
    none = first < cuts.rows.size and _all_above(tally, first, cuts.rows.size, max_risk, error)
    needed = None if none else _needed(tally, cuts, max_risk, error)
    return Certified(-1, math.nan, none, needed, telling)


def log_factors(rows: FloatArray, wrong: FloatArray, risk: float, largest: int) -> FloatArray:
    """Return the logarithms of the factors (clusters, bets) against "the risk is this or more".

    Examples
    --------
    >>> log_factors(np.array([8.0]), np.array([0.0]), 0.05, 8).round(4)[0, -1].item()
    0.0482
    """
    gain = (wrong - risk * rows) / ((1.0 - risk) * largest)
    return np.asarray(np.log1p(-gain[:, None] * BETS))


def log_factors_below(rows: FloatArray, wrong: FloatArray, risk: float, largest: int) -> FloatArray:
    """Return the same against "the risk is this or less"."""
    gain = (wrong - risk * rows) / (risk * largest)
    # The best bets are small: a wrong cluster pays (1 - r) / r of the stake.
    return np.asarray(np.log1p(gain[:, None] * BETS**2))


def log_mean(logarithms: FloatArray) -> float:
    """Return the logarithm of the mean of exponentials."""
    top = float(logarithms.max())
    return top + math.log(float(np.exp(logarithms - top).mean()))


def risk_limit(rows: FloatArray, wrong: FloatArray, largest: int, error: float) -> float:
    """Return the smallest risk that the bets reject, and with it all larger ones; 1 if none.

    Examples
    --------
    >>> round(risk_limit(np.full(100, 8.0), np.zeros(100), 8, 0.05), 3)
    0.044
    """
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2.0
        e = log_mean(log_factors(rows, wrong, middle, largest).sum(axis=0))
        low, high = (low, middle) if e >= -math.log(error) else (middle, high)
    return high


def coverage_limits(tally: Tally, cut: float, level: float) -> tuple[float, float]:
    """Return the limits of the share of rows that are kept, from sums over clusters."""
    kept = Kept(tally)
    kept.lower_to(tally.values.size - 1)
    sizes, kept = kept.rows, Kept(tally)
    kept.lower_to(int(np.count_nonzero(tally.values >= cut)) - 1)
    share, groups = kept.rows.sum() / sizes.sum(), sizes.size
    spread = float(np.sqrt(((kept.rows - share * sizes) ** 2).sum() * groups / max(groups - 1, 1)))
    half = student_quantile(level, groups) * spread / float(sizes.sum())
    return max(float(share) - half, 0.0), min(float(share) + half, 1.0)


def _bound(
    tally: Tally, cuts: Cuts, first: int, index: int, max_risk: float, error: float
) -> float:
    """Return the largest limit among the cuts of the path, the likeliest and the last."""
    share = cuts.wrong[first : index + 1] / cuts.rows[first : index + 1]
    at = sorted({first, index, *(first + np.argsort(-share, kind="stable")[:SHOWN])})
    kept, bound = Kept(tally), 0.0
    for i in at:
        kept.lower_to(int(i))
        bound = max(bound, risk_limit(kept.rows, kept.wrong, kept.largest, error))
    return min(bound, max_risk)


def _all_above(tally: Tally, first: int, stop: int, max_risk: float, error: float) -> bool:
    kept = Kept(tally)
    for i in range(first, stop):
        kept.lower_to(i)
        below = log_factors_below(kept.rows, kept.wrong, max_risk, kept.largest)
        if log_mean(below.sum(axis=0)) < -math.log(error):
            return False
    return True


def _needed(tally: Tally, cuts: Cuts, max_risk: float, error: float) -> int | None:
    """Return the least clusters with which the wealth of some bet would be reached, in 80 %."""
    kept, least = Kept(tally), math.inf
    last = cuts.rows.size - 1
    at = np.unique(np.searchsorted(cuts.rows, np.geomspace(1, cuts.n, 20)).clip(0, last))
    for i in at:
        kept.lower_to(int(i))
        factors = log_factors(kept.rows, kept.wrong, max_risk, kept.largest)
        for mean, spread in zip(factors.mean(axis=0), factors.std(axis=0), strict=True):
            if mean > 0.0:
                # T mean - z spread sqrt(T) = log(bets / error), solved for sqrt(T).
                goal = math.log(BETS.size / error)
                root = NEEDED_Z * spread + math.sqrt((NEEDED_Z * spread) ** 2 + 4.0 * mean * goal)
                least = min(least, (root / (2.0 * mean)) ** 2)
    clusters = kept.rows.size
    return None if math.isinf(least) else max(math.ceil(least), clusters + 1)
