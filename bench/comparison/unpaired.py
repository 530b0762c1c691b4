"""Compare two runs of different items as independent samples; the intervals are much wider."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from caopd_bench.comparison.comparability import Difference, check_parsers, find_differences, refuse
from caopd_bench.comparison.compare import common_tasks, read_pair
from caopd_bench.comparison.equal_answers import notes_on_equal_answers
from caopd_bench.comparison.pair_notes import notes_on_weights
from caopd_bench.core.numbers import PLAIN, finite
from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, align, inline
from caopd_bench.metrics.points.classes import CLASS_METRICS
from caopd_bench.runs.names import abbreviate
from caopd_bench.runs.records import Record
from caopd_bench.runs.run import AnyRun
from caopd_bench.scores.score import score
from caopd_bench.scores.table import LABELS, SIGNED

__all__ = ["Apart", "Unpaired", "compare_unpaired", "render_unpaired", "unpaired_to_plain"]

#: Lines of `score` without a direction, or derived from others, which are not tested.
LEFT_OUT = {"null_ece", "ece_debiased", "exemplar_copies", *CLASS_METRICS}


@dataclass(frozen=True, slots=True)
class Apart:
    """One metric of two independent samples.

    Attributes
    ----------
    metric : str
    base, cand, difference, low, high : float
        `difference` is cand - base; limits are NaN, with a reason, if one run has none.
    reason : str
    """

    metric: str
    base: float
    cand: float
    difference: float
    low: float
    high: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Unpaired:
    """One task of two runs that answered different items.

    Attributes
    ----------
    base, cand, task : str
    n : tuple of int
        Number of rows of each run.
    same_items : bool
        Whether the items are in fact the same, so that pairing would be more precise.
    level : float
    metrics : Sequence of Apart
    differences : Sequence of Difference
    notes : Sequence of str
    """

    base: str
    cand: str
    task: str
    n: tuple[int, int]
    same_items: bool
    level: float
    metrics: Sequence[Apart]
    differences: Sequence[Difference]
    notes: Sequence[str]


def compare_unpaired(
    base: AnyRun | str | Path,
    cand: AnyRun | str | Path,
    *,
    task: str | None = None,
    strict: bool = False,
    level: float = 0.95,
) -> list[Unpaired]:
    r"""Compare two runs as independent samples.

    Parameters and errors as for `caopd_bench.compare`; the items may differ.

    Notes
    -----
    MOVER (Zou and Donner, Statistics in Medicine 27, 2008), from the intervals of the two runs:

    .. math:: L = d - \sqrt{(\hat b - l_b)^2 + (u_a - \hat a)^2}
    """
    one, two = read_pair(base, cand)
    tasks = common_tasks(one.tasks, two.tasks, task)
    check_parsers(one, two, tasks)
    records = [
        {(r.task, r.metric): r for r in score(run, level=level) if r.group is None}
        for run in (one, two)
    ]
    notes = [*notes_on_weights([one, two]), *notes_on_equal_answers([one, two], tasks)]
    found = []
    for name in tasks:
        differences = find_differences(one, two, [name])
        if strict:
            refuse(differences)
        metrics = [
            _apart(records[0][name, metric], records[1][name, metric])
            for metric in LABELS
            if (name, metric) in records[0] and (name, metric) in records[1]
            if metric not in LEFT_OUT
        ]
        n = one.count(name).n, two.count(name).n
        same = _items(one, name) == _items(two, name) != set()
        found.append(
            Unpaired(one.name, two.name, name, n, same, level, metrics, differences, notes)
        )
    return found


def render_unpaired(found: Unpaired) -> Iterator[str]:
    """Yield the blocks of one task."""
    names = abbreviate((found.base, found.cand), NAME_WIDTH)
    task = inline(found.task, NAME_WIDTH)
    yield f"\nUNPAIRED  {names[1]} against {names[0]} on {task}: {_say(found)}"
    yield (
        f"  {found.n[0]:,} and {found.n[1]:,} rows, treated as independent samples, so easier or "
        "harder items count as a difference between the models"
    )
    if found.same_items:
        yield "  the items are the same: leave --unpaired out to get narrower intervals"
    for one in found.differences:
        yield f"  differs: {inline(str(one), WARNING_WIDTH)}"
    for note in found.notes:
        yield f"  warning: {inline(note)}"
    table = [
        [
            "",
            *abbreviate((found.base, found.cand), 30),
            "change",
            f"{100 * found.level:g}% interval",
            "",
        ]
    ]
    for one_metric in found.metrics:
        values = [
            PLAIN.number(value, signed=one_metric.metric in SIGNED)
            for value in (one_metric.base, one_metric.cand)
        ]
        limits = PLAIN.limits(one_metric.low, one_metric.high, signed=True)
        # Give a reason where there is no interval.
        why = inline(one_metric.reason, WARNING_WIDTH)
        change = PLAIN.signed(one_metric.difference)
        table.append([LABELS[one_metric.metric], *values, change, limits, why])
    yield "\n" + "\n".join(align(table))


def unpaired_to_plain(found: Unpaired) -> dict[str, Any]:
    """Return one comparison as plain values for strict JSON."""
    return {
        "paired": False,
        "base": found.base,
        "cand": found.cand,
        "task": found.task,
        "rows": list(found.n),
        "same_items": found.same_items,
        "level": found.level,
        "changes": [finite(asdict(one)) for one in found.metrics],
        "differences": [one._asdict() for one in found.differences],
        "notes": list(found.notes),
    }


def _say(found: Unpaired) -> str:
    """Return the Brier scores together with the accuracies, on which they also depend."""
    metrics = {one.metric: one for one in found.metrics}
    brier = metrics.get("brier")
    if brier is None or math.isnan(brier.low):
        return "the Brier scores cannot be compared"
    rates = [
        f"{label} {one.base:.3f} to {one.cand:.3f}"
        for name, label in (("accuracy", "accuracy"), ("parse_rate", "parse rate"))
        if (one := metrics.get(name)) is not None and one.difference
    ]
    limits = f"Brier {PLAIN.signed(brier.difference)} "
    limits += PLAIN.limits(brier.low, brier.high, signed=True)
    verdict = "no difference between the Brier scores was found"
    parsed = metrics.get("parse_rate")
    if parsed is not None and (parsed.low > 0.0 or parsed.high < 0.0):
        verdict = (
            "Brier scores over different shares of the answers, which do not describe the others"
        )
    elif brier.low > 0.0 or brier.high < 0.0:
        verdict = f"a {'higher' if brier.low > 0.0 else 'lower'} Brier score"
    return "; ".join([f"{verdict}, {limits}", *rates])


def _apart(a: Record, b: Record) -> Apart:
    difference = b.estimate - a.estimate
    limits = (a.low, a.high, b.low, b.high)
    if any(math.isnan(value) for value in (difference, *limits)):
        reason = a.reason or b.reason or "one of the two has no interval"
        return Apart(a.metric, a.estimate, b.estimate, difference, math.nan, math.nan, reason)
    low = difference - math.hypot(b.estimate - b.low, a.high - a.estimate)
    high = difference + math.hypot(b.high - b.estimate, a.estimate - a.low)
    return Apart(a.metric, a.estimate, b.estimate, difference, low, high)


def _items(run: AnyRun, task: str) -> set[str]:
    return {row.item_hash for row in getattr(run, "rows", ()) if row.task == task}
