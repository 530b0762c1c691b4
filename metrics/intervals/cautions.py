"""What an interval says about itself where its measured coverage fell clearly short of 0.90.

The figures are those of docs/metrics/intervals.md and calibration.md, at a nominal 0.95.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from caopd_bench.metrics.intervals.interval import Interval
from caopd_bench.metrics.rows.tally import Tally


class _Shortfall(NamedTuple):
    """Least coverage that was measured, where, and whether a tally is like that."""

    least: float
    where: str
    applies: Callable[[Tally], bool]


def _fewer_clusters_than(limit: int) -> Callable[[Tally], bool]:
    def applies(tally: Tally) -> bool:
        return tally.clusters is not None and tally.clusters.labels.size < limit

    return applies


def _always(_tally: Tally) -> bool:
    return True


SHORTFALLS = {
    "brier_skill": _Shortfall(
        0.62, "few rows right or few wrong", lambda t: min(t.n_right, t.n - t.n_right) < 10
    ),
    "ece": _Shortfall(0.82, "fewer than 125 clusters", _fewer_clusters_than(125)),
    "ece_l2": _Shortfall(0.84, "fewer than 500 rows", lambda t: t.n < 500),
    "over_ece": _Shortfall(
        0.76, "fewer than 500 rows, or clusters", lambda t: t.n < 500 or t.clusters is not None
    ),
    "saturation": _Shortfall(0.86, "fewer than 100 clusters", _fewer_clusters_than(100)),
    "tie_rate": _Shortfall(
        0.49,
        "continuous confidence in clusters",
        lambda t: t.clusters is not None and t.values.size > t.clusters.labels.size,
    ),
    "miscalibration": _Shortfall(0.83, "", _always),
    "discrimination": _Shortfall(0.85, "", _always),
    "smooth_ece": _Shortfall(0.85, "", _always),
}


def with_caution(name: str, interval: Interval, tally: Tally) -> Interval:
    """Return the interval of metric ``name``, saying where it was seen to cover too seldom."""
    if tally.clusters is not None and tally.clusters.labels.size == tally.n:
        tally = replace(tally, clusters=None)  # each row is its own cluster
    found = SHORTFALLS.get(name)
    if interval.reason or found is None or not found.applies(tally):
        return interval
    where = f" ({found.where})" if found.where else ""
    return replace(
        interval, caution=f"95% limits covered as little as {found.least:.0%} in simulations{where}"
    )
