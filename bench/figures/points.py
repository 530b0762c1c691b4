"""Points with limits, and how every figure draws them: colours, marks, names, legends."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from caopd_bench.metrics.reliability.marks import legend_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "BARS", "COLOURS", "DPI", "GREY", "MOST_NAMES", "Estimate", "Point", "ProbePoint", "Style",
    "by_series", "draw_cross", "draw_points", "finish", "is_finite", "make_axes", "name_points",
    "styles",
]  # fmt: skip

# Okabe and Ito: told apart with any kind of colour vision; marks help in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#6b6b6b"
#: With more points, names would cover them: the legend has the series only.
MOST_NAMES = 14
INCH, DPI = 4.6, 150
BARS: dict[str, Any] = {"linewidth": 1.0, "alpha": 0.75, "zorder": 2}


Style = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its limits; NaN where undefined."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class Point:
    """One model in a figure of two numbers; `series` is its training method, say.

    `style` is colour and mark, where the model or its series has the same in other figures.
    """

    name: str
    x: Estimate
    y: Estimate
    series: str = ""
    style: Style | None = None


@dataclass(frozen=True, slots=True)
class ProbePoint:
    """One model without and with the teacher's context."""

    name: str
    own_success: Estimate
    own_confidence: Estimate
    teacher_success: Estimate
    teacher_confidence: Estimate


def make_axes(*, wide: bool = False) -> Axes:
    """Make a figure with one pair of axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2 if wide else INCH, INCH), dpi=DPI, layout="constrained")
    ax: Axes = figure.add_subplot()
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def finish(ax: Axes, x: str, y: str, title: str | None, *, legend: bool | None = None) -> Figure:
    """Label the axes, and put the legend above them."""
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    handles, labels = ax.get_legend_handles_labels()
    if handles and legend is not False:
        # Above the axes: inside, it covers some point.
        shown = ax.legend(
            loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, fontsize="small",
            ncols=_count_columns(labels),
        )  # fmt: skip
        for text in shown.get_texts():
            text.set_parse_math(False)  # a dollar sign in a name is one
    figure: Any = ax.figure
    if title is not None:
        figure.suptitle(title, fontsize="medium", parse_math=False)
    return figure  # type: ignore[no-any-return]


def _count_columns(labels: Sequence[str]) -> int:
    """Say how many entries of a legend go beside each other."""
    longest = sorted(map(len, labels))
    if longest[-1] <= 24:
        return 3
    return 2 if sum(longest[-2:]) <= 50 else 1


def draw_points(ax: Axes, points: Sequence[Point]) -> None:
    """Draw points with their crosses, a colour and a mark for each series."""
    shown = [p for p in points if is_finite(p.x) and is_finite(p.y)]
    # Few models of no method: each its own colour, and the legend in place of names that overlap.
    is_named = len(shown) <= len(COLOURS) and not any(p.series for p in shown)
    groups = [(p.name, [p]) for p in shown] if is_named else by_series(shown)
    is_kept = is_named or any(p.series for p in shown)
    for (series, members), free in zip(groups, styles(), strict=False):
        colour, mark = (members[0].style if is_kept else None) or free
        for p in members:
            draw_cross(ax, p, colour)
        x, y = [p.x.value for p in members], [p.y.value for p in members]
        label: dict[str, Any] = {"label": legend_label(series)} if series else {}
        # A mark at the end of an axis is drawn whole.
        style: dict[str, Any] = {
            "color": colour,
            "marker": mark,
            "linestyle": "",
            "zorder": 3,
            "clip_on": False,
        }
        ax.plot(x, y, **style, **label)
    if len(shown) <= MOST_NAMES and not is_named:
        name_points(ax, shown)


def draw_cross(ax: Axes, point: Point, colour: str) -> None:
    """Draw the limits of a point, as far as it has any."""
    if math.isfinite(point.x.low) and math.isfinite(point.x.high):
        ax.hlines(point.y.value, point.x.low, point.x.high, color=colour, **BARS)
    if math.isfinite(point.y.low) and math.isfinite(point.y.high):
        ax.vlines(point.x.value, point.y.low, point.y.high, color=colour, **BARS)


#: Size of a name in points, and the width of a character as a share of it.
NAME_SIZE, CHARACTER = 7.0, 0.62
#: Where a name may stand: to the right or left of its point, this many points above its middle.
SIDES = (1, -1)
RISES = (5.0, -5.0, 14.0, -14.0, 23.0, -23.0)


def name_points(ax: Axes, points: Sequence[Point]) -> None:
    """Write a name beside each point: within the axes, and over no other name or point.

    Of a name that has room nowhere, as in a crowd, the first place within the axes is taken.
    """
    places = _to_points(ax, points)
    # Left, bottom, right, top of what is taken.
    taken = [(x - 4.0, y - 4.0, x + 4.0, y + 4.0) for x, y in places]
    width, height = _axes_size(ax)
    for p, (x, y) in zip(points, places, strict=True):
        long, half = CHARACTER * NAME_SIZE * len(p.name), NAME_SIZE * 0.6
        boxes = []
        for rise in RISES:
            for side in SIDES:
                near, far = x + 5.0 * side, x + (5.0 + long) * side
                box = (min(near, far), y + rise - half, max(near, far), y + rise + half)
                boxes.append((box, side, rise))
        inside = [
            one
            for one in boxes
            if one[0][0] >= 0 and one[0][1] >= 0 and one[0][2] <= width and one[0][3] <= height
        ] or boxes
        free = [one for one in inside if not any(_meet(one[0], other) for other in taken)]
        box, side, rise = (free or inside)[0]
        taken.append(box)
        ax.annotate(
            p.name, (p.x.value, p.y.value), xytext=(5.0 * side, rise),
            textcoords="offset points", ha="left" if side > 0 else "right", va="center",
            fontsize=NAME_SIZE, color=GREY, parse_math=False, annotation_clip=True,
        )  # fmt: skip


def _axes_size(ax: Axes) -> tuple[float, float]:
    """Give width and height of the axes in points, roughly: the layout is made when it is drawn."""
    width, height = ax.figure.get_size_inches()  # type: ignore[union-attr]
    return 72.0 * (width - 0.75), 72.0 * (height - 0.75)


def _to_points(ax: Axes, points: Sequence[Point]) -> list[tuple[float, float]]:
    """Give where points stand, from the lower left corner of the axes, in points."""
    if not points:
        return []
    width, height = _axes_size(ax)
    shown = ax.transData.transform([(p.x.value, p.y.value) for p in points])
    shares = ax.transAxes.inverted().transform(shown)
    return [(float(x) * width, float(y) * height) for x, y in shares]


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def by_series(points: Sequence[Point]) -> list[tuple[str, list[Point]]]:
    """Group points by their series."""
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point.series, []).append(point)
    return list(found.items())


def styles() -> Iterator[Style]:
    """Yield colours and marks."""
    # 42 of them before one comes again.
    number = 0
    while True:
        yield COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
        number += 1


def is_finite(estimate: Estimate) -> bool:
    """Say whether there is a number to draw."""
    return math.isfinite(estimate.value)
