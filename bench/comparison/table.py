"""A comparison for the terminal: the sentence, the components of the change, all numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from caopd_bench.comparison.one_task import TaskComparison
from caopd_bench.comparison.sentence import say
from caopd_bench.core.numbers import COMPARED, PLAIN
from caopd_bench.core.terminal import NAME_WIDTH, WARNING_WIDTH, align, inline
from caopd_bench.metrics import METRICS, BrierChange, Change
from caopd_bench.runs.names import abbreviate

__all__ = ["render_comparison", "render_groups"]

NAMES = {
    "parse_rate": "parse rate",
    "accuracy": "accuracy",
    "mean_confidence": "mean confidence",
    "overconfidence_gap": "overconfidence gap",
    "miscalibration": "calibration (MCB)",
    "discrimination": "discrimination (DSC)",
    "uncertainty": "answers (UNC)",
}


def render_comparison(found: TaskComparison) -> Iterator[str]:
    """Yield the blocks of one task."""
    yield f"\n{say(found)}"
    settings = [f"  differs: {inline(str(one), WARNING_WIDTH)}" for one in found.differences]
    if settings:
        yield "\n".join(settings)
    yield f"\n{_rates(found)}"
    if found.parts is not None and found.metrics is not None:
        if found.both < found.rows:
            yield (
                f"\n  The numbers below use the {found.both:,} rows that both runs parse, so they "
                "may differ from those of `score` for one run."
            )
        yield f"\n{_split(found)}"
        yield f"\n{_metrics(found)}"
    if found.bounds:
        yield f"\n{_bounds(found)}"
    for note in found.notes:
        yield f"\nwarning: {inline(note)}"


def render_groups(found: Sequence[TaskComparison], key: str) -> str:
    """Return a line for each group of a key."""
    heads = [inline(key, NAME_WIDTH), "items", "Brier", "", "gap", "AUROC", "accuracy", "if wrong"]
    table = [heads]
    for one in found:
        value = (one.group or "").partition("=")[2]
        table.append(
            [
                inline(value, NAME_WIDTH),
                f"{one.items:,}",
                *_of_group(one),
            ]
        )
    return "\n".join(align(table, right=True))


def _of_group(one: TaskComparison) -> list[str]:
    changes = one.metrics.changes if one.metrics is not None else {}
    brier = changes.get("brier")
    limits = "-" if brier is None else _limits(brier)
    names = ("overconfidence_gap", "auroc")
    shown = [_difference(changes.get(name)) for name in names]
    wrong = _difference(changes.get("confidence_when_wrong"))
    return [_difference(brier), limits, *shown, _difference(one.accuracy), wrong]


def _rates(found: TaskComparison) -> str:
    flips, shown = found.flips, []
    table = [_head(found)]
    rows: Mapping[str, Change] = {"accuracy": found.accuracy, "parse_rate": found.parse_rate}
    for name, change in rows.items():
        table.append([NAMES[name], *_row(change), f"{change.p_value:.3f}"])
    shown.append("\n".join(align(table)))
    shown.append(
        f"  answers: {flips.to_right:,} became right, {flips.to_wrong:,} wrong; confidences: "
        f"{flips.silenced:,} no longer usable, {flips.voiced:,} newly so"
    )
    return "\n".join(shown)


def _split(found: TaskComparison) -> str:
    """Return the components of the changes, as sums that add up."""
    parts = found.parts
    assert parts is not None
    gap, brier = parts.gap, parts.brier
    table = [["components of the change", "", _interval(found), ""]]
    table.append(["gap", *_short(gap.gap), "= mean confidence - accuracy"])
    table.append(["  mean confidence", *_short(gap.confidence), ""])
    table.append(["  accuracy", *_short(gap.accuracy), ""])
    table += _brier_rows("Brier", brier, "= MCB - DSC + UNC")
    table.append(
        [
            "  MCB - DSC",
            *_short(brier.confidence),
            "fit of the confidence to each model's own answers",
        ]
    )
    if parts.same_answers is not None:
        table.append(
            [
                "Brier where correctness did not change",
                *_short(parts.same_answers),
                "the confidence itself",
            ]
        )
    stated = found.wording.pick("stated", "confidence")
    for label, change in (
        (f"{stated} where both are right", parts.right_in_both),
        (f"{stated} where both are wrong", parts.wrong_in_both),
    ):
        if change is not None:
            table.append([label, *_short(change), ""])
    if parts.recalibrated is not None:
        why = "both recalibrated (isotonic, cross-fitted): the part that no monotone map explains"
        table += _brier_rows("Brier after recalibration", parts.recalibrated, why)
    return "\n".join(align(table))


def _brier_rows(label: str, brier: BrierChange, why: str) -> list[list[str]]:
    return [
        [label, *_short(brier.brier), why],
        ["  calibration (MCB)", *_short(brier.miscalibration), ""],
        ["  discrimination (DSC)", *_short(brier.discrimination), ""],
        ["  answers (UNC)", *_short(brier.uncertainty), ""],
    ]


def _metrics(found: TaskComparison) -> str:
    assert found.metrics is not None
    table = [[*_head(found), "Holm", "better"]]
    base, cand = abbreviate((found.base, found.cand), 30)
    reasons: dict[str, int] = {}
    for name, change in found.metrics.changes.items():
        better = {"a": base, "b": cand, None: ""}[change.better]
        if math.isnan(change.low):
            mark = reasons.setdefault(found.wording.reword(change.reason), len(reasons) + 1)
            row = [
                PLAIN.number(change.a),
                PLAIN.number(change.b),
                _difference(change),
                f"({mark})",
                "",
                "",
                "",
            ]
        else:
            adjusted = found.metrics.adjusted[name]
            # The adjustment covers the table: one interval in twenty excludes "no change" by
            # chance.
            shown = better if adjusted <= 1.0 - found.level else ""
            row = [*_row(change), f"{change.p_value:.3f}", f"{adjusted:.3f}", shown]
        table.append([METRICS[name].label, *row])
    lines = align(table)
    lines += [f"  ({mark}) {inline(why, WARNING_WIDTH)}" for why, mark in reasons.items()]
    if reasons:
        a, b = abbreviate((found.base, found.cand), NAME_WIDTH)
        lines.append(f"  a is {a}, b is {b}")
    return "\n".join(lines)


def _bounds(found: TaskComparison) -> str:
    unparsed = found.rows - found.both
    lacking = f"{unparsed:,} rows without a confidence in one run or both"
    whatever = found.wording.pick(f"the {lacking} had stated", f"the confidence of the {lacking}")
    lines = [f"  worst case: whatever {whatever}"]
    table = [
        [METRICS[one.metric].label, PLAIN.limits(one.low, one.high, signed=True)]
        for one in found.bounds
        if not math.isnan(one.low) and not math.isnan(one.high)
    ]
    return "\n".join([*lines, *align(table)])


def _head(found: TaskComparison) -> list[str]:
    names = abbreviate((found.base, found.cand), 30)
    return ["", *names, "change", _interval(found), "p"]


def _interval(found: TaskComparison) -> str:
    return f"{100 * found.level:g}% interval"


def _row(change: Change) -> list[str]:
    return [PLAIN.number(change.a), PLAIN.number(change.b), _difference(change), _limits(change)]


def _short(change: Change) -> list[str]:
    return [_difference(change), _limits(change)]


def _difference(change: Change | None) -> str:
    if change is None or not math.isfinite(change.difference):
        return "-"
    return COMPARED.signed(change.difference)


def _limits(change: Change) -> str:
    return COMPARED.limits(change.low, change.high, signed=True)
