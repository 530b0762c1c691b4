"""Labels within a figure, placed clear of marks, intervals and other labels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from caopd_bench.figures.marked import GREY, Point, is_finite
from caopd_bench.figures.palette import Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["label_ends", "name_groups", "name_points", "write_zones"]

#: Font size of a name in points, and the width of a character as a fraction of it.
NAME_SIZE, CHARACTER = 7.0, 0.62
#: Places of a name: to the right (1) or left (-1) of its point, at these rises in points above it.
SIDES = (1, -1)
RISES = (5.0, -5.0, 14.0, -14.0, 23.0, -23.0)
#: More distant rises in points, for names that a line connects to their point.
FAR = (*RISES, *(sign * (32.0 + 9.0 * step) for step in range(5) for sign in (1.0, -1.0)))
#: Half the size of a mark and half the width of an interval's line, in points.
MARK, BAR = 4.0, 0.8
ZONE_SIZE = 8.0

Box = tuple[float, float, float, float]  # left, bottom, right, top, in points


def name_points(ax: Axes, points: Sequence[Point]) -> None:
    """Write a name beside each point, within the axes and clear of other names and marks.

    A name that fits nowhere, as in a crowd of points, gets the first place within the axes.
    """
    _name(ax, [(p.name, [p]) for p in points], points, [None] * len(points))


def name_groups(
    ax: Axes, groups: Sequence[tuple[str, Sequence[Point]]], look: Sequence[Style]
) -> None:
    """Write the name of each group once, beside the point of the group with the most room.

    If a group has several points, a line in its colour connects the name to its point, since
    points of other groups may be near.
    """
    several = any(len(members) > 1 for _, members in groups)
    drawn = [p for _, members in groups for p in members]
    _name(ax, groups, drawn, list(look) if several else [None] * len(groups))


def write_zones(
    ax: Axes, points: Sequence[Point], zones: Iterable[tuple[str, Sequence[tuple[float, float]]]]
) -> None:
    """Write a word in each zone, at its first free place (places are fractions of the axes).

    A zone without a free place gets no word, since the caption of the figure explains it.
    """
    width, height = _axes_size(ax)
    taken = list(_taken(ax, points))
    for word, places in zones:
        long, high = CHARACTER * ZONE_SIZE * len(word), ZONE_SIZE * 1.2
        for x, y in places:
            left = x * width if x < 0.5 else x * width - long
            bottom = y * height if y < 0.5 else y * height - high
            box = (left, bottom, left + long, bottom + high)
            if not any(_meet(box, other) for other in taken):
                ax.text(
                    x, y, word, transform=ax.transAxes, color=GREY, fontsize=ZONE_SIZE,
                    ha="left" if x < 0.5 else "right", va="bottom" if y < 0.5 else "top",
                )  # fmt: skip
                taken.append(box)
                break


def label_ends(ax: Axes, ends: Sequence[tuple[str, float, float, str]]) -> None:
    """Write the names of lines to the right of the axes, without overlap.

    Parameters
    ----------
    ax : Axes
        Axes whose limits are final.
    ends : sequence of (name, x, y, colour)
        Name, end point and colour of each line.
    """
    _, height = _axes_size(ax)
    shown = ax.transData.transform([(x, y) for _, x, y, _ in ends])
    places = ax.transAxes.inverted().transform(shown)
    wanted = [float(y) * height for _, y in places]
    line = NAME_SIZE * 1.45
    for place, rise in zip(*_spread(wanted, line), strict=True):
        name, x, y, colour = ends[place]
        ax.annotate(
            name, (x, y), xytext=(1.02, rise / height), textcoords="axes fraction", va="center",
            fontsize=NAME_SIZE, parse_math=False, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.7},
        )  # fmt: skip


def _spread(wanted: Sequence[float], line: float) -> tuple[list[int], list[float]]:
    """Move heights apart as little as needed to avoid overlap, keeping their order."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    blocks: list[list[float]] = []  # sum of heights wanted for its lowest, size
    for rank, place in enumerate(order):
        blocks.append([wanted[place] - line * rank, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            total, members = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += members
    means = [total / members for total, members in blocks for _ in range(int(members))]
    return order, [mean + line * rank for rank, mean in enumerate(means)]


def _name(
    ax: Axes,
    groups: Sequence[tuple[str, Sequence[Point]]],
    drawn: Sequence[Point],
    look: Sequence[Style | None],
) -> None:
    names: list[Box] = []
    marks = list(_taken(ax, drawn, bars=False))
    bars = list(_taken(ax, drawn, marks=False))
    for (name, members), style in zip(groups, look, strict=True):
        places = list(_places(ax, name, members, FAR if style else RISES))
        # Prefer a place over nothing, then over an interval, then over a mark; never over a name.
        sets = ([*names, *marks, *bars], [*names, *marks], names)
        free = (
            [one for one in places if not any(_meet(one[0], other) for other in taken)]
            for taken in sets
        )
        box, point, side, rise = next((some[0] for some in free if some), places[0])
        names.append(box)
        line = {"arrowstyle": "-", "linewidth": 0.7, "shrinkA": 0.0, "shrinkB": 2.0}
        arrow: Any = {**line, "color": style[0]} if style else None
        ax.annotate(
            name, (point.x.value, point.y.value), xytext=(5.0 * side, rise), arrowprops=arrow,
            textcoords="offset points", ha="left" if side > 0 else "right", va="center",
            fontsize=NAME_SIZE, color=GREY, parse_math=False, annotation_clip=True, zorder=6,
        )  # fmt: skip


def _places(
    ax: Axes, name: str, members: Sequence[Point], rises: Sequence[float]
) -> Iterator[tuple[Box, Point, int, float]]:
    """Yield the candidate places of a name within the axes, or all candidates if none is within."""
    width, height = _axes_size(ax)
    long, half = CHARACTER * NAME_SIZE * len(name), NAME_SIZE * 0.6
    found = []
    for point, (x, y) in zip(members, _to_points(ax, members), strict=True):
        for rise in rises:
            for side in SIDES:
                near, far = x + 5.0 * side, x + (5.0 + long) * side
                box = (min(near, far), y + rise - half, max(near, far), y + rise + half)
                found.append((box, point, side, rise))
    inside = [
        one
        for one in found
        if one[0][0] >= 0 and one[0][1] >= 0 and one[0][2] <= width and one[0][3] <= height
    ]
    yield from inside or found


def _taken(
    ax: Axes, points: Sequence[Point], *, marks: bool = True, bars: bool = True
) -> Iterator[Box]:
    """Yield the bounding boxes of the marks and intervals of points."""
    shown = [p for p in points if is_finite(p.x) and is_finite(p.y)]
    for p, (x, y) in zip(shown, _to_points(ax, shown), strict=True):
        if marks:
            yield x - MARK, y - MARK, x + MARK, y + MARK
        if bars and math.isfinite(p.x.low) and math.isfinite(p.x.high):
            (low, _), (high, _) = _data_to_points(ax, [(v, p.y.value) for v in (p.x.low, p.x.high)])
            yield min(low, high), y - BAR, max(low, high), y + BAR
        if bars and math.isfinite(p.y.low) and math.isfinite(p.y.high):
            (_, low), (_, high) = _data_to_points(ax, [(p.x.value, v) for v in (p.y.low, p.y.high)])
            yield x - BAR, min(low, high), x + BAR, max(low, high)


def _axes_size(ax: Axes) -> tuple[float, float]:
    """Return the approximate size of the axes in points; the layout is final only when drawn."""
    figure: Any = ax.figure
    width, height = figure.get_size_inches()
    return 72.0 * (width - 0.75), 72.0 * (height - 0.75)


def _to_points(ax: Axes, points: Sequence[Point]) -> list[tuple[float, float]]:
    """Return the positions of points in typographic points from the lower left of the axes."""
    return _data_to_points(ax, [(p.x.value, p.y.value) for p in points])


def _data_to_points(ax: Axes, places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    if not places:
        return []
    width, height = _axes_size(ax)
    shares = ax.transAxes.inverted().transform(ax.transData.transform(places))
    return [(float(x) * width, float(y) * height) for x, y in shares]


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
