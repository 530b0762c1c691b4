"""Points with limits, drawn alike in all figures: axes, colours, marks, names, legends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from caopd_bench.figures.marked import Point, is_finite
from caopd_bench.figures.palette import MOST_GROUPS, Style, give_styles
from caopd_bench.figures.words import name_groups, name_points
from caopd_bench.metrics.reliability.marks import legend_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "BARS", "DPI", "MOST_NAMES", "by_series", "draw_cross", "draw_points", "finish", "look_of",
    "make_axes",
]  # fmt: skip

#: With more points, names would cover them, so only the series are named, in the legend.
MOST_NAMES = 14
INCH, DPI = 4.6, 150
BARS: dict[str, Any] = {"linewidth": 1.0, "alpha": 0.75, "zorder": 2}


def make_axes(*, wide: bool = False) -> Axes:
    """Make a figure with a single set of axes and return the axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2 if wide else INCH, INCH), dpi=DPI, layout="constrained")
    ax: Axes = figure.add_subplot()
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def finish(ax: Axes, x: str, y: str, title: str | None, *, legend: bool | None = None) -> Figure:
    """Label the axes, put the legend above them, and return the figure."""
    figure: Any = ax.figure
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    handles, labels = ax.get_legend_handles_labels()
    if handles and legend is not False:
        # Above the axes, since a legend inside would cover points.
        shown = ax.legend(
            loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, fontsize="small",
            ncols=_count_columns(labels, 72.0 * float(figure.get_size_inches()[0])),
        )  # fmt: skip
        for text in shown.get_texts():
            text.set_parse_math(False)  # a dollar sign in a name must not start a formula
    if title is not None:
        figure.suptitle(title, fontsize="medium", parse_math=False)
    return figure  # type: ignore[no-any-return]


def _count_columns(labels: Sequence[str], width: float) -> int:
    """Return how many legend entries fit in a row of a figure whose width is given in points."""
    size = 8.33  # "small"
    entry = size * (0.6 * max(map(len, labels)) + 4.8)  # with the mark and the gap after it
    return max(1, min(3, int((width - 55.0) / entry)))


def draw_points(ax: Axes, points: Sequence[Point]) -> None:
    """Draw points with their intervals, with one colour and mark per series, or per model.

    The legend lists up to six series, or models without a series. With more, their names are
    written beside the points instead. Models of one series look alike, so each of them is also
    named beside its point, up to `MOST_NAMES` models.
    """
    shown = [p for p in points if is_finite(p.x) and is_finite(p.y)]
    is_single = not any(p.series for p in shown)
    groups = [(p.name, [p]) for p in shown] if is_single else by_series(shown)
    look = look_of(groups)
    has_legend = len(groups) <= MOST_GROUPS
    for place, (series, members) in enumerate(groups):
        colour, mark = look[place]
        for p in members:
            draw_cross(ax, p, colour)
        x, y = [p.x.value for p in members], [p.y.value for p in members]
        label: dict[str, Any] = {"label": legend_label(series)} if series and has_legend else {}
        # Without clipping, a mark at the edge of the axes is drawn whole.
        style: dict[str, Any] = {
            "color": colour,
            "marker": mark,
            "linestyle": "",
            "zorder": 3,
            "clip_on": False,
        }
        ax.plot(x, y, **style, **label)
    if not has_legend:
        name_groups(ax, groups, look)
    elif not is_single and len(shown) <= MOST_NAMES:
        name_points(ax, shown)


def look_of(groups: Sequence[tuple[str, Sequence[Point]]]) -> list[Style]:
    """Return the style of each group: the style of its points, else one chosen from its name."""
    free = give_styles(name for name, _ in groups)
    return [members[0].style or free[name] for name, members in groups]


def draw_cross(ax: Axes, point: Point, colour: str) -> None:
    """Draw the limits of a point in both directions, where they are finite."""
    if math.isfinite(point.x.low) and math.isfinite(point.x.high):
        ax.hlines(point.y.value, point.x.low, point.x.high, color=colour, **BARS)
    if math.isfinite(point.y.low) and math.isfinite(point.y.high):
        ax.vlines(point.x.value, point.y.low, point.y.high, color=colour, **BARS)


def by_series(points: Sequence[Point]) -> list[tuple[str, list[Point]]]:
    """Group points by their series."""
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point.series, []).append(point)
    return list(found.items())
