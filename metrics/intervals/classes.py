"""Intervals for the scores of whole probability vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.intervals.class_draws import (
    null_reaches,
    resample,
    sum_units,
    without_noise,
)
from caopd_bench.metrics.intervals.clusters import ClusterSums, design_effect, shrink_scale
from caopd_bench.metrics.intervals.interval import NAN, ONE_CLUSTER, ROUNDING, Interval
from caopd_bench.metrics.limits.skewed import skew_corrected
from caopd_bench.metrics.limits.student import student_quantile
from caopd_bench.metrics.points.classes import (
    BINS,
    CLASS_METRICS,
    brier_losses,
    cell_of,
    class_gaps,
)
from caopd_bench.metrics.rows.binning import check_bins
from caopd_bench.metrics.rows.classes import ClassRows, check_classes
from caopd_bench.metrics.rows.columns import as_labels
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.seeds import Seed, check_level, check_replicates, generator

#: The lowest coverage in tests/studies/metrics/simulate_classes.py.
CAUTION = "95% limits covered as little as 85% in simulations"
ONE_ROW = "one row: no interval"
ALIKE = "every row has the same loss whichever option is right: no interval"
SAME_GAPS = "every row has the same gaps between probabilities and outcomes: no interval"


def bootstrap_classes(
    probabilities: ArrayLike | Any,
    right: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    bins: int = BINS,
    replicates: int = 1000,
    seed: Seed = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    r"""Return an interval for each metric of whole probability vectors.

    Parameters
    ----------
    probabilities, right
        As for :func:`brier_classes`.
    cluster : array_like of int or str, shape (n,), optional
        Rows that are not independent, such as answers to the same question.
    bins : int, default 10
        Number of bins of the class-wise ECE.
    replicates : int, default 1000
        Number of replicates for the class-wise ECE.
    seed : int or numpy.random.Generator, default 0
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    dict of str to Interval
        "brier_classes" and "classwise_ece". Limits are NaN, with the reason, for a single row or
        cluster, and if rows do not differ: if the Brier score is the same for every right option,
        or the gaps are the same in every row.

    Raises
    ------
    ValueError
        As :func:`brier_classes`, or if another argument is invalid.

    Notes
    -----
    Brier: Student's interval of the mean loss, corrected for skewness, after adding one row in
    which the most probable option is right and one in which it is not, each spread over all rows;
    as for the "skewness-adjusted" metrics of :func:`bootstrap`.

    Class-wise ECE: noise can only raise it. Its bias is estimated in two ways, and the limits
    reach from Student's quantile times s below the lower of the two corrected estimates to as far
    above the upper one. The deviation s and the first bias are those of replicates of the rows (of
    whole clusters). The second bias is that of normal noise in the sums :math:`g` of the cells,
    whose true values are taken to be :math:`\sqrt{\max(g^2 - \sum_i d_i^2, 0)}` for the gaps d of
    the rows: replicates add noise to sums that are too large already, which underestimates the bias
    where a class has few rows. The lower limit is 0 if a calibrated model, whose right options are
    drawn with the probabilities of the rows, would reach the estimate.

    docs/metrics/scores.md reports the simulated coverage of both.

    Examples
    --------
    >>> probabilities = [[0.7, 0.2, 0.1]] * 80 + [[0.2, 0.2, 0.6]] * 40
    >>> found = bootstrap_classes(probabilities, [0] * 60 + [1] * 20 + [2] * 40)
    >>> brier = found["brier_classes"]
    >>> round(brier.estimate, 3), round(brier.low, 3), round(brier.high, 3)
    (0.34, 0.286, 0.42)
    """
    check_level(level)
    check_replicates(replicates)
    check_bins(bins, "exact")
    rng = generator(seed)
    rows = check_classes(probabilities, right)
    unit = _units(cluster, rows.right.size)
    return {
        "brier_classes": _brier(rows, unit, level),
        "classwise_ece": _ece(rows, unit, bins, replicates, rng, level),
    }


def _units(cluster: ArrayLike | None, n: int) -> NDArray[np.int64] | None:
    """Return the cluster number of each row; None if every row is a cluster of its own."""
    if cluster is None:
        return None
    labels = as_labels("cluster", cluster, "leave the row out")
    if labels.shape != (n,):
        raise ValueError(f"cluster must have one label per row ({n}), got shape {labels.shape}")
    distinct, number = np.unique(labels, return_inverse=True)
    return None if distinct.size == n else number.reshape(-1).astype(np.int64)


def _brier(rows: ClassRows, unit: NDArray[np.int64] | None, level: float) -> Interval:
    losses = brier_losses(rows)
    n, estimate = losses.size, float(losses.mean())
    apart = losses - estimate
    scale, error = 1.0, float(np.sqrt((apart**2).sum())) / n
    if unit is not None:
        sums = ClusterSums(np.bincount(unit, apart).astype(np.float64), np.bincount(unit))
        error = float(np.sqrt((sums.influence**2).sum())) / n
        if sums.rows.size > 1:
            effect = design_effect(sums, float((apart**2).sum()))
            scale = shrink_scale(n, effect, sums.rows.size, level)
    method = "skewness-adjusted" if unit is None else "cluster skewness-adjusted"
    error = error if error > ROUNDING else NAN
    empty = Interval(estimate, NAN, NAN, level, n, method, error, reason=_no_interval(n, unit))
    if empty.reason:
        return empty
    values, weights = _extended(rows, losses, scale)
    total = float(weights.sum())
    centre = float((weights * values).sum()) / total
    variance = float((weights * (values - centre) ** 2).sum()) / (total - 1.0)
    if variance <= ROUNDING:
        return Interval(estimate, NAN, NAN, level, n, method, NAN, reason=ALIKE)
    skewness = float((weights * (values - centre) ** 3).sum()) / total / variance**1.5
    below, above = skew_corrected(skewness, total, student_quantile(level, scale * n))
    reach = float(np.sqrt(variance / total))
    low, high = CLASS_METRICS["brier_classes"].range
    return Interval(
        estimate,
        min(max(centre - below * reach, low), estimate),
        max(min(centre + above * reach, high), estimate),
        level,
        n,
        method,
        error,
    )


def _extended(rows: ClassRows, losses: FloatArray, scale: float) -> tuple[FloatArray, FloatArray]:
    """Return losses and their weights, with one row right and one wrong spread over all."""
    p = rows.probabilities
    if_right = (p**2).sum(axis=1)[:, None] - 2.0 * p + 1.0  # one column per possible right option
    top = np.arange(p.shape[1]) == p.argmax(axis=1)[:, None]
    others = np.maximum(rows.present.sum(axis=1) - 1, 1)
    weight = np.where(top, 1.0, 1.0 / others[:, None]) * rows.present / losses.size
    return (
        np.concatenate([losses, if_right[rows.present]]),
        np.concatenate([np.full(losses.size, scale), weight[rows.present]]),
    )


def _ece(
    rows: ClassRows,
    unit: NDArray[np.int64] | None,
    bins: int,
    replicates: int,
    rng: np.random.Generator,
    level: float,
) -> Interval:
    n, cell = rows.right.size, cell_of(rows, bins)
    sums = np.bincount(cell, weights=class_gaps(rows))
    estimate = float(np.abs(sums).sum() / rows.present.sum())
    method = "bias-corrected normal" if unit is None else "cluster bias-corrected normal"
    reason = _no_interval(n, unit)
    if reason:
        return Interval(estimate, NAN, NAN, level, n, method, NAN, reason=reason)
    gaps, size = sum_units(rows, unit, cell)
    draws = np.concatenate([*resample(gaps, size, replicates, rng)])
    error = float(draws.std(ddof=1))
    if error <= ROUNDING:  # resampling equal rows shows nothing about other rows
        return Interval(estimate, NAN, NAN, level, n, method, NAN, reason=SAME_GAPS)
    corrected = [2.0 * estimate - float(draws.mean()), without_noise(gaps) / float(size.sum())]
    least, most = (min(max(one, 0.0), estimate) for one in sorted(corrected))
    reach = student_quantile(level, size.size) * error
    zero = null_reaches(rows, unit, cell, estimate - ROUNDING, rng, level)
    low, high = CLASS_METRICS["classwise_ece"].range
    return Interval(
        estimate,
        0.0 if zero else min(max(least - reach, low), estimate),
        max(min(most + reach, high), estimate),
        level,
        n,
        method,
        error,
        (least + most) / 2.0,
        caution=CAUTION,
    )


def _no_interval(n: int, unit: NDArray[np.int64] | None) -> str:
    if n == 1:
        return ONE_ROW
    return ONE_CLUSTER if unit is not None and unit.max() == 0 else ""
