"""The numbers that a policy limits, and their outcomes in a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from caopd_bench.comparison.pairs import TaskPair
from caopd_bench.gates.cells import Numbers
from caopd_bench.gates.ranges import range_of
from caopd_bench.gates.result import GateCell
from caopd_bench.gates.wording.room import NoRoom, judge_room
from caopd_bench.metrics.comparison.decide import Cell, CellVerdict
from caopd_bench.runs.confidence_of import STATED, Wording

__all__ = ["Made", "Place", "finish", "rooms_of"]


class Place(NamedTuple):
    """The place of a number in a policy."""

    task: str
    group: str | None
    metric: str
    rule: str


class Made(NamedTuple):
    """A number's values together with its limits."""

    numbers: Numbers
    limit: float
    tier: str

    def cell(self, rule: str) -> Cell:
        """Return the values that the verdict needs."""
        n = self.numbers
        margin = self.limit if rule == "margin" else 0.0
        return Cell(
            n.worse_by,
            n.upper,
            n.p_value,
            n.standard_error,
            margin,
            n.items,
            extra=n.extra,
            excess=n.excess,
            least_items=n.least_items,
        )


def rooms_of(made: Mapping[Place, Made], pairs: Sequence[TaskPair]) -> list[NoRoom]:
    """Find the gated numbers of whole tasks that cannot get worse by more than their margin.

    Those that cannot be computed are not among them.
    """
    stated = {pair.task: pair.base.confidence[pair.base.parsed] for pair in pairs}
    found = [
        judge_room(
            place.task,
            place.metric,
            one.numbers.reference,
            one.limit,
            float(stated[place.task].mean()) if stated[place.task].size else math.nan,
        )
        for place, one in made.items()
        if place.rule == "margin"
        and place.group is None
        and one.tier == "gate"
        and math.isfinite(one.numbers.upper)
    ]
    return [one for one in found if one is not None]


def finish(
    place: Place,
    one: Made,
    said: CellVerdict,
    rerun: Mapping[tuple[str, str], tuple[float, int]],
    lost: str,
    wording: Wording = STATED,
) -> GateCell:
    """Return a number with its outcome.

    `rerun` holds the noise of a rerun, standard error and items, by task and metric; `lost` says
    how many confidences the candidate no longer has, if that is beyond chance.
    """
    n = one.numbers
    reason = wording.reword(n.reason)
    if not reason and not math.isfinite(n.upper):
        reason = "its limit is undefined"
    noise = math.nan
    if place.group is None and place.rule == "margin" and (place.task, place.metric) in rerun:
        error, items = rerun[place.task, place.metric]
        noise = error * math.sqrt(items / n.items)
    return GateCell(
        task=place.task,
        group=place.group,
        metric=place.metric,
        rule=place.rule,
        limit=one.limit,
        tier=one.tier,
        outcome=said.outcome,
        reference=n.reference,
        candidate=n.candidate,
        worse_by=n.worse_by,
        upper=n.upper,
        p_value=n.p_value,
        adjusted=said.adjusted,
        standard_error=n.standard_error,
        items=n.items,
        items_needed=said.items_needed,
        reason=reason,
        rerun_error=noise,
        clusters=n.clusters,
        undecidable=reason or _why_undecidable(place, one, said, lost),
    )


def _why_undecidable(place: Place, one: Made, said: CellVerdict, lost: str) -> str:
    """Return whether missing confidences could move an open number to either side of its limit."""
    n, low_high = one.numbers, range_of(place.metric)
    if said.outcome != "INCONCLUSIVE" or not lost or n.excess <= 0.0:
        return ""
    from_limit = abs(n.worse_by - one.cell(place.rule).margin)
    # If a number is unbounded, missing confidences could have given it any value.
    if from_limit > n.excess and all(map(math.isfinite, low_high)):
        return ""
    return f"{lost}, and the missing confidences could move it to either side of its limit"
