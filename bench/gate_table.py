"""What every rendering of a verdict says: headline, reasons, a row per number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from caopd_bench.gate_result import GateCell, GateResult
from caopd_bench.table import LABELS

__all__ = ["HEADS", "Section", "explain", "headline", "label", "said", "sections", "values"]

HEADS = ("", "reference", "candidate", "worse by", "at most", "margin", "says")
#: Within this many standard errors of a rerun, a change is what a rerun does.
RERUN_REACH = 1.96


@dataclass(frozen=True, slots=True)
class Section:
    """The numbers of one task or group that have the same say.

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
    """Say the verdict and why in a sentence; its first word is the verdict."""
    gated = [cell for cell in result.cells if cell.tier == "gate"]
    against = f"{result.candidate} against {result.reference}"
    if result.outcome == "FAIL":
        failed = [cell for cell in gated if cell.outcome == "FAIL"]
        return f"FAIL  {against}: {'; '.join(_reason(cell, result) for cell in failed)}"
    if result.outcome == "PASS":
        count = "the number that counts is" if len(gated) == 1 else f"all {len(gated)} numbers are"
        return f"PASS  {against}: {count} within bounds"
    passed = sum(cell.outcome == "PASS" for cell in gated)
    return (
        f"INCONCLUSIVE  {against}: {passed} of {len(gated)} numbers are shown to be within bounds"
    )


def explain(result: GateResult) -> list[str]:
    """Say what a verdict that is no PASS or FAIL would take, and what its exit code is."""
    if result.outcome != "INCONCLUSIVE":
        return []
    lines = []
    open_cells = [c for c in result.cells if c.tier == "gate" and c.outcome == "INCONCLUSIVE"]
    needed = [c for c in open_cells if math.isfinite(c.items_needed)]
    if needed:
        most = max(needed, key=lambda c: c.items_needed)
        lines.append(
            f"about {_rounded(most.items_needed)} items would decide ({label(most)}, now "
            f"{most.items:,}), or several samples of each (_sc8)"
        )
    lines += [
        f"{_place(c, result)}worse by more than its margin as it looks, and more items would tell"
        for c in open_cells
        if math.isinf(c.items_needed)
    ]
    lines += [f"{_place(c, result)}not computed, {c.reason}" for c in open_cells if c.reason]
    if result.exit_code == 0:
        lines.append(
            "NOTHING WAS DECIDED; the exit code is 0 because the policy says on_inconclusive: warn"
        )
    return lines


def sections(result: GateResult) -> list[Section]:
    """Group the numbers: what decides first, whole tasks before their groups."""
    found: dict[tuple[str, str, str | None], list[GateCell]] = {}
    for cell in result.cells:
        found.setdefault((cell.tier, cell.task, cell.group), []).append(cell)
    ordered = sorted(found, key=lambda key: (key[0] != "gate", key[2] is not None))
    return [Section(task, group, tier, found[tier, task, group]) for tier, task, group in ordered]


def values(cell: GateCell) -> list[str]:
    """Give the row of one number, without what it says."""
    limit = f"{cell.limit:g}" if cell.rule == "margin" else f"{cell.rule} {cell.limit:g}"
    return [
        label(cell),
        _number(cell.reference, cell),
        _number(cell.candidate, cell),
        _signed(cell.worse_by),
        _signed(cell.upper),
        limit,
    ]


def said(cell: GateCell) -> str:
    """Say what one number says."""
    if cell.reason:
        return "not computed"
    words = {"PASS": "ok", "FAIL": "WORSE", "INCONCLUSIVE": "undecided"}[cell.outcome]
    if math.isfinite(cell.rerun_error) and cell.worse_by > 0.0:
        within = cell.worse_by <= RERUN_REACH * cell.rerun_error
        words += ", within rerun noise" if within else ", beyond rerun noise"
    return words


def label(cell: GateCell) -> str:
    """Name a number as the tables do."""
    return LABELS.get(cell.metric, cell.metric.replace("_", " ")).strip()


def _reason(cell: GateCell, result: GateResult) -> str:
    place = _place(cell, result)
    if cell.rule != "margin":
        return f"{place}{cell.candidate:.3f}, {cell.rule} {cell.limit:g}"
    return f"{place}worse by {cell.worse_by:.3f}, margin {cell.limit:g}"


def _place(cell: GateCell, result: GateResult) -> str:
    several = len({c.task for c in result.cells}) > 1
    where = f"{cell.task} " if several else ""
    return f"{where}{cell.group + ' ' if cell.group else ''}{label(cell)}: "


def _number(value: float, cell: GateCell) -> str:
    sign = "+" if cell.metric == "overconfidence_gap" else ""
    return "-" if math.isnan(value) else f"{value:{sign}.3f}"


def _signed(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:+.3f}"


def _rounded(items: float) -> str:
    """Round up to two digits: the number rests on an estimate."""
    step = 10 ** max(int(math.log10(items)) - 1, 0)
    return f"{math.ceil(items / step) * step:,}"
