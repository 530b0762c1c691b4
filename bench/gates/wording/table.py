"""The content of every rendering of a verdict: headline, reasons, table rows and footnotes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from caopd_bench.core.numbers import PLAIN
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.gates.policy import Policy
from caopd_bench.gates.result import GateCell, GateResult
from caopd_bench.gates.wording.words import MOST, label, label_of, number, place
from caopd_bench.metrics.comparison.degradation import CELLS
from caopd_bench.runs.confidence_of import OF_OPTION

__all__ = [
    "Section",
    "footnotes",
    "headline",
    "heads",
    "said",
    "sections",
    "title",
    "values",
]

#: A change within this many standard errors of a rerun may be rerun noise.
RERUN_REACH = 1.96
#: Numbers on the items whose correctness did not change.
UNCHANGED = ("auroc", "strict_auroc")


@dataclass(frozen=True, slots=True)
class Section:
    """The numbers of one task or group that have the same tier.

    Attributes
    ----------
    task : str
    group : str or None
    tier : str
        "gate" or "advisory".
    cells : Sequence of GateCell
    """

    task: str
    group: str | None
    tier: str
    cells: Sequence[GateCell]


def headline(result: GateResult) -> str:
    """Return the verdict and its reason in a sentence; the first word is the verdict."""
    gated = [cell for cell in result.cells if cell.tier == "gate"]
    against = f"{result.candidate} against {result.reference}"
    if result.outcome == "FAIL":
        failed = [cell for cell in gated if cell.outcome == "FAIL"]
        reasons = [_reason(cell, result) for cell in failed[:MOST]]
        more = len(failed) - len(reasons)
        reasons += [f"and {more} more numbers"] if more else []
        return f"FAIL  {against}: worse than allowed, and not by chance: {'; '.join(reasons)}"
    if result.outcome == "PASS":
        one = "the number that counts is shown to be within its limit"
        every = f"all {len(gated)} numbers are shown to be within their limits"
        return f"PASS  {against}: {one if len(gated) == 1 else every}"
    if result.too_few:
        asked = result.policy.min_items
        has = ", ".join(f"{task} has {items:,}" for task, items in result.too_few.items())
        return (
            f"INCONCLUSIVE  {against}: nothing is decided with so few items: {has}, but the "
            f"policy requires {asked:,} (min_items)"
        )
    passed = sum(cell.outcome == "PASS" for cell in gated)
    lacking = sum(bool(cell.reason) for cell in gated)
    open_ = len(gated) - passed - lacking
    parts = [f"{open_} undecided"] if open_ else []
    parts += [f"{lacking} not computed"] if lacking else []
    return (
        f"INCONCLUSIVE  {against}: shown neither to be within the limits nor to be worse: "
        f"{passed} of {len(gated)} numbers {'is' if passed == 1 else 'are'} shown to be within "
        f"limits, {' and '.join(parts)}"
    )


def sections(result: GateResult) -> list[Section]:
    """Group the numbers: deciding ones first, whole tasks before their groups."""
    found: dict[tuple[str, str, str | None], list[GateCell]] = {}
    for cell in result.cells:
        found.setdefault((cell.tier, cell.task, cell.group), []).append(cell)
    ordered = sorted(found, key=lambda key: (key[0] != "gate", key[2] is not None))
    return [Section(task, group, tier, found[tier, task, group]) for tier, task, group in ordered]


def title(section: Section, policy: Policy) -> tuple[str, str]:
    """Return the title of a table, and the items behind its numbers."""
    name = f"{section.task} {section.group or ''}".strip()
    items = max(cell.items for cell in section.cells)
    clusters = max(cell.clusters for cell in section.cells)
    key = policy.cluster_of(section.task)
    shown = f"{items:,} items"
    if key is not None:
        shown += f" in {clusters:,} clusters by {inline(key, NAME_WIDTH)}"
    return name, shown if section.tier == "gate" else f"{shown}, shown only"


def heads(policy: Policy) -> tuple[str, ...]:
    """Return the column heads of a table."""
    limit = f"{100 * policy.confidence:g}% limit"
    return ("", "reference", "candidate", "worse by", limit, "allowed", "verdict")


def values(cell: GateCell) -> list[str]:
    """Return the row of one number, without its verdict."""
    limit = f"{cell.limit:g}" if cell.rule == "margin" else f"{cell.rule} {cell.limit:g}"
    return [
        label(cell),
        number(cell.reference, cell),
        number(cell.candidate, cell),
        PLAIN.signed(cell.worse_by),
        PLAIN.signed(cell.upper),
        limit,
    ]


def said(cell: GateCell, result: GateResult) -> str:
    """Return the verdict on one number, in words."""
    if cell.reason:
        return "not computed"
    if cell.undecidable:
        return "not decidable"
    if cell.tier == "gate" and cell.task in result.too_few:
        return "too few items"
    beyond = "WORSE" if cell.rule == "margin" else "BEYOND"
    words = {"PASS": "ok", "FAIL": beyond, "INCONCLUSIVE": "undecided"}[cell.outcome]
    if math.isfinite(cell.rerun_error) and cell.worse_by > 0.0:
        within = cell.worse_by <= RERUN_REACH * cell.rerun_error
        words += ", within rerun noise" if within else ", beyond rerun noise"
    return words


def footnotes(result: GateResult) -> list[str]:
    """Explain the heads of the tables that occur."""
    percent = f"{100 * result.policy.confidence:g}%"
    is_option = result.wording.name == OF_OPTION
    confidence = [f"confidence: {result.wording.full}"] if is_option else []
    lines = [
        *confidence,
        f"worse by: negative is better; {percent} limit: upper confidence limit of worse by "
        f"({percent} for each number separately)",
    ]
    margins = [cell for cell in result.cells if cell.rule == "margin"]
    if any(cell.rule != "margin" for cell in result.cells):
        lines.append("for max and min, worse by is the distance of the candidate beyond the limit")
    unchanged = [c for c in margins if c.metric in UNCHANGED]
    if unchanged:
        names = dict.fromkeys(label_of(cell.metric) for cell in unchanged)
        lines.append(
            f"{' and '.join(names)}: computed on the items whose correctness did not change, so "
            "the values differ from those of `score`"
        )
    if any(cell.metric == "strict_auroc" for cell in margins):
        sure = result.wording.pick("that is stated as surely as", "as sure as")
        lines.append(
            f"strict AUROC: a wrong answer {sure} the surest quarter of the reference's answers "
            "counts as ranked above every right one"
        )
    if any(_is_of_both_sides(cell, result.policy) for cell in margins):
        lines.append(
            "overconfidence gap: worse by is the change of its absolute value (direction: both)"
        )
    others = dict.fromkeys(label_of(c.metric) for c in margins if c.metric not in CELLS)
    if others:
        lines.append(f"{', '.join(others)}: computed on the rows that both runs parse")
    return lines


def _is_of_both_sides(cell: GateCell, policy: Policy) -> bool:
    if cell.metric != "overconfidence_gap":
        return False
    return policy.limits(cell.task)[cell.metric].direction == "both"


def _reason(cell: GateCell, result: GateResult) -> str:
    name = f"{place(cell, result)}{label(cell)}"
    if cell.rule != "margin":
        return f"{name} {number(cell.candidate, cell)}, {cell.rule} {cell.limit:g}"
    return (
        f"{name} {number(cell.reference, cell)} to {number(cell.candidate, cell)}, worse by "
        f"{cell.worse_by:.3f}, margin {cell.limit:g}"
    )
