"""The result type of a certified cut, and functions that build it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from caopd_bench.metrics.rows.tally import Tally
from caopd_bench.metrics.selection.sequence import Cuts
from caopd_bench.metrics.selection.tails import lower_limit, upper_limit

Outcome = Literal["CERTIFIED", "INCONCLUSIVE", "NONE"]
NAN = float("nan")


@dataclass(frozen=True)
class Threshold:
    """A cut on stated confidence, and the evidence on its risk.

    Attributes
    ----------
    outcome : str
        "CERTIFIED": the risk of the answers at or above the cut is at most ``max_risk``, at
        ``level``. "NONE": the risk is shown at ``level`` to be above ``max_risk`` at every cut
        that keeps 30 answers or more (a tenth or more if there are fewer than 300).
        "INCONCLUSIVE": neither is shown.
    cut : float
        Answers with confidence >= cut are kept; NaN unless certified.
    coverage, coverage_low, coverage_high : float
        Share of the rows that are kept, and its Clopper-Pearson limits at ``level``, as if the cut
        had been fixed beforehand (with clusters: limits from sums over them); NaN unless certified.
    risk : float
        Share of the kept rows that are wrong; for "NONE" the smallest over the cuts examined.
    risk_bound : float
        Upper limit of the risk at ``level``: the largest one-sided limit of the cuts from the start
        of the sequence to this one, at most ``max_risk``. The guarantee is for ``max_risk``, which
        was fixed beforehand. NaN for "NONE".
    n_kept, n : int
        Numbers of kept rows and of all rows.
    items_needed : int or None
        For "INCONCLUSIVE": total number of rows (clusters, if any) with which a cut would be
        certified with a chance of 80 %, if later rows are like these and the risk at the cut is the
        observed one (after adding one row that is half wrong); the smallest over the cuts. An
        estimate, not a guarantee. None if no cut has an observed risk below ``max_risk``.
    reason : str
        Why no cut is certified; empty if one is.
    max_risk : float
        The required limit on the risk.
    level : float
        Chance that the guarantee holds.
    method : str
        Name of the method.
    clusters : int or None
        Number of clusters; None for independent rows.
    """

    outcome: Outcome
    cut: float
    coverage: float
    coverage_low: float
    coverage_high: float
    risk: float
    risk_bound: float
    n_kept: int
    n: int
    items_needed: int | None
    reason: str
    max_risk: float
    level: float
    method: str
    clusters: int | None = None


def certified(
    cuts: Cuts, index: int, bound: float, max_risk: float, level: float, method: str, **more: Any
) -> Threshold:
    """Return the result for a cut that was certified."""
    kept, wrong, n = int(cuts.rows[index]), int(cuts.wrong[index]), cuts.n
    low, high = more.pop("coverage_limits", None) or coverage_limits(kept, n, level)
    return Threshold(
        "CERTIFIED", float(cuts.value[index]), kept / n, low, high, wrong / kept, bound, kept, n,
        None, "", max_risk, level, method, **more,
    )  # fmt: skip


def coverage_limits(kept: int, n: int, level: float) -> tuple[float, float]:
    """Return the two-sided limits of Clopper and Pearson for the share of kept rows."""
    half = (1.0 - level) / 2.0
    return lower_limit(kept, n, half), upper_limit(kept, n, half)


def whole_rows(tally: Tally) -> Tally:
    """Return the tally, or raise ValueError if its rows have weights."""
    if tally.weighted:
        raise ValueError("tally must not be weighted; a promise on the risk needs whole rows")
    return tally


def check_share(name: str, value: Any, example: str) -> None:
    """Raise ValueError unless ``value`` is strictly between 0 and 1."""
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not 0.0 < value < 1.0:
        raise ValueError(f"{name} must be between 0 and 1, got {value!r}; {example}")


def describe(cuts: Cuts, index: int) -> str:
    """Return a phrase on the number of wrong answers at a cut."""
    wrong, rows = int(cuts.wrong[index]), int(cuts.rows[index])
    return (
        f"at confidence {cuts.value[index]:.6g} and above {wrong} of {rows} answers "
        f"({wrong / rows:.1%}) are wrong"
    )


def nothing(
    outcome: Outcome,
    cuts: Cuts,
    max_risk: float,
    level: float,
    method: str,
    *,
    reason: str,
    items: int | None = None,
    risk: float = NAN,
    clusters: int | None = None,
) -> Threshold:
    """Return the result if no cut was certified."""
    return Threshold(
        outcome, NAN, NAN, NAN, NAN, risk, NAN, 0, cuts.n, items, reason, max_risk, level, method,
        clusters,
    )  # fmt: skip
