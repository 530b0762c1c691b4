"""Apply a map to a run: its confidences become how often such an answer was right.

What was not asked in the same way has no use for the map: it is refused, as the gate refuses to
compare it. What may matter is a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from caopd_bench.comparison.comparability import find_differences
from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.maps.counts import map_counts
from caopd_bench.maps.fit import hash_rows
from caopd_bench.maps.saved import ConfidenceMap
from caopd_bench.metrics import METRICS
from caopd_bench.runs.confidence_of import wording_of, wording_of_settings
from caopd_bench.runs.note import Note
from caopd_bench.runs.provenance import count_read_otherwise
from caopd_bench.runs.run import AnyRun, CountedRun, Run, main_tasks
from caopd_bench.tasks.read import PARSER_VERSION

__all__ = ["MAPPED", "apply_map"]

#: Ends the name of a run whose confidences were mapped.
MAPPED = " (recalibrated)"
MAX_SETTINGS = 3
PROMPT = "prompt version"


def apply_map(run: AnyRun, fitted: ConfidenceMap) -> AnyRun:
    """Map the confidences of a run.

    Parameters
    ----------
    run : Run or CountedRun
        From `read_run`. Of other tasks it has, nothing is mapped, and a note says so.
    fitted : ConfidenceMap
        From `load_map` or `recalibrate`.

    Returns
    -------
    Run or CountedRun
        Named "NAME (recalibrated)", with warnings that say by what. Rows without a usable
        confidence stay without one. Probabilities of all options are left out, since the map is of
        the chosen one.

    Raises
    ------
    NotComparableError
        If the map is of another task, or of rows with another parser, prompt or kind of
        confidence.
    UsageError
        If the run's confidences are mapped already.
    """
    task = _find_task(run, fitted)
    _refuse_unlike(run, task, fitted)
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


def _find_task(run: AnyRun, fitted: ConfidenceMap) -> str:
    """Find the task that the map is of; files of rows do not say which task they are of."""
    if run.has(fitted.task):
        return fitted.task
    found = main_tasks(run.tasks)
    if len(found) == 1 and (_is_flat(run.settings(found[0])) or _is_flat(fitted.settings)):
        return found[0]
    has = ", ".join(inline(task, NAME_WIDTH) for task in found)
    raise NotComparableError(
        f"{_name(fitted)} is of the task {inline(fitted.task, NAME_WIDTH)}, and "
        f"{inline(run.path, 200)} has {has}; fit one: caopd-bench recalibrate RUN --task NAME "
        "-o FILE"
    )


def _refuse_unlike(run: AnyRun, task: str, fitted: ConfidenceMap) -> None:
    ours, theirs = fitted.settings, run.settings(task)
    if (theirs.get("confidence") or {}).get("of") == "map":
        raise UsageError(f"{inline(run.name, NAME_WIDTH)}: its confidences are mapped already")
    where = f"{_name(fitted)} and {inline(run.name, NAME_WIDTH)}: {inline(task, NAME_WIDTH)}"
    again = "fit a map to rows of the same kind: caopd-bench recalibrate RUN -o FILE"
    version = theirs.get("parser_version")
    if version is not None and fitted.fitted.parsers and str(version) not in fitted.fitted.parsers:
        rows = None if isinstance(run, CountedRun) else run.task_rows(task)
        unlike = rows is None or count_read_otherwise(rows, version) > 0
        if unlike or PARSER_VERSION not in fitted.fitted.parsers:
            raise NotComparableError(
                f"{where}: read by parser {inline(fitted.fitted.parsers[0], 40)} and by parser "
                f"{inline(str(version), 40)}; read the older run again (caopd-bench score RUN "
                f"--reparse --store DIR), or {again}"
            )
    prompts = ours.get("prompt_version"), theirs.get("prompt_version")
    if None not in prompts and prompts[0] != prompts[1]:
        shown = [inline(str(one), 40) for one in prompts]
        raise NotComparableError(f"{where}: prompt version {shown[0]} and {shown[1]}; {again}")
    if not (_is_flat(ours) or _is_flat(theirs)):
        kinds = wording_of_settings(ours), wording_of(run, task)
        if kinds[0] != kinds[1]:
            raise NotComparableError(
                f"{where}: the confidence is the {kinds[0].full} and the {kinds[1].full}; {again}"
            )


def _notes(run: AnyRun, task: str, fitted: ConfidenceMap) -> Iterator[Note]:
    """Yield what a reader of the mapped numbers should know."""
    kind = wording_of(run, task).name
    n = fitted.fitted.parsed
    yield Note(
        task,
        f"every {kind} was mapped by {_name(fitted)}: {fitted.method}, fitted to {n:,} answers of "
        f"{inline(fitted.fitted.run, NAME_WIDTH)}",
    )
    if run.count(task).n_parsed == n and hash_rows(run, task) == fitted.fitted.sha256:
        yield Note(
            task,
            "in-sample: these are the rows that the map was fitted to, so the numbers are "
            f"optimistic; cross-fitted: {_say_gains(fitted)}",
        )
    ours, theirs = fitted.settings, run.settings(task)
    if _is_flat(ours) or _is_flat(theirs):
        if fitted.task != task or not (_is_flat(ours) and _is_flat(theirs)):
            named = inline(fitted.task, NAME_WIDTH)
            yield Note(
                task,
                f"the map is of the task {named}; a file of rows does not say how its answers were "
                "asked and read, so nothing was checked",
            )
    else:
        yield from _notes_on_settings(run, task, fitted)
    for other in run.tasks:
        if other != task:
            yield Note(other, f"not mapped: {_name(fitted)} is of {inline(task, NAME_WIDTH)}")


def _notes_on_settings(run: AnyRun, task: str, fitted: ConfidenceMap) -> Iterator[Note]:
    """Yield that the rows of the map are another model's, or were asked otherwise."""
    weights = fitted.settings.get("weights"), run.settings(task).get("weights")
    models = fitted.provenance.get("model"), run.provenance.get("model")
    pair = weights if None not in weights else models
    if pair[0] != pair[1]:
        yield Note(
            task,
            f"the map was fitted to another model ({inline(fitted.fitted.run, NAME_WIDTH)}): what "
            "one model's confidence is worth need not hold of another's",
        )
    rows_of_map = Run(fitted.fitted.run, fitted.source, (), fitted.provenance)
    found = [
        str(one)
        for one in find_differences(rows_of_map, run, [task])
        if one.setting not in (PROMPT, "parser")
    ]
    if found:
        more = len(found) - MAX_SETTINGS
        listed = "; ".join(found[:MAX_SETTINGS]) + (f"; and {more} more" if more > 0 else "")
        yield Note(task, f"the rows of the map were asked otherwise: {listed}")


def _say_gains(fitted: ConfidenceMap) -> str:
    said = [
        f"{METRICS[gain.metric].label} {gain.before[0]:.3f} -> {gain.after[0]:.3f}"
        for gain in fitted.estimate.gains
        if gain.after[0] == gain.after[0]
    ]
    return ", ".join(said) or "not estimated"


def _name(fitted: ConfidenceMap) -> str:
    return inline(fitted.source, NAME_WIDTH) if fitted.source else "the map"


def _is_flat(settings: Mapping[str, Any]) -> bool:
    return "columns" in (settings.get("source") or {})


def _mark(provenance: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Say in the settings of the task that its confidence is no longer what was stated."""
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
