"""Small pieces of HTML. Values that come from a run are escaped here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from html import escape

from caopd_bench.core.numbers import PAGE
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.runs.records import Record

__all__ = ["DASH", "FootNotes", "cell", "code", "limits", "name", "number", "row", "table", "text"]

DASH, number, limits = PAGE.dash, PAGE.number, PAGE.limits
SIGNED = {"overconfidence_gap", "inheritance", "optimism_bias", "brier_skill_worst_case"}


def text(value: object, width: int | None = None) -> str:
    """Return any value as escaped text."""
    return escape(inline(str(value), width), quote=True)


def name(value: object) -> str:
    """Return a name as escaped text, shortened in the middle if it is long."""
    return text(value, NAME_WIDTH)


def code(value: object) -> str:
    """Return a code element, for text that a user types or finds in a file."""
    return f"<code>{text(value)}</code>"


class FootNotes:
    """Footnotes of a table, numbered in the order of first use."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.reasons: dict[str, int] = {}

    def mark(self, reason: str) -> str:
        """Return a footnote mark that links to the given reason."""
        if not reason:
            return ""
        i = self.reasons.setdefault(reason, len(self.reasons) + 1)
        return f'<sup><a href="#{self.place}-note-{i}" aria-label="note {i}">{i}</a></sup>'

    def render(self) -> str:
        """Return the list of footnotes; "" if there are none."""
        entries = "".join(
            f'<li id="{self.place}-note-{i}">{text(reason)}</li>'
            for reason, i in self.reasons.items()
        )
        return f'<ol class="notes">{entries}</ol>' if entries else ""


def cell(record: Record | None, notes: FootNotes, extra: str = "") -> str:
    """Return a record as a table cell: estimate, interval, and marks of its reason and caution."""
    if record is None:
        return f"<td>{DASH}</td>"
    signed = record.metric in SIGNED
    shown = number(record.estimate, signed=signed)
    mark = notes.mark(record.reason)
    caution = notes.mark(record.caution and f"{record.metric}: {record.caution}")
    interval = limits(record.low, record.high, signed=signed)
    below = f'<span class="limits">{interval}</span>' if interval else ""
    # repr keeps the exact number that `score` computed, for sorting and for verification.
    value = "" if math.isnan(record.estimate) else f' data-value="{record.estimate!r}"'
    return f"<td{value}>{shown}{mark}{caution}{below}{extra}</td>"


def row(head: str, cells: Iterable[object], *, attributes: Mapping[str, str] | None = None) -> str:
    """Return a table row with a heading; `head` is HTML, the cells are plain text."""
    inner = "".join(f"<td>{text(value)}</td>" for value in cells)
    extra = "".join(f' {key}="{text(value)}"' for key, value in (attributes or {}).items())
    return f'<tr{extra}><th scope="row">{head}</th>{inner}</tr>'


def table(caption: str, heads: Iterable[str], rows: Iterable[str], *, kind: str = "") -> str:
    """Return a table in a scrollable box; caption, heads and rows are HTML."""
    columns = "".join(f'<th scope="col">{head}</th>' for head in heads)
    label = f' class="{kind}"' if kind else ""
    return (
        f'<div class="wide" tabindex="0" role="group"><table{label}><caption>{caption}</caption>'
        f"<thead><tr>{columns}</tr></thead>\n<tbody>\n"
        + "\n".join(rows)
        + "\n</tbody></table></div>"
    )
