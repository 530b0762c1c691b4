"""The paper's figures, from any set of runs: what the report shows and the sweeps draw.

Each takes plain points and returns a matplotlib figure that pyplot does not know of. Reliability
diagrams and risk-coverage curves are in `caopd_bench.metrics`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from caopd_bench.figures.marked import GREY, Point, ProbePoint, is_finite
from caopd_bench.figures.palette import MOST_GROUPS, give_styles
from caopd_bench.figures.points import (
    MOST_NAMES,
    by_series,
    draw_cross,
    draw_points,
    finish,
    look_of,
    make_axes,
)
from caopd_bench.figures.trends import SlopeFit, fit_slope
from caopd_bench.figures.words import label_ends, name_points, write_zones
from caopd_bench.metrics.reliability.marks import legend_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "dominated_area",
    "find_front",
    "plot_confidence_accuracy",
    "plot_pareto",
    "plot_probes",
    "plot_scaling",
]

STATED = "stated confidence"
#: Not a colour of any model.
SHADE = "#9a9a9a"
#: Where "overconfident" and "underconfident" may stand, as shares of the axes: the corners, then
#: away from them.
ZONES = (
    ("overconfident", [(0.02, 0.98), (0.02, 0.93), (0.02, 0.86), (0.02, 0.75), (0.02, 0.6)]),
    ("underconfident", [(0.98, 0.02), (0.98, 0.07), (0.98, 0.14), (0.98, 0.25), (0.98, 0.4)]),
)


def plot_confidence_accuracy(
    points: Sequence[Point], *, title: str | None = None, confidence: str = STATED
) -> Figure:
    """Draw mean stated confidence against accuracy, with the zone of over-confidence shaded.

    Parameters
    ----------
    points : sequence of Point
        x: accuracy, y: mean stated confidence, both in [0, 1].
    title : str, optional
    confidence : str, default "stated confidence"
        What the confidence is, for the axis.

    Returns
    -------
    matplotlib.figure.Figure
        Crosses are the intervals. On the diagonal a model is right as often as it says.
    """
    ax = make_axes()
    _draw_diagonal(ax)
    draw_points(ax, points)
    write_zones(ax, points, ZONES)
    return finish(ax, "Accuracy", f"Mean {confidence}", title)


def plot_scaling(
    points: Sequence[Point],
    label: str,
    *,
    title: str | None = None,
    level: float = 0.95,
    fits: Mapping[str, SlopeFit] | None = None,
) -> Figure:
    """Draw a measure of miscalibration against model size, with a fitted slope per series.

    Parameters
    ----------
    points : sequence of Point
        x: parameters, y: the measure.
    label : str
        Of the measure.
    title : str, optional
    level : float, default 0.95
        Nominal coverage of the slope's interval, which the legend tells; with more than six series
        the names and slopes stand beside the lines.
    fits : mapping of str to SlopeFit, optional
        By series: slopes that were fitted elsewhere, with what is known of runs besides their
        points.

    Returns
    -------
    matplotlib.figure.Figure
        The slope is per factor of ten in size, by least squares over the points of a series; none
        with fewer than three sizes. See :func:`caopd_bench.figures.trends.fit_slope`.
    """
    ax = make_axes(wide=True)
    ax.axhline(0.0, color="0.8", linewidth=0.8, zorder=1)
    shown = [p for p in points if is_finite(p.x) and p.x.value > 0 and is_finite(p.y)]
    groups = by_series(shown)
    has_legend, ends = len(groups) <= MOST_GROUPS, []
    for (series, members), (colour, mark) in zip(groups, look_of(groups), strict=True):
        sizes = [p.x.value for p in members]
        y = np.array([p.y.value for p in members])
        given = fits.get(series) if fits is not None else None
        fit = given or fit_slope(np.log10(sizes), y, level=level)
        text = _slope_text(series, fit)
        entry: dict[str, Any] = {"label": legend_label(text)} if has_legend else {}
        if not series and any(p.style for p in members):
            # Of no method: each model has its own look, and their line that of none.
            colour = GREY
            shown_as = "" if math.isnan(fit.slope) else "solid"
            ax.plot([], [], color=colour, linestyle=shown_as, linewidth=1.2, **entry)
            looks = [p.style or (GREY, mark) for p in members]
        else:
            ax.plot(sizes, y, color=colour, marker=mark, linestyle="", zorder=3, **entry)
            looks = [(colour, mark)] * len(members)
        for p, own in zip(members, looks, strict=True):
            draw_cross(ax, p, own[0])
            if own != (colour, mark):
                ax.plot(p.x.value, p.y.value, own[1], color=own[0], zorder=3)
        end = y[int(np.argmax(sizes))]
        if not math.isnan(fit.slope):
            reach = np.log10([min(sizes), max(sizes)])
            line = fit.intercept + fit.slope * reach
            ax.plot(10**reach, line, color=colour, linewidth=1.2)
            end = line[-1]
        ends.append((_short_slope(series, fit), max(sizes), float(end), colour))
    ax.set_xscale("log")
    across = "Parameters"
    if not has_legend:
        label_ends(ax, ends)
        across += " (beside each line: its slope per factor of ten)"
    elif len(shown) <= MOST_NAMES:
        name_points(ax, shown)
    return finish(ax, across, label, title, legend=bool(shown))


def plot_pareto(
    points: Sequence[Point], label: str, *, worst: float = 1.0, title: str | None = None
) -> Figure:
    """Draw accuracy against a calibration error, the front, and the area it dominates.

    Parameters
    ----------
    points : sequence of Point
        x: accuracy, higher is better; y: a calibration error, lower is better.
    label : str
        Of the error.
    worst : float, default 1
        The error at the corner from which the area counts.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        The axis of the error points down, so that better is up and to the right.
    """
    ax = make_axes()
    shown = [p for p in points if is_finite(p.x) and is_finite(p.y)]
    front = find_front((p.x.value, p.y.value) for p in shown)
    if front:
        area = dominated_area(front, worst=worst)
        x = [0.0, *np.repeat([x for x, _ in front], 2)]
        y = [*np.repeat([y for _, y in front], 2), worst]
        ax.fill_between(x, y, worst, color=SHADE, alpha=0.14, linewidth=0, zorder=0)
        said = f"front; dominated area {area:.3f}"
        ax.plot(x, y, color=GREY, linewidth=1.2, zorder=1, label=said)
    values = [v for p in shown for v in (p.y.value, p.y.high) if math.isfinite(v)]
    bottom = min(max([*values, 0.05]) * 1.1, worst)
    ax.set(xlim=(0, 1), ylim=(bottom, 0.0))
    draw_points(ax, shown)
    return finish(ax, "Accuracy", f"{label} (up is better)", title)


def plot_probes(points: Sequence[ProbePoint], *, title: str | None = None) -> Figure:
    """Draw success and stated confidence of models without and with the teacher's context.

    Parameters
    ----------
    points : sequence of ProbePoint
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        An arrow leads from a model without the context to itself with it.
    """
    ax = make_axes()
    _draw_diagonal(ax)
    named = []
    free = give_styles(point.name for point in points)
    for i, point in enumerate(points):
        colour, mark = point.style or free[point.name]
        own = Point(point.name, point.own_success, point.own_confidence)
        teacher = Point(point.name, point.teacher_success, point.teacher_confidence)
        ends = [(p.x.value, p.y.value) for p in (own, teacher)]
        if not all(math.isfinite(v) for end in ends for v in end):
            continue
        for p in (own, teacher):
            draw_cross(ax, p, colour)
        ax.annotate("", ends[1], ends[0], arrowprops={"arrowstyle": "->", "color": colour})
        first: dict[str, Any] = {"label": "without the context"} if i == 0 else {}
        ax.plot(*ends[0], mark, color=colour, markerfacecolor="white", zorder=3, **first)
        last: dict[str, Any] = {"label": "with it"} if i == 0 else {}
        ax.plot(*ends[1], mark, color=colour, zorder=3, **last)
        named.append(own)
    name_points(ax, named)
    return finish(ax, "Success", "Mean stated confidence", title, legend=bool(points))


def _draw_diagonal(ax: Axes) -> None:
    """Draw where what is stated is what is right, and shade the side of over-confidence."""
    ax.fill_between([0, 1], [0, 1], 1.0, color=SHADE, alpha=0.14, linewidth=0, zorder=0)
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")


def find_front(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Give the points that none beats: accuracy up, error down.

    Examples
    --------
    >>> find_front([(0.5, 0.1), (0.7, 0.2), (0.6, 0.3)])
    [(0.5, 0.1), (0.7, 0.2)]
    """
    front: list[tuple[float, float]] = []
    # From the most accurate down, each that is closer to calibrated than all before.
    for x, y in sorted(set(points), key=lambda p: (-p[0], p[1])):
        if not front or y < front[-1][1]:
            front.append((x, y))
    return front[::-1]


def dominated_area(points: Iterable[tuple[float, float]], *, worst: float = 1.0) -> float:
    """Give the area of accuracies and errors that some point is at least as good as.

    Parameters
    ----------
    points : iterable of (accuracy, error)
    worst : float, default 1
        The error at the corner (accuracy 0); points beyond it dominate nothing.

    Returns
    -------
    float
        In [0, worst]: the larger the better.

    Examples
    --------
    >>> round(dominated_area([(0.5, 0.1), (0.7, 0.2)]), 3)
    0.61
    """
    area, below = 0.0, worst
    for x, y in reversed(find_front((x, y) for x, y in points if y < worst and x > 0.0)):
        area += x * (below - y)
        below = y
    return area


def _short_slope(series: str, fit: SlopeFit) -> str:
    if math.isnan(fit.slope):
        return series
    limits = "" if math.isnan(fit.low) else f" [{fit.low:+.3f}, {fit.high:+.3f}]"
    return f"{series} {fit.slope:+.3f}{limits}"


def _slope_text(series: str, fit: SlopeFit) -> str:
    name = f"{series}: " if series else ""
    if math.isnan(fit.slope):
        return f"{name}{fit.reason}"
    limits = "" if math.isnan(fit.low) else f" [{fit.low:+.3f}, {fit.high:+.3f}]"
    models = "1 model" if fit.n == 1 else f"{fit.n:,} models"
    return f"{name}{fit.slope:+.3f}{limits} per factor of ten, {models}"
