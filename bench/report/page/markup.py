"""Small pieces of HTML. Whatever comes from a run is escaped here, and nowhere else."""

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
    """Return anything as text of a page."""
    return escape(inline(str(value), width), quote=True)


def name(value: object) -> str:
    """Return a name, shortened in the middle if it is long."""
    return text(value, NAME_WIDTH)


def code(value: object) -> str:
    """Return something that a user types or reads in a file."""
    return f"<code>{text(value)}</code>"


class FootNotes:
    """Reasons behind a table, numbered in the order in which they are needed."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.reasons: dict[str, int] = {}

    def mark(self, reason: str) -> str:
        """Return the mark of a reason, as a link to it."""
        if not reason:
            return ""
        i = self.reasons.setdefault(reason, len(self.reasons) + 1)
        return f'<sup><a href="#{self.place}-note-{i}" aria-label="note {i}">{i}</a></sup>'

    def render(self) -> str:
        """Return the list; nothing if no mark was made."""
        entries = "".join(
            f'<li id="{self.place}-note-{i}">{text(reason)}</li>'
            for reason, i in self.reasons.items()
        )
        return f'<ol class="notes">{entries}</ol>' if entries else ""


def cell(record: Record | None, notes: FootNotes, extra: str = "") -> str:
    """Give one number of a record as a table cell: estimate, interval, and why something lacks."""
    if record is None:
        return f"<td>{DASH}</td>"
    signed = record.metric in SIGNED
    shown = number(record.estimate, signed=signed)
    mark = notes.mark(record.reason)
    caution = notes.mark(record.caution and f"{record.metric}: {record.caution}")
    interval = limits(record.low, record.high, signed=signed)
    below = f'<span class="limits">{interval}</span>' if interval else ""
    # repr: the very number that `score` computed, for sorting and for whoever checks.
    value = "" if math.isnan(record.estimate) else f' data-value="{record.estimate!r}"'
    return f"<td{value}>{shown}{mark}{caution}{below}{extra}</td>"


def row(head: str, cells: Iterable[object], *, attributes: Mapping[str, str] | None = None) -> str:
    """Return a row with a heading; `head` is HTML, the cells are text."""
    inner = "".join(f"<td>{text(value)}</td>" for value in cells)
    extra = "".join(f' {key}="{text(value)}"' for key, value in (attributes or {}).items())
    return f'<tr{extra}><th scope="row">{head}</th>{inner}</tr>'


def table(caption: str, heads: Iterable[str], rows: Iterable[str], *, kind: str = "") -> str:
    """Return a table that scrolls by itself; caption, heads and rows are HTML."""
    columns = "".join(f'<th scope="col">{head}</th>' for head in heads)
    label = f' class="{kind}"' if kind else ""
    return (
        f'<div class="wide" tabindex="0" role="group"><table{label}><caption>{caption}</caption>'
        f"<thead><tr>{columns}</tr></thead>\n<tbody>\n"
        + "\n".join(rows)
        + "\n</tbody></table></div>"
    )
