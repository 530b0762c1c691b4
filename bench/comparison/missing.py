"""The possible effect of rows without a usable confidence on a comparison.

Two runs of one checkpoint lose about the same number of rows, for much the same reasons, so their
missing confidences are assumed to be like the others. A run that loses more rows than the other
selects the rows that it is compared on. So the excess is taken at its worst: each number is
computed again with that many missing rows stating the worst possible values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from caopd_bench.comparison.pairs import TaskPair
from caopd_bench.metrics import METRICS, tally
from caopd_bench.metrics.rows.counting import FloatArray

__all__ = ["BOUNDED", "Missing", "count_missing"]

#: Numbers that decide a verdict. "fit" is MCB - DSC, which is Brier - UNC; "own" the Brier score
#: of the rows whose correctness did not change.
BOUNDED = ("miscalibration", "fit", "auroc", "confidence_when_wrong", "own")


@dataclass(frozen=True, slots=True)
class Missing:
    """Rows that lack a usable confidence in one run or both.

    Attributes
    ----------
    rows, both : int
        Rows of each run, and rows that both parse.
    silenced, voiced, neither : int
        Rows that only the base parses, only the candidate, and neither.
    lowest, highest : float
        Mean change of the Brier score over these rows, with each missing confidence at its best
        for the candidate, and at its worst; NaN if there are none.
    against, in_favour : Mapping of str to float
        For each number in `BOUNDED`, the amount added to its change if the excess missing rows of
        one run stated the worst values for the candidate, and the best. 0 without an excess; NaN
        where the number is undefined.
    """

    rows: int
    both: int
    silenced: int
    voiced: int
    neither: int
    lowest: float
    highest: float
    against: Mapping[str, float] = field(default_factory=dict)
    in_favour: Mapping[str, float] = field(default_factory=dict)

    @property
    def unparsed(self) -> int:
        """Rows that are not parsed in both."""
        return self.rows - self.both

    @property
    def excess(self) -> int:
        """Number of rows that the candidate lacks beyond the base."""
        return self.silenced - self.voiced

    def tipping_point(self, limit: float) -> float:
        """Return the mean Brier change on the rows not parsed in both that would cancel a change.

        NaN if no confidences in these rows could make it that large.
        """
        if not self.unparsed:
            return math.nan
        needed = -limit * self.both / self.unparsed
        return needed if self.lowest <= needed <= self.highest else math.nan


def count_missing(pair: TaskPair) -> Missing:
    """Count the rows of a pair by which run has a usable confidence, and bound their effect."""
    a, b = pair.base, pair.cand
    lost, found = a.parsed & ~b.parsed, ~a.parsed & b.parsed
    neither = ~a.parsed & ~b.parsed
    loss_a, loss_b = (
        np.where(side.parsed, (np.nan_to_num(side.confidence) - side.correct) ** 2, np.nan)
        for side in (a, b)
    )
    # An unknown confidence has a Brier score between 0 and 1.
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
        against=_shifts(pair, lost, found, worst=True),
        in_favour=_shifts(pair, lost, found, worst=False),
    )


def _shifts(
    pair: TaskPair, lost: NDArray[np.bool_], found: NDArray[np.bool_], *, worst: bool
) -> dict[str, float]:
    """Compute each number with the excess missing rows at an extreme."""
    a, b = pair.base, pair.cand
    both = a.parsed & b.parsed
    excess = int(lost.sum()) - int(found.sum())
    if not excess or not both.any():
        return dict.fromkeys(BOUNDED, 0.0 if not excess else math.nan)
    extra = lost if excess > 0 else found
    rows = both | extra
    weights = np.where(extra, abs(excess) / extra.sum(), 1.0)
    silent = b if excess > 0 else a
    # The worst case for the candidate: its missing rows state the wrong extreme, those of the
    # base the right one.
    filled = 1.0 - silent.correct if worst == (excess > 0) else silent.correct
    stated_a = np.where(extra, filled, a.confidence) if excess < 0 else a.confidence
    stated_b = np.where(extra, filled, b.confidence) if excess > 0 else b.confidence
    same = a.correct == b.correct
    before = [_numbers(x.confidence, x.correct, both, np.ones(pair.n), same) for x in (a, b)]
    after = [
        _numbers(stated, x.correct, rows, weights, same)
        for stated, x in ((stated_a, a), (stated_b, b))
    ]
    return {
        name: (after[1][name] - after[0][name]) - (before[1][name] - before[0][name])
        for name in BOUNDED
    }


def _numbers(
    stated: FloatArray,
    correct: FloatArray,
    rows: NDArray[np.bool_],
    weights: FloatArray,
    same: NDArray[np.bool_],
) -> dict[str, float]:
    """Compute each number of one run on some rows, weighted."""
    of = tally(stated[rows], correct[rows], weights=weights[rows])
    alike = rows & same
    of_alike = tally(stated[alike], correct[alike], weights=weights[alike]) if alike.any() else None
    plain = ("miscalibration", "auroc", "confidence_when_wrong")
    value = {name: METRICS[name].function(of) for name in plain}
    brier = METRICS["brier"].function
    return {
        **value,
        "fit": brier(of) - METRICS["uncertainty"].function(of),
        "own": brier(of_alike) if of_alike is not None else math.nan,
    }


def _mean(values: FloatArray, rows: NDArray[np.bool_]) -> float:
    return float(values[rows].mean()) if rows.any() else math.nan
