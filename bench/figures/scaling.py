"""A measure of miscalibration against model size, with one line per method."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from caopd_bench.figures.marked import GREY, Point, is_finite
from caopd_bench.figures.palette import MOST_GROUPS
from caopd_bench.figures.points import (
    MOST_NAMES,
    by_series,
    draw_cross,
    finish,
    look_of,
    make_axes,
)
from caopd_bench.figures.selection import DASHES
from caopd_bench.figures.trends import SlopeFit, fit_slope
from caopd_bench.figures.words import label_ends, name_points
from caopd_bench.metrics.reliability.marks import legend_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_scaling"]


def plot_scaling(
    points: Sequence[Point],
    label: str,
    *,
    title: str | None = None,
    level: float = 0.95,
    fits: Mapping[str, SlopeFit] | None = None,
    reference: float | None = 0.0,
) -> Figure:
    """Draw a measure of miscalibration against model size, with one fitted slope per series.

    Parameters
    ----------
    points : sequence of Point
        x: number of parameters, y: the measure.
    label : str
        Name of the measure, for the axis.
    title : str, optional
    level : float, default 0.95
        Nominal coverage of the slope's interval, which the legend shows; with more than six series
        the names and slopes are written beside the lines.
    fits : mapping of str to SlopeFit, optional
        Slopes by series, fitted elsewhere with more knowledge of the runs than their points hold.
    reference : float, optional
        Height of a grey line: 0 for a gap or an error, 0.5 for an AUROC; None for no line.

    Returns
    -------
    matplotlib.figure.Figure
        The slope is the change per factor of ten in size, fitted by least squares to the points of
        a series; no line is fitted with fewer than three sizes.
        See :func:`caopd_bench.figures.trends.fit_slope`.
    """
    ax = make_axes(wide=True)
    if reference is not None:
        ax.axhline(reference, color="0.8", linewidth=0.8, zorder=1)
    shown = [p for p in points if is_finite(p.x) and p.x.value > 0 and is_finite(p.y)]
    groups = by_series(shown)
    has_legend = len(groups) <= MOST_GROUPS
    ends: list[tuple[str, float, float, str]] = []
    for (series, members), (colour, mark) in zip(groups, look_of(groups), strict=True):
        sizes = [p.x.value for p in members]
        y = np.array([p.y.value for p in members])
        given = fits.get(series) if fits is not None else None
        fit = given or fit_slope(np.log10(sizes), y, level=level)
        text = _slope_text(series, fit)
        entry: dict[str, Any] = {"label": legend_label(text)} if has_legend else {}
        if not series and any(p.style for p in members):
            # Models without a method each have their own style, so their common line is grey.
            colour = GREY
            shown_as = "" if math.isnan(fit.slope) else "solid"
            ax.plot([], [], color=colour, linestyle=shown_as, linewidth=1.2, **entry)
            looks = [p.style or (GREY, mark) for p in members]
        else:
            ax.plot(sizes, y, color=colour, marker=mark, linestyle="", zorder=3, **entry)
            looks = [(colour, mark)] * len(members)
        for p, own in zip(members, looks, strict=True):
            draw_cross(ax, p, own[0])
            if own != (colour, mark):
                ax.plot(p.x.value, p.y.value, own[1], color=own[0], zorder=3)
        end = y[int(np.argmax(sizes))]
        if not math.isnan(fit.slope):
            reach = np.log10([min(sizes), max(sizes)])
            line = fit.intercept + fit.slope * reach
            alike = sum(other == colour for *_, other in ends)  # variants share a colour
            dash = DASHES[alike % len(DASHES)]
            ax.plot(10**reach, line, color=colour, linestyle=dash, linewidth=1.2)
            end = line[-1]
        ends.append((_short_slope(series, fit), max(sizes), float(end), colour))
    ax.set_xscale("log")
    _mark_sizes(ax, {p.x.value for p in shown})
    across = "Parameters"
    if not has_legend:
        label_ends(ax, ends)
        across += " (beside each line: its slope per factor of ten)"
    elif len(shown) <= MOST_NAMES:
        name_points(ax, shown)
    return finish(ax, across, label, title, legend=bool(shown))


def _mark_sizes(ax: Axes, sizes: set[float]) -> None:
    """Put a tick at each size whose label fits beside the others."""
    ordered = sorted(sizes)
    apart = (math.log10(ordered[-1] / ordered[0]) if ordered else 0.0) / 12.0
    kept: list[float] = []
    for size in ordered:
        if not kept or math.log10(size / kept[-1]) > apart:
            kept.append(size)
    if kept:
        ax.set_xticks(kept, [_say_size(size) for size in kept])
        ax.set_xticks([], minor=True)


def _say_size(size: float) -> str:
    """Return a number of parameters in short form.

    Examples
    --------
    >>> _say_size(10_128), _say_size(135e6), _say_size(8e9), _say_size(900)
    ('10k', '135M', '8B', '900')
    """
    for unit, name in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= unit:
            value = size / unit
            return f"{value:.2g}{name}" if value < 10 else f"{value:.0f}{name}"
    return f"{size:g}"


def _short_slope(series: str, fit: SlopeFit) -> str:
    if math.isnan(fit.slope):
        return series
    return f"{series} {_say_fit(fit)}"


def _slope_text(series: str, fit: SlopeFit) -> str:
    name = f"{series}: " if series else ""
    if math.isnan(fit.slope):
        return f"{name}{fit.reason}"
    models = "1 model" if fit.n == 1 else f"{fit.n:,} models"
    return f"{name}{_say_fit(fit)} per factor of ten, {models}"


def _say_fit(fit: SlopeFit) -> str:
    limits = "" if math.isnan(fit.low) else f" [{_signed(fit.low)}, {_signed(fit.high)}]"
    return f"{_signed(fit.slope)}{limits}"


def _signed(value: float) -> str:
    """Return a number with its sign; zero has a plus.

    Examples
    --------
    >>> _signed(-0.0004), _signed(-0.0006)
    ('+0.000', '-0.001')
    """
    return f"{round(value, 3) + 0.0:+.3f}"
