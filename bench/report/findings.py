"""Findings of a report in words: a few sentences per task, each supported by the table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from caopd_bench.core.numbers import PAGE
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.report.build import Report
from caopd_bench.report.entries import Cell
from caopd_bench.report.placing import find_cells, list_few, with_accuracy
from caopd_bench.report.skill import SKILL
from caopd_bench.report.standings import NOT_NAMED, Standing
from caopd_bench.report.tendencies import group_by_reason, name_runs, say_tendencies

__all__ = ["find"]

OTHER_ITEMS = "answered other questions"
#: The rule for runs that are not tested in pairs; the same as in the standings.
UNPAIRED = (
    "the runs are ordered by Brier skill, no difference of skill is tested, and a run counts as "
    "less accurate than another only where the intervals of their accuracies do not overlap"
)


def find(report: Report, task: str) -> list[str]:
    """Return the sentences about a task."""
    standing, cells = report.standings[task], find_cells(report, task)
    return [
        *_on_skill(standing, cells),
        *_on_ece(cells),
        *_on_accuracy(standing, cells),
        *say_tendencies(standing, list(cells.values())),
        *_on_power(standing),
    ]


def _on_skill(standing: Standing, cells: Mapping[str, Cell]) -> Iterator[str]:
    """Yield sentences on the order by skill, with caveats against trusting the first run."""
    if not standing.letters:
        if len(cells) > 1:
            yield _say_why_none(standing, cells)
        return
    first = standing.alike()[0]
    compared = standing.compared_with(first)
    if any(cells[run].tells_apart for run in compared):
        yield " ".join(_praise(standing, cells))
    else:
        # If no confidence is informative, the first run must not look like a good one.
        each = list_few([with_accuracy(cells[run]) for run in compared])
        yield (
            f"No run is named first: none of the {len(compared)} compared is shown to separate "
            f"right answers from wrong ones (accuracy in brackets): {each}."
        )
    left_out = group_by_reason(
        (run, standing.why_not.get(run) or OTHER_ITEMS) for run in cells if run not in compared
    )
    if left_out:
        n = len(compared)
        yield f"Left out of the comparison of the other {n} runs in Brier skill: {left_out}."


def _praise(standing: Standing, cells: Mapping[str, Cell]) -> Iterator[str]:
    """Yield sentences on the first run: whether its lead exceeds chance, and its limits."""
    first, *alike = standing.alike()
    others = [run for run in standing.compared_with(first) if run != first]
    own = _skill(cells[first])
    head = f"{_name(first)} is first of {len(others) + 1}: Brier skill {PAGE.signed(own)}"
    lower = [run for run in others if run not in alike and _skill(cells[run]) < own]
    if not alike and len(lower) == len(others):
        than = "that of the other run" if len(others) == 1 else "that of both others"
        than = than if len(others) < 3 else "that of all others"
        yield f"{head}, significantly higher than {than}."
    elif len(alike) == len(others):
        every = "the other run" if len(others) == 1 else "any other run"
        yield f"{head}, but this may be chance: it does not differ significantly from {every}."
    else:
        if lower:
            head += f", significantly higher than that of {len(lower)} of the {len(others)} others"
        if alike:
            head += f"; the difference from {name_runs(alike)} may be chance"
        yield f"{head}."
    yield from _on_first(first, standing, cells)


def _on_first(first: str, standing: Standing, cells: Mapping[str, Cell]) -> Iterator[str]:
    """Yield caveats on the first run: its skill against 0, its accuracy, and runs put below it."""
    skill, stating = cells[first].find(SKILL), cells[first].wording.pick("stating", "giving")
    if skill is not None and skill.high < 0:
        yield f"Its skill is significantly below 0: always {stating} its own accuracy is better."
    elif skill is None or not skill.low > 0:
        yield f"It is not shown to beat always {stating} its own accuracy (skill 0)."
    more = standing.less_accurate.get(first, ())
    own = _value(cells[first], "accuracy")
    if more:
        named = list_few([with_accuracy(cells[run]) for run in more])
        yield f"It is significantly less accurate ({own}) than {named}."
    else:
        yield f"Its accuracy is {own}."
    higher = [run for run, above in standing.placed_below.items() if first in above]
    if higher:
        named = list_few([with_accuracy(cells[run]) for run in higher])
        yield f"Higher in Brier skill, but less accurate, so listed below it: {named}."


def _say_why_none(standing: Standing, cells: Mapping[str, Cell]) -> str:
    undefined = [run for run in cells if math.isnan(_skill(cells[run]))]
    reasons = {standing.why_not.get(run, "") for run in cells if run not in undefined}
    if reasons == {NOT_NAMED}:
        return f"The rows do not name their questions, so no two runs can be paired: {UNPAIRED}."
    if len(undefined) >= len(cells) - 1:
        return f"Not compared: there is no Brier skill of {name_runs(undefined)}."
    rated = " with a Brier skill" if undefined else ""
    if NOT_NAMED in reasons:
        return f"No two runs{rated} can be paired by the names of their questions: {UNPAIRED}."
    return f"No two runs{rated} answered exactly the same questions: {UNPAIRED}."


def _on_ece(cells: Mapping[str, Cell]) -> Iterator[str]:
    """Yield a sentence naming the run with the lowest ECE: a plain minimum, not a test."""
    found = [(cell.find("ece"), run) for run, cell in cells.items()]
    values = sorted((r.estimate, run) for r, run in found if r and not math.isnan(r.estimate))
    if len(values) < 2:
        return
    lowest = [run for value, run in values if f"{value:.3f}" == f"{values[0][0]:.3f}"]
    said = f"Lowest ECE (not tested): {name_runs(lowest)}, {values[0][0]:.3f}"
    if len(lowest) < len(values):
        value, run = values[len(lowest)]
        said += f"; next {_name(run)}, {value:.3f}"
    yield f"{said}."


def _on_accuracy(standing: Standing, cells: Mapping[str, Cell]) -> Iterator[str]:
    """Yield sentences where the orders by skill and accuracy differ, except for the first run."""
    first = standing.alike()[:1]
    less = []
    for run, others in standing.less_accurate.items():
        # Runs with an uninformative confidence have a sentence of their own about their place.
        shown = [other for other in others if cells[other].tells_apart]
        if shown and run not in first:
            most = cells[_most_accurate(shown, cells)]
            less.append(f"{with_accuracy(cells[run])} above {with_accuracy(most)}")
    if less:
        yield f"Less accurate, but listed above a more accurate run: {list_few(less)}."
    placed = [
        f"{with_accuracy(cells[run])} below {with_accuracy(cells[others[0]])}"
        for run, others in standing.placed_below.items()
        if not set(first) & set(others)
    ]
    if placed:
        yield (
            "Moved down, because a higher Brier skill came with fewer right answers: "
            f"{list_few(placed)}."
        )


def _on_power(standing: Standing) -> Iterator[str]:
    if not math.isnan(standing.detectable):
        pair = ", for a pair whose interval has the median width" if len(standing.pairs) > 1 else ""
        yield (
            "Smallest difference in Brier skill that the test finds in four of five cases"
            f"{pair}: {standing.detectable:.3f}."
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


def _name(run: str) -> str:
    return inline(run, NAME_WIDTH)
