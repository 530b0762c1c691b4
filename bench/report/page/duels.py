"""A comparison of two runs: verdict, decomposition of the change, and the changed answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

from caopd_bench.comparison.one_task import TaskComparison
from caopd_bench.comparison.sentence import say
from caopd_bench.metrics import METRICS, Change
from caopd_bench.report.build import Report
from caopd_bench.report.duels import Duel, ItemPair
from caopd_bench.report.page.markup import FootNotes, limits, name, number, table, text
from caopd_bench.report.page.models import render_example
from caopd_bench.runs.run import Row

__all__ = ["render_duel"]

NAMES = {
    "accuracy": "accuracy",
    "parse_rate": "parse rate",
    "gap": "overconfidence gap",
    "brier": "Brier score",
    "miscalibration": "miscalibration (MCB), lower is better",
    "discrimination": "discrimination (DSC), higher is better",
    "uncertainty": "uncertainty (UNC), from the accuracy alone",
}
#: Metrics that also depend on accuracy, and a caution about them if half or more are wrong.
OF_ANSWERS = ("brier", "uncertainty", "log_score")
FALLS = "caution: below 50 % accuracy it also falls when a run gets more answers wrong"
PARTS = {
    "both sure, one wrong": "both are sure (0.9 and more) and one is wrong",
    "only base right": "{base} is right and {cand} is wrong",
    "only cand right": "{cand} is right and {base} is wrong",
}


def render_duel(report: Report, duel: Duel) -> str:
    """Return the comparison of two runs on a task as markup."""
    place = f"duel-{report.duels.index(duel) + 1}"
    head = f'<h3 id="{place}">{name(duel.cand)} against {name(duel.base)} on {name(duel.task)}</h3>'
    if duel.found is None:
        return f"{head}<p>Not compared: {text(duel.reason, 600)}</p>"
    notes = FootNotes(place)
    differs = "".join(f"<li>{text(one, 300)}</li>" for one in duel.found.differences)
    listed = f"<p>They were asked otherwise:</p><ul>{differs}</ul>" if differs else ""
    warnings = "".join(f"<li>{text(note, 300)}</li>" for note in duel.found.notes)
    warned = f"<ul>{warnings}</ul>" if warnings else ""
    sentence = text(say(duel.found))
    split = _split(duel.found)
    if report.duels[0].base != duel.base or report.duels[0].cand != duel.cand:
        # The numbers of the first pair stay unfolded, as an example of the content.
        split = f"<details><summary>what the change is made of</summary>{split}</details>"
    return (
        f'{head}<p class="sentence">{sentence}.</p>{listed}{warned}{split}'
        f"{_metrics(duel.found, notes)}{''.join(_items(duel))}"
    )


def _split(found: TaskComparison) -> str:
    rows = [_row(NAMES["accuracy"], found.accuracy), _row(NAMES["parse_rate"], found.parse_rate)]
    parts = found.parts
    if parts is not None:
        confidence = found.wording.pick("mean stated confidence", "mean confidence")
        rows.append(_row(NAMES["gap"], parts.gap.gap, f"= {confidence} - accuracy"))
        rows.append(_row(confidence, parts.gap.confidence, indent=True))
        rows.append(_row("accuracy of answers with a confidence", parts.gap.accuracy, indent=True))
        falls = f"; {FALLS}" if _is_mostly_wrong(found) else ""
        rows.append(_row(NAMES["brier"], parts.brier.brier, f"= MCB - DSC + UNC{falls}"))
        for key in ("miscalibration", "discrimination", "uncertainty"):
            rows.append(_row(NAMES[key], getattr(parts.brier, key), indent=True))
        for label, change in (
            ("Brier score where correctness did not change", parts.same_answers),
            ("mean confidence where both are right", parts.right_in_both),
            ("mean confidence where both are wrong", parts.wrong_in_both),
        ):
            if change is not None:
                rows.append(_row(label, change))
        if parts.recalibrated is not None:
            rows.append(
                _row(
                    "Brier score after recalibrating both",
                    parts.recalibrated.brier,
                    "isotonic, fitted on other answers: a change that recalibration could not make",
                )
            )
    flips = found.flips
    heads = ("number", name(found.base), name(found.cand), "change", _level(found))
    changed = flips.to_right + flips.to_wrong
    caption = (
        f"What the change is made of. {changed:,} of {found.rows:,} answers changed: "
        f"{flips.to_right:,} became right, {flips.to_wrong:,} wrong"
    )
    if found.both < found.rows:
        caption += f"; {found.both:,} have a usable confidence in both runs"
    return table(caption, heads, rows)


def _is_mostly_wrong(found: TaskComparison) -> bool:
    return min(found.accuracy.a, found.accuracy.b) < 0.5


def _row(label: str, change: Change, why: str = "", *, indent: bool = False) -> str:
    values = [
        number(change.a),
        number(change.b),
        number(change.difference, signed=True),
        limits(change.low, change.high, signed=True) or change.reason,
    ]
    kind = ' class="part"' if indent else ""
    inner = "".join(f"<td>{text(value)}</td>" for value in values)
    below = f'<span class="why">{text(why)}</span>' if why else ""
    return f'<tr{kind}><th scope="row">{text(label)}{below}</th>{inner}</tr>'


def _metrics(found: TaskComparison, notes: FootNotes) -> str:
    if found.metrics is None:
        return ""
    rows = []
    for metric, change in found.metrics.changes.items():
        adjusted = found.metrics.adjusted[metric]
        interval = limits(change.low, change.high, signed=True)
        tests = [interval, *(["", ""] if math.isnan(change.p_value) else
                             [f"{change.p_value:.3f}", f"{adjusted:.3f}"])]  # fmt: skip
        # With many metrics, some would differ by chance, so the adjusted p-value decides.
        is_shown = adjusted <= 1.0 - found.level
        better = {"a": found.base, "b": found.cand, None: ""}[change.better] if is_shown else ""
        values = [number(change.a), number(change.b), number(change.difference, signed=True)]
        inner = "".join(f"<td>{text(value)}</td>" for value in [*values, *tests, better])
        warned = FALLS if metric in OF_ANSWERS and _is_mostly_wrong(found) else ""
        reason = _name_sides(found.wording.reword(change.reason), found)
        label = f"{text(METRICS[metric].label)}{notes.mark(reason)}{notes.mark(warned)}"
        rows.append(f'<tr><th scope="row">{label}</th>{inner}</tr>')
    heads = (
        "metric",
        name(found.base),
        name(found.cand),
        "change",
        _level(found),
        "p",
        "Holm",
        "better",
    )
    inner = table("Paired differences on the answers with a confidence in both runs", heads, rows)
    listed = f"{inner}{notes.render()}"
    return f"<details><summary>every metric, paired</summary>{listed}</details>"


def _name_sides(reason: str, found: TaskComparison) -> str:
    """Replace "a" and "b" at the start of reasons by the names of the runs."""
    first, _, second = reason.partition("; b: ")
    if second and first.removeprefix("a: ") == second:
        return f"both runs: {second}"
    for letter, run in (("a: ", found.base), ("b: ", found.cand)):
        first = f"{run}: {first[len(letter) :]}" if first.startswith(letter) else first
    return f"{first}; {found.cand}: {second}" if second else first


def _level(found: TaskComparison) -> str:
    return f"{100 * found.level:g}&nbsp;% interval"


def _items(duel: Duel) -> Iterator[str]:
    """Yield the questions for each kind of difference; no question has two kinds."""
    further = ""
    for part, label in PARTS.items():
        pairs = [pair for pair in duel.items if pair.part == part]
        said = text(label.format(base=duel.base, cand=duel.cand), 200)
        if not pairs:
            yield f"<p>No {further}question where {said}.</p>"
            continue
        shown = f" ({len(pairs)} shown)" if len(pairs) < pairs[0].total else ""
        items = f"{further}question{'' if pairs[0].total == 1 else 's'}"
        further = "further "
        yield f"<details><summary>{pairs[0].total:,} {items} where {said}{shown}</summary>"
        yield from (_item(duel, pair) for pair in pairs)
        yield "</details>"


def _item(duel: Duel, pair: ItemPair) -> str:
    question, gold = pair.base.question, pair.base.gold
    states = "states" if duel.found is None else duel.found.wording.pick("states", "confidence")
    answers = [(_say(name_, row, states), row.text, row.answer) for name_, row in
               ((duel.base, pair.base), (duel.cand, pair.cand))]  # fmt: skip
    shown = render_example(question, gold, answers)
    if question is None:
        return f"<p>Question {text(pair.base.item_hash, 80)}, of which no text was kept</p>{shown}"
    return shown


def _say(run: str, row: Row, states: str) -> str:
    verdict = "right" if row.correct else "wrong"
    stated = row.status.replace("_", " ") if row.confidence is None else f"{row.confidence:g}"
    return f"{run}: {verdict}, {states} {stated}"
