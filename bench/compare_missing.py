"""What the rows without a usable confidence could do to a comparison.

Two runs of one checkpoint lose about as many rows each, for reasons that are much the same in both.
What such rows would have stated is assumed to be like what the others state. A run that loses more
rows than the other chooses what it is compared on, so the excess is taken at its worst.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.counting import FloatArray
from caopd_bench.paired_rows import TaskPair

__all__ = ["Missing", "count_missing"]


@dataclass(frozen=True, slots=True)
class Missing:
    """Rows that lack a usable confidence in one run or both.

    Attributes
    ----------
    rows, both : int
        Rows of each run, and rows that both parse.
    silenced, voiced, neither : int
        Rows that only the base parses, only the candidate, and neither.
    highest, lowest : float
        Mean change of the Brier score over these rows, with each missing confidence at its worst
        for the candidate, and at its best; NaN if there are none.
    of_silenced, of_voiced : tuple of float
        (lowest, highest) mean change over the silenced rows and over the voiced ones.
    """

    rows: int
    both: int
    silenced: int
    voiced: int
    neither: int
    lowest: float
    highest: float
    of_silenced: tuple[float, float]
    of_voiced: tuple[float, float]

    @property
    def unparsed(self) -> int:
        """Rows that are not parsed in both."""
        return self.rows - self.both

    def could_turn(self, limit: float, *, for_better: bool) -> bool:
        """Say whether the excess of one run's missing rows could undo a change.

        Parameters
        ----------
        limit : float
            Limit nearest to 0 of the change on the rows that both parse: at most 0 if the candidate
            is better, at least 0 if it is worse.
        for_better : bool
            Whether the change is for the better.
        """
        excess = (self.silenced - self.voiced) / self.rows
        low, high = self.of_silenced if excess > 0.0 else self.of_voiced
        if math.isnan(low):
            return False
        shift = abs(excess) * (max(high, 0.0) if for_better else min(low, 0.0))
        total = limit * self.both / self.rows + shift
        return total >= 0.0 if for_better else total <= 0.0

    def tipping_point(self, limit: float) -> float:
        """Give the mean change of Brier on the rows not parsed in both that would undo a change.

        NaN if no confidence that they could have stated makes it so large.
        """
        if not self.unparsed:
            return math.nan
        needed = -limit * self.both / self.unparsed
        return needed if self.lowest <= needed <= self.highest else math.nan


def count_missing(pair: TaskPair) -> Missing:
    """Count the rows of a pair by who states a usable confidence, and bound what they change."""
    a, b = pair.base, pair.cand
    lost, found = a.parsed & ~b.parsed, ~a.parsed & b.parsed
    neither = ~a.parsed & ~b.parsed
    loss_a, loss_b = (
        np.where(side.parsed, (np.nan_to_num(side.confidence) - side.correct) ** 2, np.nan)
        for side in (a, b)
    )
    # A confidence that is not known costs between 0 and 1.
    low = np.nan_to_num(loss_b, nan=0.0) - np.nan_to_num(loss_a, nan=1.0)
    high = np.nan_to_num(loss_b, nan=1.0) - np.nan_to_num(loss_a, nan=0.0)
    either = lost | found | neither
    return Missing(
        rows=pair.n,
        both=int((a.parsed & b.parsed).sum()),
        silenced=int(lost.sum()),
        voiced=int(found.sum()),
        neither=int(neither.sum()),
        lowest=_mean(low, either),
        highest=_mean(high, either),
        of_silenced=(_mean(low, lost), _mean(high, lost)),
        of_voiced=(_mean(low, found), _mean(high, found)),
    )


def _mean(values: FloatArray, rows: NDArray[np.bool_]) -> float:
    return float(values[rows].mean()) if rows.any() else math.nan
