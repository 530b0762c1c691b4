"""The tally: distinct stated confidences with right and wrong counts, the input of every metric.

A model states a few dozen distinct confidences, so every set metric is a function of one small
table. Tables of shards add up, and a bootstrap of the rows is a multinomial draw on the cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.rows.counting import (
    ClusterCounts,
    FloatArray,
    as_confidence,
    as_correct,
    check_cluster,
    check_confidence,
    check_correct,
    check_weights,
    count_clusters,
    count_rows,
    count_weighted,
    merge_clusters,
)


@dataclass(frozen=True, eq=False, repr=False)
class Tally:
    """Right and wrong answers at each distinct confidence. Build it with :func:`tally`.

    Attributes
    ----------
    values : ndarray of float64, shape (u,)
        The distinct confidences in [0, 1], ascending.
    right, wrong : ndarray, shape (u,)
        Rows at each value that were right and wrong: int64, or float64 sums of weights.
    clusters : ClusterCounts or None
        The same counts per cluster; only intervals and tests use them.

    Notes
    -----
    ``a + b`` is the tally of the concatenated rows, exactly (sums of weights up to rounding), and
    ``sum(tallies)`` works. A cluster label that occurs in both stays one cluster.

    Examples
    --------
    >>> shards = [tally([0.9, 0.5], [1, 0]), tally([0.9], [0])]
    >>> sum(shards)
    Tally(n=3, n_right=1, distinct=2)
    >>> sum(shards).values.tolist(), sum(shards).right.tolist(), sum(shards).wrong.tolist()
    ([0.5, 0.9], [0, 1], [1, 1])
    """

    values: FloatArray
    right: NDArray[Any]
    wrong: NDArray[Any]
    clusters: ClusterCounts | None = None

    def __post_init__(self) -> None:
        self.values.setflags(write=False)
        self.right.setflags(write=False)
        self.wrong.setflags(write=False)
        for array in self.clusters or ():
            array.setflags(write=False)

    @property
    def cells(self) -> tuple[FloatArray, NDArray[Any], NDArray[Any]]:
        """``(values, right, wrong)``: the input of the arithmetic of a metric."""
        return self.values, self.right, self.wrong

    @property
    def weighted(self) -> bool:
        """Whether the counts are sums of weights, for which no interval is defined."""
        return self.right.dtype.kind == "f"

    @property
    def n(self) -> int | float:
        """Number of rows (total weight if weights were given)."""
        return self.n_right + self.n_wrong

    @cached_property
    def n_right(self) -> int | float:
        """Number of right rows."""
        total: int | float = self.right.sum().item()
        return total

    @cached_property
    def n_wrong(self) -> int | float:
        """Number of wrong rows."""
        total: int | float = self.wrong.sum().item()
        return total

    @property
    def accuracy(self) -> float:
        """Share of rows that are right."""
        return self.n_right / self.n

    @property
    def mean_confidence(self) -> float:
        """Mean stated confidence."""
        return float(((self.right + self.wrong) * self.values).sum()) / self.n

    def __repr__(self) -> str:
        clusters = f", clusters={self.clusters.labels.size}" if self.clusters else ""
        return f"Tally(n={self.n}, n_right={self.n_right}, distinct={self.values.size}{clusters})"

    def __add__(self, other: object) -> Tally:
        if not isinstance(other, Tally):
            return NotImplemented
        if (self.clusters is None) != (other.clusters is None):
            raise ValueError(
                "cannot add a tally with clusters to one without; give both cluster labels"
            )
        values = np.union1d(self.values, other.values)
        at_self = np.searchsorted(values, self.values)
        at_other = np.searchsorted(values, other.values)
        dtype = np.result_type(self.right, other.right)
        right, wrong = np.zeros(values.size, dtype), np.zeros(values.size, dtype)
        right[at_self], wrong[at_self] = self.right, self.wrong
        right[at_other] += other.right
        wrong[at_other] += other.wrong
        if self.clusters is None or other.clusters is None:
            return Tally(values, right, wrong)
        a, b = self.clusters, other.clusters
        if (a.labels.dtype.kind == "U") != (b.labels.dtype.kind == "U"):
            raise ValueError(
                f"cluster labels must be of one type, got {a.labels.dtype} and {b.labels.dtype}; "
                "use strings in both tallies"
            )
        labels = np.union1d(a.labels, b.labels)
        cluster = (np.searchsorted(labels, x.labels)[x.cluster] for x in (a, b))
        clusters = merge_clusters(
            labels,
            np.concatenate([*cluster]),
            np.concatenate([at_self[a.value], at_other[b.value]]),
            np.concatenate([a.right, b.right]),
            np.concatenate([a.wrong, b.wrong]),
            values.size,
        )
        return Tally(values, right, wrong, clusters)

    def __radd__(self, other: object) -> Tally:
        return self if other == 0 else NotImplemented  # so that sum() works


def tally(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Tally:
    """Count right and wrong answers at each distinct confidence, checking every row once.

    Parameters
    ----------
    confidence : array_like, shape (n,)
        Stated confidences in [0, 1]. A decimal is the same value in every dtype (0.7 as float32 is
        0.7), and values within 1e-12 of a multiple of 0.001 count as that multiple.
    correct : array_like, shape (n,)
        0/1 or bool.
    cluster : array_like of int or str, shape (n,), optional
        Label of the unit within which rows depend on each other, such as the question of K samples.
        Point values ignore it; intervals and tests treat whole clusters as the sampling unit.
    weights : array_like, shape (n,), optional
        Positive weights, for point values only: intervals of weighted tallies are an error.

    Returns
    -------
    Tally
        The same to the bit for any order of the rows, dtype and memory layout.

    Raises
    ------
    ValueError
        For empty, missing, non-finite, out-of-range or fractional input, and unequal lengths.

    Examples
    --------
    >>> t = tally([0.9, 0.9, 0.5], [1, 0, 0])
    >>> t.values.tolist(), t.right.tolist(), t.wrong.tolist()
    ([0.5, 0.9], [0, 1], [1, 1])
    >>> tally([95, 80], [1, 0])
    Traceback (most recent call last):
    ValueError: confidence must be in [0, 1], got 95.0; divide percentages by 100
    """
    c = as_confidence(confidence)
    y = as_correct(correct, c.size)
    if weights is not None:
        if cluster is not None:
            raise ValueError("weights cannot be combined with cluster; leave one of them out")
        c, y = check_confidence(c), check_correct(y, c.size)
        return Tally(*count_weighted(c, y, check_weights(weights, c.size)))
    counts = count_rows(c, y)
    if cluster is None:
        return Tally(*counts)
    labels = check_cluster(cluster, c.size)
    return Tally(*counts, count_clusters(c, check_correct(y, c.size), labels, counts.values))


def as_tally(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    cluster: ArrayLike | None = None,
) -> Tally:
    """Return the tally of ``(confidence, correct)``, or the first argument if it is a tally.

    For functions that take ``(confidence, correct, *, cluster=None, ...)`` or ``(tally, ...)``, so
    that all of them raise the same errors.

    Raises
    ------
    ValueError
        If rows are given in addition to a tally, if ``correct`` is missing, or as :func:`tally`.

    Examples
    --------
    >>> as_tally([0.9, 0.5], [1, 0], cluster=["a", "a"])
    Tally(n=2, n_right=1, distinct=2, clusters=1)
    >>> as_tally([0.9, 0.5])
    Traceback (most recent call last):
    ValueError: correct is missing; pass (confidence, correct) or one Tally
    """
    if isinstance(confidence, Tally):
        if correct is not None:
            raise ValueError("correct must be omitted when the first argument is a Tally")
        if cluster is not None:
            raise ValueError(
                "cluster must be omitted when the first argument is a Tally; pass it to tally()"
            )
        return confidence
    if correct is None:
        raise ValueError("correct is missing; pass (confidence, correct) or one Tally")
    return tally(confidence, correct, cluster=cluster)


def rows_or_tally(name: str, given: Any, cluster: ArrayLike | None = None) -> Tally:
    """Return the tally of an argument that is a tally or a pair ``(confidence, correct)``.

    For functions of several models; ``name`` is the name of the argument.

    Examples
    --------
    >>> rows_or_tally("a", ([0.9, 0.5], [1, 0]))
    Tally(n=2, n_right=1, distinct=2)
    >>> rows_or_tally("a", [0.9, 0.5, 0.7])
    Traceback (most recent call last):
    ValueError: a must be a Tally or a pair (confidence, correct), got list
    """
    if isinstance(given, Tally):
        return as_tally(given, cluster=cluster)
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        kind = type(given).__name__
        raise ValueError(f"{name} must be a Tally or a pair (confidence, correct), got {kind}")
    try:
        return tally(given[0], given[1], cluster=cluster)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
