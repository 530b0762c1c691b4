"""Sentences on numbers of a reference that cannot get worse by their margin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.gates.ranges import range_of, worst_of
from caopd_bench.gates.wording.words import label_of

__all__ = ["NoRoom", "describe_no_room", "judge_room"]

#: AUROC of an uninformative confidence.
NOTHING = 0.5
#: Metrics for which `NoRoom.is_hard` is false.
SOFT = ("auroc", "overconfidence_gap")
#: Tolerance, since the best and worst values are sums of many terms.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class NoRoom:
    """A gated number that is already within its margin of the worst.

    `is_hard` is false if the number can still get worse in another way: AUROC below .5, or the gap
    through worse answers.

    Attributes
    ----------
    task, metric : str
    value : float
        The reference's value; for the overconfidence gap, its mean confidence.
    worst : float
        The bound of `value`: the end of the metric's range; for AUROC the .5 of an uninformative
        confidence.
    margin : float
    """

    task: str
    metric: str
    value: float
    worst: float
    margin: float

    @property
    def is_hard(self) -> bool:
        """Whether the limit can never fail, whatever the candidate."""
        return self.metric not in SOFT


def judge_room(
    task: str, metric: str, value: float, margin: float, stated: float = math.nan
) -> NoRoom | None:
    """Return whether a number of a reference has no room to get worse by more than its margin.

    Parameters
    ----------
    task, metric : str
    value : float
        The reference's value; for NaN the room is unknown.
    margin : float
    stated : float
        The reference's mean confidence, for the gap.

    Returns
    -------
    NoRoom or None

    Examples
    --------
    >>> judge_room("t", "brier", 0.3, 0.75)
    NoRoom(task='t', metric='brier', value=0.3, worst=1.0, margin=0.75)
    >>> judge_room("t", "brier", 0.3, 0.04) is None
    True
    """
    worst = worst_of(metric)
    rises = worst == range_of(metric)[1]
    is_soft = metric in SOFT
    if metric == "overconfidence_gap":
        value = stated
    elif metric == "auroc":
        worst = NOTHING
    room = worst - value if rises else value - worst
    # A FAIL requires more than the margin.
    has_none = room < margin - ROUNDING if is_soft else room <= margin + ROUNDING
    return NoRoom(task, metric, value, worst, margin) if has_none else None


def describe_no_room(found: Sequence[NoRoom], tasks: int) -> list[str]:
    """Describe each number in a line, with the task if the policy has several.

    Examples
    --------
    >>> describe_no_room([NoRoom("t", "brier", 0.3, 1.0, 0.75)], 1)[0][:64]
    'this limit cannot fail: Brier is 0.300 in the reference, so it c'
    >>> describe_no_room([NoRoom("t", "brier", 0.3, 1.0, 0.75)], 1)[0][64:]
    'annot rise by more than its margin of 0.75'
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
            f"{name} is {value} in the reference, so even a fall to {NOTHING:g}, the value of an "
            f"uninformative confidence, is within its margin of {one.margin:g}"
        )
    verb = "rise" if one.worst == range_of(one.metric)[1] else "fall"
    return (
        f"this limit cannot fail: {name} is {value} in the reference, so it cannot {verb} by more "
        f"than its margin of {one.margin:g}"
    )
