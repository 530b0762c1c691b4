"""The paper's figures for any set of runs; used by the report and the sweeps.

Each function takes plain points and returns a matplotlib figure that is not registered with pyplot.
Reliability diagrams and risk-coverage curves are in `caopd_bench.metrics`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from caopd_bench.figures.marked import GREY, Point, ProbePoint, is_finite
from caopd_bench.figures.palette import give_styles
from caopd_bench.figures.points import (
    draw_cross,
    draw_points,
    finish,
    make_axes,
)
from caopd_bench.figures.words import name_points, write_zones

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "dominated_area",
    "find_front",
    "plot_confidence_accuracy",
    "plot_pareto",
    "plot_probes",
]

STATED = "stated confidence"
#: Colour of the shaded zones; no model has it.
SHADE = "#9a9a9a"
#: Candidate positions of the words "overconfident" and "underconfident", as fractions of the axes:
#: the corners first, then positions away from them.
ZONES = (
    ("underconfident", [(0.04, 0.96), (0.04, 0.91), (0.04, 0.84), (0.04, 0.73), (0.04, 0.58)]),
    ("overconfident", [(0.96, 0.04), (0.96, 0.09), (0.96, 0.16), (0.96, 0.27), (0.96, 0.42)]),
)
#: Margin of the axes beyond 0 and 1, so that no mark is drawn on the frame.
ROOM = 0.04


def plot_confidence_accuracy(
    points: Sequence[Point], *, title: str | None = None, confidence: str = STATED
) -> Figure:
    """Draw accuracy against mean stated confidence, with the zone of overconfidence shaded.

    Parameters
    ----------
    points : sequence of Point
        x: mean stated confidence, y: accuracy, both in [0, 1]: as in a reliability diagram.
    title : str, optional
    confidence : str, default "stated confidence"
        Label of the confidence on the axis.

    Returns
    -------
    matplotlib.figure.Figure
        Crosses are the intervals. On the diagonal, a model's accuracy equals its mean confidence;
        below it, the model is overconfident.
    """
    ax = make_axes()
    _draw_diagonal(ax)
    draw_points(ax, points)
    write_zones(ax, points, ZONES)
    return finish(ax, f"Mean {confidence}", "Accuracy", title)


def plot_pareto(
    points: Sequence[Point],
    label: str,
    *,
    worst: float = 1.0,
    title: str | None = None,
    area: bool = True,
) -> Figure:
    """Draw accuracy against a calibration error, with the Pareto front and the area it dominates.

    Parameters
    ----------
    points : sequence of Point
        x: accuracy, higher is better; y: a calibration error, lower is better.
    label : str
        Name of the error, for the axis.
    worst : float, default 1
        The error at the corner from which the area is measured.
    title : str, optional
    area : bool, default True
        Whether to shade the dominated area and print its size; if false, only the front is drawn.

    Returns
    -------
    matplotlib.figure.Figure
        The axis of the error points down, so that better is up and to the right.
    """
    ax = make_axes()
    shown = [p for p in points if is_finite(p.x) and is_finite(p.y)]
    front = find_front((p.x.value, p.y.value) for p in shown)
    if front and area:
        size = dominated_area(front, worst=worst)
        x = [0.0, *np.repeat([x for x, _ in front], 2)]
        y = [*np.repeat([y for _, y in front], 2), worst]
        ax.fill_between(x, y, worst, color=SHADE, alpha=0.14, linewidth=0, zorder=0)
        said = f"front; dominated area {size:.3f}"
        ax.plot(x, y, color=GREY, linewidth=1.2, zorder=1, label=said)
    elif len(front) > 1:
        # Steps run from point to point only: no model was measured beyond the first and the last.
        corners = np.repeat(np.array(front), 2, axis=0)
        ax.plot(
            corners[:-1, 0], corners[1:, 1], color=SHADE, linewidth=1.2, zorder=1,
            label="Pareto front",
        )  # fmt: skip
    values = [v for p in shown for v in (p.y.value, p.y.high) if math.isfinite(v)]
    bottom = min(max([*values, 0.05]) * 1.1, worst)
    ax.set(xlim=(0.0, 1.0 + ROOM), ylim=(bottom, -ROOM * bottom))
    draw_points(ax, shown)
    return finish(ax, "Accuracy", f"{label} (axis reversed: up is better)", title)


def plot_probes(points: Sequence[ProbePoint], *, title: str | None = None) -> Figure:
    """Draw each model's success and stated confidence without and with the teacher's context.

    Parameters
    ----------
    points : sequence of ProbePoint
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        An arrow leads from each model without the context to the same model with it.
    """
    ax = make_axes()
    _draw_diagonal(ax)
    named = []
    free = give_styles(point.name for point in points)
    for i, point in enumerate(points):
        colour, mark = point.style or free[point.name]
        own = Point(point.name, point.own_confidence, point.own_success)
        teacher = Point(point.name, point.teacher_confidence, point.teacher_success)
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
    return finish(ax, "Mean stated confidence", "Success", title, legend=bool(points))


def _draw_diagonal(ax: Axes) -> None:
    """Draw the diagonal, where confidence equals accuracy, and shade the overconfident side."""
    ax.fill_between([0, 1], 0.0, [0, 1], color=SHADE, alpha=0.14, linewidth=0, zorder=0)
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    ends = (-ROOM, 1.0 + ROOM)
    ax.set(xlim=ends, ylim=ends, aspect="equal")


def find_front(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the Pareto front: the points that no other beats in accuracy and error.

    Examples
    --------
    >>> find_front([(0.5, 0.1), (0.7, 0.2), (0.6, 0.3)])
    [(0.5, 0.1), (0.7, 0.2)]
    """
    front: list[tuple[float, float]] = []
    # In order of falling accuracy, keep each point with a lower error than all points before it.
    for x, y in sorted(set(points), key=lambda p: (-p[0], p[1])):
        if not front or y < front[-1][1]:
            front.append((x, y))
    return front[::-1]


def dominated_area(points: Iterable[tuple[float, float]], *, worst: float = 1.0) -> float:
    """Return the area of (accuracy, error) pairs that at least one point equals or beats.

    Parameters
    ----------
    points : iterable of (accuracy, error)
    worst : float, default 1
        The error at the corner (accuracy 0); points beyond it dominate nothing.

    Returns
    -------
    float
        In [0, worst]; larger is better.

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
