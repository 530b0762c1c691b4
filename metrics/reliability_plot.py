"""The reliability diagram. Matplotlib is imported inside, and pyplot never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from caopd_bench.metrics.reliability import ReliabilityTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito: told apart with any kind of colour vision, and in grey.
BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#6b6b6b"

MOST_VALUES = 30  # with more distinct values, each holds too few rows to draw: draw bins
STRIP = 0.24  # height of the histogram strip with its label, in units of accuracy
MARGIN = 0.04


def plot_reliability(
    table: ReliabilityTable, ax: Axes | None = None, *, title: str | None = None
) -> Figure:
    """Draw a reliability diagram: accuracy against stated confidence.

    Parameters
    ----------
    table : ReliabilityTable
        From :func:`reliability_table`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out. The label below has three lines: give the figure
        a layout engine (``layout="constrained"``).
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        The figure of ``ax``, or a new one that pyplot does not know of.

    Notes
    -----
    Circles are the distinct confidences (bins, if there are more than 30), their area grows with
    the number of rows, their bars are Wilson intervals. The line is the CORP curve. The strip
    below shows how often each confidence is stated. No rcParams change.

    Examples
    --------
    >>> from caopd_bench.metrics import reliability_table, tally
    >>> figure = plot_reliability(reliability_table(tally([0.9, 0.5], [1, 0])))
    >>> figure.savefig("reliability.png")  # doctest: +SKIP
    """
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(4.8, 5.8), dpi=150, layout="constrained").add_subplot()
    _draw_reference(ax)
    _draw_curve(ax, table)
    _draw_points(ax, table)
    _draw_histogram(ax, table)
    bottom, top = -STRIP - MARGIN, 1.0 + MARGIN
    ax.set(xlim=(-MARGIN, 1.0 + MARGIN), ylim=(bottom, top), aspect="equal")
    ticks = np.linspace(0.0, 1.0, 6)
    ax.set_xticks(ticks)
    ax.set_yticks(ticks)
    ax.set_ylabel("Accuracy", y=(0.5 - bottom) / (top - bottom))
    ax.set_xlabel(f"Stated confidence\n{_caption(table)}")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines["left"].set_bounds(0.0, 1.0)
    # Above the axes: inside, some bar of a small sample always runs through it.
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=2,
        frameon=False,
        fontsize="small",
        borderpad=0.2,
        handlelength=1.4,
        handletextpad=0.5,
        columnspacing=1.2,
    )
    if title is not None:
        ax.set_title(title, pad=22)
    return _figure_of(ax)


def _figure_of(ax: Axes) -> Figure:
    figure: Any = ax.figure
    while hasattr(figure, "figure") and figure.figure is not figure:  # an axes of a subfigure
        figure = figure.figure
    return figure  # type: ignore[no-any-return]


def _draw_reference(ax: Axes) -> None:
    ax.fill_between([0, 1], [0, 1], 0, color=VERMILLION, alpha=0.07, linewidth=0, zorder=0)
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    ax.text(
        0.3,
        0.27,
        "overconfident",
        color=VERMILLION,
        ha="center",
        va="top",
        rotation=45,
        rotation_mode="anchor",
        transform_rotates_text=True,
        fontsize="small",
        zorder=1,
    )
    ax.axhline(0.0, color="0.8", linewidth=0.8, zorder=1)


def _draw_curve(ax: Axes, table: ReliabilityTable) -> None:
    x, y = table.values.value, table.values.recalibrated
    ax.plot(
        x,
        y,
        color=VERMILLION,
        linewidth=1.6,
        solid_capstyle="round",
        zorder=3,
        label="isotonic fit",
        marker="_" if x.size == 1 else None,
        markersize=14,
    )


def _draw_points(ax: Axes, table: ReliabilityTable) -> None:
    tied = table.values.value.size <= MOST_VALUES
    data = table.values if tied else table.bins
    used = data.n > 0
    x = (table.values.value if tied else table.bins.mean_confidence)[used]
    n, y = data.n[used], data.accuracy[used]
    low, high = data.accuracy_low[used], data.accuracy_high[used]
    # A bar over a third of the axis says only "few rows": drawn faint, it hides nothing.
    for strong in (False, True):
        chosen = ((high - low) < 0.35) == strong
        ax.vlines(
            x[chosen],
            low[chosen],
            high[chosen],
            color=BLUE if strong else "#9cc3dc",
            linewidth=1.2 if strong else 0.9,
            zorder=4 if strong else 2,
        )
    label = "stated value" if tied else "bin"
    ax.scatter(
        x,
        y,
        s=8 + 150 * n / n.max(),
        facecolor="white",
        edgecolor="none",
        zorder=4,
        clip_on=False,
    )
    ax.scatter(
        x,
        y,
        s=8 + 150 * n / n.max(),
        facecolor=BLUE,
        edgecolor=BLUE,
        alpha=0.55,
        linewidth=1.0,
        zorder=5,
        clip_on=False,
    )
    ax.scatter(
        [],
        [],
        s=36,
        facecolor=BLUE,
        edgecolor=BLUE,
        alpha=0.55,
        label=f"{label}, {100 * table.level:g}% interval",
    )


def _draw_histogram(ax: Axes, table: ReliabilityTable) -> None:
    value, n = table.values.value, table.values.n
    if value.size > MOST_VALUES:
        count, edges = np.histogram(value, bins=50, range=(0.0, 1.0), weights=n)
        centre, width = (edges[:-1] + edges[1:]) / 2, 0.018
    else:
        count, centre, width = n, value, 0.014
    share = count / n.sum()
    # Data coordinates of ax itself: a strip outside of it would collide with its neighbours.
    strip = ax.inset_axes((0.0, -STRIP, 1.0, STRIP - 0.09), transform=ax.transData)
    strip.bar(centre, share, width=width, color=GREY, linewidth=0, clip_on=False)
    strip.set(xlim=(0.0, 1.0), ylim=(0.0, share.max()))
    strip.patch.set_visible(False)
    strip.spines[:].set_visible(False)
    strip.spines["bottom"].set(visible=True, color="0.8")
    strip.set_xticks([])
    strip.set_yticks([])
    top = float(centre[np.argmax(share)])
    side = "right" if top > 0.8 else "left" if top < 0.2 else "center"
    ax.text(
        top + {"right": 0.02, "left": -0.02, "center": 0.0}[side],
        -0.045,
        f"{share.max():.0%} of rows",
        ha=side,
        va="center",
        fontsize="small",
        color=GREY,
    )


def _caption(table: ReliabilityTable) -> str:
    ece = f"ECE {table.ece.estimate:.3f}"
    if not np.isnan(table.ece.low):
        ece += f" [{table.ece.low:.3f}, {table.ece.high:.3f}]"
    auroc = "undefined" if np.isnan(table.auroc) else f"{table.auroc:.3f}"
    return f"n = {table.n:,}, {ece}\nBrier {table.brier:.3f}, AUROC {auroc}"
