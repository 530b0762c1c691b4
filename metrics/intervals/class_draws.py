"""Draws for the class-wise ECE: replicates of the rows, and calibrated models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.points.classes import (
    class_gaps,
)
from caopd_bench.metrics.rows.classes import ClassRows
from caopd_bench.metrics.rows.counting import FloatArray

BLOCK = 1 << 21  # numbers in memory at once
#: Numbers of calibrated models drawn: in all, and first, to see if the estimate is far above.
NULLS, GLANCE = 400, 64


def sum_units(
    rows: ClassRows, unit: NDArray[np.int64] | None, cell: NDArray[np.int64]
) -> tuple[Any, FloatArray]:
    """Sum the gaps of each row, or cluster, in each cell (sparse), and count its probabilities."""
    # Imported here: it costs 0.1 s.
    from scipy.sparse import csr_matrix

    row = np.nonzero(rows.present)[0]
    of = row if unit is None else unit[row]
    return csr_matrix((class_gaps(rows), (of, cell))), np.bincount(of).astype(np.float64)


def without_noise(gaps: Any) -> float:
    """Return the sum of the absolute sums of the cells, less the bias from normal noise."""
    from scipy.special import erf

    sums = np.abs(np.asarray(gaps.sum(axis=0)).ravel())
    noise = np.sqrt(np.asarray(gaps.multiply(gaps).sum(axis=0)).ravel())
    used = noise > 0.0
    sums, noise = sums[used], noise[used]
    true = np.sqrt(np.maximum(sums**2 - noise**2, 0.0))
    ratio = true / noise
    folded = noise * np.sqrt(2.0 / np.pi) * np.exp(-(ratio**2) / 2.0)
    folded += true * erf(ratio / np.sqrt(2.0))
    return float((sums - folded + true).sum())


def resample(
    gaps: Any, size: FloatArray, replicates: int, rng: np.random.Generator
) -> Iterator[FloatArray]:
    """Yield replicates of the class-wise ECE: rows, or whole clusters, drawn with replacement."""
    units, step = size.size, max(1, BLOCK // size.size)
    for start in range(0, replicates, step):
        several = min(step, replicates - start)
        drawn = rng.integers(0, units, (several, units)) + np.arange(several)[:, None] * units
        times = np.bincount(drawn.ravel(), minlength=several * units).reshape(several, units)
        yield np.asarray(np.abs(times @ gaps).sum(axis=1) / (times @ size))


def null_reaches(
    rows: ClassRows,
    unit: NDArray[np.int64] | None,
    cell: NDArray[np.int64],
    bar: float,
    rng: np.random.Generator,
    level: float,
) -> bool:
    """Return whether a calibrated model reaches a class-wise ECE with more than a tail's chance.

    By Cantelli's inequality, a value far enough above the mean is reached with a chance of at most
    a quarter of the tail, for any distribution; then the first draws are enough.
    """
    tail = (1.0 - level) / 2.0
    drawn = np.concatenate([*_draw_nulls(rows, unit, cell, GLANCE, rng)])
    if bar > drawn.mean() + 2.0 / np.sqrt(tail) * drawn.std(ddof=1):
        return False
    more = _draw_nulls(rows, unit, cell, NULLS - GLANCE, rng)
    return bool(np.mean(np.concatenate([drawn, *more]) >= bar) > tail)


def _draw_nulls(
    rows: ClassRows,
    unit: NDArray[np.int64] | None,
    cell: NDArray[np.int64],
    replicates: int,
    rng: np.random.Generator,
) -> Iterator[FloatArray]:
    """Yield class-wise ECEs of calibrated models with these probabilities."""
    n, classes = rows.probabilities.shape
    above = np.cumsum(rows.probabilities, axis=1)
    last = rows.present.sum(axis=1) - 1
    cells = int(cell.max()) + 1
    sums = np.bincount(cell, rows.probabilities[rows.present], cells)
    cell_at = np.zeros((n, classes), dtype=np.int64)
    cell_at[rows.present] = cell
    step = max(1, BLOCK // n)
    for start in range(0, replicates, step):
        several = min(step, replicates - start)
        # The rows of a cluster are answers to one question, of which one option is right.
        units = n if unit is None else int(unit.max()) + 1
        chance = rng.random((several, units))
        chance = chance if unit is None else chance[:, unit]
        right = np.zeros((several, n), dtype=np.int64)
        for k in range(classes - 1):
            right += chance >= above[:, k]
        hit = cell_at[np.arange(n), np.minimum(right, last)] + np.arange(several)[:, None] * cells
        hits = np.bincount(hit.ravel(), minlength=several * cells).reshape(several, cells)
        yield np.asarray(np.abs(sums - hits).sum(axis=1) / rows.present.sum())
