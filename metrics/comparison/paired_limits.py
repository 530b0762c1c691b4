"""Limits and p-value for the difference of one metric between two models on the same items."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from caopd_bench.metrics.comparison.ece_difference import ece_correlation, ece_difference
from caopd_bench.metrics.comparison.isotonic_noise import isotonic_noise
from caopd_bench.metrics.comparison.paired_student import (
    TINY,
    PairedLimits,
    difference,
    limits_around,
    student,
    without,
)
from caopd_bench.metrics.comparison.pairs import Pair
from caopd_bench.metrics.intervals.influence import influence
from caopd_bench.metrics.limits.influences import Influence
from caopd_bench.metrics.limits.student import normal_quantile
from caopd_bench.metrics.registry import METRICS
from caopd_bench.metrics.rows.binning import bin_index
from caopd_bench.metrics.rows.counting import FloatArray

MIN_CLASS = 5  # fewest rows or clusters with right, and with wrong, answers of either model
MIN_UNITS = 5  # fewest rows or clusters
STEPS = 10  # bisections of the quantile for a p-value: a relative error of about 1 %
FINEST = 0.99  # highest level at which enough draws are in the tails of an ECE interval


_ISOTONIC = ("miscalibration", "discrimination")


def paired_limits(name: str, rows: Pair, level: float) -> PairedLimits:
    """Return limits for the difference b - a of a metric that is defined for both models.

    Parameters
    ----------
    name : str
        A name in :data:`METRICS`.
    rows : Pair
    level : float
        Nominal coverage.

    Returns
    -------
    PairedLimits
        See :func:`~caopd_bench.metrics.compare` for the methods. NaN with a reason if there
        are too few rows, or nothing varies.

    Examples
    --------
    >>> from caopd_bench.metrics.comparison.pairs import pair
    >>> c, before, after = [0.9] * 100, [1] * 60 + [0] * 40, [1] * 80 + [0] * 20
    >>> limits = paired_limits("accuracy", pair((c, before), (c, after)), 0.95)
    >>> round(limits.low, 2), round(limits.high, 2), limits.method
    (0.12, 0.28, 'paired student')
    """
    if rows.units < MIN_UNITS:
        kind = "rows" if rows.cluster is None else "clusters"
        return without(f"fewer than {MIN_UNITS} {kind}")
    for model in ("a", "b"):
        for kind in ("right", "wrong"):
            if kind in METRICS[name].needs and rows.units_with(kind, model) < MIN_CLASS:
                of = "" if rows.cluster is None else "clusters with "
                return without(f"fewer than {MIN_CLASS} {of}{kind} answers in {model}")
    if name == "ece":
        return _by_level(_ece_limits(rows), level)
    if name == "over_ece":
        return _by_level(_over_ece_limits(rows), level)
    if name == "ece_l2":
        return _l2_limits(rows, level)
    if name in _ISOTONIC:
        return _isotonic_limits(name, rows, level)
    return student(name, rows, level)


def paired_sum_limits(
    estimate: float, rows: Pair, of_a: Influence, of_b: Influence, level: float
) -> PairedLimits:
    """Return limits for a difference whose influences are sums of those of metrics."""
    if rows.units < MIN_UNITS:
        return without(f"fewer than {MIN_UNITS} {'rows' if rows.cluster is None else 'clusters'}")
    sums, units = rows.unit_sums(rows.differences(of_a, of_b))
    squares = float((units * sums**2).sum())
    if squares < TINY**2:
        return without("the two models do not differ in any row")
    error = np.sqrt(squares) / rows.n * np.sqrt(rows.units / (rows.units - 1.0))
    return limits_around(estimate, float(error), rows.units - 1.0, level, "paired student")


# MCB and DSC, less the noise that their curves fit.


def _isotonic_limits(name: str, rows: Pair, level: float) -> PairedLimits:
    plain = student(name, rows, level)
    if not np.isfinite(plain.low):
        return plain
    noise = [isotonic_noise(rows, model) for model in ("a", "b")]
    of_a, of_b = (getattr(each, f"of_{name}") for each in noise)
    # Two models with mostly the same answers share most of their noise.
    u_a, u_b = rows.a.values.size, rows.b.values.size
    alike = (rows.a.values[rows.a_cell % u_a] == rows.b.values[rows.b_cell % u_b]) & (
        (rows.a_cell < u_a) == (rows.b_cell < u_b)
    )
    shared = float(rows.times[alike].sum()) / rows.n
    extra = (1.0 - shared**2) * sum(each.variance for each in noise)
    error = float(np.sqrt(plain.standard_error**2 + extra))
    centre = difference(name, rows) - (of_b - of_a)
    return limits_around(centre, error, rows.units - 1.0, level, "debiased student")


# Calibration errors in the L1 norm, from limits at any level.

Reach = Callable[[float], tuple[float, float, float, float]]  # level -> centre, low, high, error


def _ece_limits(rows: Pair) -> Reach:
    correlation = _ece_correlation(rows)

    def limits(level: float) -> tuple[float, float, float, float]:
        i = ece_difference(rows.a, rows.b, correlation=correlation, level=level)
        return i.debiased, i.low, i.high, i.standard_error

    return limits


def _over_ece_limits(rows: Pair) -> Reach:
    """Return limits for the over-ECE, which is half the sum of ECE and overconfidence gap."""
    ece, sums = _ece_limits(rows), []
    for name in ("ece", "overconfidence_gap"):
        of_a, of_b = influence(name, rows.a), influence(name, rows.b)
        sums.append(rows.unit_sums(rows.differences(of_a, of_b)))
    (of_ece, units), (of_gap, _) = sums
    scale = float(np.sqrt((units * of_ece**2).sum() * (units * of_gap**2).sum()))
    product = float((units * of_ece * of_gap).sum())
    r = float(np.clip(product / scale, -1.0, 1.0)) if scale > 0.0 else 0.0
    plug_in, gap = difference("over_ece", rows), difference("overconfidence_gap", rows)

    def combine(x: float, y: float) -> float:
        return float(np.sqrt(max(x * x + y * y + 2.0 * r * x * y, 0.0))) / 2.0

    def limits(level: float) -> tuple[float, float, float, float]:
        debiased, low, high, error = ece(level)
        of_gap = student("overconfidence_gap", rows, level)
        centre, reach = (debiased + gap) / 2.0, gap - of_gap.low
        low, high = (
            centre - combine(debiased - low, reach),
            centre + combine(high - debiased, reach),
        )
        return centre, min(low, plug_in), max(high, plug_in), combine(error, of_gap.standard_error)

    return limits


def _ece_correlation(rows: Pair) -> float:
    columns = []
    for t, cell in ((rows.a, rows.a_cell), (rows.b, rows.b_cell)):
        each, u = np.repeat(cell, rows.times), t.values.size
        columns += [t.values[each % u], each < u]
    cluster = None if rows.cluster is None else np.repeat(rows.cluster, rows.times)
    return ece_correlation(*columns, cluster=cluster)


def _by_level(limits: Reach, level: float) -> PairedLimits:
    _, low, high, error = limits(level)
    return PairedLimits(low, high, _p_value(limits, level), error, "mover")


def _p_value(limits: Reach, level: float) -> float:
    """Return 1 minus the lowest level at which the limits contain 0."""
    # Imported here: it costs 0.1 s.
    from scipy.special import ndtr

    def excluded(z: float) -> bool:
        _, low, high, _ = limits(1.0 - 2.0 * float(ndtr(-z)))
        return low > 0.0 or high < 0.0

    finest, wanted = normal_quantile(FINEST), normal_quantile(level)
    if excluded(finest):
        # Too few draws are farther out, so extrapolate the limits like those of a normal.
        centre, low, high, _ = limits(FINEST)
        reach = centre - low if centre > 0.0 else high - centre
        z = finest * max(abs(centre) / reach, 1.0) if reach > 0.0 else np.inf
        z = max(z, wanted) if excluded(wanted) else min(z, wanted)
        return 2.0 * float(ndtr(-z))
    # The first split is at the requested level, so that the p-value agrees with the limits.
    inside, outside = (wanted, finest) if excluded(wanted) else (0.0, wanted)
    for _ in range(STEPS):
        middle = (inside + outside) / 2.0
        inside, outside = (middle, outside) if excluded(middle) else (inside, middle)
    return 2.0 * float(ndtr(-inside))


# The calibration error in the L2 norm, through its square, which is a smooth function of the gaps.


def _l2_limits(rows: Pair, level: float) -> PairedLimits:
    roots = [METRICS["ece_l2"].function(t) for t in (rows.a, rows.b)]
    scale = sum(roots)
    (of_a, noise_a), (of_b, noise_b) = _squared_gaps(rows, "a"), _squared_gaps(rows, "b")
    sums, units = rows.unit_sums(rows.differences(of_a, of_b))
    squares = float((units * sums**2).sum())
    if scale < TINY or squares < TINY**2:
        return without("the calibration errors of the two models do not vary")
    error = np.sqrt(squares) / rows.n * np.sqrt(rows.units / (rows.units - 1.0))
    change = roots[1] ** 2 - roots[0] ** 2 - (noise_b - noise_a)
    # (y^2 - x^2) / (x + y) is y - x.
    return limits_around(change / scale, error / scale, rows.units - 1.0, level, "debiased student")


def _squared_gaps(rows: Pair, model: str) -> tuple[Influence, float]:
    """Return the influence on a model's squared L2 error, and its bias from noise."""
    t, cell = (rows.a, rows.a_cell) if model == "a" else (rows.b, rows.b_cell)
    index = bin_index(t.values, 10)
    count = np.bincount(index, weights=t.right + t.wrong, minlength=10)
    total = np.bincount(index, weights=(t.right + t.wrong) * t.values - t.right, minlength=10)
    gap = total / np.maximum(count, 1.0)

    def of_row(residual: FloatArray) -> FloatArray:
        return np.asarray(2.0 * gap[index] * residual - gap[index] ** 2)

    n = float(t.n)
    square = float((count * gap**2).sum()) / n
    psi = Influence(of_row(t.values - 1.0) - square, of_row(t.values) - square)
    # Variance of the gap of a bin, from sums over the rows of each unit in it.
    apart = np.concatenate([t.values - 1.0 - gap[index], t.values - gap[index]])[cell]
    of_bin = np.concatenate([index, index])[cell]
    squares, times = apart**2, rows.times.astype(np.float64)
    if rows.cluster is not None:
        place, at = np.unique(rows.cluster * 10 + of_bin, return_inverse=True)
        squares, of_bin = np.bincount(at, weights=times * apart) ** 2, place % 10
        times = np.ones(place.size)
    units = np.bincount(of_bin, weights=times, minlength=10)
    spread = np.bincount(of_bin, weights=times * squares, minlength=10)
    spread = spread * units / np.maximum(units - 1.0, 1.0)
    noise = np.divide(spread, count, out=np.zeros(10), where=count > 0).sum() / n
    return psi, float(noise)
