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

from caopd_bench.errors import UsageError
from caopd_bench.metrics.hierarchy import (
    Draws,
    Limits,
    draw_seeds,
    find_limits,
    mean_over_seeds,
    slopes,
)
from caopd_bench.sweep.analysis import ANALYSIS, Analysis, Claim, Judged, judge, split_series
from caopd_bench.sweep.gather import Gathered

__all__ = ["CHECKPOINTS", "METHOD", "Number", "Summary"]

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
    #: Of the runs (or pairs of them), those in which the metric is defined.
    defined: int = 0


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
        return self._mean(at, self._values(at, series, metric))

    def level(self, at: str, series: str, metric: str) -> Number:
        """Give a method's mean with its limits."""
        values = self._values(at, series, metric)
        made = self.replicates(at, series, metric)
        limits = find_limits(made, _by_base(values), self.analysis.level)
        bases, seeds = values.shape[:2]
        defined = int((~np.isnan(values[:, :, 0])).sum())
        unit = METHOD if bases * seeds > 1 else CHECKPOINTS
        return Number("level", unit, at, series, "", metric, limits, bases, seeds, defined)

    def contrast(self, at: str, one: str, other: str, metric: str) -> Number:
        """Give the difference of two methods, taken within each replicate.

        Both must have the same base seeds; a base whose metric is undefined under one of them
        counts for neither.
        """
        a, b = self._values(at, one, metric), self._values(at, other, metric)
        self._check_bases(at, one, other)
        by_base = _by_base(a) - _by_base(b)
        undefined = np.isnan(by_base[:, 0])
        a, b = a.copy(), b.copy()
        a[undefined], b[undefined] = math.nan, math.nan
        made = self._mean(at, a) - self._mean(at, b)
        limits = find_limits(made, by_base[~undefined], self.analysis.level)
        seeds = max(a.shape[1], b.shape[1])
        unit = METHOD if len(a) * seeds > 1 else CHECKPOINTS
        kept = int((~undefined).sum()) * seeds
        return Number("contrast", unit, at, one, other, metric, limits, len(a), seeds, kept)

    def checkpoints(self, at: str, one: str, other: str, metric: str) -> Number:
        """Give the difference of two single models: items alone are drawn."""
        a, b = self._values(at, one, metric)[0, 0], self._values(at, other, metric)[0, 0]
        limits = find_limits(a - b, NO_BASES, self.analysis.level)
        defined = int(limits.estimate == limits.estimate)
        return Number("contrast", CHECKPOINTS, at, one, other, metric, limits, 1, 1, defined)

    def slope(self, series: str, metric: str) -> Number:
        """Give the change of a metric for a factor of ten in size."""
        at = [place for place in self.places if self.has(place, series)]
        if len({self.gathered.parameters[place] for place in at}) < 3:
            nothing = Limits(*[math.nan] * 5)
            return Number("slope", METHOD, "", series, "", metric, nothing, 0, 0)
        by_size = {self.gathered.parameters[p]: self.replicates(p, series, metric) for p in at}
        bases, seeds = self._values(at[0], series, metric).shape[:2]
        limits = find_limits(slopes(by_size), NO_BASES, self.analysis.level)
        defined = bases * seeds * len(at)
        return Number("slope", METHOD, "", series, "", metric, limits, bases, seeds, defined)

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
                judge(claim.expect, n.limits.low_t, n.limits.high_t)
                if n.limits.low_t == n.limits.low_t
                else None,
            )
            for n in numbers
            if n.limits.estimate == n.limits.estimate
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
                made = (self.slope(series, metric) for metric in a.slopes.metrics)
                yield from (n for n in made if n.limits.estimate == n.limits.estimate)

    def _mean(self, at: str, values: Array) -> Array:
        return mean_over_seeds(values, self._drawn(at, values.shape[0], values.shape[1]))

    def _check_bases(self, at: str, one: str, other: str) -> None:
        view, bases = self.analysis.view, self.gathered.bases
        groups = [split_series(name, view)[0] for name in (one, other)]
        if bases[at, groups[0]] != bases[at, groups[1]]:
            raise UsageError(f"{ANALYSIS}: {one} and {other} have other base seeds: no difference")

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
