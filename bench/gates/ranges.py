"""Refuse pointless limits, which no candidate can break or none can keep."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from caopd_bench.metrics import METRICS
from caopd_bench.metrics.comparison.degradation import CELLS

__all__ = ["bar_rule", "check_limits", "limit_schema", "range_of", "widest_margin", "worst_of"]

#: Range of the gate's numbers that are not registered metrics; both are shares.
OF_CELLS = dict.fromkeys((name for name in CELLS if name not in METRICS), (0.0, 1.0))
#: A margin has the scale of a confidence, even if the metric is unbounded.
LARGEST_MARGIN = 1.0
GAP = "overconfidence_gap"


def range_of(name: str) -> tuple[float, float]:
    """Return the smallest and the largest possible value of a number of a policy.

    Parameters
    ----------
    name : str
        A metric, or a number of `degradation`.

    Returns
    -------
    (float, float)
        Infinite where the range is unbounded.

    Examples
    --------
    >>> range_of("brier"), range_of("parse_rate"), range_of("log_score")
    ((0.0, 1.0), (0.0, 1.0), (0.0, inf))
    """
    return METRICS[name].range if name in METRICS else OF_CELLS[name]


def worst_of(name: str) -> float:
    """Return the worst end of the range; 1 for the gap, which is worst far from 0.

    Examples
    --------
    >>> worst_of("brier"), worst_of("accuracy"), worst_of("overconfidence_gap")
    (1.0, 0.0, 1.0)
    """
    low, high = range_of(name)
    rises = name in METRICS and not METRICS[name].higher_is_better
    return high if rises or name == GAP else low


def widest_margin(name: str) -> float:
    """Return the largest amount by which a candidate can be worse; it may be infinite.

    It is 1 for the gap: no candidate is worse by more unless the reference's gap is negative.

    Examples
    --------
    >>> widest_margin("brier"), widest_margin("discrimination"), widest_margin("log_score")
    (1.0, 0.25, inf)
    """
    low, high = range_of(name)
    return 1.0 if name == GAP else high - low


def bar_rule(name: str) -> str:
    """Return the rule that a worse candidate breaks: max, min, or "" for either.

    Examples
    --------
    >>> bar_rule("brier"), bar_rule("parse_rate"), bar_rule("overconfidence_gap")
    ('max', 'min', '')
    """
    if name not in METRICS:
        return "min"  # the parse rate; the other numbers of CELLS have no bars
    rises = METRICS[name].higher_is_better
    return "" if rises is None else "min" if rises else "max"


def check_limits(
    place: str, name: str, *, margin: float | None, highest: float | None, lowest: float | None
) -> None:
    """Refuse limits that no candidate can break, none can keep, or only a better one breaks.

    Parameters
    ----------
    place : str
        Path of the metric in the policy, for messages.
    name : str
    margin, highest, lowest : float or None
        The policy's `margin`, `max` and `min`. A value must be below `max` and above `min`, and not
        worse by more than the margin.

    Raises
    ------
    ValueError
        The message names the metric, the value, the range and a valid limit.

    Examples
    --------
    >>> check_limits("metrics.brier", "brier", margin=0.04, highest=0.3, lowest=None)
    >>> try:
    ...     check_limits("metrics.brier", "brier", margin=None, highest=25.0, lowest=None)
    ... except ValueError as error:
    ...     print(str(error).partition("; give")[0])
    metrics.brier.max: brier is never above 1, so max 25 can never fail
    """
    low, high = range_of(name)
    widest, inside = widest_margin(name), _inside(low, high)
    if margin is not None and (margin >= widest or margin > LARGEST_MARGIN):
        raise ValueError(f"{place}.margin: {name} {_why_too_wide(name, margin, widest)}")
    for rule, value in (("max", highest), ("min", lowest)):
        if value is None:
            continue
        side, other = ("above", "below") if rule == "max" else ("below", "above")
        far, near = (high, low) if rule == "max" else (low, high)
        is_open = value >= far if rule == "max" else value <= far
        is_shut = value <= near if rule == "max" else value >= near
        usual = bar_rule(name)
        if usual not in ("", rule):
            raise ValueError(
                f"{place}.{rule}: {name}: {'higher' if usual == 'min' else 'lower'} is better, so "
                f"{rule} {value:g} would only fail a candidate that improves; "
                f"{_turn(usual, value, low, high)}"
            )
        fix = f"give a number {inside}{_as_share(value, high)}"
        if is_open:
            raise ValueError(
                f"{place}.{rule}: {name} is never {side} {far:g}, so {rule} {value:g} can never "
                f"fail; {fix}"
            )
        if is_shut:
            raise ValueError(
                f"{place}.{rule}: {name} must be {other} {value:g} to pass, and is never {other} "
                f"{near:g}, so {rule} {value:g} can never pass; {fix}"
            )
    if highest is not None and lowest is not None and lowest >= highest:
        raise ValueError(
            f"{place}: {name} must be above min {lowest:g} and below max {highest:g}, which is "
            "impossible; give a min below the max"
        )


def _why_too_wide(name: str, margin: float, widest: float) -> str:
    most = min(widest, LARGEST_MARGIN)
    guess = _as_share(margin, most)
    if math.isinf(widest):
        return (
            f"has no largest value, and its margin can be at most {most:g}, got {margin:g}; give "
            f"a number above 0 and at most {most:g}{guess}"
        )
    why = f"can never be worse by more than {widest:g}, so margin {margin:g} can never fail"
    if name == GAP:
        why = (
            "can only be worse by more than 1 if the reference's is negative, so margin "
            f"{margin:g} can hardly ever fail"
        )
    return f"{why}; give a number above 0 and below {widest:g}{guess}"


def limit_schema(names: list[str]) -> Mapping[str, Any]:
    """Return the bounds of `check_limits` as JSON Schema, a schema for each metric.

    JSON Schema cannot express which of two limits is larger.
    """
    found = {}
    for name in names:
        low, high = range_of(name)
        ends = dict(_finite(exclusiveMinimum=low, exclusiveMaximum=high))
        bounds = {
            "margin": dict(_finite(exclusiveMaximum=widest_margin(name))),
            **{
                rule: ends if bar_rule(name) in ("", rule) else {"type": "null"}
                for rule in ("max", "min")
            },
        }
        found[name] = {
            "allOf": [
                {"$ref": "#/$defs/Limits"},
                {"properties": {rule: bound for rule, bound in bounds.items() if bound}},
            ]
        }
    return found


def _turn(rule: str, value: float, low: float, high: float) -> str:
    """Guess which bar was meant."""
    meant = value / 100.0 if 1.0 < value < 100.0 and value >= high else value
    if low < meant < high:
        return f"did you mean {rule}: {meant:g}?"
    return f"give a {rule} {_inside(low, high)}"


def _finite(**ends: float) -> Iterator[tuple[str, float]]:
    return ((key, end) for key, end in ends.items() if math.isfinite(end))


def _inside(low: float, high: float) -> str:
    if math.isinf(high):
        return f"above {low:g}"
    return f"below {high:g}" if math.isinf(low) else f"between {low:g} and {high:g}"


def _as_share(value: float, most: float) -> str:
    """Guess what a percentage was meant to be."""
    share = abs(value) / 100.0
    return f" ({share:g}?)" if 1.0 < abs(value) < 100.0 and value > 0 and share < most else ""
