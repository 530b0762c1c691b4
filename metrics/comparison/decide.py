"""Decide PASS, FAIL or INCONCLUSIVE from degradations and the tolerated margins."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from caopd_bench.metrics.comparison.holm import holm
from caopd_bench.metrics.limits.student import normal_quantile
from caopd_bench.metrics.rows.seeds import check_level

Key = TypeVar("Key")
Outcome = Literal["PASS", "FAIL", "INCONCLUSIVE"]
#: An estimate must exceed its margin by more than this, so that rounding does not decide.
TINY = 1e-12
#: Probability of a decision with `items_needed` items.
POWER = 0.8


@dataclass(frozen=True)
class Cell:
    """The inputs for the verdict on one number; positive values mean that the candidate is worse.

    Attributes
    ----------
    worse_by : float
        NaN if it could not be computed.
    upper : float
        One-sided upper limit.
    p_value : float
        One-sided p-value for "not worse".
    standard_error : float
    margin : float
        Tolerated deterioration.
    items : int
    extra : float
        The part of the variance that falls with the square of the number of items.
    excess : float
        The part of `upper` that more items would not reduce.
    least_items : float
        Number of items with which the cell could probably be computed, if it was not; 0 if unknown.
    """

    worse_by: float
    upper: float
    p_value: float
    standard_error: float
    margin: float
    items: int
    extra: float = 0.0
    excess: float = 0.0
    least_items: float = 0.0


@dataclass(frozen=True)
class CellVerdict:
    """The verdict on one cell.

    Attributes
    ----------
    outcome : {"PASS", "FAIL", "INCONCLUSIVE"}
    adjusted : float
        p-value adjusted for all cells of the family; NaN if it could not be computed.
    items_needed : float
        Number of items with which an INCONCLUSIVE cell would PASS or, if it is above its margin,
        FAIL with a probability of 0.8, if the true deterioration is the estimate; for a cell that
        could not be computed, the number with which it probably could. Infinite if no number of
        items is enough; NaN if the cell is decided or nothing is known about it.
    """

    outcome: Outcome
    adjusted: float
    items_needed: float


@dataclass(frozen=True)
class Decision(Generic[Key]):
    """The verdict on a family of cells, and on each cell."""

    outcome: Outcome
    cells: Mapping[Key, CellVerdict]


def decide(
    cells: Mapping[Key, Cell], *, level: float = 0.95, looks: int = 1, least: int = 0
) -> Decision[Key]:
    r"""Decide on a candidate from all its gated cells together.

    Parameters
    ----------
    cells : mapping to Cell
        The family: all cells that may fail or must pass; at least one.
    level : float, default 0.95
        A candidate that is not worse in any cell FAILs with a chance of at most 1 - level.
    looks : int, default 1
        Number of comparisons with the same reference over which the chance of any false FAIL is
        bounded; p-values are multiplied by it.
    least : int, default 0
        Smallest number of items for a decision; ``items_needed`` is never below it.

    Returns
    -------
    Decision

    Raises
    ------
    ValueError
        If there are no cells, or an argument is invalid.

    Notes
    -----
    FAIL: some cell has a p-value, adjusted by :func:`holm` and times ``looks``, of at most
    1 - level, and is worse by more than its margin. PASS: every cell was computed, and its upper
    limit is below its margin; this needs no adjustment, because all must hold (intersection-union,
    Berger, Technometrics 24, 1982). A cell that could not be computed never fails, and blocks PASS.
    Otherwise INCONCLUSIVE. With x times the items a standard error is

    .. math:: se(x) = \sqrt{(se^2 - extra) / x + extra / x^2}

    and s(x) is the same without the second part, which is not due to chance. x is the smallest for
    which

    .. math:: z_{level} \, se(x) + z_{0.8} \, s(x) \le margin - excess - estimate

    or, for an estimate above its margin and m cells in all,

    .. math:: z_{1 - (1 - level) / (m \, looks)} \, se(x) + z_{0.8} \, s(x) \le estimate
       \quad\text{and}\quad z_{0.8} \, s(x) \le estimate - margin

    Examples
    --------
    >>> cells = {
    ...     "brier": Cell(0.05, 0.07, 0.001, 0.012, 0.04, 500),
    ...     "accuracy": Cell(0.0, 0.03, 0.5, 0.018, 0.05, 500),
    ... }
    >>> decision = decide(cells)
    >>> decision.outcome, decision.cells["brier"].adjusted
    ('FAIL', 0.002)
    """
    check_level(level)
    if not cells:
        raise ValueError("cells must not be empty; pass at least one Cell to decide on")
    if isinstance(looks, bool) or not isinstance(looks, int) or looks < 1:
        raise ValueError(f"looks must be an int >= 1, got {looks!r}; 365 for a year of nights")
    if isinstance(least, bool) or not isinstance(least, int) or least < 0:
        raise ValueError(f"least must be an int >= 0, got {least!r}; 100 as in a shipped policy")
    adjusted = holm({key: cell.p_value for key, cell in cells.items()})
    alpha = (1.0 - level) / looks
    # Holm's threshold for the smallest p-value, the strictest of all.
    strictest = 1.0 - alpha / max(sum(math.isfinite(p) for p in adjusted.values()), 1)
    each = {
        key: _judge(cell, adjusted[key], alpha, level, strictest, least)
        for key, cell in cells.items()
    }
    outcomes = {verdict.outcome for verdict in each.values()}
    whole: Outcome = "PASS"
    for outcome in ("INCONCLUSIVE", "FAIL"):
        whole = outcome if outcome in outcomes else whole
    return Decision(whole, each)


def _judge(
    cell: Cell, adjusted: float, alpha: float, level: float, strictest: float, least: int
) -> CellVerdict:
    if not math.isfinite(cell.upper):
        needed = max(cell.least_items, least, cell.items + 1.0) if cell.least_items else math.nan
        return CellVerdict("INCONCLUSIVE", adjusted, needed)
    if adjusted <= alpha and cell.worse_by > cell.margin + TINY:
        return CellVerdict("FAIL", adjusted, math.nan)
    if cell.upper < cell.margin:
        return CellVerdict("PASS", adjusted, math.nan)
    if cell.worse_by > cell.margin:
        needed = max(
            _items_for(cell, _z(strictest), cell.worse_by),
            _items_for(cell, 0.0, cell.worse_by - cell.margin),
        )
    else:
        needed = _items_for(cell, _z(level), cell.margin - cell.excess - cell.worse_by)
    return CellVerdict("INCONCLUSIVE", adjusted, max(needed, least, cell.items + 1.0))


def _items_for(cell: Cell, z: float, room: float) -> float:
    """Return the items with which z standard errors and an allowance for chance fit the room."""
    if room <= TINY:
        return math.inf
    falling, power = max(cell.standard_error**2 - cell.extra, 0.0), _z(POWER)
    if cell.extra <= 0.0:
        return cell.items * falling * ((z + power) / room) ** 2

    def fits(times: float) -> bool:
        chance = falling / times
        return z * math.sqrt(chance + cell.extra / times**2) + power * math.sqrt(chance) <= room

    low, high = 0.0, 1.0
    while not fits(high):
        low, high = high, 2.0 * high
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (low, middle) if fits(middle) else (middle, high)
    return cell.items * high


def _z(one_sided: float) -> float:
    return normal_quantile(2.0 * one_sided - 1.0)
