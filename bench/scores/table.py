"""Records as text: what `caopd-bench score` prints."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from caopd_bench.core.numbers import PLAIN
from caopd_bench.core.terminal import NAME_WIDTH, align, inline
from caopd_bench.runs.counts import Missing
from caopd_bench.runs.records import Record

__all__ = ["LABELS", "render_groups", "render_task"]

LABELS = {
    "parse_rate": "parse rate",
    "accuracy": "accuracy",
    "brier": "Brier",
    "discrimination": "  discrimination",
    "mean_confidence": "mean confidence",
    "overconfidence_gap": "overconfidence gap",
    "ece": "ECE",
    "ece_debiased": "  debiased",
    "null_ece": "  if calibrated",
    "auroc": "AUROC",
    "auroc_within_level": "  within level",
    "auroc_within_question": "  within question",
    "auroc_between_questions": "  between questions",
    "spr": "SPR",
    "tie_rate": "tie rate",
    "confidence_when_wrong": "confidence when wrong",
    "exemplar_copies": "copies of exemplars",
}
MEANINGS = {
    "parse_rate": "answers with a usable confidence",
    "accuracy": "right answers, of all",
    "brier": "mean squared error of the stated confidence",
    "discrimination": "what telling right from wrong takes off it (DSC)",
    "mean_confidence": "what the model states",
    "overconfidence_gap": "stated minus right, among those parsed",
    "ece": "mean distance of stated from true, in ten bins",
    "ece_debiased": "the same, corrected for the bias of small samples",
    "null_ece": "what a perfectly calibrated model would score here",
    "auroc": "right answers stated surer than wrong ones; .5 is chance",
    "auroc_within_level": "the same, among problems equally hard",
    "auroc_within_question": "the same, among samples of one question",
    "auroc_between_questions": "the same, among samples of different questions",
    "spr": "the same, ties counted as failures",
    "tie_rate": "pairs of a right and a wrong answer stated alike",
    "confidence_when_wrong": "what it states when it is wrong",
    "exemplar_copies": "confidences that repeat one shown in the prompt",
}
SIGNED = {"overconfidence_gap", "overconfidence_gap_bounds"}
BOUNDS = "  worst case"
IF_STATED = "of all rows, whatever the unparsed ones had stated"
#: The others are in the JSON.
WITH_BOUNDS = {"overconfidence_gap", "ece", "brier", "auroc", "confidence_when_wrong"}
HEADS = {"drop": "", "zero": "missing confidences counted as 0"}
# The debiased estimate shares the interval of the line above it.
WITHOUT_INTERVAL = {"ece_debiased"}
GROUP_COLUMNS = {
    "parse_rate": "parsed",
    "accuracy": "acc",
    "brier": "Brier",
    "discrimination": "DSC",
    "mean_confidence": "stated",
    "overconfidence_gap": "gap",
    "ece": "ECE",  # followed by its interval
    "null_ece": "null",
    "auroc": "AUROC",
    "spr": "SPR",
    "confidence_when_wrong": "if wrong",
}
GROUP_WIDTH = 40


def render_task(
    records: Iterable[Record],
    runs: Sequence[str],
    level: float = 0.95,
    missing: Missing = "drop",
) -> str:
    """Render one task: a line per metric, a column per run.

    Parameters
    ----------
    records : iterable of Record
        Of one task; groups are ignored.
    runs : sequence of str
        The columns, in order.
    level : float
        Coverage of the intervals, for the heading.
    missing : {"drop", "zero"}
        The rule for missing confidences, for the heading.

    Returns
    -------
    str
        Lines without a final newline. Undefined numbers are a dash with a footnote.
    """
    cells = {(r.metric, r.run): r for r in records if r.group is None}
    footnotes: dict[str, int] = {}
    names = [inline(run, NAME_WIDTH) for run in runs]
    heading = f"estimate [{100 * level:g}% interval]"
    table = [["", heading] if len(runs) == 1 else [heading, *names]]
    table[0].append(HEADS[missing])
    for metric, label in LABELS.items():
        found = [cells.get((metric, run)) for run in runs]
        if not any(record and _is_worth_a_line(record) for record in found):
            continue
        values = [_cell(record, footnotes) if record else "" for record in found]
        table.append([label, *values, _meaning(metric, missing) if len(runs) == 1 else ""])
        bounds = [cells.get((f"{metric}_bounds", run)) for run in runs]
        if any(bounds) and missing == "drop" and metric in WITH_BOUNDS:
            limits = [_limits(record) if record else "" for record in bounds]
            is_first = all(row[0] != BOUNDS for row in table)
            table.append([BOUNDS, *limits, IF_STATED if is_first and len(runs) == 1 else ""])
    lines = align(table)
    return "\n".join([*lines, *(f"  ({mark}) {why}" for why, mark in footnotes.items())])


def render_groups(
    records: Iterable[Record], key: str, level: float = 0.95, missing: Missing = "drop"
) -> str:
    """Render the groups of one key of one run and task: a line per group.

    Parameters
    ----------
    records : iterable of Record
        Of one run and task.
    key : str
        For example "level"; other groups are ignored.
    level : float
        Coverage of the intervals, for the heading.
    missing : {"drop", "zero"}
        The rule for missing confidences, for the heading.

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
    heads = list(GROUP_COLUMNS.values())
    heads.insert(heads.index("ECE") + 1, f"{100 * level:g}%")
    table = [[inline(key), "n", *heads]]
    for group, found in rows.items():
        n = str(found["parse_rate"].n)
        cells = [_number(found[metric]) for metric in GROUP_COLUMNS]
        cells.insert(heads.index("ECE") + 1, _limits(found["ece"]))
        table.append([inline(group, GROUP_WIDTH), n, *cells])
    head = [f"  {HEADS[missing]}"] if HEADS[missing] else []
    return "\n".join([*head, *align(table, right=True)])


def _meaning(metric: str, missing: Missing) -> str:
    if metric == "overconfidence_gap" and missing == "zero":
        return "stated minus right, a missing confidence counted as 0"
    return MEANINGS[metric]


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


def _limits(record: Record) -> str:
    return PLAIN.limits(record.low, record.high, signed=record.metric in SIGNED)


def _number(record: Record) -> str:
    return PLAIN.number(record.estimate, signed=record.metric in SIGNED)
