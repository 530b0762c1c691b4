"""The report as CSV (its records) and as JSON (its full content); `tables` has the tables."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import asdict
from typing import Any

from caopd_bench._version import __version__
from caopd_bench.comparison.as_json import to_plain as plain_comparison
from caopd_bench.core.deliver import dump_json
from caopd_bench.core.privacy.paths import shorten_path
from caopd_bench.core.terminal import escape_controls
from caopd_bench.report.build import Report
from caopd_bench.report.certified import COVERAGE, explain_certificate
from caopd_bench.report.findings import find
from caopd_bench.report.page.provenance import describe
from caopd_bench.report.placing import find_cells
from caopd_bench.report.skill import SKILL, explain_order
from caopd_bench.runs.records import to_plain
from caopd_bench.thresholds.cut import Cut

__all__ = ["render_csv", "render_json"]

#: First characters of a spreadsheet formula; East Asian keyboards produce the full-width forms.
FORMULA = tuple("=+-@＝＋－＠")
CSV_COLUMNS = (
    "run", "task", "group", "metric", "estimate", "low", "high", "n", "interval", "reason",
    "caution", "letters", "method", "family", "size", "outcome", "cut", "max_risk",
)  # fmt: skip


def render_csv(report: Report) -> str:
    """Return the records as CSV, one line per number."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    entries = {entry.name: entry for entry in report.entries}
    for record in report.records():
        standing = report.standings.get(record.task)
        entry = entries[record.run]
        is_skill = record.metric == SKILL
        is_coverage = record.metric == COVERAGE and record.group is None
        cut = entry.cells[record.task].cut if is_coverage else None
        values = {
            **asdict(record),
            "letters": standing.letters.get(record.run, "") if standing and is_skill else "",
            "method": entry.given.method,
            "family": entry.given.family,
            "size": entry.size,
            "outcome": cut.outcome if cut else None,
            "cut": cut.cut if cut else None,
            "max_risk": cut.max_risk if cut else None,
        }
        writer.writerow([_plain(values[column]) for column in CSV_COLUMNS])
    return buffer.getvalue()


def render_json(report: Report) -> str:
    """Return the content of the page as strict JSON; undefined numbers are null, with a reason."""
    data = {
        "format": 1,
        "caopd_bench": __version__,
        "title": report.title,
        "level": report.level,
        "max_risk": report.max_risk,
        "warnings": list(report.warnings),
        "runs": [
            {
                "name": entry.name,
                "path": shorten_path(entry.path),
                "method": entry.given.method,
                "family": entry.given.family,
                "size": entry.size,
                "note": entry.given.note,
                "tasks": {
                    task: {
                        "rows": cell.n,
                        "parsed": cell.n_parsed,
                        "asked_otherwise": [
                            one._asdict() for one in report.odd[task].get(entry.name, ())
                        ],
                        "notes": list(cell.notes),
                        "provenance": describe(entry, task),
                    }
                    for task, cell in entry.cells.items()
                },
            }
            for entry in report.entries
        ],
        "standings": [
            {
                "task": task,
                "order": list(standing.order),
                "ordered_by": SKILL,
                "order_means": explain_order(report.wording(task)),
                "placed_below": {run: list(o) for run, o in standing.placed_below.items()},
                "not_shown_to_tell_apart": list(standing.not_shown),
                "less_accurate_than": {run: list(o) for run, o in standing.less_accurate.items()},
                "letters": dict(standing.letters),
                "not_compared": dict(standing.why_not),
                "detectable": standing.detectable,
                "pairs": [asdict(pair) for pair in standing.pairs],
                "findings": find(report, task),
                "certified": {
                    run: _plain_cut(cell.cut) for run, cell in find_cells(report, task).items()
                },
                "certified_means": explain_certificate(report.max_risk, report.level),
            }
            for task, standing in report.standings.items()
        ],
        "records": to_plain(report.records()),
        "comparisons": [
            plain_comparison(duel.found)
            if duel.found is not None
            else {"base": duel.base, "cand": duel.cand, "task": duel.task, "reason": duel.reason}
            for duel in report.duels
        ],
        "published": [one.model_dump() for one in report.published],
    }
    return dump_json(data)


def _plain_cut(cut: Cut) -> dict[str, Any]:
    of_threshold = ("group", "cost", "cost_bound")
    return {key: value for key, value in asdict(cut).items() if key not in of_threshold}


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if not isinstance(value, str):
        return value
    # Escape control characters only, so that tables can be joined by name; no log shows this file.
    shown = escape_controls(value)
    # A spreadsheet would evaluate it as a formula. A value that already starts with quotes gets one
    # more, so removing one quote before such a character always restores the name.
    return f"'{shown}" if shown.lstrip("'")[:1] in FORMULA else shown
