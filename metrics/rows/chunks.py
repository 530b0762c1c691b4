"""Exact tallies of data that arrives in pieces (shards, files, streams) in any order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from caopd_bench.metrics.rows.columns import has_rows
from caopd_bench.metrics.rows.counting import canonical, merge_clusters
from caopd_bench.metrics.rows.tally import Tally, tally

Chunk = Tally | tuple[ArrayLike, ArrayLike] | tuple[ArrayLike, ArrayLike, ArrayLike]


class TallyBuilder:
    """A tally that is built from chunks of rows, for data that does not fit into memory.

    Parameters
    ----------
    decimals : int, optional
        Round the confidences to this number of decimals, 1 to 12. This bounds the memory for
        continuous confidences: with 4 decimals there are at most 10,001 distinct values.

    Notes
    -----
    Memory grows with the distinct confidences and the distinct clusters, not with the rows.
    Chunks are merged like the runs of a merge sort: a tally is merged only when the tallies after
    it are together half as large. So N rows in k chunks take O(N log k) if every value is new,
    where adding each chunk to one growing sum would take O(N k); at most about three times the
    size of the final tally is held in memory.

    Rounding moves a confidence by at most half a unit of the last decimal, and the mean confidence
    and the gap by no more than that. Rows with different confidences may become ties.

    Examples
    --------
    >>> builder = TallyBuilder()
    >>> builder.add([0.9, 0.5], [1, 0])
    >>> builder.add([0.9], [0])
    >>> builder.total()
    Tally(n=3, n_right=1, distinct=2)
    """

    def __init__(self, *, decimals: int | None = None) -> None:
        whole = isinstance(decimals, (int, np.integer)) and not isinstance(decimals, bool)
        if decimals is not None and not (whole and 1 <= decimals <= 12):
            raise ValueError(f"decimals must be an integer from 1 to 12 or None, got {decimals!r}")
        self._decimals = decimals
        self._waiting: list[Tally] = []

    def add(
        self, confidence: ArrayLike, correct: ArrayLike, cluster: ArrayLike | None = None
    ) -> None:
        """Add rows; the arguments are those of :func:`tally`, and there may be no rows.

        Raises
        ------
        ValueError
            As :func:`tally`, and if some chunks have clusters and others have none.
        """
        columns = [rows for rows in (confidence, correct, cluster) if rows is not None]
        if any(has_rows(column) for column in columns):
            self.merge(tally(confidence, correct, cluster=cluster))

    def merge(self, other: Tally) -> None:
        """Add the rows of a tally.

        Raises
        ------
        ValueError
            If it is weighted: sums of weights depend on their order.
        """
        if other.weighted:
            raise ValueError("chunks must not be weighted; sums of weights depend on their order")
        self._waiting.append(other if self._decimals is None else _rounded(other, self._decimals))
        while len(self._waiting) > 1 and _size(self._waiting[-2]) <= 2 * _size(self._waiting[-1]):
            last = self._waiting.pop()
            self._waiting[-1] = self._waiting[-1] + last

    @property
    def size(self) -> int:
        """Number of entries: distinct confidences, and pairs of a cluster and a confidence.

        Each takes 24 to 40 bytes, and briefly several times that while tallies are merged.
        """
        return sum(_size(waiting) for waiting in self._waiting)

    def total(self) -> Tally:
        """Return the tally of all rows so far; more may be added after it.

        Raises
        ------
        ValueError
            If there is no row.
        """
        if not self._waiting:
            raise ValueError("chunks must hold at least one row, got 0; no score exists for none")
        while len(self._waiting) > 1:
            last = self._waiting.pop()
            self._waiting[-1] = self._waiting[-1] + last
        return self._waiting[0]


def tally_chunks(chunks: Iterable[Chunk], *, decimals: int | None = None) -> Tally:
    """Tally rows that come in chunks, in bounded memory.

    Parameters
    ----------
    chunks : iterable
        Each chunk is ``(confidence, correct)``, ``(confidence, correct, cluster)`` or a tally; a
        generator is consumed one chunk at a time. Chunks may be empty, of any size and dtype.
    decimals : int, optional
        See :class:`TallyBuilder`.

    Returns
    -------
    Tally
        The tally of all rows together: the same to the bit however the rows are split, and in
        whatever order the chunks come.

    Raises
    ------
    ValueError
        As :func:`tally`, naming the chunk, counted from 0. Also if there is no row at all.

    Examples
    --------
    >>> shards = [([0.9, 0.5], [1, 0]), ([], []), ([0.9], [0])]
    >>> t = tally_chunks(shard for shard in shards)
    >>> t.values.tolist(), t.right.tolist(), t.wrong.tolist()
    ([0.5, 0.9], [0, 1], [1, 1])
    >>> tally_chunks([([0.9], [1]), ([95.0], [1])])
    Traceback (most recent call last):
    ValueError: chunk 1: confidence must be in [0, 1], got 95.0; divide percentages by 100
    """
    builder = TallyBuilder(decimals=decimals)
    for i, chunk in enumerate(chunks):
        try:
            if isinstance(chunk, Tally):
                builder.merge(chunk)
            else:
                builder.add(*_check_chunk(chunk))
        except ValueError as error:
            raise ValueError(f"chunk {i}: {error}") from None
    return builder.total()


def _check_chunk(chunk: Any) -> tuple[Any, ...]:
    if not isinstance(chunk, (tuple, list)) or len(chunk) not in (2, 3):
        size = f" of {len(chunk)}" if isinstance(chunk, (tuple, list)) else ""
        raise ValueError(
            f"must be (confidence, correct), (confidence, correct, cluster) or a Tally, got "
            f"{type(chunk).__name__}{size}"
        )
    return tuple(chunk)


def _size(held: Tally) -> int:
    return held.values.size + (held.clusters.value.size if held.clusters else 0)


def _rounded(exact: Tally, decimals: int) -> Tally:
    """Return the tally of the rounded values, adding the counts of values that become equal."""
    values, index = np.unique(canonical(np.round(exact.values, decimals)), return_inverse=True)
    right, wrong = np.zeros(values.size, np.int64), np.zeros(values.size, np.int64)
    np.add.at(right, index, exact.right)
    np.add.at(wrong, index, exact.wrong)
    if exact.clusters is None:
        return Tally(values, right, wrong)
    old = exact.clusters
    merged = merge_clusters(
        old.labels, old.cluster, index[old.value], old.right, old.wrong, values.size
    )
    return Tally(values, right, wrong, merged)
