"""Count rows that belong together: all of a file, or those of a group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics import Tally, TallyBuilder
from caopd_bench.runs.counts import Counts

__all__ = ["Cell"]


class Cell:
    """Counts of rows that belong together, with and without a confidence."""

    def __init__(self) -> None:
        self.n = 0
        self._parsed = TallyBuilder()
        self._unparsed = TallyBuilder()  # their confidences all count as 0
        self._n_parsed = 0

    def add(
        self, confidence: NDArray[Any], correct: NDArray[np.bool_], items: NDArray[Any] | None
    ) -> None:
        """Count rows; NaN stands for a missing confidence."""
        is_stated = ~np.isnan(confidence)
        self.n += confidence.size
        if is_stated.all():
            self._n_parsed += confidence.size
            self._parsed.add(confidence, correct, items)
        else:
            self._n_parsed += int(np.count_nonzero(is_stated))
            pick = [None if items is None else items[rows] for rows in (is_stated, ~is_stated)]
            self._parsed.add(confidence[is_stated], correct[is_stated], pick[0])
            absent = correct[~is_stated]
            self._unparsed.add(np.zeros(absent.size), absent, pick[1])

    @property
    def size(self) -> int:
        """Return the number of entries held."""
        return self._parsed.size + self._unparsed.size

    def drop_items(self) -> None:
        """Discard the questions and continue counting without them."""
        self._parsed = self._without_items(self._parsed, self._n_parsed)
        self._unparsed = self._without_items(self._unparsed, self.n - self._n_parsed)

    def _without_items(self, builder: TallyBuilder, n: int) -> TallyBuilder:
        plain = TallyBuilder()
        if n:
            total = builder.total()
            plain.merge(Tally(total.values, total.right, total.wrong))
        return plain

    def total(self) -> Counts:
        """Return the counts of all rows."""
        n_unparsed = self.n - self._n_parsed
        parsed = self._parsed.total() if self._n_parsed else None
        unparsed = self._unparsed.total() if n_unparsed else None
        filled = sum(part for part in (parsed, unparsed) if part is not None)
        if not isinstance(filled, Tally):
            raise ValueError("no rows were counted")
        statuses: Mapping[Any, int] = {"ok": self._n_parsed, "no_confidence": n_unparsed}
        return Counts(
            statuses,
            int(filled.n_right),
            None if parsed is None else _without_singletons(parsed),
            _without_singletons(filled),
            _in_clusters(_without_singletons(filled), {"ok": parsed, "no_confidence": unparsed}),
        )


def _in_clusters(
    filled: Tally, parts: Mapping[Any, Tally | None]
) -> dict[Any, NDArray[np.int64]] | None:
    """Count the rows of each part in each cluster of all rows."""
    if filled.clusters is None:
        return None
    labels = filled.clusters.labels
    found = {}
    for status, part in parts.items():
        if part is not None and part.clusters is not None:
            inner = part.clusters
            place = np.searchsorted(labels, inner.labels)[inner.cluster]
            rows = np.bincount(place, inner.right + inner.wrong, minlength=labels.size)
            found[status] = rows.astype(np.int64)
    return found


def _without_singletons(counted: Tally) -> Tally:
    """Drop the clusters if each has one row, since the rows are then independent."""
    if counted.clusters is not None and counted.clusters.labels.size == counted.n:
        return Tally(counted.values, counted.right, counted.wrong)
    return counted
