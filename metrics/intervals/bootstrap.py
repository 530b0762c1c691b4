"""Bootstrap replicates: rows as multinomial draws on the cells of a tally, or whole clusters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.registry import METRICS, check_metrics
from caopd_bench.metrics.rows.condense import condense
from caopd_bench.metrics.rows.counting import ClusterCounts, FloatArray
from caopd_bench.metrics.rows.seeds import Seed, check_replicates, generator
from caopd_bench.metrics.rows.tally import Tally, as_tally

BLOCK = 1 << 21  # numbers in memory at once, for a tally of any size


def resample(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    cluster: ArrayLike | None = None,
    metrics: Iterable[str] | None = None,
    replicates: int = 1000,
    seed: Seed = 0,
) -> dict[str, FloatArray]:
    """Return the bootstrap replicates of each metric, all from the same draws.

    For intervals use :func:`bootstrap`: percentiles of replicates cover badly near the boundary,
    and not at all for an ECE near 0. Replicates are for standard errors and for figures.

    Parameters
    ----------
    confidence, correct, cluster
        As for :func:`bootstrap`.
    metrics : iterable of str, optional
        Names in :data:`METRICS`; all of them by default.
    replicates : int, default 1000
    seed : int or numpy.random.Generator, default 0

    Returns
    -------
    dict of str to ndarray, shape (replicates,)
        NaN where a metric is undefined.

    Raises
    ------
    ValueError
        If the rows are invalid, see :func:`tally`, or weighted, or another argument is invalid.

    Notes
    -----
    The counts of a bootstrap sample of rows are multinomial on the cells (value, right or wrong),
    so drawing these counts is exactly the ordinary bootstrap, at a cost that depends only on the
    number of distinct values. Efron and Tibshirani, An Introduction to the Bootstrap (1993). With
    more than 1024 distinct values, neighbours are first merged, which is an approximation; see
    :func:`~caopd_bench.metrics.rows.condense.condense`.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> draws = resample(tally([0.9] * 60 + [0.6] * 40, [1] * 50 + [0] * 50), metrics=["brier"])
    >>> draws["brier"].shape, round(float(draws["brier"].std()), 3)
    ((1000,), 0.025)
    """
    names = list(METRICS) if metrics is None else check_metrics(metrics)
    check_replicates(replicates)
    tally = as_tally(confidence, correct, cluster=cluster)
    if tally.weighted:
        raise ValueError("tally must not be weighted; the bootstrap needs whole rows")
    small = condense(tally)
    draws: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for right, wrong in replicate_counts(small, replicates, generator(seed)):
        for name in names:
            draws[name].append(METRICS[name].cells(small.values, right, wrong))
    return {name: np.concatenate(blocks) for name, blocks in draws.items()}


def replicate_counts(
    tally: Tally, replicates: int, rng: np.random.Generator
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield blocks of (right, wrong) counts, each (b, u), with ``replicates`` rows in total."""
    u = tally.values.size
    if tally.clusters is None:
        counts = np.concatenate([tally.right, tally.wrong])
        used = np.flatnonzero(counts)
        for size in _blocks(replicates, counts.size):
            cells = np.zeros((size, counts.size))
            cells[:, used] = _draw(counts[used], size, rng)
            yield cells[:, :u], cells[:, u:]
        return
    matrix = _cluster_matrix(tally.clusters, u)
    drawn_once = np.ones(matrix.shape[1], dtype=np.int64)
    for size in _blocks(replicates, max(matrix.shape)):
        cells = (matrix @ _draw(drawn_once, size, rng).T).T
        yield cells[:, :u], cells[:, u:]


def _draw(counts: NDArray[np.int64], size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw sum(counts) items with replacement, ``size`` times; return the counts by cell."""
    n, cells = int(counts.sum()), counts.size
    if 4 * cells < n:
        return rng.multinomial(n, counts / n, size=size)
    # A multinomial draw costs as much per cell as several rows, so rows are drawn if cells are
    # small.
    cell_of = np.repeat(np.arange(cells), counts)
    drawn = np.empty((size, cells), dtype=np.int64)
    start = 0
    # Many samples per call: the numbers are those of single draws, with fewer calls.
    for several in _blocks(size, n):
        first = np.arange(several)[:, None] * cells
        cell = cell_of[rng.integers(0, n, (several, n))] + first
        found = np.bincount(cell.ravel(), minlength=several * cells)
        drawn[start : start + several] = found.reshape(several, cells)
        start += several
    return drawn


def _blocks(replicates: int, width: int) -> Iterator[int]:
    step = max(1, BLOCK // width)
    for start in range(0, replicates, step):
        yield min(step, replicates - start)


def _cluster_matrix(clusters: ClusterCounts, u: int) -> Any:
    """Return the counts as a sparse matrix (2u, clusters), right cells above wrong cells."""
    # Imported here: it costs 0.1 s.
    from scipy.sparse import csr_matrix

    cell = np.concatenate([clusters.value, clusters.value + u])
    column = np.concatenate([clusters.cluster, clusters.cluster])
    counts = np.concatenate([clusters.right, clusters.wrong]).astype(np.float64)
    return csr_matrix((counts, (cell, column)), shape=(2 * u, clusters.labels.size))
