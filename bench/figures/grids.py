"""Figures of many cells: estimates side by side, and how training went."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from caopd_bench.figures.points import BARS, COLOURS, DPI, GREY, Estimate
from caopd_bench.metrics.reliability.marks import legend_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_estimates", "plot_training"]

PANEL, ROW = 2.6, 0.24


def plot_estimates(
    panels: Mapping[str, Sequence[tuple[str, Estimate]]], *, title: str | None = None
) -> Figure:
    """Draw estimates with their limits, a line for each name and a panel for each metric.

    Parameters
    ----------
    panels : mapping of str to sequence of (name, Estimate)
        By the metric's label; the same names in the same order in each.
    title : str, optional

    Raises
    ------
    ValueError
        If there is no panel.
    """
    from matplotlib.figure import Figure

    if not panels:
        raise ValueError("panels must hold at least one metric, got none")
    names = [name for name, _ in next(iter(panels.values()))]
    longest = max(map(len, names), default=0)
    size = (PANEL * len(panels) + 0.07 * longest, ROW * len(names) + 1.1)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for ax, (label, estimates) in zip(axes, panels.items(), strict=True):
        for place, (_, estimate) in enumerate(estimates):
            if math.isfinite(estimate.low) and math.isfinite(estimate.high):
                ax.hlines(place, estimate.low, estimate.high, color=COLOURS[0], **BARS)
            if math.isfinite(estimate.value):
                ax.plot(estimate.value, place, "o", color=COLOURS[0], markersize=4, zorder=3)
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
    curves: Mapping[str, Mapping[str, Sequence[Sequence[float]]]], *, title: str | None = None
) -> Figure:
    """Draw how training went: a panel for each quantity, a line for each name.

    Parameters
    ----------
    curves : mapping
        By quantity and name: the runs, each a sequence over steps. Lines are means, bands the range
        of the runs.
    title : str, optional

    Raises
    ------
    ValueError
        If there is no curve.
    """
    from matplotlib.figure import Figure

    if not curves:
        raise ValueError("curves must hold at least one quantity, got none")
    figure = Figure(figsize=(3.0 * len(curves), 3.0), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, len(curves), squeeze=False)[0]
    names = list(dict.fromkeys(name for by_name in curves.values() for name in by_name))
    for ax, (quantity, by_name) in zip(axes, curves.items(), strict=True):
        for name, runs in by_name.items():
            values = np.array(runs, dtype=np.float64)
            colour = COLOURS[names.index(name) % len(COLOURS)]
            steps = np.arange(1, values.shape[1] + 1)
            ax.fill_between(
                steps, values.min(0), values.max(0), color=colour, alpha=0.15, linewidth=0
            )
            label: dict[str, Any] = {"label": legend_label(name)}
            ax.plot(steps, values.mean(0), color=colour, linewidth=1.3, **label)
        ax.set_title(quantity.replace("_", " "), fontsize="medium")
        ax.set_xlabel("Step", color=GREY)
        ax.spines[["top", "right"]].set_visible(False)
    drawn: dict[str, Any] = {}
    for ax in axes:
        drawn |= dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    legend = figure.legend(
        drawn.values(), drawn.keys(), loc="outside lower center", ncols=4, frameon=False
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    if title is not None:
        figure.suptitle(title, fontsize="medium", parse_math=False)
    return figure
