"""Count rows whose confidences are multiples of 1/1000, without sorting them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

GRID = 1000  # a stated confidence almost always has at most three decimals
SNAP = 1e-9  # in units of the grid: rounding noise, far below any stated digit
WHOLE = 1.5 * 2.0**52  # adding it to a float leaves no bits for a fraction, so the sum is rounded
WHOLE_BITS = np.float64(WHOLE).view(np.int64)  # subtracted from the bits, leaves the integer
ONE_BITS = np.float64(1.0).view(np.uint64)  # bits of NaN and values outside [0, 1] are higher
CHUNK = 1 << 16  # rows per pass: the buffers stay in cache, no temporary grows with n

CELLS = 2 * (GRID + 1)  # for each decimal, one for wrong rows and one for right rows
DECIMALS = np.arange(GRID + 1) / GRID
OF_CELLS = np.repeat(DECIMALS, 2)


class Counts(NamedTuple):
    """Numbers of right and wrong rows at each distinct value, ascending."""

    values: FloatArray
    right: NDArray[Any]
    wrong: NDArray[Any]


def in_range(confidence: NDArray[Any]) -> bool:
    """Return whether all are in [0, 1]; False if there is a NaN."""
    # The ufuncs avoid the wrappers of min() and max(), which matter with few rows.
    return bool(np.minimum.reduce(confidence) >= 0.0 and np.maximum.reduce(confidence) <= 1.0)


def is_binary(correct: NDArray[Any]) -> bool:
    """Return whether all are 0 or 1."""
    if correct.dtype.kind in "bi":
        return int(np.bitwise_or.reduce(correct)) in (0, 1)
    return bool(np.count_nonzero(correct) == np.count_nonzero(correct == 1))


def count_decimals(confidence: NDArray[Any], correct: NDArray[Any]) -> Counts | None:
    """Count few rows whose confidences are exactly three decimals or fewer; None for others.

    This takes half the work of :func:`count_on_grid` and gives the same counts: for an exact
    decimal, its distance to the nearest decimal need not be checked.
    """
    if confidence.size > CHUNK or confidence.dtype.itemsize < 8:
        return None
    first = confidence.item(0)  # if it is not on the grid, the others need not be checked
    if first != round(first, 3) or np.maximum.reduce(confidence.view(np.uint64)) > ONE_BITS:
        return None
    if correct.dtype.kind not in "bi":
        if not is_binary(correct):
            return None
        correct = correct == 1
    nearest = confidence * (2.0 * GRID)
    nearest += WHOLE
    cell = nearest.view(np.int64)
    cell -= WHOLE_BITS
    cell += correct
    try:
        # An outcome that is not 0 or 1 leads to another decimal. Bytes are compared faster than
        # floats; -0.0 then differs from 0.0, which only costs time.
        if OF_CELLS[cell].tobytes() == confidence.tobytes():
            return _read_cells(np.bincount(cell, minlength=CELLS))
    except (IndexError, ValueError):  # such an outcome may also lead to a cell that does not exist
        pass
    return None


def count_on_grid(confidence: NDArray[Any], correct: NDArray[Any]) -> Counts | None:
    """Count rows whose confidences are multiples of 1/GRID up to rounding noise.

    None for all other rows, valid or not: all checks share a single pass over the memory.
    """
    narrow = confidence.dtype.itemsize < 8
    cells: NDArray[Any] | None = None
    for start in range(0, confidence.size, CHUNK):
        c, y = confidence[start : start + CHUNK], correct[start : start + CHUNK]
        if not in_range(c) or not is_binary(y):
            return None
        scaled = np.multiply(c, float(GRID), dtype=np.float64)
        nearest = scaled + WHOLE
        index = nearest.view(np.int64) - WHOLE_BITS  # faster than rint and a conversion
        if narrow:
            if not np.array_equal(DECIMALS.astype(confidence.dtype)[index], c):
                return None
        else:
            nearest -= WHOLE
            scaled -= nearest
            if np.maximum.reduce(scaled) > SNAP or np.minimum.reduce(scaled) < -SNAP:
                return None
        index += index
        index += y if y.dtype.kind in "bi" else y == 1
        counts = np.bincount(index, minlength=CELLS)
        cells = counts if cells is None else cells + counts
    assert cells is not None  # there is at least one row
    return _read_cells(cells)


def _read_cells(cells: NDArray[np.intp]) -> Counts:
    n_wrong, n_right = cells[::2], cells[1::2]
    (used,) = (n_wrong + n_right).astype(np.bool_).nonzero()
    return Counts(DECIMALS[used], n_right[used], n_wrong[used])
