"""The sample browser: rows stored in the page as data, which the script shows as text."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from typing import Any

from caopd_bench.core.terminal import inline
from caopd_bench.report.build import Report
from caopd_bench.report.page.markup import text
from caopd_bench.report.samples import kind_of, show_text, trim
from caopd_bench.runs.run import Row

__all__ = ["dump", "fit_samples", "render_samples"]

#: Maximum characters of all sample data, and of the whole page, so that it stays below 15 MB.
MAX_CHARACTERS, MAX_PAGE = 8_000_000, 13_000_000
#: Characters that samples may take on a page that is large even without them.
LEAST_CHARACTERS = 1_000_000
#: Minimum number of rows per cell, even on a page with very many cells.
LEAST = 4


def fit_samples(report: Report, page: int) -> tuple[dict[str, Any], int]:
    """Return the browser's data, and the cap on rows per cell that keeps the page small enough.

    `page` is the length of the rest of the page.
    """
    most = max(min(MAX_CHARACTERS, MAX_PAGE - page), LEAST_CHARACTERS)
    cap = report.samples
    while True:
        data = _collect(report, cap)
        size = len(dump(data))
        if size <= most or cap <= LEAST:
            return data, cap
        cap = max(LEAST, min(int(cap * 0.95 * most / size), cap - 1))


def dump(data: Any) -> str:
    """Return JSON that is safe inside a script element: ASCII only, without `<`."""
    plain = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _collect(report: Report, cap: int) -> dict[str, Any]:
    items: dict[tuple[str, str], int] = {}
    questions: list[dict[str, Any]] = []
    cells = []
    told = _list_telling(report)
    for entry in report.entries:
        for task, cell in entry.cells.items():
            picked = trim(cell.picked, cap)
            rows = []
            for row in picked.rows:
                place = items.setdefault((task, row.item_hash), len(items))
                if place == len(questions):
                    questions.append(_question(row, told))
                rows.append(_row(row, place))
            cells.append(
                {
                    # The name is part of a view's URL, so remove control characters and surrogates.
                    "run": inline(entry.name),
                    "task": inline(task),
                    "total": picked.total,
                    "counts": picked.counts,
                    "text": picked.has_text,
                    "flat": cell.is_flat,
                    "rows": rows,
                }
            )
    return {"questions": questions, "cells": cells}


def _list_telling(report: Report) -> set[tuple[str, str]]:
    """Return (task, key) for group keys with several values; other keys are uninformative."""
    values: dict[tuple[str, str], set[str]] = {}
    for entry in report.entries:
        for task, cell in entry.cells.items():
            for row in cell.picked.rows:
                for key, value in row.groups.items():
                    values.setdefault((task, key), set()).add(str(value))
    return {place for place, found in values.items() if len(found) > 1}


def _question(row: Row, told: Container[tuple[str, str]]) -> dict[str, Any]:
    groups = {key: value for key, value in row.groups.items() if (row.task, key) in told}
    return {
        "item": show_text(row.item_hash, 80),
        "q": None if row.question is None else show_text(row.question),
        "gold": None if row.gold is None else show_text(row.gold, 400),
        "groups": _groups(groups),
    }


def _groups(groups: Mapping[str, Any]) -> str:
    return show_text(", ".join(f"{key} {value}" for key, value in groups.items()), 200)


def _row(row: Row, place: int) -> list[Any]:
    """Return a row as a list of fields, in the order that the script expects."""
    return [
        place,
        row.sample,
        row.confidence,
        int(row.correct),
        row.status,
        kind_of(row),
        None if row.answer is None else show_text(row.answer, 400),
        None if row.stated is None else show_text(row.stated, 80),
        None if row.text is None else show_text(row.text),
    ]


def render_samples(report: Report, data: Mapping[str, Any], cap: int, beside: str | None) -> str:
    """Return the section: a description of the sample, and the element that the script fills."""
    total = sum(cell["total"] for cell in data["cells"])
    here = sum(len(cell["rows"]) for cell in data["cells"])
    cut = ""
    if cap < report.samples:
        cut = f" ({report.samples} were asked for; fewer keep the page small)"
    said = (
        f"{here:,} of {total:,} answers are in this file: at most {cap} of each run and task{cut}, "
        "sure (0.9 and more) and wrong ones first, the rest by a hash of the question, so that "
        "every run shows the same ones."
    )
    textless = [cell for cell in data["cells"] if not cell["text"]]
    flat = _names([cell["run"] for cell in textless if cell["flat"]])
    silent = _names([cell["run"] for cell in textless if not cell["flat"]])
    if flat:
        said += f" Flat files hold no questions and texts, only the names of the questions: {flat}."
    if silent:
        said += (
            f" Stored without questions and texts: {silent} (caopd-bench score --store DIR --text "
            "keeps them)."
        )
    if beside:
        said += f" All of them are in {beside}, beside this file."
    return (
        f"<p>{text(said)}</p>"
        "<noscript><p>The browser needs JavaScript. The answers that are sure and wrong stand in "
        "the sections of the runs; all answers are in the runs themselves.</p></noscript>"
        '<form class="controls" id="browser" hidden>'
        '<label>task <select name="task"></select></label>'
        '<label>run <select name="run"></select></label>'
        '<label>beside it <select name="other"></select></label>'
        '<label>show <select name="view"></select></label>'
        '<label>search <input type="search" name="q" autocomplete="off"></label>'
        '<output aria-live="polite"></output></form>'
        '<div id="rows"></div>'
        '<p><button type="button" id="more" hidden>show more</button></p>'
    )


def _names(runs: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(runs))
    shown = ", ".join(show_text(run, 60) for run in distinct[:5])
    return shown + (f" and {len(distinct) - 5} more" if len(distinct) > 5 else "")
