"""Rows: one judged response each, whoever asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from caopd_bench.metrics import Tally, tally

__all__ = ["GREEDY", "STATUSES", "Row", "Run", "tally_rows"]

STATUSES = (
    "ok",
    "no_confidence",
    "bad_confidence",
    "no_answer",
    "abstained",
    "unfinished",
    "api_error",
)
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
    status: str
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

    def task_rows(self, task: str) -> list[Row]:
        """Give the rows of one task."""
        return [row for row in self.rows if row.task == task]


def tally_rows(rows: Sequence[Row]) -> Tally | None:
    """Tally the parsed rows; None if there are none.

    A question that was sampled several times is one cluster: its rows are not independent.
    """
    parsed = [(r.confidence, r.correct, r.item_hash) for r in rows if r.confidence is not None]
    if not parsed:
        return None
    confidence, correct, item = zip(*parsed, strict=True)
    is_sampled = len(set(item)) < len(item)
    return tally(confidence, correct, cluster=item if is_sampled else None)
