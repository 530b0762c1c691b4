"""Rows: one judged response each, whoever asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from caopd_bench.metrics import Tally, tally

__all__ = ["GREEDY", "STATUSES", "Row", "Run", "Status", "tally_rows"]

Status = Literal[
    "ok",
    "no_confidence",
    "bad_confidence",
    "no_answer",
    "abstained",
    "unfinished",
    "api_error",
]
STATUSES: tuple[Status, ...] = get_args(Status)
#: `Row.sample` of an answer that was decoded greedily; samples count from 0.
GREEDY = -1


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


def tally_rows(rows: Sequence[Row]) -> Tally | None:
    """Tally the parsed rows; None if there are none.

    A question that was sampled several times is one cluster: its rows are not independent.
    """
    parsed = [row for row in rows if row.confidence is not None]
    if not parsed:
        return None
    confidence = [row.confidence for row in parsed if row.confidence is not None]
    correct = [row.correct for row in parsed]
    items = [row.item_hash for row in parsed]
    is_sampled = any(row.sample != GREEDY for row in parsed) and len(set(items)) < len(items)
    return tally(confidence, correct, cluster=items if is_sampled else None)
