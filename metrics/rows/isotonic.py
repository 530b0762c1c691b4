"""Isotonic regression of counts: pool-adjacent-violators, of one row and of many at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["isotonic_curve", "isotonic_rows"]

FloatArray = NDArray[np.float64]

#: Up to so many values the loop in Python costs less than importing SciPy's does (0.2 s).
FEW = 2000
#: Up to so many values rows are regressed together; above, SciPy is worth its import.
NARROW = 64


def isotonic_curve(right: NDArray[Any], count: NDArray[Any]) -> FloatArray:
    """Recalibrate counts (u,), all above 0, by pool-adjacent-violators.

    Whole counts are added up exactly, and each share is rounded once.
    """
    if count.size > FEW:
        return _curve_of_scipy(right, count)
    hits: list[Any] = []
    rows: list[Any] = []
    sizes: list[int] = []
    for hit, n in zip(right.tolist(), count.tolist(), strict=True):
        size = 1
        while hits and hits[-1] * n >= hit * rows[-1]:
            hit += hits.pop()
            n += rows.pop()
            size += sizes.pop()
        hits.append(hit)
        rows.append(n)
        sizes.append(size)
    shares = np.array(hits, dtype=np.float64) / np.array(rows, dtype=np.float64)
    return np.repeat(shares, sizes)


def isotonic_rows(right: NDArray[Any], count: NDArray[Any]) -> FloatArray:
    """Recalibrate rows of counts (r, u), each by itself, by the values that have rows in it.

    Returns
    -------
    ndarray, shape (number of counts above 0,)
        In the order of ``right[count > 0]``.
    """
    used = count > 0
    if right.shape[1] <= NARROW:
        return _curves_together(right, count)[used]
    return _curves_in_line(right[used], count[used], used.sum(axis=1))


def _curves_together(right: NDArray[Any], count: NDArray[Any]) -> FloatArray:
    """Regress all rows at once: a step for each value, on a stack of pools for each row."""
    replicates, width = right.shape
    # Copies: pools are added up in place.
    hits_of = np.array(right.T, dtype=np.float64, order="C")
    rows_of = np.array(count.T, dtype=np.float64, order="C")
    # Pools by height in the stack and row, flat. Below all lies one that is never pooled.
    size = (width + 1) * replicates
    hits, rows, begin = np.empty(size), np.empty(size), np.empty(size, dtype=np.intp)
    hits[:replicates], rows[:replicates] = -1.0, 1.0
    top = np.arange(replicates)  # the place of each row's last pool
    for value, (hit, n) in enumerate(zip(hits_of, rows_of, strict=True)):
        used = here = np.flatnonzero(n)
        start = np.full(replicates, value)
        while here.size:
            last = top[here]
            pooled = hits[last] * n[here] >= hit[here] * rows[last]
            here, last = here[pooled], last[pooled]
            hit[here] += hits[last]
            n[here] += rows[last]
            start[here] = begin[last]
            top[here] -= replicates
        top[used] += replicates
        at = top[used]
        hits[at], rows[at], begin[at] = hit[used], n[used], start[used]
    kept = np.flatnonzero(np.arange(width + 1)[:, None] <= top // replicates)[replicates:]
    level = np.zeros((width, replicates), dtype=np.intp)
    level[begin[kept], kept % replicates] = 1
    place = np.cumsum(level, axis=0) * replicates + np.arange(replicates)
    shares = np.zeros(size)
    shares[kept] = hits[kept] / rows[kept]
    return np.asarray(shares[place].T)


def _curves_in_line(
    right: NDArray[Any], count: NDArray[Any], widths: NDArray[np.intp]
) -> FloatArray:
    """Regress rows of counts that stand one after the other."""
    from scipy.optimize import isotonic_regression  # imported here: it costs 0.2 s

    weights = count.astype(np.float64)
    # One call for all: a thousand calls take ten times as long. No value is above or below NaN, so
    # that nothing is pooled across the one that stands after each row.
    place = np.arange(count.size) + np.repeat(np.arange(widths.size), widths)
    shares, apart = np.full((2, count.size + widths.size), [[np.nan], [1.0]])
    shares[place], apart[place] = right / weights, weights
    try:
        curves = np.asarray(isotonic_regression(shares, weights=apart).x, dtype=np.float64)
    except ValueError:  # a SciPy that takes no NaN
        curves = np.full_like(shares, np.nan)
    if np.array_equal(np.isnan(curves), np.isnan(shares)):
        return np.asarray(curves[place])
    ends = np.cumsum(widths)[:-1]
    pairs = zip(np.split(right, ends), np.split(count, ends), strict=True)
    return np.concatenate([_curve_of_scipy(hits, rows) for hits, rows in pairs])


def _curve_of_scipy(right: NDArray[Any], count: NDArray[Any]) -> FloatArray:
    from scipy.optimize import isotonic_regression  # imported here: it costs 0.2 s

    weights = count.astype(np.float64)
    return np.asarray(isotonic_regression(right / weights, weights=weights).x, dtype=np.float64)
