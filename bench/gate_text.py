"""A verdict for the terminal: the first word is PASS, FAIL or INCONCLUSIVE."""

from __future__ import annotations

from caopd_bench.gate_result import GateResult
from caopd_bench.gate_table import HEADS, explain, headline, said, sections, values
from caopd_bench.table import align
from caopd_bench.terminal import NAME_WIDTH, WARNING_WIDTH, inline

__all__ = ["render_text"]

HEADLINE_WIDTH = 600


def render_text(result: GateResult) -> str:
    """Give the verdict, a table of each task, and notes; without a final newline."""
    lines = [inline(headline(result), HEADLINE_WIDTH)]
    lines += [f"  {inline(line, WARNING_WIDTH)}" for line in explain(result)]
    for section in sections(result):
        name = inline(section.task, NAME_WIDTH)
        if section.group is not None:
            name += f" {inline(section.group, NAME_WIDTH)}"
        items = max(cell.items for cell in section.cells)
        shown = "" if section.tier == "gate" else ", shown only"
        lines.append(f"\n{name}: {items:,} items{shown}")
        table = [list(HEADS)]
        table += [[*values(cell), inline(said(cell), NAME_WIDTH)] for cell in section.cells]
        lines += align(table)
    if any(cell.rule == "margin" for cell in result.cells):
        lines.append(
            f"\n  at most: one-sided {100 * result.policy.confidence:g}% limit; AUROC is of the "
            "items whose correctness did not change"
        )
    lines += [f"  note: {inline(note, WARNING_WIDTH)}" for note in result.notes]
    return "\n".join(lines)
