"""Calibration: whether a stated confidence of 0.8 means right four times in five."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.binning import Edges, bin_index, bin_sums
from caopd_bench.metrics.counting import FloatArray
from caopd_bench.metrics.seeds import Seed, check_replicates, generator
from caopd_bench.metrics.tally import Tally, as_tally


def _accuracy(_values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(right.sum(axis=-1) / (right + wrong).sum(axis=-1))


def _mean_confidence(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    count = right + wrong
    return np.asarray((count * values).sum(axis=-1) / count.sum(axis=-1))


def _overconfidence_gap(
    values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]
) -> NDArray[Any]:
    return np.asarray(_mean_confidence(values, right, wrong) - _accuracy(values, right, wrong))


def _confidence_when_wrong(
    values: FloatArray, _right: NDArray[Any], wrong: NDArray[Any]
) -> NDArray[Any]:
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: nothing was wrong
        return np.asarray((wrong * values).sum(axis=-1) / wrong.sum(axis=-1))


def _ece(
    values: FloatArray,
    right: NDArray[Any],
    wrong: NDArray[Any],
    bins: int = 10,
    edges: Edges = "exact",
) -> NDArray[Any]:
    count = right + wrong
    gaps = bin_sums(count * values - right, bin_index(values, bins, edges))
    return np.asarray(np.abs(gaps).sum(axis=-1) / count.sum(axis=-1))


def accuracy(confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> float:
    """Return the share of right answers; parameters as for :func:`ece`.

    Examples
    --------
    >>> accuracy([0.9, 0.8, 0.7, 0.6], [1, 1, 1, 0])
    0.75
    """
    return float(_accuracy(*as_tally(confidence, correct).cells))


def mean_confidence(confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> float:
    """Return the mean stated confidence; parameters as for :func:`ece`.

    Examples
    --------
    >>> mean_confidence([1.0, 0.5], [1, 0])
    0.75
    """
    return float(_mean_confidence(*as_tally(confidence, correct).cells))


def overconfidence_gap(confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> float:
    """Return mean confidence minus accuracy, the OCG; parameters as for :func:`ece`.

    Returns
    -------
    float
        In [-1, 1], positive when the model claims more than it delivers. Its absolute value never
        exceeds the ECE.

    Examples
    --------
    >>> overconfidence_gap([1.0, 1.0, 1.0, 1.0], [1, 0, 0, 0])
    0.75
    """
    return float(_overconfidence_gap(*as_tally(confidence, correct).cells))


def confidence_when_wrong(confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> float:
    """Return the mean confidence of the wrong answers, the MCIP; parameters as for :func:`ece`.

    Returns
    -------
    float
        In [0, 1], lower is better; NaN if nothing was wrong.

    Examples
    --------
    >>> confidence_when_wrong([1.0, 0.75, 0.25], [1, 0, 0])
    0.5
    >>> confidence_when_wrong([1.0], [1])
    nan
    """
    return float(_confidence_when_wrong(*as_tally(confidence, correct).cells))


def ece(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    bins: int = 10,
    edges: Edges = "exact",
) -> float:
    r"""Return the expected calibration error over bins of equal width.

    Parameters
    ----------
    confidence : array_like, shape (n,), or Tally
        Stated confidences in [0, 1], or a tally in place of both arguments.
    correct : array_like, shape (n,), optional
        0/1 or bool.
    bins : int, default 10
        Number of bins.
    edges : {"exact", "paper"}, default "exact"
        Where a bin begins, see :func:`~caopd_bench.metrics.binning.bin_index`. "paper" reproduces
        the bins of the code released with CaOPD, in which 0.3, 0.6 and 0.7 fall a bin lower, for
        printed decimals: as everywhere, a confidence within 1e-12 of a number of three decimals
        is first taken for that number, so 0.30000000000000004 falls where 0.3 does.

    Returns
    -------
    float
        In [0, 1]. Above 0 even for a perfectly calibrated model: see :func:`null_ece`.

    Raises
    ------
    ValueError
        If the input is invalid or empty, see :func:`tally`, or ``bins`` or ``edges`` is.

    Notes
    -----
    .. math:: \sum_b \frac{n_b}{n} | \bar c_b - \bar y_b |
       = \frac1n \sum_b \Big| \sum_{i \in b} (c_i - y_i) \Big|

    Naeini, Cooper, Hauskrecht, AAAI 2015. Gaps of opposite sign inside a bin cancel.

    Examples
    --------
    >>> round(ece([0.3, 0.35], [1, 0]), 3)
    0.175
    >>> round(ece([0.3, 0.35], [1, 0], edges="paper"), 3)
    0.525
    """
    return float(_ece(*as_tally(confidence, correct).cells, bins, edges))


class NullECE(NamedTuple):
    """ECE of a perfectly calibrated model that states the same confidences on as many rows."""

    mean: float
    upper: float  # 95 % of perfectly calibrated models score below it


def null_ece(
    tally: Tally,
    *,
    bins: int = 10,
    edges: Edges = "exact",
    replicates: int = 2000,
    seed: Seed = 0,
) -> NullECE:
    """Return the ECE that a perfectly calibrated model would show at these confidences.

    Parameters
    ----------
    tally : Tally
        Only the stated confidences and how often each occurs are used.
    bins, edges
        As for :func:`ece`.
    replicates : int, default 2000
        Number of simulated models.
    seed : int or numpy.random.Generator, default 0

    Returns
    -------
    NullECE
        ``mean``, and ``upper``, the 95 % quantile: an ECE below it is no evidence of
        miscalibration.

    Raises
    ------
    ValueError
        If the tally is weighted, or another argument is invalid.

    Notes
    -----
    Draws the right answers at each value c from Binomial(n_c, c), rows being independent: for
    clustered rows the true values are larger. Above 1000 distinct values, those within 0.001 of
    each other are drawn at their mean, which overstates the variance of a row by under 3e-7.
    Consistency resampling: Bröcker and Smith, Weather and Forecasting 22 (2007).

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> null = null_ece(tally([0.5] * 100, [0, 1] * 50))
    >>> round(null.mean, 2), round(null.upper, 2)
    (0.04, 0.1)
    """
    if tally.weighted:
        raise ValueError("tally must not be weighted; null_ece draws whole rows")
    check_replicates(replicates)
    rng = generator(seed)
    index = bin_index(tally.values, bins, edges)
    count, values = tally.right + tally.wrong, tally.values
    if values.size > 1000:
        cell = np.cumsum(np.diff(index * 1001 + np.floor(values * 1000), prepend=-1.0) != 0)
        mass, count = bin_sums(count * values, cell), bin_sums(count, cell)
        values, index = mass / count, index[np.diff(cell, prepend=0) != 0]
    right = rng.binomial(count, values, size=(replicates, values.size))
    draws = np.abs(bin_sums(count * values - right, index)).sum(axis=-1) / count.sum()
    return NullECE(float(draws.mean()), float(np.quantile(draws, 0.95)))
