"""Whether bare numbers among confidences are marks on a scale that nobody named.

A bare 1 is certainty on a scale from 0 to 1, and the lowest of five marks; a bare 10 is a tenth of
a hundred, and the highest of ten. Where numbers from 2 to 9 are common, or more than what is clear,
neither is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from caopd_bench.tasks.read.confidence import read_confidence
from caopd_bench.tasks.read.rules import SCALES

__all__ = ["ENDS", "Unclear", "bare_number", "find_unclear", "is_many", "scale_of"]

#: Fewer rows, or a smaller share of them, are slips of the model, and no note.
FEWEST, LEAST_SHARE = 3, 0.05
#: The ends of scales, which have a meaning on others too.
ENDS = (1, 10)
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
_NOT_BARE = re.compile(r"%|/|percent|pct|out of", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unclear:
    """Marks on an unknown scale: how many are from 2 to 9, how many 1 or 10, and the highest."""

    marks: int
    ends: int
    highest: int
    stated: int

    def has(self, stated: str | None) -> bool:
        """Return whether a statement is a bare 1 or 10, which then says nothing."""
        return bare_number(stated) in ENDS


def is_many(count: int, total: int) -> bool:
    """Return whether so many of all are worth a note: all, or at least 3 and 5 %.

    Examples
    --------
    >>> is_many(3, 60), is_many(3, 61), is_many(2, 10), is_many(1, 1)
    (True, False, False, True)
    """
    return count > 0 and (count == total or (count >= FEWEST and count >= LEAST_SHARE * total))


def bare_number(stated: str | None) -> int | None:
    """Return the whole number that a statement consists of, without percent sign or scale.

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
    """Return the scale by which the confidences of a task were read, from its provenance.

    Examples
    --------
    >>> scale_of({"reading": {"scale": 5}}), scale_of({})
    (5, None)
    """
    scale = (settings.get("reading") or {}).get("scale")
    return scale if scale in SCALES else None


def find_unclear(stated: Sequence[str | None], scale: int | None) -> Unclear | None:
    """Look at the confidences of a log together.

    Parameters
    ----------
    stated : sequence of str or None
        As they were written.
    scale : int or None
        Of the rules: if it is known, nothing is unclear.

    Returns
    -------
    Unclear or None
        If bare numbers from 2 to 9 are many, or more than the confidences that are clear: decimals,
        percentages and numbers above 10. So two 9 are enough where all others are 10.

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
