"""The share of all answers that a cut keeps; answers without a usable confidence are never kept."""

from __future__ import annotations

import numpy as np

from caopd_bench.metrics import Tally
from caopd_bench.metrics.rows.counting import ClusterCounts
from caopd_bench.metrics.selection import clustered, result
from caopd_bench.runs.counts import Counts

__all__ = ["share_kept"]


def share_kept(counts: Counts, cut: float, level: float) -> tuple[float, float, float]:
    """Return the share of all answers at or above a cut, with two-sided limits.

    Parameters
    ----------
    counts : Counts
        Counts with at least one parsed row.
    cut : float
    level : float
        Confidence level of the limits (Clopper-Pearson, or from sums over clusters).
    """
    assert counts.parsed is not None
    first = int(np.searchsorted(counts.parsed.values, cut))
    n_kept = int((counts.parsed.right + counts.parsed.wrong)[first:].sum())
    if counts.filled.clusters is None:
        low, high = result.coverage_limits(n_kept, counts.n, level)
    elif cut > 0.0 or counts.n == counts.n_parsed:  # rows without a confidence are counted at 0
        index = int(np.count_nonzero(counts.filled.values >= cut)) - 1
        low, high = clustered.coverage_limits(counts.filled, index, level)
    else:
        low, high = clustered.coverage_limits(_by_status(counts), 0, level)
    return n_kept / counts.n, low, high


def _by_status(counts: Counts) -> Tally:
    """Tally all answers of a clustered run: at 1 with a usable confidence, else at 0."""
    usable = counts.tally_status("ok")
    found = usable.clusters
    assert found is not None
    size = found.labels.size
    entries = ClusterCounts(
        found.labels,
        np.tile(np.arange(size), 2),
        np.repeat([0, 1], size),
        np.concatenate([found.wrong, found.right]),
        np.zeros(2 * size, dtype=np.int64),
    )
    right = np.concatenate([usable.wrong, usable.right])
    return Tally(np.array([0.0, 1.0]), right, np.zeros(2, np.int64), entries)
