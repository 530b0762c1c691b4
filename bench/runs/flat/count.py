"""Count rows while reading; memory depends on the distinct values, not on the number of rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.errors import UsageError
from caopd_bench.metrics.rows.counting import canonical
from caopd_bench.runs.counts import Counts
from caopd_bench.runs.flat.cell import Cell
from caopd_bench.runs.flat.names import Names, are_distinct, bytes_of, label_names
from caopd_bench.runs.flat.values import Chunk, Codes

__all__ = ["MAX_GROUPS", "MAX_HELD", "FlatCounter", "refuse_groups", "rounded"]

#: A column with more distinct values than this holds names rather than groups.
MAX_GROUPS = 1000
#: Maximum number of distinct confidences, and of question-confidence pairs, held in total.
MAX_HELD = 3_000_000
#: Maximum number of rows buffered before they are counted, and bytes of their questions.
WAITING, NAMES = 1 << 20, 1 << 26


class FlatCounter:
    """Count all rows, and the rows of each group of each key.

    Rows are buffered as columns and counted a million at a time; question labels are only computed
    if a question occurs twice. No row may be added after a result was returned.

    Parameters
    ----------
    keys : sequence of str
        Group keys to count by.
    asked : sequence of str
        The keys that the user named. A key with too many values is an error if the user named it,
        and is dropped otherwise.
    item_asked : bool
        Whether the user named the column of questions. If not, it is dropped when it takes too much
        memory, and `gave_up_items` is set.
    decimals : int, optional
        Round the confidences.
    free : int
        Up to this many rows, no limits on memory apply.
    with_labels : bool
        Keep the labels of the questions, for up to `free` rows.
    """

    def __init__(
        self,
        keys: Sequence[str] = (),
        *,
        asked: Sequence[str] = (),
        item_asked: bool = False,
        decimals: int | None = None,
        free: int = 0,
        with_labels: bool = False,
    ) -> None:
        self.gave_up_items = False
        self.n = 0
        self._asked = set(asked)
        self._item_asked, self._decimals, self._free = item_asked, decimals, free
        self._with_labels = with_labels
        self._labels: NDArray[np.uint64] | None = None
        self._all = Cell()
        self._keys = {key: _Key() for key in keys}
        self._waiting: list[tuple[NDArray[Any], NDArray[np.bool_], Names]] = []
        self._rows = self._bytes = 0

    def add(self, chunk: Chunk) -> None:
        """Count the rows of a chunk."""
        names = None if self.gave_up_items else chunk.items
        self.n += chunk.correct.size
        self._rows += chunk.correct.size
        self._bytes += 0 if names is None else bytes_of(names)
        self._waiting.append((rounded(chunk.confidence, self._decimals), chunk.correct, names))
        for key, one in self._keys.items():
            one.add(chunk.groups[key])
        if self._rows >= WAITING or self._bytes >= NAMES:
            self._count(is_last=False)

    def total(self) -> Counts:
        """Return the counts of all rows."""
        self._count(is_last=True)
        return self._all.total()

    def groups(self) -> dict[str, dict[object, Counts]]:
        """Return the counts of each group by key and value; keys that no row has are left out."""
        self._count(is_last=True)
        found = {key: one.totals() for key, one in self._keys.items()}
        return {key: groups for key, groups in found.items() if groups}

    def labels(self) -> NDArray[np.uint64] | None:
        """Return the distinct labels of the questions, ascending; None if they are unknown."""
        self._count(is_last=True)
        return None if self.n > self._free else self._labels

    def _count(self, *, is_last: bool) -> None:
        """Count the buffered rows."""
        is_free = self.n <= self._free
        # Up to the limit of free rows, wait: a later row may have an error that takes precedence.
        for key in [key for key, one in self._keys.items() if one.has_many]:
            if is_last or not is_free:
                refuse_groups(key, self._asked)
                del self._keys[key]
        if not self._waiting:
            return
        confidences, outcomes, names = zip(*self._waiting, strict=True)
        items = self._label(names, is_last=is_last)
        confidence, correct = np.concatenate(confidences), np.concatenate(outcomes)
        self._waiting, self._rows, self._bytes = [], 0, 0
        self._all.add(confidence, correct, items)
        for one in self._keys.values():
            one.count(confidence, correct, items)
        if not is_free:
            self._bound_memory(items is not None)

    def _label(self, names: Sequence[Names], *, is_last: bool) -> NDArray[np.uint64] | None:
        if self.gave_up_items or names[0] is None:
            return None
        # Rows of distinct questions are independent.
        is_all = is_last and not self._all.n
        if not self._with_labels:
            return None if is_all and are_distinct(names) else label_names(names)
        labels = label_names(names)
        before = [] if self._labels is None else [self._labels]
        self._labels = np.unique(np.concatenate([*before, labels]))
        return None if is_all and self._labels.size == labels.size else labels

    def _cells(self) -> Iterator[Cell]:
        yield self._all
        for one in self._keys.values():
            yield from one.cells

    def _bound_memory(self, has_items: bool) -> None:
        if sum(cell.size for cell in self._cells()) <= MAX_HELD:
            return
        if has_items and not self._item_asked:
            self.gave_up_items = True
            for cell in self._cells():
                cell.drop_items()
            self._bound_memory(False)
            return
        if has_items:
            raise UsageError(
                f"more than {MAX_HELD:,} pairs of a question and a confidence; score fewer "
                "questions at a time, or leave out --item-column if every question was asked once"
            )
        raise UsageError(f"more than {MAX_HELD:,} distinct confidences; round them (--decimals 4)")


def rounded(confidence: NDArray[Any], decimals: int | None) -> NDArray[Any]:
    """Return confidences as float64, converting narrow floats by their decimals; round if asked.

    A narrow float becomes 0.7 and not 0.699999988.
    """
    if decimals is None and confidence.dtype.itemsize >= 8:
        return confidence
    plain = canonical(confidence)
    return plain if decimals is None else np.round(plain, decimals)


def refuse_groups(key: str, asked: Collection[str]) -> None:
    """Raise an error for a key with too many values if the user named it."""
    if key in asked:
        raise UsageError(
            f"--by {key}: more than {MAX_GROUPS:,} distinct values; group by something coarser"
        )


class _Key:
    """The groups of one key, and the group of each buffered row."""

    def __init__(self) -> None:
        self.has_many = False
        self.cells: list[Cell] = []
        self._places: dict[tuple[bool, Any], int] = {}
        self._waiting: list[NDArray[np.int32]] = []

    def add(self, group: Codes) -> None:
        if self.has_many:
            return
        # 1 and "1" are different groups, 1 and 1.0 are the same.
        distinct = [(isinstance(value, str), value) for value in group.values]
        places = [self._places.setdefault(value, len(self._places)) for value in distinct]
        self._waiting.append(np.array([*places, -1], np.int32)[group.codes])
        self.has_many = len(self._places) > MAX_GROUPS
        if self.has_many:
            self.cells, self._waiting, self._places = [], [], {}

    def count(
        self, confidence: NDArray[Any], correct: NDArray[np.bool_], items: NDArray[Any] | None
    ) -> None:
        """Count the buffered rows, group by group."""
        if self.has_many:
            return
        self.cells += (Cell() for _ in range(len(self._places) - len(self.cells)))
        # Put the rows of a group next to each other with one radix sort of small numbers.
        codes = np.concatenate(self._waiting).astype(np.int16)
        self._waiting = []
        order = np.argsort(codes, kind="stable")
        edges = np.searchsorted(codes[order], np.arange(len(self.cells) + 1)).tolist()
        confidence, correct = confidence[order], correct[order]
        items = None if items is None else items[order]
        for cell, start, stop in zip(self.cells, edges[:-1], edges[1:], strict=True):
            if start < stop:
                of_group = slice(start, stop)
                picked = None if items is None else items[of_group]
                cell.add(confidence[of_group], correct[of_group], picked)

    def totals(self) -> dict[object, Counts]:
        """Return the counts of each group that has rows."""
        return {
            value: cell.total()
            for (_, value), cell in zip(self._places, self.cells, strict=False)
            if cell.n
        }
