"""The result of a gate: a verdict, and every number behind it."""

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
        "gate", or "advisory": shown without deciding.
    outcome : str
        The outcome of this cell: "PASS", "FAIL" or "INCONCLUSIVE".
    reference, candidate : float
        Values; NaN where undefined. `reference` is NaN for "max" and "min".
    worse_by, upper : float
        How much worse the candidate is, and the one-sided upper limit of that; for "max" and "min",
        how far it is beyond the number.
    p_value, adjusted : float
        One-sided p-value of "not worse than allowed"; adjusted over all deciding cells, or over all
        advisory ones. NaN where none was computed.
    standard_error : float
    items : int
    items_needed : float
        Number of items that would probably decide; infinite if none would, NaN if it is decided.
    reason : str
        Why a value is undefined, else "".
    rerun_error : float
        Standard error of this difference between two runs of the reference checkpoint, if measured
        (`baseline init --aa`), else NaN.
    clusters : int
        Number of clusters behind the standard error: the items, or the values of the policy's
        `cluster`.
    undecidable : str
        Why it is open for a reason other than chance: it cannot be computed, or missing confidences
        could move it to either side of its limit. Else "".
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
        0 PASS, 1 FAIL, 3 INCONCLUSIVE. Also 0 if INCONCLUSIVE is due to chance alone and the policy
        only warns about that; never with `too_few` or `undecidable` numbers.
    reference, candidate : str
        Names of the runs.
    policy : Policy
    cells : Sequence of GateCell
    notes : Sequence of str
        Notes for the reader: settings that differ, tasks left out, reasons for an open verdict.
    too_few : Mapping of str to int
        Items of the tasks that have fewer than the policy's `min_items`. With one such task nothing
        is decided.
    warnings : Sequence of str
        Limitations of the verdict: a candidate that states no confidence, a limit that cannot fail.
    wording : Wording
        The kind of confidence, which determines the wording.
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
        """The gated numbers that are open for lack of data; any of them prevents a PASS."""
        return [cell for cell in self.cells if cell.tier == "gate" and cell.undecidable]
