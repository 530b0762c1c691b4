"""Numbers of a reference that cannot get worse by their margin: in these the gate sees nothing.

A reference that states 1.00 everywhere has no confidence left to raise and no discrimination left
to lose. No number of items changes that.
"""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.comparison.pairs import TaskPair
from caopd_bench.gates.decide import limited_cells
from caopd_bench.gates.policy import Policy
from caopd_bench.gates.wording.places import rooms_of
from caopd_bench.gates.wording.room import NoRoom, describe_no_room

__all__ = ["NoRoom", "describe_no_room", "find_no_room"]


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
    return rooms_of(limited_cells(pairs, policy.only_gated(), only_limits=True), pairs)
