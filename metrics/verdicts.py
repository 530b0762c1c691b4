"""PASS, FAIL or INCONCLUSIVE: what follows from degradations and the margins that are tolerated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from caopd_bench.metrics.closed_form import normal_quantile
from caopd_bench.metrics.multiplicity import holm
from caopd_bench.metrics.seeds import check_level

Key = TypeVar("Key")
Outcome = Literal["PASS", "FAIL", "INCONCLUSIVE"]
#: Rounding does not decide: an estimate is above its margin by more than this.
TINY = 1e-12
#: Chance to decide that `items_needed` gives.
POWER = 0.8


@dataclass(frozen=True)
class Cell:
    """What a verdict needs of one number; positive is worse.

    Attributes
    ----------
    worse_by : float
        NaN if it could not be computed.
    upper : float
        One-sided upper limit.
    p_value : float
        One-sided, of "not worse".
    standard_error : float
    margin : float
        By how much it may be worse.
    items : int
    """

    worse_by: float
    upper: float
    p_value: float
    standard_error: float
    margin: float
    items: int


@dataclass(frozen=True)
class CellVerdict:
    """What one cell says.

    Attributes
    ----------
    outcome : {"PASS", "FAIL", "INCONCLUSIVE"}
    adjusted : float
        p-value adjusted for all cells of the family; NaN if it could not be computed.
    items_needed : float
        Items with which an INCONCLUSIVE cell would pass with a probability of 0.8, if the
        candidate were as much worse as estimated; infinite where that is above the margin, NaN
        where the cell is decided or could not be computed.
    """

    outcome: Outcome
    adjusted: float
    items_needed: float


@dataclass(frozen=True)
class Decision(Generic[Key]):
    """The verdict on a family of cells, and what each says."""

    outcome: Outcome
    cells: Mapping[Key, CellVerdict]


def decide(cells: Mapping[Key, Cell], *, level: float = 0.95, looks: int = 1) -> Decision[Key]:
    r"""Decide on a candidate by all its gated cells together.

    Parameters
    ----------
    cells : mapping to Cell
        The family: all cells that may fail or must pass. Not empty.
    level : float, default 0.95
        The chance of a FAIL of a candidate that is not worse in any cell is at most 1 - level.
    looks : int, default 1
        How often candidates will be compared with the same reference, a FAIL in any of which would
        be a false alarm: p-values count that many times.

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
    limit is below its margin; no adjustment, since all must hold (intersection-union, Berger,
    Technometrics 24, 1982). A cell that could not be computed never fails, and blocks PASS.
    Otherwise INCONCLUSIVE, with

    .. math:: n \Big( \frac{(z_{level} + z_{0.8}) \, se}{margin - estimate} \Big)^2

    items needed.

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
        raise ValueError("cells must not be empty; there is nothing to decide on")
    if isinstance(looks, bool) or not isinstance(looks, int) or looks < 1:
        raise ValueError(f"looks must be an int >= 1, got {looks!r}; 365 for a year of nights")
    adjusted = holm({key: cell.p_value for key, cell in cells.items()})
    alpha = (1.0 - level) / looks
    each = {key: _judge(cell, adjusted[key], alpha, level) for key, cell in cells.items()}
    outcomes = {verdict.outcome for verdict in each.values()}
    whole: Outcome = "PASS"
    for outcome in ("INCONCLUSIVE", "FAIL"):
        whole = outcome if outcome in outcomes else whole
    return Decision(whole, each)


def _judge(cell: Cell, adjusted: float, alpha: float, level: float) -> CellVerdict:
    if not math.isfinite(cell.upper):
        return CellVerdict("INCONCLUSIVE", adjusted, math.nan)
    if adjusted <= alpha and cell.worse_by > cell.margin + TINY:
        return CellVerdict("FAIL", adjusted, math.nan)
    if cell.upper < cell.margin:
        return CellVerdict("PASS", adjusted, math.nan)
    room = cell.margin - cell.worse_by
    reach = normal_quantile(2.0 * level - 1.0) + normal_quantile(2.0 * POWER - 1.0)
    needed = cell.items * (reach * cell.standard_error / room) ** 2 if room > TINY else math.inf
    return CellVerdict("INCONCLUSIVE", adjusted, max(needed, cell.items + 1.0))
