"""Compute levels, contrasts and slopes with their limits, and judge the claims.

A statement about a **method** averages over base seeds and training seeds. Its limits are Student's
over the bases, or over the training seeds of a single base; bootstrap limits from resampled seeds
and items are reported beside them. A statement about **checkpoints** compares one model with
another (first base seed, first training seed) and resamples items alone, so it does not generalise
to the method.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.errors import UsageError
from caopd_bench.metrics.intervals.over_bases import Limits, find_limits, find_slope
from caopd_bench.metrics.intervals.over_seeds import RANGES, Draws, draw_seeds, mean_over_seeds
from caopd_bench.sweep.analysis.gather import Gathered
from caopd_bench.sweep.analysis.judge import Judged, judge
from caopd_bench.sweep.analysis.spec import (
    ANALYSIS,
    SEEN,
    Analysis,
    Claim,
    split_series,
)

__all__ = ["CHECKPOINTS", "METHOD", "Number", "Summary"]

Array = NDArray[np.float64]
METHOD, CHECKPOINTS = "method", "checkpoints"
#: Metrics that include unparsed answers; all other metrics use the parsed answers alone.
OF_ALL_ANSWERS = ("accuracy", "parse_rate", *SEEN)
#: Below this share of parsed answers, claims about the stated confidence stay open.
PARSED = 0.9
#: A mean confidence closer to 1 than this counts as 1.
SURE = 0.001
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
    #: Number of runs (or pairs of runs) in which the metric is defined.
    defined: int = 0


class Summary:
    """Compute the numbers of an analysis, each of them once.

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
        """Return whether a series was measured at a place."""
        return (at, *split_series(series, self.analysis.view)) in self.gathered.values

    def where(self, series: str) -> list[str]:
        """Return the places at which a series was measured."""
        return [place for place in self.places if self.has(place, series)]

    def replicates(self, at: str, series: str, metric: str) -> Array:
        """Return a method's mean: the observed value and that of each replicate."""
        return self._mean(at, self._values(at, series, metric))

    def level(self, at: str, series: str, metric: str) -> Number:
        """Return a method's mean with its limits."""
        values = self._values(at, series, metric)
        made = self.replicates(at, series, metric)
        limits = find_limits(made, _by_unit(values), self.analysis.level)
        least, most = RANGES.get(metric, (-math.inf, math.inf))
        limits = _cut(limits, least, most)
        bases, seeds = values.shape[:2]
        defined = int((~np.isnan(values[:, :, 0])).sum())
        unit = METHOD if bases * seeds > 1 else CHECKPOINTS
        return Number("level", unit, at, series, "", metric, limits, bases, seeds, defined)

    def contrast(self, at: str, one: str, other: str, metric: str) -> Number:
        """Return the difference of two methods, taken within each replicate.

        Both must have the same base seeds. A base whose metric is undefined under one of them,
        observed or in a replicate, is left out of both.
        """
        a, b = self._values(at, one, metric), self._values(at, other, metric)
        self._check_bases(at, one, other)
        by_base = _by_base(a) - _by_base(b)
        undefined = np.isnan(by_base)[:, None, :]
        made = self._mean(at, np.where(undefined, math.nan, a))
        made = made - self._mean(at, np.where(undefined, math.nan, b))
        seeds = max(a.shape[1], b.shape[1])
        units = by_base
        if len(a) == 1 and {a.shape[1], b.shape[1]} <= {1, seeds}:
            units = a[0] - b[0]
        units = units[~np.isnan(units[:, 0])]
        least, most = RANGES.get(metric, (-math.inf, math.inf))
        limits = _cut(find_limits(made, units, self.analysis.level), least - most, most - least)
        unit = METHOD if len(a) * seeds > 1 else CHECKPOINTS
        # With equal numbers of training seeds, runs are paired one to one; otherwise each run is
        # paired with the single run of the other method on its base.
        both = ~np.isnan(a[:, :, 0]) & ~np.isnan(b[:, :, 0])
        kept = int(both.sum()) * seeds // both.shape[1]
        return Number("contrast", unit, at, one, other, metric, limits, len(a), seeds, kept)

    def checkpoints(self, at: str, one: str, other: str, metric: str) -> Number:
        """Return the difference of two single models; replicates resample items alone."""
        a, b = self._values(at, one, metric)[0, 0], self._values(at, other, metric)[0, 0]
        limits = find_limits(a - b, NO_BASES, self.analysis.level)
        defined = int(limits.estimate == limits.estimate)
        return Number("contrast", CHECKPOINTS, at, one, other, metric, limits, 1, 1, defined)

    def slope(self, series: str, metric: str) -> Number:
        """Return the change of a metric per tenfold increase in size."""
        return self.line(series, metric)[0]

    def line(self, series: str, metric: str) -> tuple[Number, float]:
        """Return the slope, and the intercept of the line at a size of 1."""
        at = self.where(series)
        sizes = [self.gathered.parameters[place] for place in at]
        if len(set(sizes)) < 3:
            nothing = Limits(*[math.nan] * 5)
            return Number("slope", METHOD, "", series, "", metric, nothing, 0, 0), math.nan
        values = [self._values(place, series, metric) for place in at]
        limits, intercept = find_slope(
            sizes,
            [self.replicates(place, series, metric) for place in at],
            [_by_unit(of_size) for of_size in values],
            self.analysis.level,
        )
        bases, seeds = values[0].shape[:2]
        defined = sum(int((~np.isnan(of_size[:, :, 0])).sum()) for of_size in values)
        number = Number("slope", METHOD, "", series, "", metric, limits, bases, seeds, defined)
        return number, intercept

    def misfit(self, series: str, metric: str) -> tuple[str, float]:
        """Return the size farthest from the fitted line, and its deviation (positive: above)."""
        number, intercept = self.line(series, metric)
        found = {}
        for at in self.where(series):
            fitted = intercept + number.limits.estimate * math.log10(self.gathered.parameters[at])
            found[at] = float(self.replicates(at, series, metric)[0]) - fitted
        return max(found.items(), key=lambda pair: abs(pair[1]))

    def judge(self, claim: Claim) -> list[Judged]:
        """Judge a claim at every place where its metric was measured."""
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
        if not any(n.limits.estimate == n.limits.estimate for n in numbers):
            return []
        return [self._judge(claim, n) for n in numbers]

    def _judge(self, claim: Claim, n: Number) -> Judged:
        """Judge one number; the verdict is "open" if too few answers were parsed or defined."""
        limits, unsure = n.limits, []
        places = [n.at] if n.kind != "slope" else self.where(n.series)
        runs = n.bases * n.seeds * len(places)
        if n.defined < runs:
            unsure.append(f"defined in {n.defined} of {runs} runs")
        if claim.metric not in OF_ALL_ANSWERS:
            for series in (n.series, n.versus) if n.versus else (n.series,):
                rates = [float(self.replicates(p, series, "parse_rate")[0]) for p in places]
                if min(rates) < PARSED:
                    name = self.analysis.call(series)
                    unsure.append(f"{min(rates):.0%} of {name}'s answers could be read")
        estimate, low, high = limits[:3]
        verdict = "open" if unsure else judge(claim.expect, low, high)
        return Judged(n.at, estimate, low, high, verdict, "; ".join(unsure))

    def is_sure(self, series: str) -> bool:
        """Return whether a series always states a confidence of 1, at every size."""
        stated = [self.replicates(at, series, "mean_confidence")[0] for at in self.where(series)]
        return bool(stated) and all(value > 1.0 - SURE for value in stated)

    def numbers(self) -> Iterator[Number]:
        """Yield every number of the analysis."""
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
        """Draw the seeds once for a place and their numbers, so that methods share the draws.

        Base draws do not depend on the number of training seeds; sizes are drawn independently.
        """
        key = (at, bases, seeds)
        if key not in self._draws:
            size = self.analysis.replicates
            # Seeded by the place's name, so that draws do not depend on which sizes are finished.
            start = [self.analysis.seed, *map(ord, at), bases]
            drawn = draw_seeds(bases, seeds, size, np.random.default_rng([*start, seeds]))
            shared = draw_seeds(bases, 1, size, np.random.default_rng(start))
            self._draws[key] = Draws(shared.bases, drawn.seeds)
        return self._draws[key]


def _by_base(values: Array) -> Array:
    """Return each base's mean over its training seeds, observed and in each replicate."""
    counted = (~np.isnan(values)).sum(1)
    means: Array = np.full(counted.shape, math.nan)
    np.divide(np.nansum(values, axis=1), counted, out=means, where=counted > 0)
    return means


def _by_unit(values: Array) -> Array:
    """Return values by unit of Student's limits: bases, or the training seeds of a single base."""
    return values[0] if len(values) == 1 else _by_base(values)


def _cut(limits: Limits, least: float, most: float) -> Limits:
    """Clip limits to the metric's possible range."""
    return Limits(*(v if v != v else min(max(v, least), most) for v in limits))
