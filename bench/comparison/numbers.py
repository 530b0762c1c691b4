"""The numbers in the sentence of a comparison, and the effect of missing confidences."""

from __future__ import annotations

import math
from collections.abc import Iterator

from caopd_bench.comparison.breakdown import Parts
from caopd_bench.comparison.direction import Judgement
from caopd_bench.comparison.one_task import TaskComparison
from caopd_bench.core.numbers import COMPARED
from caopd_bench.metrics import Change

__all__ = ["list_numbers"]

#: With fewer items a change of .10 in stated confidence is usually missed: docs/compare.md.
FEW = 100


def list_numbers(found: TaskComparison, judged: Judgement, cand: str) -> list[str]:
    """Return the clauses that follow the head of the sentence."""
    clauses = [_rate("accuracy", found.accuracy), _rate("parse rate", found.parse_rate)]
    if found.parts is not None and judged.verdict != "undefined":
        clauses += [
            _confidence(found, found.parts),
            _constant(found, found.parts, cand),
            *_collapse(found, found.parts, judged),
            _unparsed(found, found.parts, judged),
            _one_of_many(found, found.parts, judged),
            _few(found, judged),
        ]
    return [clause for clause in clauses if clause]


def _rate(label: str, change: Change) -> str:
    """Return a rate of both runs, if it differs."""
    if change.difference == 0.0 or math.isnan(change.difference):
        return ""
    return f"{label} {change.a:.3f} to {change.b:.3f} ({_limits(change)})"


def _confidence(found: TaskComparison, parts: Parts) -> str:
    """Return the stated confidences and the Brier change, on the rows that both parse."""
    signed = COMPARED.signed
    brier, stated, accuracy = parts.brier, parts.gap.confidence, parts.gap.accuracy.difference
    where = f"on the {found.both:,} rows that both parse, " if found.missing.unparsed else ""
    of_answers = f" (accuracy {signed(accuracy)})" if accuracy else ""
    return (
        f"{where}mean confidence {stated.a:.3f} to {stated.b:.3f} (overconfidence gap "
        f"{signed(parts.base_gap)} to {signed(parts.cand_gap)}); Brier change "
        f"{_limits(brier.brier)}: miscalibration contributes "
        f"{signed(brier.miscalibration.difference)}, discrimination "
        f"{signed(-brier.discrimination.difference)}, the uncertainty of the answers "
        f"{signed(brier.uncertainty.difference)}{of_answers}"
    )


def _constant(found: TaskComparison, parts: Parts, cand: str) -> str:
    if parts.constant is None:
        return ""
    states = found.wording.pick("states", "has a confidence of")
    return f"{cand} {states} {_decimals(parts.constant)} in every usable row"


def _collapse(found: TaskComparison, parts: Parts, judged: Judgement) -> Iterator[str]:
    """Show the numbers that the head refers to and that are not shown yet."""
    cell = found.six.get("confidence_when_wrong")
    if judged.surer_when_wrong and cell is not None and not math.isnan(cell.candidate):
        yield f"confidence when wrong {cell.reference:.3f} to {cell.candidate:.3f}"
    cell = found.six.get("strict_auroc")
    if judged.sure_of_more and not judged.surer_when_wrong and cell is not None:
        yield f"strict AUROC {cell.reference:.3f} to {cell.candidate:.3f}"
    if judged.ranking and not math.isnan(parts.auroc.difference):
        yield f"AUROC {parts.auroc.a:.3f} to {parts.auroc.b:.3f}"


#: Findings on the rows that both parse, which the other rows could reverse.
OF_PARSED = {
    "better": "the confidence is better on the rows that both parse",
    "mixed": "parts of the confidence are better and parts worse on the rows that both parse",
    "worse": "the confidence is worse on the rows that both parse",
}


def _unparsed(found: TaskComparison, parts: Parts, judged: Judgement) -> str:
    """Describe the possible effect of the rows without a usable confidence."""
    missing = found.missing
    if not missing.unparsed:
        unclear = judged.verdict == "inconclusive"
        return "it is unclear whether the confidence or the answers caused this" if unclear else ""
    lack = (
        f"{missing.unparsed:,} of {missing.rows:,} rows "
        f"{'lacks' if missing.unparsed == 1 else 'lack'} a usable confidence in one run or both"
    )
    if judged.verdict in ("silent", "less silent", "inconclusive"):
        seen = OF_PARSED.get(judged.of_parsed)
        return (
            f"{seen}, but {lack}, which could reverse this"
            if seen
            else f"{lack}, which could hide a difference"
        )
    claims_fit = judged.fit and judged.fit == {"better": -1, "worse": 1}.get(judged.verdict)
    if not claims_fit or judged.ranking:
        return f"{lack}; they are assumed to be like the other rows"
    fit = parts.brier.confidence
    tipping = missing.tipping_point(fit.high if judged.fit < 0 else fit.low)
    if math.isnan(tipping):
        had = found.wording.pick("stated", "had")
        return f"{lack}; no confidence that they could have {had} would reverse this"
    way = "risen" if tipping > 0 else "fallen"
    return (
        f"{lack}; this would not hold if the Brier score of those rows had {way} by "
        f"{abs(tipping):.3f} or more on average"
    )


def _one_of_many(found: TaskComparison, parts: Parts, judged: Judgement) -> str:
    """Explain limits that exclude "no change" although the verdict reports no change."""
    shown = (found.accuracy, found.parse_rate, parts.brier.brier)
    excluding = any(change.low > 0.0 or change.high < 0.0 for change in shown)
    if judged.verdict != "no difference seen" or not excluding:
        return ""
    return (
        f"each interval is for one number alone; after adjustment for {judged.tests} tests none "
        "of the changes is significant"
    )


def _few(found: TaskComparison, judged: Judgement) -> str:
    """Warn about samples too small to show much."""
    if found.items >= FEW or judged.verdict in ("better", "worse", "mixed"):
        return ""
    return f"{found.items} items can only show large differences"


def _limits(change: Change) -> str:
    shown = COMPARED.signed(change.difference)
    if math.isnan(change.low):
        return f"{shown}, no interval"
    return f"{shown} {COMPARED.limits(change.low, change.high, signed=True)}"


def _decimals(value: float) -> str:
    """Return a confidence as models state it, with two digits at least."""
    shown = f"{value:.6f}".rstrip("0")
    return f"{value:.2f}" if len(shown.partition(".")[2]) < 2 else shown
