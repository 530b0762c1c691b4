"""Which way a comparison went: the confidence itself, or answers that moved under it.

Seven tests share one error rate (Holm): MCB (calibration); MCB - DSC, which is Brier - UNC and says
how well the confidence fits the answers; AUROC and strict AUROC on the rows whose correctness did
not change; confidence when wrong; accuracy; and parse rate. One more number says whose doing it is:
*own*, the change of the Brier score on the rows whose correctness did not change, which is what
became of the confidence where the answers stayed. A model whose answers caught up with an unchanged
confidence has a better MCB and the same own, and is not called better calibrated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from caopd_bench.comparing import Parts, TaskComparison
from caopd_bench.metrics import Change, holm

__all__ = ["UNCHANGED", "Judgement", "Verdict", "judge", "weigh"]

Verdict = Literal[
    "better",
    "worse",
    "mixed",
    "answers caught up",
    "answers moved away",
    "moved together",
    "answers only",
    "no difference seen",
    "silent",
    "inconclusive",
    "undefined",
]
#: A confidence that moved by less than this share of what the accuracy did is called unchanged.
UNCHANGED = 0.25
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and the signs that it rests on: 1 for a rise that was seen, -1 for a fall, else 0.

    Attributes
    ----------
    verdict : str
        With what is known of the rows that are not parsed in both.
    of_parsed : str
        Of the rows that both parse alone.
    tests : int
        Tests that share the error rate.
    calibration, fit : int
        Of MCB and of MCB - DSC: a rise is worse. Adjusted, as are the next five.
    ranking : int
        Of AUROC on the rows whose correctness did not change: a rise is better.
    surer_when_wrong : bool
        Confidence when wrong rose, or more wrong answers are stated as sure (strict AUROC), and own
        rose too, or did not fall and one value is stated for all.
    accuracy, parse_rate : int
        Of all rows.
    own : int
        Of the Brier score where correctness did not change: a rise is worse. Not adjusted, as are
        the next three: they stand in the way of a claim, and make none.
    any_calibration, any_discrimination, any_accuracy : int
        Of MCB, DSC and accuracy.
    stated : int
        Of the mean confidence.
    none_right : bool
        The candidate has no right answer, and the base has some.
    """

    verdict: Verdict = "undefined"
    of_parsed: Verdict = "undefined"
    tests: int = 0
    calibration: int = 0
    fit: int = 0
    ranking: int = 0
    surer_when_wrong: bool = False
    accuracy: int = 0
    parse_rate: int = 0
    own: int = 0
    any_calibration: int = 0
    any_discrimination: int = 0
    any_accuracy: int = 0
    stated: int = 0
    none_right: bool = False


def judge(found: TaskComparison) -> Verdict:
    """Give the verdict alone."""
    return weigh(found).verdict


def weigh(found: TaskComparison) -> Judgement:
    """Say which way the confidence went, and what that rests on."""
    signs = _read_signs(found)
    parts = found.parts
    if parts is None or math.isnan(parts.brier.brier.low):
        is_silent = parts is None and signs.parse_rate < 0
        return replace(signs, verdict="silent" if is_silent else "undefined")
    of_parsed = _of_parsed(signs)
    verdict = _with_missing(found, signs, of_parsed)
    return replace(signs, verdict=verdict, of_parsed=of_parsed)


def _of_parsed(s: Judgement) -> Verdict:
    # DSC depends on the accuracy too, and so does the fit: no sign of the confidence by itself.
    fit = 0 if s.any_accuracy else s.fit
    # Only with own is it the doing of the confidence, and not of answers that moved.
    gained = (s.calibration < 0 or fit < 0) and s.own < 0
    lost = (s.calibration > 0 or fit > 0) and s.own > 0
    gained, lost = gained or s.ranking > 0, lost or s.ranking < 0 or s.surer_when_wrong
    if gained:
        return "mixed" if lost or s.none_right else "better"
    if lost:
        return "worse"
    if s.calibration and s.any_accuracy:
        return "answers caught up" if s.calibration < 0 else "answers moved away"
    if s.calibration or fit or (s.accuracy and s.any_calibration):
        return "inconclusive"
    if s.accuracy:
        is_same = not s.any_discrimination and not (s.own and s.stated)
        return "answers only" if is_same else "moved together"
    return "no difference seen"


def _with_missing(found: TaskComparison, s: Judgement, of_parsed: Verdict) -> Verdict:
    """Take the rows into account that are not parsed in both."""
    assert found.parts is not None
    fit, missing = found.parts.brier.confidence, found.missing
    if of_parsed in ("better", "mixed", "worse"):
        # By the limit that is nearer to no change; what it does not exclude could turn anyway.
        for_better = of_parsed != "worse"
        limit = min(fit.high, 0.0) if for_better else max(fit.low, 0.0)
        if not missing.unparsed or not missing.could_turn(limit, for_better=for_better):
            return of_parsed
        if of_parsed == "worse" and s.parse_rate >= 0 and missing.silenced >= missing.voiced:
            return of_parsed  # by its own silence a candidate does not become less bad
        if not missing.silenced and not missing.voiced:
            return of_parsed
    elif s.parse_rate >= 0:
        return of_parsed
    return "silent" if s.parse_rate < 0 else "inconclusive"


def _read_signs(found: TaskComparison) -> Judgement:
    tests: dict[str, tuple[float, float]] = {
        "accuracy": _two_sided(found.accuracy),
        "parse_rate": _two_sided(found.parse_rate),
    }
    for name in ("auroc", "confidence_when_wrong", "strict_auroc"):
        cell = found.six.get(name)
        if cell is not None and not math.isnan(cell.p_value):
            # Two models alike in every row have a one-sided p-value of 1, and no difference.
            p_value = 2.0 * min(cell.p_value, 1.0 - cell.p_value) if cell.worse_by else 1.0
            tests[name] = (cell.candidate - cell.reference, p_value)
    parts = found.parts
    if parts is not None:
        tests["calibration"] = _two_sided(parts.brier.miscalibration)
        tests["fit"] = _two_sided(parts.brier.confidence)
    seen = _adjust(tests, 1.0 - found.level)
    signs = Judgement(
        tests=sum(not math.isnan(p_value) for _, p_value in tests.values()),
        calibration=seen.get("calibration", 0),
        fit=seen.get("fit", 0),
        ranking=seen.get("auroc", 0),
        accuracy=seen["accuracy"],
        parse_rate=seen["parse_rate"],
        any_accuracy=_sign(found.accuracy),
    )
    if parts is None:
        return signs
    own = _sign(parts.same_answers)
    return replace(
        signs,
        # One value for all: nothing has to be shared with other tests to see that.
        ranking=-1 if _is_flat(found, parts) else signs.ranking,
        surer_when_wrong=(own > 0 or (own == 0 and parts.constant is not None))
        and (seen.get("confidence_when_wrong", 0) > 0 or seen.get("strict_auroc", 0) < 0),
        own=own,
        any_calibration=_sign(parts.brier.miscalibration),
        any_discrimination=_sign(parts.brier.discrimination),
        stated=_sign(parts.gap.confidence),
        none_right=parts.gap.accuracy.b == 0.0 < parts.gap.accuracy.a,
    )


def _adjust(tests: Mapping[str, tuple[float, float]], alpha: float) -> dict[str, int]:
    """Give the sign of each change that is seen with all of them looked at."""
    adjusted = holm({name: p_value for name, (_, p_value) in tests.items()})
    return {
        name: int(math.copysign(1.0, change)) if adjusted[name] <= alpha and change else 0
        for name, (change, _) in tests.items()
    }


def _two_sided(change: Change) -> tuple[float, float]:
    """Give the middle of the limits, whose sign counts, and the p-value."""
    return (change.low + change.high) / 2.0, change.p_value


def _is_flat(found: TaskComparison, parts: Parts) -> bool:
    """Say whether the candidate has right and wrong answers, and nothing left that tells them."""
    discrimination, auroc = parts.brier.discrimination, found.six.get("auroc")
    fell = auroc is not None and auroc.p_value <= (1.0 - found.level) / 2.0
    return (
        0.0 < parts.gap.accuracy.b < 1.0
        and discrimination.b < TINY
        and (fell or _sign(discrimination) < 0)
    )


def _sign(change: Change | None) -> int:
    if change is None or math.isnan(change.low):
        return 0
    return 1 if change.low > 0.0 else -1 if change.high < 0.0 else 0
