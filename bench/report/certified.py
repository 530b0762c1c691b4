"""Answers with a certified error rate: the confidence cut of a run, in numbers and words."""

from __future__ import annotations

import math
from collections.abc import Collection
from decimal import ROUND_CEILING, Decimal

from caopd_bench.runs.counts import Counts
from caopd_bench.runs.records import Record
from caopd_bench.thresholds.asked import Asked
from caopd_bench.thresholds.cut import Cut

__all__ = [
    "COVERAGE", "MAX_RISK", "certify", "explain_certificate", "make_coverage", "say_coverage",
    "say_cut", "say_heading", "say_limits", "say_risk", "say_why_none",
]  # fmt: skip

#: Default for the accepted share of wrong answers among those kept.
MAX_RISK = 0.05
COVERAGE = "certified_coverage"


def certify(counts: Counts, max_risk: float, level: float) -> Cut:
    """Return the cut of a task; answers without a usable confidence count, but are never kept."""
    return Asked("max-risk", {"max_risk": max_risk}).find(counts, None, level)


def make_coverage(run: str, task: str, counts: Counts, cut: Cut) -> Record:
    """Return the coverage as a record: undefined, with a reason, if nothing was certified."""
    of_rows = counts.filled.clusters is None
    method = "clopper-pearson" if of_rows else "sums over clusters"
    interval = "" if math.isnan(cut.coverage) else f"{method} {100 * cut.level:g}%"
    return Record(
        run, task, None, COVERAGE, cut.coverage, cut.coverage_low, cut.coverage_high, cut.n,
        interval=interval, reason=say_why_none(cut),
    )  # fmt: skip


def say_risk(risk: float) -> str:
    """Return a risk as a percentage.

    Examples
    --------
    >>> say_risk(0.05), say_risk(0.125)
    ('5 %', '12.5 %')
    """
    return f"{100 * risk:.6g} %"


def say_heading(max_risk: float) -> str:
    """Return the heading of the column of certified coverages.

    Examples
    --------
    >>> say_heading(0.05)
    'certified at 5 % risk'
    """
    return f"certified at {say_risk(max_risk)} risk"


def say_coverage(cut: Cut) -> str:
    """Return the coverage, or in a word or two the reason why there is none."""
    if cut.outcome == "CERTIFIED":
        return f"{100 * cut.coverage:.1f} %" if cut.coverage >= 0.0005 else "< 0.1 %"
    return "none" if cut.outcome == "NONE" else "undecided"


def say_limits(cut: Cut) -> str:
    """Return the limits of the coverage in percent, and the cut; "" if nothing was certified."""
    if cut.outcome != "CERTIFIED":
        return ""
    low, high = 100 * cut.coverage_low, 100 * cut.coverage_high
    return f"[{low:.1f}, {high:.1f}] %, confidence {say_cut(cut)}"


def say_cut(cut: Cut) -> str:
    """Return the confidences that a cut keeps, with two to four decimals.

    The cut is rounded up, so that applying the printed value never keeps more answers.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> [say_cut(SimpleNamespace(cut=one)) for one in (1.0, 0.95, 0.870012, 0.07)]
    ['1.00', '≥ 0.95', '≥ 0.8701', '≥ 0.07']
    """
    digits = str(Decimal(repr(float(cut.cut))).quantize(Decimal("0.0001"), ROUND_CEILING))
    shown = digits[:4] + digits[4:].rstrip("0")
    return shown if float(shown) >= 1.0 else f"≥ {shown}"


def say_why_none(cut: Cut) -> str:
    """Return why nothing was certified and how many answers it would take; "" if there is a cut."""
    if cut.outcome != "INCONCLUSIVE" or not cut.n_parsed:
        return cut.reason
    if cut.items_needed is None:
        return f"{cut.reason}; at every cut its error rate is {say_risk(cut.max_risk)} or more"
    unit = "answers" if cut.clusters is None else "questions"
    return f"{cut.reason}; needs about {cut.items_needed:,} {unit} in all"


def explain_certificate(
    max_risk: float, level: float, outcomes: Collection[str] = ("NONE", "INCONCLUSIVE")
) -> str:
    """Return an explanation of the column, and of those of its words that `outcomes` lists."""
    risk = say_risk(max_risk)
    said = (
        f"{say_heading(max_risk).capitalize()}: the share of all answers whose confidence is high "
        f"enough to be used unchecked. With {say_risk(level)} certainty at most {risk} of these "
        "answers are wrong, provided that new questions are like these. An answer without a usable "
        "confidence is never among them."
    )
    if "NONE" in outcomes:
        said += (
            " None: every cut that keeps at least 30 answers (of fewer than 300 answers: a tenth) "
            f"has a risk significantly above {risk}."
        )
    if "INCONCLUSIVE" in outcomes:
        said += f" Undecided: the answers do not show whether any cut stays within {risk}."
    return f"{said} Each certificate is about one run on one task; they do not hold jointly."
