"""Draw the figures of a report, for the page and for `--figures`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from caopd_bench.core.terminal import inline
from caopd_bench.figures.histograms import plot_histograms
from caopd_bench.figures.marked import Estimate, Point, ProbePoint
from caopd_bench.figures.palette import MOST_GROUPS, Style, give_styles
from caopd_bench.figures.paper import (
    plot_confidence_accuracy,
    plot_pareto,
    plot_probes,
)
from caopd_bench.figures.scaling import plot_scaling
from caopd_bench.figures.selection import DASHES, FEWEST_KEPT, Curve, Mark, plot_selection
from caopd_bench.metrics import bootstrap, plot_reliabilities, reliability_table, risk_coverage
from caopd_bench.report.build import Report
from caopd_bench.report.certified import say_risk
from caopd_bench.report.drawings import captions
from caopd_bench.report.entries import Cell, Entry
from caopd_bench.report.skill import SKILL
from caopd_bench.runs.names import abbreviate
from caopd_bench.runs.records import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Drawing", "draw_probes", "draw_task"]

#: Maximum number of panels or curves in a figure; the first runs of the standings are drawn.
MOST_PANELS = 9
MOST_CURVES = MOST_GROUPS
WIDTH = 32
SCALED = {"overconfidence_gap": "Overconfidence gap", "ece": "ECE", SKILL: "Brier skill"}


class Drawing(NamedTuple):
    """A figure with its file name and a description of its content."""

    name: str
    title: str
    caption: str
    figure: Figure


def draw_task(report: Report, task: str) -> Iterator[Drawing]:
    """Yield the figures of a task, except those without any data."""
    by_name = {entry.name: entry for entry in report.entries}
    members = [by_name[run] for run in report.standings[task].order]
    cells = [entry.cells[task] for entry in members]
    if all(cell.tally is None for cell in cells):
        return
    names = _short_names(report)
    look = _styles(report)
    wording = report.wording(task)
    confidence = wording.name
    stated = [_stated(entry, task, report.level, names, look) for entry in members]
    yield Drawing(
        "confidence-accuracy",
        f"Accuracy against {confidence}",
        f"{captions.say_gaps(stated, confidence)} Both are means over the answers with a "
        f"confidence; crosses: {say_risk(report.level)} intervals. Below the diagonal a run is "
        "overconfident.",
        plot_confidence_accuracy(stated, confidence=confidence),
    )
    points = [_point(entry, task, "accuracy", "ece", names, look) for entry in members]
    yield Drawing(
        "pareto",
        "Accuracy against calibration error",
        f"{captions.say_front(points, 'ECE')} Caution: "
        + wording.pick("always stating the own accuracy", "a constant at the own accuracy")
        + " also gives an ECE of 0.",
        plot_pareto(points, "ECE", area=False),
    )
    yield from _scaling(members, task, report.level, names, look)
    best = _best(report, task, MOST_PANELS)
    tables = {
        names[c.run]: reliability_table(c.tally, level=report.level)
        for c in best
        if c.tally is not None
    }
    shown = {names[run]: style for run, style in look.items()}
    left_out = _left_out(len(best), sum(cell.tally is not None for cell in cells))
    yield Drawing(
        "reliability",
        "Reliability diagrams",
        f"{captions.say_reliability(tables)} "
        + wording.pick(
            "Circle: a stated value or, where a run states many, a bin of them",
            "Circle: a value or, where there are many, a bin of them",
        )
        + "; its area is the share of the answers. Dashed: perfect calibration; below it a run is "
        f"overconfident, above it underconfident. Grey: where {say_risk(report.level)} of "
        "calibrated models would lie; without width at 0 and 1. Black: isotonic fit, the accuracy "
        f"fitted to rise with the confidence. Bars at the bottom: share of the answers.{left_out}",
        plot_reliabilities(tables, confidence=confidence, look=shown),
    )
    tallies = {names[c.run]: c.tally for c in best if c.tally is not None}
    yield Drawing(
        "histograms",
        wording.pick("What is stated", "Histograms of the confidence"),
        f"{captions.say_histograms(tallies, wording.pick('states', 'has'))} Above the line: right "
        f"answers; below it, pale: wrong ones. All panels have one scale.{left_out}",
        plot_histograms(tallies, confidence=confidence, look=shown),
    )
    yield _selection(report, task, names, look)


def draw_probes(report: Report) -> Iterator[Drawing]:
    """Yield the figure of the probes, if there are any."""
    found: dict[tuple[str, str, str | None], dict[str, Record]] = {}
    for record in report.probes:
        found.setdefault((record.run, record.task, record.group), {})[record.metric] = record
    points = [
        ProbePoint(
            inline(f"{run} {task} {group or ''}".strip(), WIDTH),
            _estimate(numbers["own_success"]),
            _estimate(numbers["own_confidence"]),
            _estimate(numbers["teacher_success"]),
            _estimate(numbers["teacher_confidence"]),
        )
        for (run, task, group), numbers in found.items()
    ]
    if points:
        yield Drawing(
            "probes",
            "Without and with the teacher's context",
            f"{captions.say_moves(points)} Success and stated confidence without the context (open "
            "marks) and with it.",
            plot_probes(points),
        )


def _scaling(
    members: Sequence[Entry],
    task: str,
    level: float,
    names: Mapping[str, str],
    look: Mapping[str, Style],
) -> Iterator[Drawing]:
    sized = [entry for entry in members if entry.size is not None]
    if len({entry.size for entry in sized}) < 2:
        return
    for metric, label in SCALED.items():
        points = [
            Point(
                names[entry.name],
                Estimate(entry.size or math.nan),
                _estimate(entry.cells[task].find(metric)),
                entry.given.method or "",
                look.get(entry.name),
            )
            for entry in sized
        ]
        yield Drawing(
            f"scaling-{label.lower().replace(' ', '-')}",
            f"{label} against model size",
            f"{captions.say_range(points, label)} A line is fitted for each training method of at "
            "least three sizes; the slope's interval takes the models as independent.",
            plot_scaling(points, label, level=level),
        )


def _selection(
    report: Report, task: str, names: Mapping[str, str], look: Mapping[str, Style]
) -> Drawing:
    """Draw risk against coverage with the certified cuts, and describe the result."""
    cells, there = _surest(report, task), len(_best(report, task, len(report.entries)))
    curves: list[Curve] = []
    for cell in cells:
        assert cell.tally is not None
        style, cut = look[cell.run], cell.cut
        _, coverage, risk = risk_coverage(cell.tally)
        drawn = np.rint(coverage * cell.n_parsed) >= FEWEST_KEPT
        where = captions.say_where(cell)
        alike = sum(curve.style[0] == style[0] for curve in curves)
        curves.append(
            Curve(
                f"{names[cell.run]}: {captions.say_kept(cell)}",
                coverage[drawn] * (cell.n_parsed / cell.n),
                risk[drawn],
                style,
                DASHES[alike % len(DASHES)],
                None if math.isnan(cut.cut) else Mark(cut.coverage, cut.risk, where),
            )
        )
    some = f" {len(cells)} of {there} runs: those that keep most, then as in the standings."
    return Drawing(
        "risk-coverage",
        "Risk against coverage",
        f"{captions.say_certified(report, cells, names)} Answers of the same confidence are kept "
        "or dropped together, so only the marks can be reached; large marks are the certified "
        f"cuts. Lines begin at {FEWEST_KEPT} answers.{some if len(cells) < there else ''}",
        plot_selection(curves, max_risk=report.max_risk, limit=say_risk(report.max_risk)),
    )


def _surest(report: Report, task: str) -> list[Cell]:
    """Return the runs with a curve, by falling certified coverage, then as in the standings."""
    stated = _best(report, task, len(report.entries))
    stated.sort(key=lambda cell: -cell.cut.coverage if cell.cut.outcome == "CERTIFIED" else 0.0)
    return stated[:MOST_CURVES]


def _styles(report: Report) -> dict[str, Style]:
    """Return each run's colour and mark for all figures: its own, or those of its method."""
    methods = list(dict.fromkeys(entry.given.method or "" for entry in report.entries))
    if any(methods):
        look = give_styles(methods)
        return {entry.name: look[entry.given.method or ""] for entry in report.entries}
    # Runs with a curve in some figure choose first, since lines are distinguished by colour.
    drawn = {cell.run for task in report.tasks for cell in _surest(report, task)}
    return give_styles(
        sorted((entry.name for entry in report.entries), key=lambda run: run not in drawn)
    )


def _best(report: Report, task: str, most: int) -> list[Cell]:
    cells = {entry.name: entry.cells[task] for entry in report.entries if task in entry.cells}
    stated = [cells[run] for run in report.standings[task].order if cells[run].tally is not None]
    return stated[:most]


def _left_out(shown: int, there: int) -> str:
    return f" The first {shown} of {there} runs in the standings." if shown < there else ""


def _stated(
    entry: Entry, task: str, level: float, names: Mapping[str, str], look: Mapping[str, Style]
) -> Point:
    cell = entry.cells[task]
    nothing = Estimate(math.nan)
    right = nothing
    if cell.tally is not None:
        found = bootstrap(cell.tally, metrics=["accuracy"], level=level)["accuracy"]
        right = Estimate(found.estimate, found.low, found.high)
    stated = _estimate(cell.find("mean_confidence"))
    return Point(names[entry.name], stated, right, entry.given.method or "", look.get(entry.name))


def _point(
    entry: Entry, task: str, x: str, y: str, names: Mapping[str, str], look: Mapping[str, Style]
) -> Point:
    cell = entry.cells[task]
    ends = _estimate(cell.find(x)), _estimate(cell.find(y))
    return Point(names[entry.name], *ends, entry.given.method or "", look.get(entry.name))


def _estimate(record: Record | None) -> Estimate:
    if record is None:
        return Estimate(math.nan)
    return Estimate(record.estimate, record.low, record.high)


def _short_names(report: Report) -> dict[str, str]:
    """Return a short name for each run in figures; no two runs share one."""
    names = [entry.name for entry in report.entries]
    return dict(zip(names, abbreviate(names, WIDTH), strict=True))
