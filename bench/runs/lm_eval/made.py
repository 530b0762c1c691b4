"""Collect the rows of a run's tasks, assigning tasks with options to their groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.garbage import without_collecting
from caopd_bench.core.terminal import quote
from caopd_bench.runs.lm_eval.groups import Place, find_other_groups, find_places
from caopd_bench.runs.lm_eval.lines import group_of
from caopd_bench.runs.lm_eval.option_scores import READINGS
from caopd_bench.runs.lm_eval.options import OptionRows, read_options
from caopd_bench.runs.lm_eval.provenance import option_settings, pool_options, section
from caopd_bench.runs.note import Note
from caopd_bench.runs.run import SUBTASK, Row

__all__ = ["Made", "add_options", "check_count", "say_filters"]

#: Tolerance for the equality of two means.
ROUNDING = 1e-9


@dataclass(slots=True)
class Made:
    """Rows, notes and settings of the tasks of one run.

    Attributes
    ----------
    results : Mapping
        The contents of the results file.
    judges : bool
        Whether responses that were not judged are judged now.
    by : sequence of str
        Columns of the documents to group the rows of options by.
    rows : list of Row
    warnings : list of Note
    settings : dict
        Settings of each task.
    parts : dict
        Settings of the parts of each task with options.
    counts : dict
        Number of rows that each note concerns, by task with options.
    copies : dict
        Number of times each question was seen, by task with options.
    read : dict
        The subtasks of each group, with the metrics that each logged and its number of questions.
    """

    results: Mapping[str, Any]
    judges: bool
    by: Sequence[str] = ()
    rows: list[Row] = field(default_factory=list)
    warnings: list[Note] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    copies: dict[str, dict[str, int]] = field(default_factory=dict)
    places: dict[str, Place] | None = None
    read: dict[str, dict[str, tuple[list[str], int]]] = field(default_factory=dict)

    def place(self, task: str) -> Place:
        """Return the task that a task's rows go to, and their groups there."""
        if self.places is None:
            self.places = find_places(self.results, [reading.metric for reading in READINGS])
        return self.places.get(task) or Place(task, {})

    def pool_groups(self) -> None:
        """Pool settings and notes after all parts of the groups have been read."""
        for name, parts in self.parts.items():
            task = name.partition(":")[0] if name not in section(self.results, "configs") else name
            self.settings[name] = pool_options(parts, task, self.results)
        for (name, text), count in self.counts.items():
            self.warnings.append(Note(name, f"{count:,} {text}"))
        self.warnings += [*_say_partial(self), *_say_other_groups(self), *_unlike_groups(self)]


def add_options(made: Made, task: str, file: Path, first: Mapping[str, Any]) -> None:
    """Read the samples of a task with options, and add its rows."""
    place = made.place(task)
    with without_collecting():
        read, counts = read_options(
            task,
            file,
            first,
            _find_delimiter(task, made.results),
            place=place,
            copies=made.copies.setdefault(place.task, {}),
            judge=made.judges,
            by=made.by,
            config=section(made.results, "configs", task),
        )
    check_count(task, file, counts, made.results)
    part = f"{task}: " if place.groups else ""
    if place.groups and read:
        metrics = [one.reading.metric for one in read]
        made.read.setdefault(place.task, {})[task] = (metrics, max(len(one.rows) for one in read))
    made.warnings += [
        Note(place.task + one.reading.suffix, part + text)
        for one in read
        for text in _say_ungrouped(made.by, one.rows, first)
    ]
    if len(counts) > 1:
        made.warnings.append(
            Note(place.task, part + say_filters(", ".join(map(quote, counts)), len(counts)))
        )
    for one in read:
        name = place.task + one.reading.suffix
        why = one.why_not or (_say_unlike(one) if one.unlike else "")
        if why:
            made.warnings.append(Note(place.task, f"{part}{one.reading.metric}: {why}; left out"))
            continue
        made.rows += one.rows
        made.parts.setdefault(name, []).append(option_settings(task, made.results, one.reading.per))
        for text, count in ((UNPLACED, one.unplaced), (UNDEFINED, one.undefined)):
            if count:  # adding counters scans both, and there may be thousands of tasks
                made.counts[name, text] += count


def _say_ungrouped(
    by: Sequence[str], rows: Sequence[Row], first: Mapping[str, Any]
) -> Iterator[str]:
    """Yield a line for each key that no row has, with the existing columns."""
    groups = {id(row.groups): row.groups for row in rows}.values()
    for key in by:
        if rows and not any(key in one for one in groups):
            doc = section(first, "doc")
            known = ", ".join(
                quote(name) for name, value in doc.items() if group_of(value) is not None
            )
            yield (
                f"--by {key}: no document has a word or a number in this column; usable columns "
                f"of the first document: {known or 'none'}"
            )


UNPLACED = (
    "questions do not have exactly one known right option (several, none, or not in the log) and "
    "are left out of the numbers over all options"
)
UNDEFINED = "questions have an undefined loglikelihood, and so no confidence"


def _say_unlike(one: OptionRows) -> str:
    rows = len(one.rows)
    return (
        f"in {one.unlike:,} of {rows:,} rows it differs from the outcome of the most likely "
        f"option, first in {one.first_unlike} (edited, or the task chooses differently)"
    )


#: Maximum number of subtasks named in a note.
SHOWN = 3


def _name_some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _say_partial(made: Made) -> Iterator[Note]:
    """Yield notes on groups in which only some subtasks logged a metric."""
    for group, subtasks in made.read.items():
        total = sum(count for _, count in subtasks.values())
        for reading in READINGS:
            name = group + reading.suffix
            without = [
                task for task, (metrics, _) in subtasks.items() if reading.metric not in metrics
            ]
            if without and name in made.parts:
                count = sum(subtasks[task][1] for task in without)
                yield Note(
                    name,
                    f"{count:,} of the group's {total:,} questions are missing, because no "
                    f"{reading.metric} was logged for {_name_some(without)}",
                )


def _say_other_groups(made: Made) -> Iterator[Note]:
    """Yield notes on groups that lack subtasks, since these are rows of another group."""
    metrics = [reading.metric for reading in READINGS]
    lacking: dict[tuple[str, str], list[str]] = {}
    for task, others in find_other_groups(made.results, metrics).items():
        home = made.place(task).task
        if task in made.read.get(home, {}):
            for other in others:
                lacking.setdefault((home, other), []).append(task)
    for (home, other), tasks in lacking.items():
        yield Note(
            home,
            f"{len(tasks):,} of its subtasks ({_name_some(tasks)}) also belong to the group "
            f"{other}, where their questions are not counted: each question counts in the first "
            "group only",
        )


#: Reason why lm-eval's number for a group differs from the mean over its questions.
WEIGHTED = ": lm-eval's is the mean of the subtasks, all with the same weight"
UNEXPLAINED = (
    ", and the mean of the subtasks differs too; were samples or results of the run edited?"
)


def _unlike_groups(made: Made) -> Iterator[Note]:
    """Yield notes on groups whose number in lm-eval is not the mean over their questions."""
    for reading in READINGS:
        means: dict[str, dict[str, list[int]]] = {}
        for row in made.rows if section(made.results, "groups") else ():
            if SUBTASK in row.groups and row.task.endswith(reading.suffix):
                of_task = means.setdefault(row.task, {})
                of_task.setdefault(row.groups[SUBTASK], []).append(row.correct)
        for name, subtasks in means.items():
            if name.removesuffix(reading.suffix) + reading.suffix != name:
                continue
            group = name.removesuffix(reading.suffix) if reading.suffix else name
            numbers = section(made.results, "groups", group)
            given = [
                value
                for key, value in numbers.items()
                if str(key).partition(",")[0] == reading.metric and isinstance(value, float)
            ]
            mean = sum(map(sum, subtasks.values())) / sum(map(len, subtasks.values()))
            if given and abs(given[0] - mean) > ROUNDING:
                of_tasks = sum(sum(one) / len(one) for one in subtasks.values()) / len(subtasks)
                why = WEIGHTED if abs(given[0] - of_tasks) <= ROUNDING else UNEXPLAINED
                yield Note(
                    name,
                    f"lm-eval gives {reading.metric} {given[0]:.4f} of this group, and the mean "
                    f"of its questions is {mean:.4f}{why}",
                )


def _find_delimiter(task: str, results: Mapping[str, Any]) -> str:
    """Return the delimiter that lm-eval put between the prompt and an option."""
    config = section(results, "configs", task)
    delimiter, prefix = config.get("target_delimiter", " "), config.get("gen_prefix")
    if results.get("chat_template") or results.get("chat_template_sha"):
        is_kept = isinstance(prefix, str) and prefix and not prefix[-1].isspace()
        return delimiter if is_kept and isinstance(delimiter, str) else ""
    return delimiter if isinstance(delimiter, str) else " "


def check_count(
    task: str, file: Path, counts: Mapping[Any, int], results: Mapping[str, Any]
) -> None:
    """Raise if the number of lines of a filter differs from the count in the results file."""
    expected = section(results, "n-samples", task).get("effective")
    for name, count in counts.items() if isinstance(expected, int) else ():
        if count != expected:
            which = f" of the filter {quote(name)}" if len(counts) > 1 else ""
            raise UsageError(
                f"{file}: {count} rows{which}, but the results file counts {expected}; the file "
                "is cut off or belongs to another run"
            )


def say_filters(names: str, count: int) -> str:
    """Return a note that only the first of several filters was read."""
    return f"its {count} filters ({names}) use the same responses; the first is read"
