"""Figures of many cells: estimates side by side, and training curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from caopd_bench.figures.marked import GREY, Estimate
from caopd_bench.figures.palette import MOST_GROUPS, Style, give_styles
from caopd_bench.figures.points import BARS, DPI
from caopd_bench.figures.selection import DASHES
from caopd_bench.figures.words import label_ends
from caopd_bench.metrics.reliability.marks import legend_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_estimates", "plot_training"]

PANEL, ROW = 2.6, 0.24


def plot_estimates(
    panels: Mapping[str, Sequence[tuple[str, Estimate]]],
    *,
    title: str | None = None,
    look: Mapping[str, Style] | None = None,
) -> Figure:
    """Draw estimates with their limits, one row per name and one panel per metric.

    Parameters
    ----------
    panels : mapping of str to sequence of (name, Estimate)
        Estimates by metric label; every panel has the same names in the same order.
    title : str, optional
    look : mapping of str to (colour, mark), optional
        Style of each name, as in other figures; chosen from the name if omitted.

    Raises
    ------
    ValueError
        If `panels` is empty.
    """
    from matplotlib.figure import Figure

    if not panels:
        raise ValueError("panels must hold at least one metric, got none")
    names = [name for name, _ in next(iter(panels.values()))]
    longest = max(map(len, names), default=0)
    size = (PANEL * len(panels) + 0.07 * longest, ROW * len(names) + 1.1)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    styles = {**give_styles(names), **(look or {})}
    for ax, (label, estimates) in zip(axes, panels.items(), strict=True):
        for place, (name, estimate) in enumerate(estimates):
            colour, mark = styles[name]
            if math.isfinite(estimate.low) and math.isfinite(estimate.high):
                ax.hlines(place, estimate.low, estimate.high, color=colour, **BARS)
            if math.isfinite(estimate.value):
                ax.plot(estimate.value, place, mark, color=colour, markersize=4, zorder=3)
        ax.set_xlabel(label)
        ax.grid(axis="y", color="0.92", linewidth=0.8)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_yticks(range(len(names)), names, parse_math=False)
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    if title is not None:
        figure.suptitle(title, fontsize="medium", parse_math=False)
    return figure


def plot_training(
    curves: Mapping[str, Mapping[str, Sequence[Sequence[float]]]],
    *,
    title: str | None = None,
    look: Mapping[str, Style] | None = None,
) -> Figure:
    """Draw training curves, one panel per quantity and one line per name.

    Parameters
    ----------
    curves : mapping
        Runs by quantity and name, each a sequence over steps. Lines show the mean and bands the
        range of the runs; a single run has no band.
    title : str, optional
    look : mapping of str to (colour, mark), optional
        Style of each name, as in other figures; chosen from the name if omitted. With more than
        six names, lines of the same colour get different dashes, and names are written beside the
        lines.

    Raises
    ------
    ValueError
        If `curves` is empty.
    """
    from matplotlib.figure import Figure

    if not curves:
        raise ValueError("curves must hold at least one quantity, got none")
    names = list(dict.fromkeys(name for by_name in curves.values() for name in by_name))
    has_legend = len(names) <= MOST_GROUPS
    wide = 3.0 if has_legend else 3.0 + 0.06 * max(map(len, names))
    figure = Figure(figsize=(wide * len(curves), 3.0), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, len(curves), squeeze=False)[0]
    dashes = _give_dashes(names, {**give_styles(names), **(look or {})})
    for ax, (quantity, by_name) in zip(axes, curves.items(), strict=True):
        ends = []
        for name, runs in by_name.items():
            values = np.array(runs, dtype=np.float64)
            colour, dash = dashes[name]
            steps = np.arange(1, values.shape[1] + 1)
            if values.shape[0] > 1:
                ax.fill_between(
                    steps, values.min(0), values.max(0), color=colour, alpha=0.15, linewidth=0
                )
            label: dict[str, Any] = {"label": legend_label(name)} if has_legend else {}
            mean = values.mean(0)
            ax.plot(steps, mean, color=colour, linestyle=dash, linewidth=1.3, **label)
            ends.append((name, float(steps[-1]), float(mean[-1]), colour))
        if not has_legend:
            label_ends(ax, [one for one in ends if math.isfinite(one[2])])
        ax.set_title(quantity.replace("_", " "), fontsize="medium")
        ax.set_xlabel("Step", color=GREY)
        ax.spines[["top", "right"]].set_visible(False)
    drawn: dict[str, Any] = {}
    for ax in axes:
        drawn |= dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    if drawn:
        legend = figure.legend(
            drawn.values(), drawn.keys(), loc="outside lower center", ncols=6, frameon=False
        )
        for text in legend.get_texts():
            text.set_parse_math(False)
    if title is not None:
        figure.suptitle(title, fontsize="medium", parse_math=False)
    return figure


def _give_dashes(names: Sequence[str], look: Mapping[str, Style]) -> dict[str, tuple[str, Any]]:
    """Return the colour and dash of each name: the first name of a colour is solid."""
    found: dict[str, tuple[str, Any]] = {}
    for name in names:
        colour = look[name][0]
        alike = sum(other == colour for other, _ in found.values())
        found[name] = colour, DASHES[alike % len(DASHES)]
    return found
