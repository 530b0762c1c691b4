"""Folded tables after the standings: further metrics of each run, and all pairs of runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from caopd_bench.report.build import Report
from caopd_bench.report.page.markup import FootNotes, cell, limits, name, number, table, text
from caopd_bench.report.placing import find_cells
from caopd_bench.report.standings import Pairing, Standing

__all__ = ["MORE", "render_more", "render_pairs"]

#: Metrics that need more explanation than those in the standings, with their headings.
MORE = {"brier": "Brier score", "discrimination": "DSC", "spr": "SPR"}
#: Metrics of probability vectors, with their headings.
OF_VECTORS = {"brier_classes": "Brier, all options", "classwise_ece": "ECE by option"}
#: Up to this many runs of a task, the page lists all pairs; beyond, only pairs with the best.
FEW = 12


def _list_columns(report: Report) -> dict[str, str]:
    """Return the columns of the folded table, with those of vectors if there are any."""
    return {**MORE, **OF_VECTORS} if report.has_vectors else MORE


def render_more(report: Report) -> str:
    """Return the folded table of the metrics that need more explanation."""
    notes, columns = FootNotes("more"), _list_columns(report)
    rows = []
    for task in report.tasks:
        for run, found in find_cells(report, task).items():
            numbers = "".join(cell(found.find(metric), notes) for metric in columns)
            rows.append(f'<tr><th scope="row">{name(run)}</th><td>{name(task)}</td>{numbers}</tr>')
    caption = "The same runs, in the order of the standings; descriptive, not tested"
    inner = table(caption, ("Run", "task", *columns.values()), rows)
    heads = ", ".join(columns.values())
    return f"<details><summary>{heads}</summary>{inner}{notes.render()}</details>"


def render_pairs(report: Report, task: str) -> str:
    """Return a folded table of the differences in skill and accuracy between runs."""
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
        "Brier skill",
        f"{100 * report.level:g}&nbsp;% interval",
        "p",
        "Holm",
        "accuracy",
        "Holm",
        "significant",
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
    return "; ".join(found) or "no"


def _shown(standing: Standing) -> Sequence[Pairing]:
    if len(standing.letters) <= FEW:
        return standing.pairs
    first = next(run for run in standing.order if run in standing.letters)
    return [pair for pair in standing.pairs if first in (pair.a, pair.b)]
