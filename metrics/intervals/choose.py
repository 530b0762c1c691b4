"""The interval of each metric: a closed form if its coverage is good, else the bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from caopd_bench.metrics.intervals.bootstrap import resample
from caopd_bench.metrics.intervals.clusters import independent_worth, standard_error
from caopd_bench.metrics.intervals.ece.invert import ece_interval
from caopd_bench.metrics.intervals.ece.invert_simulated import FoldedLimits, folded_limits
from caopd_bench.metrics.intervals.from_influence import influence_limits
from caopd_bench.metrics.intervals.interval import (
    NAN,
    ONE_CLUSTER,
    ONE_VALUE,
    ROUNDING,
    WEIGHTED,
    Interval,
    with_caution,
)
from caopd_bench.metrics.intervals.null import null_reaches
from caopd_bench.metrics.limits.student import Limits, student_quantile
from caopd_bench.metrics.metric_parts import ClosedForm, Folded
from caopd_bench.metrics.registry import (
    METRICS,
    check_metrics,
    check_value,
    reason_of,
    within_range,
)
from caopd_bench.metrics.rows.condense import condense
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.seeds import Seed, check_level, check_replicates, generator
from caopd_bench.metrics.rows.tally import Tally, as_tally

ALIKE = "replicates all alike: no interval"
MAX_UNDEFINED = 0.05  # share of undefined replicates that an interval may leave out


COARSE = 128  # largest number of values for which slow influences are computed
#: Closed forms that work for any metric, by its name.
BY_METHOD: dict[str, Callable[[str, Tally, float], Limits | FoldedLimits]] = {
    "skewness-adjusted": influence_limits,
    "simulated inversion": folded_limits,
}


def bootstrap(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    cluster: ArrayLike | None = None,
    metrics: Iterable[str] | None = None,
    replicates: int = 1000,
    seed: Seed = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Return an interval for each metric, computed with the method that covers best for it.

    Parameters
    ----------
    confidence : array_like, shape (n,), or Tally
        Stated confidences in [0, 1], or an unweighted tally in place of both arguments.
    correct : array_like, shape (n,), optional
        0/1 or bool.
    cluster : array_like of int or str, shape (n,), optional
        As for :func:`tally`; not allowed with a tally, which has its own. The independent units are
        the clusters, if given, and the rows otherwise.
    metrics : iterable of str, optional
        Names in :data:`METRICS`; all of them by default.
    replicates : int, default 1000
        Number of bootstrap replicates. None are drawn if all the metrics have closed forms.
    seed : int or numpy.random.Generator, default 0
        Seed of the replicates.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    dict of str to Interval
        ``method`` names the method. Bootstrap percentiles miss too often near the end of a range,
        so most metrics have a closed form (named in their definition), and the ECE uses test
        inversion (:func:`ece_interval`). In a closed form, clustered rows count as the smaller
        number of independent rows that they are worth for the metric
        (:func:`~caopd_bench.metrics.intervals.clusters.independent_worth`); ``method`` then begins
        with "cluster". docs/metrics/intervals.md lists their coverage.

        ``standard_error`` has a closed form wherever the limits do
        (:func:`~caopd_bench.metrics.intervals.clusters.standard_error`), and otherwise is that of
        the replicates; NaN if it is 0.

        All limits are inside the registered range of the metric, and contain the estimate.
        No interval has zero width: where it would, the limits are NaN with a reason. They are also
        NaN for an undefined metric, for a single cluster, and for percentiles with more than 5 % of
        the replicates undefined.

    Raises
    ------
    ValueError
        If the rows are invalid, see :func:`tally`, or weighted; if another argument is invalid, or
        a metric is outside the range that it was registered with.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> c, y = [0.9] * 60 + [0.6] * 40, [1] * 50 + [0] * 10 + [1] * 20 + [0] * 20
    >>> i = bootstrap(c, y, metrics=["auroc"])["auroc"]
    >>> round(i.estimate, 3), i.low < i.estimate < i.high
    (0.69, True)
    >>> bootstrap(tally(c, y), metrics=["auroc"])["auroc"].low == i.low  # or a tally of them
    True
    >>> bootstrap([0.9, 0.8], [1, 1], metrics=["auroc"])["auroc"].reason
    'all answers right: AUROC needs right and wrong answers'
    >>> gap = bootstrap(tally([0.95] * 20, [0] * 20))["overconfidence_gap"]
    >>> round(gap.low, 2), round(gap.high, 2), gap.method
    (0.79, 0.95, 'mover')
    """
    names = list(METRICS) if metrics is None else check_metrics(metrics)
    check_replicates(replicates)
    check_level(level)
    rng = generator(seed)
    tally = as_tally(confidence, correct, cluster=cluster)
    if tally.weighted:
        raise ValueError(WEIGHTED)
    key = int(rng.integers(1 << 32))  # so that an interval does not depend on the other metrics
    drawn = [name for name in names if not isinstance(METRICS[name].interval, ClosedForm)]
    draws = resample(tally, metrics=drawn, replicates=replicates, seed=rng) if drawn else {}
    found = {}
    for name in names:
        how = METRICS[name].interval
        found[name] = (
            _without_replicates(name, how, tally, level)
            if isinstance(how, ClosedForm)
            else _of_replicates(name, how, tally, draws[name], level, key)
        )
    return {name: with_caution(name, interval, tally) for name, interval in found.items()}


def _without_replicates(name: str, how: ClosedForm, tally: Tally, level: float) -> Interval:
    estimate, method = _estimate(name, tally), _method(how.method, tally)
    reason = reason_of(name, estimate, tally) or _no_interval(how, tally)
    if reason:
        return Interval(estimate, NAN, NAN, level, int(tally.n), method, NAN, reason=reason)
    if name == "ece":
        found = ece_interval(tally, level=level)
    else:
        small = condense(tally, COARSE) if how.coarse else tally
        worth = independent_worth(how.worth or name, small, level)
        limits: Limits | FoldedLimits
        if how.limits is None:
            limits = BY_METHOD[how.method](name, worth, level)
        else:
            limits = how.limits(worth, level)
        low, high = _around(name, estimate, limits.low, limits.high)
        found = Interval(
            estimate,
            low,
            high,
            level,
            int(tally.n),
            method,
            _or_nan(standard_error(name, small)),
            limits.debiased if isinstance(limits, FoldedLimits) else NAN,
        )
    if found.reason or found.high - found.low > ROUNDING:
        return found
    alike = ONE_VALUE if tally.values.size == 1 else ALIKE
    return replace(found, low=NAN, high=NAN, standard_error=NAN, reason=alike)


def _no_interval(how: ClosedForm | Folded | None, tally: Tally) -> str:
    """Return the reason if a defined metric has no interval; empty if it may have one."""
    closed = how if isinstance(how, ClosedForm) else None
    if tally.clusters is not None and tally.clusters.labels.size == 1:
        return ONE_CLUSTER
    if tally.n == 1 and not (closed and closed.one_row):
        return "one row: no interval"
    if tally.values.size == 1 and closed and closed.spread:
        return ONE_VALUE
    return ""


def _of_replicates(
    name: str, how: Folded | None, tally: Tally, draws: FloatArray, level: float, key: int
) -> Interval:
    estimate, n = _estimate(name, tally), int(tally.n)
    method = _method("percentile" if how is None else "bias-corrected normal", tally)
    empty = Interval(estimate, NAN, NAN, level, n, method, NAN)
    defined = draws[~np.isnan(draws)]
    undefined = 1.0 - defined.size / draws.size
    reason = reason_of(name, estimate, tally) or _no_interval(how, tally)
    if not reason and defined.size and np.ptp(defined) <= ROUNDING:
        reason = ONE_VALUE if tally.values.size == 1 else ALIKE
    if not reason and undefined > MAX_UNDEFINED:
        label = METRICS[name].label
        reason = f"{label} is undefined in {undefined:.0%} of the replicates: too few rows"
    if reason:
        return replace(empty, reason=reason)
    error = float(defined.std(ddof=1))
    if how is None:
        low, high = np.quantile(defined, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
        if high - low <= ROUNDING:  # nearly all replicates are equal
            return replace(empty, reason=ALIKE)
        low, high = _around(name, estimate, float(low), float(high))
        return replace(empty, low=low, high=high, standard_error=error)
    rows = n if tally.clusters is None else tally.clusters.labels.size
    reach = student_quantile(level, rows) * error
    # The interval contains 0 if a true value of 0 could have produced the estimate.
    rng = np.random.default_rng([key, how.stream_of(name)])
    zero = null_reaches(name, tally, estimate - ROUNDING, draws.size, rng, level)
    debiased = min(max(2.0 * estimate - float(defined.mean()), 0.0), estimate)
    low, high = _around(name, estimate, debiased - reach, debiased + reach)
    return replace(
        empty, low=0.0 if zero else low, high=high, standard_error=error, debiased=debiased
    )


def _estimate(name: str, tally: Tally) -> float:
    return check_value(name, METRICS[name].function(tally))


def _around(name: str, estimate: float, low: float, high: float) -> tuple[float, float]:
    """Cut limits to the range of the metric, and extend them to the estimate.

    Percentiles of a biased metric can exclude the estimate; so can limits from the fractional
    counts of clustered rows, by rounding.
    """
    low, high = within_range(name, low, high)
    return min(low, estimate), max(high, estimate)


def _method(name: str, tally: Tally) -> str:
    whole = tally.clusters is None or tally.clusters.labels.size == tally.n
    return name if whole else f"cluster {name}"


def _or_nan(error: float) -> float:
    return error if error > ROUNDING else NAN
