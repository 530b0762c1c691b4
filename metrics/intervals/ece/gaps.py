"""Gaps between stated confidence and accuracy in each bin, and the variance of their ECE."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.rows.binning import bin_sums
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.sobol import sobol_points
from caopd_bench.metrics.rows.tally import Tally

DRAWS = 2048  # a power of two, so that the Sobol points are balanced
HIDDEN = 4.0  # standard deviations by which the true share of a bin may exceed the observed one


@dataclass(frozen=True, eq=False)
class BinGaps:
    """Non-empty bins of independent rows; all arrays have shape (J,).

    Attributes
    ----------
    count, weight : ndarray, shape (J,)
        Rows, and their share of all rows.
    confidence, accuracy : ndarray, shape (J,)
        Mean stated confidence, and share of right answers.
    """

    count: FloatArray
    weight: FloatArray
    confidence: FloatArray
    accuracy: FloatArray

    @classmethod
    def of(cls, tally: Tally, index: NDArray[np.intp]) -> BinGaps:
        """Return the gaps of a tally, given the bin ``index`` (u,) of each value."""
        return cls(*bin_means(tally, index))

    @cached_property
    def n(self) -> float:
        """Return the number of rows in all bins."""
        return float(self.count.sum())

    @cached_property
    def _more(self) -> FloatArray:
        return np.asarray(self.count + 1.0)

    @property
    def mean(self) -> FloatArray:
        """Return the mean of (c - y) 1{bin}: the signed terms of the ECE."""
        return self.weight * (self.confidence - self.accuracy)

    @property
    def size(self) -> FloatArray:
        """Return the terms of the ECE, ``|mean|``; to the bit, weight * |confidence - accuracy|."""
        return self.weight * np.abs(self.confidence - self.accuracy)

    @property
    def variance(self) -> FloatArray:
        """Return the variance of each term."""
        # The gap uses the observed accuracy; only its binomial variance uses a shrunk one.
        moment = self._second_moment(self.accuracy)
        return np.asarray(np.maximum(moment - self.size**2, 1e-300) / self.n)

    @property
    def standard_error(self) -> float:
        """Return the standard error of the plug-in ECE with the signs of the gaps held fixed."""
        moment, total = self._second_moment(self.accuracy).sum(), self.size.sum()
        return float(np.sqrt(max(float(moment - total**2), 0.0) / self.n))

    @property
    def share_deviation(self) -> FloatArray:
        """Return the standard deviation of ``weight``."""
        return np.asarray(np.sqrt(self.weight * (1.0 - self.weight) / self.n))

    def largest(self, sign: FloatArray) -> FloatArray:
        """Return the largest possible terms of these signs: accuracy 0 or 1, and a larger share."""
        room = np.where(sign > 0, self.confidence, 1.0 - self.confidence)
        return np.asarray((self.weight + HIDDEN * self.share_deviation) * room)

    def root(self, mean: FloatArray) -> FloatArray:
        """Return a square root of the covariance of the terms if their true values are ``mean``.

        For means (..., J) the roots have shape (..., J, J).
        """
        moment = self.share_at(mean) * self._second_moment(self.accuracy_at(mean)) / self.weight
        # (diag(moment) - mean mean') / n has the square root sqrt(moment / n) (I - kappa q q').
        q = mean / np.sqrt(moment)
        q2 = np.minimum(q[..., None, :] @ q[..., None], 1.0 - 1e-9)
        kappa = np.where(q2 > 1e-9, (1.0 - np.sqrt(1.0 - q2)) / np.maximum(q2, 1e-9), 0.5)
        deviation = np.sqrt(moment / self.n)
        outer = q[..., None] * q[..., None, :]
        return np.asarray(deviation[..., None] * (_identity(q.shape[-1]) - kappa * outer))

    def share_at(self, mean: FloatArray) -> FloatArray:
        """Return the share of rows; above the observed one where ``mean`` would need more rows."""
        room = np.where(mean > 0.0, self.confidence, 1.0 - self.confidence)
        needed = np.divide(np.abs(mean), room, out=np.zeros_like(mean), where=room > 0.0)
        return np.maximum(self.weight, needed)

    def accuracy_at(self, mean: FloatArray) -> FloatArray:
        """Return the accuracy in each bin if the signed gaps were ``mean``."""
        return np.minimum(np.maximum(self.confidence - mean / self.weight, 0.0), 1.0)

    def binomial_variance(self, accuracy: FloatArray) -> FloatArray:
        """Return p (1 - p) with p shrunk by half a row each way, so that it is never 0."""
        p = (self.count * accuracy + 0.5) / self._more
        return np.asarray(p * (1.0 - p))

    def _second_moment(self, accuracy: FloatArray) -> FloatArray:
        """Return the mean of (c - y)^2 1{bin} at a given accuracy."""
        gap = self.confidence - accuracy
        return self.weight * (self.binomial_variance(accuracy) + gap**2)


def bin_means(
    tally: Tally, index: NDArray[np.intp]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return rows, share of rows, mean confidence and accuracy of each non-empty bin."""
    rows = tally.right + tally.wrong
    count = bin_sums(rows, index).astype(np.float64)
    confidence = bin_sums(rows * tally.values, index) / count
    return count, count / count.sum(), confidence, bin_sums(tally.right, index) / count


@lru_cache(maxsize=32)
def _identity(dimension: int) -> FloatArray:
    identity = np.eye(dimension)
    identity.flags.writeable = False
    return identity


@lru_cache(maxsize=32)
def normal_draws(dimension: int) -> FloatArray:
    """Return quasi-random standard normals, shape (dimension, DRAWS), always the same ones."""
    from scipy.special import ndtri  # imported here: it costs 0.2 s

    # Shifted here, because SciPy's scrambling differs between its versions.
    points = sobol_points(dimension, DRAWS)
    shift = np.random.default_rng(1).random(dimension)
    z = np.asarray(ndtri((points + shift) % 1.0)).T.copy()
    z.flags.writeable = False
    return z


@lru_cache(maxsize=32)
def largest_normals(dimension: int) -> FloatArray:
    """Return the largest absolute draw of each dimension, shape (dimension,)."""
    return np.asarray(np.abs(normal_draws(dimension)).max(axis=1))
