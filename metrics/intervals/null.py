"""Null distributions of metrics that noise can only raise: population values of 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.intervals.clusters import independent_worth
from caopd_bench.metrics.intervals.interval import ROUNDING
from caopd_bench.metrics.metric_parts import Folded
from caopd_bench.metrics.registry import METRICS
from caopd_bench.metrics.rows.binomial import draw_binomial_of_counts
from caopd_bench.metrics.rows.condense import condense
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally

BLOCK = 1 << 21  # numbers in memory at once
FIRST = 100  # number of first replicates, which are usually enough to decide
MANY = 100  # with fewer rows a value is rarely far above the noise
LEAST_TAIL = 20  # replicates that the tail must contain for the shortcut of a far value
GLANCE = 64  # replicates from which the distance of a value is judged


def null_replicates(
    name: str, tally: Tally, replicates: int, rng: np.random.Generator, level: float = 0.95
) -> FloatArray:
    """Return replicates of a metric for a model whose population value is 0.

    Parameters
    ----------
    name : str
        A name in :data:`METRICS`; noise can only raise the metric.
    tally : Tally
        Rows are drawn from its confidences; with clusters, the number they are worth for the gap.
    replicates : int
    rng : numpy.random.Generator
    level : float, default 0.95
        Level of the interval, see :func:`~caopd_bench.metrics.intervals.clusters.shrink`.

    Returns
    -------
    ndarray, shape (replicates,)
        Values for a calibrated model, which is right with the stated probability; for a metric
        defined with "without skill", for a model that is right equally often at every value.

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
    r"""Return whether a model with a population value of 0 reaches a value too often.

    Parameters
    ----------
    name, tally, replicates, rng, level
        As for :func:`null_replicates`.
    bar : float
        The value.

    Returns
    -------
    bool
        Whether more than (1 - ``level``) / 2 of the replicates are ``bar`` or more. The result is
        that of ``null_replicates``, without computing replicates that cannot change it any more.

    Notes
    -----
    Let t be the tail. By Cantelli's inequality, a value more than :math:`2 / \sqrt t` standard
    deviations above the mean of the null is reached with a chance of at most t / 4, for any
    distribution; the chance that more than the tail's share of a thousand replicates reach it is
    then 3e-9. So for the discrimination, no replicates are drawn if the value is that far above the
    mean of 64 others. This requires that their deviation is that of the null. The shortcut is not
    used where the null may have a rare value far from all others: if two of the 64 are equal, or
    few rows are right or wrong.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> t = tally([0.9] * 60 + [0.6] * 40, [1] * 50 + [0] * 50)
    >>> rngs = [np.random.default_rng(0) for _ in range(2)]
    >>> [null_reaches("miscalibration", t, bar, 500, rng) for bar, rng in zip((0.0, 0.5), rngs)]
    [True, False]
    """
    tail = (1.0 - level) / 2.0
    if _without_skill(name) and tally.n >= MANY and replicates * tail >= LEAST_TAIL:
        # From a separate generator, so that the later replicates do not depend on this shortcut.
        glance = null_replicates(name, tally, GLANCE, np.random.default_rng(0), level)
        is_smooth = _hides_nothing(glance) and 0.1 <= tally.accuracy <= 0.9
        if is_smooth and bar > glance.mean() + 2.0 / np.sqrt(tail) * glance.std(ddof=1):
            return False
    reached = 0
    for part in _draw_parts(name, tally, replicates, rng, level, FIRST):
        reached += int(np.count_nonzero(part >= bar))
        if reached / replicates > tail:
            return True
    return False


def _hides_nothing(glance: FloatArray) -> bool:
    above = glance[glance > ROUNDING]
    return 2 * above.size > glance.size and np.unique(above).size == above.size


def _without_skill(name: str) -> bool:
    how = METRICS[name].interval
    return isinstance(how, Folded) and how.null == "without skill"


def _draw_parts(
    name: str, tally: Tally, replicates: int, rng: np.random.Generator, level: float, first: int
) -> Iterator[FloatArray]:
    """Yield replicates, the ``first`` of a block separately, which does not change the draws."""
    small = condense(independent_worth("overconfidence_gap", tally, level))
    count = small.right + small.wrong
    rows = max(round(small.n), 1)
    truth = np.full(count.size, small.accuracy) if _without_skill(name) else small.values
    step = max(1, BLOCK // count.size)
    for start in range(0, replicates, step):
        size = min(step, replicates - start)
        drawn = rng.multinomial(rows, count / count.sum(), size=size)
        for of_part in (drawn[:first], drawn[first:]):
            if of_part.size:
                right = draw_binomial_of_counts(of_part, truth, rng)
                part: NDArray[Any] = METRICS[name].cells(small.values, right, of_part - right)
                yield part
