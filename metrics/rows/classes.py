"""Rows with a probability for each class or option, and the index of the right one.

Rows may have different numbers of options, like the questions of a multiple-choice test: they are
kept as a table of floats in which missing options are marked.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.rows.columns import as_numbers
from caopd_bench.metrics.rows.counting import FloatArray

#: Tolerance for the sum of a row: allows for probabilities rounded to three decimals.
NEAR_ONE = 5e-3


class ClassRows(NamedTuple):
    """Checked rows.

    Attributes
    ----------
    probabilities : ndarray of float64, shape (n, classes)
        Each row sums to 1; 0 where a row does not have the class.
    present : ndarray of bool, shape (n, classes)
        Whether the row has the class.
    right : ndarray of int64, shape (n,)
        Index of the right class.
    """

    probabilities: FloatArray
    present: NDArray[np.bool_]
    right: NDArray[np.int64]

    @property
    def outcomes(self) -> FloatArray:
        """1 for the right class of each row, else 0."""
        hit = np.arange(self.probabilities.shape[1]) == self.right[:, None]
        return np.asarray(hit, dtype=np.float64)


def check_classes(probabilities: ArrayLike | Any, right: ArrayLike) -> ClassRows:
    """Return checked rows, or raise a ValueError that names the fix.

    Parameters
    ----------
    probabilities : array_like, shape (n, classes), or a sequence of n sequences
        A shorter row lacks the last classes.
    right : array_like of int, shape (n,)
        Index of the right class, from 0.

    Returns
    -------
    ClassRows
        Rows whose sum is within 0.005 of 1 are divided by their sum.

    Examples
    --------
    >>> check_classes([[0.7, 0.3], [0.2, 0.5, 0.3]], [0, 2]).present.tolist()
    [[True, True, False], [True, True, True]]
    >>> check_classes([[0.7, 0.4]], [0])
    Traceback (most recent call last):
    ValueError: probabilities must sum to 1 in each row, got 1.1 in row 0; normalise them first
    """
    p, present = _as_table(probabilities)
    bad = ~np.isfinite(p).all(axis=1)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"probabilities must be finite, got {_first(p[row], ~np.isfinite(p[row]))} in row "
            f"{row} ({int(bad.sum())} such rows); leave out rows without them and report their "
            "share"
        )
    outside = (p < 0.0).any(axis=1)
    if outside.any():
        row = int(np.argmax(outside))
        raise ValueError(
            f"probabilities must be 0 or more, got {_first(p[row], p[row] < 0.0)} in row {row}; "
            "log-probabilities need exp() and a division by their sum first"
        )
    total = p.sum(axis=1)
    off = np.abs(total - 1.0) > NEAR_ONE
    if off.any():
        row = int(np.argmax(off))
        raise ValueError(
            f"probabilities must sum to 1 in each row, got {total[row]:g} in row {row}; "
            "normalise them first"
        )
    chosen = _as_places(right, present)
    return ClassRows(p / total[:, None], present, chosen)


def _as_table(probabilities: Any) -> tuple[FloatArray, NDArray[np.bool_]]:
    try:
        lengths = {len(row) for row in probabilities}
    except TypeError:
        lengths = set()
    if len(lengths) > 1:
        rows = [np.asarray(as_numbers("probabilities", row)).ravel() for row in probabilities]
        size = np.array([row.size for row in rows])
        present = np.arange(size.max()) < size[:, None]
        table: Any = np.zeros(present.shape)
        table[present] = np.concatenate(rows)
    else:
        table = as_numbers("probabilities", probabilities)
        present = np.ones(table.shape, dtype=np.bool_)
    if table.dtype.kind not in "fiu":
        raise ValueError(f"probabilities must be numbers, got dtype {table.dtype}")
    if table.ndim != 2 or table.shape[1] < 1:
        raise ValueError(
            f"probabilities must have one row per answer and one column per class, got shape "
            f"{table.shape}"
        )
    if table.shape[0] == 0:
        raise ValueError(
            "probabilities must have at least one row, got 0; there is no score without rows"
        )
    if not present[:, 0].all():
        row = int(np.argmin(present[:, 0]))
        raise ValueError(f"probabilities must not be empty, got none in row {row}; leave it out")
    return table.astype(np.float64), present


def _as_places(right: ArrayLike, present: NDArray[np.bool_]) -> NDArray[np.int64]:
    places = as_numbers("right", right)
    n = present.shape[0]
    if places.shape != (n,):
        raise ValueError(f"right must have one entry per row ({n}), got shape {places.shape}")
    is_whole = places.dtype.kind in "iu" or (
        places.dtype.kind == "f" and bool((np.isfinite(places) & (places % 1 == 0)).all())
    )
    if not is_whole:
        raise ValueError(
            f"right must contain class indices from 0, got {places.dtype} values that are not "
            "whole numbers; leave out rows whose right class is unknown"
        )
    chosen = places.astype(np.int64)
    known = (chosen >= 0) & (chosen < present.sum(axis=1))
    if not known.all():
        row = int(np.argmin(known))
        raise ValueError(
            f"right must be a class index from 0 to {int(present[row].sum()) - 1}, got "
            f"{int(chosen[row])} in row {row}"
        )
    return chosen


def _first(row: FloatArray, which: NDArray[np.bool_]) -> float:
    return float(row[which][0])
