"""Counts: all that scoring needs of the rows of a task or group, whatever their number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from caopd_bench.metrics import Tally

__all__ = ["STATUSES", "Counts", "Missing", "Status", "sort_groups"]

Status = Literal[
    "ok",
    "no_confidence",
    "bad_confidence",
    "no_answer",
    "abstained",
    "unfinished",
    "api_error",
]
STATUSES: tuple[Status, ...] = get_args(Status)
#: What an unparsed confidence counts as in set metrics: left out, or 0 as in the official code.
Missing = Literal["drop", "zero"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Rows counted by status, outcome and stated confidence.

    Attributes
    ----------
    statuses : Mapping of str to int
        Rows of each status; one that is absent did not occur.
    right : int
        Right answers, of all rows.
    parsed : Tally or None
        The rows that state a usable confidence.
    filled : Tally
        All rows, a confidence that was not stated standing as 0.
    """

    statuses: Mapping[Status, int]
    right: int
    parsed: Tally | None
    filled: Tally

    @property
    def n(self) -> int:
        """All rows."""
        return sum(self.statuses.values())

    @property
    def n_parsed(self) -> int:
        """Rows that state a usable confidence."""
        return self.statuses.get("ok", 0)

    def tally(self, missing: Missing = "drop") -> Tally | None:
        """Give the rows of the set metrics under a rule for missing confidences."""
        return self.filled if missing == "zero" else self.parsed


def sort_groups(groups: Mapping[object, T]) -> dict[object, T]:
    """Order groups by value: as numbers if all of them are, else as text."""
    is_number = all(isinstance(value, (int, float)) for value in groups)
    return dict(sorted(groups.items(), key=lambda item: item[0] if is_number else str(item[0])))  # type: ignore[arg-type,return-value]
