"""Rows: one judged response each, whoever asked for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caopd_bench.counts import STATUSES, Counts, Status, sort_groups
from caopd_bench.metrics import Tally, tally

__all__ = [
    "AGREEMENT",
    "GREEDY",
    "STATUSES",
    "AnyRun",
    "CountedRun",
    "Row",
    "Run",
    "Status",
    "count_rows",
    "label_items",
    "tally_questions",
    "tally_rows",
]

#: `Row.sample` of an answer that was decoded greedily; samples count from 0.
GREEDY = -1
#: Ends the task name of rows that hold the vote of a question's samples, its share as confidence.
AGREEMENT = ":agreement"


@dataclass(frozen=True, slots=True)
class Row:
    """One judged response.

    Attributes
    ----------
    task : str
        lm-eval's task name.
    item_hash : str
        Names the item by question, gold answer and prompt version; rows of two runs pair by it.
    sample : int
        -1 for greedy decoding, 0..K-1 for samples.
    groups : Mapping
        What the item belongs to: `{"level": 3, "family": "fractions"}`.
    confidence : float or None
        In [0, 1]; None unless `status` is "ok".
    correct : int
        1 or 0. An unparsed answer is not right.
    status : str
        One of `STATUSES`.
    answer, stated : str or None
        The answer and confidence spans as the model wrote them.
    text : str or None
        The whole response, where it was kept.
    question, gold : str or None
        What was asked, and its right answer, where they were kept: with the text.
    """

    task: str
    item_hash: str
    sample: int
    groups: Mapping[str, Any]
    confidence: float | None
    correct: int
    status: Status
    answer: str | None = None
    stated: str | None = None
    text: str | None = None
    question: str | None = None
    gold: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """The rows of one evaluated model, and where they come from.

    Attributes
    ----------
    name : str
        The user's name for it, else the model's.
    path : str
        The file or folder that was read.
    rows : Sequence of Row
        All tasks together, in file order.
    provenance : Mapping
        Model, weights fingerprint, versions, seeds, decoding, ...; under "tasks" what is particular
        to each task.
    warnings : Sequence of str
        What a reader of the numbers should know about how they were read.
    """

    name: str
    path: str
    rows: Sequence[Row]
    provenance: Mapping[str, Any]
    warnings: Sequence[str] = field(default_factory=tuple)

    @property
    def tasks(self) -> list[str]:
        """The task names, in order of appearance."""
        return list(dict.fromkeys(row.task for row in self.rows))

    def settings(self, task: str) -> Mapping[str, Any]:
        """Give what the provenance says of one task; empty where it says nothing."""
        settings: Mapping[str, Any] = self.provenance.get("tasks", {}).get(task, {})
        return settings

    def task_rows(self, task: str) -> list[Row]:
        """Give the rows of one task."""
        return [row for row in self.rows if row.task == task]

    def group_keys(self, task: str) -> list[str]:
        """Name what the rows of a task can be grouped by."""
        return sorted({key for row in self.task_rows(task) for key in row.groups})

    def count(self, task: str) -> Counts:
        """Count the rows of one task."""
        return count_rows(self.task_rows(task))

    def count_by(self, task: str, key: str) -> dict[object, Counts]:
        """Count the rows of each group of one task; rows without the key are in none."""
        groups: dict[object, list[Row]] = defaultdict(list)
        for row in self.task_rows(task):
            if key in row.groups:
                groups[row.groups[key]].append(row)
        return sort_groups({value: count_rows(rows) for value, rows in groups.items()})


@dataclass(frozen=True, slots=True)
class CountedRun:
    """A run with too many rows to keep: what was counted while they went by.

    Attributes
    ----------
    name, path, provenance, warnings
        As of `Run`.
    task : str
        Its only task.
    counts : Counts
        Of all rows.
    groups : Mapping
        Key to value to `Counts`, for the keys that were asked for when it was read.
    """

    name: str
    path: str
    task: str
    counts: Counts
    groups: Mapping[str, Mapping[object, Counts]]
    provenance: Mapping[str, Any]
    warnings: Sequence[str] = field(default_factory=tuple)

    @property
    def tasks(self) -> list[str]:
        """The task, alone in a list."""
        return [self.task]

    def settings(self, task: str) -> Mapping[str, Any]:
        """Give what the provenance says of the task."""
        settings: Mapping[str, Any] = self.provenance.get("tasks", {}).get(task, {})
        return settings

    def group_keys(self, task: str) -> list[str]:
        """Name the keys that were counted."""
        return sorted(self.groups) if task == self.task else []

    def count(self, task: str) -> Counts:
        """Give the counts of the task."""
        if task != self.task:
            raise KeyError(task)
        return self.counts

    def count_by(self, task: str, key: str) -> dict[object, Counts]:
        """Give the counts of each group; none for a key that was not counted."""
        return sort_groups(self.groups.get(key, {})) if task == self.task else {}


AnyRun: TypeAlias = Run | CountedRun


def count_rows(rows: Sequence[Row]) -> Counts:
    """Count rows, one or more."""
    parsed = tally_rows(rows)
    filled = parsed if parsed is not None and parsed.n == len(rows) else _tally(rows)
    return Counts(
        Counter(row.status for row in rows),
        sum(row.correct for row in rows),
        parsed,
        filled,
        _count_in_clusters(rows, filled),
    )


def _count_in_clusters(
    rows: Sequence[Row], filled: Tally
) -> dict[Status, NDArray[np.int64]] | None:
    """Count the rows of each status in each cluster of the tally of all rows."""
    if filled.clusters is None:
        return None
    labels = filled.clusters.labels
    cluster = np.searchsorted(labels, label_items([row.item_hash for row in rows]))
    places: dict[Status, list[int]] = defaultdict(list)
    for row, place in zip(rows, cluster.tolist(), strict=True):
        places[row.status].append(place)
    return {
        status: np.bincount(found, minlength=labels.size).astype(np.int64)
        for status, found in places.items()
    }


def tally_rows(rows: Sequence[Row]) -> Tally | None:
    """Tally the parsed rows; None if there are none.

    A question that was sampled several times is one cluster: its rows are not independent.
    """
    parsed = [row for row in rows if row.confidence is not None]
    return _tally(parsed) if parsed else None


def tally_questions(rows: Sequence[Row]) -> list[Tally | None]:
    """Tally the parsed rows of each question, in order of appearance; None where there are none."""
    questions: dict[str, list[Row]] = {}
    for row in rows:
        questions.setdefault(row.item_hash, []).append(row)
    return [_tally_question(i, asked) for i, asked in enumerate(questions.values())]


def _tally_question(number: int, rows: Sequence[Row]) -> Tally | None:
    parsed = [row for row in rows if row.confidence is not None]
    if not parsed:
        return None
    return tally(
        [row.confidence or 0.0 for row in parsed],
        [row.correct for row in parsed],
        cluster=[number] * len(parsed),
    )


def _tally(rows: Sequence[Row]) -> Tally:
    items = [row.item_hash for row in rows]
    is_sampled = any(row.sample != GREEDY for row in rows) and len(set(items)) < len(items)
    return tally(
        [row.confidence or 0.0 for row in rows],
        [row.correct for row in rows],
        cluster=label_items(items) if is_sampled else None,
    )


def label_items(items: Sequence[str]) -> NDArray[np.uint64]:
    """Give cluster labels for names of items: 8 bytes each, whatever the name.

    Two of a million names share a label with a probability of 3e-8; they would be one cluster.
    """
    label = {
        item: int.from_bytes(
            blake2b(item.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"
        )
        for item in set(items)
    }
    return np.array([label[item] for item in items], dtype=np.uint64)
