"""Explanations below a verdict: warnings, what would decide it, and its exit code."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from caopd_bench.gates.result import GateCell, GateResult
from caopd_bench.gates.wording.words import MOST, label, place, round_items

__all__ = ["explain"]


def explain(result: GateResult) -> list[str]:
    """Explain an INCONCLUSIVE verdict: what would decide it, and the exit code.

    For a FAIL, list the numbers that could not contribute, and why. Warnings come first.
    """
    warnings = [f"WARNING: {line}" for line in result.warnings]
    if result.outcome == "FAIL":
        lines = [
            f"{place(cell, result)}{label(cell)}: not computed ({cell.reason})"
            for cell in result.cells
            if cell.tier == "gate" and cell.reason
        ]
        return [*warnings, *_cut(lines)]
    if result.outcome != "INCONCLUSIVE":
        return warnings
    open_cells = [c for c in result.cells if c.tier == "gate" and c.outcome == "INCONCLUSIVE"]
    places: dict[tuple[str, str | None], list[GateCell]] = {}
    for cell in open_cells:
        places.setdefault((cell.task, cell.group), []).append(cell)
    lines = [_why_undecidable(cell, result) for cell in result.undecidable]
    lines += [line for cells in places.values() for line in _what_decides(cells, result)]
    return [*warnings, *_cut(lines), *_say_code(result)]


def _say_code(result: GateResult) -> Iterator[str]:
    """Explain an exit code that differs from on_inconclusive, or that is 0."""
    number = len(result.undecidable)
    if number:
        numbers = "a gated number" if number == 1 else f"{number} gated numbers"
        better = result.wording.pick(
            "a candidate that states its confidence", "a candidate with a confidence in every row"
        )
        yield (
            f"NOT DECIDABLE, exit code {result.exit_code} regardless of on_inconclusive: "
            f"{numbers} cannot be decided from these rows; remedies: {better}, more or harder "
            "items, or tier: advisory for them in the policy"
        )
    elif result.exit_code == 0:
        yield (
            "NOTHING WAS DECIDED; the exit code is 0 because the policy sets on_inconclusive: warn"
        )


def _why_undecidable(cell: GateCell, result: GateResult) -> str:
    name = f"{place(cell, result)}{label(cell)}"
    if cell.reason:
        return f"{name}: not computed ({cell.reason}), which blocks PASS"
    return f"{name}: cannot be decided ({cell.undecidable})"


def _cut(lines: Sequence[str]) -> list[str]:
    shown = list(lines[: 2 * MOST])
    more = len(lines) - len(shown)
    return [*shown, f"and {more} more such lines"] if more else shown


def _what_decides(cells: Sequence[GateCell], result: GateResult) -> Iterator[str]:
    """Describe the open numbers of one task or group, and the items that would decide them."""
    first = cells[0]
    where = place(first, result)
    for cell in cells:
        if not cell.undecidable and cell.worse_by > (cell.limit if cell.rule == "margin" else 0.0):
            yield (
                f"{where}{label(cell)}: the estimate is worse than allowed, but that may be chance"
            )
    most = max(cells, key=lambda cell: _or_none(cell.items_needed))
    if not math.isfinite(most.items_needed):
        yield f"{where}{_why_never(most, result)}"
        return
    is_single = result.wording.is_stated and not first.task.endswith("_sc8")
    samples = "; or several samples of each (_sc8)" if is_single else ""
    lacking = [label(cell) for cell in cells if cell.reason]
    numbers = " on the numbers that can be computed" if lacking else ""
    more = f"; the number needed for {' and '.join(lacking)} cannot be estimated from this run"
    yield (
        f"{where}about {round_items(most.items_needed)} items would decide with 80 % "
        f"power{numbers}, if the estimates are right (now {most.items:,}; {label(most)} needs the "
        f"most){more if lacking else ''}{samples}; for the number that a model equal to the "
        "reference needs: caopd-bench gate --plan"
    )


def _why_never(cell: GateCell, result: GateResult) -> str:
    """Return the reason why no number of items is given."""
    if cell.reason:
        return f"the number of items needed is unknown: {label(cell)} cannot be computed here"
    what = f"the change in {label(cell)}" if cell.rule == "margin" else label(cell)
    lacks = result.wording.pick("does not state", "lacks")
    return (
        f"more items of this kind may not decide: {what} is exactly at its limit, or the "
        f"confidences that the candidate {lacks} could bring it there"
    )


def _or_none(items: float) -> float:
    return math.inf if math.isnan(items) else items
