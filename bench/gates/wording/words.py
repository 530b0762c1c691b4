"""Words and number formats shared by all parts of a verdict."""

from __future__ import annotations

import math

from caopd_bench.core.numbers import PLAIN
from caopd_bench.gates.result import GateCell, GateResult
from caopd_bench.scores.table import LABELS

__all__ = ["MOST", "label", "label_of", "number", "place", "round_items"]

MOST = 5  # limit on the reasons in the headline; half the limit on lines of one kind


def label(cell: GateCell) -> str:
    """Return the name of a number, as in the tables."""
    return label_of(cell.metric)


def label_of(metric: str) -> str:
    """Return the name of a metric, as in the tables.

    Examples
    --------
    >>> label_of("brier"), label_of("strict_auroc"), label_of("smooth_ece")
    ('Brier', 'strict AUROC', 'smooth ECE')
    """
    words = metric.replace("_", " ").replace("auroc", "AUROC").replace("ece", "ECE")
    return LABELS.get(metric, words).strip()


def round_items(items: float) -> str:
    """Round up to two digits: the number rests on an estimate.

    Examples
    --------
    >>> round_items(78.2), round_items(1316.0)
    ('79', '1,400')
    """
    step = 10 ** max(int(math.log10(items)) - 1, 0)
    return f"{math.ceil(items / step) * step:,}"


def place(cell: GateCell, result: GateResult) -> str:
    """Return the task and group of a number where they are needed, with a colon."""
    # Stop at the second task: this is called for every number, with thousands of tasks.
    several = any(one.task != cell.task for one in result.cells)
    where = f"{cell.task} {cell.group}" if several and cell.group else cell.group or ""
    where = where or (cell.task if several else "")
    return f"{where}: " if where else ""


def number(value: float, cell: GateCell) -> str:
    """Format a value of a cell."""
    return PLAIN.number(value, signed=cell.metric == "overconfidence_gap")
