"""Judge claims: on which side of the expected value do the limits of a number lie?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

__all__ = ["EXPECT", "Judged", "Verdict", "find_closest", "judge", "overall"]

EXPECT = re.compile(r"(above|below|within) (-?\d+(?:\.\d+)?)")
Verdict = Literal["holds", "fails", "open"]


class Judged(NamedTuple):
    """The verdict on a claim at one place, with its numbers."""

    at: str
    estimate: float
    low: float
    high: float
    verdict: Verdict
    #: Why the verdict is open regardless of the limits; empty if the limits decide.
    unsure: str = ""


def judge(expect: str, low: float, high: float) -> Verdict:
    """Return whether the limits lie on the expected side, on the other side, or on both.

    Examples
    --------
    >>> judge("above 0", 0.1, 0.3), judge("above 0", -0.3, -0.1), judge("within 0.1", -0.2, 0.0)
    ('holds', 'fails', 'open')
    """
    match = EXPECT.fullmatch(expect)
    assert match is not None
    side, bound = match[1], float(match[2])
    if low != low or high != high:
        return "open"
    if side == "above":
        return "holds" if low > bound else "fails" if high <= bound else "open"
    if side == "below":
        return "holds" if high < bound else "fails" if low >= bound else "open"
    if -bound < low and high < bound:
        return "holds"
    return "fails" if low >= bound or high <= -bound else "open"


def overall(judged: Sequence[Judged]) -> Verdict:
    """Return the overall verdict: "fails" if any place fails, "holds" if all hold, else "open"."""
    verdicts = {one.verdict for one in judged}
    if "fails" in verdicts:
        return "fails"
    return "holds" if verdicts == {"holds"} else "open"


def find_closest(expect: str, judged: Sequence[Judged]) -> Judged:
    """Return the result whose limits come closest to the wrong side, which decides the claim."""
    side = expect.split()[0]
    if side == "above":
        return min(judged, key=lambda one: one.low)
    if side == "below":
        return max(judged, key=lambda one: one.high)
    return max(judged, key=lambda one: max(-one.low, one.high))
