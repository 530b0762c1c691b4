"""Proper scores: the confidence that minimises them is the true one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally, as_tally


def _brier(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    total = (right * (1.0 - values) ** 2 + wrong * values**2).sum(axis=-1)
    return np.asarray(total / (right + wrong).sum(axis=-1))


def _brier_skill(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    base_rate = right.sum(axis=-1) / (right + wrong).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        skill = 1.0 - _brier(values, right, wrong) / (base_rate * (1.0 - base_rate))
    return np.where((base_rate > 0.0) & (base_rate < 1.0), skill, np.nan)


def _log_score(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    with np.errstate(divide="ignore", invalid="ignore"):  # ln 0, and 0 rows times ln 0
        of_right = np.where(right > 0, right * -np.log(values), 0.0)
        of_wrong = np.where(wrong > 0, wrong * -np.log1p(-values), 0.0)
    return np.asarray((of_right + of_wrong).sum(axis=-1) / (right + wrong).sum(axis=-1))


def brier(confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> float:
    r"""Return the Brier score, the mean squared distance of confidence and correctness.

    Parameters
    ----------
    confidence : array_like, shape (n,), or Tally
        Stated confidences in [0, 1], or a tally in place of both arguments.
    correct : array_like, shape (n,), optional
        0/1 or bool.

    Returns
    -------
    float
        In [0, 1], 0 is perfect; always saying 0.5 scores 0.25.

    Raises
    ------
    ValueError
        If the input is invalid or empty, see :func:`tally`.

    Notes
    -----
    .. math:: \frac1n \sum_i (c_i - y_i)^2

    Brier, Monthly Weather Review 78 (1950).

    Examples
    --------
    >>> brier([1.0, 0.5], [1, 0])
    0.125
    """
    return float(_brier(*as_tally(confidence, correct).cells))


def brier_skill(confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> float:
    r"""Return the Brier skill score against always stating the accuracy; parameters as for brier.

    Returns
    -------
    float
        1 is perfect, 0 no better than one constant confidence, negative worse (no lower limit).
        NaN without both right and wrong answers: the constant is perfect then.

    Raises
    ------
    ValueError
        If the input is invalid or empty, see :func:`tally`.

    Notes
    -----
    .. math:: 1 - \frac{\mathrm{Brier}}{\bar y (1 - \bar y)}

    The constant is the accuracy of these very rows, which no forecast could know: the skill is
    understated by about 1/n. Murphy, Monthly Weather Review 116 (1988).

    Examples
    --------
    >>> round(brier_skill([0.9, 0.8, 0.8, 0.2], [1, 1, 0, 0]), 4)
    0.27
    >>> brier_skill([0.9, 0.8], [1, 1])
    nan
    """
    return float(_brier_skill(*as_tally(confidence, correct).cells))


def log_score(confidence: ArrayLike | Tally, correct: ArrayLike | None = None) -> float:
    r"""Return the log score, the mean negative log-likelihood; parameters as for :func:`brier`.

    Returns
    -------
    float
        In nats, 0 is perfect; always saying 0.5 scores ln 2 = 0.693. Infinite if a stated 1 was
        wrong or a stated 0 was right (to within 1e-12, see :func:`tally`): nothing is clipped,
        since the result would be the choice of the clip.

    Raises
    ------
    ValueError
        If the input is invalid or empty, see :func:`tally`.

    Notes
    -----
    .. math:: -\frac1n \sum_i \big( y_i \ln c_i + (1 - y_i) \ln (1 - c_i) \big)

    Good, Journal of the Royal Statistical Society B 14 (1952).

    Examples
    --------
    >>> round(log_score([0.9, 0.5], [1, 0]), 4)
    0.3993
    >>> log_score([1.0, 0.5], [0, 0])
    inf
    """
    return float(_log_score(*as_tally(confidence, correct).cells))
