"""What a report says in words: a few sentences per task, each of which the table bears out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from caopd_bench.core.numbers import PAGE
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.report.build import Report
from caopd_bench.report.entries import Cell
from caopd_bench.report.placing import find_cells, list_few, with_accuracy
from caopd_bench.report.skill import SKILL
from caopd_bench.report.standings import NOT_NAMED, Standing
from caopd_bench.runs.confidence_of import join_wordings
from caopd_bench.scores.notes import LOW_PARSE_RATE

__all__ = ["find"]

#: From this share of one stated value on, the confidence says nothing of an answer.
SATURATED = 0.9
#: Of fewer answers nothing of the kind is said.
FEWEST = 20
OTHER_ITEMS = "answered other items"
#: What holds where no pair is tested; the same rule as in the standings.
UNPAIRED = (
    "the runs are ordered by Brier skill, no difference of skill is tested, and a run counts as "
    "less accurate than another only where the intervals of their accuracies do not overlap"
)


def find(report: Report, task: str) -> list[str]:
    """Return the sentences on a task."""
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
    first = standing.alike()[0]
    compared = standing.compared_with(first)
    if any(cells[run].tells_apart for run in compared):
        yield _praise(standing, cells)
    else:
        # Of runs that know nothing, the first is not to be taken for a good one.
        each = list_few([with_accuracy(cells[run]) for run in compared])
        yield (
            f"None of the {len(compared)} runs compared is shown to tell right answers from wrong "
            f"ones, so none is named first (accuracy in brackets): {each}."
        )
    left_out = _group_by_reason(
        (run, standing.why_not.get(run) or OTHER_ITEMS) for run in cells if run not in compared
    )
    if left_out:
        n = len(compared)
        yield f"Left out of the comparison of the other {n} runs in Brier skill: {left_out}."
    if not math.isnan(standing.detectable):
        pair = "In the pair of runs with the median interval, a" if len(standing.pairs) > 1 else "A"
        yield (
            f"{pair} true difference of {standing.detectable:.3f} in Brier skill would have been "
            "told apart four times out of five."
        )


def _praise(standing: Standing, cells: Mapping[str, Cell]) -> str:
    first, *alike = standing.alike()
    cell, compared = cells[first], len(standing.compared_with(first))
    skill = cell.find(SKILL)
    assert skill is not None
    parts = [
        f"First of {compared} compared: {_name(first)}, Brier skill "
        f"{PAGE.signed(skill.estimate)}, accuracy {_value(cell, 'accuracy')}",
        *_on_first(first, standing, cells),
    ]
    if len(alike) == compared - 1:
        parts.append(f"no other was told apart from {_name(first)} in Brier skill")
    elif alike:
        parts.append(f"not told apart from {_name(first)} in Brier skill: {_names(alike)}")
    else:
        parts.append(f"every other was told apart from {_name(first)} in Brier skill")
    return f"{'; '.join(parts)}."


def _on_first(first: str, standing: Standing, cells: Mapping[str, Cell]) -> Iterator[str]:
    """Say what the first run is not."""
    skill, stating = cells[first].find(SKILL), cells[first].wording.pick("stating", "giving")
    if skill is not None and skill.high < 0:
        yield f"worse than {stating} its own accuracy every time"
    elif skill is None or not skill.low > 0:
        yield f"not shown to beat {stating} its own accuracy every time"
    more = standing.less_accurate.get(first, ())
    if more:
        named = list_few([with_accuracy(cells[run]) for run in more])
        yield f"more accurate than {_name(first)}, but below it: {named}"
    higher = [run for run, above in standing.placed_below.items() if first in above]
    if higher:
        named = list_few([with_accuracy(cells[run]) for run in higher])
        yield f"higher in Brier skill than {_name(first)}, but less accurate: {named}"


def _say_why_none(standing: Standing, cells: Mapping[str, Cell]) -> str:
    undefined = [run for run in cells if math.isnan(_skill(cells[run]))]
    reasons = {standing.why_not.get(run, "") for run in cells if run not in undefined}
    if reasons == {NOT_NAMED}:
        return f"The rows do not name their items, so no two runs can be paired: {UNPAIRED}."
    if len(undefined) >= len(cells) - 1:
        return f"Not compared: there is no Brier skill of {_names(undefined)}."
    rated = " with a Brier skill" if undefined else ""
    if NOT_NAMED in reasons:
        return f"No two runs{rated} can be paired by the names of their items: {UNPAIRED}."
    return f"No two runs{rated} answered exactly the same items: {UNPAIRED}."


def _on_accuracy(standing: Standing, cells: Mapping[str, Cell]) -> Iterator[str]:
    """Say where the order of the skill is not that of the accuracy."""
    less = [
        f"{with_accuracy(cells[run])} above {with_accuracy(cells[_most_accurate(others, cells)])}"
        for run, others in standing.less_accurate.items()
        if run not in standing.alike()[:1]  # of the first it is said already
    ]
    if less:
        yield f"Less accurate, but standing above a more accurate run: {list_few(less)}."
    placed = [
        f"{with_accuracy(cells[run])} below {with_accuracy(cells[others[0]])}"
        for run, others in standing.placed_below.items()
    ]
    if placed:
        yield f"Moved down, since a higher skill came with fewer right answers: {list_few(placed)}."
    if standing.not_shown:
        yield (
            "Moved down, since their confidence is not shown to tell right answers from wrong "
            f"ones: {_names(standing.not_shown)}."
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
        state = join_wordings(cell.wording for cell in cells).pick("state", "have")
        yield (
            f"Only a part of the answers {state} a usable confidence: {list_few(low)}; numbers "
            "other than Brier skill, accuracy, what may be automated and parse rate are of that "
            "part."
        )


def _on_confidence(cells: Sequence[Cell]) -> Iterator[str]:
    over, under, saturated = [], [], []
    for cell in cells:
        gap = cell.find("overconfidence_gap")
        if gap and gap.low > 0:
            over.append(f"{_name(cell.run)} ({gap.estimate:+.3f})")
        if gap and gap.high < 0:
            under.append(f"{_name(cell.run)} ({gap.estimate:+.3f})")
        if cell.tally is not None:
            count = cell.tally.right + cell.tally.wrong
            top = int(count.argmax())
            share = float(count[top]) / float(cell.tally.n)
            if share >= SATURATED and cell.n_parsed >= FEWEST:
                value = float(cell.tally.values[top])
                say = cell.wording.pick("say", "have")
                saturated.append(f"{_name(cell.run)} ({share:.0%} of its answers {say} {value:g})")
    if over:
        yield f"Over-confident beyond noise: {list_few(over)}."
    if under:
        yield f"Under-confident beyond noise: {list_few(under)}."
    reasons = [(cell.run, _say_why_blind(cell)) for cell in cells]
    blind = _group_by_reason((run, why) for run, why in reasons if why)
    if blind:
        yield f"Not shown to tell right answers from wrong ones: {blind}."
    if saturated:
        wording = join_wordings(cell.wording for cell in cells)
        head = wording.pick("States nearly always the same", "Nearly always the same confidence")
        yield f"{head}: {list_few(saturated)}."


def _say_why_blind(cell: Cell) -> str:
    """Say why a confidence is not shown to tell right answers from wrong ones; "" where it is."""
    auroc = cell.find("auroc")
    if auroc is None:
        return "no AUROC"
    if math.isnan(auroc.estimate):
        state = cell.wording.pick("state", "have")
        among = "" if cell.n_parsed == cell.n else f"of those that {state} a confidence, "
        return f"{among}{auroc.reason or 'no AUROC'}"
    if auroc.high < 0.5:
        surer = cell.wording.pick("are stated surer", "are surer")
        return f"AUROC below .5: wrong answers {surer} than right ones"
    if cell.tally is not None and cell.tally.values.size == 1:
        return cell.wording.pick("always states the same", "always the same confidence")
    # Negated, since there may be no interval.
    if not auroc.low > 0.5:
        return "AUROC not told apart from .5"
    if not cell.tells_apart:
        nothing = cell.wording.pick("state nothing usable", "have no usable confidence")
        return f"AUROC not above .5 if the answers that {nothing} are at their worst"
    return ""


def _group_by_reason(found: Iterable[tuple[str, str]]) -> str:
    """Name runs, those of one reason together, with the reason in brackets behind them."""
    groups: dict[str, list[str]] = {}
    for run, reason in found:
        groups.setdefault(reason, []).append(run)
    return "; ".join(f"{_names(runs)} ({reason})" for reason, runs in groups.items())


def _name(run: str) -> str:
    return inline(run, NAME_WIDTH)


def _names(runs: Sequence[str]) -> str:
    return list_few([_name(run) for run in runs])
