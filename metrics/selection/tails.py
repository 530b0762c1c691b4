"""Exact tails and confidence limits of the binomial, for arrays of counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

ROUNDING = 1e-12  # tolerance: a tail equal to the error rate still rejects


def at_most(wrong: ArrayLike, rows: ArrayLike, risk: float) -> FloatArray:
    """Return the chance of at most ``wrong`` wrong rows if each is wrong with chance ``risk``.

    This is the p-value of "the risk is ``risk`` or more", elementwise.

    Examples
    --------
    >>> at_most([0, 1], [59, 59], 0.05).round(4).tolist()
    [0.0485, 0.1991]
    """
    # Imported here: it costs 0.1 s.
    from scipy.special import betainc

    k, n = np.asarray(wrong, dtype=np.float64), np.asarray(rows, dtype=np.float64)
    tail = betainc(np.maximum(n - k, 1e-300), k + 1.0, 1.0 - risk)
    return np.asarray(np.where(k >= n, 1.0, tail))


def at_least(wrong: ArrayLike, rows: ArrayLike, risk: float) -> FloatArray:
    """Return the chance of at least ``wrong`` wrong rows, the p-value of "at most ``risk``".

    Examples
    --------
    >>> at_least([0, 7], [59, 59], 0.05).round(4).tolist()
    [1.0, 0.0274]
    """
    # Imported here: it costs 0.1 s.
    from scipy.special import betainc

    k, n = np.asarray(wrong, dtype=np.float64), np.asarray(rows, dtype=np.float64)
    return np.asarray(np.where(k <= 0, 1.0, betainc(np.maximum(k, 1.0), n - k + 1.0, risk)))


def upper_limit(wrong: int, rows: int, error: float) -> float:
    """Return the risk at which at most ``wrong`` wrong rows have a chance of ``error``.

    This is the one-sided upper limit of Clopper and Pearson, Biometrika 26 (1934).

    Examples
    --------
    >>> round(upper_limit(0, 59, 0.05), 4), upper_limit(3, 3, 0.05)
    (0.0495, 1.0)
    """
    # Imported here: it costs 0.1 s.
    from scipy.special import betaincinv

    if wrong >= rows:
        return 1.0
    return float(betaincinv(wrong + 1.0, rows - wrong, 1.0 - error))


def upper_limits(wrong: ArrayLike, rows: ArrayLike, error: float) -> FloatArray:
    """Return :func:`upper_limit` elementwise; 1 where there are no rows."""
    # Imported here: it costs 0.1 s.
    from scipy.special import betaincinv

    k, n = np.asarray(wrong, dtype=np.float64), np.asarray(rows, dtype=np.float64)
    limits = betaincinv(k + 1.0, np.maximum(n - k, 1.0), 1.0 - error)
    return np.asarray(np.where(k >= n, 1.0, limits))


def lower_limit(wrong: int, rows: int, error: float) -> float:
    """Return the risk at which at least ``wrong`` wrong rows have a chance of ``error``.

    Examples
    --------
    >>> round(lower_limit(7, 59, 0.05), 4), lower_limit(0, 3, 0.05)
    (0.057, 0.0)
    """
    # Imported here: it costs 0.1 s.
    from scipy.special import betaincinv

    return 0.0 if wrong <= 0 else float(betaincinv(float(wrong), rows - wrong + 1.0, error))


def fewest_rows(risk: float, error: float) -> int:
    """Return the smallest number of rows, none wrong, that shows a risk below ``risk``.

    Examples
    --------
    >>> fewest_rows(0.05, 0.05), fewest_rows(0.01, 0.05)
    (59, 299)
    """
    few = max(math.ceil(math.log(error) / math.log1p(-risk)) - 1, 1)
    while at_most(0, few, risk) > error * (1.0 + ROUNDING):
        few += 1
    return few


def rows_needed(share_wrong: float, risk: float, error: float, power: float) -> float:
    """Return the number of rows needed to show a risk below ``risk``; infinity if it is not.

    The result is one of a series of counts 2 % apart; with it, the chance is ``power`` or more if
    each row is wrong with probability ``share_wrong``.

    Examples
    --------
    >>> rows_needed(0.0, 0.05, 0.05, 0.8), rows_needed(0.05, 0.05, 0.05, 0.8)
    (59.0, inf)
    """
    if share_wrong >= risk:
        return math.inf
    few = fewest_rows(risk, error)
    count = np.unique(np.rint(few * 1.02 ** np.arange(0, 700)))
    low, high = 0, count.size - 1
    while low < high:  # power rises with the count, except for jumps at whole errors
        middle = (low + high) // 2
        n = count[middle : middle + 1]
        enough = at_most(most_wrong(n, risk, error), n, share_wrong)[0] >= power
        low, high = (low, middle) if enough else (middle + 1, high)
    return float(count[low]) if low < count.size - 1 else math.inf


def most_wrong(rows: NDArray[Any], risk: float, error: float) -> FloatArray:
    """Return the largest number of wrong rows that shows a risk below ``risk``; -1 if none does.

    Examples
    --------
    >>> most_wrong(np.array([58, 59, 93, 1000]), 0.05, 0.05).tolist()
    [-1.0, 0.0, 1.0, 38.0]
    """
    low = np.full(rows.shape, -1.0)
    high = np.asarray(rows, dtype=np.float64)  # never enough: if all rows are wrong, the tail is 1
    while True:
        open_ = high - low > 1.0
        if not open_.any():
            return low
        middle = np.floor((low + high) / 2.0)
        shown = at_most(np.maximum(middle, 0.0), rows, risk) <= error * (1.0 + ROUNDING)
        low = np.where(open_ & shown, middle, low)
        high = np.where(open_ & ~shown, middle, high)
