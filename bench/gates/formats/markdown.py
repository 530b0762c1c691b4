"""Escape data for Markdown."""

from __future__ import annotations

from caopd_bench.core.terminal import NAME_WIDTH, inline

__all__ = ["MARKS", "escape", "escape_cell"]

MARKS = {"PASS": "✅", "FAIL": "❌", "INCONCLUSIVE": "⚠️"}
#: Characters with a meaning in Markdown or HTML, since names of models may contain anything.
SPECIAL = "\\`*_[]<>#|~&@:$"
#: Characters that begin a list at the start of a line.
BULLETS = "+-"


def escape(text: str, width: int | None = None) -> str:
    r"""Escape data so that a line of Markdown shows it literally.

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


def escape_cell(value: str) -> str:
    """Escape data for a table cell, where a leading sign starts no list."""
    return escape(f" {value}", NAME_WIDTH).strip()
