"""Risk against coverage: the share of answers that need no review, and their error rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.figures.marked import GREY
from caopd_bench.figures.palette import Style
from caopd_bench.figures.points import DPI
from caopd_bench.metrics.reliability.marks import legend_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["DASHES", "FEWEST_KEPT", "Curve", "Mark", "plot_selection"]

#: Cuts that keep fewer answers are not drawn: their share of wrong answers is mostly noise.
FEWEST_KEPT = 30
#: Dashes that distinguish models of the same colour.
DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
#: With more cuts than this, one mark per cut would merge into a band.
MOST_MARKS = 30
#: Maximum number of steps drawn; if there are more, they are thinned evenly over the coverage.
MOST_STEPS = 500
#: Size of the axes and of the margins, in inches; fixed, so that words can be placed by arithmetic.
WIDTH, HEIGHT = 3.6, 3.3
LEFT, RIGHT, BOTTOM, TOP, LINE = 0.78, 0.52, 0.52, 0.1, 0.17
#: Maximum length in characters of two legend entries that share a row.
BESIDE = 27
#: Font size in points, character width as a fraction of it, and half the size of a mark in points.
SIZE, CHARACTER, MARK = 8.0, 0.6, 6.0
#: Half the width of a line plus a small margin, in points.
LINE_WIDTH = 1.2
#: Candidate ticks of the risk axis, and the minimum distance in points between two drawn ticks.
TICKS = (1.0, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
BETWEEN = 15.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A certified cut: its position and the words beside it."""

    coverage: float
    risk: float
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The risk-coverage curve of one model.

    Attributes
    ----------
    label : str
        Name in the legend.
    coverage, risk : ndarray of float, (u,)
        Share of answers that each cut keeps, in rising order, and the share of these that is wrong.
    style : Style
        Colour and mark.
    dash : str or tuple
        One of `DASHES`.
    mark : Mark or None
        The certified cut, if there is one.
    """

    label: str
    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]
    style: Style
    dash: Any = "solid"
    mark: Mark | None = None


def plot_selection(curves: Sequence[Curve], *, max_risk: float, limit: str) -> Figure:
    """Draw the risk (share of wrong answers among those kept) against the share of answers kept.

    Parameters
    ----------
    curves : sequence of Curve
    max_risk : float
        Height of the line that marks the accepted risk.
    limit : str
        Text beside this line.

    Returns
    -------
    matplotlib.figure.Figure
        Curves are step functions: answers with the same confidence are kept together or not at all,
        so a curve is flat up to the next coverage that a cut can reach. The risk axis has a
        square-root scale, so that limits of a few percent stay readable beside error rates of one
        half.

    Raises
    ------
    ValueError
        If `curves` is empty.
    """
    from matplotlib.figure import Figure

    if not curves:
        raise ValueError("curves must hold at least one curve, got none")
    columns = 2 if len(curves) > 1 and max(len(c.label) for c in curves) <= BESIDE else 1
    rows = math.ceil(len(curves) / columns)
    across, down = LEFT + WIDTH + RIGHT, BOTTOM + HEIGHT + TOP + LINE * rows
    figure = Figure(figsize=(across, down), dpi=DPI)
    ax = figure.add_axes((LEFT / across, BOTTOM / down, WIDTH / across, HEIGHT / down))
    risks = [float(curve.risk.max()) for curve in curves if curve.risk.size]
    top = min(max([1.08 * risk for risk in risks] + [1.6 * max_risk]), 1.0)
    ax.set(xlim=(0.0, 1.0), ylim=(0.0, top))
    ax.set_yscale("function", functions=(_root, np.square))
    ax.set_ylim(0.0, top)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_yticks([0.0, *_ticks(top)], minor=False)
    ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    ax.axhline(max_risk, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    # Outside the axes, where no line runs.
    ax.annotate(
        limit, (1.0, max_risk), xycoords=ax.get_yaxis_transform(), xytext=(5, 0),
        textcoords="offset points", va="center", fontsize=SIZE, color=GREY, annotation_clip=False,
    )  # fmt: skip
    for curve in curves:
        _draw(ax, curve)
    _write(ax, curves, top)
    ax.set_xlabel("Coverage: share of all answers that is kept, the surest first")
    ax.set_ylabel("Risk: share of wrong answers among them (root scale)")
    legend = ax.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, fontsize=SIZE, ncols=columns,
        borderpad=0.1, borderaxespad=0.3, handlelength=2.4, labelspacing=0.4,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)  # a dollar sign in a name must not start a formula
    return figure


def _draw(ax: Axes, curve: Curve) -> None:
    colour, mark = curve.style
    few = curve.coverage.size <= MOST_MARKS
    # Without clipping, a mark at the edge of the axes is drawn whole.
    shown: dict[str, Any] = {
        "marker": mark,
        "markersize": 4.0,
        "markeredgecolor": "white",
        "markeredgewidth": 0.4,
    }
    line: dict[str, Any] = {"color": colour, "linestyle": curve.dash, "linewidth": 1.5}
    coverage, risk = _thin(curve.coverage), _thin(curve.risk)
    if coverage.size == 1:
        # A run that can only keep all or none has a single point: a larger mark stays visible.
        line["linestyle"], shown["markersize"] = "", 6.5
    else:
        ax.plot(coverage, risk, drawstyle="steps-post", clip_on=False, zorder=2, **line)
    if few:
        order = 3.5 if coverage.size == 1 else 3
        ax.plot(coverage, risk, color=colour, linestyle="", clip_on=False, zorder=order, **shown)
    ax.plot([], [], label=legend_label(curve.label), **line, **(shown if few or curve.mark else {}))
    if curve.mark is not None:
        ax.plot(
            [curve.mark.coverage], [curve.mark.risk], color=colour, marker=mark, linestyle="",
            markersize=9.0, markeredgecolor="black", markeredgewidth=1.3, clip_on=False, zorder=4,
        )  # fmt: skip


def _thin(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if values.size <= MOST_STEPS:
        return values
    return values[np.linspace(0, values.size - 1, MOST_STEPS).astype(np.intp)]


def _write(ax: Axes, curves: Sequence[Curve], top: float) -> None:
    """Write the words beside the certified cuts, clear of marks and of each other."""
    width, height = 72.0 * WIDTH, 72.0 * HEIGHT

    def place(coverage: float, risk: float) -> tuple[float, float]:
        return coverage * width, math.sqrt(risk / top) * height

    marks = [
        place(*one)
        for curve in curves
        if curve.coverage.size <= MOST_MARKS
        for one in zip(curve.coverage, curve.risk, strict=True)
    ]
    shown = [curve.mark for curve in curves if curve.mark is not None]
    marks += [place(mark.coverage, mark.risk) for mark in shown]
    taken = [_box(x, y, MARK, MARK) for x, y in marks]
    taken += [box for curve in curves for box in _along(curve, place)]
    for mark in shown:
        x, y = place(mark.coverage, mark.risk)
        half = CHARACTER * SIZE * len(mark.words) / 2.0
        places = _around(x, y, half)
        inside = [
            (a, b)
            for a, b in places
            if half <= a <= width - half and SIZE / 2 <= b <= height - SIZE / 2
        ]
        clear = [one for one in inside if not _meets(_box(*one, half, 0.6 * SIZE), taken)]
        a, b = (clear or inside or places)[0]
        taken.append(_box(a, b, half, 0.6 * SIZE))
        # On a white background, since a line may run behind the word.
        patch = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        ax.annotate(
            mark.words, (mark.coverage, mark.risk), xytext=(a - x, b - y), ha="center",
            textcoords="offset points", va="center", fontsize=SIZE, parse_math=False, bbox=patch,
            zorder=5, annotation_clip=False,
        )  # fmt: skip


def _along(
    curve: Curve, place: Callable[[float, float], tuple[float, float]]
) -> Iterator[tuple[float, float, float, float]]:
    """Yield the bounding boxes of the steps of a curve that are drawn."""
    points = [place(*one) for one in zip(_thin(curve.coverage), _thin(curve.risk), strict=True)]
    for (x, y), (end, risen) in pairwise(points):
        yield x, y - LINE_WIDTH, end, y + LINE_WIDTH
        yield end - LINE_WIDTH, min(y, risen), end + LINE_WIDTH, max(y, risen)


def _around(x: float, y: float, half: float) -> list[tuple[float, float]]:
    """Return candidate centres for a word around a mark, the nearest first."""
    found = []
    for ring in range(8):
        beside, above = half + MARK + 3.0 + 8.0 * ring, MARK + 7.0 + 10.0 * ring
        found += [(x, y + above), (x, y - above), (x + beside, y), (x - beside, y)]
        found += [(x + s * beside, y + t * above) for s in (1, -1) for t in (1, -1)]
    return found


Box = tuple[float, float, float, float]


def _box(x: float, y: float, wide: float, high: float) -> Box:
    return x - wide, y - high, x + wide, y + high


def _meets(box: Box, others: Sequence[Box]) -> bool:
    return any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in others)


def _ticks(top: float) -> list[float]:
    """Return the ticks that fit on a risk axis ending at `top`."""
    found: list[float] = []
    height = 72.0 * HEIGHT
    above = math.inf
    for tick in TICKS:
        place = height * math.sqrt(tick / top)
        if tick <= top and above - place >= BETWEEN <= place:
            found.append(tick)
            above = place
    return found[::-1]


def _root(risk: Any) -> Any:
    return np.sqrt(np.maximum(risk, 0.0))
