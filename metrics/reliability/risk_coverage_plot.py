"""The risk-coverage diagram. Matplotlib is imported inside functions, and pyplot never."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from caopd_bench.metrics.points.selective import aurc, eaurc, risk_coverage
from caopd_bench.metrics.points.tied_order import answered
from caopd_bench.metrics.reliability.marks import legend_label
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally, rows_or_tally

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, distinguishable with any colour vision; marks and dashes help in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKS = ("o", "s", "^", "D", "v")
DASHES = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)))
Model = Tally | tuple[ArrayLike, ArrayLike]
POINTS = 1000  # number of coverages at which a curve is computed
LONGEST = 58  # a longer legend entry is split: the name, and its numbers on a second line
MOST_MARKS = 30  # with more thresholds nearly every coverage can be reached: no marks


def plot_risk_coverage(
    tallies: Model | Mapping[str, Model], ax: Axes | None = None, *, title: str | None = None
) -> Figure:
    """Draw the error rate among the answered rows against the share that is answered.

    Parameters
    ----------
    tallies : Tally or (confidence, correct), or mapping of str to such
        One model, or several by name.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        The figure of ``ax``, or a new one that pyplot does not know of.

    Raises
    ------
    ValueError
        If there is no model, or one is neither a tally nor a pair of valid columns.

    Notes
    -----
    Marks are the coverages that a threshold on the confidence can reach (left out if there are more
    than 30 of them). Between two marks all rows have the same confidence, and the line is the
    expected error rate if a random part of them is answered. The order of the rows in the file has
    no effect, and the area under the line is the AURC of the legend, up to the width of a row. The
    excess is the reduction that a perfect order of the same answers would bring, see :func:`eaurc`.
    No rcParams are changed.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> base, tuned = tally([0.9, 0.9, 0.5], [1, 0, 1]), tally([0.9, 0.9, 0.5], [1, 1, 0])
    >>> figure = plot_risk_coverage({"base": base, "tuned": tuned})
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['base: AURC 0.444, excess 0.333 (n = 3)', 'tuned: AURC 0.111, excess 0.000 (n = 3)']
    """
    given = tallies if isinstance(tallies, Mapping) else {"": tallies}
    named = {
        name: rows_or_tally(f"tallies[{name!r}]" if name else "tallies", model)
        for name, model in given.items()
    }
    if not named:
        raise ValueError("tallies must hold at least one tally, got none")
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(5.2, 4.2), dpi=150, layout="constrained").add_subplot()
    highest = 0.0
    styles = zip(cycle(COLOURS), cycle(MARKS), _dashes(len(named)), strict=False)
    for (name, tally), (colour, mark, dash) in zip(named.items(), styles, strict=False):
        coverage, risk = expected_curve(tally)
        ax.plot(coverage, risk, color=colour, linestyle=dash, linewidth=1.6)
        _, reached, risk_there = risk_coverage(tally)
        some = slice(None if reached.size <= MOST_MARKS else 0)  # mark all thresholds, or none
        # White edges separate marks where curves meet.
        style: dict[str, Any] = {"color": colour, "marker": mark, "markeredgecolor": "white"}
        ax.plot(reached[some], risk_there[some], linestyle="", clip_on=False, zorder=3, **style)
        shown = style if reached.size <= MOST_MARKS else {"color": colour}
        ax.plot([], [], linestyle=dash, linewidth=1.6, label=_label(name, tally), **shown)
        highest = max(highest, float(risk.max()))
    ax.set(xlim=(0.0, 1.0), ylim=(0.0, max(1.06 * highest, 0.01)))
    ax.set_xlabel("Coverage: share of rows answered, most confident first")
    ax.set_ylabel("Risk: error rate among them")
    ax.spines[["top", "right"]].set_visible(False)
    # The legend is above the axes, because inside some curve always crosses it.
    legend = ax.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        frameon=False,
        fontsize="small",
        borderpad=0.2,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)  # a dollar sign in a name is literal
    if title is not None:
        lines = sum(text.get_text().count("\n") + 1 for text in legend.get_texts())
        ax.set_title(title, pad=14.0 * lines + 10.0, parse_math=False)
    figure: Any = ax.figure
    while hasattr(figure, "figure") and figure.figure is not figure:  # axes may be in a subfigure
        figure = figure.figure
    return figure  # type: ignore[no-any-return]


def expected_curve(tally: Tally) -> tuple[FloatArray, FloatArray]:
    """Return coverages in (0, 1] and the expected error rate at each, ties in random order."""
    rows, wrong, rows_before, wrong_before = answered(tally.right, tally.wrong)
    reached, errors = rows_before + rows, wrong_before + wrong
    n = reached[-1]
    coverage = np.arange(1, POINTS + 1) / POINTS
    if reached.size <= POINTS:
        coverage = np.union1d(coverage, reached / n)
    # In random order the expected number of errors is linear within tied rows.
    found = np.interp(coverage * n, np.append(0.0, reached), np.append(0.0, errors))
    return coverage, found / (coverage * n)


def _dashes(models: int) -> Any:
    """Return a dash pattern for each model, which changes when the colours repeat."""
    return (DASHES[i // len(COLOURS) % len(DASHES)] for i in range(models))


def _label(name: str, tally: Tally) -> str:
    numbers = f"AURC {aurc(tally):.3f}, excess {eaurc(tally):.3f} (n = {tally.n:,})"
    if not name:
        return numbers
    between = " " if len(name) + len(numbers) <= LONGEST else "\n   "
    return legend_label(f"{name}:{between}{numbers}")
