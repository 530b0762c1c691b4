"""Two runs of the same items: is one better calibrated, and what is the change made of?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from caopd_bench.comparison.breakdown import Parts, split_change
from caopd_bench.comparison.comparability import Difference, check_parsers, find_differences, refuse
from caopd_bench.comparison.equal_answers import notes_on_equal_answers
from caopd_bench.comparison.missing import Missing, count_missing
from caopd_bench.comparison.pair_notes import notes_on_weights
from caopd_bench.comparison.pairs import TaskPair, match_task, rows_by_task
from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.core.process.progress import track
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.metrics import (
    FAMILY,
    METRICS,
    Change,
    Comparison,
    Degradation,
    degradation,
)
from caopd_bench.metrics import compare as compare_rows
from caopd_bench.runs.confidence_of import STATED, Wording, join_wordings, wording_of
from caopd_bench.runs.counts import Counts
from caopd_bench.runs.read import read_runs
from caopd_bench.runs.run import AnyRun, count_rows, main_tasks
from caopd_bench.scores.bounds import BOUNDED, worst_cases
from caopd_bench.scores.notes import notes_on_pairing, why_no_pairs

__all__ = ["Bounds", "Flips", "TaskComparison", "common_tasks", "compare", "read_pair"]

#: Accuracy stands with the parse rate, of all rows.
METRICS_OF_BOTH = [name for name in FAMILY if name != "accuracy"]


@dataclass(frozen=True, slots=True)
class Flips:
    """Rows that changed.

    Attributes
    ----------
    to_wrong, to_right : int
        Answers that were right and are wrong, and the other way.
    silenced, voiced : int
        Confidences that were usable and are not, and the other way.
    """

    to_wrong: int
    to_right: int
    silenced: int
    voiced: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the rows without a usable confidence could make of a difference, at the worst."""

    metric: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TaskComparison:
    """All that is said of one task of two runs.

    Attributes
    ----------
    base, cand, task : str
    group : str or None
    items, rows, both : int
        Items, rows of each run, and rows that both parse.
    level : float
    accuracy, parse_rate : Change
        Of all rows.
    metrics : Comparison or None
        Every other metric, on the rows that both parse; None if there are none.
    parts : Parts or None
    six : Mapping of str to Degradation
        The numbers of the gate: of the rows that each run parses.
    flips : Flips
    missing : Missing
        Rows that are not parsed in both, and what they could do.
    bounds : Sequence of Bounds
        Empty where every row is parsed.
    differences : Sequence of Difference
        Settings that differ.
    notes : Sequence of str
    wordings : (Wording, Wording)
        What the confidence of each run is.
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
        """How to speak of the confidence of both."""
        return join_wordings(self.wordings)


def compare(
    base: AnyRun | str | Path,
    cand: AnyRun | str | Path,
    *,
    task: str | None = None,
    by: Sequence[str] = (),
    strict: bool = False,
    level: float = 0.95,
) -> list[TaskComparison]:
    """Compare two runs item by item.

    Parameters
    ----------
    base, cand : Run, str or Path
        From `read_run`, or what it takes.
    task : str, optional
        Only this one; by default all that both have, votes of samples left out.
    by : sequence of str
        Group keys: each group too.
    strict : bool
        Refuse runs that were asked differently.
    level : float
        Nominal coverage of the intervals.

    Returns
    -------
    list of TaskComparison
        Of each task, and after it of its groups.

    Raises
    ------
    NotComparableError
        If they share no task, the items of a task differ, or the rows of a stored run were edited.
    UsageError
        If something cannot be read.
    """
    one, two = read_pair(base, cand)
    ours, theirs = rows_by_task(one), rows_by_task(two)
    tasks = common_tasks(list(ours), list(theirs), task)
    check_parsers(one, two, tasks)
    on_weights = notes_on_weights([one, two])
    found: list[TaskComparison] = []
    for name in track(tasks, "comparing", "tasks", len(tasks)):
        differences = find_differences(one, two, [name])
        if strict:
            refuse(differences)
        pair = match_task(name, ours[name], theirs[name], why_no_pairs([one, two], name))
        counts = count_rows(ours[name]), count_rows(theirs[name])
        on_answers = notes_on_equal_answers([one, two], [name])
        notes = (*on_weights, *on_answers, *notes_on_pairing([one, two], name))
        names = one.name, two.name
        wordings = wording_of(one, name), wording_of(two, name)
        whole = _compare(names, pair, counts, level, None, tuple(differences), notes)
        found.append(replace(whole, wordings=wordings))
        for key in by:
            parts = pair.by(key)
            if not parts:
                said = f"--by {key}: "  # by a reader, which knows the columns
                notes_on_key = [note.text for run in (one, two) for note in run.warnings_of(name)]
                columns = next((text for text in notes_on_key if text.startswith(said)), "")
                if columns:
                    raise UsageError(f"task {name}: {columns}")
                known = sorted({key for groups in pair.groups for key in groups})
                raise UsageError(
                    f"--by {key}: task {name} has no such group; it has "
                    f"{', '.join(known) or 'none'}"
                )
            for value, part in parts.items():
                of_group = [
                    count_rows([row for row in rows[name] if row.groups.get(key) == value])
                    for rows in (ours, theirs)
                ]
                of_value = _compare(
                    names, part, (of_group[0], of_group[1]), level, f"{key}={value}"
                )
                found.append(replace(of_value, wordings=wordings))
    return found


def read_pair(base: AnyRun | str | Path, cand: AnyRun | str | Path) -> tuple[AnyRun, AnyRun]:
    """Read two runs under two names."""
    if isinstance(base, (str, Path)) and isinstance(cand, (str, Path)):
        one, two = read_runs([base, cand])
    else:
        one, two = (
            read_runs([run])[0] if isinstance(run, (str, Path)) else run for run in (base, cand)
        )
    return one, two


def common_tasks(ours: Sequence[str], theirs: Sequence[str], task: str | None) -> list[str]:
    """Return the tasks to compare, or say that there are none."""
    if task is not None:
        for name, tasks in (("first", ours), ("second", theirs)):
            if task not in tasks:
                listed = ", ".join(inline(other, NAME_WIDTH) for other in tasks)
                raise NotComparableError(f"--task {task}: the {name} run has {listed}")
        return [task]
    known = set(theirs)
    shared = [name for name in ours if name in known]
    if not shared:
        lists = [", ".join(inline(name, NAME_WIDTH) for name in tasks) for tasks in (ours, theirs)]
        raise NotComparableError(f"the runs share no task: {lists[0]} and {lists[1]}")
    return main_tasks(shared)


def _compare(
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
    """Compare one task; `brief` leaves out what no sentence looks at, and needs no counts."""
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
