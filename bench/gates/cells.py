"""The numbers that a gate decides on: margins against a reference, bars against a fixed number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from caopd_bench.comparison.pairs import Side, TaskPair
from caopd_bench.gates.policy import Limits
from caopd_bench.metrics import (
    METRICS,
    Interval,
    Tally,
    bootstrap,
    compare,
    ece_correlation,
    ece_difference,
    proportion_interval,
    tally,
    undefined_reason,
)
from caopd_bench.metrics.comparison.degradation import CELLS, degradation
from caopd_bench.metrics.comparison.degradation_cells import LEAST_CLUSTERS

__all__ = ["Numbers", "bar_cells", "margin_cells"]

NAN = math.nan
#: The reason that `compare` gives for a metric that no row changes.
ALIKE = "the two models do not differ in any row"
#: Numbers that also count rows without a confidence.
OF_ALL_ROWS = ("parse_rate", "accuracy")
STEPS = 12  # bisection steps for the level that gives a p-value


class Numbers(NamedTuple):
    """How much worse a candidate is: estimate, one-sided limit and p-value.

    `extra`, `excess` and `least_items` are those of `Cell`.
    """

    reference: float
    candidate: float
    worse_by: float
    upper: float
    p_value: float
    standard_error: float
    items: int
    reason: str
    clusters: int = 0
    extra: float = 0.0
    excess: float = 0.0
    least_items: float = 0.0


def margin_cells(
    pair: TaskPair, limits: Mapping[str, Limits], level: float, *, only_limits: bool = False
) -> dict[str, Numbers]:
    """Compare the metrics that have a margin with the reference.

    With `only_limits`, and for advisory numbers, the p-value of the ECE is only 0 or 1.
    """
    wanted = [name for name, limit in limits.items() if limit.margin is not None]
    found = {}
    few = _too_few(pair)
    if few:
        return {name: _undefined(pair.items, few) for name in wanted}
    if any(name in CELLS for name in wanted):
        gap = limits.get("overconfidence_gap")
        six = degradation(
            (pair.base.confidence, pair.base.correct),
            (pair.cand.confidence, pair.cand.correct),
            question=pair.question,
            cluster=pair.family,
            direction=gap.direction if gap else "both",
            level=level,
        )
        for name in wanted:
            if name in six:
                d = six[name]
                found[name] = Numbers(
                    d.reference,
                    d.candidate,
                    d.worse_by,
                    d.upper,
                    d.p_value,
                    d.standard_error,
                    d.items,
                    d.reason,
                    extra=d.extra,
                    excess=d.excess,
                    least_items=d.least_items,
                )
    others = [name for name in wanted if name not in CELLS]
    both = pair.select(pair.base.parsed & pair.cand.parsed) if others else pair
    for name in others:
        is_quick = only_limits or limits[name].tier == "advisory"
        numbers, excess = _other(name, both, level, is_quick), _excess(name, pair)
        found[name] = numbers._replace(upper=numbers.upper + excess, excess=excess)
    return {name: found[name] for name in wanted}


def _too_few(pair: TaskPair) -> str:
    """Return why there is no standard error; empty if there is one."""
    worth = pair.effective_clusters
    if pair.family is not None and worth < LEAST_CLUSTERS:
        return (
            f"the rows are worth {worth:.3g} clusters of equal size; at least {LEAST_CLUSTERS} "
            "are needed"
        )
    return "fewer than 2 items" if pair.items < 2 else ""


def _excess(name: str, pair: TaskPair) -> float:
    """Return the possible effect of the newly missing answers: see `degradation`."""
    drop = max(float(pair.base.parsed.mean() - pair.cand.parsed.mean()), 0.0)
    if drop == 0.0 or METRICS[name].needs == "":
        return drop
    # Within a class, the newly missing answers may be the majority.
    right = float(pair.base.correct[pair.base.parsed].mean())
    share = min(right, 1.0 - right)
    return min(drop / share, 1.0) if share > 0.0 else 1.0


def _other(name: str, both: TaskPair, level: float, is_quick: bool) -> Numbers:
    """Compare any other metric, on the rows that both parse."""
    if both.n == 0:
        return _undefined(0, "no row states a usable confidence in both runs")
    if both.is_identical:
        return _unchanged(name, both)
    if name == "ece" and is_quick:
        return _ece(both, level)
    change = compare(
        (both.base.confidence, both.base.correct),
        (both.cand.confidence, both.cand.correct),
        cluster=both.cluster,
        metrics=[name],
        level=_two_sided(level),
    )[name]
    if math.isnan(change.low) and change.reason == ALIKE:
        # Rows differ, but not in what the metric measures, such as an order that stayed the same.
        return Numbers(change.a, change.b, 0.0, 0.0, 1.0, 0.0, both.items, "")
    if math.isnan(change.low):
        return _undefined(both.items, change.reason)._replace(
            reference=change.a, candidate=change.b
        )
    is_worse_higher = not METRICS[name].higher_is_better
    by = change.difference if is_worse_higher else -change.difference
    upper = change.high if is_worse_higher else -change.low
    one_sided = change.p_value / 2.0
    return Numbers(
        change.a,
        change.b,
        by,
        upper,
        one_sided if by > 0.0 else 1.0 - one_sided,
        change.standard_error,
        both.items,
        "",
    )


def _unchanged(name: str, both: TaskPair) -> Numbers:
    """Return numbers without noise: nothing differs, so the limit equals the estimate."""
    of = _tally(both.base, both)
    value = METRICS[name].function(of)
    if not math.isfinite(value):
        undefined = _undefined(both.items, undefined_reason(name, of))
        return undefined._replace(reference=value, candidate=value)
    return Numbers(value, value, 0.0, 0.0, 1.0, 0.0, both.items, "")


def _ece(both: TaskPair, level: float) -> Numbers:
    """Compare the ECE without its p-value, which takes a dozen intervals."""
    rows = (both.base.confidence, both.base.correct, both.cand.confidence, both.cand.correct)
    r = ece_correlation(*rows, cluster=both.cluster)
    of_base, of_cand = (_tally(side, both) for side in (both.base, both.cand))
    i = ece_difference(of_base, of_cand, correlation=r, level=_two_sided(level))
    of_a, of_b = (METRICS["ece"].function(t) for t in (of_base, of_cand))
    p_value = 0.0 if i.low > 0.0 else 1.0  # encodes only whether the limit excludes 0 at this level
    return Numbers(of_a, of_b, i.estimate, i.high, p_value, i.standard_error, both.items, i.reason)


def bar_cells(
    pair: TaskPair, limits: Mapping[str, Limits], level: float
) -> dict[tuple[str, str], Numbers]:
    """Compare the candidate with the policy's numbers, by `max` and `min`."""
    found = {}
    few = _too_few(pair)
    for name, limit in limits.items():
        for rule, bar in (("max", limit.max), ("min", limit.min)):
            if bar is not None:
                is_max = rule == "max"
                numbers = (
                    _undefined(pair.items, few) if few else _bar(name, pair, bar, is_max, level)
                )
                # A candidate silent on its errors would be within any bar on the remaining rows.
                excess = 0.0 if name in OF_ALL_ROWS else _excess(name, pair)
                found[name, rule] = numbers._replace(upper=numbers.upper + excess, excess=excess)
    return found


def _bar(name: str, pair: TaskPair, bar: float, is_max: bool, level: float) -> Numbers:
    sign = 1.0 if is_max else -1.0
    at = _interval_of(name, pair)
    interval = at(_two_sided(level))
    if interval is None or math.isnan(interval.low):
        reason = "no row states a usable confidence" if interval is None else interval.reason
        value = NAN if interval is None else interval.estimate
        return _undefined(pair.items, reason)._replace(candidate=value)
    beyond = sign * (interval.estimate - bar)
    upper = (interval.high - bar) if is_max else (bar - interval.low)

    def excludes(one_sided: float) -> bool:
        inner = at(_two_sided(one_sided))
        return inner is not None and (inner.low > bar if is_max else inner.high < bar)

    return Numbers(
        NAN,
        interval.estimate,
        beyond,
        upper,
        _p_value(excludes, level) if beyond > 0.0 else 1.0,
        interval.standard_error,
        pair.items,
        "",
    )


def _interval_of(name: str, pair: TaskPair) -> Callable[[float], Interval | None]:
    side = pair.cand
    if name == "parse_rate" and pair.cluster is None:
        return lambda level: proportion_interval(int(side.parsed.sum()), pair.n, level)
    if name in OF_ALL_ROWS:
        # Use all rows, since these numbers do not depend on the confidence.
        hits = side.parsed.astype(np.float64) if name == "parse_rate" else side.correct
        rows = tally(np.zeros(pair.n), hits, cluster=pair.cluster)
        return lambda level: bootstrap(rows, metrics=["accuracy"], level=level)["accuracy"]
    parsed = side.parsed
    if not parsed.any():
        return lambda _: None
    kept = pair.select(parsed)
    of = _tally(kept.cand, kept)
    return lambda level: bootstrap(of, metrics=[name], level=level)[name]


def _p_value(excludes: Callable[[float], bool], level: float) -> float:
    """Return 1 - the highest one-sided level at which the limit excludes the bar."""
    inside, outside = 0.5, 1.0 - 1e-6
    if excludes(outside):
        return 1.0 - outside
    # The first split is at the requested level, so that the p-value agrees with the limit.
    for step in range(STEPS):
        middle = level if step == 0 else (inside + outside) / 2.0
        inside, outside = (middle, outside) if excludes(middle) else (inside, middle)
    return 1.0 - inside


def _tally(side: Side, pair: TaskPair) -> Tally:
    return tally(side.confidence, side.correct, cluster=pair.cluster)


def _two_sided(one_sided: float) -> float:
    """Return the level of a two-sided interval whose upper end is a one-sided limit."""
    return max(2.0 * one_sided - 1.0, 0.01)


def _undefined(items: int, reason: str) -> Numbers:
    return Numbers(NAN, NAN, NAN, NAN, NAN, NAN, items, reason)
