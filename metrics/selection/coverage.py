"""The other direction: the risk that is shown to be kept when so many answers are kept."""

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
from caopd_bench.metrics.selection.tails import upper_limits
from caopd_bench.metrics.selection.threshold import PICKED

EXACT = "exact binomial limit at one cut"
NEAR = 3.0  # standard deviations of a count of rows


def risk_at_coverage(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    min_coverage: float,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
) -> Threshold:
    """Return the highest cut that keeps a share of the rows, with an upper limit of its risk.

    Parameters
    ----------
    confidence, correct, cluster
        As for :func:`certified_threshold`.
    min_coverage : float
        Share of the rows that are kept at least, in (0, 1]; tied rows are kept together.
    level : float, default 0.95
        Chance that the risk at the cut is at most ``risk_bound``.

    Returns
    -------
    Threshold
        "CERTIFIED", with ``max_risk`` the same as ``risk_bound``; one-sided. The cut is chosen by
        how many rows it keeps. If the cut above it keeps nearly enough, chance chose between them,
        and the bound is the larger of both limits: where the surest value is the worst, few rows of
        it would else make the cut look better than it is.

    Raises
    ------
    ValueError
        For invalid or weighted rows, and a share outside (0, 1].

    Examples
    --------
    >>> confidence = [0.99] * 300 + [0.9] * 200 + [0.5] * 100
    >>> correct = [1] * 297 + [0] * 3 + [1] * 190 + [0] * 10 + [1] * 50 + [0] * 50
    >>> found = risk_at_coverage(confidence, correct, min_coverage=0.8)
    >>> found.cut, found.coverage.__round__(3), round(found.risk_bound, 4)
    (0.9, 0.833, 0.041)
    """
    _check_coverage(min_coverage)
    check_level(level)
    tally = whole_rows(as_tally(confidence, correct, cluster=cluster))
    cuts = cuts_of(tally)
    wanted = math.ceil(min_coverage * cuts.n * (1.0 - 1e-12))
    index = int(np.searchsorted(cuts.rows, wanted))
    at = [index, *_almost(cuts, index, wanted)]
    if clustered.is_clustered(tally):
        bound = max(clustered.risk_limit(tally, i, 1.0 - level) for i in at)
        assert tally.clusters is not None
        return certified(
            cuts, index, bound, bound, level, PICKED,
            clusters=int(tally.clusters.labels.size),
            coverage_limits=clustered.coverage_limits(tally, index, level),
        )  # fmt: skip
    bound = float(upper_limits(cuts.wrong[at], cuts.rows[at], 1.0 - level).max())
    return certified(cuts, index, bound, bound, level, EXACT)


def _almost(cuts: Cuts, index: int, wanted: int) -> list[int]:
    """Return the cut above, if only by chance it does not keep enough rows."""
    spread = math.sqrt(wanted * (1.0 - wanted / cuts.n))
    near = index > 0 and cuts.rows[index - 1] >= wanted - NEAR * spread
    return [index - 1] if near else []


def _check_coverage(value: Any) -> None:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not 0.0 < value <= 1.0:
        raise ValueError(
            f"min_coverage must be above 0 and at most 1, got {value!r}; 0.8 keeps four of five"
        )
