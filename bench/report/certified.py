"""What may be done without a person: the certified cut of a run on a task, in words and numbers."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Decimal

from caopd_bench.runs.counts import Counts
from caopd_bench.runs.records import Record
from caopd_bench.thresholds.asked import Asked
from caopd_bench.thresholds.cut import Cut

__all__ = [
    "COVERAGE", "MAX_RISK", "certify", "explain_promise", "make_coverage", "say_coverage",
    "say_cut", "say_heading", "say_limits", "say_risk", "say_why_none",
]  # fmt: skip

#: The share of wrong answers among those kept that is accepted, unless the user names another.
MAX_RISK = 0.05
COVERAGE = "certified_coverage"


def certify(counts: Counts, max_risk: float, level: float) -> Cut:
    """Find the cut of a task; answers without a usable confidence are never kept, and count."""
    return Asked("max-risk", {"max_risk": max_risk}).find(counts, None, level)


def make_coverage(run: str, task: str, counts: Counts, cut: Cut) -> Record:
    """Return the coverage as a record: undefined, with the reason, where nothing was certified."""
    of_rows = counts.filled.clusters is None
    method = "clopper-pearson" if of_rows else "sums over clusters"
    interval = "" if math.isnan(cut.coverage) else f"{method} {100 * cut.level:g}%"
    return Record(
        run, task, None, COVERAGE, cut.coverage, cut.coverage_low, cut.coverage_high, cut.n,
        interval=interval, reason=say_why_none(cut),
    )  # fmt: skip


def say_risk(risk: float) -> str:
    """Write a risk as people do.

    Examples
    --------
    >>> say_risk(0.05), say_risk(0.125)
    ('5 %', '12.5 %')
    """
    return f"{100 * risk:.6g} %"


def say_heading(max_risk: float) -> str:
    """Return the heading of the column.

    Examples
    --------
    >>> say_heading(0.05)
    'automates at 5 % risk'
    """
    return f"automates at {say_risk(max_risk)} risk"


def say_coverage(cut: Cut) -> str:
    """Return the coverage, or why there is none, in a word or two."""
    if cut.outcome == "CERTIFIED":
        return f"{100 * cut.coverage:.1f} %" if cut.coverage >= 0.0005 else "< 0.1 %"
    return "no cut" if cut.outcome == "NONE" else "not shown"


def say_limits(cut: Cut) -> str:
    """Return the limits of the coverage in percent, and the cut; "" where there is none."""
    if cut.outcome != "CERTIFIED":
        return ""
    low, high = 100 * cut.coverage_low, 100 * cut.coverage_high
    return f"[{low:.1f}, {high:.1f}] %, from {say_cut(cut)} on"


def say_cut(cut: Cut) -> str:
    """Write the cut in two to four decimals: rounded up, so that what is written keeps no more.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> [say_cut(SimpleNamespace(cut=one)) for one in (1.0, 0.95, 0.870012, 0.07)]
    ['1.00', '0.95', '0.8701', '0.07']
    """
    digits = str(Decimal(repr(float(cut.cut))).quantize(Decimal("0.0001"), ROUND_CEILING))
    return digits[:4] + digits[4:].rstrip("0")


def say_why_none(cut: Cut) -> str:
    """Say why nothing was certified, and how many answers would be needed; "" where it was."""
    if cut.outcome != "INCONCLUSIVE" or not cut.n_parsed:
        return cut.reason
    if cut.items_needed is None:
        return f"{cut.reason}; its error rate is below {say_risk(cut.max_risk)} at no cut"
    unit = "answers" if cut.clusters is None else "questions"
    return f"{cut.reason}; needs about {cut.items_needed:,} {unit} in all"


def explain_promise(max_risk: float, level: float) -> str:
    """Say what the column promises, and what it does not."""
    risk = say_risk(max_risk)
    return (
        f"{say_heading(max_risk).capitalize()}: the share of all answers that is at or above a cut "
        f"on confidence, to be used without a person. At most {risk} of such answers are wrong, "
        f"with a probability of {say_risk(level)} over the answers seen, as long as new ones are "
        "of the same kind. An answer without a usable confidence is never kept. No cut: wherever "
        "30 answers or more (of fewer than 300: a tenth or more) are kept, the risk is shown to be "
        f"above {risk}. Not shown: neither. "
        "Each promise is about one model on one task; they do not hold jointly."
    )
