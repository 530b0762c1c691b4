"""Student's limits of a paired difference, from the influence of each row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from caopd_bench.metrics.comparison.pairs import Pair
from caopd_bench.metrics.intervals.influence import influence
from caopd_bench.metrics.limits.influences import Influence
from caopd_bench.metrics.registry import METRICS, widest_change
from caopd_bench.metrics.rows.tally import Tally

TINY = 1e-12  # smaller influences are due to rounding
NAN = float("nan")


class PairedLimits(NamedTuple):
    """Limits of a difference, and the method of their computation."""

    low: float
    high: float
    p_value: float
    standard_error: float
    method: str
    reason: str = ""


def difference(name: str, rows: Pair) -> float:
    """Return the plug-in difference b - a of a metric."""
    function = METRICS[name].function
    return function(rows.b) - function(rows.a)


def student(name: str, rows: Pair, level: float) -> PairedLimits:
    """Return Student's limits for the difference of a metric, from its influences."""
    estimate = difference(name, rows)
    of_a, of_b = (_by_sample_size(name, t) for t in (rows.a, rows.b))
    sums, units = rows.unit_sums(rows.differences(of_a, of_b))
    share = np.full(1, float(rows.n) / rows.units)
    if rows.cluster is not None:
        share = np.bincount(rows.cluster, weights=rows.times).astype(np.float64)
    moved = sums + estimate * share
    unlike = np.abs(moved) > TINY
    if not (unlike & (units > 0)).any():
        return _all_alike(name, rows, level)
    # Add half a unit that differs in each direction. Otherwise, if five rows all differ in the same
    # direction, the variance would assume that every further row that differs does so too.
    typical = float((units * moved**2).sum() / units[unlike].sum())
    squares = float((units * sums**2).sum())
    error = np.sqrt(squares + typical) / rows.n * np.sqrt(rows.units / (rows.units - 1.0))
    degrees = rows.units - 1.0
    if METRICS[name].average == "classes" and squares > 0.0:
        fourths = float((units * sums**4).sum())
        spread = fourths / squares**2 - 1.0 / rows.units
        degrees = float(np.clip(2.0 / max(spread, 1e-12), 1.0, degrees))
    return limits_around(estimate, float(error), degrees, level, "paired student")


def _by_sample_size(name: str, t: Tally) -> Influence:
    """Return the influence, scaled up in classes of few rows, as for a variance over n - 1."""
    psi = influence(name, t)
    if METRICS[name].average != "classes":
        return psi
    # A class may have a single row if the metric does not use it.
    of_right, of_wrong = (np.sqrt(n / max(n - 1.0, 1.0)) for n in (t.n_right, t.n_wrong))
    return Influence(psi.if_right * of_right, psi.if_wrong * of_wrong)


def limits_around(
    centre: float, error: float, degrees: float, level: float, method: str
) -> PairedLimits:
    """Return Student's limits of a difference."""
    # Imported here: it costs 0.1 s.
    from scipy.special import stdtr, stdtrit

    reach = float(stdtrit(degrees, (1.0 + level) / 2.0)) * error
    p_value = 2.0 * float(stdtr(degrees, -abs(centre) / error))
    return PairedLimits(centre - reach, centre + reach, min(p_value, 1.0), error, method)


def _all_alike(name: str, rows: Pair, level: float) -> PairedLimits:
    """Return limits if no unit differs: the largest difference that could have been missed."""
    if METRICS[name].average != "rows":
        return without("the two models do not differ in any row")
    # The share of differing units that a sample misses entirely with probability (1 - level) / 2.
    share = 1.0 - ((1.0 - level) / 2.0) ** (1.0 / rows.units)
    reach = float(widest_change(name) * share)
    return PairedLimits(-reach, reach, 1.0, 0.0, "no difference seen")


def without(reason: str) -> PairedLimits:
    """Return NaN limits with a reason."""
    return PairedLimits(NAN, NAN, NAN, NAN, "", reason)
