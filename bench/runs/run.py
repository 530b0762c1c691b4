"""Define runs: the rows of one evaluated model, kept or only counted while reading.

Single rows are defined in `row`, whose names are also available here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caopd_bench.runs.counts import STATUSES, Counts, Status, sort_groups
from caopd_bench.runs.note import Note
from caopd_bench.runs.row import (
    AGREEMENT,
    GREEDY,
    NORM,
    SUBTASK,
    Row,
    count_rows,
    label_item,
    label_items,
    main_tasks,
    make_row,
    tally_questions,
    tally_rows,
)

__all__ = [
    "AGREEMENT",
    "GREEDY",
    "NORM",
    "STATUSES",
    "SUBTASK",
    "AnyRun",
    "CountedRun",
    "Row",
    "Run",
    "Status",
    "count_rows",
    "label_item",
    "label_items",
    "main_tasks",
    "make_row",
    "tally_questions",
    "tally_rows",
]


@dataclass(frozen=True, slots=True)
class Run:
    """The rows of one evaluated model, with their provenance.

    Attributes
    ----------
    name : str
        The user's name for it, else the model's.
    path : str
        The file or folder that was read.
    rows : Sequence of Row
        All tasks together, in file order.
    provenance : Mapping
        Model, weights fingerprint, versions, seeds, decoding, ...; settings of each task are under
        "tasks".
    warnings : Sequence of Note
        Notes on how the rows were read that matter for the interpretation of the numbers.
    """

    name: str
    path: str
    rows: Sequence[Row]
    provenance: Mapping[str, Any]
    warnings: Sequence[Note] = field(default_factory=tuple)
    # Cached results about the rows. Not an argument, so that a copy with other rows
    # (`dataclasses.replace`) starts with an empty cache.
    _known: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def tasks(self) -> list[str]:
        """Return the task names, in order of appearance."""
        return list(self._by_task())

    def settings(self, task: str) -> Mapping[str, Any]:
        """Return the provenance's settings of one task; empty if there are none."""
        settings: Mapping[str, Any] = self.provenance.get("tasks", {}).get(task, {})
        return settings

    def has(self, task: str) -> bool:
        """Return whether a task has rows."""
        return task in self._by_task()

    def warnings_of(self, task: str) -> list[Note]:
        """Return the warnings on one task."""
        if "warnings" not in self._known:
            found: dict[str, list[Note]] = {}
            for warning in self.warnings:
                for name in filter(self.has, warning.tasks):
                    found.setdefault(name, []).append(warning)
            self._known["warnings"] = found
        return list(self._known["warnings"].get(task, ()))

    def task_rows(self, task: str) -> list[Row]:
        """Return the rows of one task."""
        return list(self._by_task().get(task, ()))

    def group_keys(self, task: str) -> list[str]:
        """Return the keys by which the rows of a task can be grouped."""
        # Rows of flat files share group dictionaries, so each is examined once.
        groups = {id(row.groups): row.groups for row in self._by_task().get(task, ())}
        return sorted({key for shared in groups.values() for key in shared})

    def count(self, task: str) -> Counts:
        """Count the rows of one task."""
        known = self._known.setdefault("counts", {})
        if task not in known:
            known[task] = count_rows(self._by_task().get(task, ()))
        counts: Counts = known[task]
        return counts

    def count_by(self, task: str, key: str) -> dict[object, Counts]:
        """Count the rows of each group of one task; rows without the key are left out."""
        known = self._known.setdefault("groups", {})
        if (task, key) not in known:
            groups: dict[object, list[Row]] = defaultdict(list)
            for row in self._by_task().get(task, ()):
                if key in row.groups:
                    groups[row.groups[key]].append(row)
            counted = {value: count_rows(rows) for value, rows in groups.items()}
            known[task, key] = sort_groups(counted)
        return dict(known[task, key])

    def _by_task(self) -> Mapping[str, Sequence[Row]]:
        """Return the rows of each task, from one pass, since there may be thousands of tasks."""
        if "tasks" not in self._known:
            tasks: dict[str, list[Row]] = {}
            for row in self.rows:
                tasks.setdefault(row.task, []).append(row)
            self._known["tasks"] = tasks
        rows: Mapping[str, Sequence[Row]] = self._known["tasks"]
        return rows


@dataclass(frozen=True, slots=True)
class CountedRun:
    """A run with too many rows to keep, which were counted while reading.

    Attributes
    ----------
    name, path, provenance, warnings
        As in `Run`.
    task : str
        The only task of the run.
    counts : Counts
        Counts of all rows.
    groups : Mapping
        Maps key and value to `Counts`, for the keys that were requested when it was read.
    labels : ndarray of uint64, or None
        The distinct labels of its questions (`label_items`), ascending, if they were requested.
    """

    name: str
    path: str
    task: str
    counts: Counts
    groups: Mapping[str, Mapping[object, Counts]]
    provenance: Mapping[str, Any]
    warnings: Sequence[Note] = field(default_factory=tuple)
    labels: NDArray[np.uint64] | None = None

    @property
    def tasks(self) -> list[str]:
        """Return a list of the only task."""
        return [self.task]

    def has(self, task: str) -> bool:
        """Return whether the given task is the run's only task."""
        return task == self.task

    def warnings_of(self, task: str) -> list[Note]:
        """Return the warnings on the task."""
        return [warning for warning in self.warnings if task in warning.tasks]

    def settings(self, task: str) -> Mapping[str, Any]:
        """Return the provenance's settings of the task."""
        settings: Mapping[str, Any] = self.provenance.get("tasks", {}).get(task, {})
        return settings

    def group_keys(self, task: str) -> list[str]:
        """Return the group keys that were counted."""
        return sorted(self.groups) if task == self.task else []

    def count(self, task: str) -> Counts:
        """Return the counts of the task."""
        if task != self.task:
            raise KeyError(task)
        return self.counts

    def count_by(self, task: str, key: str) -> dict[object, Counts]:
        """Return the counts of each group; empty for a key that was not counted."""
        return sort_groups(self.groups.get(key, {})) if task == self.task else {}


AnyRun: TypeAlias = Run | CountedRun
