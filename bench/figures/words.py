"""Words within a figure: beside what they name, never under a mark, a bar or another word."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from caopd_bench.figures.marked import GREY, Point, is_finite
from caopd_bench.figures.palette import Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["label_ends", "name_groups", "name_points", "write_zones"]

#: Size of a name in points, and the width of a character as a share of it.
NAME_SIZE, CHARACTER = 7.0, 0.62
#: Where a name may stand: to the right or left of its point, this many points above its middle.
SIDES = (1, -1)
RISES = (5.0, -5.0, 14.0, -14.0, 23.0, -23.0)
#: The same where a line leads to the point.
FAR = (*RISES, *(sign * (32.0 + 9.0 * step) for step in range(5) for sign in (1.0, -1.0)))
#: Half the size of a mark, and of the line of an interval.
MARK, BAR = 4.0, 0.8
ZONE_SIZE = 8.0

Box = tuple[float, float, float, float]  # left, bottom, right, top, in points


def name_points(ax: Axes, points: Sequence[Point]) -> None:
    """Write a name beside each point: within the axes, and over no other name or mark.

    Of a name that has room nowhere, as in a crowd, the first place within the axes is taken.
    """
    _name(ax, [(p.name, [p]) for p in points], points, [None] * len(points))


def name_groups(
    ax: Axes, groups: Sequence[tuple[str, Sequence[Point]]], look: Sequence[Style]
) -> None:
    """Write the name of each group once, beside that of its points where there is most room.

    Where a group has several points, a line in its colour leads to its name: others are near.
    """
    several = any(len(members) > 1 for _, members in groups)
    drawn = [p for _, members in groups for p in members]
    _name(ax, groups, drawn, list(look) if several else [None] * len(groups))


def write_zones(
    ax: Axes, points: Sequence[Point], zones: Iterable[tuple[str, Sequence[tuple[float, float]]]]
) -> None:
    """Write a word in each zone, in the first of its places (shares of the axes) that is empty.

    A zone that is full has no word: the caption of the figure tells what it is.
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
    """Write the names of lines to the right of the axes, none over another.

    Parameters
    ----------
    ax : Axes
        With its final limits.
    ends : sequence of (name, x, y, colour)
        Where each line ends.
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
    """Move heights apart, as little as that takes; the order stays."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    blocks: list[list[float]] = []  # sum of what is wanted of the lowest, and how many
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
        # Best over nothing; else over an interval; else over a mark; never over a name.
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
    """Yield where a name may stand: those within the axes, all if none is."""
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
    """Yield the boxes of marks, and of the intervals of each."""
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
    """Return the axes' approximate size in points: the layout is only final when it is drawn."""
    figure: Any = ax.figure
    width, height = figure.get_size_inches()
    return 72.0 * (width - 0.75), 72.0 * (height - 0.75)


def _to_points(ax: Axes, points: Sequence[Point]) -> list[tuple[float, float]]:
    """Return where points stand, from the lower left corner of the axes, in points."""
    return _data_to_points(ax, [(p.x.value, p.y.value) for p in points])


def _data_to_points(ax: Axes, places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    if not places:
        return []
    width, height = _axes_size(ax)
    shares = ax.transAxes.inverted().transform(ax.transData.transform(places))
    return [(float(x) * width, float(y) * height) for x, y in shares]


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
