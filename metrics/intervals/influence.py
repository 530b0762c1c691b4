"""Influence functions: how much one more right or wrong row at each confidence moves a metric.

The variance of a metric is a sum of squared influences, for independent rows, for clusters, and for
the difference of two models on the same items. It needs no bootstrap replicates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.limits.influences import Influence, centred, spread_out
from caopd_bench.metrics.registry import METRICS, check_metrics
from caopd_bench.metrics.rows.condense import condense
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally, as_tally

BLOCK = 1 << 21  # numbers in memory at once in the numerical derivative
STEP = 1e-5  # share of the rows that the numerical derivative adds and removes


def influence(
    name: str, confidence: ArrayLike | Tally, correct: ArrayLike | None = None
) -> Influence:
    r"""Return the influence of one row on a metric, at each distinct confidence.

    Parameters
    ----------
    name : str
        A name in :data:`METRICS`.
    confidence : array_like, shape (n,), or Tally
        Stated confidences in [0, 1], or a tally in place of both arguments. Clusters, if any, are
        ignored: sum the influences of a cluster's rows.
    correct : array_like, shape (n,), optional
        0/1 or bool.

    Returns
    -------
    Influence
        At each distinct confidence, ascending, in units of the metric: adding a share
        :math:`\epsilon` of rows there changes the metric by :math:`\epsilon` times the influence.
        NaN if the metric is undefined or infinite; 0 for an outcome that did not occur and would
        make the metric infinite (log score).

    Raises
    ------
    ValueError
        If the name is not in the registry, or the rows are invalid, see :func:`tally`.

    Notes
    -----
    .. math:: \psi(x) = \frac{d}{d\epsilon} T\big((1 - \epsilon) F + \epsilon \delta_x\big)
       \Big|_{\epsilon = 0},\quad \sum_i \psi_i = 0,\quad
       \widehat{\mathrm{Var}}(T) = \frac1{n^2} \sum_i \psi_i^2

    Hampel, JASA 69 (1974); the infinitesimal jackknife of Jaeckel (1972). Exact for means, for
    ratios of means and for pairs, where the variance is that of DeLong, DeLong and Clarke-Pearson,
    Biometrics 44 (1988). The isotonic fit of MCB and DSC is held fixed, which is exact wherever
    they are differentiable (it minimises the score: envelope theorem); so are the signs of the
    gaps of the ECE and the smooth ECE (and its kernel width), whose influence is not informative
    where a gap is within its noise. Other metrics use a central difference of their arithmetic,
    with more than 1024 distinct values after :func:`~caopd_bench.metrics.rows.condense.condense`.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> t = tally([0.9, 0.9, 0.9, 0.5], [1, 1, 0, 0])
    >>> psi = influence("accuracy", t)
    >>> psi.if_right.tolist(), psi.if_wrong.tolist()
    ([0.5, 0.5], [-0.5, -0.5])
    >>> influence("auroc", tally([0.9], [1])).if_right.tolist()
    [nan]
    """
    check_metrics([name])
    tally = as_tally(confidence, correct)
    if not np.isfinite(METRICS[name].cells(*tally.cells)):
        return Influence(np.full(tally.values.size, np.nan), np.full(tally.values.size, np.nan))
    exact = METRICS[name].influence
    if exact is not None:
        return exact(tally)
    small = condense(tally)
    slopes = _numerical(name, small)
    return slopes if small is tally else spread_out(slopes, tally, small)


def _numerical(name: str, t: Tally) -> Influence:
    """Return difference quotients of the arithmetic over all cells, a block at a time."""
    u = t.values.size
    counts = np.concatenate([t.right, t.wrong]).astype(np.float64)
    step = min(STEP * float(t.n), 0.1)
    slopes = np.empty(2 * u)
    size = max(1, BLOCK // (2 * u))
    for start in range(0, 2 * u, size):
        cells = np.arange(start, min(start + size, 2 * u))
        # No row can be removed from an empty cell.
        down = np.where(counts[cells] > 0, step, 0.0)
        more, less = np.tile(counts, (cells.size, 1)), np.tile(counts, (cells.size, 1))
        rows = np.arange(cells.size)
        more[rows, cells] += step
        less[rows, cells] -= down
        above, below = (_value(name, t.values, x) for x in (more, less))
        slopes[cells] = (above - below) * float(t.n) / (step + down)
    return centred(t, slopes[:u], slopes[u:])


def _value(name: str, values: FloatArray, counts: FloatArray) -> NDArray[Any]:
    u = values.size
    return METRICS[name].cells(values, counts[:, :u], counts[:, u:])
