"""From arrays to numbers: levels, contrasts and slopes with their limits, and the claims judged.

A statement about a **method** averages over base seeds and training seeds, and its limits come from
drawing those and the items. A statement about **checkpoints** compares one model with another
(first base seed, first training seed) and draws items alone: it says nothing about the method.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.sweep.analysis import Analysis, Claim, Judged, judge, split_series
from caopd_bench.sweep.gather import Gathered
from caopd_bench.sweep.hierarchy import (
    Draws,
    Limits,
    draw_seeds,
    find_limits,
    mean_over_seeds,
    slopes,
)

__all__ = ["Number", "Summary"]

Array = NDArray[np.float64]
METHOD, CHECKPOINTS = "method", "checkpoints"
NO_BASES: Array = np.empty((0, 1))


class Number(NamedTuple):
    """One number of the summary."""

    kind: str  # level, contrast, slope
    unit: str  # method or checkpoints
    at: str
    series: str
    versus: str
    metric: str
    limits: Limits
    bases: int
    seeds: int


class Summary:
    """Computes the numbers of an analysis, each once.

    Parameters
    ----------
    gathered : Gathered
    analysis : Analysis
    """

    def __init__(self, gathered: Gathered, analysis: Analysis) -> None:
        self.gathered, self.analysis = gathered, analysis
        self.places = [w for w in gathered.parameters if any(k[0] == w for k in gathered.values)]
        self._draws: dict[tuple[str, int, int], Draws] = {}

    def has(self, at: str, series: str) -> bool:
        """Say whether a series was measured at a place."""
        return (at, *split_series(series, self.analysis.view)) in self.gathered.values

    def replicates(self, at: str, series: str, metric: str) -> Array:
        """Give a method's mean, as observed and in each replicate."""
        values = self._values(at, series, metric)
        return mean_over_seeds(values, self._drawn(at, values.shape[0], values.shape[1]))

    def level(self, at: str, series: str, metric: str) -> Number:
        """Give a method's mean with its limits."""
        values = self._values(at, series, metric)
        made = self.replicates(at, series, metric)
        limits = find_limits(made, _by_base(values), self.analysis.level)
        return Number("level", METHOD, at, series, "", metric, limits, *values.shape[:2])

    def contrast(self, at: str, one: str, other: str, metric: str) -> Number:
        """Give the difference of two methods, taken within each replicate."""
        a, b = self._values(at, one, metric), self._values(at, other, metric)
        made = self.replicates(at, one, metric) - self.replicates(at, other, metric)
        by_base = _by_base(a) - _by_base(b) if len(a) == len(b) else NO_BASES
        limits = find_limits(made, by_base, self.analysis.level)
        seeds = max(a.shape[1], b.shape[1])
        return Number("contrast", METHOD, at, one, other, metric, limits, len(a), seeds)

    def checkpoints(self, at: str, one: str, other: str, metric: str) -> Number:
        """Give the difference of two single models: items alone are drawn."""
        a, b = self._values(at, one, metric)[0, 0], self._values(at, other, metric)[0, 0]
        limits = find_limits(a - b, NO_BASES, self.analysis.level)
        return Number("contrast", CHECKPOINTS, at, one, other, metric, limits, 1, 1)

    def slope(self, series: str, metric: str) -> Number:
        """Give the change of a metric for a factor of ten in size."""
        at = [place for place in self.places if self.has(place, series)]
        if len(at) < 3:
            nothing = Limits(*[math.nan] * 5)
            return Number("slope", METHOD, "", series, "", metric, nothing, 0, 0)
        by_size = {self.gathered.parameters[p]: self.replicates(p, series, metric) for p in at}
        values = [self._values(place, series, metric) for place in at]
        limits = find_limits(slopes(by_size), NO_BASES, self.analysis.level)
        return Number("slope", METHOD, "", series, "", metric, limits, *values[0].shape[:2])

    def judge(self, claim: Claim) -> list[Judged]:
        """Judge a claim wherever it can be."""
        if claim.slope is not None:
            numbers = [self.slope(claim.slope, claim.metric)]
        else:
            wanted = claim.at if claim.at is not None else self.places
            places = [p for p in wanted if all(self.has(p, series) for series in claim.of)]
            one, *other = claim.of
            numbers = [
                self.contrast(place, one, other[0], claim.metric)
                if other
                else self.level(place, one, claim.metric)
                for place in places
            ]
        return [
            Judged(
                n.at,
                n.limits.estimate,
                n.limits.low,
                n.limits.high,
                judge(claim.expect, n.limits.low, n.limits.high),
            )
            for n in numbers
        ]

    def numbers(self) -> Iterator[Number]:
        """Give every number of the analysis."""
        a = self.analysis
        names = [g if v == a.view else f"{g} @ {v}" for g in a.groups for v in a.views]
        for at in self.places:
            for series in names:
                if self.has(at, series):
                    yield from (self.level(at, series, metric) for metric in a.metrics)
            for one, other in (tuple(pair) for pair in a.contrasts):
                if self.has(at, one) and self.has(at, other):
                    yield from (self.contrast(at, one, other, metric) for metric in a.metrics)
                    yield from (self.checkpoints(at, one, other, metric) for metric in a.metrics)
        if a.slopes is not None:
            for series in a.slopes.groups:
                yield from (self.slope(series, metric) for metric in a.slopes.metrics)

    def _values(self, at: str, series: str, metric: str) -> Array:
        return self.gathered.values[(at, *split_series(series, self.analysis.view))][metric]

    def _drawn(self, at: str, bases: int, seeds: int) -> Draws:
        """Draw seeds once for a place and a number of them, so that methods share the draws.

        Base draws are the same whatever the number of training seeds; sizes are independent.
        """
        key = (at, bases, seeds)
        if key not in self._draws:
            size = self.analysis.replicates
            place = self.places.index(at)
            make = np.random.default_rng
            drawn = draw_seeds(bases, seeds, size, make([self.analysis.seed, place, bases, seeds]))
            shared = draw_seeds(bases, 1, size, make([self.analysis.seed, place, bases]))
            self._draws[key] = Draws(shared.bases, drawn.seeds)
        return self._draws[key]


def _by_base(values: Array) -> Array:
    """Give the mean of each base over its training seeds, as observed and in each replicate."""
    counted = (~np.isnan(values)).sum(1)
    means: Array = np.full(counted.shape, math.nan)
    np.divide(np.nansum(values, axis=1), counted, out=means, where=counted > 0)
    return means
