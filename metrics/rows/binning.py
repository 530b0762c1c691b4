"""Bins of the stated confidences: of equal width, of equal mass, or one per stated value."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count as count_from
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.rows.counting import FloatArray

Edges = Literal["exact", "paper"]
Strategy = Literal["width", "mass", "value", "sweep"]

BLOCK = 1 << 14  # largest (values x numbers of bins) that a sweep tries at once


def bin_index(values: FloatArray, bins: int = 10, edges: Edges = "exact") -> NDArray[np.intp]:
    """Return the bin of equal width, 0 to bins - 1, of each value.

    Parameters
    ----------
    values : ndarray, shape (u,)
        Values in [0, 1].
    bins : int
        Number of bins of equal width.
    edges : {"exact", "paper"}
        "exact": bin i is [i/bins, (i+1)/bins), and the last bin includes 1. A value within 1e-9 bin
        widths of an edge counts as being on it: 0.3 is in [0.3, 0.4). "paper": as in the code
        released with CaOPD (arXiv 2604.16830), ``np.digitize`` on ``np.linspace(0, 1, bins + 1)``
        with infinite ends. Its edge 0.30000000000000004 puts 0.3 into the lower bin; the same
        happens to 0.6 and 0.7.

    Returns
    -------
    ndarray of int, shape (u,)

    Examples
    --------
    >>> bin_index(np.array([0.0, 0.3, 0.6, 1.0])).tolist()
    [0, 3, 6, 9]
    >>> bin_index(np.array([0.0, 0.3, 0.6, 1.0]), edges="paper").tolist()
    [0, 2, 5, 9]
    """
    check_bins(bins, edges)
    return _width_index(values, bins, edges)


def _width_index(values: FloatArray, bins: int, edges: Edges) -> NDArray[np.intp]:
    if edges == "paper":
        boundaries = np.linspace(0.0, 1.0, bins + 1)
        boundaries[0], boundaries[-1] = -np.inf, np.inf
        return np.asarray(np.digitize(values, boundaries) - 1)
    return np.minimum((values * bins + 1e-9).astype(np.intp), bins - 1)


def mass_index(count: NDArray[Any], bins: int | NDArray[np.int64] = 10) -> NDArray[np.intp]:
    """Return the bin of each value, with nearly equal numbers of rows per bin, numbered from 0.

    The rows in ascending order are cut into ``bins`` parts of equal length, and each value goes
    with all its rows to the part that contains its middle row. Ties are never split, so the order
    of tied rows cannot matter. A value with many rows leaves neighbouring parts empty; empty parts
    get no number.

    Parameters
    ----------
    count : ndarray, shape (..., u)
        Rows at each value, values ascending.
    bins : int, or ndarray of int, shape (k, 1)
        Number of parts; for several numbers the result has one row each.

    Returns
    -------
    ndarray of int, shape (..., u)

    Examples
    --------
    >>> mass_index(np.array([1, 1, 1, 1, 1, 1]), bins=3).tolist()
    [0, 0, 1, 1, 2, 2]
    >>> mass_index(np.array([1, 1, 6, 1, 1]), bins=5).tolist()
    [0, 0, 1, 2, 2]
    """
    twice_middle = 2 * np.cumsum(count, axis=-1) - count
    part = bins * twice_middle // (2 * count.sum(axis=-1, keepdims=True))
    new = np.diff(part, prepend=part[..., :1]) != 0
    return np.cumsum(new, axis=-1, dtype=np.intp)


def sweep_index(right: NDArray[Any], count: NDArray[Any]) -> NDArray[np.intp]:
    """Return as many bins of equal mass as possible before accuracy first falls between bins.

    The number of parts of :func:`mass_index` grows from 1 until, for the first time, some bin has a
    lower accuracy than the bin below it; the last number before that is used. If accuracy does not
    fall even between single values, each value is a bin.

    Parameters
    ----------
    right, count : ndarray, shape (u,)
        Right rows, and all rows, at each value, values ascending.

    Returns
    -------
    ndarray of int, shape (u,)

    Notes
    -----
    The ECE-sweep of Roelofs, Cain, Shlens, Mozer, AISTATS 2022, with bins that keep ties together.
    """
    used = np.flatnonzero(count)
    hits, rows = right[used], count[used]
    index = np.arange(used.size)
    if (np.diff(hits / rows) < 0).any():
        index = mass_index(rows, _largest_rising(hits, rows))
    # A value without rows (in a bootstrap replicate) may be in any bin.
    return index[np.maximum(np.searchsorted(used, np.arange(count.size), "right") - 1, 0)]


def _largest_rising(hits: NDArray[Any], rows: NDArray[Any]) -> int:
    # Ends at the latest when each value is a bin, because then some accuracy falls.
    step = max(1, BLOCK // rows.size)
    for first in count_from(2, step):
        index = mass_index(rows, np.arange(first, first + step)[:, None])
        with np.errstate(invalid="ignore"):  # rows with fewer bins end in NaN: never a fall
            accuracy = _sum_rows(hits, index) / _sum_rows(rows, index)
        falls = (np.diff(accuracy) < 0).any(axis=-1)
        if falls.any():
            break
    return first + int(np.argmax(falls)) - 1


def bin_sums(cells: NDArray[Any], index: NDArray[np.intp]) -> NDArray[Any]:
    """Sum ``cells`` (..., u) over the bins that occur in the ascending ``index`` (u,)."""
    new = np.empty(index.size, dtype=np.bool_)
    new[0] = True
    np.not_equal(index[1:], index[:-1], out=new[1:])
    return np.asarray(np.add.reduceat(cells, new.nonzero()[0], axis=-1))


def _sum_rows(cells: NDArray[Any], index: NDArray[np.intp]) -> FloatArray:
    """Sum ``cells`` over bins that differ from row to row, as ``index`` (..., u) does."""
    shape = np.broadcast_shapes(cells.shape, index.shape)
    cells, index = (np.broadcast_to(x, shape).reshape(-1, shape[-1]) for x in (cells, index))
    bins = int(index.max()) + 1
    flat = index + bins * np.arange(len(index))[:, None]
    sums = np.bincount(flat.ravel(), weights=cells.ravel(), minlength=bins * len(index))
    return np.asarray(sums.reshape(*shape[:-1], bins), dtype=np.float64)


def bin_totals(
    values: FloatArray,
    right: NDArray[Any],
    wrong: NDArray[Any],
    bins: int = 10,
    edges: Edges = "exact",
    strategy: Strategy = "width",
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return the function that sums cells (..., u) over the bins of each row: (..., b).

    A bin without rows may be among them, as zeros. Parameters as for :func:`ece`.
    """
    check_bins(bins, edges, strategy)
    if strategy in ("width", "value"):
        shared = (
            np.arange(values.size) if strategy == "value" else _width_index(values, bins, edges)
        )
        return partial(bin_sums, index=shared)
    count = right + wrong
    if strategy == "mass":
        index = mass_index(count, bins)
    else:
        rows = zip(right.reshape(-1, values.size), count.reshape(-1, values.size), strict=True)
        index = np.stack([sweep_index(*row) for row in rows]).reshape(count.shape)
    return lambda cells: _sum_rows(cells, index)


def check_bins(bins: int, edges: str, strategy: str = "width") -> None:
    """Raise ValueError unless ``bins`` is a positive integer and the others are known."""
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or bins < 1:
        raise ValueError(f"bins must be a positive integer, got {bins!r}; the usual choice is 10")
    if edges not in ("exact", "paper"):
        raise ValueError(f'edges must be "exact" or "paper", got {edges!r}')
    if strategy not in ("width", "mass", "value", "sweep"):
        raise ValueError(f'strategy must be "width", "mass", "value" or "sweep", got {strategy!r}')
    if edges == "paper" and strategy != "width":
        raise ValueError(f'edges="paper" needs strategy="width", got {strategy!r}')
