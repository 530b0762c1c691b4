"""Rerun noise: how much each number of the gate changes in a rerun of one checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from caopd_bench.comparison.comparability import check_parsers
from caopd_bench.comparison.pairs import TaskPair, match_task, rows_by_task
from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import track
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.metrics import degradation
from caopd_bench.metrics.comparison.degradation_cells import LEAST_CLUSTERS
from caopd_bench.runs.run import Run
from caopd_bench.runs.stored.baseline import Noise
from caopd_bench.scores.notes import why_no_pairs

__all__ = ["IDENTICAL", "Rerun", "measure_rerun"]

IDENTICAL = "the rows of both runs are identical, so no noise was measured"
#: A rerun never moves a number by this many standard errors, but another checkpoint does.
MOST_ERRORS = 6.0
#: Floating-point sums in different orders differ by less.
ROUNDING = 1e-9
SHOWN = 8  # characters of a fingerprint


class Rerun(NamedTuple):
    """The noise between two runs of one checkpoint.

    Attributes
    ----------
    noise : list of Noise
        Noise of the tasks whose rows differ.
    notes : list of str
        Tasks without noise, and doubts whether the checkpoint is the same.
    """

    noise: list[Noise]
    notes: list[str]


def measure_rerun(first: Run, second: Run, argument: str = "--aa") -> Rerun:
    """Measure how much each number of the gate changes in a rerun of one checkpoint.

    The standard errors are by item, and clustered by each group key that items could be clustered
    by; the latter are larger if items with the same value change together.

    Parameters
    ----------
    first, second : Run
    argument : str
        Name of the second run's argument, for error messages.

    Raises
    ------
    UsageError
        If the two share no task, or have different weights for a shared one.
    NotComparableError
        If they do not hold the same items.
    """
    where = f"{argument} {inline(str(second.path), 300)}"
    ours, theirs = rows_by_task(first), rows_by_task(second)
    shared = [task for task in ours if task in theirs]
    if not shared:
        raise UsageError(f"{where}: contains none of the tasks {', '.join(ours)}")
    _check_weights(first, second, shared, where)
    check_parsers(first, second, shared)
    found: list[Noise] = []
    identical: list[str] = []
    for task in track(shared, "measuring the noise of a rerun", "tasks", len(shared)):
        pair = match_task(task, ours[task], theirs[task], why_no_pairs((first, second), task))
        if pair.is_identical:
            # A noise of 0 would make the gate look more reliable than it is.
            identical.append(task)
            continue
        found += _noise(pair, None)
        for key in pair.keys:
            if pair.count_families(key, LEAST_CLUSTERS):
                found += _noise(pair.cluster_by(key), key)
    notes = _name_identical(identical, shared)
    return Rerun(found, [*notes, *_doubt(first, second, found, where)])


def _noise(pair: TaskPair, key: str | None) -> Iterator[Noise]:
    sides = [(side.confidence, side.correct) for side in (pair.base, pair.cand)]
    changes = degradation(sides[0], sides[1], question=pair.question, cluster=pair.family)
    for name, d in changes.items():
        if not d.reason:
            yield Noise(
                task=pair.task,
                metric=name,
                worse_by=d.worse_by,
                standard_error=d.standard_error,
                items=d.items,
                cluster=key,
                clusters=None if key is None else d.clusters,
            )


def _weights(run: Run, task: str) -> str | None:
    known = run.settings(task).get("weights")
    return known if isinstance(known, str) and known.strip() else None


def _check_weights(first: Run, second: Run, tasks: Sequence[str], where: str) -> None:
    for task in tasks:
        ours, theirs = _weights(first, task), _weights(second, task)
        if ours and theirs and ours != theirs:
            same = ours[:SHOWN] == theirs[:SHOWN]
            shown = [
                inline(text if same else text[:SHOWN] + "...", NAME_WIDTH)
                for text in (theirs, ours)
            ]
            raise UsageError(
                f"{where}: has different weights ({shown[0]} against {shown[1]}); a rerun must "
                "use the same checkpoint"
            )


def _name_identical(identical: Sequence[str], shared: Sequence[str]) -> list[str]:
    # One note is enough if all tasks are identical.
    if identical and len(identical) == len(shared):
        return [IDENTICAL]
    return [f"{inline(task, NAME_WIDTH)}: {IDENTICAL}" for task in identical]


def _doubt(first: Run, second: Run, found: Sequence[Noise], where: str) -> Iterator[str]:
    """Yield a warning for each task without fingerprints that moved too far for a rerun."""
    for task in dict.fromkeys(one.task for one in found):
        if _weights(first, task) and _weights(second, task):
            continue
        moved = [
            one
            for one in found
            if one.task == task
            and one.cluster is None
            and abs(one.worse_by) > MOST_ERRORS * one.standard_error + ROUNDING
        ]
        if moved:
            one = max(moved, key=lambda m: abs(m.worse_by) / max(m.standard_error, ROUNDING))
            yield (
                f"WARNING: {where}: {inline(task, NAME_WIDTH)} {one.metric} changed by "
                f"{abs(one.worse_by):.4f}, more than {MOST_ERRORS:g} standard errors "
                f"({one.standard_error:.4f}), and no fingerprint of the weights confirms that "
                "this is the same checkpoint; is it?"
            )
