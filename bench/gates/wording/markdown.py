"""A verdict as Markdown, for pull requests and the step summary of GitHub."""

from __future__ import annotations

from collections.abc import Iterable

from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, inline
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

__all__ = ["escape", "render_markdown"]

MARKS = {"PASS": "✅", "FAIL": "❌", "INCONCLUSIVE": "⚠️"}
#: What Markdown or HTML could take for its own; names of models may hold anything.
SPECIAL = "\\`*_[]<>#|~&@:$"
#: What makes a list of a line that begins with it.
BULLETS = "+-"


def render_markdown(result: GateResult) -> str:
    """Give the verdict as Markdown with a table for each task; what decides comes first."""
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


def escape(text: str, width: int | None = None) -> str:
    r"""Make data stand in a line of Markdown as it is.

    Examples
    --------
    >>> escape("a_model | <b>")
    'a&#95;model &#124; &#60;b&#62;'
    """
    shown = inline(text, width)
    return "".join(
        f"&#{ord(c)};" if c in SPECIAL or (i == 0 and c in BULLETS) else c
        for i, c in enumerate(shown)
    )


def _table(section: Section, result: GateResult) -> Iterable[str]:
    name, rests_on = title(section, result.policy)
    yield f"**{escape(name, NAME_WIDTH)}**, {escape(rests_on)}"
    yield ""
    yield f"| {' | '.join(heads(result.policy))} |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    for cell in section.cells:
        row = [*values(cell), said(cell, result)]
        yield f"| {' | '.join(_cell(value) for value in row)} |"


def _cell(value: str) -> str:
    """Numbers begin with a sign, and a cell of a table begins no list."""
    return escape(f" {value}", NAME_WIDTH).strip()
