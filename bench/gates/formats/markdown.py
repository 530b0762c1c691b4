"""Escape data for Markdown."""

from __future__ import annotations

from caopd_bench.core.terminal import NAME_WIDTH, inline

__all__ = ["MARKS", "escape", "escape_cell"]

MARKS = {"PASS": "✅", "FAIL": "❌", "INCONCLUSIVE": "⚠️"}
#: What Markdown or HTML could take for its own; names of models may hold anything.
SPECIAL = "\\`*_[]<>#|~&@:$"
#: What makes a list of a line that begins with it.
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
