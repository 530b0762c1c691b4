"""The parts of a reliability diagram, each drawn into given axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.reliability import words
from caopd_bench.metrics.reliability.table import ReliabilityTable
from caopd_bench.metrics.rows.counting import FloatArray

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

# Blue is from Okabe and Ito's palette; the curve is black, the colour of no model.
BLUE, INK = "#0072B2", "black"
GREY, BAND = "#6b6b6b", (0.42, 0.42, 0.42, 0.2)
PALE, TRANSLUCENT = 0.4, 0.5

MOST_ATOMS = 30  # with more distinct values, each has too few rows, so bins are drawn
WIDE = words.WIDE  # wider intervals only show that rows are few: drawn pale, behind the rest
STRIP = 0.24  # height of the histogram strip with its label, in units of accuracy
MARGIN = 0.04
X_LIMITS, Y_LIMITS = (-MARGIN, 1.0 + MARGIN), (-STRIP - MARGIN, 1.0 + MARGIN)
ASPECT = (Y_LIMITS[1] - Y_LIMITS[0]) / (X_LIMITS[1] - X_LIMITS[0])
SMALLEST = 9.0  # area of a circle in square points; a smaller one would be invisible
AROUND = (-0.012, 0.012)  # horizontal extent of a band stretch at a single value


class Atoms(NamedTuple):
    """The data of the circles: one per stated value, or per bin if there are many. Arrays (k,)."""

    confidence: FloatArray
    accuracy: FloatArray
    low: FloatArray
    high: FloatArray
    n: NDArray[np.int64]


def atoms_are_values(table: ReliabilityTable) -> bool:
    """Return whether circles represent stated values; otherwise they represent bins."""
    return table.values.value.size <= MOST_ATOMS


def atoms(table: ReliabilityTable) -> Atoms:
    """Return the data of the circles: the stated values, or the bins."""
    if atoms_are_values(table):
        v = table.values
        return Atoms(v.value, v.accuracy, v.accuracy_low, v.accuracy_high, v.n)
    b, used = table.bins, table.bins.n > 0
    return Atoms(
        b.mean_confidence[used],
        b.accuracy[used],
        b.accuracy_low[used],
        b.accuracy_high[used],
        b.n[used],
    )


def largest_share(table: ReliabilityTable) -> float:
    """Return the share of rows of the largest circle, which fixes the scale of areas."""
    return float(atoms(table).n.max()) / table.n


def histogram(table: ReliabilityTable) -> tuple[FloatArray, FloatArray]:
    """Return the centres and shares of the bars of the histogram strip."""
    value, n = table.values.value, table.values.n
    if atoms_are_values(table):
        return value, n / table.n
    count, edges = np.histogram(value, bins=50, range=(0.0, 1.0), weights=n)
    return (edges[:-1] + edges[1:]) / 2.0, count / table.n


def draw_reference(ax: Axes) -> None:
    """Draw the diagonal, the line of perfect calibration."""
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1.5)
    ax.axhline(0.0, color="0.8", linewidth=0.8, zorder=1)


def draw_words(ax: Axes, table: ReliabilityTable, scale: float, per_unit: float) -> None:
    """Label the places where the band is not drawn, and the two sides of the diagonal.

    Parameters
    ----------
    ax : Axes
    table : ReliabilityTable
    scale : float
        Square points of a circle's area per unit share of the rows.
    per_unit : float
        Points (1/72 inch) per unit of the axes.
    """
    a = atoms(table)
    radius = np.sqrt(np.maximum(scale * a.n / table.n, SMALLEST)) / 2.0 / per_unit
    taken = words.covered(
        zip(a.confidence, a.accuracy, radius, strict=True),
        zip(a.confidence, a.low, a.high, strict=True),
        [curve_of(table), (np.array([0.0, 1.0]), np.array([0.0, 1.0]))],
        bands_of(table),
    )
    for label in [*words.wide_labels(table, taken), *words.zone_labels(taken)]:
        ax.text(
            label.x, label.y, label.word, color=GREY, ha="center", va="center", fontsize=8.0,
            zorder=6,
        )  # fmt: skip


def bands_of(table: ReliabilityTable) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
    """Return values, low and high of each stretch of the band that enough rows support."""
    found = []
    for stretch in words.stretches(words.supported(table)):
        x, low, high = (of[stretch] for of in table.band)
        if x.size == 1:
            x, low, high = x + np.array(AROUND), low.repeat(2), high.repeat(2)
        found.append((x, low, high))
    return found


def draw_band(ax: Axes, table: ReliabilityTable) -> Artist:
    """Shade the range of a calibrated model's curve where enough rows support it."""
    for x, low, high in bands_of(table):
        ax.fill_between(x, low, high, color=BAND, linewidth=0.6, zorder=0)
    return ax.fill_between([], [], [], color=BAND, linewidth=0.6)  # for the legend


def curve_of(table: ReliabilityTable) -> tuple[FloatArray, FloatArray]:
    """Return the CORP curve as the ends of its flat parts."""
    x, y = table.values.value, table.values.recalibrated
    bend = np.ones(x.size, dtype=bool)
    bend[1:-1] = (y[1:-1] != y[:-2]) | (y[1:-1] != y[2:])
    x, y = x[bend], y[bend]
    return (x + np.array(AROUND), y.repeat(2)) if x.size == 1 else (x, y)


def draw_curve(ax: Axes, table: ReliabilityTable) -> Artist:
    """Draw the CORP curve."""
    x, y = curve_of(table)
    (line,) = ax.plot(x, y, color=INK, linewidth=1.3, solid_capstyle="round", zorder=3)
    return line


def draw_bars(ax: Axes, table: ReliabilityTable, colour: str = BLUE) -> Artist:
    """Draw the intervals of the accuracies, the wide ones pale and behind the others."""
    a = atoms(table)
    narrow = (a.high - a.low) < WIDE
    for chosen, alpha, width, order in ((~narrow, PALE, 0.9, 2), (narrow, 1.0, 1.2, 4)):
        x, low, high = a.confidence[chosen], a.low[chosen], a.high[chosen]
        ax.vlines(x, low, high, color=colour, alpha=alpha, linewidth=width, zorder=order)
    # The legend shows a vertical mark, because the bars are vertical.
    (handle,) = ax.plot([], [], color=colour, linestyle="", marker="|", markersize=9)
    return handle


def draw_atoms(ax: Axes, table: ReliabilityTable, scale: float, colour: str = BLUE) -> Artist:
    """Draw the circles, with an area of ``scale`` square points times the share of rows."""
    from matplotlib.colors import to_rgba

    a = atoms(table)
    area = np.maximum(scale * a.n / table.n, SMALLEST)
    # A white circle below, because the colour on top is translucent.
    ax.scatter(a.confidence, a.accuracy, s=area, c="white", linewidths=0, zorder=4.5, clip_on=False)
    style: dict[str, Any] = {
        "facecolor": to_rgba(colour, TRANSLUCENT),
        "edgecolor": colour,
        "linewidth": 1.0,
    }
    ax.scatter(a.confidence, a.accuracy, s=area, zorder=5, clip_on=False, **style)
    return ax.scatter([], [], s=45, **style)  # for the legend


def grey_handles() -> tuple[Artist, Artist]:
    """Return a grey circle and interval, for the legend of panels in different colours."""
    from matplotlib.colors import to_rgba
    from matplotlib.lines import Line2D

    circle = Line2D(
        [], [], linestyle="", marker="o", markersize=7, markeredgecolor=GREY,
        markerfacecolor=to_rgba(GREY, TRANSLUCENT),
    )  # fmt: skip
    return circle, Line2D([], [], color=GREY, linestyle="", marker="|", markersize=9)


def draw_histogram(ax: Axes, table: ReliabilityTable) -> None:
    """Draw how often each confidence is stated, and label the tallest bar with its share."""
    centre, share = histogram(table)
    # An inset of ax, because separate axes below it would collide with neighbouring panels.
    strip = ax.inset_axes((0.0, -STRIP, 1.0, STRIP - 0.1), transform=ax.transData)
    strip.bar(centre, share, width=0.016, color=GREY, linewidth=0, clip_on=False)
    strip.set(xlim=(0.0, 1.0), ylim=(0.0, share.max()))
    strip.patch.set_visible(False)
    strip.spines[:].set_visible(False)
    strip.spines["bottom"].set(visible=True, color="0.8")
    strip.set_xticks([])
    strip.set_yticks([])
    highest = int(np.argmax(share))
    x = float(centre[highest])
    side = "right" if x > 0.8 else "left" if x < 0.2 else "center"
    rows = round(share[highest] * table.n)
    strip.annotate(
        f"tallest: {rows:,} row{'' if rows == 1 else 's'}, {share[highest]:.0%}",
        ({"right": 1.0 + MARGIN, "left": -MARGIN, "center": x}[side], share[highest]),
        xytext=(0, 2),
        textcoords="offset points",
        ha=side,
        va="bottom",
        fontsize="small",
        color=GREY,
        annotation_clip=False,
    )


def legend_label(text: str) -> str:
    """Return a label that a legend shows: Matplotlib omits labels that begin with `_`.

    Examples
    --------
    >>> legend_label("_base"), legend_label("base")
    (' _base', 'base')
    """
    return f" {text}" if text.startswith("_") else text
