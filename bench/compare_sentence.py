"""What a comparison comes to, in one sentence.

The Brier score alone can mislead: it improves when more answers are right, whatever becomes of the
confidence. So it is split (calibration MCB, discrimination DSC, answers UNC), and only a change of
MCB - DSC makes a model better or worse calibrated. Two numbers are looked at beside, since rising
accuracy hides a collapse of confidence even from these: confidence when wrong, and AUROC on the
rows whose correctness did not change.
"""

from __future__ import annotations

import math
from typing import Literal

from caopd_bench.comparing import TaskComparison
from caopd_bench.metrics import Change, Degradation, holm
from caopd_bench.metrics.closed_form import normal_quantile
from caopd_bench.terminal import NAME_WIDTH, inline

__all__ = ["Verdict", "alarms", "judge", "say", "signed"]

Verdict = Literal[
    "better",
    "worse",
    "mixed",
    "answers only",
    "no difference seen",
    "inconclusive",
    "undefined",
]

HEADS = {
    "better": "{cand} is better calibrated than {base}",
    "worse": "{cand} is worse calibrated than {base}",
    "mixed": "{cand} is better calibrated than {base} on average, but its confidence means less",
    "answers only": "{cand} differs from {base} in its answers, not in its calibration",
    "no difference seen": "{cand} and {base} cannot be told apart",
    "inconclusive": "Which of {cand} and {base} is better calibrated cannot be said",
}
#: Of the chance with which a change of the size named would have been seen, 0.8.
POWER_QUANTILE = 0.8416
#: Looked at beside the Brier score, and how they are called.
WATCHED = {
    "confidence_when_wrong": "confidence when wrong",
    "auroc": "AUROC where correctness did not change",
}


def judge(found: TaskComparison) -> Verdict:
    """Say which way the confidence went, by limits that exclude no change.

    "inconclusive" where the rows without a usable confidence could turn it.
    """
    if found.parts is None or math.isnan(found.parts.brier.brier.low):
        return "undefined"
    net, brier = _sign(found.parts.brier.confidence), _sign(found.parts.brier.brier)
    alarmed = bool(alarms(found))
    if (net or alarmed) and _could_turn(found, 1 if net > 0 or (alarmed and net == 0) else -1):
        return "inconclusive"
    if net > 0 or (alarmed and net == 0):
        return "worse"
    if net < 0:
        return "mixed" if alarmed else "better"
    return "answers only" if brier != 0 else "no difference seen"


def _could_turn(found: TaskComparison, sign: int) -> bool:
    """Say whether the unparsed rows could give MCB - DSC the other sign.

    It is Brier - UNC, and of UNC everything is known: answers are judged with or without a
    confidence. A worse model stays worse if its confidence when wrong rose at the worst too.
    """
    bounds = {one.metric: one for one in found.bounds}
    if "brier" not in bounds:
        return False
    if sign > 0 and bounds["confidence_when_wrong"].low > 0.0:
        return False
    a, b = found.accuracy.a, found.accuracy.b
    answers = b * (1.0 - b) - a * (1.0 - a)
    low, high = bounds["brier"].low - answers, bounds["brier"].high - answers
    return low < 0.0 if sign > 0 else high > 0.0


def alarms(found: TaskComparison) -> list[str]:
    """Name what got worse beside the Brier score, beyond its noise (Holm, one-sided)."""
    cells = {name: found.six[name] for name in WATCHED if name in found.six}
    adjusted = holm({name: cell.p_value for name, cell in cells.items()})
    # One-sided: half of what two-sided limits leave out.
    return [
        _alarm(WATCHED[name], cell)
        for name, cell in cells.items()
        if adjusted[name] <= (1.0 - found.level) / 2.0
    ]


def say(found: TaskComparison) -> str:
    """Give the sentence."""
    names = {name: inline(text, NAME_WIDTH) for name, text in _names(found).items()}
    place = f" on {inline(found.task, NAME_WIDTH)}"
    if found.group is not None:
        place += f" {inline(found.group, NAME_WIDTH)}"
    items = f"{found.items:,} {'item' if found.items == 1 else 'items'}"
    verdict = judge(found)
    if verdict == "undefined" or found.parts is None:
        both = f"{names['cand']} and {names['base']}"
        return f"{both} cannot be compared{place} ({items}): {_why(found)}"
    brier = found.parts.brier
    head = HEADS[verdict].format(**names)
    change = (
        f"Brier {_limits(brier.brier)}; of that, calibration "
        f"{signed(brier.miscalibration.difference)}, discrimination "
        f"{signed(-brier.discrimination.difference)} and answers "
        f"{signed(brier.uncertainty.difference)}"
    )
    sentence = f"{head}{place} ({items}): {change}"
    for alarm in alarms(found):
        sentence += f"; {alarm}"
    unparsed = found.rows - found.both
    if verdict == "no difference seen":
        z = normal_quantile(found.level)
        seen = (brier.brier.high - brier.brier.low) / 2.0 * (z + POWER_QUANTILE) / z
        sentence += f"; a Brier change of {seen:.3f} would have been seen four times of five"
    if verdict == "inconclusive":
        sentence += (
            f"; {unparsed:,} of {found.rows:,} rows lack a usable confidence in one run or both, "
            "and could turn it"
        )
    elif unparsed:
        sentence += f" ({unparsed:,} of {found.rows:,} rows are not parsed in both, and not in it)"
    return sentence


def _names(found: TaskComparison) -> dict[str, str]:
    return {"base": found.base, "cand": found.cand}


def _why(found: TaskComparison) -> str:
    if found.parts is None:
        return "no row states a usable confidence in both runs"
    return found.parts.brier.brier.reason


def _sign(change: Change) -> int:
    if math.isnan(change.low):
        return 0
    return 1 if change.low > 0.0 else -1 if change.high < 0.0 else 0


def _alarm(label: str, cell: Degradation) -> str:
    return f"{label} {cell.reference:.3f} to {cell.candidate:.3f}"


def _limits(change: Change) -> str:
    return f"{signed(change.difference)} [{signed(change.low)}, {signed(change.high)}]"


def signed(value: float) -> str:
    """Give a difference to three digits; what rounds to zero has no minus."""
    text = f"{value:+.3f}"
    return "+0.000" if text == "-0.000" else text
