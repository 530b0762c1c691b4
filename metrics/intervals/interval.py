"""The type of an interval, and the interval for a share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from caopd_bench.metrics.limits.student import wilson
from caopd_bench.metrics.registry import METRICS
from caopd_bench.metrics.rows.seeds import check_level
from caopd_bench.metrics.rows.tally import Tally

ROUNDING = 1e-12  # a narrower interval counts as one of zero width
ONE_VALUE = "one value stated: no interval"
ONE_VALUE_EACH = "one value stated in each group: no interval"
ONE_CLUSTER = "one cluster: no interval"
WEIGHTED = "tally must not be weighted; intervals need whole rows"

NAN = float("nan")


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval.

    Attributes
    ----------
    estimate : float
        The plug-in value; NaN if undefined.
    low, high : float
        Limits; NaN if there is no interval (see ``reason``).
    level : float
        Nominal coverage, such as 0.95.
    n : int
        Rows.
    method : str
        How the limits were computed, see :func:`bootstrap`: "wilson" (shares of rows), "inversion"
        (ECE), "simulated inversion" (its L2 norm and over-confident part), "mover" (gap),
        "adjusted student" (Brier), "skewness-adjusted" (means of skewed rows), "score" (shares of
        pairs), "bias-corrected normal" or "percentile" (of replicates). It begins with "cluster"
        for clustered rows. The application adds "simulation" (ECE of calibrated models) and "" if
        nothing was computed.
    standard_error : float
        In closed form if the limits are, otherwise from the replicates; NaN if it would be 0, even
        if the limits are finite. The limits are not the estimate plus and minus a multiple of it.
    debiased : float
        The estimate corrected for its bias, where one exists (ECE and its like); else NaN.
    reason : str
        Why the estimate or the limits are NaN; empty otherwise.
    caution : str
        The lowest measured coverage, if limits of this metric on rows like these covered less
        often than the nominal level in simulations. Empty otherwise.
    """

    estimate: float
    low: float
    high: float
    level: float
    n: int
    method: str
    standard_error: float
    debiased: float = NAN
    reason: str = ""
    caution: str = ""


def with_caution(name: str, interval: Interval, tally: Tally) -> Interval:
    """Return the interval of metric ``name``, with a caution if its measured coverage is too low.

    The coverage is that in docs/metrics/intervals.md and calibration.md, at a nominal 0.95.
    """
    if tally.clusters is not None and tally.clusters.labels.size == tally.n:
        tally = replace(tally, clusters=None)  # each row is its own cluster
    found = METRICS[name].caution
    if interval.reason or found is None or not found.applies(tally):
        return interval
    where = f" ({found.where})" if found.where else ""
    return replace(
        interval, caution=f"95% limits covered as little as {found.least:.0%} in simulations{where}"
    )


def proportion_interval(successes: int, n: int, level: float = 0.95) -> Interval:
    r"""Return the Wilson interval of a share, such as accuracy or the parse rate.

    Parameters
    ----------
    successes, n : int
        Successes among n independent rows.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    Interval
        Never of zero width, even if all or none succeed; NaN with a reason if n is 0.

    Raises
    ------
    ValueError
        Unless 0 <= successes <= n.

    Notes
    -----
    .. math:: \frac{k + z^2/2}{n + z^2}
       \pm \frac{z}{n + z^2} \sqrt{\frac{k (n - k)}{n} + \frac{z^2}{4}}

    Wilson, JASA 22 (1927). The standard error is that of the plain share.

    Examples
    --------
    >>> i = proportion_interval(20, 20)
    >>> i.estimate, round(i.low, 3), i.high
    (1.0, 0.839, 1.0)
    """
    check_level(level)
    _check_successes(successes, n)
    if n == 0:
        return Interval(NAN, NAN, NAN, level, 0, "wilson", NAN, reason="no rows")
    share = successes / n
    low, high = wilson(successes, n, level)
    error = float(np.sqrt(share * (1.0 - share) / n))
    return Interval(share, float(low), float(high), level, int(n), "wilson", error)


def _check_successes(successes: Any, n: Any) -> None:
    whole = all(isinstance(x, (int, np.integer)) for x in (successes, n))
    if not whole or not 0 <= successes <= n:
        raise ValueError(
            f"successes must be an integer between 0 and n, got {successes!r} of {n!r}; "
            "pass counts, not shares"
        )
