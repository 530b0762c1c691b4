"""The result of a check: a verdict on a promise, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from caopd_bench.core.process.exits import ExitCode
from caopd_bench.metrics.comparison.decide import Outcome
from caopd_bench.runs.confidence_of import STATED, Wording
from caopd_bench.thresholds.cut import Form

__all__ = ["Change", "CutCheck", "ThresholdCheck"]

EXIT_CODES = {
    "PASS": ExitCode.DONE,
    "FAIL": ExitCode.FAILED,
    "INCONCLUSIVE": ExitCode.INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True)
class Change:
    """A number of the new rows next to that of the promise; it does not affect the verdict.

    Attributes
    ----------
    name : str
        "coverage", "no usable confidence" or "cost".
    then, now : float
        NaN where undefined.
    change, low, high : float
        ``now - then``, with two-sided limits; NaN for "cost", since a promise has no lower limit
        of the cost.
    level : float
        Confidence level of the limits.
    """

    name: str
    then: float
    now: float
    change: float
    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True)
class CutCheck:
    """The verdict of the new rows on one cut.

    Attributes
    ----------
    group : str, int, float, bool or None
        None if the promise has a single cut for all answers.
    outcome : str
        "PASS": the risk is shown to be at most `max_risk`. "FAIL": shown to be above it.
        "INCONCLUSIVE": neither.
    cut, max_risk : float
        The cut and the risk limit of the promise.
    n, n_parsed, n_kept, wrong : int
        Number of new answers, of those with a usable confidence, of those kept, and of the wrong
        ones among the kept.
    risk, low, high : float
        Share of wrong answers among the kept (NaN if none is kept), with one-sided lower and upper
        limits.
    p_kept, p_broken, adjusted : float
        p-values of the hypotheses "the risk is max_risk or more" and "max_risk or less", and the
        second adjusted for all cuts and looks.
    clusters : int or None
        Number of questions, if these are the independent units.
    items_needed : int or None
        Number of answers (questions, with clusters) that would decide with 80 % probability, if
        later answers resemble these; None if the cut is decided or no number would decide.
    changes : tuple of Change
    """

    group: str | float | bool | None
    outcome: Outcome
    cut: float
    max_risk: float
    n: int
    n_parsed: int
    n_kept: int
    wrong: int
    risk: float
    low: float
    high: float
    p_kept: float
    p_broken: float
    adjusted: float
    clusters: int | None
    items_needed: int | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class ThresholdCheck:
    """The verdict on a promise.

    Attributes
    ----------
    outcome : str
        "FAIL" if any cut is shown to break its promise, "PASS" if all are shown to keep it, else
        "INCONCLUSIVE".
    threshold, run, task : str
        Name of the threshold file (empty if there is none), of the new run, and of its task.
    made_on : str
        The run that the promise was made on.
    form : str
        "max-risk", "min-coverage" or "cost".
    level : float
        1 minus the error rate of either verdict.
    looks : int
        Number of checks that share the error rate of a FAIL.
    by : str or None
    cuts : tuple of CutCheck
        One entry for each certified cut.
    warnings, notes : sequence of str
        Warnings to act on although the promise is not broken, and further notes.
    wording : Wording
        The kind of confidence, which determines the wording.
    """

    outcome: Outcome
    threshold: str
    run: str
    task: str
    made_on: str
    form: Form
    level: float
    looks: int
    by: str | None
    cuts: tuple[CutCheck, ...]
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()
    wording: Wording = STATED

    @property
    def exit_code(self) -> int:
        """0 PASS, 1 FAIL, 3 INCONCLUSIVE."""
        return int(EXIT_CODES[self.outcome])
