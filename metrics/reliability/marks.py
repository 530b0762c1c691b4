"""What a reliability diagram is made of, each drawn into given axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.reliability.table import ReliabilityTable
from caopd_bench.metrics.rows.counting import FloatArray

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

# Okabe and Ito: told apart with any kind of colour vision, and in grey.
BLUE, PALE_BLUE, VERMILLION = "#0072B2", "#9cc3dc", "#D55E00"
TRANSLUCENT = (0.0, 0.447, 0.698, 0.5)  # BLUE
GREY, BAND = "#6b6b6b", "#dedede"

MOST_ATOMS = 30  # with more distinct values, each holds too few rows to draw: draw bins
WIDE = 0.35  # an interval over a third of the axis says only "few rows": drawn pale, hides nothing
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
    """Draw the diagonal and say which side of it is which."""
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1.5)
    ax.axhline(0.0, color="0.8", linewidth=0.8, zorder=1)
    for x, y, text in ((0.2, 0.97, "underconfident"), (0.55, 0.03, "overconfident")):
        side = "top" if y > 0.5 else "bottom"
        ax.text(x, y, text, color=GREY, ha="center", va=side, fontsize="small", zorder=1)


def draw_band(ax: Axes, table: ReliabilityTable) -> Artist:
    """Shade where the curve of a calibrated model would run."""
    x, low, high = table.band
    if x.size == 1:
        x, low, high = x + np.array(AROUND), low.repeat(2), high.repeat(2)
    return ax.fill_between(x, low, high, color=BAND, linewidth=0.6, zorder=0)


def draw_curve(ax: Axes, table: ReliabilityTable) -> Artist:
    """Draw the CORP curve, which needs only the ends of its flat parts."""
    x, y = table.values.value, table.values.recalibrated
    bend = np.ones(x.size, dtype=bool)
    bend[1:-1] = (y[1:-1] != y[:-2]) | (y[1:-1] != y[2:])
    x, y = x[bend], y[bend]
    if x.size == 1:
        x, y = x + np.array(AROUND), y.repeat(2)
    (line,) = ax.plot(x, y, color=VERMILLION, linewidth=1.6, solid_capstyle="round", zorder=3)
    return line


def draw_bars(ax: Axes, table: ReliabilityTable) -> Artist:
    """Draw the intervals of the accuracies, the wide ones pale and behind."""
    a = atoms(table)
    narrow = (a.high - a.low) < WIDE
    for chosen, color, width, order in ((~narrow, PALE_BLUE, 0.9, 2), (narrow, BLUE, 1.2, 4)):
        x, low, high = a.confidence[chosen], a.low[chosen], a.high[chosen]
        ax.vlines(x, low, high, color=color, linewidth=width, zorder=order)
    # For the legend: upright, as the bars are.
    (handle,) = ax.plot([], [], color=BLUE, linestyle="", marker="|", markersize=9)
    return handle


def draw_atoms(ax: Axes, table: ReliabilityTable, scale: float) -> Artist:
    """Draw the circles, their area being ``scale`` square points times their share of the rows."""
    a = atoms(table)
    area = np.maximum(scale * a.n / table.n, SMALLEST)
    # White below, so that what the translucent blue covers does not shine through.
    ax.scatter(a.confidence, a.accuracy, s=area, c="white", linewidths=0, zorder=4.5, clip_on=False)
    blue: dict[str, Any] = {"facecolor": TRANSLUCENT, "edgecolor": BLUE, "linewidth": 1.0}
    ax.scatter(a.confidence, a.accuracy, s=area, zorder=5, clip_on=False, **blue)
    return ax.scatter([], [], s=45, **blue)  # for the legend


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
    strip.annotate(
        f"tallest: {round(share[highest] * table.n):,} rows, {share[highest]:.0%}",
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
