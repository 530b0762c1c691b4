"""A verdict as Markdown, for pull requests and the step summary of GitHub."""

from __future__ import annotations

from collections.abc import Iterable

from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH
from caopd_bench.gates.formats.markdown import MARKS, escape, escape_cell
from caopd_bench.gates.result import GateResult
from caopd_bench.gates.wording.explain import explain
from caopd_bench.gates.wording.table import (
    Section,
    footnotes,
    headline,
    heads,
    said,
    sections,
    title,
    values,
)

__all__ = ["render_markdown"]


def render_markdown(result: GateResult) -> str:
    """Return the verdict as Markdown with a table for each task; deciding numbers come first."""
    word, _, rest = headline(result).partition("  ")
    lines = [f"## {MARKS[result.outcome]} Calibration gate: {word}", "", escape(rest, 600), ""]
    lines += [f"- {escape(line, WARNING_WIDTH)}" for line in explain(result)]
    parts = sections(result)
    for section in (one for one in parts if one.tier == "gate"):
        lines += ["", *_table(section, result)]
    shown = [one for one in parts if one.tier != "gate"]
    if shown:
        lines += ["", "<details><summary>shown only</summary>"]
        for section in shown:
            lines += ["", *_table(section, result)]
        lines += ["", "</details>"]
    lines += ["", *(f"- {escape(line, WARNING_WIDTH)}" for line in footnotes(result))]
    if result.notes:
        lines += ["", *(f"- {escape(note, WARNING_WIDTH)}" for note in result.notes)]
    return "\n".join(lines) + "\n"


def _table(section: Section, result: GateResult) -> Iterable[str]:
    name, rests_on = title(section, result.policy)
    yield f"**{escape(name, NAME_WIDTH)}**, {escape(rests_on)}"
    yield ""
    yield f"| {' | '.join(heads(result.policy))} |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    for cell in section.cells:
        row = [*values(cell), said(cell, result)]
        yield f"| {' | '.join(escape_cell(value) for value in row)} |"
