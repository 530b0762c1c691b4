"""Order of the runs on a task: by Brier skill, but wrong answers and constants cannot win.

No metric of a single run achieves this. A run with constant confidence must stand below every run
whose confidence is informative. But if it gave wrong answers on purpose and stated 0 for them, its
confidence would become informative too, and it would beat its honest self. Therefore accuracy is
tested pair by pair, in addition to the skill.
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
#: A mean confidence this close to the accuracy is accepted even if the gap is significant.
FITS = 0.04
#: Normal quantile of the power (80 %) for which the detectable difference is computed.
POWER_QUANTILE = 0.8416


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two runs on a task: skill and accuracy of `b` minus those of `a`, over all answers.

    p-values are adjusted over all pairs of the task, separately for skill and accuracy. A missing
    p-value is NaN; for the skill, `reason` then tells why.
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
    """The standings of the runs on one task.

    Attributes
    ----------
    task : str
    order : Sequence of str
        The runs, highest Brier skill first, except for `placed_below` and `not_shown`. Runs
        without a skill come last, the most accurate of them first.
    letters : Mapping of str to str
        Letters of each compared run: the skills of two runs that share a letter do not differ
        significantly. If runs answered different sets of items, a number marks the set: "2a".
    why_not : Mapping of str to str
        Reason why a run has no letters.
    placed_below : Mapping of str to Sequence of str
        For a run with a higher skill than a run above it: the runs above it that are more accurate
        and whose confidence is sound (`holds`).
    not_shown : Sequence of str
        Runs that stand below one with a lower skill because their confidence does not demonstrably
        separate right answers from wrong ones.
    less_accurate : Mapping of str to Sequence of str
        For a run that is significantly less accurate than runs below it: these runs, in order.
    pairs : Sequence of Pairing
    detectable : float
        Difference in skill that the test of a pair with an interval of median width would detect
        with 80 % power; NaN without a pair.
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
        """Return the runs with a letter that answered the same items as `run`, including itself."""
        of_run = [{pair.a, pair.b} for pair in self.pairs if run in (pair.a, pair.b)]
        same = {run}.union(*of_run)
        return [one for one in self.order if one in same and one in self.letters]

    def alike(self) -> list[str]:
        """Return the first compared run and the runs whose skill is not significantly different."""
        first = next((run for run in self.order if run in self.letters), None)
        if first is None:
            return []
        # `pairs` holds runs with the same items; a pair without a p-value is not told apart either.
        alike = {first}
        for pair in self.pairs:
            if first in (pair.a, pair.b) and not pair.told_apart:
                alike |= {pair.a, pair.b}
        return [run for run in self.order if run in alike and run in self.letters]


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def rank(task: str, entries: Sequence[Entry], level: float = 0.95) -> Standing:
    """Return the standings of a task: the order of its runs, and the tests of all their pairs."""
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
    """Return whether the confidence of a run is sound.

    This requires a skill significantly above 0 and a mean confidence that matches the accuracy:
    either the gap is not significant, or it is at most `FITS`.
    """
    skill, gap = cell.find(SKILL), cell.find("overconfidence_gap")
    if skill is None or gap is None or not skill.low > 0.0:
        return False
    return abs(gap.estimate) <= FITS or gap.low <= 0.0 <= gap.high


def _key(cell: Cell) -> tuple[int, float]:
    """Return a sort key: runs with informative confidence by skill, other runs, then no skill."""
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
    """Return the reasons why runs have no letters, and the runs grouped by set of items."""
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
    """Return for each run the runs that are significantly more accurate.

    Runs with the same items are compared by their paired test; for others, the intervals of the
    accuracy must not overlap.
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
    """Return the runs ordered by skill, but each after the runs that it must stand below."""
    left, order, placed = list(by_skill), list[Cell](), set[str]()
    while left:
        # Such a run always exists: the most accurate of those left waits for no other.
        first = next(cell for cell in left if after[cell.run] <= placed)
        left.remove(first)
        order.append(first)
        placed.add(first.run)
    return order


def _letter(runs: Sequence[str], pairs: Sequence[Pairing]) -> dict[str, str]:
    """Return the letters of runs that answered the same items, in the given order."""
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
    """Return the difference detectable for a pair of median width at the first step of Holm."""
    reaches = [(pair.high - pair.low) / 2.0 for pair in pairs if pair.standard_error > 0]
    if not reaches:
        return math.nan
    single = normal_quantile(level)
    first = normal_quantile(1.0 - (1.0 - level) / len(reaches))
    return (first + POWER_QUANTILE) / single * median(reaches)


def _shorten(letters: str) -> str:
    """Return letters with each run of four or more shortened to its ends."""
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
