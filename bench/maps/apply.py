"""Apply a map to a run: each confidence becomes the accuracy of such answers.

A run with a different prompt, parser or kind of confidence is refused, as in the gate. Differences
that may matter become notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.maps.alike import (
    Words,
    find_task,
    has_the_rows,
    name_made,
    notes_on_settings,
    refuse_unlike,
)
from caopd_bench.maps.counts import map_counts
from caopd_bench.maps.saved import ConfidenceMap
from caopd_bench.metrics import METRICS
from caopd_bench.runs.confidence_of import wording_of
from caopd_bench.runs.note import Note
from caopd_bench.runs.run import AnyRun, CountedRun, Run

__all__ = ["MAPPED", "WORDS", "apply_map"]

#: Suffix of the name of a run whose confidences were mapped.
MAPPED = " (recalibrated)"
WORDS = Words(
    "map",
    "fitted to",
    "fit a map to rows of the same kind: caopd-bench recalibrate RUN -o FILE",
    "fit one: caopd-bench recalibrate RUN --task NAME -o FILE",
)


def apply_map(run: AnyRun, fitted: ConfidenceMap) -> AnyRun:
    """Map the confidences of a run.

    Parameters
    ----------
    run : Run or CountedRun
        A run from `read_run`. Its other tasks are not mapped, and a note reports this.
    fitted : ConfidenceMap
        A map from `load_map` or `recalibrate`.

    Returns
    -------
    Run or CountedRun
        The mapped run, named "NAME (recalibrated)", with warnings that name the map. Rows without
        a usable confidence stay without one. The probabilities of all options are left out, since
        the map applies only to the chosen option.

    Raises
    ------
    NotComparableError
        If the map belongs to another task, or to rows with another parser, prompt or kind of
        confidence.
    UsageError
        If the run's confidences are mapped already.
    """
    task = find_task(run, fitted, WORDS)
    refuse_unlike(run, task, fitted, WORDS)
    warnings = [*run.warnings, *_notes(run, task, fitted)]
    named: dict[str, Any] = {
        "name": f"{run.name}{MAPPED}",
        "provenance": _mark(run.provenance, task),
        "warnings": tuple(warnings),
    }
    if isinstance(run, CountedRun):
        groups = {
            key: {
                value: map_counts(counts, fitted.recalibrator) for value, counts in of_key.items()
            }
            for key, of_key in run.groups.items()
        }
        return replace(
            run, counts=map_counts(run.counts, fitted.recalibrator), groups=groups, **named
        )
    return replace(run, rows=_map_rows(run, task, fitted), **named)


def _notes(run: AnyRun, task: str, fitted: ConfidenceMap) -> Iterator[Note]:
    """Yield notes for readers of the mapped numbers."""
    kind, named = wording_of(run, task).name, name_made(fitted, WORDS)
    n = fitted.fitted.parsed
    yield Note(
        task,
        f"every {kind} was mapped by {named}: {fitted.method}, fitted to {n:,} answers of "
        f"{inline(fitted.fitted.run, NAME_WIDTH)}",
    )
    if has_the_rows(run, task, fitted):
        yield Note(
            task,
            "in-sample: these are the rows that the map was fitted to, so the numbers are "
            f"optimistic; cross-fitted: {_say_gains(fitted)}",
        )
    yield from notes_on_settings(run, task, fitted, WORDS)
    for other in run.tasks:
        if other != task:
            yield Note(other, f"not mapped: {named} was fitted to {inline(task, NAME_WIDTH)}")


def _say_gains(fitted: ConfidenceMap) -> str:
    said = [
        f"{METRICS[gain.metric].label} {gain.before[0]:.3f} -> {gain.after[0]:.3f}"
        for gain in fitted.estimate.gains
        if gain.after[0] == gain.after[0]
    ]
    return ", ".join(said) or "not estimated"


def _mark(provenance: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Record in the task's settings that its confidence was mapped."""
    tasks = dict(provenance.get("tasks", {}))
    tasks[task] = {**tasks.get(task, {}), "confidence": {"of": "map"}}
    return {**provenance, "tasks": tasks}


def _map_rows(run: Run, task: str, fitted: ConfidenceMap) -> list[Any]:
    values = {row.confidence for row in run.task_rows(task) if row.confidence is not None}
    stated = np.array(sorted(values), dtype=np.float64)
    becomes = dict(zip(stated.tolist(), fitted(stated).tolist(), strict=True))
    return [
        replace(row, confidence=becomes[row.confidence], probabilities=(), right_option=-1)
        if row.task == task and row.confidence is not None
        else row
        for row in run.rows
    ]
