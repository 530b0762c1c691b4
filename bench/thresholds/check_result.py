"""What a check gives: a verdict on a promise, and what it rests on."""

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
    """A number of the new rows beside that of the promise; it decides nothing.

    Attributes
    ----------
    name : str
        "coverage", "no usable confidence" or "cost".
    then, now : float
        NaN where undefined.
    change, low, high : float
        Now less then, with two-sided limits; of "cost" NaN, since the promise has no limit from
        below.
    level : float
        Of the limits.
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
    """What new rows show of one cut.

    Attributes
    ----------
    group : str, int, float, bool or None
        None where the promise has one cut for all.
    outcome : str
        "PASS": the risk is shown to be at most `max_risk`. "FAIL": shown to be above it.
        "INCONCLUSIVE": neither.
    cut, max_risk : float
        Of the promise.
    n, n_parsed, n_kept, wrong : int
        New answers, those with a usable confidence, those kept, and those of them that are wrong.
    risk, low, high : float
        Share of the kept that are wrong (NaN for none), with one-sided limits from below and from
        above.
    p_kept, p_broken, adjusted : float
        p-values of "the risk is max_risk or more" and "max_risk or less"; the second adjusted for
        all cuts and looks.
    clusters : int or None
        Questions, where these are the independent units.
    items_needed : int or None
        Answers (questions, with clusters) that would decide with a chance of 80 %, if later ones
        are like these; None where it is decided, or no number would.
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
        "FAIL" if a cut is shown to break its promise, "PASS" if all are shown to keep it, else
        "INCONCLUSIVE".
    threshold, run, task : str
        The file (empty where there is none), the new rows' run, and their task.
    made_on : str
        The run that the promise was made on.
    form : str
        "max-risk", "min-coverage" or "cost".
    level : float
        1 less the error rate of either verdict.
    looks : int
        How many checks share the error rate of a FAIL.
    by : str or None
    cuts : tuple of CutCheck
        One for each cut that was certified.
    warnings, notes : sequence of str
        What to act on although the promise is not broken; what else to know.
    wording : Wording
        How to speak of the confidence.
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
