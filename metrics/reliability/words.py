"""Placement of labels in a reliability diagram, clear of its circles, bars, curve and band."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.reliability.table import ReliabilityTable
from caopd_bench.metrics.rows.counting import FloatArray

#: With fewer than `SUPPORT` rows within `NEAR` of a value, a band wider than `WIDE` is not drawn,
#: because its width there shows only that rows are few.
SUPPORT, NEAR = 5, 0.05
WIDE = 0.35
#: Width of a character and height of a line of small print, in units of the axes, with a margin.
CHARACTER, LINE = 0.0225, 0.05


class Box(NamedTuple):
    """A rectangle in the units of the axes."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Return whether two boxes overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )


class Label(NamedTuple):
    """A text and the position of its centre."""

    word: str
    x: float
    y: float

    @property
    def box(self) -> Box:
        """Return the rectangle that the text covers."""
        half = CHARACTER * len(self.word) / 2.0
        return Box(self.x - half, self.y - LINE / 2.0, self.x + half, self.y + LINE / 2.0)


def supported(table: ReliabilityTable) -> NDArray[Any]:
    """Return, for each value of the band, False if it is wide because too few rows are near."""
    band = table.band
    rows = _rows_between(table, band.values - NEAR, band.values + NEAR)
    return np.asarray((rows >= SUPPORT) | (band.high - band.low <= WIDE))


def stretches(kept: NDArray[Any]) -> Iterator[slice]:
    """Yield the runs of True as slices."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], kept.astype(np.int8), [0]])))
    for start, end in edges.reshape(-1, 2):
        yield slice(int(start), int(end))


def wide_labels(table: ReliabilityTable, taken: list[Box]) -> Iterator[Label]:
    """Yield a label for each stretch of the band that is not drawn: "wide: 1 row"."""
    values = table.band.values
    for stretch in stretches(~supported(table)):
        first, last = float(values[stretch][0]), float(values[stretch][-1])
        n = int(_rows_between(table, np.array([first - 1e-9]), np.array([last + 1e-9]))[0])
        word = f"wide: {n:,} row{'' if n == 1 else 's'}"
        half, x = CHARACTER * len(word) / 2.0, (first + last) / 2.0
        sides = [x + half + 0.03, x - half - 0.03, x]
        heights = [x, x + 0.08, x - 0.08, x + 0.16, x - 0.16, 0.9, 0.1]
        places = [Label(word, side, y) for y in heights for side in sides]
        inside = [one for one in places if _is_inside(one.box)]
        label = next((one for one in inside if _is_free(one.box, taken)), (inside or places)[0])
        taken.append(label.box)
        yield label


def zone_labels(taken: list[Box]) -> Iterator[Label]:
    """Yield the labels of the two sides of the diagonal, where there is room for them."""
    for word, side in (("underconfident", 1), ("overconfident", -1)):
        half = CHARACTER * len(word) / 2.0 + 0.01
        rows = np.linspace(0.97, 0.4, 20) if side > 0 else np.linspace(0.035, 0.6, 20)
        places = [
            Label(word, float(x), float(y))
            for y in rows
            for x in (np.linspace(half, 0.8, 12) if side > 0 else np.linspace(1.0 - half, 0.2, 12))
            if side * (y - x) > half + LINE / 2.0
        ]
        for label in places:
            if _is_inside(label.box) and _is_free(label.box, taken):
                taken.append(label.box)
                yield label
                break


def covered(
    circles: Iterable[tuple[float, float, float]],
    bars: Iterable[tuple[float, float, float]],
    lines: Iterable[tuple[FloatArray, FloatArray]],
    bands: Iterable[tuple[FloatArray, FloatArray, FloatArray]],
) -> list[Box]:
    """Return boxes that cover the drawn parts.

    Parameters
    ----------
    circles : iterable of (x, y, radius)
    bars : iterable of (x, low, high)
    lines : iterable of (x, y)
    bands : iterable of (x, low, high)
    """
    found = [Box(x - r, y - r, x + r, y + r) for x, y, r in circles]
    found += [Box(x - 0.006, low, x + 0.006, high) for x, low, high in bars]
    for x, y in lines:
        found += _along(x, y, y)
    for x, low, high in bands:
        found += _along(x, low, high)
    return found


def _along(x: FloatArray, low: FloatArray, high: FloatArray) -> list[Box]:
    """Return short boxes that cover a line or band along the x axis."""
    grid = np.union1d(x, np.linspace(x[0], x[-1], 80))
    bottom, top = np.interp(grid, x, low), np.interp(grid, x, high)
    step = 0.008
    return [
        Box(float(a) - 0.001, float(min(b, d)) - step, float(c) + 0.001, float(max(e, f)) + step)
        for a, c, b, d, e, f in zip(
            grid[:-1], grid[1:], bottom[:-1], bottom[1:], top[:-1], top[1:], strict=True
        )
    ]


def _rows_between(table: ReliabilityTable, low: FloatArray, high: FloatArray) -> NDArray[Any]:
    value = table.values.value
    upto = np.concatenate([[0], np.cumsum(table.values.n)])
    # A tolerance on both sides, because of rounding: 0.15 - 0.05 is not 0.1.
    start = np.searchsorted(value, low - 1e-9, side="left")
    end = np.searchsorted(value, high + 1e-9, side="right")
    return np.asarray(upto[end] - upto[start])


def _is_inside(box: Box) -> bool:
    return box.left >= -0.03 and box.right <= 1.03 and box.bottom >= 0.005 and box.top <= 1.03


def _is_free(box: Box, taken: Iterable[Box]) -> bool:
    return not any(box.meets(other) for other in taken)
