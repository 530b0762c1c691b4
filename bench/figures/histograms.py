"""Histograms of the stated confidence, one panel per model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from caopd_bench.figures.marked import GREY
from caopd_bench.figures.palette import Style, give_styles
from caopd_bench.figures.points import DPI
from caopd_bench.metrics import Tally

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_histograms"]

STATED = "stated confidence"
#: Bins of width 0.05, placed so that a multiple of 0.05 falls in the middle of one.
BINS = np.linspace(-0.025, 1.025, 22)
WIDTH = 0.034
#: Opacity of the bars of wrong answers; an outline alone would look filled on thin bars.
PALE = 0.35


def plot_histograms(
    tallies: Mapping[str, Tally],
    *,
    columns: int = 3,
    confidence: str = STATED,
    look: Mapping[str, Style] | None = None,
) -> Figure:
    """Draw how often each confidence is stated, right answers above the axis and wrong ones below.

    Parameters
    ----------
    tallies : mapping of str to Tally
        One panel per entry.
    columns : int, default 3
        Maximum number of panels in a row.
    confidence : str, default "stated confidence"
        Label of the confidence on the axis.
    look : mapping of str to (colour, mark), optional
        Style of each model, as in other figures; chosen from the name if omitted.

    Returns
    -------
    matplotlib.figure.Figure
        Bars of right answers have the full colour, bars of wrong answers a pale one; all panels
        share one scale.

    Raises
    ------
    ValueError
        If `tallies` is empty.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    if not tallies:
        raise ValueError("tallies must hold at least one tally, got none")
    across = min(len(tallies), columns)
    down = math.ceil(len(tallies) / across)
    # A single panel has room for the legend above it.
    width, height = max(3.3 * across, 4.0), 2.3 * down + 0.3
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    axes = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    for ax in axes.flat[len(tallies) :]:
        ax.set_visible(False)
    styles = {**give_styles(tallies), **(look or {})}
    highest = lowest = 1e-9
    for (name, tally), ax in zip(tallies.items(), axes.flat, strict=False):
        colour, mark = styles[name]
        right, _ = np.histogram(tally.values, BINS, weights=tally.right / tally.n)
        wrong, _ = np.histogram(tally.values, BINS, weights=tally.wrong / tally.n)
        centres = (BINS[:-1] + BINS[1:]) / 2.0
        for heights, alpha in ((right, 1.0), (-wrong, PALE)):
            some = heights != 0.0
            ax.bar(centres[some], heights[some], width=WIDTH, color=colour, alpha=alpha)
        ax.axhline(0.0, color="black", linewidth=0.8)
        highest = max(highest, float(right.max()))
        lowest = max(lowest, float(wrong.max()))
        ax.set(xlim=(-0.03, 1.03))
        ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):.0%}")
        # A dollar sign in a name must not start a formula. The mark is the model's in all figures.
        ax.set_title(name, fontsize="medium", loc="left", x=0.07, parse_math=False)
        ax.plot(
            [0.025], [1.08], marker=mark, color=colour, transform=ax.transAxes, clip_on=False,
            markersize=6.0, linestyle="",
        )  # fmt: skip
        ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylim(-1.1 * max(lowest, 0.1 * highest), 1.1 * max(highest, 0.1 * lowest))
    figure.supxlabel(confidence[:1].upper() + confidence[1:], fontsize="medium")
    figure.supylabel("Share of the answers", fontsize="medium")
    handles = [
        Patch(facecolor=GREY, label="right"),
        Patch(facecolor=GREY, alpha=PALE, label="wrong"),
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=2, frameon=False)
    return figure
