"""The first screen: every model on every task, with intervals; and all pairs of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from caopd_bench.report.build import Report
from caopd_bench.report.certified import (
    COVERAGE,
    explain_promise,
    say_coverage,
    say_heading,
    say_limits,
    say_why_none,
)
from caopd_bench.report.entries import Cell, Entry
from caopd_bench.report.page.markup import DASH, FootNotes, cell, limits, name, number, table, text
from caopd_bench.report.placing import explain_accuracy, explain_place, find_cells
from caopd_bench.report.skill import SKILL, explain_order
from caopd_bench.report.standings import Pairing, Standing
from caopd_bench.runs.records import Record

__all__ = ["list_columns", "render_filters", "render_pairs", "render_standings", "say_size"]

#: Descriptive numbers of a row, after skill and accuracy, with their headings.
COLUMNS = {
    "brier": "Brier score",
    "discrimination": "DSC",
    "ece": "ECE",
    "overconfidence_gap": "Over&shy;confidence gap",
    "auroc": "AUROC",
    "spr": "SPR",
    "confidence_when_wrong": "Stated when wrong",
    "parse_rate": "Parse rate",
}
#: Of vectors of probabilities, by the column that they follow.
OF_VECTORS = {
    "brier": ("brier_classes", "Brier, all options"),
    "ece": ("classwise_ece", "ECE by option"),
}
#: Runs of a task of which all pairs are on the page; of more, those with the best one.
FEW = 12


def list_columns(report: Report, *, vectors: bool = True) -> dict[str, str]:
    """Return the descriptive columns with their headings; those of vectors where there are any."""
    found: dict[str, str] = {}
    wording = report.wording()
    for metric, head in COLUMNS.items():
        found[metric] = (
            head if wording.is_stated else head.replace("Stated when", "Confidence when")
        )
        if vectors and report.has_vectors and metric in OF_VECTORS:
            name, head = OF_VECTORS[metric]
            found[name] = head
    return found


def render_filters(report: Report) -> str:
    """Return the controls, which the script shows: without it they would do nothing."""
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
    return (
        f'<form class="controls" id="filters" hidden>{said}<label>name <input type="search" '
        'data-filter="name" autocomplete="off"></label><button type="reset">show all</button>'
        '<output aria-live="polite"></output></form>'
    )


def render_standings(report: Report) -> str:
    """Return the table, a body per task, in the order of the standings, and what that means."""
    notes = FootNotes("standings")
    bodies = "".join(_body(report, task, notes) for task in report.tasks)
    level = f"{100 * report.level:g}"
    columns = list_columns(report)
    heads = "".join(
        f'<th scope="col" data-sort="{key}">{label}</th>' for key, label in columns.items()
    )
    return (
        '<div class="wide" tabindex="0" role="group" aria-label="Standings, scrolls sideways">'
        '<table class="standings" id="standings-table">'
        f"<caption>Each estimate stands above its {level}&nbsp;% interval. Two runs that share a "
        "letter were not told apart in Brier skill (paired tests on the same items, Holm over all "
        "pairs of a task). Accuracy is tested in the same way. What may be "
        "automated is a promise, explained below. The other numbers are descriptive, and not "
        "tested.</caption>"
        "<colgroup><col><col><col><col></colgroup><colgroup><col></colgroup>"
        f'<colgroup class="descriptive">{"<col>" * (len(columns) + 1)}</colgroup>'
        '<thead><tr><td></td><th scope="colgroup" colspan="3">tested</th>'
        '<th scope="colgroup">promised</th>'
        f'<th scope="colgroup" colspan="{len(columns) + 1}">descriptive</th></tr>'
        '<tr><th scope="col" data-sort="name">Model</th><th scope="col" data-sort="letters">Group'
        f'</th><th scope="col" data-sort="skill">Brier skill</th>'
        '<th scope="col" data-sort="accuracy">Accuracy</th>'
        f'<th scope="col" data-sort="{COVERAGE}">{_heading(report)}</th>'
        f'{heads}<th scope="col" data-sort="n">n</th></tr></thead>{bodies}</table></div>'
        f'<p class="order">{text(explain_order(report.wording()))}</p>'
        f'<p class="order">{text(explain_promise(report.max_risk, report.level))}</p>'
        f"{notes.render()}"
    )


def _body(report: Report, task: str, notes: FootNotes) -> str:
    standing = report.standings[task]
    entries = {entry.name: entry for entry in report.entries if task in entry.cells}
    found = [cell.find(SKILL) for cell in find_cells(report, task).values()]
    scale = _choose_scale([r for r in found if r is not None and not math.isnan(r.low)])
    lines = [_line(report, entries[run], task, standing, scale, notes) for run in standing.order]
    detectable = ""
    if not math.isnan(standing.detectable):
        detectable = f" · detectable difference of Brier skill {standing.detectable:.3f}"
    columns = 6 + len(list_columns(report))
    return (
        f'<tbody data-task="{text(task)}"><tr class="task"><th scope="rowgroup" '
        f'colspan="{columns}">{name(task)}<span class="aside">{detectable}</span></th></tr>\n'
        + "\n".join(lines)
        + "</tbody>"
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
    lower = _mark("moved down", explain_place(report, task, entry.name), notes)
    less = _mark("less accurate", explain_accuracy(report, task, entry.name), notes)
    certified = _certified(found, notes)
    numbers = "".join(_number(found, metric, notes) for metric in list_columns(report))
    rows = f'<td data-value="{found.n}">{found.n:,}</td>'
    return (
        f'<tr{inner}><th scope="row"><a href="#model-{place}">{name(entry.name)}</a>{marks}{aside}'
        f'</th><td data-value="{text(letters or "~")}">{group}</td>'
        f"{cell(skill, notes, _bar(skill, scale) + lower)}"
        f"{cell(found.find('accuracy'), notes, less)}{certified}{numbers}{rows}</tr>"
    )


def _heading(report: Report) -> str:
    return text(say_heading(report.max_risk).capitalize()).replace(" %", "&nbsp;%")


def _certified(found: Cell, notes: FootNotes) -> str:
    """Return the share that may be done without a person; words, and no number, where none is."""
    cut = found.cut
    shown = text(say_coverage(cut)).replace(" ", "&nbsp;")
    if cut.outcome != "CERTIFIED":
        return f"<td>{shown}{notes.mark(say_why_none(cut))}</td>"
    limits_, _, place = say_limits(cut).partition(" %, ")
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
            extra = f'<span class="limits">calibrated: {number(null.estimate)}</span>'
    return cell(record, notes, extra)


def _choose_scale(drawn: Sequence[Record]) -> tuple[float, float]:
    """Return the ends of the scale: a skill has no lower limit, and the worst must leave room."""
    if not drawn:
        return 0.0, 1.0
    high = max(record.high for record in drawn)
    middle = median(record.estimate for record in drawn)
    return max(min(record.low for record in drawn), 2.0 * middle - high), high


def _bar(record: Record | None, scale: tuple[float, float]) -> str:
    """Draw the interval on the scale of the task; the numbers above say the same."""
    low, high = scale
    if record is None or math.isnan(record.low) or high <= low:
        return ""
    values = (record.low, record.high, record.estimate)
    *ends, middle = (100 * (max(value, low) - low) / (high - low) for value in values)
    return (
        '<svg class="bar" viewBox="-4 0 108 10" aria-hidden="true" preserveAspectRatio="none">'
        f'<line x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="5" y2="5"/>'
        f'<line class="at" x1="{middle:.1f}" x2="{middle:.1f}" y1="0" y2="10"/></svg>'
    )


def render_pairs(report: Report, task: str) -> str:
    """Return the differences of skill and accuracy between runs."""
    standing = report.standings[task]
    pairs = _shown(standing)
    if not pairs:
        return ""
    rows = []
    for pair in pairs:
        tests = [pair.reason, "", ""]
        if not pair.reason:
            tests = [
                limits(pair.low, pair.high, signed=True),
                f"{pair.p_value:.4f}",
                f"{pair.adjusted:.4f}",
            ]
        accuracy = [
            number(pair.accuracy_difference, signed=True),
            "" if math.isnan(pair.accuracy_adjusted) else f"{pair.accuracy_adjusted:.4f}",
        ]
        values = [number(pair.difference, signed=True), *tests, *accuracy, _judge(pair)]
        inner = "".join(f"<td>{text(value)}</td>" for value in values)
        rows.append(
            f'<tr><th scope="row">{name(pair.b)} minus {name(pair.a)}</th>'
            f"<td>{pair.n:,}</td>{inner}</tr>"
        )
    some = "" if len(pairs) == len(standing.pairs) else ", with the first only"
    caption = f"{name(task)}: differences of Brier skill and of accuracy, over all answers{some}"
    heads = (
        "Pair",
        "n",
        "skill",
        f"{100 * report.level:g}&nbsp;% interval",
        "p",
        "Holm",
        "accuracy",
        "Holm",
        "told apart",
    )
    inner = table(caption, heads, rows)
    count = f"{len(pairs):,} {'pair' if len(pairs) == 1 else 'pairs'}"
    return f"<details><summary>{count} on {name(task)}</summary>{inner}</details>"


def _judge(pair: Pairing) -> str:
    found = []
    if pair.told_apart:
        found.append(f"{pair.b if pair.difference > 0 else pair.a} has the higher skill")
    if pair.more_accurate is not None:
        found.append(f"{pair.more_accurate} is more accurate")
    return "; ".join(found) or "not told apart"


def _shown(standing: Standing) -> Sequence[Pairing]:
    if len(standing.letters) <= FEW:
        return standing.pairs
    first = next(run for run in standing.order if run in standing.letters)
    return [pair for pair in standing.pairs if first in (pair.a, pair.b)]


def _by_size(entries: Sequence[Entry]) -> Iterator[Entry]:
    yield from sorted(entries, key=lambda entry: entry.size or 0.0)


def say_size(size: float | None) -> str:
    """Return a number of parameters as people do; nothing if it is not known.

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
