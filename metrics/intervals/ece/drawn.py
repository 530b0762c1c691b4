"""An order statistic of simulated ECEs, along a path of hypotheses about the gaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.intervals.ece.gaps import BinGaps, largest_normals, normal_draws
from caopd_bench.metrics.intervals.ece.halving import STEPS, first_below
from caopd_bench.metrics.rows.counting import FloatArray

__all__ = ["Drawn"]

WIDE = 5  # bisection steps computed together at first, and again later with fewer draws
BLOCK = 1 << 17  # numbers of the roots in memory at once
ROUNDING = 1e-9  # far more than the effect of the order of summation on a total


class _Anchor(NamedTuple):
    """Draws computed at one point, which show that some can be omitted at other points.

    Attributes
    ----------
    mean, root : ndarray, shapes (J,) and (J, J)
        Mean of the terms, and root of their covariance.
    draws : ndarray of int, shape (n,)
        Indices of the draws that are examined.
    over : ndarray, shape (n,)
        Totals of these draws, less the bar.
    below : int
        Number of omitted draws that are under the bar.
    """

    mean: FloatArray
    root: FloatArray
    draws: NDArray[np.intp]
    over: FloatArray
    below: int

    def reach(self, mean: FloatArray, root: FloatArray, largest: FloatArray) -> float:
        """Return the largest possible difference of a total at any of other points (k, J)."""
        turned = np.abs(root - self.root).sum(axis=1) @ largest
        return float((np.abs(mean - self.mean).sum(axis=1) + turned).max()) + ROUNDING


class Drawn:
    """The draw of a given rank, less a threshold (the bar), for gaps that move along a path.

    Once all draws are known at one point, only those that can have crossed the bar on the way to
    another point are computed there. No draw changes by more than the change of the means plus the
    change of the roots of the covariance times the largest normal numbers.

    Parameters
    ----------
    gaps : BinGaps
    sign : ndarray, shape (J,)
        Signs of the gaps.
    rank : int
        Rank of the draw; 0 is the smallest.
    bar : float
    """

    def __init__(self, gaps: BinGaps, sign: FloatArray, rank: int, bar: float) -> None:
        self.gaps, self.sign, self.rank, self.bar = gaps, sign, rank, bar
        self.normal, self.largest = normal_draws(sign.size), largest_normals(sign.size)
        self.all: _Anchor | None = None
        self.some: _Anchor | None = None
        self.range = 0.0  # distance from `all` within which `some` is valid

    def first(
        self, path: Callable[[FloatArray], FloatArray], low: float, high: float, guess: float
    ) -> float:
        """Return the first amount in (low, high] at which the ranked draw is not over the bar.

        ``path`` returns the sizes (k, J) of the gaps for amounts (k, 1); they fall as amounts rise.
        """
        most = max(1, BLOCK // self.sign.size**2)
        return first_below(
            lambda amounts: self.heights(path(amounts[:, None])),
            low,
            high,
            guess=guess,
            most=lambda done: min(most, WIDE - done % WIDE if done < 2 * WIDE else STEPS),
        )

    def heights(self, sizes: FloatArray) -> FloatArray:
        """Return how far (k,) the ranked draw is over the bar at gaps of given sizes (k, J).

        The result is infinite, with the right sign, if the draw of that rank is an omitted one.
        """
        mean = self.sign * sizes
        root = self.gaps.root(mean)
        draws, below, reach = self._open(mean, root)
        if 2 * draws.size > self.normal.shape[1]:  # compute all, so that more are omitted later
            over = self._over(mean, root, self.normal)
            draws = np.arange(self.normal.shape[1])
            self.all, self.some = _Anchor(mean[-1], root[-1], draws, over[-1], 0), None
            return self._pick(over, 0)
        over = self._over(mean, root, self.normal[:, draws])
        if self.some is None:
            self.some = _Anchor(mean[-1], root[-1], draws, over[-1], below)
            self.range = reach
        return self._pick(over, below)

    def _open(self, mean: FloatArray, root: FloatArray) -> tuple[NDArray[np.intp], int, float]:
        """Return the draws that can have crossed the bar, the number under it, and the reach."""
        if self.all is None:
            return np.arange(self.normal.shape[1]), 0, np.inf
        base, reach = self.all, self.all.reach(mean, root, self.largest)
        near = reach
        if self.some is not None and reach <= self.range:
            base = self.some
            near = base.reach(mean, root, self.largest)
        else:
            self.some = None
        below = base.below + int(np.count_nonzero(base.over < -near))
        return base.draws[np.abs(base.over) <= near], below, reach

    def _over(self, mean: FloatArray, root: FloatArray, normal: FloatArray) -> FloatArray:
        totals = root @ normal  # one by one, because BLAS starts threads for larger products
        totals += mean[..., None]
        over = np.abs(totals, out=totals).sum(axis=1)
        over -= self.bar
        return np.asarray(over)

    def _pick(self, over: FloatArray, below: int) -> FloatArray:
        rank = self.rank - below
        if not 0 <= rank < over.shape[1]:
            return np.full(len(over), -np.inf if rank < 0 else np.inf)
        return np.asarray(np.partition(over, rank, axis=1)[:, rank])
