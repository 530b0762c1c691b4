"""From rows to records: every number of a run, with its interval.

Accuracy and parse rate are computed over all rows, set metrics (ECE, Brier, AUROC, ...) over the
rows with a usable confidence. Rows with a probability for each option get two further metrics over
all these probabilities.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import track
from caopd_bench.core.process.share import shared_out
from caopd_bench.metrics import (
    Interval,
    bootstrap_between,
    bootstrap_classes,
    bootstrap_within,
)
from caopd_bench.runs.confidence_of import wording_of
from caopd_bench.runs.counts import Counts, Missing
from caopd_bench.runs.flat.read import Columns
from caopd_bench.runs.read import expand_specs, read_runs
from caopd_bench.runs.records import Record
from caopd_bench.runs.run import GREEDY, AnyRun, CountedRun, Run, label_items, tally_questions
from caopd_bench.scores.counted import Counted, cost, make_records, score_counts
from caopd_bench.scores.shares import NO_ROWS, is_stated, score_copies, undefined

__all__ = ["score"]


def score(
    runs: AnyRun | str | Path | Iterable[AnyRun | str | Path],
    *,
    by: Sequence[str] = (),
    level: float = 0.95,
    missing: Missing = "drop",
    workers: int = 1,
) -> list[Record]:
    """Compute every metric of every task of the runs.

    Parameters
    ----------
    runs : Run, CountedRun, str or Path, or an iterable of them
        Runs from `read_run`, or arguments of `read_run`.
    by : sequence of str
        Group keys ("level", "family", ...): the same metrics also for each value of the key.
    level : float
        Nominal coverage of the intervals.
    missing : {"drop", "zero"}
        Set metrics leave out the rows without a usable confidence ("drop") or count them as
        confidence 0, like the official CaOPD code ("zero"). Their records name the rule.
    workers : int
        Number of processes, useful for hundreds of tasks or groups; the records do not depend on
        it. A script that uses several must keep its own work under `if __name__ == "__main__":`,
        since each process imports the script.

    Returns
    -------
    list of Record
        Ordered by run, task, group and metric. The same rows always give the same records.

    Raises
    ------
    UsageError
        If a path cannot be read, or no row of a task has a group key named in `by`.

    Warns
    -----
    UserWarning
        For each stored run in a folder that is left out because it is, or may be, a copy of
        another run there. The command prints the same line.
    """
    if missing not in ("drop", "zero"):
        raise ValueError(f"missing must be 'drop' or 'zero', got {missing!r}")
    keys = list(dict.fromkeys([by] if isinstance(by, str) else by))
    given = _as_runs(runs, keys)
    found = (
        part
        for run in given
        for task in run.tasks
        for part in _parts(run, task, keys, level, missing)
    )
    parts = [*track(found, "counting", "tasks and groups")]
    counted = [part for part in parts if isinstance(part, Counted)]
    with shared_out(score_counts, counted, workers, cost=cost) as scored:
        groups = track(scored, "intervals", "tasks and groups", len(counted))
        records: list[Record] = []
        for part in parts:
            records += next(groups) if isinstance(part, Counted) else part()
    return _reword(records, given)


def _reword(records: list[Record], runs: Sequence[AnyRun]) -> list[Record]:
    """Replace the word "stated" where the confidence is the probability of an option."""
    words = {(run.name, task): wording_of(run, task) for run in runs for task in run.tasks}
    if all(one.is_stated for one in words.values()):
        return records
    return [replace(r, reason=words[r.run, r.task].reword(r.reason)) for r in records]


def _parts(
    run: AnyRun, task: str, keys: Sequence[str], level: float, missing: Missing
) -> Iterator[Counted | Callable[[], Iterable[Record]]]:
    """Yield the parts of a task's records, in order."""
    whole = run.count(task)
    yield Counted(run.name, task, None, whole, level, missing)
    yield partial(_score_whole, run, task, level, missing)
    for key in keys:
        groups = _groups(run, task, key)
        for value, counts in groups.items():
            yield Counted(run.name, task, f"{key}={value}", counts, level, missing)
        if key != "level":
            yield partial(_score_within, run.name, task, key, groups, level, missing)


def _score_whole(run: AnyRun, task: str, level: float, missing: Missing) -> Iterator[Record]:
    """Compute the numbers that exist for a task but not for its groups."""
    if "level" in run.group_keys(task):
        yield from _score_within(
            run.name, task, "level", run.count_by(task, "level"), level, missing
        )
    for name, interval in _score_questions(run, task, level):
        yield from make_records(run.name, task, None, [(name, interval)])
    for name, interval in _score_vectors(run, task, level):
        yield from make_records(run.name, task, None, [(name, interval)])
    if is_stated(run, task):
        yield score_copies(run, task, run.count(task), level)


def _score_vectors(run: AnyRun, task: str, level: float) -> Iterator[tuple[str, Interval]]:
    """Compute the metrics of rows that hold a probability for each option."""
    rows = run.task_rows(task) if isinstance(run, Run) else []
    rows = [row for row in rows if row.probabilities]
    if rows:
        items = label_items([row.item_hash for row in rows])
        try:
            found = bootstrap_classes(
                [row.probabilities for row in rows],
                [row.right_option for row in rows],
                cluster=items if any(row.sample != GREEDY for row in rows) else None,
                level=level,
            )
        except ValueError as error:  # a file written by hand
            raise UsageError(f"{run.path}: {task}: {error}") from None
        yield from found.items()


def _score_within(
    run: str,
    task: str,
    key: str,
    groups: Mapping[object, Counts],
    level: float,
    missing: Missing,
) -> Iterator[Record]:
    within = _within_groups(groups.values(), level, missing)
    yield from make_records(run, task, None, [(f"auroc_within_{key}", within)], missing)


def _as_runs(
    runs: AnyRun | str | Path | Iterable[AnyRun | str | Path], keys: Sequence[str]
) -> list[AnyRun]:
    if isinstance(runs, (Run, CountedRun, str, Path)):
        runs = [runs]
    given: list[AnyRun | str | Path] = []
    # The command prints these lines itself. The fourth frame up from here is the caller of `score`.
    warn = partial(warnings.warn, stacklevel=4)
    for run in runs:
        if isinstance(run, (str, Path)):
            given += expand_specs([run], warn, need_samples=True)
        else:
            given.append(run)
    paths = [run for run in given if isinstance(run, (str, Path))]
    read = iter(read_runs(paths, Columns(by=tuple(keys), keep="nothing")))
    return [next(read) if isinstance(run, (str, Path)) else run for run in given]


def _groups(run: AnyRun, task: str, key: str) -> dict[object, Counts]:
    groups = run.count_by(task, key)
    if not groups:
        said = f"--by {key}: "  # reported by the reader, which knows the columns
        columns = next((w.text for w in run.warnings_of(task) if w.text.startswith(said)), "")
        if columns:
            raise UsageError(f"task {task}: {columns}")
        known = ", ".join(run.group_keys(task)) or "none"
        hint = f"; for flat files, read the key too: read_run(..., by=[{key!r}])"
        is_flat = "columns" in (run.settings(task).get("source") or {})
        raise UsageError(
            f"--by {key}: task {task} has no such group; it has {known}{hint if is_flat else ''}"
        )
    return groups


def _within_groups(groups: Iterable[Counts], level: float, missing: Missing) -> Interval:
    tallies = [counts.tally(missing) for counts in groups]
    present = [counts for counts in tallies if counts is not None]
    return bootstrap_within(present, level=level) if present else undefined(level, NO_ROWS)


def _score_questions(run: AnyRun, task: str, level: float) -> Iterator[tuple[str, Interval]]:
    """Split the discrimination of a sampled task into within and between questions."""
    # Flat files too large to keep do not record the questions, so they lack these numbers.
    if not isinstance(run, Run) or "columns" in (run.settings(task).get("source") or {}):
        return
    rows = run.task_rows(task)
    if len({row.item_hash for row in rows}) == len(rows) or all(r.sample == GREEDY for r in rows):
        return
    questions = list(filter(None, tally_questions(rows)))
    # Only these questions have a right and a wrong sample to compare.
    mixed = [counts for counts in questions if 0 < counts.n_right < counts.n]
    if mixed:
        yield "auroc_within_question", bootstrap_within(mixed, level=level)
    else:
        reason = "no question has both right and wrong samples" if questions else NO_ROWS
        yield "auroc_within_question", undefined(level, reason)
    if questions:
        yield "auroc_between_questions", bootstrap_between(questions, level=level)
    else:
        yield "auroc_between_questions", undefined(level, NO_ROWS)
