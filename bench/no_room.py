"""Numbers of a reference that cannot get worse by their margin: in these the gate sees nothing.

A reference that states 1.00 everywhere has no confidence left to raise and no discrimination left
to lose. No number of items changes that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from caopd_bench.gate_policy import Policy
from caopd_bench.gate_table import label_of
from caopd_bench.gating import limited_cells
from caopd_bench.paired_rows import TaskPair
from caopd_bench.terminal import NAME_WIDTH, inline

__all__ = ["NoRoom", "describe_no_room", "find_no_room"]

#: AUROC of a confidence that says nothing.
NOTHING = 0.5
#: Best and worst are sums of many terms.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class NoRoom:
    """A gated number that is already within its margin of the worst.

    Attributes
    ----------
    task, metric : str
    value : float
        The reference's; of the overconfidence gap, its mean confidence.
    worst : float
        What `value` cannot pass: 1 for a confidence, 0 for strict AUROC, and for AUROC the .5 of a
        confidence that says nothing.
    margin : float
    """

    task: str
    metric: str
    value: float
    worst: float
    margin: float


def find_no_room(pairs: Sequence[TaskPair], policy: Policy) -> list[NoRoom]:
    """Find the numbers in which a candidate may lose all that there is and stay within its margin.

    Parameters
    ----------
    pairs : Sequence of TaskPair
        The reference on both sides.
    policy : Policy

    Returns
    -------
    list of NoRoom
        Of whole tasks; numbers that cannot be computed are not among them.
    """
    found = []
    stated = {pair.task: pair.base.confidence[pair.base.parsed] for pair in pairs}
    for place, one in limited_cells(pairs, policy.only_gated(), only_limits=True).items():
        if place.rule != "margin" or place.group is not None or one.numbers.reason:
            continue
        value, worst = one.numbers.reference, None
        if place.metric == "confidence_when_wrong":
            worst = 1.0
        elif place.metric == "overconfidence_gap" and stated[place.task].size:
            value, worst = float(stated[place.task].mean()), 1.0
        elif place.metric in ("auroc", "strict_auroc"):
            worst = NOTHING if place.metric == "auroc" else 0.0
        if worst is None:
            continue
        room = worst - value if worst == 1.0 else value - worst
        if room < one.limit - ROUNDING:
            found.append(NoRoom(place.task, place.metric, value, worst, one.limit))
    return found


def describe_no_room(found: Sequence[NoRoom], tasks: int) -> list[str]:
    """Say it, a line for each number; with the task where a policy has several.

    Examples
    --------
    >>> describe_no_room([NoRoom("t", "confidence_when_wrong", 0.98, 1.0, 0.05)], 1)
    ['confidence when wrong is 0.980 in the reference, so it cannot rise by its margin of 0.05']
    """
    return [
        f"{inline(one.task, NAME_WIDTH) + ': ' if tasks > 1 else ''}{_describe(one)}"
        for one in found
    ]


def _describe(one: NoRoom) -> str:
    name, value = label_of(one.metric), f"{one.value:.3f}"
    if one.metric == "overconfidence_gap":
        return (
            f"the mean confidence is {value} in the reference, so at the same accuracy the {name} "
            f"cannot rise by its margin of {one.margin:g}"
        )
    if one.metric == "auroc":
        return (
            f"{name} is {value} in the reference, so to fall to the {NOTHING:g} of a confidence "
            f"that says nothing is within its margin of {one.margin:g}"
        )
    verb = "rise" if one.worst == 1.0 else "fall"
    return (
        f"{name} is {value} in the reference, so it cannot {verb} by its margin of {one.margin:g}"
    )
