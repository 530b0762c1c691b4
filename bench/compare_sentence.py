"""What a comparison comes to, in one sentence that is true by itself.

It names the accuracy of both runs wherever it differs, says "better calibrated" only where the
confidence itself became better, and says what the rows without a usable confidence could undo.
"""

from __future__ import annotations

import math

from caopd_bench.compare_judging import UNCHANGED, Judgement, judge, weigh
from caopd_bench.comparing import Parts, TaskComparison
from caopd_bench.metrics import Change
from caopd_bench.metrics.closed_form import normal_quantile
from caopd_bench.terminal import NAME_WIDTH, inline

__all__ = ["judge", "say", "signed"]

#: Of the chance with which a change of the size named would have been seen, 0.8.
POWER_QUANTILE = 0.8416
#: With an AUROC up to here a confidence is said to tell nothing.
CHANCE = 0.55


def say(found: TaskComparison) -> str:
    """Give the sentence."""
    base, cand = (inline(name, NAME_WIDTH) for name in (found.base, found.cand))
    place = f" on {inline(found.task, NAME_WIDTH)}"
    if found.group is not None:
        place += f" {inline(found.group, NAME_WIDTH)}"
    place += f" ({found.items:,} {'item' if found.items == 1 else 'items'})"
    judged = weigh(found)
    if found.parts is None or judged.verdict == "undefined":
        clauses = [f"{cand} and {base} cannot be compared{place}: {_why(found)}"]
        if found.parts is None:
            clauses += [_rate("accuracy", found.accuracy), _rate("parse rate", found.parse_rate)]
        return "; ".join(clause for clause in clauses if clause)
    head, tail = _head(found, judged, base, cand)
    clauses = [
        _rate("accuracy", found.accuracy),
        _rate("parse rate", found.parse_rate),
        _numbers(found),
        _constant(found.parts, cand),
        *_collapse(found, judged),
        _unparsed(found, judged),
        _power(found, judged),
    ]
    return f"{head}{place}{tail}: {'; '.join(clause for clause in clauses if clause)}"


def _head(found: TaskComparison, judged: Judgement, base: str, cand: str) -> tuple[str, str]:
    """Give what stands before and after the task."""
    verdict, unsaid = judged.verdict, ", and which of them is better calibrated cannot be said"
    assert found.parts is not None
    if verdict == "silent":
        return f"{cand} states a usable confidence less often than {base}", unsaid
    if verdict == "inconclusive":
        return f"Which of {cand} and {base} is better calibrated cannot be said", ""
    if verdict == "better":
        return f"{cand} {_better(judged, base)}", ""
    if verdict == "worse":
        return f"{cand} {_worse(found, judged, base)}", ""
    if verdict == "mixed":
        return f"{cand} {_mixed(found, judged, base)}", ""
    if verdict in ("answers caught up", "answers moved away"):
        often = "more" if judged.any_accuracy > 0 else "less"
        return f"{cand} is right {often} often than {base}", f", and {_moved(found.parts, judged)}"
    if verdict == "moved together":
        return f"{cand} differs from {base} in its answers", f"{_together(found.parts, judged)}"
    if verdict == "answers only":
        unseen = ", and no difference in calibration was seen"
        return f"{cand} differs from {base} in its answers", unseen
    return f"{cand} and {base} cannot be told apart", ""


def _better(judged: Judgement, base: str) -> str:
    telling = "tells right answers from wrong ones better"
    price = ", but is right less often" if judged.accuracy < 0 else ""
    if judged.calibration < 0:
        more = f" and {telling}" if judged.ranking > 0 else ""
        return f"is better calibrated than {base}{more}{price}"
    if judged.ranking > 0:
        return f"{telling} than {base}{price}"
    return f"states a confidence that fits its answers better than that of {base}{price}"


def _worse(found: TaskComparison, judged: Judgement, base: str) -> str:
    said = [f"is worse calibrated than {base}"] if judged.calibration > 0 else []
    said += _telling(found, judged, base if not said else "")
    if not said:
        return f"states a confidence that fits its answers worse than that of {base}"
    return " and ".join(said)


def _telling(found: TaskComparison, judged: Judgement, base: str) -> list[str]:
    """Say what became of the ranking and of the confidence when wrong, the former first."""
    than = f" than {base}" if base else ""
    if judged.ranking < 0:
        cell = found.six["auroc"]
        flat = math.isnan(cell.candidate) or cell.candidate <= CHANCE
        if flat and not cell.reference <= CHANCE:
            unlike = f", unlike {base}," if base else ""
            return [f"no longer tells right answers from wrong ones{unlike}"]
        return [f"tells right answers from wrong ones less well{than}"]
    return [f"is surer of its wrong answers{than}"] if judged.surer_when_wrong else []


def _mixed(found: TaskComparison, judged: Judgement, base: str) -> str:
    """Name what became better, then what became worse."""
    if judged.calibration < 0:
        gain = f"is better calibrated than {base} on average"
    elif judged.ranking > 0:
        gain = f"tells right answers from wrong ones better than {base}"
    else:
        gain = f"states a confidence that fits its answers better than that of {base}"
    price = ["is worse calibrated"] if judged.calibration > 0 else []
    price += _telling(found, judged, "")
    price += ["has no right answer"] if judged.none_right else []
    price += ["is right less often"] if judged.accuracy < 0 and not judged.none_right else []
    return f"{gain}, but {' and '.join(price)}"


def _moved(parts: Parts, judged: Judgement) -> str:
    """Say that answers moved under a confidence that did not move, or not as far."""
    up = "rose" if judged.any_accuracy > 0 else "fell"
    meets = judged.verdict == "answers caught up"
    stated, accuracy = parts.gap.confidence.difference, parts.gap.accuracy.difference
    if not judged.stated and abs(stated) <= UNCHANGED * abs(accuracy):
        return f"its accuracy {up} {'to meet an' if meets else 'away from an'} unchanged confidence"
    return f"its accuracy {up} {'towards' if meets else 'away from'} its stated confidence"


def _together(parts: Parts, judged: Judgement) -> str:
    """Say what moved with the answers, other than calibration."""
    if judged.stated and judged.own:
        also = f"its stated confidence {'rose' if judged.stated > 0 else 'fell'} with its accuracy"
    else:
        dsc = parts.brier.discrimination
        also = f"in discrimination with them (DSC {dsc.a:.3f} to {dsc.b:.3f})"
    return f", and {also}; no difference in calibration was seen"


def _rate(label: str, change: Change) -> str:
    """Give a rate of both runs, if it differs."""
    if change.difference == 0.0 or math.isnan(change.difference):
        return ""
    return f"{label} {change.a:.3f} to {change.b:.3f} ({_limits(change)})"


def _numbers(found: TaskComparison) -> str:
    """Give what the two state and how the Brier score changed, on the rows that both parse."""
    assert found.parts is not None
    brier, stated = found.parts.brier, found.parts.gap.confidence
    lost = -brier.discrimination.difference
    kind = {"+": "lost ", "-": "gained "}[signed(lost)[0]] if signed(lost) != "+0.000" else ""
    where = f"on the {found.both:,} rows that both parse, " if found.missing.unparsed else ""
    accuracy = found.parts.gap.accuracy.difference
    answers = f"answers (accuracy {signed(accuracy)})" if accuracy else "answers"
    return (
        f"{where}mean confidence {stated.a:.3f} to {stated.b:.3f} and Brier "
        f"{_limits(brier.brier)}, of which miscalibration "
        f"{signed(brier.miscalibration.difference)}, {kind}discrimination {signed(lost)} and "
        f"{answers} {signed(brier.uncertainty.difference)}"
    )


def _constant(parts: Parts, cand: str) -> str:
    return (
        "" if parts.constant is None else f"{cand} states {parts.constant:g} whenever it states one"
    )


def _collapse(found: TaskComparison, judged: Judgement) -> list[str]:
    shown = []
    for name, label, seen in (
        ("confidence_when_wrong", "confidence when wrong", judged.surer_when_wrong),
        ("auroc", "AUROC where correctness did not change", judged.ranking != 0),
    ):
        cell = found.six.get(name)
        if seen and cell is not None and not math.isnan(cell.candidate):
            shown.append(f"{label} {cell.reference:.3f} to {cell.candidate:.3f}")
    return shown


#: What is seen on the rows that both parse, where the others could turn it.
OF_PARSED = {
    "better": "the confidence is better there",
    "mixed": "the confidence is better there on average",
    "worse": "the confidence is worse there",
    "answers caught up": "the accuracy moved towards the confidence there",
    "answers moved away": "the accuracy moved away from the confidence there",
}


def _unparsed(found: TaskComparison, judged: Judgement) -> str:
    """Say what the rows without a usable confidence could do."""
    missing, why = found.missing, ""
    if judged.verdict == "inconclusive" and judged.of_parsed == "inconclusive":
        why = "whether the confidence moved or the answers did is not clear"
    if not missing.unparsed:
        return why
    lack = (
        f"{missing.unparsed:,} of {missing.rows:,} rows lack a usable confidence in one run or both"
    )
    if judged.verdict in ("silent", "inconclusive"):
        seen = OF_PARSED.get(judged.of_parsed, why)
        return (
            f"{seen}, but {lack}, and could turn this"
            if seen
            else f"{lack}, and could hide a difference"
        )
    assert found.parts is not None
    fit = found.parts.brier.confidence
    if judged.verdict not in ("better", "worse", "mixed") or not judged.fit:
        return f"{lack}, and the comparison leaves them out"
    tipping = missing.tipping_point(fit.high if judged.fit < 0 else fit.low)
    if math.isnan(tipping):
        return f"{lack}, and no confidence that they could have stated would turn this"
    way = "risen" if judged.fit < 0 else "fallen"
    return (
        f"{lack}; this would not hold if the Brier score of those rows had {way} by "
        f"{abs(tipping):.3f} or more on average"
    )


def _power(found: TaskComparison, judged: Judgement) -> str:
    """Name the change that would have been seen, unless the unparsed rows could hide it."""
    assert found.parts is not None
    brier = found.parts.brier.brier
    if judged.verdict != "no difference seen":
        return ""
    z = normal_quantile(found.level)
    first = normal_quantile(1.0 - (1.0 - found.level) / judged.tests)
    seen = (brier.high - brier.low) / 2.0 * (first + POWER_QUANTILE) / z
    if found.missing.unparsed > seen * found.missing.rows:
        return ""
    return f"a Brier change of {seen:.3f} would have been seen four times of five"


def _why(found: TaskComparison) -> str:
    if found.parts is None:
        return "no row states a usable confidence in both runs"
    return found.parts.brier.brier.reason


def _limits(change: Change) -> str:
    return f"{signed(change.difference)} [{signed(change.low)}, {signed(change.high)}]"


def signed(value: float) -> str:
    """Give a difference to three digits; what rounds to zero has no minus."""
    text = f"{value:+.3f}"
    return "+0.000" if text == "-0.000" else text
