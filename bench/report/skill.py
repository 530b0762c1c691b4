"""The Brier skill that orders the standings; a missing confidence counts as the worst one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics import Interval, Tally, bootstrap, tally
from caopd_bench.metrics.comparison.paired_limits import MIN_CLASS
from caopd_bench.runs.confidence_of import STATED, Wording
from caopd_bench.runs.counts import Counts
from caopd_bench.runs.records import Record, make_record
from caopd_bench.runs.run import Row

__all__ = ["SKILL", "explain_order", "fill_worst", "score_skill", "tells_apart"]

NAN = float("nan")
SKILL = "brier_skill_worst_case"


def explain_order(wording: Wording = STATED) -> str:
    """Return a sentence on the order of the runs and its exceptions."""
    stating = wording.pick("stating", "giving")
    return (
        f"Ordered by Brier skill: how much better the {wording.name} predicts which answers are "
        f"right than always {stating} the run's own accuracy (0: no better, 1: perfect; an answer "
        "without a usable confidence counts as the worst possible). Two rules override this order. "
        "A run whose confidence does not separate right from wrong answers is listed below all "
        "whose confidence does. And a run is listed below every significantly more accurate one "
        "whose confidence is sound (skill above 0, mean confidence near the accuracy)."
    )


def score_skill(run: str, task: str, rows: Tally, level: float) -> Record:
    """Return the Brier skill over all rows of a task, from a tally made by :func:`fill_worst`.

    The skill is 1 - Brier / (accuracy (1 - accuracy)). It is undefined, with a reason, for fewer
    than five right or five wrong answers: with one right answer, luck can produce a skill of 1.
    """
    found = bootstrap(rows, metrics=["brier_skill"], level=level)["brier_skill"]
    few = _find_few(rows)
    if few and not math.isnan(found.estimate):
        found = Interval(NAN, NAN, NAN, level, found.n, found.method, NAN, reason=few)
    return make_record(run, task, None, SKILL, found)


def tells_apart(rows: Tally, level: float) -> bool:
    """Return whether the confidence demonstrably separates right answers from wrong ones.

    This requires the AUROC of a tally made by :func:`fill_worst` to be significantly above 0.5. A
    constant never passes, nor does a model that omits the confidence for many wrong answers.
    """
    return bootstrap(rows, metrics=["auroc"], level=level)["auroc"].low > 0.5


def _find_few(rows: Tally) -> str:
    """Return which kind of answer is too rare, worded as in the test of two models; else ""."""
    for kind, counts in (("right", rows.right), ("wrong", rows.wrong)):
        units = int(counts.sum())
        if rows.clusters is not None:
            of_kind = getattr(rows.clusters, kind) > 0
            units = int(np.unique(rows.clusters.cluster[of_kind]).size)
        if units < MIN_CLASS:
            of = "" if rows.clusters is None else "clusters with "
            return f"fewer than {MIN_CLASS} {of}{kind} answers: no Brier skill"
    return ""


def fill_worst(counts: Counts, rows: Sequence[Row] = ()) -> Tally:
    """Return a tally of all rows of a task, with the worst value for each missing confidence.

    Without a usable confidence, a right answer counts as stated at 0 and a wrong one at 1, so each
    has a loss of 1. `rows` are the rows behind `counts`; they may be left out if they are too many
    to keep, since the counts suffice.
    """
    if counts.n_parsed == counts.n:
        return counts.filled
    if not rows:
        return _fill_counts(counts)
    stated = [1.0 - row.correct if row.confidence is None else row.confidence for row in rows]
    items = [row.item_hash for row in rows]
    is_sampled = counts.filled.clusters is not None
    cluster = np.unique(items, return_inverse=True)[1].reshape(-1) if is_sampled else None
    return tally(stated, [row.correct for row in rows], cluster=cluster)


class _Entries(NamedTuple):
    """Numbers of right and wrong rows per label and value; labels ascend (0 without clusters)."""

    label: NDArray[Any]
    value: NDArray[np.float64]
    right: NDArray[Any]
    wrong: NDArray[Any]


def _fill_counts(counts: Counts) -> Tally:
    filled, parsed = counts.filled, counts.parsed
    # If only one tally has clusters, ignore them: the other has one row per item and keeps none.
    is_sampled = filled.clusters is not None and (parsed is None or parsed.clusters is not None)
    label, value, right, wrong = _list(filled, is_sampled)
    unstated = np.where(value == 0.0, wrong, 0)  # `filled` has rows without confidence at 0
    if parsed is not None:
        known = _list(parsed, is_sampled)
        zero, stated_zero = np.flatnonzero(value == 0.0), known.value == 0.0
        place = zero[np.searchsorted(label[zero], known.label[stated_zero])]
        unstated[place] -= known.wrong[stated_zero]
    times = np.concatenate([right, wrong - unstated, unstated])
    outcome = np.repeat([True, False, False], value.size)
    stated = np.concatenate([value, value, np.ones(value.size)])
    labels = np.repeat(np.tile(label, 3), times) if is_sampled else None
    return tally(np.repeat(stated, times), np.repeat(outcome, times), cluster=labels)


def _list(counted: Tally, is_sampled: bool) -> _Entries:
    clusters = counted.clusters
    if clusters is None or not is_sampled:
        return _Entries(np.zeros(counted.values.size, dtype=np.intp), *counted.cells)
    label = clusters.labels[clusters.cluster]
    return _Entries(label, counted.values[clusters.value], clusters.right, clusters.wrong)
