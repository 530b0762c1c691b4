"""Fit a map to one run, and estimate its benefit on unseen rows."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench import metrics
from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import stage
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.maps.saved import METHODS, ConfidenceMap, Estimate, Gain, MapMethod
from caopd_bench.maps.write import Fitted
from caopd_bench.metrics import (
    Interval,
    Tally,
    bootstrap,
    bootstrap_within,
    cross_recalibrate,
    tally,
)
from caopd_bench.metrics.recalibration.cross import cross_tallies
from caopd_bench.runs.check_texts import refuse_unlike_texts
from caopd_bench.runs.provenance import clean_provenance, count_read_otherwise
from caopd_bench.runs.read import read_runs
from caopd_bench.runs.run import AnyRun, CountedRun, label_items, main_tasks
from caopd_bench.scores.notes import has_item_names
from caopd_bench.tasks.read import PARSER_VERSION

__all__ = ["choose_task", "describe_rows", "hash_rows", "provenance_of", "recalibrate"]

METRICS = ("brier", "ece")
#: AUROC only counts pairs of answers that the same map was applied to.
WITHIN_FOLDS = "auroc"
ONE_MAP = "computed within folds, since each fold has its own map; no limits for the change"
NO_PAIRS = "with so many rows only counts are kept, so before and after cannot be paired"


class _Columns(NamedTuple):
    """The parsed rows, with labels of their questions if these were answered several times."""

    confidence: NDArray[np.float64]
    correct: NDArray[np.bool_]
    cluster: NDArray[np.uint64] | None


def recalibrate(
    run: AnyRun | str | Path,
    *,
    method: MapMethod = "isotonic",
    task: str | None = None,
    folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
) -> ConfidenceMap:
    """Fit a map from the confidences of a run to how often its answers are right.

    Parameters
    ----------
    run : Run, CountedRun, str or Path
        A run from `read_run`, or an argument of `read_run`.
    method : {"isotonic", "beta", "platt", "temperature"}
        See `caopd_bench.metrics.recalibrate`.
    task : str, optional
        Required if the run has several tasks.
    folds : int
        Number of folds of the cross-fitted estimate. Samples of one question share a fold.
    seed : int
        Random seed of the folds, 0 or above.
    level : float
        Confidence level of the limits of the estimate.

    Returns
    -------
    ConfidenceMap
        A map fitted to all parsed rows. `save` writes it, `apply_map` applies it to a run, and
        calling it maps confidences. Its `estimate` comes from maps fitted to the other folds.

    Raises
    ------
    UsageError
        If the run cannot be read, has several tasks and none was named, or too few rows with a
        usable confidence.
    NotComparableError
        If the rows of a stored run were edited, or rows do not fit their texts.
    """
    if method not in METHODS:
        raise UsageError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 63:
        raise UsageError(f"seed must be a whole number, 0 or more, got {seed!r}")
    read = read_runs([run])[0] if isinstance(run, (str, Path)) else run
    name = choose_task(read, task)
    refuse_unlike_texts(read)
    counts = read.count(name)
    parsed = counts.parsed
    where = f"{inline(read.name, NAME_WIDTH)}: {inline(name, NAME_WIDTH)}"
    if parsed is None:
        raise UsageError(f"{where}: no row has a usable confidence; there is nothing to fit")
    with stage("fitting"):
        recalibrator = metrics.recalibrate(parsed, method=method)
    try:
        with stage("cross-fitting"):
            gains = _estimate(read, name, parsed, method, folds, seed, level)
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None
    return ConfidenceMap(
        name,
        recalibrator,
        describe_rows(read, name),
        provenance_of(read, name),
        Estimate(folds, seed, level, gains),
    )


def describe_rows(run: AnyRun, task: str) -> Fitted:
    """Describe the rows of a task that a map or threshold is made on."""
    counts = run.count(task)
    clusters = None if counts.parsed is None else counts.parsed.clusters
    return Fitted(
        run.name,
        counts.n,
        counts.n_parsed,
        None if clusters is None else int(clusters.labels.size),
        hash_rows(run, task),
        _parsers_of(run, task),
    )


def provenance_of(run: AnyRun, task: str) -> dict[str, Any]:
    """Return the provenance of the rows of one task."""
    settings = clean_provenance(run.provenance)
    settings["tasks"] = {name: kept for name, kept in settings["tasks"].items() if name == task}
    return settings


def choose_task(run: AnyRun, task: str | None, noun: str = "map") -> str:
    """Return the named task, or the only one.

    Raises
    ------
    UsageError
        If the name is unknown, or if there are several tasks and none was named.
    """
    if task is not None and run.has(task):
        return task
    found = main_tasks(run.tasks)
    if task is None and len(found) == 1:
        return found[0]
    said = (
        (f"has several tasks, but a {noun} is made for one")
        if task is None
        else f"no task {task!r}"
    )
    raise UsageError(f"{run.path}: {said}; choose one with --task:", run.tasks)


def hash_rows(run: AnyRun, task: str) -> str:
    """Return a SHA-256 over item, sample, confidence and outcome of the parsed rows of a task.

    It does not depend on their order. For files of rows, which some commands keep and others only
    count, it is the hash of the counts.
    """
    digest = sha256()
    if isinstance(run, CountedRun) or "columns" in (run.settings(task).get("source") or {}):
        parsed = run.count(task).parsed
        for column in () if parsed is None else (*parsed.cells, *(parsed.clusters or ())):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()
    named = has_item_names(run, task)  # other sources name rows by line number
    lines = [
        f"{row.item_hash if named else ''}\t{row.sample}\t{row.confidence!r}\t{row.correct}\n"
        for row in run.task_rows(task)
        if row.confidence is not None
    ]
    for line in sorted(lines):
        digest.update(line.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _parsers_of(run: AnyRun, task: str) -> tuple[str, ...]:
    """List the parser versions that read the rows identically."""
    version = run.settings(task).get("parser_version")
    if version is None:
        return ()
    rows = () if isinstance(run, CountedRun) else run.task_rows(task)
    alike = [] if count_read_otherwise(rows, version) else [PARSER_VERSION]
    return tuple(dict.fromkeys([str(version), *alike]))


def _estimate(
    run: AnyRun, task: str, parsed: Tally, method: MapMethod, folds: int, seed: int, level: float
) -> tuple[Gain, ...]:
    if isinstance(run, CountedRun):
        mapped = cross_recalibrate(parsed, method=method, folds=folds, seed=seed)
        changes = None
    else:
        rows = _read_columns(run, task, parsed)
        after = cross_recalibrate(
            rows.confidence,
            rows.correct,
            method=method,
            folds=folds,
            cluster=rows.cluster,
            seed=seed,
        )
        mapped = tally(after, rows.correct, cluster=rows.cluster)
        changes = metrics.compare(
            (rows.confidence, rows.correct),
            (after, rows.correct),
            cluster=rows.cluster,
            metrics=METRICS,
            level=level,
        )
    before, then = (bootstrap(one, metrics=METRICS, level=level) for one in (parsed, mapped))
    gains = []
    for name in METRICS:
        one, two = before[name], then[name]
        reasons = [one.reason, two.reason]
        difference = (two.estimate - one.estimate, float("nan"), float("nan"))
        if changes is None:
            reasons.append(NO_PAIRS)
        else:
            change = changes[name]
            difference = (change.difference, change.low, change.high)
            reasons.append(change.reason)
        why = "; ".join(dict.fromkeys(filter(None, reasons)))
        gains.append(Gain(name, _limits(one), _limits(two), _plain(difference), why))
    pairs = cross_tallies(parsed, method=method, folds=folds, seed=seed)
    return (*gains, _rank(pairs, level))


def _rank(folds: Sequence[tuple[Tally, Tally]], level: float) -> Gain:
    """Compare the ranking within each fold before and after mapping."""
    one, two = (bootstrap_within(side, level=level) for side in zip(*folds, strict=True))
    why = "; ".join(dict.fromkeys(filter(None, [one.reason, two.reason, ONE_MAP])))
    difference = (two.estimate - one.estimate, float("nan"), float("nan"))
    return Gain(WITHIN_FOLDS, _limits(one), _limits(two), difference, why)


def _read_columns(run: AnyRun, task: str, parsed: Tally) -> _Columns:
    rows = [] if isinstance(run, CountedRun) else run.task_rows(task)
    kept = [row for row in rows if row.confidence is not None]
    cluster = None if parsed.clusters is None else label_items([row.item_hash for row in kept])
    return _Columns(
        np.array([row.confidence for row in kept], dtype=np.float64),
        np.array([row.correct for row in kept], dtype=np.bool_),
        cluster,
    )


def _limits(interval: Interval) -> tuple[float, float, float]:
    return _plain((interval.estimate, interval.low, interval.high))


def _plain(limits: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return plain Python floats."""
    estimate, low, high = (float(one) for one in limits)
    return estimate, low, high
