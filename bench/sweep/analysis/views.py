"""Apply views: select a cell's answers and the number that each is compared with.

The number is the stated confidence, or a prediction from the item's level (`level`) or from other
runs' answers to it (`siblings`, `other_bases`). Predictors and recalibration maps are computed
once, from the observed answers, so the limits are conditional on them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.errors import UsageError
from caopd_bench.metrics import recalibrate
from caopd_bench.metrics.intervals.over_seeds import Answers
from caopd_bench.runs.run import Row
from caopd_bench.sweep.analysis.spec import ANALYSIS, PREDICTORS, View
from caopd_bench.sweep.run.observe import read_expectations

__all__ = ["Shares", "arrange", "find_number", "look"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
LEVEL = "level"


class Shares(NamedTuple):
    """Shares of right answers to each item among a group's other runs, where parsed.

    Only answers that state a confidence are judged, and their accuracy is higher: a share over all
    answers would be biased below it.
    """

    siblings: Array  # shape (bases, seeds, items); NaN where no other run of the base counts
    other_bases: Array  # NaN where no run of another base does

    @classmethod
    def of(cls, rows: Sequence[Sequence[Row]], shape: tuple[int, int]) -> Shares:
        """Compute the shares from a group's runs, ordered by base seed and then training seed."""
        counts = np.array([[float(row.confidence is not None) for row in run] for run in rows])
        counts = counts.reshape(*shape, -1)
        right = np.array([[float(row.correct) for row in run] for run in rows])
        right = right.reshape(counts.shape) * counts
        of_base, in_base = (x.sum(1, keepdims=True) for x in (right, counts))
        with np.errstate(invalid="ignore"):
            siblings = (of_base - right) / (in_base - counts)
            others = (of_base.sum(0) - of_base) / (in_base.sum(0) - in_base)
        return cls(siblings, np.broadcast_to(others, right.shape))


def arrange(rows: Iterable[Row], order: Sequence[str], cell: str) -> list[Row]:
    """Put a cell's answers into the order of the items that all cells share.

    Raises
    ------
    UsageError
        If an item has several answers, or the cell was asked different items.
    """
    listed = list(rows)
    by_item = {row.item_hash: row for row in listed}
    if len(by_item) < len(listed):
        raise UsageError(f"{ANALYSIS}: {cell} has several answers to an item; name a task of one")
    if by_item.keys() != set(order):
        raise UsageError(f"{ANALYSIS}: {cell} was asked other items than the first cell")
    return [by_item[item] for item in order]


def find_number(
    rows: Sequence[Row],
    view: View,
    files: Path,
    shares: Shares,
    place: tuple[int, ...],
    task: str,
) -> Array:
    """Return the number to compare with each answer of a cell; NaN where the answer states none.

    Parameters
    ----------
    rows : sequence of Row
        The cell's rows, in the order of the items.
    view : View
    files : Path
        The cell's folder.
    shares : Shares
        Shares of the cell's group.
    place : tuple of int
        Index of the cell in its group: base, training seed.
    task : str
    """
    stated = np.array([math.nan if r.confidence is None else r.confidence for r in rows])
    if view.column == "expected":
        expected = read_expectations(files, task)
        return np.array([expected.get(row.item_hash, math.nan) for row in rows])
    if view.column not in PREDICTORS:
        return stated
    if view.column == LEVEL:
        # Fit on the answers that are judged, which are those that state a number.
        inside = np.array([_is_in(row, view.where) for row in rows]) & ~np.isnan(stated)
        predicted = _fit_levels(rows, inside)
    else:
        predicted = getattr(shares, view.column)[place]
    # NaN here too, so that both sides of a difference use the same answers.
    return np.where(np.isnan(stated), math.nan, predicted)


def look(rows: Sequence[Row], view: View, number: Array) -> tuple[Answers, NDArray[np.int64]]:
    """Return the answers of a view, and the indices of its items among all items."""
    correct = np.array([float(row.correct) for row in rows])
    inside = np.array([_is_in(row, view.where) for row in rows])
    second = _second(len(rows))
    if view.half is not None:
        inside &= second == (view.half == "second")
    if view.recalibrate is not None:
        fit = np.array([_is_in(row, view.fit) for row in rows])
        if (fit & inside).any():
            fit, inside = fit & ~second, inside & second
        if not fit.any():
            raise UsageError(f"{ANALYSIS}: views: no row to fit on has {dict(view.fit)}")
        number = _recalibrate(number, correct, fit, view.recalibrate)
    if not inside.any():
        raise UsageError(f"{ANALYSIS}: views: no row to look at has {dict(view.where)}")
    kept = np.flatnonzero(inside)
    levels = _number_levels(rows)
    if view.column == LEVEL:
        # A constant fitted without one half of the items is biased away from that half: within a
        # level, pairs across the halves would rank below chance by construction.
        levels = np.where(levels < 0, -1, 2 * levels + second)
    return Answers(number[kept], correct[kept], levels[kept]), kept


def _second(items: int) -> Flags:
    """Return which items are in the second half; they are ordered by hash, as good as randomly."""
    halves: Flags = np.arange(items) % 2 == 1
    return halves


def _is_in(row: Row, where: Mapping[str, Any]) -> bool:
    return all(row.groups.get(key) == value for key, value in where.items())


def _number_levels(rows: Sequence[Row]) -> NDArray[np.int64]:
    """Return the levels of the items as numbers; -1 where an item has none."""
    levels = [row.groups.get(LEVEL) for row in rows]
    known = {level: i for i, level in enumerate(dict.fromkeys(levels))} | {None: -1}
    return np.array([known[level] for level in levels], dtype=np.int64)


def _fit_levels(rows: Sequence[Row], inside: Flags) -> Array:
    """Return, for each item, the accuracy of its level in the other half of the items."""
    correct = np.array([float(row.correct) for row in rows])
    levels, second = _number_levels(rows), _second(len(rows))
    fitted = np.full(len(rows), math.nan)
    for level in np.unique(levels[levels >= 0]):
        for half in (second, ~second):
            of_others = inside & ~half & (levels == level)
            if of_others.any():
                fitted[half & (levels == level)] = correct[of_others].mean()
    return fitted


def _recalibrate(stated: Array, correct: Array, fit: Flags, method: str) -> Array:
    """Recalibrate stated values by a map that is fitted on some of the items.

    A single split is used rather than folds: a map fitted without an item is biased away from it,
    and over all folds the gap of a model that always states the same number is zero by
    construction.
    """
    result = np.full_like(stated, math.nan)
    parsed = ~np.isnan(stated)
    if (parsed & fit).any():
        made = recalibrate(stated[parsed & fit], correct[parsed & fit], method=method)  # type: ignore[arg-type]
        result[parsed] = made.apply(stated[parsed])
    return result
