"""Isotonic regression of counts by pool-adjacent-violators, for one row or many at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["isotonic_curve", "isotonic_rows", "isotonic_used"]

FloatArray = NDArray[np.float64]

#: For up to this number of values the Python loop is faster than importing SciPy's (0.2 s).
FEW = 2000
#: Passes over all rows at once, before unfinished rows are finished one by one.
PASSES = 16


def isotonic_curve(right: NDArray[Any], count: NDArray[Any]) -> FloatArray:
    """Recalibrate counts (u,), all above 0, by pool-adjacent-violators.

    Whole counts are added up exactly, and each share is rounded once.
    """
    if count.size > FEW:
        from scipy.optimize import isotonic_regression  # imported here: it costs 0.2 s

        weights = count.astype(np.float64)
        curve = isotonic_regression(right / weights, weights=weights).x
        return np.asarray(curve, dtype=np.float64)
    hits, rows, sizes = _pool(right.tolist(), count.tolist())
    shares = np.array(hits, dtype=np.float64) / np.array(rows, dtype=np.float64)
    return np.repeat(shares, sizes)


def isotonic_rows(right: NDArray[Any], count: NDArray[Any]) -> FloatArray:
    """Recalibrate each row of counts (r, u) separately, using the values that occur in it.

    Returns
    -------
    ndarray, shape (number of counts above 0,)
        In the order of ``right[count > 0]``. For whole counts the curves equal those of
        :func:`isotonic_curve` to the bit.

    Notes
    -----
    Every pass pools all runs of falling shares in all rows at once; the order in which violators
    are pooled does not matter. Ten passes are usually enough. One low value after many high ones
    takes one pass for each of these, so rows that need more passes are left to the loop.
    """
    used = count > 0
    return isotonic_used(right[used], count[used], used.sum(axis=1))


def isotonic_used(right: NDArray[Any], count: NDArray[Any], widths: NDArray[np.intp]) -> FloatArray:
    """Do the work of :func:`isotonic_rows`, given the counts above 0 and the widths of the rows."""
    hits, rows, total = right.astype(np.float64), count.astype(np.float64), right.size
    begin = np.arange(total)  # first value of each pool
    is_first = np.zeros(total, dtype=np.bool_)
    is_first[(np.cumsum(widths) - widths)[widths > 0]] = True
    for left in range(PASSES, -1, -1):
        stays = is_first.copy()
        stays[1:] |= hits[:-1] * rows[1:] < hits[1:] * rows[:-1]
        if stays.all():
            break
        if not left:
            _pool_one_by_one(hits, rows, is_first, stays)
        start = np.flatnonzero(stays)
        hits, rows = np.add.reduceat(hits, start), np.add.reduceat(rows, start)
        begin, is_first = begin[start], is_first[start]
    return np.repeat(hits / rows, np.diff(begin, append=total))


def _pool_one_by_one(
    hits: FloatArray, rows: FloatArray, is_first: NDArray[np.bool_], stays: NDArray[np.bool_]
) -> None:
    """Finish the rows in which a share falls; ``stays`` is updated to the starts of their pools."""
    ends = np.append(np.flatnonzero(is_first), hits.size)
    for row in np.unique(np.searchsorted(ends, np.flatnonzero(~stays), "right") - 1):
        pools = slice(ends[row], ends[row + 1])
        _, _, sizes = _pool(hits[pools].tolist(), rows[pools].tolist())
        stays[pools] = False
        stays[pools.start + np.cumsum(sizes) - sizes] = True


def _pool(right: list[Any], count: list[Any]) -> tuple[list[Any], list[Any], list[int]]:
    """Pool adjacent violators: hits, rows and number of values of each pool."""
    hits: list[Any] = []
    rows: list[Any] = []
    sizes: list[int] = []
    for hit, n in zip(right, count, strict=True):
        size = 1
        while hits and hits[-1] * n >= hit * rows[-1]:
            hit += hits.pop()
            n += rows.pop()
            size += sizes.pop()
        hits.append(hit)
        rows.append(n)
        sizes.append(size)
    return hits, rows, sizes
