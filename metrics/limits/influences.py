"""Influences: how much one more right or wrong row at each confidence moves a metric."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally


class Influence(NamedTuple):
    """Influence of a right and of a wrong row at each value of a tally; both (u,)."""

    if_right: FloatArray
    if_wrong: FloatArray

    def __sub__(self, other: Influence) -> Influence:
        return Influence(self.if_right - other.if_right, self.if_wrong - other.if_wrong)


def centred(tally: Tally, if_right: FloatArray, if_wrong: FloatArray) -> Influence:
    """Subtract the mean over the rows: the value of the metric, if it is a mean of losses.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> centred(tally([0.5, 0.9], [1, 0]), np.array([1.0, 1.0]), np.zeros(2)).if_right.tolist()
    [0.5, 0.5]
    """
    total = (tally.right * if_right + tally.wrong * if_wrong).sum()
    return Influence(if_right - total / tally.n, if_wrong - total / tally.n)


def from_here_on(x: FloatArray) -> FloatArray:
    """Return the sum of each entry and all later ones."""
    return np.cumsum(x[::-1])[::-1]


def spread_out(of_small: Influence, tally: Tally, small: Tally) -> Influence:
    """Return, for each value of a tally, the influence of the value it was condensed into."""
    cell_of = _cell_of(tally, small)
    return Influence(of_small.if_right[cell_of], of_small.if_wrong[cell_of])


def _cell_of(tally: Tally, small: Tally) -> NDArray[np.intp]:
    count, merged = tally.right + tally.wrong, small.right + small.wrong
    # Use midpoints, so that rounding of the sums of weights has no effect.
    middle: NDArray[Any] = np.cumsum(count) - count / 2.0
    cell = np.searchsorted(np.cumsum(merged), middle)
    return np.asarray(np.minimum(cell, small.values.size - 1))
