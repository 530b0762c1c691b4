"""One cut of a stored promise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["FORMS", "OUTCOMES", "Cut", "Form", "Outcome"]

Outcome = Literal["CERTIFIED", "INCONCLUSIVE", "NONE"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
#: What was fixed beforehand: the risk, the coverage, or two prices.
Form = Literal["max-risk", "min-coverage", "cost"]
FORMS: tuple[Form, ...] = get_args(Form)
NAN = math.nan


@dataclass(frozen=True)
class Cut:
    """A cut on confidence for all answers or for those of one group, and what was shown of it.

    Attributes
    ----------
    group : str, int, float, bool or None
        The value of the key that the groups are made by; None where there is one cut for all.
    outcome : str
        "CERTIFIED": the risk of the answers at or above the cut is at most ``max_risk``. "NONE": it
        is above at every cut (or no cut keeps as much as was asked for). "INCONCLUSIVE": neither.
    cut : float
        Answers with confidence >= cut are kept; NaN unless certified. With a map: of the mapped
        confidence.
    max_risk : float
        What the share of wrong answers among those kept was shown to be at most. Of the form
        "min-coverage" it is the bound that was found, and NaN where there is none; of the form
        "cost" the error rate at which an answer costs as much as a person.
    level : float
        Chance that the promise holds: of several groups, 1 less their share of what may fail.
    coverage, coverage_low, coverage_high : float
        Share of all answers that are kept, with limits at ``level``; NaN unless certified.
    risk, risk_bound : float
        Share of the kept answers that are wrong, and its upper limit; NaN where there is none. For
        "NONE" the smallest share over the cuts that were examined.
    n, n_parsed, n_kept : int
        All answers, those with a usable confidence, and those kept.
    clusters : int or None
        Questions, where some were answered several times: these are independent, not the answers.
    items_needed : int or None
        Answers (questions, with clusters) in all that would probably do, for "INCONCLUSIVE".
    method, reason : str
        How it was made; why there is no cut, else empty.
    cost, cost_bound : float
        Mean cost of an answer with a usable confidence, and its upper limit; NaN but for "cost".
    """

    group: str | float | bool | None
    outcome: Outcome
    cut: float
    max_risk: float
    level: float
    coverage: float
    coverage_low: float
    coverage_high: float
    risk: float
    risk_bound: float
    n: int
    n_parsed: int
    n_kept: int
    clusters: int | None
    items_needed: int | None
    method: str
    reason: str
    cost: float = NAN
    cost_bound: float = NAN
