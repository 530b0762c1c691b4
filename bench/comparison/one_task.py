"""One task of two runs, or a group of it: all numbers of the comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from caopd_bench.comparison.breakdown import Parts, split_change
from caopd_bench.comparison.comparability import Difference
from caopd_bench.comparison.missing import Missing, count_missing
from caopd_bench.comparison.pairs import TaskPair
from caopd_bench.metrics import FAMILY, METRICS, Change, Comparison, Degradation, degradation
from caopd_bench.metrics import compare as compare_rows
from caopd_bench.runs.confidence_of import STATED, Wording, join_wordings
from caopd_bench.runs.counts import Counts
from caopd_bench.scores.bounds import BOUNDED, worst_cases

__all__ = ["Bounds", "Flips", "TaskComparison", "compare_task"]

#: Accuracy is reported with the parse rate, over all rows.
METRICS_OF_BOTH = [name for name in FAMILY if name != "accuracy"]


@dataclass(frozen=True, slots=True)
class Flips:
    """Rows that changed.

    Attributes
    ----------
    to_wrong, to_right : int
        Answers that changed from right to wrong, and from wrong to right.
    silenced, voiced : int
        Confidences that are no longer usable, and that became usable.
    """

    to_wrong: int
    to_right: int
    silenced: int
    voiced: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """Worst-case bounds of a difference over all confidences of the unparsed rows."""

    metric: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TaskComparison:
    """The comparison of two runs on one task.

    Attributes
    ----------
    base, cand, task : str
    group : str or None
    items, rows, both : int
        Numbers of items, of rows of each run, and of rows that both parse.
    level : float
    accuracy, parse_rate : Change
        Changes over all rows.
    metrics : Comparison or None
        All other metrics, on the rows that both parse; None if there are no such rows.
    parts : Parts or None
    six : Mapping of str to Degradation
        The numbers of the gate, on the rows that each run parses.
    flips : Flips
    missing : Missing
        Rows not parsed in both runs, and their possible effect.
    bounds : Sequence of Bounds
        Empty where every row is parsed.
    differences : Sequence of Difference
        Settings that differ.
    notes : Sequence of str
    wordings : (Wording, Wording)
        The kind of confidence of each run.
    """

    base: str
    cand: str
    task: str
    group: str | None
    items: int
    rows: int
    both: int
    level: float
    accuracy: Change
    parse_rate: Change
    metrics: Comparison | None
    parts: Parts | None
    six: Mapping[str, Degradation]
    flips: Flips
    missing: Missing
    bounds: Sequence[Bounds]
    differences: Sequence[Difference] = field(default_factory=tuple)
    notes: Sequence[str] = field(default_factory=tuple)
    wordings: tuple[Wording, Wording] = (STATED, STATED)

    @property
    def wording(self) -> Wording:
        """The wording that fits the confidences of both runs."""
        return join_wordings(self.wordings)


def compare_task(
    names: tuple[str, str],
    pair: TaskPair,
    counts: tuple[Counts, Counts] | None,
    level: float,
    group: str | None,
    differences: Sequence[Difference] = (),
    notes: Sequence[str] = (),
    *,
    brief: bool = False,
) -> TaskComparison:
    """Compare one task; `brief` only computes the numbers that the sentence uses."""
    a, b = pair.base, pair.cand
    nothing = np.zeros(pair.n)
    rates = [
        compare_rows(
            (nothing, left),
            (nothing, right),
            cluster=pair.cluster,
            metrics=["accuracy"],
            level=level,
        )["accuracy"]
        for left, right in ((a.correct, b.correct), (a.parsed.astype(int), b.parsed.astype(int)))
    ]
    missing = count_missing(pair)
    spoken = a.parsed & b.parsed
    both = pair.select(spoken) if spoken.any() else None
    six = (
        degradation(
            (a.confidence, a.correct),
            (b.confidence, b.correct),
            question=pair.question,
            direction="over",
            level=(1.0 + level) / 2.0,
        )
        if pair.items > 1
        else {}
    )
    return TaskComparison(
        base=names[0],
        cand=names[1],
        task=pair.task,
        group=group,
        items=pair.items,
        rows=pair.n,
        both=0 if both is None else both.n,
        level=level,
        accuracy=rates[0],
        parse_rate=rates[1],
        metrics=None if both is None or brief else _metrics(both, level),
        parts=None if both is None else split_change(both, level, brief=brief),
        six=six,
        flips=Flips(
            to_wrong=int((a.correct > b.correct).sum()),
            to_right=int((a.correct < b.correct).sum()),
            silenced=missing.silenced,
            voiced=missing.voiced,
        ),
        missing=missing,
        bounds=() if counts is None else tuple(_bounds(*counts)),
        differences=differences,
        notes=notes,
    )


def _metrics(both: TaskPair, level: float) -> Comparison:
    return compare_rows(
        (both.base.confidence, both.base.correct),
        (both.cand.confidence, both.cand.correct),
        cluster=both.cluster,
        metrics=METRICS_OF_BOTH,
        level=level,
    )


def _bounds(base: Counts, cand: Counts) -> Iterator[Bounds]:
    """Bound each difference by what the unparsed rows of both could have stated."""
    if base.n_parsed == base.n and cand.n_parsed == cand.n:
        return
    ours, theirs = (_extremes(counts) for counts in (base, cand))
    for name, (low, high) in theirs.items():
        yield Bounds(name, low - ours[name][1], high - ours[name][0])


def _extremes(counts: Counts) -> dict[str, tuple[float, float]]:
    if counts.n_parsed < counts.n:
        return {name: (low, high) for name, low, high in worst_cases(counts)}
    values = {name: METRICS[name].function(counts.filled) for name in BOUNDED}
    return {name: (value, value) for name, value in values.items()}
