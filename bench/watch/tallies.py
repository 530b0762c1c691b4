"""Sums over the answers of a day, separately for those above and below the cut.

Sums of days can be added, and a later outcome moves its answer between sums.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.selection.anytime import Sums

__all__ = ["EMPTY", "WIDTH", "Day", "Part", "sum_rows"]

#: Numbers stored for a part, and for a day: two parts, and the answers without a confidence.
FIELDS = 10
WIDTH = 2 * FIELDS + 1


class Part(NamedTuple):
    """Sums over the answers with a usable confidence on one side of the cut.

    Attributes
    ----------
    rows, known, wrong : float
        Number of answers, of those with an outcome, and of the wrong ones among these.
    loss, loss_squares, gap : float
        Sums over the answers with an outcome of the loss (confidence - correct) squared, of the
        squared loss, and of confidence - correct.
    confidence, confidence_squares, least, least_squares : float
        Sums over the answers without an outcome of the confidence and of the smallest possible
        loss, and of the squares of both.
    """

    rows: float
    known: float
    wrong: float
    loss: float
    loss_squares: float
    gap: float
    confidence: float
    confidence_squares: float
    least: float
    least_squares: float

    @property
    def missing(self) -> float:
        """Answers without an outcome."""
        return self.rows - self.known

    def losses(self) -> Sums:
        """Return the sums of the known losses."""
        return Sums(int(self.known), self.loss, self.loss_squares)

    def gaps(self) -> Sums:
        """Return the sums of confidence - correct over the known outcomes."""
        return Sums(int(self.known), self.gap, self.loss)

    def least_losses(self) -> Sums:
        """Return the sums of losses over all answers, with the smallest possible unknown losses."""
        more = Sums(int(self.missing), self.least, self.least_squares)
        return self.losses().plus(more)

    def least_gaps(self) -> Sums:
        """Return the sums over all answers as if all without an outcome were right."""
        n, total = int(self.missing), self.confidence
        squares = max(self.confidence_squares - 2.0 * total + n, 0.0)
        return self.gaps().plus(Sums(n, total - n, squares))

    def largest_gaps(self) -> Sums:
        """Return the sums over all answers as if all without an outcome were wrong."""
        more = Sums(int(self.missing), self.confidence, self.confidence_squares)
        return self.gaps().plus(more)


class Day(NamedTuple):
    """Sums of one day, or of all days.

    Attributes
    ----------
    kept, left : Part
    unparsed : float
        Answers without a usable confidence, which are never kept.
    """

    kept: Part
    left: Part
    unparsed: float

    @classmethod
    def of(cls, sums: NDArray[np.float64]) -> Day:
        """Read the sums; drop the rounding error left in a sum after all its answers moved away."""
        numbers = sums.tolist()
        parts = []
        for first in (0, FIELDS):
            part = numbers[first : first + FIELDS]
            if part[0] == part[1]:
                part[6:] = [0.0] * 4
            parts.append(Part(*part))
        return cls(parts[0], parts[1], numbers[-1])

    @property
    def rows(self) -> float:
        """All answers."""
        return self.kept.rows + self.left.rows + self.unparsed

    @property
    def coverage(self) -> float:
        """Share of all answers that are kept; NaN if there are none."""
        return self.kept.rows / self.rows if self.rows else float("nan")


EMPTY = np.zeros(WIDTH)


def sum_rows(
    confidence: NDArray[np.float64],
    outcome: NDArray[np.int8],
    is_kept: NDArray[np.bool_],
    day: NDArray[np.int64],
    days: int,
) -> NDArray[np.float64]:
    """Sum answers by day.

    Parameters
    ----------
    confidence, outcome, is_kept, day : ndarray, shape (n,)
        Arrays with NaN for no usable confidence, -1 for no outcome, and the index of the day.
    days : int

    Returns
    -------
    ndarray of float64, shape (days, WIDTH)
        `Day.of` reads a row.
    """
    found = np.zeros((days, WIDTH))
    is_stated = ~np.isnan(confidence)
    found[:, -1] = np.bincount(day[~is_stated], minlength=days)
    for first, asked in ((0, is_stated & is_kept), (FIELDS, is_stated & ~is_kept)):
        if not asked.any():
            continue
        c, y, at = confidence[asked], outcome[asked], day[asked]
        is_known = y >= 0
        gap = np.where(is_known, c - y, 0.0)
        loss = gap * gap
        unknown = np.where(is_known, 0.0, c)
        least = np.where(is_known, 0.0, np.minimum(c, 1.0 - c) ** 2)
        weights = (
            None, is_known, is_known & (y == 0), loss, loss * loss, gap,
            unknown, unknown * unknown, least, least * least,
        )  # fmt: skip
        for i, weight in enumerate(weights, first):
            found[:, i] = np.bincount(at, weight, minlength=days)
    return found
