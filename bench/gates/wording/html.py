"""A verdict as one self-contained HTML file without scripts; names are inserted as text."""

from __future__ import annotations

from html import escape

from caopd_bench._version import __version__
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

__all__ = ["render_html"]

STYLE = """
:root { color-scheme: light dark; --line: #8884; --ok: #1a7f37; --bad: #cf222e; --open: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --ok: #3fb950; --bad: #f85149; --open: #d29922; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0; }
.PASS { color: var(--ok); } .FAIL { color: var(--bad); } .INCONCLUSIVE { color: var(--open); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 1.2rem 0 .3rem; }
th, td { overflow-wrap: break-word; padding: .3rem .7rem;
  border-bottom: 1px solid var(--line); text-align: right; }
th { font-weight: 600; }
th:first-child, td:last-child, th:last-child { text-align: left; }
tbody th { font-weight: 400; overflow-wrap: anywhere; min-width: 7rem; max-width: 24rem; }
footer { margin-top: 2rem; font-size: .9rem; opacity: .8; }
"""


def render_html(result: GateResult) -> str:
    """Return the verdict as a page that opens from disk."""
    word, _, rest = headline(result).partition("  ")
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Calibration gate: {word}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        "<body>",
        f'<h1>Calibration gate: <span class="{word}">{word}</span></h1>',
        f"<p>{_text(rest, 600)}</p>",
        *_list(explain(result)),
        *(_table(section, result) for section in sections(result)),
        *_list(footnotes(result)),
        *_list(result.notes),
        f"<footer>caopd-bench {escape(__version__)}, exit code {result.exit_code}</footer>",
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _table(section: Section, result: GateResult) -> str:
    name, rests_on = (_text(part, NAME_WIDTH) for part in title(section, result.policy))
    # An empty heading is meaningless in a screen reader.
    first = "".join(f'<th scope="col">{head or "number"}</th>' for head in heads(result.policy))
    rows = []
    for cell in section.cells:
        number, *others = values(cell)
        cells = "".join(f"<td>{_text(value)}</td>" for value in others)
        is_open = cell.tier == "gate" and cell.task in result.too_few
        color = "INCONCLUSIVE" if is_open else cell.outcome
        says = f'<td class="{color}">{_text(said(cell, result), NAME_WIDTH)}</td>'
        rows.append(f'<tr><th scope="row">{_text(number)}</th>{cells}{says}</tr>')
    return (
        f'<div class="wide"><table><caption>{name}: {rests_on}</caption>'
        f"<thead><tr>{first}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody></table></div>"
    )


def _list(lines: object) -> list[str]:
    entries = [f"<li>{_text(str(line), WARNING_WIDTH)}</li>" for line in lines]  # type: ignore[attr-defined]
    return ["<ul>", *entries, "</ul>"] if entries else []


def _text(value: str, width: int | None = None) -> str:
    return escape(inline(value, width))
