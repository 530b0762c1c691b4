"""Who is better on a task: Brier scores of every pair, under Holm; letters in place of ranks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from caopd_bench.metrics import BrierPair, brier_pairs, group_letters, holm
from caopd_bench.metrics.closed_form import normal_quantile
from caopd_bench.report.entries import Cell, Entry

__all__ = ["Pairing", "Standing", "rank"]

NOT_NAMED = "its rows have no names to be paired by"
ALONE = "no other run answered the same items"
NO_BRIER = "no usable confidence"
#: The chance with which a difference as large as the one named would have been seen, as a quantile.
POWER_QUANTILE = 0.8416


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two runs on a task: the Brier score of `b` minus that of `a`, on what both state."""

    a: str
    b: str
    n: int
    difference: float
    low: float
    high: float
    p_value: float
    adjusted: float
    told_apart: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """One task.

    Attributes
    ----------
    task : str
    order : Sequence of str
        The runs, lowest Brier score first; those without one last.
    letters : Mapping of str to str
        Of each run that was compared: two that share a letter were not told apart. Runs that
        answered other items have letters behind another number: "2a".
    why_not : Mapping of str to str
        Why a run has none.
    pairs : Sequence of Pairing
        p-values adjusted over all of them.
    detectable : float
        The difference of Brier scores that a test of a middling pair would have seen four times
        of five; NaN without a pair.
    level : float
    """

    task: str
    order: Sequence[str]
    letters: Mapping[str, str]
    why_not: Mapping[str, str]
    pairs: Sequence[Pairing]
    detectable: float
    level: float

    def leaders(self) -> list[str]:
        """Give the runs that were not told apart from the best of those compared with it."""
        first = next((run for run in self.order if run in self.letters), None)
        if first is None:
            return []
        # Of pairs that could be tested: a pair without a p-value was not told apart either.
        alike = {first}
        for pair in self.pairs:
            if first in (pair.a, pair.b) and not pair.told_apart:
                alike |= {pair.a, pair.b}
        return [run for run in self.order if run in alike]


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def rank(task: str, entries: Sequence[Entry], level: float = 0.95) -> Standing:
    """Compare all runs of a task by the Brier score."""
    cells = [entry.cells[task] for entry in entries if task in entry.cells]
    order = sorted(range(len(cells)), key=lambda i: (_brier(cells[i]), i))
    runs = [cells[i].run for i in order]
    why_not: dict[str, str] = {}
    classes: dict[str, list[Cell]] = {}
    for i in order:
        cell = cells[i]
        if cell.aligned is None:
            why_not[cell.run] = NOT_NAMED
        elif not cell.n_parsed:
            why_not[cell.run] = NO_BRIER
        else:
            classes.setdefault(cell.aligned.digest, []).append(cell)
    compared = [members for members in classes.values() if len(members) > 1]
    for members in classes.values():
        if len(members) == 1:
            why_not[members[0].run] = ALONE
    raw = [(members, _compare(members, level)) for members in compared]
    flat = [pair for _, pairs in raw for pair in pairs]
    adjusted = iter(holm([pair.p_value for pair in flat]).tolist())
    pairings: list[Pairing] = []
    letters: dict[str, str] = {}
    for number, (members, pairs) in enumerate(raw, 1):
        apart = set()
        for pair in pairs:
            p_value = next(adjusted)
            is_apart = p_value <= 1.0 - level
            apart |= {(pair.a, pair.b)} if is_apart else set()
            pairings.append(
                Pairing(
                    members[pair.a].run, members[pair.b].run, pair.n, pair.difference,
                    pair.low, pair.high, pair.p_value, p_value, is_apart,
                )
            )  # fmt: skip
        shown = group_letters(range(len(members)), apart)
        prefix = f"{number}" if len(raw) > 1 else ""
        letters |= {
            cell.run: prefix + _shorten(text) for cell, text in zip(members, shown, strict=True)
        }
    return Standing(task, runs, letters, why_not, pairings, _detectable(flat, level), level)


def _brier(cell: Cell) -> float:
    record = cell.find("brier")
    return record.estimate if record and not math.isnan(record.estimate) else math.inf


def _compare(members: Sequence[Cell], level: float) -> list[BrierPair]:
    aligned = [cell.aligned for cell in members if cell.aligned is not None]
    return brier_pairs(
        [(one.confidence, one.correct) for one in aligned],
        cluster=aligned[0].cluster,
        level=level,
    )


def _detectable(pairs: Sequence[BrierPair], level: float) -> float:
    """Give what the test of a middling pair would have seen, at the first step of Holm.

    With one pair the number that `compare` says.
    """
    reaches = [(pair.high - pair.low) / 2.0 for pair in pairs if pair.standard_error > 0]
    if not reaches:
        return math.nan
    single = normal_quantile(level)
    first = normal_quantile(1.0 - (1.0 - level) / len(pairs))
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
