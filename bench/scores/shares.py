"""Shares of rows, with intervals: of a status, and of confidences copied from the prompt."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import numpy as np

from caopd_bench.metrics import Interval, Tally, bootstrap
from caopd_bench.runs.confidence_of import wording_of
from caopd_bench.runs.counts import Counts, tally_share
from caopd_bench.runs.records import Record, make_record
from caopd_bench.runs.run import AGREEMENT, AnyRun
from caopd_bench.tasks.catalogue.ways import way_of

__all__ = ["NO_ROWS", "is_stated", "score_copies", "share", "undefined"]

NAN = float("nan")
NO_ROWS = "no row states a usable confidence"


def share(counted: Tally, level: float) -> Interval:
    """Return the share of right rows, with Wilson's limits at the clusters' effective number."""
    if counted.clusters is None:
        return _share_of_rows(int(counted.n_right), int(counted.n), level)
    return bootstrap(counted, metrics=["accuracy"], level=level)["accuracy"]


@lru_cache(maxsize=4096)
def _share_of_rows(hits: int, rows: int, level: float) -> Interval:
    """Return the share of independent rows, cached: many groups have the same few counts."""
    counted = tally_share(np.array([hits]), np.array([rows]), None)
    return bootstrap(counted, metrics=["accuracy"], level=level)["accuracy"]


def score_copies(run: AnyRun, task: str, counts: Counts, level: float) -> Record:
    """Compute the share of stated confidences that repeat a value shown in the exemplars."""
    settings = run.settings(task)
    shots = settings.get("num_fewshot") or 0
    shown = (settings.get("exemplars") or {}).get("confidences", [])
    values = {float(value) for value in shown[:shots]}
    parsed = counts.parsed
    if not shots:
        interval = undefined(level, "no exemplars shown")
    elif not values:
        interval = undefined(level, "the confidences of the exemplars are unknown")
    elif parsed is None:
        interval = undefined(level, NO_ROWS)
    else:
        interval = share(_tally_values(parsed, values), level)
    return make_record(run.name, task, None, "exemplar_copies", interval)


def is_stated(run: AnyRun, task: str) -> bool:
    """Return whether the confidence was stated; that of a vote or of P(True) is computed."""
    is_of_text = not task.endswith(AGREEMENT) and way_of(run.settings(task)).generates
    return is_of_text and wording_of(run, task).is_stated


def _tally_values(counted: Tally, wanted: Collection[float]) -> Tally:
    """Tally the rows again, right where they state one of these values."""
    is_wanted = np.isin(counted.values, list(wanted))
    clusters = counted.clusters
    if clusters is None:
        rows = counted.right + counted.wrong
        return tally_share(rows[is_wanted].sum(keepdims=True), rows.sum(keepdims=True), None)
    rows = clusters.right + clusters.wrong
    hits, of_all = (
        np.bincount(clusters.cluster, weights, minlength=clusters.labels.size).astype(np.int64)
        for weights in (rows * is_wanted[clusters.value], rows)
    )
    return tally_share(hits, of_all, clusters.labels)


def undefined(level: float, reason: str, estimate: float = NAN, n: int = 0) -> Interval:
    """Return an estimate without an interval, with the reason."""
    return Interval(estimate, NAN, NAN, level, n, "", NAN, reason=reason)
