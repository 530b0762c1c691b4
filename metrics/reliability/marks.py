"""What a reliability diagram is made of, each drawn into given axes."""

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

# Of Okabe and Ito's colours; the curve has that of the ink, which is no model's.
BLUE, INK = "#0072B2", "black"
GREY, BAND = "#6b6b6b", (0.42, 0.42, 0.42, 0.2)
PALE, TRANSLUCENT = 0.4, 0.5

MOST_ATOMS = 30  # with more distinct values, each holds too few rows to draw: draw bins
WIDE = words.WIDE  # an interval over a third of the axis says "few rows": pale, hides nothing
STRIP = 0.24  # height of the histogram strip with its label, in units of accuracy
MARGIN = 0.04
X_LIMITS, Y_LIMITS = (-MARGIN, 1.0 + MARGIN), (-STRIP - MARGIN, 1.0 + MARGIN)
ASPECT = (Y_LIMITS[1] - Y_LIMITS[0]) / (X_LIMITS[1] - X_LIMITS[0])
SMALLEST = 9.0  # area of a circle in square points; a smaller one would not be seen
AROUND = (-0.012, 0.012)  # the ends of what stands at a single value


class Atoms(NamedTuple):
    """What a circle stands for: a stated value, or a bin if those are many. Arrays (k,)."""

    confidence: FloatArray
    accuracy: FloatArray
    low: FloatArray
    high: FloatArray
    n: NDArray[np.int64]


def atoms_are_values(table: ReliabilityTable) -> bool:
    """Tell whether circles stand for stated values; for bins otherwise."""
    return table.values.value.size <= MOST_ATOMS


def atoms(table: ReliabilityTable) -> Atoms:
    """Return what the circles stand for."""
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
    """Return the share of rows of the largest circle, on which a scale of areas is built."""
    return float(atoms(table).n.max()) / table.n


def histogram(table: ReliabilityTable) -> tuple[FloatArray, FloatArray]:
    """Return centres and shares of the bars of the strip."""
    value, n = table.values.value, table.values.n
    if atoms_are_values(table):
        return value, n / table.n
    count, edges = np.histogram(value, bins=50, range=(0.0, 1.0), weights=n)
    return (edges[:-1] + edges[1:]) / 2.0, count / table.n


def draw_reference(ax: Axes) -> None:
    """Draw the diagonal."""
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1.5)
    ax.axhline(0.0, color="0.8", linewidth=0.8, zorder=1)


def draw_words(ax: Axes, table: ReliabilityTable, scale: float, per_unit: float) -> None:
    """Write where the band is not drawn, and which side of the diagonal is which.

    Parameters
    ----------
    ax : Axes
    table : ReliabilityTable
    scale : float
        Of the areas of the circles.
    per_unit : float
        Points of an inch to a unit of the axes.
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
    """Return the stretches of the band that rows support: values, low and high."""
    found = []
    for stretch in words.stretches(words.supported(table)):
        x, low, high = (of[stretch] for of in table.band)
        if x.size == 1:
            x, low, high = x + np.array(AROUND), low.repeat(2), high.repeat(2)
        found.append((x, low, high))
    return found


def draw_band(ax: Axes, table: ReliabilityTable) -> Artist:
    """Shade where the curve of a calibrated model would run, as far as rows support it."""
    for x, low, high in bands_of(table):
        ax.fill_between(x, low, high, color=BAND, linewidth=0.6, zorder=0)
    return ax.fill_between([], [], [], color=BAND, linewidth=0.6)  # for the legend


def curve_of(table: ReliabilityTable) -> tuple[FloatArray, FloatArray]:
    """Return the CORP curve, by the ends of its flat parts."""
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
    """Draw the intervals of the accuracies, the wide ones pale and behind."""
    a = atoms(table)
    narrow = (a.high - a.low) < WIDE
    for chosen, alpha, width, order in ((~narrow, PALE, 0.9, 2), (narrow, 1.0, 1.2, 4)):
        x, low, high = a.confidence[chosen], a.low[chosen], a.high[chosen]
        ax.vlines(x, low, high, color=colour, alpha=alpha, linewidth=width, zorder=order)
    # For the legend: upright, as the bars are.
    (handle,) = ax.plot([], [], color=colour, linestyle="", marker="|", markersize=9)
    return handle


def draw_atoms(ax: Axes, table: ReliabilityTable, scale: float, colour: str = BLUE) -> Artist:
    """Draw the circles, their area being ``scale`` square points times their share of the rows."""
    from matplotlib.colors import to_rgba

    a = atoms(table)
    area = np.maximum(scale * a.n / table.n, SMALLEST)
    # White below, so that what the translucent colour covers does not shine through.
    ax.scatter(a.confidence, a.accuracy, s=area, c="white", linewidths=0, zorder=4.5, clip_on=False)
    style: dict[str, Any] = {
        "facecolor": to_rgba(colour, TRANSLUCENT),
        "edgecolor": colour,
        "linewidth": 1.0,
    }
    ax.scatter(a.confidence, a.accuracy, s=area, zorder=5, clip_on=False, **style)
    return ax.scatter([], [], s=45, **style)  # for the legend


def grey_handles() -> tuple[Artist, Artist]:
    """Return a circle and an interval for a legend of panels that have a colour each."""
    from matplotlib.colors import to_rgba
    from matplotlib.lines import Line2D

    circle = Line2D(
        [], [], linestyle="", marker="o", markersize=7, markeredgecolor=GREY,
        markerfacecolor=to_rgba(GREY, TRANSLUCENT),
    )  # fmt: skip
    return circle, Line2D([], [], color=GREY, linestyle="", marker="|", markersize=9)


def draw_histogram(ax: Axes, table: ReliabilityTable) -> None:
    """Draw how often each confidence is stated, and write what the tallest bar holds."""
    centre, share = histogram(table)
    # Data coordinates of ax itself: a strip outside of it would collide with its neighbours.
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
    """Return a label that a legend shows: Matplotlib leaves out those that begin with `_`.

    Examples
    --------
    >>> legend_label("_base"), legend_label("base")
    (' _base', 'base')
    """
    return f" {text}" if text.startswith("_") else text
