"""Items on which two runs part: only one is right, or both are sure and one is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from caopd_bench.report.samples import SURE
from caopd_bench.runs.run import Row

__all__ = ["ItemPair", "pick_pairs"]

Part = Literal["only base right", "only cand right", "both sure, one wrong"]
#: Items of each part that are shown.
SHOWN = 10


@dataclass(frozen=True, slots=True)
class ItemPair:
    """One item and what the two made of it; `total` is how many there are of its part."""

    part: Part
    base: Row
    cand: Row
    total: int


def pick_pairs(base: Sequence[Row], cand: Sequence[Row], shown: int = SHOWN) -> list[ItemPair]:
    """Give the first items of each part, those with the widest difference of confidence first.

    An item where both are sure and one is wrong is of that part only.
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
