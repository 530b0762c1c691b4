"""Consistency with perfect calibration: the ECE and the curve of a perfectly calibrated model."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.rows.binning import Edges, bin_index, bin_sums
from caopd_bench.metrics.rows.binomial import draw_binomial
from caopd_bench.metrics.rows.counting import ClusterCounts, FloatArray
from caopd_bench.metrics.rows.isotonic import isotonic_rows
from caopd_bench.metrics.rows.seeds import Seed, check_level, check_replicates, generator
from caopd_bench.metrics.rows.tally import Tally, as_tally

MOST_VALUES = 1000  # with more distinct values, neighbours are grouped for the draws


class NullECE(NamedTuple):
    """ECE of a perfectly calibrated model that states the same confidences equally often."""

    mean: float
    upper: float  # a share ``level`` of perfectly calibrated models has a lower ECE


class ConsistencyBand(NamedTuple):
    """Range of a perfectly calibrated model's CORP curve at each value. Arrays (u,)."""

    values: FloatArray
    low: FloatArray
    high: FloatArray


class StatedCells(NamedTuple):
    """Rows by confidence: distinct values, or groups of neighbouring ones. Arrays (u,)."""

    values: FloatArray
    rows: NDArray[np.int64]
    right: NDArray[np.int64]
    bin: NDArray[np.intp]
    of_value: NDArray[np.intp]  # the cell of each value of the tally


def null_ece(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    cluster: ArrayLike | None = None,
    bins: int = 10,
    edges: Edges = "exact",
    level: float = 0.95,
    replicates: int = 2000,
    seed: Seed = 0,
) -> NullECE:
    """Return the ECE that a perfectly calibrated model would show at these confidences.

    Parameters
    ----------
    confidence, correct, cluster
        As for :func:`bootstrap`, with the same errors. Without clusters, only
        the number of rows at each confidence is used; with clusters, also how similar the answers
        within a cluster are.
    bins, edges
        As for :func:`ece`.
    level : float, default 0.95
        Level of the upper quantile.
    replicates : int, default 2000
        Number of simulated models.
    seed : int or numpy.random.Generator, default 0

    Returns
    -------
    NullECE
        ``mean``, and the quantile ``upper``: an ECE below it is no evidence of miscalibration.

    Notes
    -----
    Draws the right answers at each value c from Binomial(n_c, c). With clusters, the drawn gaps
    are multiplied by the root of the design effect, an approximation. Above 1000 distinct values,
    values within 0.001 of each other are drawn at their mean, which overstates the variance of a
    row by under 3e-7. Consistency resampling: Bröcker and Smith, Weather and Forecasting 22 (2007).

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> null = null_ece(tally([0.5] * 100, [0, 1] * 50))
    >>> round(null.mean, 2), round(null.upper, 2)
    (0.04, 0.1)
    """
    tally = as_tally(confidence, correct, cluster=cluster)
    check_whole_rows(tally, "null_ece")
    check_level(level)
    check_replicates(replicates)
    cells = stated_cells(tally, bins, edges)
    gaps = draw_gaps(cells, replicates, generator(seed)) * np.sqrt(design_effect(tally))
    draws = np.abs(bin_sums(gaps, cells.bin)).sum(axis=-1) / cells.rows.sum()
    return NullECE(float(draws.mean()), float(np.quantile(draws, level)))


def consistency_band(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    replicates: int = 1000,
    seed: Seed = 0,
) -> ConsistencyBand:
    """Return the band in which a calibrated model's CORP curve would lie at each value.

    Parameters
    ----------
    confidence, correct, cluster
        As for :func:`null_ece`, with the same errors.
    level : float, default 0.95
        Pointwise: it holds for one value at a time, not for the whole curve.
    replicates : int, default 1000
    seed : int or numpy.random.Generator, default 0

    Returns
    -------
    ConsistencyBand
        ``values`` are the distinct confidences; above 1000 of them, the means of those within
        0.001 of each other. ``low`` and ``high`` never decrease, lie in [0, 1] and include the
        diagonal. At a value of 0 or 1 the band has no width: there a calibrated model is never
        wrong.

    Notes
    -----
    Computes quantiles of the isotonic regressions of simulated answers y*, which are right with
    the stated probability, on the stated confidences: Dimitriadis, Gneiting, Jordan, PNAS 118
    (2021). With clusters, the noise of y* is multiplied by the root of the design effect, an
    approximation.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> band = consistency_band(tally([0.5] * 100 + [1.0] * 20, [0, 1] * 60))
    >>> band.values.tolist(), band.low.round(1).tolist(), band.high.round(1).tolist()
    ([0.5, 1.0], [0.4, 1.0], [0.6, 1.0])
    """
    tally = as_tally(confidence, correct, cluster=cluster)
    check_whole_rows(tally, "consistency_band")
    check_level(level)
    check_replicates(replicates)
    cells = stated_cells(tally)
    effect = design_effect(tally)
    gaps = draw_gaps(cells, replicates, generator(seed)) * np.sqrt(effect)
    right, rows = cells.rows * cells.values - gaps, np.broadcast_to(cells.rows, gaps.shape)
    # Round to whole counts unless the noise was inflated, so that equal shares are equal exactly.
    curves = isotonic_rows(np.rint(right) if effect == 1.0 else right, rows).reshape(gaps.shape)
    curves = np.clip(curves, 0.0, 1.0)  # only inflated noise can lie outside
    low = np.quantile(curves, (1.0 - level) / 2.0, axis=0, method="lower")
    high = np.quantile(curves, (1.0 + level) / 2.0, axis=0, method="higher")
    return ConsistencyBand(
        cells.values, np.minimum(low, cells.values), np.maximum(high, cells.values)
    )


def stated_cells(tally: Tally, bins: int = 10, edges: Edges = "exact") -> StatedCells:
    """Return the values with their counts and bins, grouped if there are too many values.

    A group spans less than 0.001 and lies within one bin.
    """
    index = bin_index(tally.values, bins, edges)
    count, values = tally.right + tally.wrong, tally.values
    if values.size <= MOST_VALUES:
        return StatedCells(values, count, tally.right, index, np.arange(values.size))
    new = np.diff(index * 1001 + np.floor(values * 1000), prepend=-1.0) != 0
    cell = np.cumsum(new) - 1
    total = bin_sums(count, cell)
    mean = bin_sums(count * values, cell) / total
    return StatedCells(mean, total, bin_sums(tally.right, cell), index[new], cell)


def draw_gaps(cells: StatedCells, replicates: int, rng: np.random.Generator) -> FloatArray:
    """Draw the sums of (confidence - correct) of calibrated models, shape (replicates, u)."""
    right = draw_binomial(cells.rows, cells.values, replicates, rng)
    return np.asarray(cells.rows * cells.values - right)


def cluster_gaps(clusters: ClusterCounts, values: FloatArray, cell: NDArray[np.intp]) -> Any:
    """Return the sums of (confidence - correct) by cluster and cell, sparse (clusters, cells)."""
    # Imported here: it costs 0.1 s.
    from scipy.sparse import csr_matrix

    gaps = (clusters.right + clusters.wrong) * values[clusters.value] - clusters.right
    shape = (clusters.labels.size, int(cell[-1]) + 1)
    return csr_matrix((gaps, (clusters.cluster, cell[clusters.value])), shape=shape)


def design_effect(tally: Tally) -> float:
    """Return the factor by which clusters inflate the variance of an accuracy given confidence.

    Parameters
    ----------
    tally : Tally

    Returns
    -------
    float
        At least 1; exactly 1 without clusters, or if nothing varies.

    Notes
    -----
    Let the residuals r be (correct - confidence) minus its mean in each of ten bins. The factor is
    the sum of squares of r's sums by cluster and bin, divided by the sum of squares of r. Kish,
    Survey Sampling (1965), pooled over bins.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> alike = tally([0.5] * 8, [1, 1, 1, 1, 0, 0, 0, 0], cluster=[0, 0, 0, 0, 1, 1, 1, 1])
    >>> design_effect(alike)
    4.0
    """
    if tally.clusters is None:
        return 1.0
    index = bin_index(tally.values)
    _, bins = np.unique(index, return_inverse=True)
    right, wrong, values = tally.right, tally.wrong, tally.values
    count = right + wrong
    gap = (bin_sums(count * values - right, bins) / bin_sums(count, bins))[bins]
    spread = float((right * (1.0 - values + gap) ** 2 + wrong * (values - gap) ** 2).sum())
    by_cluster = cluster_gaps(tally.clusters, values - gap, bins)
    clustered = float((by_cluster.data**2).sum())
    return max(clustered / spread, 1.0) if spread > 0.0 else 1.0


def check_whole_rows(tally: Tally, name: str) -> None:
    """Raise ValueError if the tally is weighted."""
    if tally.weighted:
        raise ValueError(f"tally must not be weighted; {name} draws whole rows")
