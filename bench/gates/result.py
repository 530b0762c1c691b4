"""What a gate gives: a verdict, and every number that it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from caopd_bench.gates.policy import Policy
from caopd_bench.metrics.comparison.decide import Outcome
from caopd_bench.runs.confidence_of import STATED, Wording

__all__ = ["EXIT_CODES", "GateCell", "GateResult"]

EXIT_CODES = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3}


@dataclass(frozen=True, slots=True)
class GateCell:
    """One number of a candidate that the policy limits.

    Attributes
    ----------
    task : str
    group : str or None
        `None` for the whole task, else for example `"level=3"`.
    metric : str
    rule : str
        "margin" (against the reference), "max" or "min" (against a number).
    limit : float
        The margin, or the number.
    tier : str
        "gate", or "advisory": shown, and does not decide.
    outcome : str
        "PASS", "FAIL" or "INCONCLUSIVE": what this cell says.
    reference, candidate : float
        Values; NaN where undefined. `reference` is NaN for "max" and "min".
    worse_by, upper : float
        By how much the candidate is worse, and the one-sided upper limit of it; against a number,
        by how much it is beyond the number.
    p_value, adjusted : float
        One-sided, of "not worse"; adjusted for all cells that decide, or for all that are only
        shown. NaN where none was made.
    standard_error : float
    items : int
    items_needed : float
        Items that would probably decide; infinite or NaN where none would, or it is decided.
    reason : str
        Why something is undefined, else "".
    rerun_error : float
        Standard error of this difference between two runs of the reference checkpoint, where it
        was measured (`baseline init --aa`), else NaN.
    clusters : int
        Units of the standard error: the items, or the values of the policy's `cluster`.
    undecidable : str
        Why chance is not what leaves it open: it cannot be computed, or confidences are missing
        that could have put it on either side of its limit. Else "".
    """

    task: str
    group: str | None
    metric: str
    rule: str
    limit: float
    tier: str
    outcome: Outcome
    reference: float
    candidate: float
    worse_by: float
    upper: float
    p_value: float
    adjusted: float
    standard_error: float
    items: int
    items_needed: float
    reason: str = ""
    rerun_error: float = math.nan
    clusters: int = 0
    undecidable: str = ""


@dataclass(frozen=True, slots=True)
class GateResult:
    """The verdict on a candidate.

    Attributes
    ----------
    outcome : str
        "PASS", "FAIL" or "INCONCLUSIVE".
    exit_code : int
        0 PASS, 1 FAIL, 3 INCONCLUSIVE. 0 too where chance alone leaves it open and the policy
        only warns of that; never with `too_few` or `undecidable` numbers.
    reference, candidate : str
        Names of the runs.
    policy : Policy
    cells : Sequence of GateCell
    notes : Sequence of str
        What a reader should know: settings that differ, tasks left out, why it is undecided.
    too_few : Mapping of str to int
        Items of the tasks that have fewer than the policy's `min_items`: with one such task
        nothing is decided, whatever the numbers say.
    warnings : Sequence of str
        What makes the verdict say less than it seems to, whatever it is: a candidate that states
        no confidence, a limit that cannot fail.
    wording : Wording
        How to speak of the confidence.
    """

    outcome: Outcome
    exit_code: int
    reference: str
    candidate: str
    policy: Policy
    cells: Sequence[GateCell]
    notes: Sequence[str]
    too_few: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    wording: Wording = STATED

    @property
    def undecidable(self) -> list[GateCell]:
        """The gated numbers that want of data leaves open: with one, nothing PASSes."""
        return [cell for cell in self.cells if cell.tier == "gate" and cell.undecidable]
