"""A test of perfect calibration, by comparison with simulated calibrated models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.reliability.bands import (
    StatedCells,
    check_whole_rows,
    cluster_gaps,
    draw_gaps,
    stated_cells,
)
from caopd_bench.metrics.rows.binning import bin_sums
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.seeds import Seed, check_replicates, generator
from caopd_bench.metrics.rows.tally import Tally, as_tally

Statistic = Literal["kuiper", "ece", "chi2", "brier"]

FEWEST_CLUSTERS = 30  # with fewer, the test rejected up to 12 % of calibrated models
BLOCK = 1 << 22  # number of signs in memory at once
SLACK = 1e-12  # so that a statistic equals itself despite rounding


@dataclass(frozen=True)
class ConsistencyTest:
    """The result of :func:`consistency_test`.

    Attributes
    ----------
    statistic : str
        Name of the statistic.
    value : float
        Its observed value.
    expected : float
        Its mean over the simulated calibrated models.
    p_value : float
        At least 1 / (1 + replicates); NaN, with a reason, for fewer than 30 clusters.
    n : int
        Rows.
    impossible : int
        Rows that a calibrated model never produces: wrong at 1, or right at 0. A single one
        refutes perfect calibration, whatever the ``p_value``.
    reason : str
        Why ``p_value`` is NaN; empty otherwise.
    """

    statistic: str
    value: float
    expected: float
    p_value: float
    n: int
    impossible: int
    reason: str = ""


def consistency_test(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    cluster: ArrayLike | None = None,
    statistic: Statistic = "kuiper",
    replicates: int = 1000,
    seed: Seed = 0,
) -> ConsistencyTest:
    r"""Test whether the stated confidences are perfectly calibrated.

    Parameters
    ----------
    confidence, correct, cluster
        As for :func:`bootstrap`.
    statistic : {"kuiper", "ece", "chi2", "brier"}, default "kuiper"
        "kuiper": the largest accumulated gap over any range of confidence; it needs no bins.
        "ece": the ECE over ten bins. "chi2": Hosmer and Lemeshow's sum over ten bins, the most
        powerful at small n and the most sensitive to single rows near 0 and 1; not for clusters.
        "brier": Spiegelhalter's statistic, which cannot detect a gap at 0.5.
    replicates : int, default 1000
        Number of simulated calibrated models.
    seed : int or numpy.random.Generator, default 0

    Returns
    -------
    ConsistencyTest

    Raises
    ------
    ValueError
        If the rows are invalid, see :func:`tally`, or weighted, if they have clusters and the
        statistic is "chi2", or if another argument is invalid.

    Notes
    -----
    With g_v the sum of (confidence - correct) over the rows that state v, and b a bin:

    .. math:: \text{kuiper} = \tfrac1n \max_{s \le t} \Big| \sum_{s \le v \le t} g_v \Big|, \quad
       \text{ece} = \tfrac1n \sum_b |g_b|, \quad
       \text{chi2} = \sum_b \frac{g_b^2}{\sum_{i \in b} c_i (1 - c_i)}, \quad
       \text{brier} = \tfrac1n \Big| \sum_v (1 - 2 v) g_v \Big|

    p = (1 + number of simulated models with at least this value) / (1 + replicates), where the
    answers of a simulated model are independent and right with the stated probability. So the size
    is at most the nominal one for any n, and smaller where few values are possible.

    With clusters, p is the larger of two p-values: the one above, and one by random signs, where
    all gaps of a cluster keep or change their sign together, which preserves any dependence within
    the cluster (the wild bootstrap; Cameron, Gelbach, Miller, Review of Economics and Statistics
    90, 2008). The second one is approximate: see docs/metrics/recalibration.md for its size.

    Kuiper: Arrieta-Ibarra, Gujral, Tannen, Tygert, Xu, JMLR 23 (2022). chi2: Hosmer and Lemeshow,
    Communications in Statistics A9 (1980), here without its asymptotic distribution. brier:
    Spiegelhalter, Statistics in Medicine 5 (1986).

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> over = consistency_test(tally([0.9] * 50, [1] * 35 + [0] * 15))
    >>> round(over.value, 3), round(over.p_value, 3)
    (0.2, 0.001)
    >>> consistency_test(tally([0.9] * 50, [1] * 45 + [0] * 5)).p_value
    1.0
    """
    tally = as_tally(confidence, correct, cluster=cluster)
    check_whole_rows(tally, "consistency_test")
    check_replicates(replicates)
    if statistic not in get_args(Statistic):
        known = ", ".join(f'"{name}"' for name in get_args(Statistic))
        raise ValueError(f"statistic must be one of {known}; got {statistic!r}")
    if statistic == "chi2" and tally.clusters is not None:
        raise ValueError(
            'statistic "chi2" rejects too often for clusters (up to 39 % at a nominal 5 %); '
            'use "kuiper", the default'
        )
    rng, cells = generator(seed), stated_cells(tally)
    observed = float(_statistic(statistic, cells, cells.rows * cells.values - cells.right))
    draws = _statistic(statistic, cells, draw_gaps(cells, replicates, rng))
    p_value, reason = _p_value(observed, draws), ""
    if tally.clusters is not None:
        groups = tally.clusters.labels.size
        if groups < FEWEST_CLUSTERS:
            p_value, reason = float("nan"), f"{groups} clusters: the test needs {FEWEST_CLUSTERS}"
        else:
            flips = [
                _statistic(statistic, cells, block)
                for block in _flipped_gaps(
                    cluster_gaps(tally.clusters, tally.values, cells.of_value), replicates, rng
                )
            ]
            p_value = max(p_value, _p_value(observed, np.concatenate(flips)))
    impossible = tally.wrong[tally.values == 1.0].sum() + tally.right[tally.values == 0.0].sum()
    return ConsistencyTest(
        statistic=statistic,
        value=observed,
        expected=float(draws.mean()),
        p_value=p_value,
        n=int(tally.n),
        impossible=int(impossible),
        reason=reason,
    )


def _p_value(observed: float, draws: FloatArray) -> float:
    reached = int(np.count_nonzero(draws >= observed - SLACK * max(1.0, observed)))
    return (1 + reached) / (1 + draws.size)


def _statistic(name: Statistic, cells: StatedCells, gaps: FloatArray) -> NDArray[Any]:
    """Compute a statistic (...) of the gaps (..., u)."""
    n = cells.rows.sum()
    if name == "ece":
        return np.asarray(np.abs(bin_sums(gaps, cells.bin)).sum(axis=-1) / n)
    if name == "brier":
        return np.asarray(np.abs(((1.0 - 2.0 * cells.values) * gaps).sum(axis=-1)) / n)
    if name == "chi2":
        variance = bin_sums(cells.rows * cells.values * (1.0 - cells.values), cells.bin)
        square = bin_sums(gaps, cells.bin) ** 2
        # Without variance all confidences are 0 or 1, so any gap refutes calibration.
        proof = np.where(square > 0.0, np.inf, 0.0)
        safe = np.where(variance > 0.0, variance, 1.0)
        return np.asarray(np.where(variance > 0.0, square / safe, proof).sum(axis=-1))
    path = np.cumsum(gaps, axis=-1)
    highest = np.maximum(path.max(axis=-1), 0.0)
    return np.asarray((highest - np.minimum(path.min(axis=-1), 0.0)) / n)


def _flipped_gaps(
    by_cluster: Any, replicates: int, rng: np.random.Generator
) -> Iterator[FloatArray]:
    """Yield blocks of gaps (b, u); each row has newly drawn random signs, one per cluster."""
    by_cell = by_cluster.T.tocsr()
    step = max(1, BLOCK // max(by_cell.shape))
    for start in range(0, replicates, step):
        shape = (by_cell.shape[1], min(step, replicates - start))
        signs = 2.0 * rng.integers(0, 2, size=shape, dtype=np.int8) - 1.0
        yield (by_cell @ signs).T
