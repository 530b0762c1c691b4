"""Draw curves by day: risk above the cut, coverage, and missing outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from caopd_bench.metrics.selection.anytime import risk_sequence
from caopd_bench.watch.look import Look
from caopd_bench.watch.tallies import EMPTY, Day

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Point", "draw_days", "points_of"]

#: Maximum points of a curve: with more days only every second, third, ... is drawn.
MOST = 200
BLUE, RED, GREY = "#0072b2", "#c01f2b", "#6b6b6b"


class Point(NamedTuple):
    """The sums of a day, and of all days up to it.

    Attributes
    ----------
    day : str
    alone, sofar : Day
        Sums of the day alone, and of all days up to it.
    low, high : float
        Interval of the risk of the known outcomes so far.
    least, most : float
        Risk so far if all missing outcomes were right, and wrong.
    """

    day: str
    alone: Day
    sofar: Day
    low: float
    high: float
    least: float
    most: float


def points_of(look: Look) -> list[Point]:
    """Return the days with answers above or below the cut, in order."""
    days = look.state.days()
    step = -(-len(days) // MOST)
    sums, found, since = EMPTY, [], EMPTY
    for i, (day, of_day) in enumerate(days.items(), 1):
        sums, since = sums + of_day, since + of_day
        if i % step and i != len(days):
            continue
        sofar, alone = Day.of(sums), Day.of(since)
        since, kept = EMPTY, sofar.kept
        low, high = risk_sequence(kept.wrong, int(kept.known), 1.0 - look.options.error)
        rows = kept.rows or np.nan
        found.append(
            Point(
                day, alone, sofar, low, high, kept.wrong / rows, (kept.wrong + kept.missing) / rows
            )
        )
    return found


def draw_days(look: Look, points: list[Point]) -> Figure:
    """Draw the curves, one above the other."""
    import datetime

    import matplotlib.dates
    from matplotlib.figure import Figure

    dates: Any = matplotlib.dates  # the module has no type annotations
    figure = Figure(figsize=(9.0, 7.2), layout="constrained")
    risk, coverage, missing = figure.subplots(3, sharex=True, height_ratios=[3, 1.2, 1.2])
    x = dates.date2num([datetime.date.fromisoformat(point.day) for point in points])
    kept = [point.sofar.kept for point in points]
    known = np.array([part.wrong / part.known if part.known else np.nan for part in kept])
    alone = [point.alone.kept for point in points]
    daily = np.array([part.wrong / part.known if part.known else np.nan for part in alone])
    spread = [point.low for point in points], [point.high for point in points]
    risk.fill_between(
        x, *spread, color=BLUE, alpha=0.2, lw=0, label="interval, valid at every look"
    )
    risk.plot(x, known, color=BLUE, marker=".", label="known outcomes, so far")
    risk.scatter(x, daily, s=12, color=GREY, label="known outcomes of the day", zorder=3)
    ends = [point.least for point in points], [point.most for point in points]
    risk.plot(
        x, ends[0], color=BLUE, lw=1, ls=":", label="if all missing outcomes are right, or wrong"
    )
    risk.plot(x, ends[1], color=BLUE, lw=1, ls=":")
    limits = [cut.max_risk for cut in look.promise.cuts if cut.max_risk == cut.max_risk]
    for limit in sorted({min(limits), max(limits)}):
        risk.axhline(limit, color=RED, lw=1.2, ls="--")
    risk.annotate(
        f"promised: {max(limits):g}", (1.0, max(limits)), xycoords=("axes fraction", "data"),
        ha="right", va="bottom", color=RED, fontsize=9,
    )  # fmt: skip
    seen = np.concatenate([known, daily, spread[1][-1:], [2.0 * max(limits)]])
    top = min(1.0, 1.25 * float(np.nanmax(seen)))
    risk.set(ylabel="risk of kept answers", ylim=(0.0, top))
    risk.legend(fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
    coverage.plot(x, [point.alone.coverage for point in points], color=BLUE, marker=".")
    if look.promise.by is None:
        was = look.promise.cuts[0]
        coverage.axhspan(was.coverage_low, was.coverage_high, color=GREY, alpha=0.25, lw=0)
    coverage.set(ylabel="kept", ylim=(0.0, 1.0))
    share = [part.missing / part.rows if part.rows else np.nan for part in alone]
    missing.plot(x, share, color=BLUE, marker=".")
    missing.set(ylabel="no outcome", ylim=(0.0, 1.0))
    locator = dates.AutoDateLocator()
    missing.xaxis.set_major_locator(locator)
    missing.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    for axes in (risk, coverage, missing):
        axes.spines[["top", "right"]].set_visible(False)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    return figure
