"""What a report says in words: a few sentences per task, each of which the table bears out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from caopd_bench.notes import LOW_PARSE_RATE
from caopd_bench.report.building import Report
from caopd_bench.report.entries import Cell
from caopd_bench.report.standings import Standing
from caopd_bench.terminal import NAME_WIDTH, inline

__all__ = ["find"]

#: Names in a sentence, before "and N more".
MOST = 6
#: From this share of one stated value on, the confidence says nothing of an answer.
SATURATED = 0.9
#: Of fewer answers nothing of the kind is said.
FEWEST = 20


def find(report: Report, task: str) -> list[str]:
    """Give the sentences on a task."""
    standing = report.standings[task]
    cells = [entry.cells[task] for entry in report.entries if task in entry.cells]
    return [*_on_brier(standing, cells), *_on_parsing(cells), *_on_confidence(cells)]


def _on_brier(standing: Standing, cells: Sequence[Cell]) -> Iterator[str]:
    scores = {cell.run: cell.find("brier") for cell in cells}
    if not standing.letters:
        if len(cells) > 1:
            yield "No two runs answered the same items: their Brier scores are not compared."
        return
    leaders = standing.leaders()
    first = scores[leaders[0]]
    assert first is not None
    compared = len(standing.letters)
    lead = f"Lowest Brier score of {compared} compared: {_name(leaders[0])}, {first.estimate:.3f}"
    others = leaders[1:]
    if not others:
        yield f"{lead}; told apart from every other."
    elif len(others) == compared - 1:
        yield f"{lead}; no run was told apart from it."
    else:
        yield f"{lead}; not told apart from it: {_names(others)}."
    if not math.isnan(standing.detectable):
        middling = " between two middling runs" if len(standing.pairs) > 1 else ""
        yield (
            f"A true difference of {standing.detectable:.3f}{middling} would have been seen four "
            "times of five."
        )


def _on_parsing(cells: Sequence[Cell]) -> Iterator[str]:
    low = [
        f"{_name(cell.run)} ({cell.n_parsed / cell.n:.0%})"
        for cell in cells
        if cell.n_parsed < LOW_PARSE_RATE * cell.n
    ]
    if low:
        yield f"Numbers of a part of the answers, the others state nothing usable: {_few(low)}."


def _on_confidence(cells: Sequence[Cell]) -> Iterator[str]:
    over, under, blind, saturated = [], [], [], []
    for cell in cells:
        gap, auroc = cell.find("overconfidence_gap"), cell.find("auroc")
        if gap and gap.low > 0:
            over.append(f"{_name(cell.run)} ({gap.estimate:+.3f})")
        if gap and gap.high < 0:
            under.append(f"{_name(cell.run)} ({gap.estimate:+.3f})")
        if auroc and auroc.low <= 0.5 <= auroc.high:
            blind.append(_name(cell.run))
        if cell.tally is not None:
            count = cell.tally.right + cell.tally.wrong
            top = int(count.argmax())
            share = float(count[top]) / float(cell.tally.n)
            if share >= SATURATED and cell.n_parsed >= FEWEST:
                value = float(cell.tally.values[top])
                saturated.append(f"{_name(cell.run)} ({share:.0%} of its answers say {value:g})")
    if over:
        yield f"Over-confident beyond noise: {_few(over)}."
    if under:
        yield f"Under-confident beyond noise: {_few(under)}."
    if blind:
        yield f"Not shown to tell right answers from wrong ones: {_few(blind)}."
    if saturated:
        yield f"States nearly always the same: {_few(saturated)}."


def _name(run: str) -> str:
    return inline(run, NAME_WIDTH)


def _names(runs: Sequence[str]) -> str:
    return _few([_name(run) for run in runs])


def _few(shown: Sequence[str]) -> str:
    if len(shown) <= MOST:
        return ", ".join(shown)
    return f"{', '.join(shown[:MOST])} and {len(shown) - MOST} more"
