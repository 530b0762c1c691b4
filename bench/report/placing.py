"""Explanations of a run's place, for the text beside the table, its notes and the findings."""

from __future__ import annotations

import math
from collections.abc import Sequence

from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.report.build import Report
from caopd_bench.report.entries import Cell

__all__ = ["explain_accuracy", "explain_place", "find_cells", "list_few", "with_accuracy"]

#: Maximum number of names in a sentence before "and N more".
MOST = 6
#: Maximum number of names in a note.
MOST_NOTED = 2


def find_cells(report: Report, task: str) -> dict[str, Cell]:
    """Return the cells of a task by run, in the order of the standings."""
    cells = {entry.name: entry.cells[task] for entry in report.entries if task in entry.cells}
    return {run: cells[run] for run in report.standings[task].order}


def explain_place(report: Report, task: str, run: str) -> str:
    """Return why a run stands below one with a lower skill; "" if it does not."""
    standing = report.standings[task]
    above = standing.placed_below.get(run, ())
    if above:
        cells = find_cells(report, task)
        named = list_few([with_accuracy(cells[other]) for other in above], MOST_NOTED)
        own = cells[run].find("accuracy")
        assert own is not None
        which = "which is" if len(above) == 1 else "which are"
        return (
            f"listed below {named}, {which} significantly more accurate than this run "
            f"({own.estimate:.3f}) and whose confidence is sound, despite its higher Brier skill"
        )
    if run in standing.not_shown:
        return (
            "listed below a run with a lower Brier skill, because its confidence is not shown to "
            "separate right answers from wrong ones"
        )
    return ""


def explain_accuracy(report: Report, task: str, run: str) -> str:
    """Return a sentence on the significantly more accurate runs below this one; "" if none is."""
    below = report.standings[task].less_accurate.get(run, ())
    if not below:
        return ""
    cells = find_cells(report, task)
    named = list_few([with_accuracy(cells[other]) for other in below], MOST_NOTED)
    stand = "is" if len(below) == 1 else "are"
    return f"significantly less accurate than {named}, which {stand} listed below it"


def with_accuracy(cell: Cell) -> str:
    """Return the name of a run with its accuracy in brackets."""
    record = cell.find("accuracy")
    shown = "unknown" if record is None or math.isnan(record.estimate) else f"{record.estimate:.3f}"
    return f"{inline(cell.run, NAME_WIDTH)} ({shown})"


def list_few(shown: Sequence[str], most: int = MOST) -> str:
    """Return a list of names in words, with the number of those omitted."""
    if len(shown) <= most:
        return ", ".join(shown)
    return f"{', '.join(shown[:most])} and {len(shown) - most} more"
