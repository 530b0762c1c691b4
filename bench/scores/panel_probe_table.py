"""The output of `score --panel` and `score --probe`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from caopd_bench.core.numbers import PLAIN
from caopd_bench.core.terminal import NAME_WIDTH, align, inline
from caopd_bench.runs.records import Record
from caopd_bench.scores.notes import LOW_PARSE_RATE
from caopd_bench.scores.panel import Spread, Turn
from caopd_bench.scores.probe import PROBES
from caopd_bench.scores.table import LABELS

__all__ = ["render_panel", "render_probes"]

MEANINGS = {
    "own_success": "share of right samples without the teacher's context",
    "teacher_success": "share of right samples with the teacher's context",
    "optimism_bias": "teacher success minus own success: by this much the training target is too "
    "high",
    "own_confidence": "mean stated confidence without the context",
    "teacher_confidence": "mean stated confidence with the context",
    "inheritance": "mean stated confidence minus accuracy, parsed answers without the context",
    "own_entropy": "entropy of the stated values in bits, without the context",
    "teacher_entropy": "entropy of the stated values in bits, with the context",
    "own_parse_rate": "share of samples with a usable confidence, without the context",
    "teacher_parse_rate": "the same, with the context",
}
SIGNED = {"optimism_bias", "inheritance"}


def render_panel(spreads: Sequence[Spread], turns: Sequence[Turn], level: float) -> Iterator[str]:
    """Yield a table per run, and one per two runs."""
    for run in dict.fromkeys(spread.run for spread in spreads):
        ours = [spread for spread in spreads if spread.run == run]
        prompts = max(spread.prompts for spread in ours)
        yield f"\n{inline(run, NAME_WIDTH)}: {prompts} prompts"
        head = ["", "mean", "spread", "range", f"one prompt's {100 * level:g}%"]
        table = [head]
        for spread in ours:
            label = LABELS[spread.metric]
            if spread.prompts < prompts:
                label += f" ({spread.prompts} prompts)"
            table.append(
                [
                    label,
                    PLAIN.number(spread.mean),
                    PLAIN.number(spread.deviation),
                    f"{PLAIN.number(spread.low)} to {PLAIN.number(spread.high)}",
                    "-" if math.isnan(spread.half_width) else f"± {spread.half_width:.3f}",
                ]
            )
        yield "\n".join(align(table))
        yield (
            "  spread: standard deviation between prompts, which includes sampling noise; the "
            "last column shows the sampling noise of one prompt"
        )
    for pair in dict.fromkeys((turn.first, turn.second) for turn in turns):
        ours_ = [turn for turn in turns if (turn.first, turn.second) == pair]
        first, second = (inline(name, NAME_WIDTH) for name in pair)
        yield f"\n{second} minus {first}, prompt by prompt"
        table = [["", "mean", "range", "same sign"]]
        for turn in ours_:
            said = _say_signs(turn)
            limits = f"{PLAIN.signed(turn.low)} to {PLAIN.signed(turn.high)}"
            table.append([LABELS[turn.metric], PLAIN.signed(turn.mean), limits, said])
        yield "\n".join(align(table))


def render_probes(records: Sequence[Record], level: float) -> Iterator[str]:
    """Yield a table per task and domain."""
    cells = {(record.task, record.group, record.metric): record for record in records}
    for task, group in dict.fromkeys((record.task, record.group) for record in records):
        domain = f", {inline(group.partition('=')[2])}" if group else ""
        n = cells[task, group, "optimism_bias"].n
        own, teacher = (cells[task, group, f"{who}_parse_rate"] for who in ("own", "teacher"))
        yield (
            f"\n{inline(task, NAME_WIDTH)}{domain}: {n:,} questions, {own.n:,} answers without "
            f"and {teacher.n:,} with the teacher's context"
        )
        table = [["", f"estimate [{100 * level:g}% interval]", ""]]
        notes: dict[str, int] = {}
        for metric in PROBES:
            record = cells[task, group, metric]
            mark = f"  ({notes.setdefault(record.reason, len(notes) + 1)})" if record.reason else ""
            table.append([metric.replace("_", " "), _cell(record) + mark, MEANINGS[metric]])
        yield "\n".join([*align(table), *(f"  ({i}) {why}" for why, i in notes.items())])
        if min(own.estimate, teacher.estimate) < LOW_PARSE_RATE:
            yield (
                "  note: low parse rate; confidence, inheritance and entropy describe the parsed "
                "answers only, success describes all answers"
            )


def _say_signs(turn: Turn) -> str:
    if not turn.prompts:
        return "-"
    if turn.mean == 0:
        return "no difference"
    verdict = "keeps its sign" if turn.keeps_sign else "the sign depends on the prompt"
    return f"{turn.agreeing} of {turn.prompts}: {verdict}"


def _cell(record: Record) -> str:
    signed = record.metric in SIGNED
    shown = PLAIN.number(record.estimate, signed=signed)
    if math.isnan(record.low):
        return shown
    return f"{shown} {PLAIN.limits(record.low, record.high, signed=signed)}"
