"""The reliability diagram. Matplotlib is imported inside functions, and pyplot never."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from caopd_bench.metrics.reliability import marks
from caopd_bench.metrics.reliability.table import ReliabilityTable

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE_WIDTH = 40  # characters that fit above a panel
STATED = "stated confidence"
AREA = 170.0  # area of the largest circle, in square points
# Sizes in inches for several panels: the axes, their margins, and a line of a title.
PANEL, LEFT, RIGHT, BELOW, LINE = 3.5, 0.65, 0.15, 1.15, 0.22


def plot_reliability(
    table: ReliabilityTable,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    confidence: str = STATED,
) -> Figure:
    """Draw a reliability diagram: accuracy against stated confidence.

    Parameters
    ----------
    table : ReliabilityTable
        From :func:`reliability_table`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out. There is a legend above and four lines of text
        below: give the figure a layout engine (``layout="constrained"``).
    title : str, optional
    confidence : str, default "stated confidence"
        Label of the confidence axis.

    Returns
    -------
    matplotlib.figure.Figure
        The figure of ``ax``, or a new one that pyplot does not know of.

    Raises
    ------
    ValueError
        If ``table`` is no :class:`ReliabilityTable`.

    Notes
    -----
    Each circle is a distinct confidence (a bin, if there are more than 30). Its area is the share
    of the rows, with a minimum size, and its bar is a Wilson interval, pale if wider than 0.35. The
    line is the CORP curve. The shaded band is the range of that curve for a calibrated model; where
    the band is wide because fewer than five rows are near, a label such as "wide: 1 row" replaces
    it. The strip below shows how often each confidence is stated. No rcParams are changed.

    Examples
    --------
    >>> from caopd_bench.metrics import reliability_table, tally
    >>> figure = plot_reliability(reliability_table(tally([0.9, 0.5], [1, 0])))
    >>> figure.savefig("reliability.png")  # doctest: +SKIP
    """
    _check_table("table", table)
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(4.8, 6.2), dpi=150, layout="constrained").add_subplot()
    handles = _draw(ax, table, AREA / marks.largest_share(table), confidence)
    # The legend is above the axes, because inside some bar of a small sample always crosses it.
    ax.legend(
        handles.values(),
        handles.keys(),
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=2,
        frameon=False,
        fontsize="small",
        borderpad=0.2,
        handlelength=1.4,
        handletextpad=0.5,
        columnspacing=1.2,
    )
    if title is not None:
        ax.set_title(_filled(title), pad=37)
    return _figure_of(ax)


def plot_reliabilities(
    tables: Mapping[str, ReliabilityTable],
    *,
    columns: int = 3,
    confidence: str = STATED,
    look: Mapping[str, tuple[str, str]] | None = None,
) -> Figure:
    """Draw the reliability diagrams of several models side by side, on a common scale.

    Parameters
    ----------
    tables : mapping of str to ReliabilityTable
        One panel per table, in this order, titled with its name.
    columns : int, default 3
        Largest number of panels in a row.
    confidence : str, default "stated confidence"
        Label of the confidence axes.
    look : mapping of str to (colour, mark), optional
        Colour and mark by name of ``tables``, to match other figures of the same models. The mark
        is drawn before the name. Default: the same blue for all.

    Returns
    -------
    matplotlib.figure.Figure
        A new figure that pyplot does not know of. Equal areas of circles are equal shares of a
        model's rows in all panels; each strip below has its own scale, which is labelled.

    Raises
    ------
    ValueError
        If there is no table, one is no :class:`ReliabilityTable`, or ``columns`` is not a positive
        integer.

    Examples
    --------
    >>> from caopd_bench.metrics import reliability_table, tally
    >>> before, after = tally([0.9, 0.5], [1, 0]), tally([1.0, 1.0], [1, 0])
    >>> tables = {"before": reliability_table(before), "after": reliability_table(after)}
    >>> figure = plot_reliabilities(tables)
    >>> [ax.get_title() for ax in figure.axes]
    ['before', 'after']
    """
    from matplotlib.figure import Figure

    if isinstance(columns, bool) or not isinstance(columns, (int, np.integer)) or columns < 1:
        raise ValueError(f"columns must be a positive integer, got {columns!r}; use 3")
    _check_tables(tables)
    across = min(len(tables), int(columns))
    titles = [_filled(name) for name in tables]
    rows = [titles[i : i + across] for i in range(0, len(titles), across)]
    lines = [max(title.count("\n") + 1 for title in row) for row in rows]
    # Set the sizes in inches, since layout engines do not converge for panels of a fixed aspect.
    legend = 0.35 if across > 1 else 0.6
    width = max(across * (LEFT + PANEL + RIGHT), 4.8)
    height = legend + len(rows) * (PANEL * marks.ASPECT + BELOW + 0.15) + sum(lines) * LINE
    figure = Figure(figsize=(width, height), dpi=150)
    # At least the scale of a single panel, and large enough that the circles of the others stay
    # visible if one model is saturated.
    scale = max(AREA / max(map(marks.largest_share, tables.values())), 450.0)
    handles: dict[str, Artist] = {}
    kinds: dict[str, Artist] = {}
    for i, (table, title) in enumerate(zip(tables.values(), titles, strict=True)):
        row, column = divmod(i, across)
        left = (
            column * (LEFT + PANEL + RIGHT) + LEFT + (width - across * (LEFT + PANEL + RIGHT)) / 2
        )
        above = legend + (row + 1) * (PANEL * marks.ASPECT + 0.15) + row * BELOW
        bottom = height - above - sum(lines[: row + 1]) * LINE
        box = (left / width, bottom / height, PANEL / width, PANEL * marks.ASPECT / height)
        ax = figure.add_axes(box)
        # One legend entry per label, because some panels may show bins and others stated values.
        colour, mark = (look or {}).get(list(tables)[i], (marks.BLUE, ""))
        drawn = list(_draw(ax, table, scale, confidence, colour).items())
        kinds[drawn[0][0].partition(",")[0]] = drawn[0][1]
        handles.update(drawn[1:])
        _write_title(ax, title, colour, mark)
    circles = {f"{' or '.join(sorted(kinds))}, area: share of rows": next(iter(kinds.values()))}
    handles = circles | handles
    if look:
        handles.update(zip(list(handles)[:2], marks.grey_handles(), strict=True))
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="upper center",
        ncols=len(handles) if across > 1 else 2,
        frameon=False,
        fontsize="small",
    )
    return figure


def _write_title(ax: Axes, title: str, colour: str, mark: str) -> None:
    """Write the name of a model as a title, preceded by its mark if it has one."""
    if not mark:
        ax.set_title(title, parse_math=False)
        return
    from matplotlib.transforms import offset_copy

    text = ax.set_title(title, loc="left", x=0.07, parse_math=False)
    # Place the mark beside the first line of the title, whose last line is 6 points above the axes.
    rise = 6.0 + 0.38 * float(text.get_fontsize()) + 72.0 * LINE * title.count("\n")
    place = offset_copy(ax.transAxes, _figure_of(ax), y=rise, units="points")
    ax.plot(
        [0.03], [1.0], marker=mark, color=colour, transform=place, clip_on=False, markersize=7.0,
        linestyle="",
    )  # fmt: skip


def _check_tables(tables: Any) -> None:
    if not isinstance(tables, Mapping):
        kind = type(tables).__name__
        raise ValueError(f"tables must map names to tables, got {kind}; pass {{name: table}}")
    if not tables:
        raise ValueError("tables must hold at least one table, got none")
    for name, table in tables.items():
        _check_table(f"tables[{name!r}]", table)


def _check_table(name: str, table: Any) -> None:
    if not isinstance(table, ReliabilityTable):
        raise ValueError(
            f"{name} must be a ReliabilityTable, got {type(table).__name__}; "
            "reliability_table(confidence, correct) makes one"
        )


def _draw(
    ax: Axes, table: ReliabilityTable, scale: float, confidence: str, colour: str = marks.BLUE
) -> dict[str, Artist]:
    """Draw a panel; return the artists of its legend by their labels."""
    level = f"{100 * table.level:g}%"
    value = "stated value" if confidence == STATED else "value"
    kind = value if marks.atoms_are_values(table) else "bin"
    marks.draw_reference(ax)
    band = marks.draw_band(ax, table)
    curve = marks.draw_curve(ax, table)
    bars = marks.draw_bars(ax, table, colour)
    circles = marks.draw_atoms(ax, table, scale, colour)
    marks.draw_histogram(ax, table)
    marks.draw_words(ax, table, scale, 72.0 * PANEL / (marks.X_LIMITS[1] - marks.X_LIMITS[0]))
    bottom, top = marks.Y_LIMITS
    ax.set(xlim=marks.X_LIMITS, ylim=marks.Y_LIMITS, aspect="equal")
    ticks = np.linspace(0.0, 1.0, 6)
    ax.set_xticks(ticks)
    ax.set_yticks(ticks)
    ax.set_ylabel("Accuracy", y=(0.5 - bottom) / (top - bottom))
    ax.set_xlabel(confidence[:1].upper() + confidence[1:])
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines["left"].set_bounds(0.0, 1.0)
    ax.annotate(
        caption(table),
        (0.5, 0.0),
        xycoords=ax.xaxis.label,
        xytext=(0, -4),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize="small",
        linespacing=1.35,
        annotation_clip=False,
    )
    return {
        f"{kind}, area: share of rows": circles,
        f"{level} interval, pale if wide": bars,
        "isotonic fit": curve,
        f"{level} band if calibrated": band,
    }


def _filled(title: str) -> str:
    return "\n".join(textwrap.fill(line, TITLE_WIDTH) for line in title.splitlines())


def caption(table: ReliabilityTable) -> str:
    """Return the three lines of numbers below a diagram."""
    rows = f"n = {table.n:,}"
    if table.clusters is not None:
        rows += f" in {table.clusters:,} cluster{'' if table.clusters == 1 else 's'}"
    auroc = "undefined" if np.isnan(table.auroc) else f"{table.auroc:.3f}"
    ece = f"ECE {table.ece.estimate:.3f}"
    if not np.isnan(table.ece.low):
        ece += f" [{table.ece.low:.3f}, {table.ece.high:.3f}]"
    return (
        f"{rows}, AUROC {auroc}\n"
        f"{ece}, {table.null_ece.mean:.3f} if calibrated\n"
        f"Brier {table.brier:.3f} = {table.miscalibration:.3f} MCB"
        f" − {table.discrimination:.3f} DSC + {table.uncertainty:.3f} UNC"
    )


def _figure_of(ax: Axes) -> Figure:
    figure: Any = ax.figure
    while hasattr(figure, "figure") and figure.figure is not figure:  # axes may be in a subfigure
        figure = figure.figure
    return figure  # type: ignore[no-any-return]
