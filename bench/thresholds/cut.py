"""One cut of a stored promise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["FORMS", "OUTCOMES", "Cut", "Form", "Outcome"]

Outcome = Literal["CERTIFIED", "INCONCLUSIVE", "NONE"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
#: The forms of a requirement: the risk, the coverage, or two prices.
Form = Literal["max-risk", "min-coverage", "cost"]
FORMS: tuple[Form, ...] = get_args(Form)
NAN = math.nan


@dataclass(frozen=True)
class Cut:
    """A cut on confidence, for all answers or one group, and the evidence for it.

    Attributes
    ----------
    group : str, int, float, bool or None
        The value of the group key; None if there is a single cut for all answers.
    outcome : str
        "CERTIFIED": the risk of the answers at or above the cut is at most ``max_risk``. "NONE": it
        is above at every cut (or no cut keeps as much as was asked for). "INCONCLUSIVE": neither.
    cut : float
        Answers with confidence >= cut are kept; NaN unless certified. With a map, this is compared
        with the mapped confidence.
    max_risk : float
        Proven upper bound of the share of wrong answers among those kept. In the form
        "min-coverage" it was computed from the rows, and is NaN if there is none; in the form
        "cost" it is the error rate at which an answer costs as much as a person.
    level : float
        Probability that the promise holds; with several groups, 1 minus the group's share of the
        error rate.
    coverage, coverage_low, coverage_high : float
        Share of all answers that are kept, with limits at ``level``; NaN unless certified.
    risk, risk_bound : float
        Share of wrong answers among the kept, and its upper limit; NaN if undefined. For "NONE",
        the smallest share over the cuts that were examined.
    n, n_parsed, n_kept : int
        Number of all answers, of those with a usable confidence, and of those kept.
    clusters : int or None
        Number of questions, if some were answered several times: then the questions are
        independent and not the answers.
    items_needed : int or None
        Total number of answers (questions, with clusters) that would probably be enough, for
        "INCONCLUSIVE".
    method, reason : str
        The statistical method, and the reason why there is no cut (else empty).
    cost, cost_bound : float
        Mean cost of an answer with a usable confidence, and its upper limit; NaN except for "cost".
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
