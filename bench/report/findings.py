"""What a report says in words: a few sentences per task, each of which the table bears out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from caopd_bench.notes import LOW_PARSE_RATE
from caopd_bench.report.building import Report
from caopd_bench.report.entries import Cell
from caopd_bench.report.markup import number
from caopd_bench.report.placing import find_cells, list_few, with_accuracy
from caopd_bench.report.skill import SKILL
from caopd_bench.report.standings import NOT_NAMED, Standing
from caopd_bench.terminal import NAME_WIDTH, inline

__all__ = ["find"]

#: From this share of one stated value on, the confidence says nothing of an answer.
SATURATED = 0.9
#: Of fewer answers nothing of the kind is said.
FEWEST = 20


def find(report: Report, task: str) -> list[str]:
    """Give the sentences on a task."""
    standing = report.standings[task]
    cells = [entry.cells[task] for entry in report.entries if task in entry.cells]
    return [
        *_on_skill(standing, find_cells(report, task)),
        *_on_accuracy(standing, find_cells(report, task)),
        *_on_parsing(cells),
        *_on_confidence(cells),
    ]


def _on_skill(standing: Standing, cells: Mapping[str, Cell]) -> Iterator[str]:
    """Say who stands first, and all that a reader must know not to take it for the best."""
    if not standing.letters:
        if len(cells) > 1:
            yield _say_why_none(standing, cells)
        return
    first, *alike = standing.alike()
    cell, compared = cells[first], len(standing.compared_with(first))
    skill = cell.find(SKILL)
    assert skill is not None
    parts = [
        f"First of {compared} compared: {_name(first)}, Brier skill "
        f"{number(skill.estimate, signed=True)}, accuracy {_value(cell, 'accuracy')}",
        *_on_first(first, standing, cells),
    ]
    if len(alike) == compared - 1:
        parts.append("in skill no other was told apart from it")
    elif alike:
        parts.append(f"in skill not told apart from it: {_names(alike)}")
    else:
        parts.append("in skill told apart from every other")
    yield f"{'; '.join(parts)}."
    if not math.isnan(standing.detectable):
        middling = " between two middling runs" if len(standing.pairs) > 1 else ""
        yield (
            f"A true difference of {standing.detectable:.3f} in Brier skill{middling} would have "
            "been seen four times of five."
        )


def _on_first(first: str, standing: Standing, cells: Mapping[str, Cell]) -> Iterator[str]:
    """Say what the first run is not."""
    skill = cells[first].find(SKILL)
    if not any(cells[run].tells_apart for run in standing.compared_with(first)):
        yield "of no run is it shown that its confidence tells right answers from wrong ones"
    elif skill is not None and skill.high < 0:
        yield "worse than stating its own accuracy every time"
    elif skill is None or not skill.low > 0:
        yield "not shown to beat stating its own accuracy every time"
    more = standing.less_accurate.get(first, ())
    if more:
        yield f"more accurate, but below it: {list_few([with_accuracy(cells[o]) for o in more])}"
    higher = [run for run, above in standing.placed_below.items() if first in above]
    if higher:
        named = list_few([with_accuracy(cells[run]) for run in higher])
        yield f"higher in skill, but less accurate: {named}"


def _say_why_none(standing: Standing, cells: Mapping[str, Cell]) -> str:
    undefined = [run for run in cells if math.isnan(_skill(cells[run]))]
    reasons = {standing.why_not.get(run, "") for run in cells if run not in undefined}
    if reasons == {NOT_NAMED}:
        return "The rows have no names to be paired by: the runs are ordered, and not compared."
    if len(undefined) >= len(cells) - 1:
        return f"Not compared: there is no Brier skill of {_names(undefined)}."
    return "No two runs answered the same items: they are ordered by Brier skill, and not compared."


def _on_accuracy(standing: Standing, cells: Mapping[str, Cell]) -> Iterator[str]:
    """Say where the order of the skill is not that of the accuracy."""
    less = [
        f"{with_accuracy(cells[run])} above {with_accuracy(cells[_most_accurate(others, cells)])}"
        for run, others in standing.less_accurate.items()
        if run not in standing.alike()[:1]  # of the first it is said already
    ]
    if less:
        yield f"Less accurate, and standing above a run with more right answers: {list_few(less)}."
    placed = [
        f"{with_accuracy(cells[run])} below {with_accuracy(cells[others[0]])}"
        for run, others in standing.placed_below.items()
    ]
    if placed:
        yield f"Set lower, since a higher skill came with fewer right answers: {list_few(placed)}."
    if standing.not_shown:
        yield (
            "Set lower, since their confidence is not shown to tell right answers from wrong ones: "
            f"{_names(standing.not_shown)}."
        )


def _most_accurate(runs: Sequence[str], cells: Mapping[str, Cell]) -> str:
    def right(run: str) -> float:
        record = cells[run].find("accuracy")
        return record.estimate if record else 0.0

    return max(runs, key=right)


def _skill(cell: Cell) -> float:
    record = cell.find(SKILL)
    return record.estimate if record else math.nan


def _value(cell: Cell, metric: str) -> str:
    record = cell.find(metric)
    return "unknown" if record is None else f"{record.estimate:.3f}"


def _on_parsing(cells: Sequence[Cell]) -> Iterator[str]:
    low = [
        f"{_name(cell.run)} ({cell.n_parsed / cell.n:.0%})"
        for cell in cells
        if cell.n_parsed < LOW_PARSE_RATE * cell.n
    ]
    if low:
        yield (
            "Numbers of a part of the answers, but for skill and accuracy, since the others state "
            f"nothing usable: {list_few(low)}."
        )


def _on_confidence(cells: Sequence[Cell]) -> Iterator[str]:
    over, under, blind, saturated = [], [], [], []
    for cell in cells:
        gap, auroc = cell.find("overconfidence_gap"), cell.find("auroc")
        if gap and gap.low > 0:
            over.append(f"{_name(cell.run)} ({gap.estimate:+.3f})")
        if gap and gap.high < 0:
            under.append(f"{_name(cell.run)} ({gap.estimate:+.3f})")
        # A constant has no interval.
        if auroc and auroc.estimate == auroc.estimate and not auroc.low > 0.5:
            blind.append(_name(cell.run))
        if cell.tally is not None:
            count = cell.tally.right + cell.tally.wrong
            top = int(count.argmax())
            share = float(count[top]) / float(cell.tally.n)
            if share >= SATURATED and cell.n_parsed >= FEWEST:
                value = float(cell.tally.values[top])
                saturated.append(f"{_name(cell.run)} ({share:.0%} of its answers say {value:g})")
    if over:
        yield f"Over-confident beyond noise: {list_few(over)}."
    if under:
        yield f"Under-confident beyond noise: {list_few(under)}."
    if blind:
        yield f"Not shown to tell right answers from wrong ones: {list_few(blind)}."
    if saturated:
        yield f"States nearly always the same: {list_few(saturated)}."


def _name(run: str) -> str:
    return inline(run, NAME_WIDTH)


def _names(runs: Sequence[str]) -> str:
    return list_few([_name(run) for run in runs])
