"""The order of the runs on a task: by Brier skill, but wrong answers and constants cannot win.

No number of a single run does it. A constant must stand below every run whose confidence knows
something; but with some of its answers turned wrong, and stated at 0, the constant knows something
too, and would win over itself. So accuracy is tested pair by pair, beside the skill.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from caopd_bench.metrics import SkillPair, group_letters, holm, skill_pairs
from caopd_bench.metrics.limits.student import normal_quantile
from caopd_bench.report.entries import Cell, Entry
from caopd_bench.report.skill import SKILL

__all__ = ["FITS", "Pairing", "Standing", "holds", "rank"]

NOT_NAMED = "its rows have no names to be paired by"
ALONE = "no other run answered exactly the same items"
ALONE_RATED = "no other run that answered the same items has a Brier skill"
#: A mean confidence as near to the accuracy as this fits, also where more rows tell them apart.
FITS = 0.04
#: The chance with which a difference as large as the one named would have been seen, as a quantile.
POWER_QUANTILE = 0.8416


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two runs on a task: skill and accuracy of `b` minus those of `a`, over all answers.

    p-values are adjusted over all pairs of the task, those of the skill and those of the accuracy
    each for themselves; NaN where there is none, for the skill with `reason`.
    """

    a: str
    b: str
    n: int
    difference: float
    low: float
    high: float
    p_value: float
    adjusted: float
    told_apart: bool
    reason: str
    accuracy_difference: float
    accuracy_adjusted: float
    more_accurate: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """One task.

    Attributes
    ----------
    task : str
    order : Sequence of str
        The runs. Highest Brier skill first, but for `placed_below` and `not_shown`; those without
        one last, the more accurate first.
    letters : Mapping of str to str
        Of each run that was compared: two that share a letter were not told apart in skill. Runs
        that answered other items have letters behind another number: "2a".
    why_not : Mapping of str to str
        Why a run has none.
    placed_below : Mapping of str to Sequence of str
        Of a run with a higher skill than one above it: the runs above that are more accurate, and
        whose confidence holds.
    not_shown : Sequence of str
        The runs whose confidence is not shown to tell right answers from wrong ones, and that
        stand below one with a lower skill for it.
    less_accurate : Mapping of str to Sequence of str
        Of a run that is told apart as less accurate than some below it: those, in their order.
    pairs : Sequence of Pairing
    detectable : float
        The difference of skill that the test of a pair with an interval of median width would have
        told apart four times out of five; NaN without a pair.
    level : float
    """

    task: str
    order: Sequence[str]
    letters: Mapping[str, str]
    why_not: Mapping[str, str]
    placed_below: Mapping[str, Sequence[str]]
    not_shown: Sequence[str]
    less_accurate: Mapping[str, Sequence[str]]
    pairs: Sequence[Pairing]
    detectable: float
    level: float

    def compared_with(self, run: str) -> list[str]:
        """Return the runs that have a letter and answered this one's items, itself included."""
        of_run = [{pair.a, pair.b} for pair in self.pairs if run in (pair.a, pair.b)]
        same = {run}.union(*of_run)
        return [one for one in self.order if one in same and one in self.letters]

    def alike(self) -> list[str]:
        """Return the first run of those compared, and those that were not told apart from it."""
        first = next((run for run in self.order if run in self.letters), None)
        if first is None:
            return []
        # Of pairs that could be tested: a pair without a p-value was not told apart either.
        alike = {first}
        for pair in self.pairs:
            if first in (pair.a, pair.b) and not pair.told_apart:
                alike |= {pair.a, pair.b}
        return [run for run in self.order if run in alike and run in self.letters]


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def rank(task: str, entries: Sequence[Entry], level: float = 0.95) -> Standing:
    """Order the runs of a task, and say which are told apart in skill and in accuracy."""
    given = [entry.cells[task] for entry in entries if task in entry.cells]
    by_skill = [given[i] for i in sorted(range(len(given)), key=lambda i: (_key(given[i]), i))]
    why_not, classes = _sort_by_items(by_skill)
    compared = [members for members in classes if len(members) > 1]
    flat = [(members, pair) for members in compared for pair in _compare(members, level)]
    pairs = _adjust(flat, level)
    more = _more_accurate(by_skill, pairs)
    holding = {cell.run for cell in by_skill if holds(cell)}
    cells = _place(by_skill, {run: better & holding for run, better in more.items()})
    order = [cell.run for cell in cells]
    letters: dict[str, str] = {}
    groups = [[cell for cell in cells if cell in members] for members in compared]
    for number, members in enumerate(groups, 1):
        shown = _letter([cell.run for cell in members if _has_skill(cell)], pairs)
        prefix = f"{number}" if len(groups) > 1 else ""
        letters |= {run: prefix + letter for run, letter in shown.items()}
    skill = {cell.run: _value(cell, SKILL) for cell in cells}
    placed, less = {}, {}
    for i, run in enumerate(order):
        above = [o for o in order[:i] if o in more[run] & holding and skill[o] < skill[run]]
        below = [o for o in order[i + 1 :] if o in more[run]]
        if above:
            placed[run] = above
        if below:
            less[run] = below
    not_shown = [
        cell.run
        for i, cell in enumerate(cells)
        if not cell.tells_apart and any(skill[o] < skill[cell.run] for o in order[:i])
    ]
    detectable = _detectable([pair for _, pair in flat], level)
    return Standing(
        task, order, letters, why_not, placed, not_shown, less, pairs, detectable, level
    )


def holds(cell: Cell) -> bool:
    """Return whether the confidence of a run holds: no more accurate a run is needed to trust it.

    Its skill is told apart from 0, and its mean confidence is the accuracy: not told apart from
    it, or within `FITS` of it.
    """
    skill, gap = cell.find(SKILL), cell.find("overconfidence_gap")
    if skill is None or gap is None or not skill.low > 0.0:
        return False
    return abs(gap.estimate) <= FITS or gap.low <= 0.0 <= gap.high


def _key(cell: Cell) -> tuple[int, float]:
    """Order by skill, in three parts: confidence that tells something, that does not, no skill."""
    skill = _value(cell, SKILL)
    if math.isnan(skill):
        return 2, -_value(cell, "accuracy")
    return (0 if cell.tells_apart else 1), -skill


def _value(cell: Cell, metric: str) -> float:
    record = cell.find(metric)
    return record.estimate if record else math.nan


def _has_skill(cell: Cell) -> bool:
    return not math.isnan(_value(cell, SKILL))


def _sort_by_items(cells: Sequence[Cell]) -> tuple[dict[str, str], list[list[Cell]]]:
    """Return why runs have no letters, and the runs of each set of items."""
    why_not: dict[str, str] = {}
    classes: dict[str, list[Cell]] = {}
    for cell in cells:
        record = cell.find(SKILL)
        if not _has_skill(cell) and record is not None:
            why_not[cell.run] = record.reason
        if cell.aligned is not None:
            classes.setdefault(cell.aligned.digest, []).append(cell)
        else:
            why_not.setdefault(cell.run, NOT_NAMED)
    for members in classes.values():
        rated = [cell for cell in members if _has_skill(cell)]
        if len(rated) == 1:
            why_not[rated[0].run] = ALONE if len(members) == 1 else ALONE_RATED
    return why_not, list(classes.values())


def _compare(members: Sequence[Cell], level: float) -> list[SkillPair]:
    aligned = [cell.aligned for cell in members if cell.aligned is not None]
    return skill_pairs(
        [(one.confidence, one.correct) for one in aligned],
        cluster=aligned[0].cluster,
        level=level,
    )


def _adjust(flat: Sequence[tuple[Sequence[Cell], SkillPair]], level: float) -> list[Pairing]:
    skill = holm([pair.p_value for _, pair in flat]).tolist()
    accuracy = holm([pair.accuracy_p_value for _, pair in flat]).tolist()
    found = []
    for (members, pair), of_skill, of_accuracy in zip(flat, skill, accuracy, strict=True):
        a, b = members[pair.a].run, members[pair.b].run
        more = (b if pair.accuracy_difference > 0 else a) if of_accuracy <= 1.0 - level else None
        found.append(
            Pairing(
                a, b, pair.n, pair.difference, pair.low, pair.high, pair.p_value, of_skill,
                of_skill <= 1.0 - level, pair.reason, pair.accuracy_difference, of_accuracy, more,
            )
        )  # fmt: skip
    return found


def _more_accurate(cells: Sequence[Cell], pairs: Sequence[Pairing]) -> dict[str, set[str]]:
    """Return for each run the runs that are told apart from it as more accurate.

    Of pairs of the same items by their test, of others where the intervals do not meet.
    """
    more: dict[str, set[str]] = {cell.run: set() for cell in cells}
    tested = {frozenset((pair.a, pair.b)) for pair in pairs}
    for pair in pairs:
        if pair.more_accurate is not None:
            more[pair.a if pair.more_accurate == pair.b else pair.b].add(pair.more_accurate)
    for one, other in combinations(cells, 2):
        if frozenset((one.run, other.run)) in tested:
            continue
        ours, theirs = (cell.find("accuracy") for cell in (one, other))
        if ours and theirs and ours.high < theirs.low:
            more[one.run].add(other.run)
        if ours and theirs and theirs.high < ours.low:
            more[other.run].add(one.run)
    return more


def _place(by_skill: Sequence[Cell], after: Mapping[str, set[str]]) -> list[Cell]:
    """Order by skill, but each run after those that it must stand below."""
    left, order, placed = list(by_skill), list[Cell](), set[str]()
    while left:
        # The most accurate of those left waits for none of them.
        first = next(cell for cell in left if after[cell.run] <= placed)
        left.remove(first)
        order.append(first)
        placed.add(first.run)
    return order


def _letter(runs: Sequence[str], pairs: Sequence[Pairing]) -> dict[str, str]:
    """Return letters to the runs of the same items, in their order."""
    if len(runs) < 2:
        return {}
    place = {run: i for i, run in enumerate(runs)}
    apart = {
        (place[pair.a], place[pair.b])
        for pair in pairs
        if pair.told_apart and pair.a in place and pair.b in place
    }
    shown = group_letters(range(len(runs)), apart)
    return {run: _shorten(text) for run, text in zip(runs, shown, strict=True)}


def _detectable(pairs: Sequence[SkillPair], level: float) -> float:
    """Return what the test of a pair of median width would have seen, at the first step of Holm."""
    reaches = [(pair.high - pair.low) / 2.0 for pair in pairs if pair.standard_error > 0]
    if not reaches:
        return math.nan
    single = normal_quantile(level)
    first = normal_quantile(1.0 - (1.0 - level) / len(reaches))
    return (first + POWER_QUANTILE) / single * median(reaches)


def _shorten(letters: str) -> str:
    """Write a run of letters by its ends."""
    if len(letters) < 4 or "(" in letters:
        return letters
    places = [_LETTERS.index(letter) for letter in letters]
    parts, start = [], 0
    for i in range(1, len(places) + 1):
        if i == len(places) or places[i] != places[i - 1] + 1:
            part = letters[start:i]
            parts.append(part if len(part) < 4 else f"{part[0]}–{part[-1]}")
            start = i
    return "".join(parts)
