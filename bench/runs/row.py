"""Define rows, which are one judged response each; make them and count them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics import Tally, tally
from caopd_bench.runs.counts import Counts, Status

__all__ = [
    "AGREEMENT",
    "GREEDY",
    "NORM",
    "SUBTASK",
    "Row",
    "count_rows",
    "label_item",
    "label_items",
    "main_tasks",
    "make_row",
    "tally_questions",
    "tally_rows",
]

#: `Row.sample` of a greedily decoded answer; samples count from 0.
GREEDY = -1
#: Task-name suffix for votes over a question's samples; the confidence is the vote's share.
AGREEMENT = ":agreement"
#: Task-name suffix for rows that choose by an option's loglikelihood per character.
NORM = ":norm"
#: Group key for the rows of a task that consists of several lm-eval tasks.
SUBTASK = "subtask"
#: Name suffixes of tasks that repeat the rows of another task with a different confidence.
DERIVED = (AGREEMENT, NORM, f"{NORM}_bytes", ":mutual_info")


@dataclass(frozen=True, slots=True)
class Row:
    """One judged response.

    Attributes
    ----------
    task : str
        lm-eval's task name.
    item_hash : str
        Hash of question, gold answer and prompt version; rows of two runs are paired by it.
    sample : int
        -1 for greedy decoding, 0..K-1 for samples.
    groups : Mapping
        Groups of the item, such as `{"level": 3, "family": "fractions"}`.
    confidence : float or None
        In [0, 1]; None unless `status` is "ok".
    correct : int
        1 or 0; an unparsed answer counts as wrong.
    status : str
        One of `STATUSES`.
    answer, stated : str or None
        The answer and confidence spans as the model wrote them.
    text : str or None
        The whole response, if it was kept.
    question, gold : str or None
        The question and its right answer, if they were kept with the text.
    probabilities : tuple of float
        One for each option, normalised, if the confidence is the probability of the chosen option;
        else empty.
    right_option : int
        Index of the right option in `probabilities`; -1 if there are none.
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
    probabilities: tuple[float, ...] = ()
    right_option: int = -1


class _Open:
    """A row that is being filled; creating a frozen object takes five times as long."""

    __slots__ = Row.__slots__


def make_row(
    task: str,
    item_hash: str,
    groups: Mapping[str, Any],
    confidence: float | None,
    correct: int,
    status: Status,
    probabilities: tuple[float, ...] = (),
    right_option: int = -1,
    *,
    sample: int = GREEDY,
    answer: str | None = None,
    stated: str | None = None,
    text: str | None = None,
    question: str | None = None,
    gold: str | None = None,
) -> Row:
    """Make a `Row` faster than its constructor, for logs of a hundred thousand rows.

    Examples
    --------
    >>> make_row("t", "a", {}, 0.7, 1, "ok", (0.3, 0.7), 1) == Row(
    ...     "t", "a", GREEDY, {}, 0.7, 1, "ok", probabilities=(0.3, 0.7), right_option=1
    ... )
    True
    """
    row: Any = _Open()
    row.task, row.item_hash, row.sample, row.groups = task, item_hash, sample, groups
    row.confidence, row.correct, row.status = confidence, correct, status
    row.answer, row.stated, row.text = answer, stated, text
    row.question, row.gold = question, gold
    row.probabilities, row.right_option = probabilities, right_option
    row.__class__ = Row
    made: Row = row
    return made


def main_tasks(tasks: Sequence[str]) -> list[str]:
    """Return the tasks without those that repeat another's rows with a different confidence.

    Examples
    --------
    >>> main_tasks(["a", "a:norm", "b:norm"]), main_tasks(["caopd_sc8", "caopd_sc8:agreement"])
    (['a', 'b:norm'], ['caopd_sc8'])
    """
    known = set(tasks)
    return [
        task for task in tasks if not (task.endswith(DERIVED) and task.rpartition(":")[0] in known)
    ]


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

    A question sampled several times is one cluster, since its rows are not independent.
    """
    parsed = [row for row in rows if row.confidence is not None]
    return _tally(parsed) if parsed else None


def tally_questions(rows: Sequence[Row]) -> list[Tally | None]:
    """Tally the parsed rows of each question, in order of appearance; None if it has none."""
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
    """Return cluster labels for item names, of 8 bytes each regardless of the name's length.

    The probability that two of a million names share a label is 3e-8; they would form one cluster.
    """
    label = {item: label_item(item) for item in set(items)}
    return np.array([label[item] for item in items], dtype=np.uint64)


def label_item(item: str) -> int:
    """Return the cluster label of one name."""
    digest = blake2b(item.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
