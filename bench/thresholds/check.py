"""Check a promise on rows that were not used to make it.

A weekly check acts as an alarm, and false alarms must be rare, so FAIL requires rows that show the
promise to be broken. Permission to continue also needs evidence, so PASS requires rows that show it
to be kept. Each verdict is wrong with probability at most ``1 - level``; anything in between is
INCONCLUSIVE. ``looks`` divides the error rate of FAIL among the checks of a year, as the gate's
policy does; PASS does not need this, since each PASS is only about its own week.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.core.numbers import is_number
from caopd_bench.core.process.progress import stage
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.maps.alike import (
    Words,
    find_task,
    has_the_rows,
    name_made,
    notes_on_settings,
    refuse_unlike,
)
from caopd_bench.maps.apply import apply_map
from caopd_bench.metrics.comparison.decide import Outcome
from caopd_bench.metrics.comparison.holm import holm
from caopd_bench.metrics.selection.holds import Evidence, check_cut, rows_to_decide
from caopd_bench.metrics.selection.tails import ROUNDING
from caopd_bench.runs.check_texts import refuse_unlike_texts
from caopd_bench.runs.confidence_of import wording_of
from caopd_bench.runs.counts import Counts
from caopd_bench.runs.flat.read import Columns
from caopd_bench.runs.read import read_runs
from caopd_bench.runs.run import AnyRun
from caopd_bench.thresholds.check_changes import list_changes, warn_of_changes
from caopd_bench.thresholds.check_result import CutCheck, ThresholdCheck
from caopd_bench.thresholds.cut import Cut
from caopd_bench.thresholds.promise import Promise, load_threshold

__all__ = ["check"]

WORDS = Words(
    "threshold",
    "made on",
    "create one from rows of the same kind: caopd-bench threshold RUN -o FILE",
    "create one: caopd-bench threshold RUN --task NAME -o FILE",
)
MAX_LISTED = 5


def check(
    threshold: Promise | str | Path,
    run: AnyRun | str | Path,
    *,
    level: float | None = None,
    looks: int = 1,
) -> ThresholdCheck:
    """Check whether a promise holds on new rows.

    Parameters
    ----------
    threshold : Promise, str or Path
        A promise from `threshold` or `load_threshold`, or its file.
    run : Run, CountedRun, str or Path
        A run from `read_run`, or an argument of `read_run`; not the rows of the promise.
    level : float, optional
        1 minus the probability of a wrong FAIL, and of a wrong PASS; in [0.5, 1). By default the
        level of the promise.
    looks : int
        Number of planned checks, which together have the error rate of a wrong FAIL.

    Returns
    -------
    ThresholdCheck

    Raises
    ------
    NotComparableError
        If the rows are those that the promise was made on, belong to another task, were read by
        another parser, used another prompt or kind of confidence, were edited, or do not match
        their texts. Exit code 4.
    UsageError
        If an input cannot be read, no cut was certified, or a group key is missing. Exit code 2.

    Notes
    -----
    The cut is fixed, so the tests are exact binomial tests; with clusters, one row of each counts
    (see `caopd_bench.metrics.selection.holds`). With several cuts, FAIL uses Holm's method, and
    PASS requires every cut to pass.
    """
    promise = load_threshold(threshold) if isinstance(threshold, (str, Path)) else threshold
    promise.require_cut("check")
    wanted = promise.level if level is None else level
    if not is_number(wanted) or not 0.5 <= wanted < 1.0:
        raise UsageError(f"level must be at least 0.5 and below 1, got {level!r}")
    if isinstance(looks, bool) or not isinstance(looks, int) or looks < 1:
        raise UsageError(f"looks must be a whole number, 1 or more, got {looks!r}")
    keys = () if promise.by is None else (promise.by,)
    read = read_runs([run], Columns(by=keys))[0] if isinstance(run, (str, Path)) else run
    task = find_task(read, promise, WORDS)
    refuse_unlike_texts(read)
    refuse_unlike(read, task, promise, WORDS)
    if has_the_rows(read, task, promise):
        raise NotComparableError(
            f"in-sample: {inline(read.path, 200)} has the same rows that "
            f"{name_made(promise, WORDS)} was made on, which cannot show whether it holds on new "
            "ones; give other rows"
        )
    mapped = read if promise.map is None else apply_map(read, promise.map)
    counted = _count(mapped, task, promise)
    cuts = [one for one in promise.cuts if one.outcome == "CERTIFIED"]
    with stage("checking cuts"):
        found = {
            str(one.group): check_cut(
                _parsed(counted, one), one.cut, one.max_risk, level=float(wanted)
            )
            for one in cuts
        }
    adjusted = holm({name: one.p_broken for name, one in found.items()})
    checked = tuple(
        _judge(one, found[str(one.group)], counted, adjusted[str(one.group)], wanted, looks,
               len(cuts), promise)
        for one in cuts
    )  # fmt: skip
    notes = [*_notes_on_groups(mapped, task, promise, counted)]
    notes += _notes_on_questions(read, task, promise)
    notes += [inline(note.text) for note in notes_on_settings(read, task, promise, WORDS)]
    notes += [inline(note.text) for note in mapped.warnings_of(task)]
    return ThresholdCheck(
        _join(checked),
        promise.source,
        read.name,
        task,
        promise.fitted.run,
        promise.form,
        float(wanted),
        looks,
        promise.by,
        checked,
        [*warn_of_changes(checked, promise.by)],
        notes,
        wording_of(mapped, task),
    )


def _count(run: AnyRun, task: str, promise: Promise) -> Mapping[str, Counts]:
    """Return the counts of each group, keyed by its text, which is how a promise finds its cut."""
    key = promise.by
    if key is None:
        return {str(None): run.count(task)}
    groups = run.count_by(task, key)
    if not groups:
        has = ", ".join(inline(one, NAME_WIDTH) for one in run.group_keys(task)) or "no keys"
        raise UsageError(
            f"{inline(run.path, 200)}: the threshold has a cut for each "
            f"{inline(key, NAME_WIDTH)}, but no row has this group; the rows have {has}"
        )
    named = {str(value): counts for value, counts in groups.items()}
    if len(named) < len(groups):
        raise UsageError(
            f"{inline(run.path, 200)}: two values of {inline(key, NAME_WIDTH)} look the same (a "
            "number and a text); give the groups distinct names"
        )
    return named


def _parsed(counted: Mapping[str, Counts], cut: Cut) -> Any:
    counts = counted.get(str(cut.group))
    return None if counts is None else counts.parsed


def _judge(
    cut: Cut,
    found: Evidence,
    counted: Mapping[str, Counts],
    adjusted: float,
    level: float,
    looks: int,
    cuts: int,
    promise: Promise,
) -> CutCheck:
    """Judge one cut on the new rows."""
    counts = counted.get(str(cut.group))
    error = (1.0 - level) * (1.0 + ROUNDING)
    adjusted = min(adjusted * looks, 1.0)
    outcome: Outcome = "INCONCLUSIVE"
    if adjusted <= error:
        outcome = "FAIL"
    elif found.p_kept <= error:
        outcome = "PASS"
    needed = None
    if outcome == "INCONCLUSIVE" and counts is not None:
        # Holm's method requires this of the smallest p-value, and no more of any other.
        strictest = (1.0 - level) / looks / cuts
        rows = rows_to_decide(
            counts.parsed, cut.cut, cut.max_risk, broken=strictest, kept=1.0 - level
        )
        needed = None if rows is None else _of_all(rows, counts)
    return CutCheck(
        cut.group,
        outcome,
        cut.cut,
        cut.max_risk,
        0 if counts is None else counts.n,
        found.n,
        found.kept,
        found.wrong,
        found.risk,
        found.low,
        found.high,
        found.p_kept,
        found.p_broken,
        adjusted,
        found.clusters,
        needed,
        tuple(list_changes(cut, counts, promise)),
    )


def _of_all(rows: int, counts: Counts) -> int:
    """Scale a number of answers or questions up, since some have no usable confidence."""
    every, with_one = counts.n, counts.n_parsed
    ours = None if counts.parsed is None else counts.parsed.clusters
    if ours is not None and counts.filled.clusters is not None:
        every, with_one = counts.filled.clusters.labels.size, ours.labels.size
    return math.ceil(rows * every / with_one)


def _join(cuts: tuple[CutCheck, ...]) -> Outcome:
    outcomes = {one.outcome for one in cuts}
    return next(one for one in ("FAIL", "INCONCLUSIVE", "PASS") if one in outcomes)


def _notes_on_questions(run: AnyRun, task: str, promise: Promise) -> Iterator[str]:
    """Yield a note if the questions may be those of the promise, though the rows look new."""
    ours, theirs = promise.settings.get("source"), run.settings(task).get("source")
    if isinstance(ours, Mapping) and ours == theirs and "columns" not in ours:
        yield (
            "the questions are from the set that the promise was made on; new answers to the same "
            "questions are weaker evidence than new questions, above all if the model is the same"
        )


def _notes_on_groups(
    run: AnyRun, task: str, promise: Promise, counted: Mapping[str, Counts]
) -> Iterator[str]:
    """Yield notes on groups without a cut or without rows, and on rows without a group."""
    if promise.by is None:
        return
    key, total = inline(promise.by, NAME_WIDTH), run.count(task).n
    known = {str(one.group): one.outcome for one in promise.cuts}
    kinds = {
        "not in these rows, so they are not tested": [
            name
            for name, outcome in known.items()
            if outcome == "CERTIFIED" and name not in counted
        ],
        "without a certified cut, so none of their answers are kept": [
            name for name, outcome in known.items() if outcome != "CERTIFIED"
        ],
        "new, without a cut, so none of their answers are kept": [
            name for name in counted if name not in known
        ],
    }
    for what, names in kinds.items():
        if names:
            listed = ", ".join(inline(name, 40) for name in names[:MAX_LISTED])
            more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
            rows = sum(counted[name].n for name in names if name in counted)
            share = f" ({rows / total:.1%} of the answers)" if rows else ""
            yield f"{key}: {listed}{more}: {what}{share}"
    without = total - sum(one.n for one in counted.values())
    if without:
        yield f"{without / total:.1%} of the answers have no {key}, and are not kept"
