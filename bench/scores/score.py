"""Rows to records: every number of a run, with its interval.

Accuracy and parse rate are over all rows. Set metrics (ECE, Brier, AUROC, ...) are over the rows
that state a usable confidence; the parse rate stands beside them. Of rows with a probability for
each option there are two metrics more, of all these probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import track
from caopd_bench.core.process.share import shared_out
from caopd_bench.metrics import (
    Interval,
    Tally,
    bootstrap,
    bootstrap_between,
    bootstrap_classes,
    bootstrap_within,
    null_ece,
)
from caopd_bench.metrics.registry import list_scored
from caopd_bench.runs.confidence_of import wording_of
from caopd_bench.runs.counts import STATUSES, Counts, Missing
from caopd_bench.runs.flat.read import Columns
from caopd_bench.runs.read import expand_specs, read_runs
from caopd_bench.runs.records import AS_ZERO, Record, make_record
from caopd_bench.runs.run import GREEDY, AnyRun, CountedRun, Run, label_items, tally_questions
from caopd_bench.scores.bounds import worst_cases
from caopd_bench.scores.shares import NO_ROWS, is_stated, score_copies, share, undefined

__all__ = ["score"]

NAN = float("nan")
#: Set metrics of each task, in the order of the table.
SET_METRICS = tuple(list_scored())


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
        From `read_run`, or what it takes.
    by : sequence of str
        Group keys ("level", "family", ...): the same metrics for each value, beside the whole task.
    level : float
        Nominal coverage of the intervals.
    missing : {"drop", "zero"}
        Set metrics leave out the rows that state no usable confidence, or count it as 0, which is
        what the official code of CaOPD does; their records say so.
    workers : int
        Processes that share hundreds of tasks or groups; the records do not depend on it. A script
        that asks for several must keep its own work under `if __name__ == "__main__":`, since each
        of them imports it.

    Returns
    -------
    list of Record
        By run, task, group and metric, in that order. Same rows, same records.

    Raises
    ------
    UsageError
        If a path cannot be read, or no row of a task has a group key named in `by`.
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
    counted = [part for part in parts if isinstance(part, _Counted)]
    with shared_out(_score_counts, counted, workers, cost=_cost) as scored:
        groups = track(scored, "intervals", "tasks and groups", len(counted))
        records: list[Record] = []
        for part in parts:
            records += next(groups) if isinstance(part, _Counted) else part()
    return _reword(records, given)


def _reword(records: list[Record], runs: Sequence[AnyRun]) -> list[Record]:
    """Speak of nothing stated where the confidence is the probability of an option."""
    words = {(run.name, task): wording_of(run, task) for run in runs for task in run.tasks}
    if all(one.is_stated for one in words.values()):
        return records
    return [replace(r, reason=words[r.run, r.task].reword(r.reason)) for r in records]


class _Counted(NamedTuple):
    """A task or group, whose numbers take long and need its counts alone."""

    run: str
    task: str
    group: str | None
    counts: Counts
    level: float
    missing: Missing


def _cost(part: _Counted) -> float:
    """Guess the seconds that it takes, mostly those of replicates at each distinct value."""
    tally = part.counts.parsed
    return 0.005 if tally is None else 0.005 + 5e-4 * tally.values.size


def _parts(
    run: AnyRun, task: str, keys: Sequence[str], level: float, missing: Missing
) -> Iterator[_Counted | Callable[[], Iterable[Record]]]:
    """Yield what the records of a task are made of, in their order."""
    whole = run.count(task)
    yield _Counted(run.name, task, None, whole, level, missing)
    yield partial(_score_whole, run, task, level, missing)
    for key in keys:
        groups = _groups(run, task, key)
        for value, counts in groups.items():
            yield _Counted(run.name, task, f"{key}={value}", counts, level, missing)
        if key != "level":
            yield partial(_score_within, run.name, task, key, groups, level, missing)


def _score_whole(run: AnyRun, task: str, level: float, missing: Missing) -> Iterator[Record]:
    """Compute what is of a task alone and of no group."""
    if "level" in run.group_keys(task):
        yield from _score_within(
            run.name, task, "level", run.count_by(task, "level"), level, missing
        )
    for name, interval in _score_questions(run, task, level):
        yield from _make(run.name, task, None, [(name, interval)])
    for name, interval in _score_vectors(run, task, level):
        yield from _make(run.name, task, None, [(name, interval)])
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
        except ValueError as error:  # of a file that was written by hand
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
    yield from _make(run, task, None, [(f"auroc_within_{key}", within)], missing)


def _as_runs(
    runs: AnyRun | str | Path | Iterable[AnyRun | str | Path], keys: Sequence[str]
) -> list[AnyRun]:
    if isinstance(runs, (Run, CountedRun, str, Path)):
        runs = [runs]
    given: list[AnyRun | str | Path] = []
    for run in runs:
        given += expand_specs([run]) if isinstance(run, (str, Path)) else [run]
    paths = [run for run in given if isinstance(run, (str, Path))]
    read = iter(read_runs(paths, Columns(by=tuple(keys), keep="nothing")))
    return [next(read) if isinstance(run, (str, Path)) else run for run in given]


def _groups(run: AnyRun, task: str, key: str) -> dict[object, Counts]:
    groups = run.count_by(task, key)
    if not groups:
        said = f"--by {key}: "  # by the reader, which knows the columns
        columns = next((w.text for w in run.warnings_of(task) if w.text.startswith(said)), "")
        if columns:
            raise UsageError(f"task {task}: {columns}")
        known = ", ".join(run.group_keys(task)) or "none"
        hint = f"; of flat files, read it: read_run(..., by=[{key!r}])"
        is_flat = "columns" in (run.settings(task).get("source") or {})
        raise UsageError(
            f"--by {key}: task {task} has no such group; it has {known}{hint if is_flat else ''}"
        )
    return groups


def _score_counts(part: _Counted) -> list[Record]:
    return [*_score_parts(*part)]


def _score_parts(
    run: str, task: str, group: str | None, counts: Counts, level: float, missing: Missing
) -> Iterator[Record]:
    # Of tallies, which know what rows belong to one question.
    shares: list[tuple[str, Interval]] = [
        (
            "parse_rate" if status == "ok" else f"share_{status}",
            share(counts.tally_status(status), level),
        )
        for status in STATUSES
    ]
    shares.append(("accuracy", share(counts.filled, level)))
    yield from _make(run, task, group, shares)
    scored = counts.tally(missing)
    if scored is None:
        names = [*SET_METRICS, "ece_debiased", "null_ece"]
        metrics = [(name, undefined(level, NO_ROWS)) for name in names]
    else:
        metrics = list(_score_tally(scored, level))
    yield from _make(run, task, group, metrics, missing)
    unparsed = counts.n - counts.n_parsed
    for name, low, high in worst_cases(counts) if unparsed else ():
        why = f"bounds only: {unparsed} of {counts.n} rows could have stated anything in [0, 1]"
        if low != low:
            why = "needs other answers: see the metric itself"
        how = "" if low != low else "worst case"
        yield Record(run, task, group, f"{name}_bounds", NAN, low, high, counts.n, how, why)


def _make(
    run: str,
    task: str,
    group: str | None,
    intervals: Iterable[tuple[str, Interval]],
    missing: Missing = "drop",
) -> Iterator[Record]:
    for name, interval in intervals:
        record = make_record(run, task, group, name, interval)
        if missing == "zero":
            record = replace(
                record,
                interval=record.interval and f"{record.interval}, {AS_ZERO}",
                reason=record.reason and f"{record.reason}; {AS_ZERO}",
            )
        yield record


def _score_tally(counts: Tally, level: float) -> Iterator[tuple[str, Interval]]:
    computed = bootstrap(counts, metrics=SET_METRICS, level=level)
    for name in SET_METRICS:
        yield name, computed[name]
        if name == "ece":
            yield "ece_debiased", _debiased(computed[name])
            perfect, n = null_ece(counts), int(counts.n)
            # One-sided: 95 % of perfectly calibrated models score below `high`.
            yield "null_ece", Interval(perfect.mean, 0.0, perfect.upper, 0.95, n, "simulation", NAN)


def _debiased(ece: Interval) -> Interval:
    """Put the same interval around the debiased estimate: it contains both."""
    return Interval(
        ece.debiased, ece.low, ece.high, ece.level, ece.n, ece.method, NAN, reason=ece.reason
    )


def _within_groups(groups: Iterable[Counts], level: float, missing: Missing) -> Interval:
    tallies = [counts.tally(missing) for counts in groups]
    present = [counts for counts in tallies if counts is not None]
    return bootstrap_within(present, level=level) if present else undefined(level, NO_ROWS)


def _score_questions(run: AnyRun, task: str, level: float) -> Iterator[tuple[str, Interval]]:
    """Split the discrimination of a sampled task: within a question, and between questions."""
    # Of flat files too many to keep, the questions are not known: none of them has this.
    if not isinstance(run, Run) or "columns" in (run.settings(task).get("source") or {}):
        return
    rows = run.task_rows(task)
    if len({row.item_hash for row in rows}) == len(rows) or all(r.sample == GREEDY for r in rows):
        return
    questions = list(filter(None, tally_questions(rows)))
    # Only these have a pair to tell apart.
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
