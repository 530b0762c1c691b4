"""A verdict for the terminal: the first word is PASS, FAIL or INCONCLUSIVE."""

from __future__ import annotations

from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, align, inline
from caopd_bench.gates.result import GateResult
from caopd_bench.gates.wording.explain import explain
from caopd_bench.gates.wording.table import (
    footnotes,
    headline,
    heads,
    said,
    sections,
    title,
    values,
)

__all__ = ["render_text"]

HEADLINE_WIDTH = 600


def render_text(result: GateResult) -> str:
    """Return the verdict, a table of each task, and notes; without a final newline."""
    lines = [inline(headline(result), HEADLINE_WIDTH)]
    lines += [f"  {inline(line, WARNING_WIDTH)}" for line in explain(result)]
    for section in sections(result):
        name, rests_on = title(section, result.policy)
        lines.append(f"\n{inline(name, 2 * NAME_WIDTH)}: {rests_on}")
        table = [list(heads(result.policy))]
        table += [[*values(cell), said(cell, result)] for cell in section.cells]
        lines += align(table)
    lines += ["", *(f"  {inline(line, WARNING_WIDTH)}" for line in footnotes(result))]
    lines += [f"  note: {inline(note, WARNING_WIDTH)}" for note in result.notes]
    return "\n".join(lines)
