"""Calibration: whether a stated confidence of 0.8 means right four times in five."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.binning import Edges, bin_index, bin_sums
from caopd_bench.metrics.counting import FloatArray
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
