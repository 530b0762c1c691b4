"""Captions of a report's figures: sentences on the runs that are drawn.

Every sentence is derived from the numbers in the figure. It must also be right for a single run,
for ties, and if some numbers are undefined.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from caopd_bench.core.numbers import PAGE
from caopd_bench.figures.marked import Point, ProbePoint, is_finite
from caopd_bench.figures.paper import find_front
from caopd_bench.metrics import ReliabilityTable, Tally
from caopd_bench.report.build import Report
from caopd_bench.report.certified import say_coverage, say_cut, say_risk
from caopd_bench.report.entries import Cell
from caopd_bench.report.placing import list_few

__all__ = [
    "say_certified",
    "say_front",
    "say_gaps",
    "say_histograms",
    "say_kept",
    "say_moves",
    "say_range",
    "say_reliability",
    "say_where",
]

number = PAGE.number
MOST = 4  # maximum number of models named in a long sentence


def say_gaps(points: Sequence[Point], confidence: str) -> str:
    """Return a sentence on the gap between each model's mean confidence and its accuracy.

    Examples
    --------
    >>> from caopd_bench.figures.marked import Estimate
    >>> points = [Point(name, Estimate(x), Estimate(0.5)) for name, x in (("a", 0.9), ("b", 0.4))]
    >>> say_gaps(points, "stated confidence")  # doctest: +NORMALIZE_WHITESPACE
    'The mean stated confidence is above the accuracy for a (by 0.400) and below it for b
    (by 0.100).'
    """
    gaps = [(p.name, p.x.value - p.y.value) for p in _drawn(points)]
    if not gaps:
        return f"No run has both an accuracy and a {confidence}."
    above = sorted((g for g in gaps if g[1] > 0 and not _is_zero(g[1])), key=lambda g: -g[1])
    below = sorted((g for g in gaps if g[1] < 0 and not _is_zero(g[1])), key=lambda g: g[1])
    level = [g for g in gaps if _is_zero(g[1])]
    parts = []
    if above:
        parts.append(f"above the accuracy for {_with(above)}")
    if below:
        parts.append(f"below {'it' if parts else 'the accuracy'} for {_with(below)}")
    if level:
        to = "it" if parts else "the accuracy"
        parts.append(f"within 0.0005 of {to} for {list_few([name for name, _ in level])}")
    return f"The mean {confidence} is {_join(parts)}."


def say_front(points: Sequence[Point], label: str) -> str:
    """Return a sentence naming the models on the Pareto front.

    Examples
    --------
    >>> from caopd_bench.figures.marked import Estimate
    >>> points = [Point(n, Estimate(x), Estimate(0.1)) for n, x in (("a", 0.9), ("b", 0.4))]
    >>> say_front(points, "ECE")  # doctest: +NORMALIZE_WHITESPACE
    'On the Pareto front (no other run is both more accurate and better calibrated): a (accuracy
    0.900, ECE 0.100).'
    """
    shown = _drawn(points)
    if not shown:
        return f"No run has both an accuracy and an {label}."
    if len(shown) == 1:
        (p,) = shown
        return f"Accuracy {number(p.x.value)}, {label} {number(p.y.value)} ({p.name})."
    front = find_front((p.x.value, p.y.value) for p in shown)
    named = [
        f"{p.name} (accuracy {number(p.x.value)}, {label} {number(p.y.value)})"
        for p in sorted(shown, key=lambda p: (-p.x.value, p.y.value))
        if (p.x.value, p.y.value) in front
    ]
    no_better = "no other run is both more accurate and better calibrated"
    return f"On the Pareto front ({no_better}): {list_few(named)}."


def say_range(points: Sequence[Point], label: str) -> str:
    """Return a sentence naming the models with the lowest and the highest value.

    Examples
    --------
    >>> from caopd_bench.figures.marked import Estimate
    >>> points = [Point(n, Estimate(1e6), Estimate(y)) for n, y in (("a", 0.3), ("b", 0.1))]
    >>> say_range(points, "ECE"), say_range(points[:1], "ECE")
    ('ECE runs from 0.100 (b) to 0.300 (a).', 'ECE is 0.300 (a).')
    """
    shown = [(p.name, p.y.value) for p in _drawn(points)]
    if not shown:
        return f"No run has both a size and a number of {label}."
    return f"{_range(shown, label)}."


def say_reliability(tables: Mapping[str, ReliabilityTable]) -> str:
    """Return sentences on the size of the ECE, and on the models whose ECE exceeds chance."""
    values = [(name, table.ece.estimate) for name, table in tables.items()]
    beyond = [n for n, table in tables.items() if table.ece.estimate > table.null_ece.upper]
    level = next(iter(tables.values())).level
    limit = f"chance alone would give (above the {100 * level:g} % limit of a calibrated model)"
    if len(tables) == 1:
        said = "larger than" if beyond else "no larger than"
        return f"{_range(values, 'The ECE')}, {said} {limit}."
    if len(beyond) == len(tables):
        every = "both" if len(tables) == 2 else f"all {len(tables)}"
        return f"{_range(values, 'The ECE')}; {every} are larger than {limit}."
    if not beyond:
        return f"{_range(values, 'The ECE')}; none is larger than {limit}."
    return f"{_range(values, 'The ECE')}; larger than {limit}: {list_few(beyond)}."


def say_histograms(tallies: Mapping[str, Tally], verb: str) -> str:
    """Return sentences on the number of values each model states, and its most common value."""
    parts = []
    for name, tally in tallies.items():
        rows = tally.right + tally.wrong
        share = f"{100 * float(rows.max()) / tally.n:.3g} %"
        count = tally.values.size
        if count == 1:
            answers = "its one answer" if tally.n == 1 else f"all {tally.n:,} answers"
            parts.append(f"{name} {verb} one value (in {answers})")
        else:
            often = f"the most frequent one in {share} of the answers"
            parts.append(f"{name} {verb} {count:,} values ({often})")
    return f"{list_few(parts, MOST)}. Answers without a usable confidence are left out."


def say_moves(points: Sequence[ProbePoint]) -> str:
    """Return sentences on the effect of the teacher's context on success and stated confidence."""
    moves = [
        f"{p.name} by {PAGE.signed(p.teacher_success.value - p.own_success.value)} in success and "
        f"{PAGE.signed(p.teacher_confidence.value - p.own_confidence.value)} in stated confidence"
        for p in points
        if all(
            map(
                is_finite,
                (p.own_success, p.own_confidence, p.teacher_success, p.teacher_confidence),
            )
        )
    ]
    return f"The context moves {list_few(moves)}." if moves else "No model has all four numbers."


def say_kept(cell: Cell) -> str:
    """Return a legend entry for a certified cut: "66.7 %, stated 1.00" or "none certified"."""
    shown = say_coverage(cell.cut)
    if cell.cut.outcome == "CERTIFIED":
        return f"{shown}, {say_where(cell)}"
    return f"{shown} certified" if cell.cut.outcome == "NONE" else shown


def say_where(cell: Cell) -> str:
    """Return the range of certified confidences, or "" if there is none."""
    if cell.cut.outcome != "CERTIFIED":
        return ""
    return f"{cell.wording.pick('stated', 'confidence')} {say_cut(cell.cut)}"


def say_certified(report: Report, cells: Sequence[Cell], names: Mapping[str, str]) -> str:
    """Return a sentence on the runs with a certified cut and those without."""
    runs: dict[str, list[str]] = {}
    for cell in cells:
        runs.setdefault(cell.cut.outcome, []).append(names[cell.run])
    limit, parts = say_risk(report.max_risk), []
    if "CERTIFIED" in runs:
        each = [
            f"{say_coverage(cell.cut)} of the answers of {names[cell.run]} ({say_where(cell)})"
            for cell in cells
            if cell.cut.outcome == "CERTIFIED"
        ]
        parts.append(
            f"certified at {limit} risk (with {say_risk(report.level)} certainty, each run by "
            f"itself): {list_few(each)}"
        )
    if "NONE" in runs:
        parts.append(f"none of {list_few(runs['NONE'])}")
    if "INCONCLUSIVE" in runs:
        parts.append(f"undecided for {list_few(runs['INCONCLUSIVE'])}")
    said = "; ".join(parts)
    return f"{said[:1].upper()}{said[1:]}."


def _range(values: Sequence[tuple[str, float]], label: str) -> str:
    shown = sorted(values, key=lambda one: one[1])
    low, high = (number(shown[i][1]) for i in (0, -1))
    lowest = list_few([name for name, value in shown if number(value) == low], 2)
    highest = list_few([name for name, value in shown if number(value) == high], 2)
    if len(shown) == 1:
        return f"{label} is {low} ({lowest})"
    if low == high:
        return f"{label} is {low} for all {len(shown):,} runs"
    return f"{label} runs from {low} ({lowest}) to {high} ({highest})"


def _drawn(points: Iterable[Point]) -> list[Point]:
    return [p for p in points if is_finite(p.x) and is_finite(p.y)]


def _is_zero(value: float) -> bool:
    """Return whether a difference is 0 when printed with three decimals."""
    return math.isclose(value, 0.0, abs_tol=0.0005)


def _with(gaps: Sequence[tuple[str, float]]) -> str:
    first = [f"{name} (by {number(abs(gap))})" for name, gap in gaps[:1]]
    return list_few([*first, *(f"{name} ({number(abs(gap))})" for name, gap in gaps[1:])])


def _join(parts: Sequence[str]) -> str:
    return " and ".join(parts) if len(parts) < 3 else f"{parts[0]}, {parts[1]} and {parts[2]}"
