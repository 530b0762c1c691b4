"""Match the rows of two runs by item and sample, for `compare` and `gate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.runs.counts import sort_groups
from caopd_bench.runs.run import AnyRun, Row, Run

__all__ = ["Side", "TaskPair", "match_task", "rows_by_task"]

SHOWN = 3  # items named in a message


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Rows of one run, each array (n,).

    Attributes
    ----------
    confidence : ndarray of float
        NaN where none was stated or it cannot be read.
    correct : ndarray of float
        0 or 1.
    """

    confidence: FloatArray
    correct: FloatArray

    @property
    def parsed(self) -> NDArray[np.bool_]:
        """Rows that state a usable confidence."""
        return np.asarray(~np.isnan(self.confidence))

    def select(self, rows: NDArray[Any]) -> Side:
        """Return some of the rows."""
        return Side(self.confidence[rows], self.correct[rows])


@dataclass(frozen=True, slots=True, eq=False)
class TaskPair:
    """One task of two runs: row i of both sides is the same question and sample.

    Attributes
    ----------
    task : str
    base, cand : Side
    item : ndarray of int, (n,)
        The question of each row, 0 to items - 1.
    items : int
    groups : Sequence of Mapping
        The groups of each row, from the base.
    family : ndarray of int, (n,), optional
        The cluster of each item, if items are not independent: see `cluster_by`.
    """

    task: str
    base: Side
    cand: Side
    item: NDArray[np.intp]
    items: int
    groups: Sequence[Mapping[str, Any]]
    family: NDArray[np.intp] | None = None

    @property
    def n(self) -> int:
        """Rows of each side."""
        return int(self.item.size)

    @property
    def question(self) -> NDArray[np.intp] | None:
        """The items, if some have several rows."""
        return self.item if self.items < self.n else None

    @property
    def cluster(self) -> NDArray[np.intp] | None:
        """The unit of standard errors: families of items, else the items.

        None if each row is a separate unit.
        """
        return self.question if self.family is None else self.family

    @property
    def clusters(self) -> int:
        """Units of the standard errors."""
        return self.items if self.family is None else int(np.unique(self.family).size)

    @property
    def effective_clusters(self) -> float:
        """The effective number of clusters: the number of equal-sized clusters worth as much."""
        if self.family is None:
            return float(self.items)
        shares = np.bincount(self.family) / self.n
        return float(1.0 / (shares**2).sum())

    @property
    def keys(self) -> list[str]:
        """The group keys that rows have."""
        return sorted({key for groups in self.groups for key in groups})

    @property
    def is_identical(self) -> bool:
        """Whether every row of the candidate is that of the base."""
        stated = np.array_equal(self.base.confidence, self.cand.confidence, equal_nan=True)
        return stated and np.array_equal(self.base.correct, self.cand.correct)

    def count_families(self, key: str, least: int) -> int:
        """Count the values of a group key that items could be clustered by.

        Return 0 if it is unsuitable: with fewer than `least` clusters of equal size, or hardly more
        than one item per value.
        """
        try:
            clustered = self.cluster_by(key)
        except ValueError:
            return 0
        is_enough = clustered.effective_clusters >= least
        return clustered.clusters if is_enough and clustered.clusters <= self.items // 2 else 0

    def cluster_by(self, key: str) -> TaskPair:
        """Cluster the items by a group key.

        An item without the key is a cluster of its own.

        Raises
        ------
        ValueError
            If no item has the key, or the rows of one item have several values.
        """
        values = [groups.get(key) for groups in self.groups]
        number = {v: i for i, v in enumerate(dict.fromkeys(v for v in values if v is not None))}
        if not number:
            raise ValueError(
                f"no item has the group {key!r}; the groups are {', '.join(self.keys) or 'none'}"
            )
        alone = (self.item + len(number)).tolist()
        labels = [alone[i] if v is None else number[v] for i, v in enumerate(values)]
        family = np.array(labels, dtype=np.intp)
        # Rows of an item are adjacent.
        if (family[1:] != family[:-1])[self.item[1:] == self.item[:-1]].any():
            raise ValueError(f"the rows of one item have several values of the group {key!r}")
        return replace(self, family=family)

    def select(self, rows: NDArray[np.bool_]) -> TaskPair:
        """Return some of the rows."""
        kept = np.flatnonzero(rows)
        items, item = np.unique(self.item[kept], return_inverse=True)
        groups = [self.groups[i] for i in kept.tolist()]
        return TaskPair(
            self.task,
            self.base.select(kept),
            self.cand.select(kept),
            item,
            int(items.size),
            groups,
            None if self.family is None else self.family[kept],
        )

    def by(self, key: str) -> dict[object, TaskPair]:
        """Return the rows of each value of a group key."""
        values = [groups.get(key) for groups in self.groups]
        distinct = {value for value in values if value is not None}
        ordered = sort_groups(dict.fromkeys(distinct))
        return {
            value: self.select(np.array([other == value for other in values])) for value in ordered
        }


def rows_by_task(run: AnyRun) -> dict[str, list[Row]]:
    """Return the rows of each task."""
    if not isinstance(run, Run):
        raise UsageError(
            f"{run.path}: has too many rows to be kept individually, so they cannot be paired; "
            "evaluate or keep fewer (--limit)"
        )
    tasks: dict[str, list[Row]] = {}
    for row in run.rows:
        tasks.setdefault(row.task, []).append(row)
    return tasks


def match_task(task: str, base: Sequence[Row], cand: Sequence[Row], nameless: str = "") -> TaskPair:
    """Match the rows of one task by item and sample, in an order independent of the files.

    `nameless` explains, for errors, which rows have no item and how to add one.

    An item that occurs twice in a data set has two rows in both runs, which belong to one item.

    Raises
    ------
    NotComparableError
        If the two do not hold the same items, or not the same samples of them.
    """
    ours, theirs = (sorted(rows, key=_place) for rows in (base, cand))
    keys, others = ([(row.item_hash, row.sample) for row in rows] for rows in (ours, theirs))
    if keys != others:
        raise NotComparableError(_difference(task, keys, others, nameless))
    item = np.empty(len(keys), dtype=np.intp)
    items = start = 0
    for _, members in groupby(ours, key=lambda row: row.item_hash):
        end = start + sum(1 for _ in members)
        item[start:end] = items
        items, start = items + 1, end
    return TaskPair(task, _side(ours), _side(theirs), item, items, [row.groups for row in ours])


def _place(row: Row) -> tuple[str, int, float, int]:
    """Sort by item and sample, and repeated rows by content."""
    confidence = -1.0 if row.confidence is None else row.confidence
    return row.item_hash, row.sample, confidence, row.correct


def _side(rows: Sequence[Row]) -> Side:
    confidence = [float("nan") if row.confidence is None else row.confidence for row in rows]
    return Side(
        np.array(confidence, dtype=np.float64),
        np.array([row.correct for row in rows], dtype=np.float64),
    )


def _difference(
    task: str,
    base: Sequence[tuple[str, int]],
    cand: Sequence[tuple[str, int]],
    nameless: str,
) -> str:
    name = inline(task, NAME_WIDTH)
    ours, theirs = ({item for item, _ in keys} for keys in (base, cand))
    only_ours, only_theirs = sorted(ours - theirs), sorted(theirs - ours)
    if nameless and ours != theirs:
        # Rows identified by line number only match by chance.
        return (
            f"{name}: the rows cannot be paired ({len(base):,} and {len(cand):,}, "
            f"{len(ours & theirs):,} of them match): {nameless}"
        )
    if not ours & theirs:
        return (
            f"{name}: the runs share no item ({len(ours):,} and {len(theirs):,}); they have other "
            "problems, another version of the prompt, or a column that identifies the questions "
            "differently"
        )
    if only_ours or only_theirs:
        some = only_ours or only_theirs
        named = ", ".join(inline(item, 40) for item in some[:SHOWN])
        return (
            f"{name}: the runs contain different items: {len(ours & theirs):,} in both, "
            f"{len(only_ours):,} only in the first, {len(only_theirs):,} only in the second "
            f"({named}{', ...' if len(some) > SHOWN else ''}); evaluate both with the same "
            "--limit and data"
        )
    return (
        f"{name}: the runs contain the same items with different samples or repeated rows: "
        f"{len(base):,} and {len(cand):,} rows; evaluate both with the same number of samples, "
        "without repeats"
    )
