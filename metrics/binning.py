"""Equal-width bins of the unit interval, and the two readings of where a bin begins."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.counting import FloatArray

Edges = Literal["exact", "paper"]


def bin_index(values: FloatArray, bins: int = 10, edges: Edges = "exact") -> NDArray[np.intp]:
    """Return the bin, 0 to bins - 1, of each value.

    Parameters
    ----------
    values : ndarray, shape (u,)
        Values in [0, 1].
    bins : int
        Number of bins of equal width.
    edges : {"exact", "paper"}
        "exact": bin i is [i/bins, (i+1)/bins), the last one closed, and a value within 1e-9 bin
        widths of an edge is on it: 0.3 is in [0.3, 0.4). "paper": the code released with CaOPD
        (arXiv 2604.16830), ``np.digitize`` on ``np.linspace(0, 1, bins + 1)`` with infinite ends.
        Its edge 0.30000000000000004 puts 0.3 in the lower bin, and 0.6 and 0.7 likewise.

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
    if edges == "paper":
        boundaries = np.linspace(0.0, 1.0, bins + 1)
        boundaries[0], boundaries[-1] = -np.inf, np.inf
        return np.asarray(np.digitize(values, boundaries) - 1)
    position = values * bins
    nearest = np.rint(position)
    position = np.where(np.abs(position - nearest) <= 1e-9, nearest, position)
    return np.minimum(position.astype(np.intp), bins - 1)


def bin_sums(cells: NDArray[Any], index: NDArray[np.intp]) -> NDArray[Any]:
    """Sum ``cells`` (..., u) over the bins that occur in the ascending ``index`` (u,)."""
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    return np.asarray(np.add.reduceat(cells, starts, axis=-1))


def check_bins(bins: int, edges: str) -> None:
    """Raise ValueError unless ``bins`` is a positive integer and ``edges`` is known."""
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or bins < 1:
        raise ValueError(f"bins must be a positive integer, got {bins!r}; the usual choice is 10")
    if edges not in ("exact", "paper"):
        raise ValueError(f'edges must be "exact" or "paper", got {edges!r}')
