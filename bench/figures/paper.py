"""The paper's figures, from any set of runs: what the report shows and the sweeps draw.

Each takes plain points and returns a matplotlib figure that pyplot does not know of. Reliability
diagrams and risk-coverage curves are in `caopd_bench.metrics`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from caopd_bench.figures.trends import SlopeFit, fit_slope
from caopd_bench.metrics import Tally

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "Estimate",
    "Point",
    "ProbePoint",
    "dominated_area",
    "find_front",
    "plot_confidence_accuracy",
    "plot_histograms",
    "plot_pareto",
    "plot_probes",
    "plot_scaling",
]

# Okabe and Ito: told apart with any kind of colour vision; marks help in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#6b6b6b"
#: With more points, names would cover them: the legend has the series only.
MOST_NAMES = 14
INCH, DPI = 4.6, 150
BARS: dict[str, Any] = {"linewidth": 1.0, "alpha": 0.75, "zorder": 2}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its limits; NaN where undefined."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class Point:
    """One model in a figure of two numbers; `series` is its training method, say."""

    name: str
    x: Estimate
    y: Estimate
    series: str = ""


@dataclass(frozen=True, slots=True)
class ProbePoint:
    """One model without and with the teacher's context."""

    name: str
    own_success: Estimate
    own_confidence: Estimate
    teacher_success: Estimate
    teacher_confidence: Estimate


def plot_confidence_accuracy(points: Sequence[Point], *, title: str | None = None) -> Figure:
    """Draw mean stated confidence against accuracy, with the zone of over-confidence shaded.

    Parameters
    ----------
    points : sequence of Point
        x: accuracy, y: mean stated confidence, both in [0, 1].
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        Crosses are the intervals. On the diagonal a model is right as often as it says.
    """
    ax = _axes()
    ax.fill_between([0, 1], [0, 1], 1.0, color=COLOURS[1], alpha=0.09, linewidth=0, zorder=0)
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    ax.text(0.02, 0.98, "overconfident", color=GREY, ha="left", va="top", fontsize="small")
    ax.text(0.98, 0.02, "underconfident", color=GREY, ha="right", va="bottom", fontsize="small")
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    _draw_points(ax, points)
    return _finish(ax, "Accuracy", "Mean stated confidence", title)


def plot_scaling(
    points: Sequence[Point],
    label: str,
    *,
    title: str | None = None,
    level: float = 0.95,
    fits: Mapping[str, SlopeFit] | None = None,
) -> Figure:
    """Draw a measure of miscalibration against model size, with a fitted slope per series.

    Parameters
    ----------
    points : sequence of Point
        x: parameters, y: the measure.
    label : str
        Of the measure.
    title : str, optional
    level : float, default 0.95
        Nominal coverage of the slope's interval, which the legend tells.
    fits : mapping of str to SlopeFit, optional
        By series: slopes that were fitted elsewhere, with what is known of runs besides their
        points.

    Returns
    -------
    matplotlib.figure.Figure
        The slope is per factor of ten in size, by least squares over the points of a series; none
        with fewer than three sizes. See :func:`caopd_bench.figures.trends.fit_slope`.
    """
    ax = _axes(wide=True)
    ax.axhline(0.0, color="0.8", linewidth=0.8, zorder=1)
    shown = [p for p in points if _is_finite(p.x) and p.x.value > 0 and _is_finite(p.y)]
    for (series, members), (colour, mark) in zip(_by_series(shown), _styles(), strict=False):
        x = np.log10([p.x.value for p in members])
        y = np.array([p.y.value for p in members])
        given = fits.get(series) if fits is not None else None
        fit = given or fit_slope(x, y, level=level)
        for p in members:
            _draw_cross(ax, p, colour)
        text = _slope_text(series, fit)
        size = [p.x.value for p in members]
        ax.plot(size, y, color=colour, marker=mark, linestyle="", zorder=3, label=text)
        if not math.isnan(fit.slope):
            ends = np.array([x.min(), x.max()])
            ax.plot(10**ends, fit.intercept + fit.slope * ends, color=colour, linewidth=1.2)
    ax.set_xscale("log")
    if len(shown) <= MOST_NAMES:
        _name_points(ax, shown)
    return _finish(ax, "Parameters", label, title, legend=bool(shown))


def plot_pareto(
    points: Sequence[Point], label: str, *, worst: float = 1.0, title: str | None = None
) -> Figure:
    """Draw accuracy against a calibration error, the front, and the area it dominates.

    Parameters
    ----------
    points : sequence of Point
        x: accuracy, higher is better; y: a calibration error, lower is better.
    label : str
        Of the error.
    worst : float, default 1
        The error at the corner from which the area counts.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        The axis of the error points down, so that better is up and to the right.
    """
    ax = _axes()
    shown = [p for p in points if _is_finite(p.x) and _is_finite(p.y)]
    front = find_front((p.x.value, p.y.value) for p in shown)
    if front:
        area = dominated_area(front, worst=worst)
        x = [0.0, *np.repeat([x for x, _ in front], 2)]
        y = [*np.repeat([y for _, y in front], 2), worst]
        ax.fill_between(x, y, worst, color=COLOURS[0], alpha=0.1, linewidth=0, zorder=0)
        said = f"front; dominated area {area:.3f}"
        ax.plot(x, y, color=COLOURS[0], linewidth=1.2, zorder=1, label=said)
    values = [v for p in shown for v in (p.y.value, p.y.high) if math.isfinite(v)]
    bottom = min(max([*values, 0.05]) * 1.1, worst)
    ax.set(xlim=(0, 1), ylim=(bottom, 0.0))
    _draw_points(ax, shown)
    return _finish(ax, "Accuracy", f"{label} (up is better)", title)


def plot_histograms(tallies: Mapping[str, Tally], *, columns: int = 3) -> Figure:
    """Draw how often each confidence is stated, right answers above the axis and wrong ones below.

    Parameters
    ----------
    tallies : mapping of str to Tally
        A panel each.
    columns : int, default 3
        Panels in a row, at most.

    Raises
    ------
    ValueError
        If there is no tally.
    """
    from matplotlib.figure import Figure

    if not tallies:
        raise ValueError("tallies must hold at least one tally, got none")
    across = min(len(tallies), columns)
    down = math.ceil(len(tallies) / across)
    figure = Figure(figsize=(3.3 * across, 2.3 * down), dpi=DPI, layout="constrained")
    axes = figure.subplots(down, across, squeeze=False, sharex=True)
    for ax in axes.flat[len(tallies) :]:
        ax.set_visible(False)
    for (name, tally), ax in zip(tallies.items(), axes.flat, strict=False):
        right, _ = np.histogram(tally.values, _BINS, weights=tally.right / tally.n)
        wrong, _ = np.histogram(tally.values, _BINS, weights=tally.wrong / tally.n)
        centres = (_BINS[:-1] + _BINS[1:]) / 2.0
        ax.bar(centres, right, width=0.045, color=COLOURS[0], label="right")
        ax.bar(centres, -wrong, width=0.045, color=COLOURS[1], label="wrong")
        ax.axhline(0.0, color="black", linewidth=0.8)
        highest = max(float(right.max()), float(wrong.max()), 1e-9)
        ax.set(xlim=(-0.02, 1.02), ylim=(-1.1 * highest, 1.1 * highest))
        ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):.0%}")
        ax.set_title(name, fontsize="medium", parse_math=False)
        ax.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("Stated confidence", fontsize="medium")
    figure.supylabel("Share of the rows", fontsize="medium")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    return figure


#: Twenty bins, a stated .05 in the middle of one.
_BINS = np.linspace(-0.025, 1.025, 22)


def plot_probes(points: Sequence[ProbePoint], *, title: str | None = None) -> Figure:
    """Draw success and stated confidence of models without and with the teacher's context.

    Parameters
    ----------
    points : sequence of ProbePoint
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        An arrow leads from a model without the context to itself with it.
    """
    ax = _axes()
    ax.fill_between([0, 1], [0, 1], 1.0, color=COLOURS[1], alpha=0.09, linewidth=0, zorder=0)
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    named = []
    for i, (point, (colour, mark)) in enumerate(zip(points, _styles(), strict=False)):
        own = Point(point.name, point.own_success, point.own_confidence)
        teacher = Point(point.name, point.teacher_success, point.teacher_confidence)
        ends = [(p.x.value, p.y.value) for p in (own, teacher)]
        if not all(math.isfinite(v) for end in ends for v in end):
            continue
        for p in (own, teacher):
            _draw_cross(ax, p, colour)
        ax.annotate("", ends[1], ends[0], arrowprops={"arrowstyle": "->", "color": colour})
        first: dict[str, Any] = {"label": "without the context"} if i == 0 else {}
        ax.plot(*ends[0], mark, color=colour, markerfacecolor="white", zorder=3, **first)
        last: dict[str, Any] = {"label": "with it"} if i == 0 else {}
        ax.plot(*ends[1], mark, color=colour, zorder=3, **last)
        named.append(own)
    _name_points(ax, named)
    return _finish(ax, "Success", "Mean stated confidence", title, legend=bool(points))


def find_front(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Give the points that none beats: accuracy up, error down.

    Examples
    --------
    >>> find_front([(0.5, 0.1), (0.7, 0.2), (0.6, 0.3)])
    [(0.5, 0.1), (0.7, 0.2)]
    """
    front: list[tuple[float, float]] = []
    # From the most accurate down, each that is closer to calibrated than all before.
    for x, y in sorted(set(points), key=lambda p: (-p[0], p[1])):
        if not front or y < front[-1][1]:
            front.append((x, y))
    return front[::-1]


def dominated_area(points: Iterable[tuple[float, float]], *, worst: float = 1.0) -> float:
    """Give the area of accuracies and errors that some point is at least as good as.

    Parameters
    ----------
    points : iterable of (accuracy, error)
    worst : float, default 1
        The error at the corner (accuracy 0); points beyond it dominate nothing.

    Returns
    -------
    float
        In [0, worst]: the larger the better.

    Examples
    --------
    >>> round(dominated_area([(0.5, 0.1), (0.7, 0.2)]), 3)
    0.61
    """
    area, below = 0.0, worst
    for x, y in reversed(find_front((x, y) for x, y in points if y < worst and x > 0.0)):
        area += x * (below - y)
        below = y
    return area


def _axes(*, wide: bool = False) -> Axes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2 if wide else INCH, INCH), dpi=DPI, layout="constrained")
    ax: Axes = figure.add_subplot()
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _finish(ax: Axes, x: str, y: str, title: str | None, *, legend: bool | None = None) -> Figure:
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    handles, labels = ax.get_legend_handles_labels()
    if handles and legend is not False:
        # Above the axes: inside, it covers some point.
        shown = ax.legend(
            loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, fontsize="small",
            ncols=_count_columns(labels),
        )  # fmt: skip
        for text in shown.get_texts():
            text.set_parse_math(False)  # a dollar sign in a name is one
    figure: Any = ax.figure
    if title is not None:
        figure.suptitle(title, fontsize="medium", parse_math=False)
    return figure  # type: ignore[no-any-return]


def _count_columns(labels: Sequence[str]) -> int:
    """Say how many entries of a legend go beside each other."""
    longest = sorted(map(len, labels))
    if longest[-1] <= 24:
        return 3
    return 2 if sum(longest[-2:]) <= 50 else 1


def _draw_points(ax: Axes, points: Sequence[Point]) -> None:
    shown = [p for p in points if _is_finite(p.x) and _is_finite(p.y)]
    # Few models of no method: each its own colour, and the legend in place of names that overlap.
    is_named = len(shown) <= len(COLOURS) and not any(p.series for p in shown)
    groups = [(p.name, [p]) for p in shown] if is_named else _by_series(shown)
    for (series, members), (colour, mark) in zip(groups, _styles(), strict=False):
        for p in members:
            _draw_cross(ax, p, colour)
        x, y = [p.x.value for p in members], [p.y.value for p in members]
        label: dict[str, Any] = {"label": series} if series else {}
        # A mark at the end of an axis is drawn whole.
        style: dict[str, Any] = {
            "color": colour,
            "marker": mark,
            "linestyle": "",
            "zorder": 3,
            "clip_on": False,
        }
        ax.plot(x, y, **style, **label)
    if len(shown) <= MOST_NAMES and not is_named:
        _name_points(ax, shown)


def _draw_cross(ax: Axes, point: Point, colour: str) -> None:
    if math.isfinite(point.x.low) and math.isfinite(point.x.high):
        ax.hlines(point.y.value, point.x.low, point.x.high, color=colour, **BARS)
    if math.isfinite(point.y.low) and math.isfinite(point.y.high):
        ax.vlines(point.x.value, point.y.low, point.y.high, color=colour, **BARS)


#: Size of a name in points, and the width of a character as a share of it.
NAME_SIZE, CHARACTER = 7.0, 0.62
#: Where a name may stand: to the right or left of its point, this many points above its middle.
SIDES = (1, -1)
RISES = (5.0, -5.0, 14.0, -14.0, 23.0, -23.0)


def _name_points(ax: Axes, points: Sequence[Point]) -> None:
    """Write a name beside each point: within the axes, and over no other name or point.

    Of a name that has room nowhere, as in a crowd, the first place within the axes is taken.
    """
    places = _to_points(ax, points)
    # Left, bottom, right, top of what is taken.
    taken = [(x - 4.0, y - 4.0, x + 4.0, y + 4.0) for x, y in places]
    width, height = _axes_size(ax)
    for p, (x, y) in zip(points, places, strict=True):
        long, half = CHARACTER * NAME_SIZE * len(p.name), NAME_SIZE * 0.6
        boxes = []
        for rise in RISES:
            for side in SIDES:
                near, far = x + 5.0 * side, x + (5.0 + long) * side
                box = (min(near, far), y + rise - half, max(near, far), y + rise + half)
                boxes.append((box, side, rise))
        inside = [
            one
            for one in boxes
            if one[0][0] >= 0 and one[0][1] >= 0 and one[0][2] <= width and one[0][3] <= height
        ] or boxes
        free = [one for one in inside if not any(_meet(one[0], other) for other in taken)]
        box, side, rise = (free or inside)[0]
        taken.append(box)
        ax.annotate(
            p.name, (p.x.value, p.y.value), xytext=(5.0 * side, rise),
            textcoords="offset points", ha="left" if side > 0 else "right", va="center",
            fontsize=NAME_SIZE, color=GREY, parse_math=False, annotation_clip=True,
        )  # fmt: skip


def _axes_size(ax: Axes) -> tuple[float, float]:
    """Give width and height of the axes in points, roughly: the layout is made when it is drawn."""
    width, height = ax.figure.get_size_inches()  # type: ignore[union-attr]
    return 72.0 * (width - 0.75), 72.0 * (height - 0.75)


def _to_points(ax: Axes, points: Sequence[Point]) -> list[tuple[float, float]]:
    """Give where points stand, from the lower left corner of the axes, in points."""
    if not points:
        return []
    width, height = _axes_size(ax)
    shown = ax.transData.transform([(p.x.value, p.y.value) for p in points])
    shares = ax.transAxes.inverted().transform(shown)
    return [(float(x) * width, float(y) * height) for x, y in shares]


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _by_series(points: Sequence[Point]) -> list[tuple[str, list[Point]]]:
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point.series, []).append(point)
    return list(found.items())


def _styles() -> Iterable[tuple[str, str]]:
    # 42 of them before one comes again.
    number = 0
    while True:
        yield COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
        number += 1


def _slope_text(series: str, fit: SlopeFit) -> str:
    name = f"{series}: " if series else ""
    if math.isnan(fit.slope):
        return f"{name}{fit.reason}"
    limits = "" if math.isnan(fit.low) else f" [{fit.low:+.3f}, {fit.high:+.3f}]"
    return f"{name}{fit.slope:+.3f}{limits} per factor of ten, {fit.n} models"


def _is_finite(estimate: Estimate) -> bool:
    return math.isfinite(estimate.value)
