"""One section per run: limits of its numbers, the reliability table, its groups and examples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from caopd_bench.metrics import reliability_bins
from caopd_bench.report.build import Report
from caopd_bench.report.entries import Cell, Entry
from caopd_bench.report.page.folded import MORE
from caopd_bench.report.page.markup import (
    DASH,
    FootNotes,
    cell,
    limits,
    name,
    number,
    row,
    table,
    text,
)
from caopd_bench.report.page.table import list_columns, say_size
from caopd_bench.report.samples import kind_of, show_text
from caopd_bench.runs.counts import STATUSES

__all__ = ["render_example", "render_model"]

#: Number of sure but wrong answers shown in the section itself, readable without the script.
EXAMPLES = 2
#: With more cells (runs times tasks), the examples would fill most of the page.
FEW_CELLS = 60
FIRST = ("Confidence", "n", "mean confidence")
#: Metrics of tasks that sample each question several times.
WITHIN = {
    "auroc_within_question": "within a question, between its right and wrong attempts",
    "auroc_between_questions": "between questions",
}


def render_model(report: Report, entry: Entry) -> str:
    """Return the section of one run as markup."""
    place = report.entries.index(entry) + 1
    inner = "".join(
        _task(report, entry.cells[task]) for task in report.tasks if task in entry.cells
    )
    tags = [tag for tag in (entry.given.family, entry.given.method, say_size(entry.size)) if tag]
    note = f"<p>{text(entry.given.note, 1000)}</p>" if entry.given.note else ""
    warnings = "".join(
        f"<li>{text(warning, 300)}</li>"
        for warning in entry.head.warnings
        if entry.cells.keys().isdisjoint(warning.tasks)
    )
    listed = f"<ul>{warnings}</ul>" if warnings else ""
    return (
        f'<details class="model" id="model-{place}"><summary><h3>{name(entry.name)}</h3> '
        f'<span class="tags">{text(" · ".join(tags))}</span></summary>{note}{listed}{inner}'
        "</details>"
    )


def _task(report: Report, found: Cell) -> str:
    place = f"m{[e.name for e in report.entries].index(found.run)}-{report.tasks.index(found.task)}"
    notes = "".join(f"<li>{text(note)}</li>" for note in found.notes)
    listed = f"<ul>{notes}</ul>" if notes else ""
    groups = "".join(_groups(report, found, key, place) for key in found.groups)
    cells = sum(len(entry.cells) for entry in report.entries)
    return (
        f"<h4>{name(found.task)}</h4>{listed}{_statuses(found)}{_reliability(report, found)}"
        f"{groups}{''.join(_examples(found, cells))}"
    )


def _statuses(found: Cell) -> str:
    shares = []
    for status in STATUSES:
        metric = "parse_rate" if status == "ok" else f"share_{status}"
        record = found.find(metric)
        if record is not None and record.estimate > 0:
            count = round(record.estimate * record.n)
            named = "with a usable confidence" if status == "ok" else status.replace("_", " ")
            shares.append(f"{count:,} {named}")
    said = f"<p>{found.n:,} answers: {text(', '.join(shares))}.</p>"
    for metric, label in WITHIN.items():
        record = found.find(metric)
        if record is not None:
            value = f"{number(record.estimate)} {limits(record.low, record.high)}".strip()
            why = f" ({text(record.reason)})" if record.reason else ""
            said += f"<p>AUROC {label}: {value}{why}.</p>"
    return said


def _reliability(report: Report, found: Cell) -> str:
    """Return a table of the bins of the ECE."""
    if found.tally is None:
        return ""
    bins = reliability_bins(found.tally, level=report.level)
    rows = []
    for i in range(bins.n.size):
        if not bins.n[i]:
            continue
        closing = "]" if i == bins.n.size - 1 else ")"
        rows.append(
            row(
                f"[{bins.low[i]:g}, {bins.high[i]:g}{closing}",
                (
                    f"{bins.n[i]:,}",
                    number(float(bins.mean_confidence[i])),
                    number(float(bins.accuracy[i])),
                    limits(float(bins.accuracy_low[i]), float(bins.accuracy_high[i])),
                    number(float(bins.gap[i]), signed=True),
                ),
            )
        )
    level = f"{100 * report.level:g}&nbsp;%"
    first = ("Stated", "n", "mean stated") if found.wording.is_stated else FIRST
    heads = (*first, "accuracy", f"{level} interval", "gap")
    return table(f"Reliability of {name(found.run)}, in the ten bins of the ECE", heads, rows)


def _groups(report: Report, found: Cell, key: str, place: str) -> str:
    notes = FootNotes(f"{place}-{_slug(report, key)}")
    first = {k: v for k, v in list_columns(report).items() if "_within_" not in k}
    columns = {"accuracy": "Accuracy", **first, **MORE}
    rows = []
    for value, (n, informative) in found.groups[key].items():
        numbers = "".join(cell(found.find(metric, f"{key}={value}"), notes) for metric in columns)
        rows.append(
            f'<tr><th scope="row">{name(value)}</th>{numbers}<td>{n:,}</td>'
            f"<td>{informative:,}</td></tr>"
        )
    within = found.find(f"auroc_within_{key}")
    said = DASH
    if within is not None and not math.isnan(within.estimate):
        said = f"{number(within.estimate)} {limits(within.low, within.high)}"
    elif within is not None:
        said = f"{DASH} ({text(within.reason)})"
    total = sum(informative for _, informative in found.groups[key].values())
    caption = (
        f"{name(found.run)} by {name(key)}. AUROC within {name(key)}: {said}; {total:,} of "
        f"{found.n_parsed:,} answers with a confidence are informative: their group has both right "
        "and wrong ones"
    )
    heads = (name(key), *columns.values(), "n", "informative")
    inner = table(caption, heads, rows)
    return f"<details><summary>by {name(key)}</summary>{inner}{notes.render()}</details>"


def _slug(report: Report, key: str) -> str:
    """Return a valid part of an element id for a key, which may be any text."""
    keys = {k for entry in report.entries for found in entry.cells.values() for k in found.groups}
    return f"g{sorted(keys).index(key)}"


def _examples(found: Cell, cells: int) -> Iterator[str]:
    """Yield a few sure but wrong answers, for readers without the script."""
    rows = [row for row in found.picked.rows if kind_of(row) == "sure and wrong"]
    if rows and found.picked.has_text and cells <= FEW_CELLS:
        count = found.picked.counts["sure and wrong"]
        yield (
            f"<details><summary>{min(EXAMPLES, len(rows))} of {count:,} answers that are sure and "
            "wrong</summary>"
        )
        states = found.wording.pick("states", "confidence")
        for one in rows[:EXAMPLES]:
            yield render_example(
                one.question, one.gold, [(f"{states} {one.confidence:g}", one.text, one.answer)]
            )
        yield "</details>"


def render_example(
    question: str | None,
    gold: str | None,
    answers: Sequence[tuple[str, str | None, str | None]],
) -> str:
    """Return a question with its answers, each given as (heading, model's text, parsed answer)."""
    asked = "" if question is None else f'<p class="said" tabindex="0">{_said(question)}</p>'
    right = "" if gold is None else f"<p>Right answer: <b>{_said(gold, 400)}</b></p>"
    parts = [f'<div class="example">{asked}{right}']
    for said, full, answer in answers:
        # If no answer was found, the heading states it; flat files hold no answers to show.
        given = "" if answer is None else f", answer <b>{_said(answer, 400)}</b>"
        parts.append(f"<p>{text(said, 200)}{given}</p>")
        if full is not None:
            parts.append(f'<p class="said" tabindex="0">{_said(full, 1500)}</p>')
    return "".join([*parts, "</div>"])


def _said(value: str, most: int = 1500) -> str:
    """Return a model's text escaped, with its line breaks."""
    from html import escape

    return escape(show_text(value, most), quote=True)
