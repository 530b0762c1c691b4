"""Which figures a report has: for the page, and for `--figures`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from caopd_bench.core.terminal import inline
from caopd_bench.figures.paper import (
    plot_confidence_accuracy,
    plot_histograms,
    plot_pareto,
    plot_probes,
    plot_scaling,
)
from caopd_bench.figures.points import Estimate, Point, ProbePoint
from caopd_bench.metrics import (
    bootstrap,
    plot_reliabilities,
    plot_risk_coverage,
    reliability_table,
)
from caopd_bench.report.build import Report
from caopd_bench.report.entries import Cell, Entry
from caopd_bench.report.skill import SKILL
from caopd_bench.runs.names import abbreviate
from caopd_bench.runs.records import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Drawing", "draw_probes", "draw_task"]

#: Panels and curves of one figure: the first runs of the standings.
MOST_PANELS = 9
MOST_CURVES = 7
WIDTH = 32
SCALED = {"overconfidence_gap": "Overconfidence gap", "ece": "ECE", SKILL: "Brier skill"}


class Drawing(NamedTuple):
    """A figure, the file it is called by, and what it shows in words."""

    name: str
    title: str
    caption: str
    figure: Figure


def draw_task(report: Report, task: str) -> Iterator[Drawing]:
    """Draw the figures of a task; those that have nothing to show are left out."""
    members = [entry for entry in report.entries if task in entry.cells]
    cells = [entry.cells[task] for entry in members]
    if all(cell.tally is None for cell in cells):
        return
    names = _short_names(report)
    wording = report.wording(task)
    confidence = wording.name
    state = wording.pick("state", "have")
    above = wording.pick("a model says more than it holds", "a model is surer than it is right")
    yield Drawing(
        "confidence-accuracy",
        f"{confidence[:1].upper()}{confidence[1:]} against accuracy",
        f"Mean {confidence} against the share of right answers, among the answers that {state} "
        f"one; the crosses are the intervals. Above the diagonal {above}.",
        plot_confidence_accuracy(
            [_stated(entry, task, report.level, names) for entry in members], confidence=confidence
        ),
    )
    points = [_point(entry, task, "accuracy", "ece", names) for entry in members]
    yield Drawing(
        "pareto",
        "Accuracy against calibration error",
        "Accuracy of all answers against the ECE. The line is the front: no run is better in both. "
        "The area below it is what the runs together dominate. An ECE of 0 is also that of a model "
        + wording.pick(
            "that always states its own accuracy.", "whose confidence is always its own accuracy."
        ),
        plot_pareto(points, "ECE"),
    )
    yield from _scaling(members, task, report.level, names)
    best = _best(report, task, MOST_PANELS)
    tables = {
        names[c.run]: reliability_table(c.tally, level=report.level)
        for c in best
        if c.tally is not None
    }
    left_out = _left_out(len(best), sum(cell.tally is not None for cell in cells))
    yield Drawing(
        "reliability",
        "Reliability diagrams",
        wording.pick(
            "What was stated against what came true. A dot is a stated value or, where a model "
            "states many, a bin of them",
            f"The {confidence} against what came true. A dot is a value or, where there are many, "
            "a bin of them",
        )
        + "; its area is the share of the answers. The band is where a calibrated model would run."
        + left_out,
        plot_reliabilities(tables, confidence=confidence),
    )
    tallies = {names[c.run]: c.tally for c in best if c.tally is not None}
    yield Drawing(
        "histograms",
        wording.pick("What is stated", "Histograms of the confidence"),
        wording.pick("How often each confidence is stated", "How often each confidence occurs")
        + f": right answers above, wrong ones below.{left_out}",
        plot_histograms(tallies, confidence=confidence),
    )
    curves = dict(list(tallies.items())[:MOST_CURVES])
    yield Drawing(
        "risk-coverage",
        "Risk and coverage",
        "The error rate among the answers that are kept, the surest first."
        + _left_out(len(curves), sum(cell.tally is not None for cell in cells)),
        plot_risk_coverage(curves),
    )


def draw_probes(report: Report) -> Iterator[Drawing]:
    """Draw the probes, if there are any."""
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
            "Success and stated confidence of a model without the context (open) and with it.",
            plot_probes(points),
        )


def _scaling(
    members: Sequence[Entry], task: str, level: float, names: Mapping[str, str]
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
            )
            for entry in sized
        ]
        yield Drawing(
            f"scaling-{label.lower().replace(' ', '-')}",
            f"{label} against model size",
            f"{label} against the number of parameters, with a line for each training method; the "
            "slope's interval takes the models as independent.",
            plot_scaling(points, label, level=level),
        )


def _best(report: Report, task: str, most: int) -> list[Cell]:
    cells = {entry.name: entry.cells[task] for entry in report.entries if task in entry.cells}
    stated = [cells[run] for run in report.standings[task].order if cells[run].tally is not None]
    return stated[:most]


def _left_out(shown: int, there: int) -> str:
    return f" The first {shown} of {there} runs in the standings." if shown < there else ""


def _stated(entry: Entry, task: str, level: float, names: Mapping[str, str]) -> Point:
    cell = entry.cells[task]
    nothing = Estimate(math.nan)
    right = nothing
    if cell.tally is not None:
        found = bootstrap(cell.tally, metrics=["accuracy"], level=level)["accuracy"]
        right = Estimate(found.estimate, found.low, found.high)
    stated = _estimate(cell.find("mean_confidence"))
    return Point(names[entry.name], right, stated, entry.given.method or "")


def _point(entry: Entry, task: str, x: str, y: str, names: Mapping[str, str]) -> Point:
    cell = entry.cells[task]
    ends = _estimate(cell.find(x)), _estimate(cell.find(y))
    return Point(names[entry.name], *ends, entry.given.method or "")


def _estimate(record: Record | None) -> Estimate:
    if record is None:
        return Estimate(math.nan)
    return Estimate(record.estimate, record.low, record.high)


def _short_names(report: Report) -> dict[str, str]:
    """Give each run's name for figures: two runs never share one."""
    names = [entry.name for entry in report.entries]
    return dict(zip(names, abbreviate(names, WIDTH), strict=True))
