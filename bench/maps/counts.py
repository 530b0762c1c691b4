"""Map the counts of a run that has too many rows to keep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from caopd_bench.metrics import Recalibrator, Tally
from caopd_bench.metrics.recalibration.recalibrate import merged_tally
from caopd_bench.metrics.rows.counting import ClusterCounts
from caopd_bench.runs.counts import Counts

__all__ = ["map_counts"]


def map_counts(counts: Counts, recalibrator: Recalibrator) -> Counts:
    """Map the confidences of counted rows; rows without one stay without."""
    before = counts.parsed
    if before is None:
        return counts
    parsed = recalibrator.apply(before)
    if counts.n == counts.n_parsed:
        return replace(counts, parsed=parsed, filled=parsed)
    filled = _fill(counts.filled, before, parsed)
    return replace(
        counts,
        parsed=parsed,
        filled=filled,
        in_clusters=None if filled.clusters is None else counts.in_clusters,
    )


def _fill(filled: Tally, before: Tally, parsed: Tally) -> Tally:
    """Tally all rows again, those without a confidence at 0.

    The rows at 0 are found by subtraction: all rows minus those that had a confidence.
    """
    whole, taken, mapped = filled.clusters, before.clusters, parsed.clusters
    if whole is None or taken is None or mapped is None:
        values = np.concatenate([np.zeros(filled.values.size + before.values.size), parsed.values])
        right = np.concatenate([filled.right, -before.right, parsed.right])
        wrong = np.concatenate([filled.wrong, -before.wrong, parsed.wrong])
        return merged_tally(values, right, wrong)
    places = [np.searchsorted(whole.labels, one.labels)[one.cluster] for one in (taken, mapped)]
    joined = ClusterCounts(
        whole.labels,
        np.concatenate([whole.cluster, *places]),
        np.zeros(0, np.int64),
        np.concatenate([whole.right, -taken.right, mapped.right]),
        np.concatenate([whole.wrong, -taken.wrong, mapped.wrong]),
    )
    values = np.concatenate(
        [np.zeros(whole.cluster.size + taken.cluster.size), parsed.values[mapped.value]]
    )
    total = merged_tally(values, joined.right, joined.wrong, joined)
    entries = total.clusters
    if entries is None:
        return total
    occurs = entries.right + entries.wrong > 0
    labels, *columns = entries
    used = ClusterCounts(labels, *(column[occurs] for column in columns))
    return Tally(total.values, total.right, total.wrong, used)
