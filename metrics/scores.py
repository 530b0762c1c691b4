"""Proper scores: the confidence that minimises them is the true one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.counting import FloatArray
from caopd_bench.metrics.tally import Tally, as_tally


def _brier(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> NDArray[Any]:
    total = (right * (1.0 - values) ** 2 + wrong * values**2).sum(axis=-1)
    return np.asarray(total / (right + wrong).sum(axis=-1))


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
