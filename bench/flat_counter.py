"""Count rows while they go by: what is kept depends on what is stated, not on how many say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.counts import Counts
from caopd_bench.errors import UsageError
from caopd_bench.flat_values import Chunk
from caopd_bench.metrics import Tally, TallyBuilder

__all__ = ["MAX_DISTINCT", "MAX_GROUPS", "FlatCounter"]

#: More distinct values of a column are no groups but names.
MAX_GROUPS = 1000
#: Distinct confidences that are held: 24 bytes each, three times over while they are merged.
MAX_DISTINCT = 5_000_000


class FlatCounter:
    """Counts of all rows, and of each group of each key.

    Parameters
    ----------
    keys : sequence of str
        Group keys to count by.
    asked : sequence of str
        Those of them that the user named. One that was not is given up when it has too many
        values; one that was is an error.
    decimals : int, optional
        Round the confidences.
    """

    def __init__(
        self, keys: Sequence[str] = (), *, asked: Sequence[str] = (), decimals: int | None = None
    ) -> None:
        self._decimals = decimals
        self._asked = set(asked)
        self._all = _Cell(decimals)
        self._groups: dict[str, dict[tuple[bool, Any], _Cell]] = {key: {} for key in keys}

    def add(self, chunk: Chunk) -> None:
        """Count the rows of a chunk."""
        items = None if chunk.items is None else np.array(chunk.items)
        self._all.add(chunk.confidence, chunk.correct, items)
        for key, cells in list(self._groups.items()):
            group = chunk.groups[key]
            # Rows of one group side by side: one sort, whatever the number of groups.
            narrow = np.int16 if len(group.values) < 1 << 15 else np.int64  # sorted by radix
            codes = group.codes.astype(narrow)
            order = np.argsort(codes, kind="stable")
            edges = np.searchsorted(codes[order], np.arange(len(group.values) + 1))
            for value, start, stop in zip(group.values, edges[:-1], edges[1:], strict=True):
                rows = order[start:stop]
                cell = cells.setdefault((isinstance(value, str), value), _Cell(self._decimals))
                picked = None if items is None else items[rows]
                cell.add(chunk.confidence[rows], chunk.correct[rows], picked)
            if len(cells) > MAX_GROUPS:
                self._give_up(key)

    def total(self) -> Counts:
        """Give the counts of all rows."""
        return self._all.total()

    def groups(self) -> dict[str, dict[object, Counts]]:
        """Give the counts of each group, by key and value."""
        return {
            key: {value: cell.total() for (_, value), cell in cells.items() if cell.n}
            for key, cells in self._groups.items()
        }

    def _give_up(self, key: str) -> None:
        if key in self._asked:
            raise UsageError(
                f"--by {key}: more than {MAX_GROUPS:,} different values; group by something coarser"
            )
        del self._groups[key]


class _Cell:
    """Rows counted together."""

    def __init__(self, decimals: int | None) -> None:
        self.n = 0
        self._parsed = TallyBuilder(decimals=decimals)
        self._unparsed = TallyBuilder()
        self._n_parsed = 0

    def add(
        self, confidence: NDArray[Any], correct: NDArray[np.bool_], items: NDArray[Any] | None
    ) -> None:
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
        if self._parsed.distinct > MAX_DISTINCT:
            raise UsageError(
                f"more than {MAX_DISTINCT:,} different confidences; round them (--decimals 4)"
            )

    def total(self) -> Counts:
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
        )


def _without_singletons(counted: Tally) -> Tally:
    """Drop the clusters where each is one row: those rows are independent."""
    if counted.clusters is not None and counted.clusters.labels.size == counted.n:
        return Tally(counted.values, counted.right, counted.wrong)
    return counted
