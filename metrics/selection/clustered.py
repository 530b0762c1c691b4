"""Cuts for clustered rows, from many random picks of one row per cluster.

K samples of one question are not K independent rows. But one sample of each question, drawn at
random, makes a set of independent rows, and all results for independent rows hold for such a pick.
So rows are picked ``PICKS`` times, the sequence is run on every pick with half of the error rate,
and a cut is certified if at least half of the picks certify it. The guarantee holds: the expected
share of picks that certify some cut of too high a risk is at most error / 2, so by Markov's
inequality that share is one half or more with a chance of at most ``error``. Nothing is assumed
about how the answers of a cluster depend on each other, and no design effect is estimated. The
other samples are not wasted: the decision over all picks varies less than that of one pick.

A cluster with fewer rows than the largest one is sometimes left out of a pick, so that every row
has the same chance to be picked: the risk is that of rows, not of clusters. The picks are drawn
with a fixed seed from sorted clusters and rows, so that the order of the rows has no effect.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.limits.student import student_quantile
from caopd_bench.metrics.rows.tally import Tally
from caopd_bench.metrics.selection import sequence
from caopd_bench.metrics.selection.sequence import Cuts
from caopd_bench.metrics.selection.tails import FloatArray, at_least, upper_limits

PICKS = 100
HALF = 2.0  # divisor of the error rate of a pick; 1 / HALF of the picks must agree
SEED = 20260924


def is_clustered(tally: Tally) -> bool:
    """Return whether some cluster has two rows or more."""
    return tally.clusters is not None and tally.clusters.labels.size < tally.n


def picks(tally: Tally) -> Iterator[Cuts]:
    """Yield the cuts of each pick, at all the values of the tally."""
    found = tally.clusters
    assert found is not None
    each = found.right + found.wrong
    # Sort rows by cluster, then value, then right before wrong.
    place = (tally.values.size - 1 - np.repeat(found.value, each)).astype(np.int64)
    ends = np.cumsum(each)
    wrong = np.arange(int(ends[-1])) - np.repeat(ends - each, each) >= np.repeat(found.right, each)
    size = np.bincount(found.cluster, each, minlength=found.labels.size).astype(np.int64)
    start = np.cumsum(size) - size
    largest = int(size.max())
    rng = np.random.default_rng(SEED)
    width = tally.values.size
    for _ in range(PICKS):
        slot = rng.integers(largest, size=size.size)
        row = (start + slot)[slot < size]
        kept = np.cumsum(np.bincount(place[row], minlength=width))
        errors = np.cumsum(np.bincount(place[row[wrong[row]]], minlength=width))
        yield Cuts(tally.values[::-1], kept, errors)


def seen(cuts: Cuts) -> tuple[Cuts, NDArray[np.intp]]:
    """Return the cuts at the values that occur in a pick, and their indices among all cuts."""
    at = np.flatnonzero(np.diff(cuts.rows, prepend=0))
    return Cuts(cuts.value[at], cuts.rows[at], cuts.wrong[at]), at


def certify(tally: Tally, max_risk: float, error: float) -> tuple[int, int]:
    """Return the first cut that half of the picks start from, and the lowest certified; -1 if none.

    Both are indices of cuts in descending order of confidence.
    """
    votes = np.zeros(tally.values.size + 1, dtype=np.int64)
    for pick in picks(tally):
        cuts, at = seen(pick)
        if not at.size:
            continue
        path = sequence.certify(cuts, max_risk, error / HALF)
        if path is not None:
            votes[at[path.first]] += 1
            votes[at[path.lowest] + 1] -= 1
    agreed = np.flatnonzero(np.cumsum(votes) * HALF >= PICKS)
    return (int(agreed[0]), int(agreed[-1])) if agreed.size else (-1, -1)


def risk_limit(tally: Tally, index: int, error: float) -> float:
    """Return the upper limit of the risk at one cut: the median of the limits of the picks."""
    counts = np.array([(pick.rows[index], pick.wrong[index]) for pick in picks(tally)])
    return upper_median(counts[:, 0], counts[:, 1], error)


def upper_median(rows: NDArray[np.int64], wrong: NDArray[np.int64], error: float) -> float:
    """Return the upper limit of the risk that the limits of half the picks do not exceed.

    Examples
    --------
    >>> round(upper_median(np.array([50, 60]), np.array([0, 0]), 0.05), 4)
    0.0711
    """
    limits = np.sort(upper_limits(wrong, rows, error / HALF))
    return float(limits[int(np.ceil(limits.size / HALF))])


def all_above(tally: Tally, least: int, max_risk: float, error: float) -> bool:
    """Return whether all cuts that keep ``least`` rows of a pick are shown to be too risky."""
    rejected = np.zeros(tally.values.size)
    telling = np.zeros(tally.values.size)
    for pick in picks(tally):
        tails = at_least(pick.wrong, pick.rows, max_risk)
        rejected += tails <= error / HALF
        telling += pick.rows >= least
    tested = telling * HALF >= PICKS
    return bool(tested.any() and (rejected[tested] * HALF >= PICKS).all())


def coverage_limits(tally: Tally, index: int, level: float) -> tuple[float, float]:
    """Return limits of the share of kept rows, from sums over clusters."""
    found = tally.clusters
    assert found is not None
    each = (found.right + found.wrong).astype(np.float64)
    kept = each * (found.value >= tally.values.size - 1 - index)
    groups = found.labels.size
    sizes: FloatArray = np.bincount(found.cluster, each, minlength=groups).astype(np.float64)
    share = float(kept.sum() / each.sum())
    sums = np.bincount(found.cluster, kept, minlength=groups) - share * sizes
    spread = float(np.sqrt((sums**2).sum() * groups / max(groups - 1, 1)))
    half = student_quantile(level, groups) * spread / float(each.sum())
    return max(share - half, 0.0), min(share + half, 1.0)
