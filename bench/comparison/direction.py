"""The verdict of a comparison: did the confidence change, or only the answers?

Eight tests share one error rate (Holm): MCB (calibration); MCB - DSC = Brier - UNC, the fit of the
confidence to the answers; AUROC; strict AUROC; confidence when wrong; mean confidence; accuracy;
and parse rate. Two further numbers use only the rows whose correctness did not change, and show
whether the confidence itself changed: *own*, the change of the Brier score on these rows, and AUROC
on them. If only the accuracy rises to meet an unchanged confidence, MCB improves but own does not,
and the model is not called better calibrated. If a model only gains right answers, AUROC may fall
over all rows but not on these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from caopd_bench.comparison.breakdown import Parts
from caopd_bench.comparison.one_task import TaskComparison
from caopd_bench.metrics import Change, Degradation, holm
from caopd_bench.metrics.limits.student import normal_quantile

__all__ = ["Judgement", "Verdict", "decide_parsed", "judge", "weigh"]

Verdict = Literal[
    "better", "worse", "mixed", "answers caught up", "answers moved away", "closer", "apart",
    "moved alike", "answers only", "confidence moved", "no difference seen", "silent",
    "less silent", "inconclusive", "undefined",
]  # fmt: skip
#: A confidence is called unchanged if it changed by less than this share of the accuracy's change.
UNCHANGED = 0.25
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and the signs behind it: 1 for a significant rise, -1 for a fall, else 0.

    Attributes
    ----------
    verdict : str
        The verdict, taking the rows not parsed in both runs into account.
    of_parsed : str
        The verdict on the rows that both parse.
    tests : int
        Number of tests that share the error rate.
    calibration, fit : int
        Signs of MCB and of MCB - DSC: a rise is worse. Adjusted, like the next five.
    ranking : int
        Sign of AUROC, if AUROC on the rows of unchanged correctness agrees: a rise is better.
    surer_when_wrong, sure_of_more : bool
        Whether the confidence when wrong rose; whether more wrong answers are stated as sure
        (strict AUROC). Each only if own rose too, or if own did not fall and one value is stated
        for all.
    accuracy, parse_rate : int
        Signs of the changes over all rows.
    stated : int
        Sign of the mean confidence.
    own : int
        Sign of the Brier score where correctness did not change: a rise is worse. Not adjusted,
        like the next five: they can only prevent a claim.
    any_calibration, any_discrimination, any_accuracy : int
        Signs of MCB, DSC and the accuracy over all rows.
    parsed_accuracy : int
        Sign of the accuracy on the rows that both parse.
    is_unchanged : bool
        Whether the mean confidence did not change significantly, nor much compared with the
        accuracy.
    distance : int
        1 if mean confidence and accuracy are farther apart than in the base, -1 if nearer.
    none_right : bool
        Whether the candidate has no right answer but the base has some.
    """

    verdict: Verdict = "undefined"
    of_parsed: Verdict = "undefined"
    tests: int = 0
    calibration: int = 0
    fit: int = 0
    ranking: int = 0
    surer_when_wrong: bool = False
    sure_of_more: bool = False
    accuracy: int = 0
    parse_rate: int = 0
    stated: int = 0
    own: int = 0
    any_calibration: int = 0
    any_discrimination: int = 0
    any_accuracy: int = 0
    parsed_accuracy: int = 0
    is_unchanged: bool = False
    distance: int = 0
    none_right: bool = False


def judge(found: TaskComparison) -> Verdict:
    """Return the verdict alone."""
    return weigh(found).verdict


def weigh(found: TaskComparison) -> Judgement:
    """Return the verdict and the signs behind it."""
    signs = _read_signs(found)
    parts = found.parts
    if parts is None or math.isnan(parts.brier.brier.low):
        is_silent = parts is None and signs.parse_rate < 0
        return replace(signs, verdict="silent" if is_silent else "undefined")
    of_parsed = decide_parsed(signs)
    return _with_missing(found, parts, replace(signs, verdict=of_parsed, of_parsed=of_parsed))


def decide_parsed(s: Judgement) -> Verdict:
    """Decide by the rows that both parse."""
    # DSC and the fit also depend on the accuracy, so they do not show a change of the confidence.
    fit = 0 if s.any_accuracy else s.fit
    # Only together with own is it due to the confidence and not to changed answers.
    gained = ((s.calibration < 0 or fit < 0) and s.own < 0) or s.ranking > 0
    lost = ((s.calibration > 0 or fit > 0) and s.own > 0) or s.ranking < 0
    lost = lost or s.surer_when_wrong or s.sure_of_more
    if gained:
        return "mixed" if lost or s.none_right else "better"
    if lost:
        return "worse"
    if s.calibration:
        return _by_answers(s)
    if fit or (s.fit and not s.accuracy) or (s.accuracy and s.any_calibration):
        return "inconclusive"
    if s.accuracy:
        return "moved alike" if s.stated or s.any_discrimination else "answers only"
    return "confidence moved" if s.stated else "no difference seen"


def _by_answers(s: Judgement) -> Verdict:
    """Return the verdict on a change of calibration that is not due to the confidence alone."""
    moved = s.any_accuracy != 0 and s.any_accuracy == s.parsed_accuracy
    if not moved or s.distance != s.calibration:
        return "inconclusive"
    if s.is_unchanged:
        return "answers caught up" if s.calibration < 0 else "answers moved away"
    return "closer" if s.calibration < 0 else "apart"


def _with_missing(found: TaskComparison, parts: Parts, s: Judgement) -> Judgement:
    """Adjust the verdict for the rows that are not parsed in both runs."""
    missing = found.missing
    if not missing.unparsed:
        return s
    undecided: Verdict = "inconclusive"
    if s.parse_rate:
        undecided = "silent" if s.parse_rate < 0 else "less silent"
    if missing.unparsed > missing.both:
        return replace(s, verdict=undecided)
    if s.of_parsed in ("better", "mixed", "worse"):
        kept = _keep_what_holds(found, parts, s)
        if decide_parsed(kept) == s.of_parsed:
            return kept
        # A candidate's own missing confidences cannot improve its verdict.
        own_silence = missing.excess > 0 and s.parse_rate >= 0
        return s if s.of_parsed == "worse" and own_silence else replace(s, verdict=undecided)
    if s.parse_rate or (missing.excess and _could_hide_a_loss(found, parts, s)):
        return replace(s, verdict=undecided)
    return s


def _keep_what_holds(found: TaskComparison, parts: Parts, s: Judgement) -> Judgement:
    """Drop the claims that the excess of one run's missing rows could undo."""
    against, favour = found.missing.against, found.missing.in_favour

    def holds(sign: int, name: str, change: Change | None, better: int) -> int:
        if not sign or not found.missing.excess or change is None:
            return sign
        shift = (against if sign == better else favour)[name]
        limit = change.low if sign > 0 else change.high
        return sign if (limit + shift) * sign > 0.0 else 0

    # The largest possible change in the number of wrong answers stated as sure.
    wrong = (1.0 - parts.gap.accuracy.a) * found.missing.both
    most = abs(found.missing.excess) / wrong if wrong else math.inf
    return replace(
        s,
        calibration=holds(s.calibration, "miscalibration", parts.brier.miscalibration, -1),
        fit=holds(s.fit, "fit", parts.brier.confidence, -1),
        ranking=holds(s.ranking, "auroc", parts.auroc, 1),
        own=holds(s.own, "own", parts.same_answers, -1),
        surer_when_wrong=s.surer_when_wrong
        and _lower(found, "confidence_when_wrong") + favour["confidence_when_wrong"] > 0.0,
        sure_of_more=s.sure_of_more and _lower(found, "strict_auroc") - most > 0.0,
    )


def _lower(found: TaskComparison, name: str) -> float:
    """Return the lower limit of how much worse the candidate is in a number of the gate."""
    cell = found.six[name]
    return cell.worse_by - normal_quantile(found.level) * cell.standard_error


def _could_hide_a_loss(found: TaskComparison, parts: Parts, s: Judgement) -> bool:
    """Return whether the excess of missing rows, at its worst, would look like a loss."""
    # The distance from the estimate that the first test of the family requires.
    level = found.level
    stretch = normal_quantile(1.0 - (1.0 - level) / s.tests) / normal_quantile(level)

    def limit(change: Change, sign: int) -> float:
        middle = (change.low + change.high) / 2.0
        return middle + sign * stretch * (change.high - middle)

    shift, fit = found.missing.against, parts.brier.confidence
    return (
        limit(parts.brier.miscalibration, -1) + shift["miscalibration"] > 0.0
        or (not s.any_accuracy and limit(fit, -1) + shift["fit"] > 0.0)
        or limit(parts.auroc, 1) + shift["auroc"] < 0.0
    )


def _read_signs(found: TaskComparison) -> Judgement:
    parts = found.parts
    tests: dict[str, tuple[float, float]] = {
        "accuracy": _two_sided(found.accuracy),
        "parse_rate": _two_sided(found.parse_rate),
    }
    for name in ("confidence_when_wrong", "strict_auroc"):
        cell = found.six.get(name)
        if cell is not None:
            tests[name] = _of_cell(cell)
    if parts is not None:
        tests["calibration"] = _two_sided(parts.brier.miscalibration)
        tests["fit"] = _two_sided(parts.brier.confidence)
        tests["auroc"] = _two_sided(parts.auroc)
        tests["stated"] = _two_sided(parts.gap.confidence)
    seen = _adjust(tests, 1.0 - found.level)
    signs = Judgement(
        tests=sum(not math.isnan(p_value) for _, p_value in tests.values()),
        accuracy=seen["accuracy"],
        parse_rate=seen["parse_rate"],
        any_accuracy=_sign(found.accuracy),
    )
    if parts is None:
        return signs
    own, stated = _sign(parts.same_answers), parts.gap.confidence
    agrees = seen["auroc"] == _sign(parts.same_answers_auroc)
    by_itself = own > 0 or (own == 0 and parts.constant is not None)
    moved = abs(stated.difference) > UNCHANGED * abs(parts.gap.accuracy.difference)
    return replace(
        signs,
        calibration=seen["calibration"],
        fit=seen["fit"],
        # One value for all answers is a fact and needs no test.
        ranking=-1 if _is_flat(parts) else seen["auroc"] if agrees else 0,
        surer_when_wrong=by_itself and seen.get("confidence_when_wrong", 0) > 0,
        sure_of_more=by_itself and seen.get("strict_auroc", 0) < 0,
        stated=seen["stated"],
        own=own,
        any_calibration=_sign(parts.brier.miscalibration),
        any_discrimination=_sign(parts.brier.discrimination),
        parsed_accuracy=_sign(parts.gap.accuracy),
        is_unchanged=not _sign(stated) and not moved,
        distance=1 if abs(parts.cand_gap) > abs(parts.base_gap) else -1,
        none_right=parts.gap.accuracy.b == 0.0 < parts.gap.accuracy.a,
    )


def _adjust(tests: Mapping[str, tuple[float, float]], alpha: float) -> dict[str, int]:
    """Return the sign of each change that is significant after adjustment."""
    adjusted = holm({name: p_value for name, (_, p_value) in tests.items()})
    return {
        name: int(math.copysign(1.0, change)) if adjusted[name] <= alpha and change else 0
        for name, (change, _) in tests.items()
    }


def _two_sided(change: Change) -> tuple[float, float]:
    """Return the midpoint of the limits, whose sign is used, and the p-value."""
    return (change.low + change.high) / 2.0, change.p_value


def _of_cell(cell: Degradation) -> tuple[float, float]:
    """Return the change and a two-sided p-value, which is 1 if the runs agree in every row."""
    if not cell.worse_by:
        return 0.0, 1.0
    return cell.candidate - cell.reference, 2.0 * min(cell.p_value, 1.0 - cell.p_value)


def _is_flat(parts: Parts) -> bool:
    """Return whether the candidate's right and wrong answers can no longer be told apart."""
    discrimination = parts.brier.discrimination
    return (
        0.0 < parts.gap.accuracy.b < 1.0
        and discrimination.b < TINY
        and (_sign(parts.same_answers_auroc) < 0 or _sign(discrimination) < 0)
    )


def _sign(change: Change | None) -> int:
    if change is None or math.isnan(change.low):
        return 0
    return 1 if change.low > 0.0 else -1 if change.high < 0.0 else 0
