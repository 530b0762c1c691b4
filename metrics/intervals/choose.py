"""Which metric gets which interval: closed forms where they cover, the bootstrap for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from caopd_bench.metrics.intervals.bootstrap import resample
from caopd_bench.metrics.intervals.cautions import with_caution
from caopd_bench.metrics.intervals.clusters import independent_worth, standard_error
from caopd_bench.metrics.intervals.ece.invert import ece_interval
from caopd_bench.metrics.intervals.ece.invert_simulated import FoldedLimits, folded_limits
from caopd_bench.metrics.intervals.from_influence import influence_limits
from caopd_bench.metrics.intervals.gap import gap_limits
from caopd_bench.metrics.intervals.interval import (
    NAN,
    ONE_CLUSTER,
    ONE_VALUE,
    ROUNDING,
    WEIGHTED,
    Interval,
)
from caopd_bench.metrics.intervals.limits import Limits, brier_limits, student_quantile
from caopd_bench.metrics.intervals.means import (
    confidence_when_wrong_limits,
    mean_confidence_limits,
)
from caopd_bench.metrics.intervals.null import null_reaches
from caopd_bench.metrics.intervals.pairs import ranking_limits
from caopd_bench.metrics.intervals.shares import (
    accuracy_limits,
    saturation_limits,
    uncertainty_limits,
)
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


class ClosedForm(NamedTuple):
    """How an interval is made without replicates.

    ``limits`` takes independent rows, also in fractions. ``worth`` names the metric by whose
    influences clustered rows are counted, if it is another one. ``spread``: there is no interval
    if all rows state the same.
    """

    method: str
    limits: Callable[[Tally, float], Limits | FoldedLimits]
    worth: str = ""
    spread: bool = False


def _smooth(name: str) -> ClosedForm:
    return ClosedForm("skewness-adjusted", partial(influence_limits, name))


def _folded(name: str) -> ClosedForm:
    return ClosedForm("simulated inversion", partial(folded_limits, name))


def _ranking(name: str) -> ClosedForm:
    return ClosedForm("score", partial(ranking_limits, name), spread=True)


CLOSED_FORMS = MappingProxyType(
    {
        "accuracy": ClosedForm("wilson", accuracy_limits),
        "saturation": ClosedForm("wilson", saturation_limits),
        "uncertainty": ClosedForm("wilson", uncertainty_limits, worth="accuracy"),
        "overconfidence_gap": ClosedForm("mover", gap_limits),
        "mean_confidence": ClosedForm("skewness-adjusted", mean_confidence_limits, spread=True),
        "confidence_when_wrong": ClosedForm(
            "skewness-adjusted", confidence_when_wrong_limits, spread=True
        ),
        "brier": ClosedForm("adjusted student", brier_limits),
        **{name: _smooth(name) for name in ("brier_skill", "log_score", "auprc", "aurc", "eaurc")},
        **{name: _folded(name) for name in ("ece_l2", "over_ece")},
        **{name: _ranking(name) for name in ("auroc", "spr", "tie_rate")},
    }
)
# At least 0, and biased up because noise counts as error: percentiles cover 0 % when it is 0. To
# each its stream of random numbers, which does not depend on what else is registered.
FOLDED = MappingProxyType({"smooth_ece": 6, "miscalibration": 8, "discrimination": 9})
# Their influences are difference quotients, so that many values would take seconds.
NUMERICAL, COARSE = ("ece_l2", "aurc", "eaurc"), 128
WITH_ONE_ROW = ("accuracy", "saturation", "uncertainty", "ece", "ece_l2", "over_ece")


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
    """Return an interval for each metric, by the method that covers best for it.

    Parameters
    ----------
    confidence : array_like, shape (n,), or Tally
        Stated confidences in [0, 1], or a tally in place of both arguments that is not weighted.
    correct : array_like, shape (n,), optional
        0/1 or bool.
    cluster : array_like of int or str, shape (n,), optional
        As for :func:`tally`; a tally has its own. With clusters, whole clusters are the independent
        draws; otherwise rows are.
    metrics : iterable of str, optional
        Names in :data:`METRICS`; all of them by default.
    replicates : int, default 1000
        Of the bootstrap. None is drawn if all the metrics have closed forms.
    seed : int or numpy.random.Generator, default 0
        Of the replicates.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    dict of str to Interval
        ``method`` says how. Percentiles of the bootstrap miss too often near the end of a range,
        so most metrics have a closed form (:data:`CLOSED_FORMS`) and the ECE is inverted
        (:func:`ece_interval`). Clustered rows enter a closed form as the fewer independent rows
        that they are worth for this metric (:func:`~caopd_bench.metrics.intervals.clusters.
        independent_worth`); ``method`` then begins with "cluster". docs/metrics/intervals.md has
        the coverage of each.

        ``standard_error`` is in closed form where the limits are
        (:func:`~caopd_bench.metrics.intervals.clusters.standard_error`), that of the replicates
        elsewhere; NaN if it is 0.

        All limits are inside the range that the metric is registered with, and hold the estimate.
        No interval has zero width: where it would, the limits are NaN with a reason. So they are
        for an undefined metric, for a single cluster, and for percentiles with more than 5 % of
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
    key = int(rng.integers(1 << 32))  # so that one metric does not depend on the others
    drawn = [name for name in names if name not in CLOSED_FORMS and name != "ece"]
    draws = resample(tally, metrics=drawn, replicates=replicates, seed=rng) if drawn else {}
    found = {
        name: _of_replicates(name, tally, draws[name], level, key)
        if name in draws
        else _without_replicates(name, tally, level)
        for name in names
    }
    return {name: with_caution(name, interval, tally) for name, interval in found.items()}


def _without_replicates(name: str, tally: Tally, level: float) -> Interval:
    estimate, closed = _estimate(name, tally), CLOSED_FORMS.get(name)
    method = _method(closed.method if closed else "inversion", tally)
    reason = reason_of(name, estimate, tally) or _no_interval(name, tally)
    if reason:
        return Interval(estimate, NAN, NAN, level, int(tally.n), method, NAN, reason=reason)
    if closed is None:
        found = ece_interval(tally, level=level)
    else:
        small = condense(tally, COARSE) if name in NUMERICAL else tally
        worth = independent_worth(closed.worth or name, small, level)
        limits = closed.limits(worth, level)
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


def _no_interval(name: str, tally: Tally) -> str:
    """Return why a defined metric has no interval; empty if it may have one."""
    if tally.clusters is not None and tally.clusters.labels.size == 1:
        return ONE_CLUSTER
    if tally.n == 1 and name not in WITH_ONE_ROW:
        return "one row: no interval"
    if tally.values.size == 1 and name in CLOSED_FORMS and CLOSED_FORMS[name].spread:
        return ONE_VALUE
    return ""


def _of_replicates(name: str, tally: Tally, draws: FloatArray, level: float, key: int) -> Interval:
    estimate, n = _estimate(name, tally), int(tally.n)
    method = _method("bias-corrected normal" if name in FOLDED else "percentile", tally)
    empty = Interval(estimate, NAN, NAN, level, n, method, NAN)
    defined = draws[~np.isnan(draws)]
    undefined = 1.0 - defined.size / draws.size
    reason = reason_of(name, estimate, tally) or _no_interval(name, tally)
    if not reason and defined.size and np.ptp(defined) <= ROUNDING:
        reason = ONE_VALUE if tally.values.size == 1 else ALIKE
    if not reason and undefined > MAX_UNDEFINED:
        label = METRICS[name].label
        reason = f"{label} is undefined in {undefined:.0%} of the replicates: too few rows"
    if reason:
        return replace(empty, reason=reason)
    error = float(defined.std(ddof=1))
    if name not in FOLDED:
        low, high = np.quantile(defined, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
        if high - low <= ROUNDING:  # a few replicates differ, too few to show
            return replace(empty, reason=ALIKE)
        low, high = _around(name, estimate, float(low), float(high))
        return replace(empty, low=low, high=high, standard_error=error)
    rows = n if tally.clusters is None else tally.clusters.labels.size
    reach = student_quantile(level, rows) * error
    # Where a value of 0 could have given the estimate, 0 is in the interval.
    rng = np.random.default_rng([key, FOLDED[name]])
    zero = null_reaches(name, tally, estimate - ROUNDING, draws.size, rng, level)
    debiased = min(max(2.0 * estimate - float(defined.mean()), 0.0), estimate)
    low, high = _around(name, estimate, debiased - reach, debiased + reach)
    return replace(
        empty, low=0.0 if zero else low, high=high, standard_error=error, debiased=debiased
    )


def _estimate(name: str, tally: Tally) -> float:
    return check_value(name, METRICS[name].function(tally))


def _around(name: str, estimate: float, low: float, high: float) -> tuple[float, float]:
    """Cut limits to the range of the metric, and stretch them to the estimate.

    Percentiles of a biased metric can leave it out, and so can the counts of clustered rows, which
    are fractions, by rounding.
    """
    low, high = within_range(name, low, high)
    return min(low, estimate), max(high, estimate)


def _method(name: str, tally: Tally) -> str:
    whole = tally.clusters is None or tally.clusters.labels.size == tally.n
    return name if whole else f"cluster {name}"


def _or_nan(error: float) -> float:
    return error if error > ROUNDING else NAN
