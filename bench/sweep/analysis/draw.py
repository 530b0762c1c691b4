"""Draw the figures of a summary with the report's own plotting functions."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from caopd_bench.figures.grids import plot_estimates, plot_training
from caopd_bench.figures.marked import Estimate, Point, ProbePoint
from caopd_bench.figures.palette import Style, give_styles
from caopd_bench.figures.paper import (
    plot_confidence_accuracy,
    plot_pareto,
    plot_probes,
)
from caopd_bench.figures.scaling import plot_scaling
from caopd_bench.figures.trends import SlopeFit
from caopd_bench.runs.stored.study import read_member
from caopd_bench.sweep.analysis.numbers import Number, Summary
from caopd_bench.sweep.analysis.spec import FigureSpec, split_series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw"]

#: Position of a metric's reference line in a scaling figure, if it is not 0; None for no line.
REFERENCES: dict[str, float | None] = {
    **dict.fromkeys(("auroc", "auroc_within_level"), 0.5),
    **dict.fromkeys(("accuracy", "mean_confidence"), None),
}
#: Labels of the metrics in figures.
LABELS = {
    "accuracy": "Accuracy",
    "mean_confidence": "Mean stated confidence",
    "overconfidence_gap": "Overconfidence gap",
    "ece": "ECE",
    "brier": "Brier score",
    "auroc": "AUROC",
    "auroc_within_level": "AUROC within a level",
    "matched_gap": "Stated − accuracy, levels weighted to .5 right",
    "spr": "SPR",
    "parse_rate": "Parse rate",
    "entropy": "Entropy of the stated number (nats)",
    "core_seconds": "Core-seconds",
}
#: Columns of training.csv that a training figure plots.
CURVES = ("accuracy", "stated", "success_rate", "entropy", "teacher_entropy")


def draw(spec: FigureSpec, summary: Summary) -> Figure | None:
    """Draw one figure of the analysis; None if none of its groups was measured."""
    series = [
        (at, group) for at in summary.places for group in spec.groups if summary.has(at, group)
    ]
    if not series:
        return None
    look = _give_look(summary)
    if spec.kind == "scaling":
        return _draw_scaling(spec, summary, look)
    if spec.kind == "estimates":
        metrics = spec.metrics or [spec.metric or "ece"]
        panels = {
            LABELS.get(metric, metric): [
                (_name(at, group, summary), _estimate(summary.level(at, group, metric)))
                for at, group in series
            ]
            for metric in metrics
        }
        # Each line is labelled by name, so variants need only the colour and no marks of their own.
        named = {_name(at, group, summary): give_styles([group])[group] for at, group in series}
        return plot_estimates(panels, title=spec.title, look=named)
    if spec.kind == "training":
        return _draw_training(spec, series, summary, look)
    if spec.kind == "probes":
        return _draw_probes(spec, series, summary, look)
    x, y = "accuracy", spec.metric or "brier"
    if spec.kind == "confidence_accuracy":
        x, y = "mean_confidence", "accuracy"
    points = [
        Point(
            at,
            _estimate(summary.level(at, group, x)),
            _estimate(summary.level(at, group, y)),
            summary.analysis.call(group),
            look[group],
        )
        for at, group in series
    ]
    if spec.kind == "confidence_accuracy":
        return plot_confidence_accuracy(points, title=spec.title)
    return plot_pareto(points, LABELS.get(y, "Brier score"), title=spec.title)


def _give_look(summary: Summary) -> dict[str, Style]:
    """Assign each group a colour and a mark, so that they are the same in all figures."""
    specs = summary.analysis.figures
    groups = [*summary.analysis.groups, *(group for spec in specs for group in spec.groups)]
    return give_styles(groups)


def _draw_scaling(spec: FigureSpec, summary: Summary, look: Mapping[str, Style]) -> Figure:
    metric = spec.metric or "overconfidence_gap"
    points = [
        Point(
            at,
            Estimate(summary.gathered.parameters[at]),
            _estimate(summary.level(at, group, metric)),
            summary.analysis.call(group),
            look[group],
        )
        for group in spec.groups
        for at in summary.places
        if summary.has(at, group)
    ]
    fits = {}
    for group in spec.groups:
        number, intercept = summary.line(group, metric)
        made = number.limits
        if made.estimate == made.estimate:
            fit = SlopeFit(made.estimate, intercept, made.low, made.high, number.defined)
            fits[summary.analysis.call(group)] = fit
    label, level = LABELS.get(metric, metric), summary.analysis.level
    reference = REFERENCES.get(metric, 0.0)
    return plot_scaling(
        points, label, title=spec.title, level=level, fits=fits, reference=reference
    )


def _draw_probes(
    spec: FigureSpec,
    series: Sequence[tuple[str, str]],
    summary: Summary,
    look: Mapping[str, Style],
) -> Figure:
    names = ("student_success", "student_stated", "teacher_success", "teacher_stated")
    points = []
    for at, group in series:
        own, own_stated, teacher, teacher_stated = (
            _estimate(summary.level(at, group, name)) for name in names
        )
        called = _name(at, group, summary)
        points.append(ProbePoint(called, own, own_stated, teacher, teacher_stated, look[group]))
    return plot_probes(points, title=spec.title)


def _draw_training(
    spec: FigureSpec,
    series: Sequence[tuple[str, str]],
    summary: Summary,
    look: Mapping[str, Style],
) -> Figure | None:
    curves: dict[str, dict[str, list[list[float]]]] = {}
    for at, series_name in series:
        group = split_series(series_name, summary.analysis.view)[0]
        for folder in summary.gathered.folders[at, group]:
            for column, values in _read_history(folder / "training.csv").items():
                name = _name(at, series_name, summary)
                curves.setdefault(column, {}).setdefault(name, []).append(values)
    named = {_name(at, group, summary): look[group] for at, group in series}
    return plot_training(curves, title=spec.title, look=named) if curves else None


def _read_history(file: Path) -> dict[str, list[float]]:
    packed = read_member(file)
    if packed is None and not file.is_file():
        return {}
    text = (file.read_bytes() if packed is None else packed).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    wanted = [name for name in CURVES if all(row.get(name) for row in rows)]
    return {name: [float(row[name]) for row in rows] for name in wanted}


def _name(at: str, group: str, summary: Summary) -> str:
    name = summary.analysis.call(group)
    return f"{at} {name}" if len(summary.places) > 1 else name


def _estimate(number: Number) -> Estimate:
    return Estimate(number.limits.estimate, number.limits.low, number.limits.high)
