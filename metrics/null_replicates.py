"""What a metric that noise can only raise would be if its population value were 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.condensing import condense
from caopd_bench.metrics.counting import FloatArray
from caopd_bench.metrics.design_effect import independent_worth
from caopd_bench.metrics.summary import METRICS
from caopd_bench.metrics.tally import Tally

BLOCK = 1 << 21  # numbers held at once
FIRST = 100  # replicates that mostly decide already


def null_replicates(
    name: str, tally: Tally, replicates: int, rng: np.random.Generator, level: float = 0.95
) -> FloatArray:
    """Return replicates of a metric for a model that scores 0 on it.

    Parameters
    ----------
    name : {"smooth_ece", "miscalibration", "discrimination"}
    tally : Tally
        Rows are drawn from what it states; of clusters, as many as they are worth for the gap.
    replicates : int
    rng : numpy.random.Generator
    level : float, default 0.95
        Of the interval, see :func:`~caopd_bench.metrics.design_effect.shrink`.

    Returns
    -------
    ndarray, shape (replicates,)
        A calibrated model, each value right as often as it says; for "discrimination", one that is
        right equally often at every value.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> t = tally([0.9] * 60 + [0.6] * 40, [1] * 50 + [0] * 50)
    >>> draws = null_replicates("miscalibration", t, 500, np.random.default_rng(0))
    >>> draws.shape, bool(draws.mean() < 0.01)
    ((500,), True)
    """
    return np.concatenate([*_draw_parts(name, tally, replicates, rng, level, replicates)])


def null_reaches(
    name: str,
    tally: Tally,
    bar: float,
    replicates: int,
    rng: np.random.Generator,
    level: float = 0.95,
) -> bool:
    """Say whether a model that scores 0 reaches a value more often than by a tail's chance.

    Parameters
    ----------
    name, tally, replicates, rng, level
        As for :func:`null_replicates`.
    bar : float
        The value.

    Returns
    -------
    bool
        Whether more than (1 - ``level``) / 2 of the replicates are ``bar`` or more: what
        ``null_replicates`` says of them, without computing those that cannot change it any more.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> t = tally([0.9] * 60 + [0.6] * 40, [1] * 50 + [0] * 50)
    >>> rngs = [np.random.default_rng(0) for _ in range(2)]
    >>> [null_reaches("miscalibration", t, bar, 500, rng) for bar, rng in zip((0.0, 0.5), rngs)]
    [True, False]
    """
    reached = 0
    for part in _draw_parts(name, tally, replicates, rng, level, FIRST):
        reached += int(np.count_nonzero(part >= bar))
        if reached / replicates > (1.0 - level) / 2.0:
            return True
    return False


def _draw_parts(
    name: str, tally: Tally, replicates: int, rng: np.random.Generator, level: float, first: int
) -> Iterator[FloatArray]:
    """Yield replicates, ``first`` of a block before its others; the draws do not depend on it."""
    small = condense(independent_worth("overconfidence_gap", tally, level))
    count = small.right + small.wrong
    rows = max(round(small.n), 1)
    truth = np.full(count.size, small.accuracy) if name == "discrimination" else small.values
    step = max(1, BLOCK // count.size)
    for start in range(0, replicates, step):
        size = min(step, replicates - start)
        drawn = rng.multinomial(rows, count / count.sum(), size=size)
        for of_part in (drawn[:first], drawn[first:]):
            if of_part.size:
                right = rng.binomial(of_part, truth)
                part: NDArray[Any] = METRICS[name].cells(small.values, right, of_part - right)
                yield part
