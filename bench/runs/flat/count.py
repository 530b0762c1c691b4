"""Count rows while they go by: what is kept depends on what is stated, not on how many say it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.errors import UsageError
from caopd_bench.metrics import Tally, TallyBuilder
from caopd_bench.runs.counts import Counts
from caopd_bench.runs.flat.values import Chunk
from caopd_bench.runs.run import label_items

__all__ = ["MAX_GROUPS", "MAX_HELD", "FlatCounter", "refuse_groups"]

#: More distinct values of a column are no groups but names.
MAX_GROUPS = 1000
#: Distinct confidences, and pairs of question and confidence, that are held in all.
MAX_HELD = 3_000_000


class FlatCounter:
    """Counts of all rows, and of each group of each key.

    Parameters
    ----------
    keys : sequence of str
        Group keys to count by.
    asked : sequence of str
        Those of them that the user named. One that was not is given up when it has too many
        values; one that was is an error.
    item_asked : bool
        Whether the user named the column of questions. If not, it is given up when it takes too
        much memory: `gave_up_items` says so.
    decimals : int, optional
        Round the confidences.
    """

    def __init__(
        self,
        keys: Sequence[str] = (),
        *,
        asked: Sequence[str] = (),
        item_asked: bool = False,
        decimals: int | None = None,
    ) -> None:
        self.gave_up_items = False
        self._decimals = decimals
        self._asked = set(asked)
        self._item_asked = item_asked
        self._all = _Cell(decimals)
        self._groups: dict[str, dict[tuple[bool, Any], _Cell]] = {key: {} for key in keys}

    def add(self, chunk: Chunk) -> None:
        """Count the rows of a chunk."""
        items = label_items(chunk.items) if chunk.items and not self.gave_up_items else None
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
                refuse_groups(key, self._asked)
                del self._groups[key]
        self._bound_memory(items is not None)

    def total(self) -> Counts:
        """Give the counts of all rows."""
        return self._all.total()

    def groups(self) -> dict[str, dict[object, Counts]]:
        """Give the counts of each group, by key and value."""
        return {
            key: {value: cell.total() for (_, value), cell in cells.items() if cell.n}
            for key, cells in self._groups.items()
        }

    def _bound_memory(self, has_items: bool) -> None:
        cells = [self._all, *(cell for group in self._groups.values() for cell in group.values())]
        if sum(cell.size for cell in cells) <= MAX_HELD:
            return
        if has_items and not self._item_asked:
            self.gave_up_items = True
            for cell in cells:
                cell.drop_items()
            self._bound_memory(False)
            return
        if has_items:
            raise UsageError(
                f"more than {MAX_HELD:,} pairs of a question and a confidence; score fewer "
                "questions at a time, or leave out --item-column if each was asked once"
            )
        raise UsageError(f"more than {MAX_HELD:,} different confidences; round them (--decimals 4)")


def refuse_groups(key: str, asked: Collection[str]) -> None:
    """Refuse a key with too many values if the user named it."""
    if key in asked:
        raise UsageError(
            f"--by {key}: more than {MAX_GROUPS:,} different values; group by something coarser"
        )


class _Cell:
    """Rows counted together."""

    def __init__(self, decimals: int | None) -> None:
        self.n = 0
        self._decimals = decimals
        self._parsed = TallyBuilder(decimals=decimals)
        self._unparsed = TallyBuilder()  # they are all 0
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

    @property
    def size(self) -> int:
        """Entries held."""
        return self._parsed.size + self._unparsed.size

    def drop_items(self) -> None:
        """Count on without questions."""
        self._parsed = self._without_items(self._parsed, self._n_parsed)
        self._unparsed = self._without_items(self._unparsed, self.n - self._n_parsed)

    def _without_items(self, builder: TallyBuilder, n: int) -> TallyBuilder:
        plain = TallyBuilder(decimals=self._decimals)
        if n:
            total = builder.total()
            plain.merge(Tally(total.values, total.right, total.wrong))
        return plain

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
    """Drop the clusters where each is one row: those rows are independent."""
    if counted.clusters is not None and counted.clusters.labels.size == counted.n:
        return Tally(counted.values, counted.right, counted.wrong)
    return counted
