"""The components of a change, on the rows that both runs parse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caopd_bench.comparison.pairs import TaskPair
from caopd_bench.metrics import (
    BrierChange,
    Change,
    GapChange,
    brier_change,
    cross_recalibrate,
    gap_change,
)
from caopd_bench.metrics import compare as compare_rows

__all__ = ["Parts", "split_change"]

FOLDS = 5  # folds of the recalibration


@dataclass(frozen=True, slots=True)
class Parts:
    """The components of a change, on the rows that both runs parse.

    Attributes
    ----------
    gap : GapChange
    brier : BrierChange
    auroc : Change
    constant : float or None
        The single value that the candidate states, if the base states several.
    same_answers : Change or None
        Change of the Brier score on the rows whose correctness did not change, which isolates the
        effect of the confidence. None if there are no such rows.
    same_answers_auroc : Change or None
        Change of AUROC on those rows.
    right_in_both, wrong_in_both : Change or None
        Change of the mean confidence on those rows; None if there are none.
    recalibrated : BrierChange or None
        Change after cross-fitted isotonic recalibration of both runs, which no monotone map can
        explain. None with fewer than ten items.
    """

    gap: GapChange
    brier: BrierChange
    auroc: Change
    constant: float | None
    same_answers: Change | None
    same_answers_auroc: Change | None
    right_in_both: Change | None
    wrong_in_both: Change | None
    recalibrated: BrierChange | None

    @property
    def base_gap(self) -> float:
        """Mean confidence minus accuracy of the base."""
        return self.gap.confidence.a - self.gap.accuracy.a

    @property
    def cand_gap(self) -> float:
        """Mean confidence minus accuracy of the candidate."""
        return self.gap.confidence.b - self.gap.accuracy.b


def split_change(both: TaskPair, level: float, *, brief: bool = False) -> Parts:
    """Split the change between two runs into components, on the rows that both parse.

    `brief` leaves out the recalibration, which no sentence uses.
    """
    a, b, cluster = both.base, both.cand, both.cluster
    rows = (a.confidence, a.correct), (b.confidence, b.correct)
    stated = np.unique(b.confidence)
    is_constant = stated.size == 1 < np.unique(a.confidence).size
    return Parts(
        gap=gap_change(*rows, cluster=cluster, level=level),
        brier=brier_change(*rows, cluster=cluster, level=level),
        auroc=compare_rows(*rows, cluster=cluster, metrics=["auroc"], level=level)["auroc"],
        constant=float(stated[0]) if is_constant else None,
        same_answers=_where(both, "brier", a.correct == b.correct, level),
        same_answers_auroc=_where(both, "auroc", a.correct == b.correct, level),
        right_in_both=_where(both, "mean_confidence", a.correct * b.correct == 1.0, level),
        wrong_in_both=_where(both, "mean_confidence", a.correct + b.correct == 0.0, level),
        recalibrated=None if brief else _recalibrated(both, level),
    )


def _where(both: TaskPair, metric: str, rows: NDArray[np.bool_], level: float) -> Change | None:
    """Compare a metric on some of the rows."""
    if not rows.any():
        return None
    part = both.select(rows)
    return compare_rows(
        (part.base.confidence, part.base.correct),
        (part.cand.confidence, part.cand.correct),
        cluster=part.cluster,
        metrics=[metric],
        level=level,
    )[metric]


def _recalibrated(both: TaskPair, level: float) -> BrierChange | None:
    if both.items < 2 * FOLDS:
        return None
    a, b = (
        cross_recalibrate(
            side.confidence, side.correct, method="isotonic", folds=FOLDS, cluster=both.cluster
        )
        for side in (both.base, both.cand)
    )
    return brier_change(
        (a, both.base.correct), (b, both.cand.correct), cluster=both.cluster, level=level
    )
