"""The result of a comparison in one self-contained sentence.

It gives the accuracy of both runs wherever it differs, says "better calibrated" only if the
confidence itself improved, and mentions the rows without a usable confidence if they could reverse
the result.
"""

from __future__ import annotations

from caopd_bench.comparison.breakdown import Parts
from caopd_bench.comparison.direction import Judgement, weigh
from caopd_bench.comparison.numbers import list_numbers
from caopd_bench.comparison.one_task import TaskComparison
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.runs.confidence_of import OF_OPTION, STATED, Wording
from caopd_bench.runs.names import abbreviate

__all__ = ["say"]

#: Up to this AUROC a confidence is called uninformative, if the base's was informative.
CHANCE, TELLS = 0.55, 0.60
#: The smallest gap that is called over- or underconfident.
CROSSING = 0.05
UNSEEN = "no difference in calibration was seen"
UNSAID = ", and it is unclear which of them is better calibrated"


def say(found: TaskComparison) -> str:
    """Return the sentence."""
    base, cand = abbreviate((found.base, found.cand), NAME_WIDTH)
    place = f" on {inline(found.task, NAME_WIDTH)}"
    if found.group is not None:
        place += f" {inline(found.group, NAME_WIDTH)}"
    items = f"{found.items:,} {'item' if found.items == 1 else 'items'}"
    place += f" ({items}{_say_confidence(found, base, cand)})"
    judged = weigh(found)
    numbers = list_numbers(found, judged, cand)
    if found.parts is None or judged.verdict == "undefined":
        why = found.parts.brier.brier.reason if found.parts else NOTHING
        why = found.wording.reword(why)
        return "; ".join([f"{cand} and {base} cannot be compared{place}: {why}", *numbers])
    head, tail = _head(found.parts, judged, base, cand, found.wording)
    return f"{head}{place}{tail}: {'; '.join(numbers)}"


def _say_confidence(found: TaskComparison, base: str, cand: str) -> str:
    """Describe the confidence, unless both runs state it."""
    if found.wording.is_stated:
        return ""
    if all(not one.is_stated for one in found.wordings):
        return f"; confidence: {found.wording.full}"
    option, other = (base, cand) if found.wordings[1].is_stated else (cand, base)
    return f"; the confidence of {option} is the {OF_OPTION}, that of {other} is not"


NOTHING = "no row states a usable confidence in both runs"


def _head(
    parts: Parts, judged: Judgement, base: str, cand: str, wording: Wording = STATED
) -> tuple[str, str]:
    """Return the parts of the sentence before and after the task."""
    verdict, states = judged.verdict, wording.pick("states", "has")
    if verdict == "better":
        return f"{cand} {_better(judged, base, states)}", ""
    if verdict == "worse":
        return f"{cand} {_worse(parts, judged, base, states)}", ""
    if verdict == "mixed":
        return f"{cand} {_mixed(parts, judged, base, states)}", ""
    if verdict in ("silent", "less silent"):
        often = "less" if verdict == "silent" else "more"
        return f"{cand} {states} a usable confidence {often} often than {base}", UNSAID
    if verdict == "inconclusive":
        return f"It is unclear which of {cand} and {base} is better calibrated", ""
    if verdict == "no difference seen":
        return f"{cand} and {base} cannot be told apart", ""
    if verdict == "confidence moved":
        less = "more" if judged.stated > 0 else "less"
        head = f"{cand} {states} {less} confidence than {base}"
        return head, f"{_crossing(parts)}, and {UNSEEN}"
    return _answers(parts, judged, base, cand, wording.pick("stated confidence", "confidence"))


def _crossing(parts: Parts) -> str:
    """Mention a gap that changed its sign, since errors of both signs count alike."""
    before, now = parts.base_gap, parts.cand_gap
    if min(abs(before), abs(now)) < CROSSING or before * now > 0.0:
        return ""
    over = "overconfident", "underconfident"
    was, is_now = over if before > 0.0 else over[::-1]
    return f", was {was} and is {is_now}"


def _answers(
    parts: Parts, judged: Judgement, base: str, cand: str, confidence: str
) -> tuple[str, str]:
    """Describe a change of the answers and of the confidence with them."""
    verdict, rose = judged.verdict, judged.any_accuracy > 0
    none = ", and has no right answer" if judged.none_right else ""
    head = f"{cand} is right {'more' if rose else 'less'} often than {base}"
    up = "rose" if rose else "fell"
    if verdict == "answers caught up":
        return head, f"{none}, and its accuracy {up} to meet an unchanged confidence"
    if verdict == "answers moved away":
        return head, f"{none}, and its accuracy {up} away from an unchanged confidence"
    if verdict in ("closer", "apart"):
        way = "came closer together" if verdict == "closer" else "moved apart"
        return head, f"{none}, and its accuracy and its {confidence} {way}"
    if verdict == "moved alike" and judged.stated:
        went = "rose" if judged.stated > 0 else "fell"
        joint = "with" if (judged.stated > 0) == rose else "against"
        return head, f"{none}, and its {confidence} {went} {joint} its accuracy; {UNSEEN}"
    if verdict == "moved alike":
        dsc = parts.brier.discrimination
        moved = f"discrimination moved with that (DSC {dsc.a:.3f} to {dsc.b:.3f})"
        return head, f"{none}, and {moved}; {UNSEEN}"
    return f"{cand} differs from {base} in its answers", f"{none}, and {UNSEEN}"


def _better(judged: Judgement, base: str, states: str) -> str:
    telling = "tells right answers from wrong ones better"
    price = ", but is right less often" if judged.accuracy < 0 else ""
    if judged.calibration < 0 and judged.own < 0:
        more = f" and {telling}" if judged.ranking > 0 else ""
        return f"is better calibrated than {base}{more}{price}"
    if judged.ranking > 0:
        return f"{telling} than {base}{price}"
    return f"{states} a confidence that fits its answers better than that of {base}{price}"


def _worse(parts: Parts, judged: Judgement, base: str, states: str) -> str:
    is_worse = judged.calibration > 0 and judged.own > 0
    said = [f"is worse calibrated than {base}"] if is_worse else []
    said += _telling(parts, judged, base if not said else "")
    if not said:
        said = [f"{states} a confidence that fits its answers worse than that of {base}"]
    gain = "but is right more often" if judged.accuracy > 0 else ""
    head = " and ".join(said)
    return head if not gain else f"{head} {gain}" if head.endswith(",") else f"{head}, {gain}"


def _mixed(parts: Parts, judged: Judgement, base: str, states: str) -> str:
    """List the improvements, then the deteriorations."""
    if judged.calibration < 0 and judged.own < 0:
        gain = f"is better calibrated than {base} on average"
    elif judged.ranking > 0:
        gain = f"tells right answers from wrong ones better than {base}"
    else:
        gain = f"{states} a confidence that fits its answers better than that of {base}"
    price = ["is worse calibrated"] if judged.calibration > 0 and judged.own > 0 else []
    price += _telling(parts, judged, "")
    if judged.none_right:
        price.append("has no right answer")
    elif judged.accuracy < 0:
        price.append("is right less often")
    return f"{gain}, but {' and '.join(price)}"


def _telling(parts: Parts, judged: Judgement, base: str) -> list[str]:
    """Describe the change of the ranking, then of the confidence when wrong."""
    than, unlike = (f" than {base}", f", unlike {base},") if base else ("", "")
    if judged.ranking < 0:
        if parts.auroc.b < 1.0 - CHANCE:
            return [f"is surer of its wrong answers than of its right ones{unlike}"]
        if parts.auroc.b <= CHANCE and parts.auroc.a >= TELLS:
            return [f"no longer tells right answers from wrong ones{unlike}"]
        return [f"tells right answers from wrong ones less well{than}"]
    if judged.surer_when_wrong:
        return [f"is surer of its wrong answers{than}"]
    return [f"is sure of more of its wrong answers{than}"] if judged.sure_of_more else []
