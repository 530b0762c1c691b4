"""Check rows and count them: from arrays to right and wrong counts at each distinct value."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.rows.columns import as_labels, as_numbers
from caopd_bench.metrics.rows.grid import (
    CHUNK,
    GRID,
    SNAP,
    Counts,
    count_decimals,
    count_on_grid,
    in_range,
    is_binary,
)
from caopd_bench.metrics.rows.sorting import sort_by_confidence

FloatArray = NDArray[np.float64]


class ClusterCounts(NamedTuple):
    """The same counts per cluster, sparse: entry i is one (cluster, value) pair that occurs.

    ``cluster`` indexes ``labels`` (sorted, distinct) and ``value`` indexes the tally's values.
    """

    labels: NDArray[Any]
    cluster: NDArray[np.int64]
    value: NDArray[np.int64]
    right: NDArray[np.int64]
    wrong: NDArray[np.int64]


def as_confidence(confidence: ArrayLike) -> NDArray[Any]:
    """Return the confidences as a native 1-D float array whose range is not yet checked."""
    c = as_numbers("confidence", confidence)
    if c.dtype.kind == "b":
        raise ValueError(
            "confidence must be numbers in [0, 1], got booleans; "
            "the arguments are (confidence, correct), in this order"
        )
    if c.dtype.kind not in "fiu":
        raise ValueError(f"confidence must be numbers in [0, 1], got dtype {c.dtype}")
    narrow = c.dtype.kind == "f" and c.dtype.itemsize < 8
    c = c.astype(c.dtype.newbyteorder("=") if narrow else np.float64, copy=False)
    if c.ndim != 1:
        raise ValueError(f"confidence must be 1-D, got shape {c.shape}; flatten it first")
    if c.size == 0:
        raise ValueError(
            "confidence must have at least one row, got 0; there is no score without rows"
        )
    return c


def check_confidence(confidence: ArrayLike) -> NDArray[Any]:
    """Return the confidences as a native 1-D float array, or raise a ValueError with the fix."""
    c = as_confidence(confidence)
    if in_range(c):
        return c
    bad = np.flatnonzero(~np.isfinite(c))
    if bad.size:
        raise ValueError(
            f"confidence must be finite, got {float(c[bad[0]])} in row {bad[0]} "
            f"({bad.size} such rows); leave out rows without a confidence and report their share"
        )
    low, high = float(c.min()), float(c.max())
    if high > 1.0:
        hint = "divide percentages by 100" if high > 1.5 else "values above 1 are never clipped"
        raise ValueError(f"confidence must be in [0, 1], got {high}; {hint}")
    raise ValueError(
        f"confidence must be in [0, 1], got {low}; a log-probability needs exp() first"
    )


def as_correct(correct: ArrayLike, n: int) -> NDArray[Any]:
    """Return ``correct`` as n numbers or booleans whose values are not yet checked."""
    y = as_numbers("correct", correct)
    if y.dtype.kind not in "bfiu":
        raise ValueError(f"correct must be 0/1 or bool, got dtype {y.dtype}")
    if y.ndim != 1:
        raise ValueError(f"correct must be 1-D, got shape {y.shape}; flatten it first")
    if y.size != n:
        raise ValueError(f"correct must have one entry per confidence ({n}), got {y.size}")
    return y


def check_correct(correct: ArrayLike, n: int) -> NDArray[np.bool_]:
    """Return ``correct`` as n booleans, or raise a ValueError with the fix."""
    y = as_correct(correct, n)
    if not is_binary(y):
        missing = np.flatnonzero(np.isnan(y)) if y.dtype.kind == "f" else np.zeros(0, np.intp)
        if missing.size:
            rows = f"{missing.size} such row{'s' if missing.size > 1 else ''}"
            raise ValueError(
                f"correct must be 0/1 or bool, got nan in row {missing[0]}: it is missing "
                f"({rows}); leave out the rows that were not graded and report their share"
            )
        row = int(np.argmax((y != 0) & (y != 1)))
        raise ValueError(
            f"correct must be 0/1 or bool, got {y[row].item()} in row {row}; threshold graded "
            "answers first, and check the order of the arguments: (confidence, correct)"
        )
    return y if y.dtype.kind == "b" else np.asarray(y == 1)


def check_weights(weights: ArrayLike, n: int) -> FloatArray:
    """Return the weights as n positive finite floats, or raise a ValueError with the fix."""
    w = as_numbers("weights", weights)
    if w.dtype.kind not in "fiu":
        raise ValueError(f"weights must be numbers, got dtype {w.dtype}")
    if w.shape != (n,):
        raise ValueError(f"weights must have one entry per confidence ({n}), got shape {w.shape}")
    w = w.astype(np.float64)
    valid = np.isfinite(w) & (w > 0)
    if not valid.all():
        row = int(np.argmin(valid))
        raise ValueError(
            f"weights must be finite and above 0, got {w[row]} in row {row}; "
            "leave the row out instead of giving it no weight"
        )
    return np.asarray(w)


def check_cluster(cluster: ArrayLike, n: int) -> NDArray[Any]:
    """Return n cluster labels (integers or strings), or raise a ValueError with the fix."""
    labels = as_labels("cluster", cluster, "every row needs a label, such as its item_hash")
    if labels.shape != (n,):
        raise ValueError(
            f"cluster must have one label per confidence ({n}), got shape {labels.shape}"
        )
    return labels


def canonical(confidence: NDArray[Any]) -> FloatArray:
    """Map each confidence to the float64 that stands for its decimal.

    float32 0.7 becomes float64 0.7 (narrow floats become the decimal they print as, if that has no
    more digits than the type can represent), and float64 0.30000000000000004 becomes 0.3. Each
    number is mapped on its own, so the map commutes with merging and reordering rows.
    """
    c: FloatArray = np.add(confidence, 0.0, dtype=np.float64)  # a copy, in which -0.0 is 0.0
    if confidence.dtype.itemsize < 8:
        digits = np.finfo(confidence.dtype).precision
        leading_zeros = np.floor(-np.log10(np.where(c > 0, c, 1.0)))
        scale = 10.0 ** (digits + leading_zeros)
        decimal = np.rint(c * scale) / scale
        same_float = decimal.astype(confidence.dtype) == confidence
        return np.asarray(np.where(same_float, decimal, c))
    for start in range(0, c.size, CHUNK):
        part = c[start : start + CHUNK]
        scaled = part * GRID
        nearest = np.rint(scaled)
        scaled -= nearest
        same = np.flatnonzero(np.abs(scaled, out=scaled) <= SNAP)
        part[same] = nearest[same] / GRID
    return c


def count_rows(confidence: NDArray[Any], correct: NDArray[Any]) -> Counts:
    """Check and count rows: with bincounts if all are on the decimal grid, else with a sort.

    The arguments are those of :func:`as_confidence` and :func:`as_correct`.
    """
    counts = count_decimals(confidence, correct)
    if counts is None:
        counts = count_on_grid(confidence, correct)
    if counts is None:
        right = check_correct(correct, check_confidence(confidence).size)
        counts = _count_by_sort(confidence, right)
    return counts


def count_weighted(
    confidence: NDArray[Any], right: NDArray[np.bool_], weights: FloatArray
) -> Counts:
    """Sum the weights of checked rows at each distinct value."""
    c = canonical(confidence)
    # Sorted by the weight too, so that float sums do not depend on the order of the rows.
    order = np.lexsort((weights, right, c))
    c, y, w = c[order], right[order], weights[order]
    start = np.flatnonzero(_is_new(c))
    return Counts(
        c[start],
        np.add.reduceat(np.where(y, w, 0.0), start),
        np.add.reduceat(np.where(y, 0.0, w), start),
    )


def count_clusters(
    confidence: NDArray[Any], right: NDArray[np.bool_], cluster: NDArray[Any], values: FloatArray
) -> ClusterCounts:
    """Count checked rows at each (cluster, value) pair that occurs."""
    labels, cluster_of = np.unique(cluster, return_inverse=True)
    value_of = np.searchsorted(values, canonical(confidence))
    wrong = np.logical_not(right)
    return merge_clusters(labels, cluster_of, value_of, right, wrong, values.size)


def merge_clusters(
    labels: NDArray[Any],
    cluster: NDArray[Any],
    value: NDArray[Any],
    right: NDArray[Any],
    wrong: NDArray[Any],
    n_values: int,
) -> ClusterCounts:
    """Add up entries that share cluster and value; entries come out sorted."""
    pair, entry = np.unique(cluster.astype(np.int64) * n_values + value, return_inverse=True)
    return ClusterCounts(
        labels,
        pair // n_values,
        pair % n_values,
        np.bincount(entry, weights=right, minlength=pair.size).astype(np.int64),
        np.bincount(entry, weights=wrong, minlength=pair.size).astype(np.int64),
    )


def _count_by_sort(confidence: NDArray[Any], right: NDArray[np.bool_]) -> Counts:
    """Count rows by one sort of (bits of the confidence, label) packed in 64 bits."""
    # The bits of a float in [0, 1] sort like the float and leave the top bit free: shifted left,
    # the label fits below them. One plain sort then replaces an argsort and two gathers.
    packed = np.add(confidence, 0.0, dtype=np.float64).view(np.uint64)
    packed <<= np.uint64(1)
    packed |= right
    packed = sort_by_confidence(packed, confidence)
    n_right = (packed & np.uint64(1)).view(np.int64)
    packed >>= np.uint64(1)
    counts = _add_equal(packed.view(np.float64), n_right, 1 - n_right)
    # Rounding noise can leave two neighbours that stand for the same decimal.
    values = canonical(counts.values.astype(confidence.dtype, copy=False))
    return _add_equal(values, counts.right, counts.wrong)


def _add_equal(ascending: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> Counts:
    """Add up the counts of neighbours with the same value."""
    new = _is_new(ascending)
    if new.all():
        return Counts(ascending, right, wrong)
    start = np.flatnonzero(new)
    return Counts(ascending[start], np.add.reduceat(right, start), np.add.reduceat(wrong, start))


def _is_new(ascending: FloatArray) -> NDArray[np.bool_]:
    new = np.ones(ascending.size, dtype=np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    return new
