"""What a metric that noise can only raise would be if its population value were 0."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.condensing import condense
from caopd_bench.metrics.counting import FloatArray
from caopd_bench.metrics.design_effect import independent_worth
from caopd_bench.metrics.summary import METRICS
from caopd_bench.metrics.tally import Tally

BLOCK = 1 << 21  # numbers held at once


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
    small = condense(independent_worth("overconfidence_gap", tally, level))
    count = small.right + small.wrong
    rows = max(round(small.n), 1)
    truth = np.full(count.size, small.accuracy) if name == "discrimination" else small.values
    parts: list[NDArray[Any]] = []
    step = max(1, BLOCK // count.size)
    for start in range(0, replicates, step):
        size = min(step, replicates - start)
        drawn = rng.multinomial(rows, count / count.sum(), size=size)
        right = rng.binomial(drawn, truth)
        parts.append(METRICS[name].cells(small.values, right, drawn - right))
    return np.concatenate(parts)
