"""Records as text: the tables of `caopd-bench score`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from caopd_bench.core.numbers import PLAIN
from caopd_bench.core.terminal import NAME_WIDTH, align, inline
from caopd_bench.metrics import METRICS
from caopd_bench.metrics.points.classes import CLASS_METRICS
from caopd_bench.metrics.registry import list_scored
from caopd_bench.runs.confidence_of import STATED, Wording
from caopd_bench.runs.counts import Missing
from caopd_bench.runs.names import abbreviate
from caopd_bench.runs.records import Record

__all__ = ["LABELS", "render_groups", "render_task"]


class Line(NamedTuple):
    """How a number is displayed: its label, meaning, and column head in the table of groups."""

    label: str
    meaning: str
    column: str = ""


FIRST = {"parse_rate": Line("parse rate", "share of answers with a usable confidence", "parsed")}
#: Derived numbers, listed below the metric that they belong to.
BELOW = {
    "ece": {
        "ece_debiased": Line("  debiased", "the same, corrected for small-sample bias"),
        "null_ece": Line(
            "  if calibrated", "ECE of a perfectly calibrated model on these rows", "null"
        ),
    },
    "auroc": {
        "auroc_within_level": Line("  within level", "the same, within one level at a time"),
        "auroc_within_question": Line(
            "  within question", "the same, among samples of one question"
        ),
        "auroc_between_questions": Line(
            "  between questions", "the same, among samples of different questions"
        ),
    },
}
LAST = {
    "exemplar_copies": Line(
        "copies of exemplars", "confidences that repeat a value from the prompt"
    )
}


def _list_lines() -> dict[str, Line]:
    """Insert the lines of the metrics, which come from the registry, between the others."""
    lines = {**FIRST}
    for name in ("accuracy", *list_scored()):
        shown = METRICS[name].shown
        if shown.line:
            lines[name] = Line(shown.line, shown.meaning, shown.column)
        lines |= BELOW.get(name, {})
        lines |= {
            other: Line(row.label, row.meaning)
            for other, row in CLASS_METRICS.items()
            if row.below == name
        }
    return lines | LAST


LINES = _list_lines()
#: Meanings and column heads that replace those with the word "stated".
IF_NOT_STATED = {
    "mean_confidence": ("the {name}", "conf."),
    "overconfidence_gap": ("mean confidence minus accuracy, parsed rows", ""),
    "ece": ("mean distance between confidence and accuracy, ten bins", ""),
    "brier": ("mean squared error of the {name}", ""),
    "auroc": ("how often a right answer outranks a wrong one; .5 is chance", ""),
    "tie_rate": ("right/wrong pairs with equal confidence", ""),
    "confidence_when_wrong": ("the {name} of the wrong answers", ""),
}
LABELS = {name: line.label for name, line in LINES.items()}
GROUP_COLUMNS = {name: line.column for name, line in LINES.items() if line.column}
SIGNED = {
    shown for name, row in METRICS.items() if row.signed for shown in (name, f"{name}_bounds")
}
BOUNDS = "  worst case"
IF_STATED = "for anything the unparsed rows could have stated"
IF_GIVEN = "for any confidence of the unparsed rows"
#: Worst cases of the other metrics are only in the JSON.
WITH_BOUNDS = {name for name, row in METRICS.items() if row.shown.worst_case}
HEADS = {"drop": "", "zero": "missing confidences counted as 0"}
# The debiased estimate shares the interval of the line above it.
WITHOUT_INTERVAL = {"ece_debiased"}
GROUP_WIDTH = 40


def render_task(
    records: Iterable[Record],
    runs: Sequence[str],
    level: float = 0.95,
    missing: Missing = "drop",
    wording: Wording = STATED,
) -> str:
    """Render one task: a line per metric, a column per run.

    Parameters
    ----------
    records : iterable of Record
        Records of one task; groups are ignored.
    runs : sequence of str
        The runs of the columns, in order.
    level : float
        Coverage of the intervals, for the heading.
    missing : {"drop", "zero"}
        The rule for missing confidences, for the heading.
    wording : Wording
        The kind of confidence of the runs.

    Returns
    -------
    str
        Lines without a final newline. Undefined numbers are a dash with a footnote.
    """
    cells = {(r.metric, r.run): r for r in records if r.group is None}
    footnotes: dict[str, int] = {}
    names = abbreviate(runs, NAME_WIDTH)
    heading = f"estimate [{100 * level:g}% interval]"
    table = [["", heading] if len(runs) == 1 else [heading, *names]]
    table[0].append(HEADS[missing])
    for metric, label in LABELS.items():
        found = [cells.get((metric, run)) for run in runs]
        if not any(record and _is_worth_a_line(record) for record in found):
            continue
        values = [_cell(record, footnotes) if record else "" for record in found]
        meaning = _meaning(metric, missing, wording) if len(runs) == 1 else ""
        table.append([label, *values, meaning])
        bounds = [cells.get((f"{metric}_bounds", run)) for run in runs]
        if any(bounds) and missing == "drop" and metric in WITH_BOUNDS:
            limits = [
                _bounds(record, own, footnotes) if record else ""
                for record, own in zip(bounds, found, strict=True)
            ]
            is_first = all(row[0] != BOUNDS for row in table)
            said = wording.pick(IF_STATED, IF_GIVEN) if is_first and len(runs) == 1 else ""
            table.append([BOUNDS, *limits, said])
    lines = align(table)
    return "\n".join([*lines, *(f"  ({mark}) {why}" for why, mark in footnotes.items())])


def render_groups(
    records: Iterable[Record],
    key: str,
    level: float = 0.95,
    missing: Missing = "drop",
    wording: Wording = STATED,
) -> str:
    """Render the groups of one key of one run and task: a line per group.

    Parameters
    ----------
    records : iterable of Record
        Records of one run and task.
    key : str
        For example "level"; other groups are ignored.
    level : float
        Coverage of the intervals, for the heading.
    missing : {"drop", "zero"}
        The rule for missing confidences, for the heading.
    wording : Wording
        The kind of confidence.

    Returns
    -------
    str
        Lines without a final newline. The interval of the ECE stands beside it; undefined numbers
        are a dash.
    """
    prefix = f"{key}="
    rows: dict[str, dict[str, Record]] = {}
    for record in records:
        if record.group is not None and record.group.startswith(prefix):
            rows.setdefault(record.group.removeprefix(prefix), {})[record.metric] = record
    heads = [_head(metric, wording) for metric in GROUP_COLUMNS]
    heads.insert(heads.index("ECE") + 1, f"{100 * level:g}%")
    table = [[inline(key), "n", *heads]]
    for group, found in rows.items():
        n = str(found["parse_rate"].n)
        cells = [_number(found[metric]) for metric in GROUP_COLUMNS]
        cells.insert(heads.index("ECE") + 1, _limits(found["ece"]))
        table.append([inline(group, GROUP_WIDTH), n, *cells])
    head = [f"  {HEADS[missing]}"] if HEADS[missing] else []
    return "\n".join([*head, *align(table, right=True)])


def _head(metric: str, wording: Wording) -> str:
    column = "" if wording.is_stated else IF_NOT_STATED.get(metric, ("", ""))[1]
    return column or GROUP_COLUMNS[metric]


def _meaning(metric: str, missing: Missing, wording: Wording) -> str:
    if metric == "overconfidence_gap" and missing == "zero":
        first = wording.pick("stated", "mean confidence")
        return f"{first} minus right, a missing confidence counted as 0"
    if wording.is_stated or metric not in IF_NOT_STATED:
        return LINES[metric].meaning
    return IF_NOT_STATED[metric][0].format(name=wording.name)


def _is_worth_a_line(record: Record) -> bool:
    return record.reason != "no exemplars shown"


def _cell(record: Record, footnotes: dict[str, int]) -> str:
    if math.isnan(record.estimate):
        return f"-  ({footnotes.setdefault(record.reason, len(footnotes) + 1)})"
    if record.metric in WITHOUT_INTERVAL:
        return _number(record)
    if record.metric == "null_ece":
        return f"{_number(record)} [95% below {record.high:.3f}]"
    if math.isnan(record.low):
        return f"{_number(record)}  ({footnotes.setdefault(record.reason, len(footnotes) + 1)})"
    return f"{_number(record)} {_limits(record)}"


def _bounds(record: Record, own: Record | None, footnotes: dict[str, int]) -> str:
    """Format a worst case; if there is none, the metric itself is undefined and has a reason."""
    if not math.isnan(record.low):
        return _limits(record)
    reason = own.reason if own is not None and own.reason else record.reason
    return f"-  ({footnotes.setdefault(reason, len(footnotes) + 1)})"


def _limits(record: Record) -> str:
    return PLAIN.limits(record.low, record.high, signed=record.metric in SIGNED)


def _number(record: Record) -> str:
    return PLAIN.number(record.estimate, signed=record.metric in SIGNED)
