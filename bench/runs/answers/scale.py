"""Detect bare numbers among confidences that may be marks on an unspecified scale.

A bare 1 is certainty on a scale from 0 to 1, but the lowest of five marks; a bare 10 is 10 percent,
but the highest of ten marks. If numbers from 2 to 9 are common, or outnumber the unambiguous
confidences, neither is read as a confidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from caopd_bench.tasks.read.confidence import read_confidence
from caopd_bench.tasks.read.rules import SCALES

__all__ = ["ENDS", "Unclear", "bare_number", "find_unclear", "is_many", "scale_of"]

#: Fewer rows than this, or a smaller share, count as slips of the model and get no note.
FEWEST, LEAST_SHARE = 3, 0.05
#: Ends of scales that also have a meaning on other scales.
ENDS = (1, 10)
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
_NOT_BARE = re.compile(r"%|/|percent|pct|out of", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unclear:
    """Marks on an unknown scale: the number from 2 to 9, the number of 1 or 10, and the highest."""

    marks: int
    ends: int
    highest: int
    stated: int

    def has(self, stated: str | None) -> bool:
        """Return whether a statement is a bare 1 or 10, which is ambiguous on an unknown scale."""
        return bare_number(stated) in ENDS


def is_many(count: int, total: int) -> bool:
    """Return whether a count deserves a note: all of them, or at least 3 and at least 5 %.

    Examples
    --------
    >>> is_many(3, 60), is_many(3, 61), is_many(2, 10), is_many(1, 1)
    (True, False, False, True)
    """
    return count > 0 and (count == total or (count >= FEWEST and count >= LEAST_SHARE * total))


def bare_number(stated: str | None) -> int | None:
    """Return the integer if a statement is just an integer, without percent sign or scale.

    Examples
    --------
    >>> [bare_number(text) for text in ("7", "**10**", "1.0", "10%", "8/10", "about 4 (sure)")]
    [7, 10, None, None, None, 4]
    """
    if stated is None or _NOT_BARE.search(stated[:300]):
        return None
    numbers = _NUMBER.findall(stated[:300])
    return int(numbers[0]) if len(numbers) == 1 and numbers[0].isdigit() else None


def scale_of(settings: Mapping[str, Any]) -> int | None:
    """Return the scale on which a task's confidences were read, from its provenance.

    Examples
    --------
    >>> scale_of({"reading": {"scale": 5}}), scale_of({})
    (5, None)
    """
    scale = (settings.get("reading") or {}).get("scale")
    return scale if scale in SCALES else None


def find_unclear(stated: Sequence[str | None], scale: int | None) -> Unclear | None:
    """Examine the confidences of a log together for marks on an unknown scale.

    Parameters
    ----------
    stated : sequence of str or None
        The confidences as written.
    scale : int or None
        The scale from the rules; if it is known, nothing is unclear.

    Returns
    -------
    Unclear or None
        Not None if there are many bare numbers from 2 to 9, or more than unambiguous confidences:
        decimals, percentages and numbers above 10. So two 9s are enough if all others are 10.

    Examples
    --------
    >>> find_unclear(["10"] * 98 + ["9"] * 2, None).ends
    98
    >>> find_unclear(["1"] * 50 + ["0.9"] * 50 + ["9"] * 3, None) is None
    True
    """
    if scale is not None:
        return None
    given = [text for text in stated if text is not None and text.strip()]
    numbers = [number for text in given if (number := bare_number(text)) is not None]
    marks = sum(2 <= number <= 9 for number in numbers)
    ends = sum(number in ENDS for number in numbers)
    if not marks or (marks < FEWEST and not ends):
        return None
    if marks < FEWEST or not is_many(marks, len(given)):
        clear = sum(
            bare_number(text) not in ENDS and read_confidence(text).value is not None
            for text in given
        )
        if marks <= clear:
            return None
    return Unclear(marks, ends, max(numbers), len(given))
