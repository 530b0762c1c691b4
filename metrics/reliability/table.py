"""The reliability table: stated confidence against observed accuracy, per bin and per value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.intervals.ece.invert import ece_interval
from caopd_bench.metrics.intervals.interval import Interval
from caopd_bench.metrics.limits.student import wilson
from caopd_bench.metrics.points.decomposition import corp
from caopd_bench.metrics.points.ranking import auroc
from caopd_bench.metrics.reliability.bands import (
    ConsistencyBand,
    NullECE,
    check_whole_rows,
    consistency_band,
    design_effect,
    null_ece,
)
from caopd_bench.metrics.rows.binning import bin_index
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally, as_tally


class ReliabilityBins(NamedTuple):
    """Arrays of shape (bins,); means, limits and gap are NaN where a bin is empty."""

    low: FloatArray
    high: FloatArray
    n: NDArray[np.int64]
    right: NDArray[np.int64]
    mean_confidence: FloatArray
    accuracy: FloatArray
    accuracy_low: FloatArray
    accuracy_high: FloatArray
    gap: FloatArray  # mean confidence - accuracy


class ReliabilityValues(NamedTuple):
    """Arrays of shape (u,), one entry per distinct confidence, ascending."""

    value: FloatArray
    n: NDArray[np.int64]
    right: NDArray[np.int64]
    accuracy: FloatArray
    accuracy_low: FloatArray
    accuracy_high: FloatArray
    recalibrated: FloatArray  # the CORP curve


@dataclass(frozen=True, eq=False)
class ReliabilityTable:
    """The result of :func:`reliability_table`, which :func:`plot_reliability` draws.

    Attributes
    ----------
    bins : ReliabilityBins
    values : ReliabilityValues
    n : int
        Rows.
    level : float
        Coverage of all intervals and of the band, and level of the upper quantile of ``null_ece``.
    ece : Interval
        Its estimate is the plug-in ECE.
    null_ece : NullECE
        ECE of a perfectly calibrated model.
    band : ConsistencyBand
        Range of the CORP curve of a perfectly calibrated model.
    brier, miscalibration, discrimination, uncertainty : float
        The Brier score and its CORP parts: brier = miscalibration - discrimination + uncertainty.
    auroc : float
    clusters : int or None
        Number of clusters; None for independent rows.
    design_effect : float
        Factor by which clusters inflate the variance of an accuracy; 1 for independent rows.
    """

    bins: ReliabilityBins
    values: ReliabilityValues
    n: int
    level: float
    ece: Interval
    null_ece: NullECE
    band: ConsistencyBand
    brier: float
    miscalibration: float
    discrimination: float
    uncertainty: float
    auroc: float
    clusters: int | None
    design_effect: float

    def to_rows(self) -> list[dict[str, Any]]:
        """Return one dict per bin, with plain Python numbers."""
        return _rows(self.bins)

    def value_rows(self) -> list[dict[str, Any]]:
        """Return one dict per distinct confidence, with plain Python numbers."""
        return _rows(self.values)


def reliability_table(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    cluster: ArrayLike | None = None,
    bins: int = 10,
    level: float = 0.95,
) -> ReliabilityTable:
    """Return the data of a reliability diagram.

    Parameters
    ----------
    confidence, correct, cluster
        As for :func:`bootstrap`, with the same errors.
    bins : int, default 10
        Number of bins of equal width, left-closed as for :func:`ece`.
    level : float, default 0.95
        Coverage of the Wilson limits of each accuracy, of the interval of the ECE and of the
        consistency band.

    Returns
    -------
    ReliabilityTable

    Notes
    -----
    The recalibrated curve is the isotonic regression of correctness on confidence (CORP:
    Dimitriadis, Gneiting, Jordan, PNAS 118, 2021), which needs no bins. With clusters, Wilson's
    limits use ``n`` divided by the design effect, and the band is wider accordingly.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> table = reliability_table(tally([0.9] * 8 + [0.5] * 2, [1, 0] * 5))
    >>> row = table.to_rows()[9]
    >>> row["low"], row["high"], row["n"], row["accuracy"], row["gap"]
    (0.9, 1.0, 8, 0.5, 0.4)
    """
    tally = as_tally(confidence, correct, cluster=cluster)
    decomposition, effect = corp(tally), design_effect(tally)
    return ReliabilityTable(
        bins=_bins(tally, bins, level, effect),
        values=_values(tally, decomposition.curve, level, effect),
        n=int(tally.n),
        level=level,
        ece=ece_interval(tally, bins=bins, level=level),
        null_ece=null_ece(tally, bins=bins, level=level),
        band=consistency_band(tally, level=level),
        brier=decomposition.score,
        miscalibration=decomposition.miscalibration,
        discrimination=decomposition.discrimination,
        uncertainty=decomposition.uncertainty,
        auroc=auroc(tally),
        clusters=None if tally.clusters is None else tally.clusters.labels.size,
        design_effect=effect,
    )


def reliability_bins(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    cluster: ArrayLike | None = None,
    bins: int = 10,
    level: float = 0.95,
) -> ReliabilityBins:
    """Return only the bins of :func:`reliability_table`, which are cheap to compute.

    Parameters
    ----------
    confidence, correct, cluster
    bins : int, default 10
    level : float, default 0.95
        As for :func:`reliability_table`.

    Returns
    -------
    ReliabilityBins
        A named tuple of arrays of shape (bins,).

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> table = reliability_bins(tally([0.9] * 8 + [0.5] * 2, [1, 0] * 5))
    >>> table.n.tolist()
    [0, 0, 0, 0, 0, 2, 0, 0, 0, 8]
    """
    tally = as_tally(confidence, correct, cluster=cluster)
    check_whole_rows(tally, "reliability_bins")
    return _bins(tally, bins, level, design_effect(tally))


def _bins(tally: Tally, bins: int, level: float, effect: float) -> ReliabilityBins:
    index = bin_index(tally.values, bins)
    right = np.bincount(index, weights=tally.right, minlength=bins).astype(np.int64)
    wrong = np.bincount(index, weights=tally.wrong, minlength=bins).astype(np.int64)
    stated = (tally.right + tally.wrong) * tally.values
    n, edges = right + wrong, np.arange(bins + 1) / bins
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: the bin is empty
        confidence = np.bincount(index, weights=stated, minlength=bins) / n
        accuracy = right / n
    limits = wilson(right / effect, n / effect, level)
    return ReliabilityBins(
        edges[:-1], edges[1:], n, right, confidence, accuracy, *limits, confidence - accuracy
    )


def _values(tally: Tally, curve: FloatArray, level: float, effect: float) -> ReliabilityValues:
    n = tally.right + tally.wrong
    limits = wilson(tally.right / effect, n / effect, level)
    return ReliabilityValues(tally.values, n, tally.right, tally.right / n, *limits, curve)


def _rows(columns: ReliabilityBins | ReliabilityValues) -> list[dict[str, Any]]:
    lists = [column.tolist() for column in columns]
    return [dict(zip(columns._fields, row, strict=True)) for row in zip(*lists, strict=True)]
