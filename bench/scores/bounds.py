"""Worst case: the range of a metric over all confidences that the unparsed rows could have stated.

They could have stated anything in [0, 1]. The bounds cover all rows, parsed or not, and need no
assumption. All bounds except those of the ECE are attained, so no narrower ones exist.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from caopd_bench.metrics import METRICS, Tally, ece, tally_chunks
from caopd_bench.runs.counts import Counts

__all__ = ["BOUNDED", "worst_cases"]

#: Confidences of the unparsed rows that give the lowest and highest value: (if right, if wrong).
EXTREMES = {
    name: row.shown.extremes for name, row in METRICS.items() if row.shown.extremes is not None
}
BOUNDED = (*EXTREMES, "ece")


def worst_cases(counts: Counts) -> Iterator[tuple[str, float, float]]:
    """Yield (metric, lowest, highest) for rows of which some state no usable confidence.

    Parameters
    ----------
    counts : Counts
        Counts in which fewer rows are parsed than there are rows.

    Notes
    -----
    ECE: a row moves the sum of the absolute gaps by at most 1, so n parsed rows and m others give
    (n ECE - m) / (n + m) to (n ECE + m) / (n + m). The upper end is attained where the top bin is
    over-confident and the lowest one under-confident.
    """
    parsed, n, m = counts.parsed, counts.n_parsed, counts.n - counts.n_parsed
    right = counts.right - int(parsed.n_right if parsed else 0)
    for metric, stated in EXTREMES.items():
        low, high = (
            METRICS[metric].function(_filled(parsed, right, m - right, *extreme))
            for extreme in stated
        )
        yield metric, low, high
    total = n * ece(_plain(parsed)) if parsed else 0.0
    yield "ece", max(total - m, 0.0) / (n + m), min(total + m, n + m) / (n + m)


def _filled(
    parsed: Tally | None, right: int, wrong: int, if_right: float, if_wrong: float
) -> Tally:
    parts = [_plain(parsed)] if parsed else []
    parts += [_alike(if_right, right, 0)] if right else []
    parts += [_alike(if_wrong, 0, wrong)] if wrong else []
    return tally_chunks(parts)


def _alike(value: float, right: int, wrong: int) -> Tally:
    """Tally any number of identical rows."""
    counts = np.array([[right], [wrong]], dtype=np.int64)
    return Tally(np.array([value]), counts[0], counts[1])


def _plain(counted: Tally) -> Tally:
    """Drop the clusters, which point estimates do not use."""
    return Tally(counted.values, counted.right, counted.wrong)
