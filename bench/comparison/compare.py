"""Compare two runs of the same items: is one better calibrated, and why?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from caopd_bench.comparison.comparability import check_parsers, find_differences, refuse
from caopd_bench.comparison.equal_answers import notes_on_equal_answers
from caopd_bench.comparison.one_task import TaskComparison, compare_task
from caopd_bench.comparison.pair_notes import notes_on_weights
from caopd_bench.comparison.pairs import match_task, rows_by_task
from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.core.process.progress import track
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.runs.confidence_of import wording_of
from caopd_bench.runs.read import read_runs
from caopd_bench.runs.run import AnyRun, count_rows, main_tasks
from caopd_bench.scores.notes import notes_on_pairing, why_no_pairs

__all__ = ["common_tasks", "compare", "read_pair"]


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
        Runs from `read_run`, or arguments of `read_run`.
    task : str, optional
        The task to compare; by default all tasks that both runs have, except votes of samples.
    by : sequence of str
        Group keys; every group is also compared.
    strict : bool
        Refuse runs with different settings.
    level : float
        Nominal coverage of the intervals.

    Returns
    -------
    list of TaskComparison
        One comparison per task, each followed by its groups.

    Raises
    ------
    NotComparableError
        If the runs share no task, the items of a task differ, or a stored run was edited.
    UsageError
        If an input cannot be read.
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
        whole = compare_task(names, pair, counts, level, None, tuple(differences), notes)
        found.append(replace(whole, wordings=wordings))
        for key in by:
            parts = pair.by(key)
            if not parts:
                said = f"--by {key}: "  # reported by a reader, which knows the columns
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
                of_value = compare_task(
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
    """Return the tasks to compare; raise NotComparableError if there are none."""
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
