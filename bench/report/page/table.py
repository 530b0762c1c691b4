"""The standings at the top of the page: every run on every task, with intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from caopd_bench.report.build import Report
from caopd_bench.report.certified import (
    COVERAGE,
    explain_certificate,
    say_coverage,
    say_cut,
    say_heading,
    say_limits,
    say_why_none,
)
from caopd_bench.report.entries import Cell, Entry
from caopd_bench.report.page.markup import DASH, FootNotes, cell, name, number, text
from caopd_bench.report.placing import explain_accuracy, explain_place, find_cells
from caopd_bench.report.skill import SKILL, explain_order
from caopd_bench.report.standings import Standing
from caopd_bench.report.tendencies import DIFFICULTIES
from caopd_bench.runs.records import Record

__all__ = ["list_columns", "name_within", "render_filters", "render_standings", "say_size"]

#: Descriptive metrics of a row, after skill and accuracy, with their headings.
COLUMNS = {
    "ece": "ECE",
    "overconfidence_gap": "Over&shy;confidence gap",
    "confidence_when_wrong": "Stated when wrong",
    "auroc": "AUROC",
    "parse_rate": "Parse rate",
}

#: Up to this many runs need no filter by name.
FEW = 8


def list_columns(report: Report) -> dict[str, str]:
    """Return the descriptive columns with their headings, with AUROC within levels if known."""
    found: dict[str, str] = {}
    for metric, head in COLUMNS.items():
        is_stated = report.wording().is_stated
        found[metric] = head if is_stated else head.replace("Stated when", "Confidence when")
        key = name_within(report)
        if metric == "auroc" and key:
            found[f"auroc_within_{key}"] = f"AUROC within {name(key)}"
    return found


def name_within(report: Report) -> str:
    """Return the key that groups questions by difficulty; "" if there is none."""
    known = {k for entry in report.entries for cell in entry.cells.values() for k in cell.groups}
    return next((key for key in DIFFICULTIES if key in known), "")


def render_filters(report: Report) -> str:
    """Return the filter controls, hidden until the script shows them, since they depend on it."""
    choices = {
        "task": report.tasks,
        "family": [entry.given.family for entry in report.entries],
        "method": [entry.given.method for entry in report.entries],
        "size": [say_size(entry.size) for entry in _by_size(report.entries)],
    }
    parts = []
    for key, values in choices.items():
        known = list(dict.fromkeys(value for value in values if value))
        if len(known) > 1:
            options = "".join(
                f'<option value="{text(value)}">{name(value)}</option>' for value in known
            )
            parts.append(
                f'<label>{key} <select data-filter="{key}"><option value="">all</option>{options}'
                "</select></label>"
            )
    said = "".join(parts)
    # A handful of rows needs no filters, so the script leaves them hidden.
    few = "" if said or len(report.entries) > FEW else " few"
    return (
        f'<form class="controls{few}" id="filters" hidden>{said}<label>name <input type="search" '
        'data-filter="name" autocomplete="off"></label><button type="reset">show all</button>'
        '<output aria-live="polite"></output></form>'
    )


def render_standings(report: Report) -> str:
    """Return the table in the order of the standings, one body per task, and explain the order."""
    notes = FootNotes("standings")
    bodies = "".join(_body(report, task, notes) for task in report.tasks)
    level = f"{100 * report.level:g}"
    columns = list_columns(report)
    heads = "".join(
        f'<th scope="col" data-sort="{text(key)}">{label}</th>' for key, label in columns.items()
    )
    outcomes = {c.cut.outcome for entry in report.entries for c in entry.cells.values()}
    several = any(len(standing.order) > 1 for standing in report.standings.values())
    order = f'<p class="order">{text(explain_order(report.wording()))}</p>' if several else ""
    letters = (
        " Two runs that share a letter do not differ significantly in Brier skill (paired tests on "
        "the same questions, Holm over all pairs of a task); accuracy is tested in the same way. "
        "The other numbers are descriptive, not tested."
    )
    letters = letters if several else ""
    certified = text(explain_certificate(report.max_risk, report.level, outcomes))
    return (
        '<div class="wide" tabindex="0" role="group" aria-label="Standings, scrolls sideways">'
        '<table class="standings" id="standings-table">'
        f"<caption>Small print: the {level}&nbsp;% interval of the number above it; that of Brier "
        f"skill is also drawn, with a thin line at 0.{letters}</caption>"
        "<colgroup><col><col><col><col></colgroup><colgroup><col></colgroup>"
        f'<colgroup class="descriptive">{"<col>" * (len(columns) + 1)}</colgroup>'
        '<thead><tr><td></td><th scope="colgroup" colspan="3">tested</th>'
        '<th scope="colgroup">guaranteed</th>'
        f'<th scope="colgroup" colspan="{len(columns) + 1}">descriptive</th></tr>'
        '<tr><th scope="col" data-sort="name">Run</th><th scope="col" data-sort="letters">Group'
        f'</th><th scope="col" data-sort="skill">Brier skill</th>'
        '<th scope="col" data-sort="accuracy">Accuracy</th>'
        f'<th scope="col" data-sort="{COVERAGE}">{_heading(report)}</th>'
        f'{heads}<th scope="col" data-sort="n">n</th></tr></thead>{bodies}</table></div>'
        f"{notes.render()}{order}"
        f'<p class="order">{certified.replace(" %", "&nbsp;%")}</p>'
    )


def _body(report: Report, task: str, notes: FootNotes) -> str:
    standing = report.standings[task]
    entries = {entry.name: entry for entry in report.entries if task in entry.cells}
    found = [cell.find(SKILL) for cell in find_cells(report, task).values()]
    scale = _choose_scale([r for r in found if r is not None and not math.isnan(r.low)])
    lines = [_line(report, entries[run], task, standing, scale, notes) for run in standing.order]
    columns = 6 + len(list_columns(report))
    return (
        f'<tbody data-task="{text(task)}"><tr class="task"><th scope="rowgroup" '
        f'colspan="{columns}">{name(task)}</th></tr>\n' + "\n".join(lines) + "</tbody>"
    )


def _line(
    report: Report,
    entry: Entry,
    task: str,
    standing: Standing,
    scale: tuple[float, float],
    notes: FootNotes,
) -> str:
    found = entry.cells[task]
    place = report.entries.index(entry) + 1
    odd = report.odd[task].get(entry.name, ())
    marks = ""
    if odd:
        said = "; ".join(f"{one.setting}: {one.cand}, elsewhere {one.base}" for one in odd)
        marks = f" {_mark('asked otherwise', said, notes)}"
    tags = [tag for tag in (entry.given.family, entry.given.method, say_size(entry.size)) if tag]
    aside = f'<span class="tags">{text(" · ".join(tags))}</span>' if tags else ""
    letters = standing.letters.get(entry.name)
    group = text(letters) if letters else DASH + notes.mark(standing.why_not.get(entry.name, ""))
    attributes = {
        "data-name": entry.name,
        "data-task": task,
        "data-family": entry.given.family or "",
        "data-method": entry.given.method or "",
        "data-size": say_size(entry.size),
    }
    inner = "".join(f' {key}="{text(value)}"' for key, value in attributes.items())
    skill = found.find(SKILL)
    # If both reasons apply, the note names the lower accuracy, so the mark must agree.
    is_less = entry.name in standing.placed_below
    why = "less accurate" if is_less else "uninformative confidence"
    lower = _mark(f"moved down: {why}", explain_place(report, task, entry.name), notes)
    less = explain_accuracy(report, task, entry.name)
    less = _mark("less accurate than a run below", less, notes)
    certified = _certified(found, notes)
    numbers = "".join(_number(found, metric, notes) for metric in list_columns(report))
    rows = f'<td data-value="{found.n}">{found.n:,}</td>'
    return (
        f'<tr{inner}><th scope="row"><a href="#model-{place}">{name(entry.name)}</a>{aside}'
        f"{marks}{lower}{less}"
        f'</th><td data-value="{text(letters or "~")}">{group}</td>'
        f"{cell(skill, notes, _bar(skill, scale))}"
        f"{cell(found.find('accuracy'), notes)}{certified}{numbers}{rows}</tr>"
    )


def _heading(report: Report) -> str:
    return text(say_heading(report.max_risk).capitalize()).replace(" %", "&nbsp;%")


def _certified(found: Cell, notes: FootNotes) -> str:
    """Return the cell of the certified coverage; words instead of a number if there is none."""
    cut = found.cut
    shown = text(say_coverage(cut)).replace(" ", "&nbsp;")
    if cut.outcome != "CERTIFIED":
        return f"<td>{shown}{notes.mark(say_why_none(cut))}</td>"
    limits_ = say_limits(cut).partition(" %, ")[0]
    place = f"{found.wording.pick('stated', 'at')} {say_cut(cut)}"
    return (
        f'<td data-value="{cut.coverage!r}">{shown}<span class="limits">{limits_}</span>'
        f'<span class="limits">{place}</span></td>'
    )


def _mark(label: str, why: str, notes: FootNotes) -> str:
    if not why:
        return ""
    return f'<span class="mark"><strong class="odd">{label}</strong>{notes.mark(why)}</span>'


def _number(found: Cell, metric: str, notes: FootNotes) -> str:
    record = found.find(metric)
    extra = ""
    if metric == "ece":
        null = found.find("null_ece")
        if null is not None and not math.isnan(null.estimate):
            extra = f'<span class="limits">{number(null.estimate)} if calibrated</span>'
    return cell(record, notes, extra)


def _choose_scale(drawn: Sequence[Record]) -> tuple[float, float]:
    """Return the ends of the scale, limited below, since a very negative skill would fill it."""
    if not drawn:
        return 0.0, 1.0
    high = max(record.high for record in drawn)
    middle = median(record.estimate for record in drawn)
    return max(min(record.low for record in drawn), 2.0 * middle - high), high


def _bar(record: Record | None, scale: tuple[float, float]) -> str:
    """Return a drawing of the interval on the task's scale; the numbers are written above it."""
    low, high = scale
    if record is None or math.isnan(record.low) or high <= low:
        return ""
    values = (record.low, record.high, record.estimate, 0.0)
    *ends, middle, zero = (100 * (max(value, low) - low) / (high - low) for value in values)
    # At skill 0, a run is no better than always stating its own accuracy.
    line = f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="10"/>'
    return (
        '<svg class="bar" viewBox="-4 0 108 10" aria-hidden="true" preserveAspectRatio="none">'
        f"{line if low < 0.0 < high else ''}"
        f'<line x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="5" y2="5"/>'
        f'<line class="at" x1="{middle:.1f}" x2="{middle:.1f}" y1="0" y2="10"/></svg>'
    )


def _by_size(entries: Sequence[Entry]) -> Iterator[Entry]:
    yield from sorted(entries, key=lambda entry: entry.size or 0.0)


def say_size(size: float | None) -> str:
    """Return a number of parameters in short form; "" if unknown.

    Examples
    --------
    >>> say_size(134515008.0), say_size(1.7e9), say_size(34000), say_size(None)
    ('135M', '1.7B', '34k', '')
    """
    if size is None:
        return ""
    for unit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= unit:
            shown = size / unit
            return f"{shown:.3g}{letter}"
    return f"{size:.0f}"
