r"""The reverse of a certified cut: an upper limit of the risk for a given coverage.

The cut is the first, in descending order of confidence, that keeps M rows. It depends on chance: if
the answers of highest confidence are wrong most often, a sample with few of them has a lower cut
that looks better than it is. For independent rows, the larger of two limits is above the risk R at
the cut with a chance of at least ``level``, for every distribution and every resulting cut.

*Proof.* Let A be the number of rows above the cut's value v, and N >= M the number at v or above.

1. Rows at v are wrong more often than those above. Given N, the event A < M makes rows at v more
   frequent, so K is at least Bin(N, R), and the limit from all N rows holds.
2. Rows at v are wrong less often. Put tied rows in a random order. Given the place of the next row,
   the first M - 1 rows are independent draws of the distribution above that place. It has fewer
   rows at v than the whole cut, hence a risk of R or more, and the limit from M - 1 rows holds.

Without ties these rows are known. With ties, half of the error rate is used and the limit is the
median over the orders, which is too low with a chance of at most the error rate (Markov's
inequality, as in `clustered`). If M is the number of all rows, no cut is chosen.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from caopd_bench.metrics.rows.seeds import check_level
from caopd_bench.metrics.rows.tally import Tally, as_tally
from caopd_bench.metrics.selection import clustered
from caopd_bench.metrics.selection.result import Threshold, certified, whole_rows
from caopd_bench.metrics.selection.sequence import Cuts, cuts_of
from caopd_bench.metrics.selection.tails import upper_limit
from caopd_bench.metrics.selection.threshold import PICKED

EXACT = "exact binomial limit at a cut chosen by the number of rows"


def risk_at_coverage(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    min_coverage: float,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
) -> Threshold:
    """Return the highest cut that keeps a given share of rows, with an upper limit of its risk.

    Parameters
    ----------
    confidence, correct, cluster
        As for :func:`certified_threshold`.
    min_coverage : float
        Smallest share of the rows to keep, in (0, 1]; tied rows are kept together.
    level : float, default 0.95
        Chance that the risk at the cut is at most ``risk_bound``.

    Returns
    -------
    Threshold
        "CERTIFIED", with ``max_risk`` equal to the one-sided ``risk_bound``. The cut is chosen by
        the number of rows it keeps, and the bound allows for that: it is the larger of two limits,
        from the rows kept and from one row fewer than required, in which tied rows count in part.

    Notes
    -----
    For independent rows the bound holds for every distribution (the module has the proof). With
    clusters, the cut is chosen from all rows; the two limits at it are computed for each pick of
    one row per cluster, and the medians over the picks are used.

    Raises
    ------
    ValueError
        If rows are invalid or weighted, or a share is outside (0, 1].

    Examples
    --------
    >>> confidence = [0.99] * 300 + [0.9] * 200 + [0.5] * 100
    >>> correct = [1] * 297 + [0] * 3 + [1] * 190 + [0] * 10 + [1] * 50 + [0] * 50
    >>> found = risk_at_coverage(confidence, correct, min_coverage=0.8)
    >>> found.cut, found.coverage.__round__(3), round(found.risk_bound, 4)
    (0.9, 0.833, 0.0434)
    """
    _check_coverage(min_coverage)
    check_level(level)
    tally = whole_rows(as_tally(confidence, correct, cluster=cluster))
    cuts = cuts_of(tally)
    wanted = _wanted(cuts.n, min_coverage)
    index = int(np.searchsorted(cuts.rows, wanted))
    error = 1.0 - level
    if clustered.is_clustered(tally):
        each = error / clustered.HALF
        limits = [_limit(pick, index, min_coverage, each) for pick in clustered.picks(tally)]
        bound = float(np.sort(limits)[int(np.ceil(len(limits) / clustered.HALF))])
        assert tally.clusters is not None
        return certified(
            cuts, index, bound, bound, level, PICKED,
            clusters=int(tally.clusters.labels.size),
            coverage_limits=clustered.coverage_limits(tally, index, level),
        )  # fmt: skip
    bound = _limit(cuts, index, min_coverage, error)
    return certified(cuts, index, bound, bound, level, EXACT)


def _wanted(n: int, min_coverage: float) -> int:
    return math.ceil(min_coverage * n * (1.0 - 1e-12))


def _limit(cuts: Cuts, index: int, min_coverage: float, error: float) -> float:
    """Return the upper limit of the risk at the first cut that keeps enough rows."""
    rows, wrong = int(cuts.rows[index]), int(cuts.wrong[index])
    kept = upper_limit(wrong, rows, error)
    fewer = _wanted(cuts.n, min_coverage) - 1
    above = int(cuts.rows[index - 1]) if index else 0
    wrong_above = int(cuts.wrong[index - 1]) if index else 0
    if fewer + 1 >= cuts.n or not above <= fewer < rows:
        return kept
    if fewer == above:
        return max(kept, upper_limit(wrong_above, above, error))
    # Imported here: it costs 0.1 s.
    from scipy.stats import hypergeom

    tied = int(hypergeom.median(rows - above, wrong - wrong_above, fewer - above))
    return max(kept, upper_limit(wrong_above + tied, fewer, error / clustered.HALF))


def _check_coverage(value: Any) -> None:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not 0.0 < value <= 1.0:
        raise ValueError(
            f"min_coverage must be above 0 and at most 1, got {value!r}; 0.8 keeps four of five"
        )
