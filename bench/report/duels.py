"""Pairs of runs, compared item by item, and examples of the items on which they differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from caopd_bench.comparison.compare import compare
from caopd_bench.comparison.one_task import TaskComparison
from caopd_bench.core.errors import UsageError
from caopd_bench.core.process.progress import track
from caopd_bench.report.entries import Entry
from caopd_bench.report.samples import SURE
from caopd_bench.runs.flat.read import Columns
from caopd_bench.runs.read import read_runs
from caopd_bench.runs.run import AnyRun, Row, Run, main_tasks

__all__ = [
    "FEW", "Duel", "ItemPair", "check_pairs", "default_pairs", "make_duels", "pick_pairs",
    "read_again",
]  # fmt: skip

#: With at most this many runs, pairs are compared by default.
FEW = 5

Part = Literal["only base right", "only cand right", "both sure, one wrong"]
#: Maximum number of items shown for each kind of difference.
SHOWN = 10


@dataclass(frozen=True, slots=True)
class ItemPair:
    """One item with both runs' rows; `total` counts all items with this kind of difference."""

    part: Part
    base: Row
    cand: Row
    total: int


@dataclass(frozen=True, slots=True)
class Duel:
    """The comparison of two runs on one task, item by item.

    Attributes
    ----------
    base, cand, task : str
    found : TaskComparison or None
        None if the runs cannot be compared; `reason` tells why.
    items : Sequence of ItemPair
        Items that only one run got right, or on which both are sure and one is wrong.
    reason : str
    """

    base: str
    cand: str
    task: str
    found: TaskComparison | None
    items: Sequence[ItemPair]
    reason: str = ""


def check_pairs(
    pairs: Sequence[tuple[str, str]], entries: Sequence[Entry]
) -> list[tuple[Entry, Entry]]:
    """Return the pairs of runs that the user named, or raise UsageError for a wrong name."""
    named = {entry.name: entry for entry in entries}
    for pair in pairs:
        for name in pair:
            if name not in named:
                raise UsageError(
                    f"--compare: no run is called {name!r}; the runs are {', '.join(named)}"
                )
        if pair[0] == pair[1]:
            raise UsageError(f"--compare {pair[0]} {pair[1]}: give two runs")
    return [(named[a], named[b]) for a, b in pairs]


def default_pairs(entries: Sequence[Entry]) -> list[tuple[Entry, Entry]]:
    """Return the last two runs (the candidates) and the first with each other, for up to `FEW`."""
    if len(entries) > FEW:
        return []
    pairs = [(entries[0], other) for other in entries[1:]]
    return [(entries[-2], entries[-1]), *pairs] if len(entries) > 2 else pairs


def make_duels(
    pairs: Sequence[tuple[Entry, Entry]], level: float, columns: Columns | None
) -> list[Duel]:
    """Compare pairs of runs, reading each again, since the report keeps no rows."""
    duels: list[Duel] = []
    read: dict[str, AnyRun] = {}
    for base, cand in track(pairs, "comparing item by item", "pairs", len(pairs)):
        for entry in (base, cand):
            if entry.name not in read:
                read[entry.name] = read_again(entry, columns)
        shared = [task for task in base.cells if task in cand.cells]
        shared = main_tasks(shared)
        for task in shared:
            duels.append(_duel(read[base.name], read[cand.name], task, level))
    return duels


def read_again(entry: Entry, columns: Columns | None = None) -> AnyRun:
    """Read a run with its rows again, under its name on the page."""
    return replace(read_runs([entry.spec], columns)[0], name=entry.name)


def _duel(base: AnyRun, cand: AnyRun, task: str, level: float) -> Duel:
    try:
        (found,) = compare(base, cand, task=task, level=level)
    except UsageError as error:
        return Duel(base.name, cand.name, task, None, (), str(error))
    assert isinstance(base, Run)
    assert isinstance(cand, Run)
    items = pick_pairs(base.task_rows(task), cand.task_rows(task))
    return Duel(base.name, cand.name, task, found, items)


def pick_pairs(base: Sequence[Row], cand: Sequence[Row], shown: int = SHOWN) -> list[ItemPair]:
    """Return items for each kind of difference, largest difference in confidence first.

    An item on which both are sure and one is wrong is listed under that kind only.
    """
    mates = {(row.item_hash, row.sample): row for row in cand}
    parts: dict[Part, list[tuple[Row, Row]]] = {
        "only base right": [],
        "only cand right": [],
        "both sure, one wrong": [],
    }
    for row in base:
        mate = mates.get((row.item_hash, row.sample))
        if mate is None or row.correct == mate.correct:
            continue
        if _is_sure(row) and _is_sure(mate):
            parts["both sure, one wrong"].append((row, mate))
        elif row.correct:
            parts["only base right"].append((row, mate))
        else:
            parts["only cand right"].append((row, mate))
    return [
        ItemPair(part, one, other, len(found))
        for part, found in parts.items()
        for one, other in _widest(found)[:shown]
    ]


def _is_sure(row: Row) -> bool:
    return row.confidence is not None and row.confidence >= SURE


def _widest(found: Iterable[tuple[Row, Row]]) -> list[tuple[Row, Row]]:
    def key(pair: tuple[Row, Row]) -> tuple[float, str, int]:
        ours, theirs = pair[0].confidence, pair[1].confidence
        apart = -1.0 if ours is None or theirs is None else abs(ours - theirs)
        return -apart, pair[0].item_hash, pair[0].sample

    return sorted(found, key=key)
