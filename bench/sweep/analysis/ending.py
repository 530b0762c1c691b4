"""Render the last lines of a sweep: a row for each group, and suggested next commands."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import NAME_WIDTH, align, inline
from caopd_bench.metrics.intervals.over_seeds import METRICS
from caopd_bench.runs.read import expand_specs
from caopd_bench.sweep.analysis.spec import Analysis, split_series
from caopd_bench.sweep.grid.cells import BASE, Cell, Sweep, group_of
from caopd_bench.sweep.grid.folder import Folder

__all__ = ["render_ending"]

#: Column heads of the metrics in cells.csv; `USUAL` are the metrics shown without an analysis.
HEADS = {
    "accuracy": "accuracy",
    "mean_confidence": "stated",
    "overconfidence_gap": "gap",
    "brier": "Brier",
    "ece": "ECE",
    "auroc": "AUROC",
    "spr": "SPR",
    "parse_rate": "parsed",
}
USUAL = ("accuracy", "mean_confidence", "brier", "auroc")
SIGNED = ("overconfidence_gap",)
MOST_METRICS, MOST_ROWS = 6, 40
#: Above these numbers of runs, a table (or a report page) is too long to be useful.
SIDE_BY_SIDE, ON_A_PAGE = 8, 100

Row = Mapping[str, str]


def render_ending(sweep: Sweep, folder: Folder, analysis: Analysis | None) -> list[str]:
    """Return the table of a sweep's finished cells and the next commands; empty without cells.

    The numbers are means over the cells of a group. Groups are in the order of the analysis, or
    else of the sweep file. Without an analysis the metrics are accuracy, stated confidence, Brier
    score and AUROC.
    """
    rows = _read_rows(folder.root / "cells.csv")
    cells = {cell.name: cell for cell in sweep.cells if folder.is_finished(cell)}
    rows = [row for row in rows if row["cell"] in cells]
    if not rows:
        return []
    lines: list[str] = []
    for task in dict.fromkeys(row["task"] for row in rows):
        if analysis is None or task == analysis.task:
            ours = [row for row in rows if row["task"] == task]
            lines += ["", inline(task, NAME_WIDTH), *_render_task(ours, cells, analysis)]
    lines += ["", "next:"]
    lines += (f"  {command}" for command in _next_commands(sweep, folder, cells, analysis))
    return lines


def _read_rows(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from None


def _render_task(
    rows: Sequence[Row], cells: Mapping[str, Cell], analysis: Analysis | None
) -> Iterator[str]:
    """Yield the table of one task, aligned."""
    wanted = USUAL if analysis is None else tuple(m for m in analysis.metrics if m in METRICS)
    metrics = (wanted or USUAL)[:MOST_METRICS]
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        cell = cells[row["cell"]]
        group = group_of(cell)
        if analysis is None or group in analysis.groups:
            groups.setdefault((cell.base.kind, group), []).append(row)
    places = list(dict.fromkeys(place for place, _ in groups))
    order = analysis.groups if analysis is not None else [group for _, group in groups]
    keys = sorted(groups, key=lambda key: (places.index(key[0]), order.index(key[1])))
    several = len(places) > 1
    table = [["model"] * several + ["group", "cells", *(HEADS[name] for name in metrics)]]
    for place, group in keys[:MOST_ROWS]:
        members = groups[place, group]
        name = analysis.names.get(group, group) if analysis is not None else group
        shown = [inline(Path(place).name or place, NAME_WIDTH)] * several
        shown += [inline(name, NAME_WIDTH), str(len(members))]
        table.append(shown + [_mean(members, metric) for metric in metrics])
    yield from align(table)
    if len(groups) < len(rows):
        yield "  means over the cells of a group; each cell, with intervals: cells.csv"
    if len(keys) > MOST_ROWS:
        yield f"  and {len(keys) - MOST_ROWS} more groups: cells.csv"


def _mean(rows: Sequence[Row], metric: str) -> str:
    """Return the mean of a metric over the cells in which it is defined."""
    values = [float(row[metric]) for row in rows if row.get(metric)]
    if not values:
        return "-"
    return f"{sum(values) / len(values):{'+' if metric in SIGNED else ''}.3f}"


def _next_commands(
    sweep: Sweep, folder: Folder, cells: Mapping[str, Cell], analysis: Analysis | None
) -> Iterator[str]:
    """Yield complete commands that the user can run unchanged."""
    root = folder.root
    one, other = _find_pair(sweep, cells, analysis)
    # The folder may also hold cells of another file, or of an earlier version of this one.
    is_all = len(expand_specs([root])) == len(cells) <= ON_A_PAGE
    few = [cell for cell in cells.values() if cell.base == one.base or len(cells) <= SIDE_BY_SIDE]
    few_runs = [str(folder.cell(cell)) for cell in few[:SIDE_BY_SIDE]]
    runs = [str(root)] if is_all else few_runs
    if len(cells) <= SIDE_BY_SIDE:
        yield _join("score", *runs)
    if other is not None:
        yield _join("compare", str(folder.cell(one)), str(folder.cell(other)))
    yield _join("report", *runs, "-o", str(root / "report.html"))


def _join(*words: str) -> str:
    return inline(f"caopd-bench {shlex.join(words)}")


def _find_pair(
    sweep: Sweep, cells: Mapping[str, Cell], analysis: Analysis | None
) -> tuple[Cell, Cell | None]:
    """Choose two finished cells of one base: the headline's, else the base and a trained cell."""
    known = [cell for cell in sweep.cells if cell.name in cells]
    for pair in analysis.headline if analysis is not None else ():
        # The headline names the candidate first: "caopd less opd".
        new, old = (split_series(name, "")[0] for name in pair)
        for one in (cell for cell in known if group_of(cell) == old):
            for other in (cell for cell in known if group_of(cell) == new):
                if one.base == other.base and one.name != other.name:
                    return one, other
    for one in (cell for cell in known if cell.method == BASE):
        for other in known:
            if other.base == one.base and other.method != BASE:
                return one, other
    return known[0], known[1] if len(known) > 1 else None
