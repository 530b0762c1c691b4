"""Influence functions: how much one more right or wrong row at each confidence moves a metric.

The variance of a metric, of independent rows, of clusters, or of the difference of two models on
the same items, is a sum of squared influences. No replicate is drawn for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caopd_bench.metrics.intervals.influence_of_areas import (
    Slopes,
    auprc_slopes,
    aurc_slopes,
    eaurc_slopes,
    smooth_ece_slopes,
)
from caopd_bench.metrics.points.decomposition import _isotonic
from caopd_bench.metrics.registry import METRICS, check_metrics
from caopd_bench.metrics.rows.binning import bin_index
from caopd_bench.metrics.rows.condense import condense
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally, as_tally

BLOCK = 1 << 21  # numbers held at once by the numerical derivative
STEP = 1e-5  # share of the rows that the numerical derivative adds and takes away


class Influence(NamedTuple):
    """Influence of a right and of a wrong row at each value of a tally; both (u,)."""

    if_right: FloatArray
    if_wrong: FloatArray


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
        :math:`\epsilon` of rows there moves it by :math:`\epsilon` times the influence. NaN where
        the metric is undefined or infinite. 0 for an outcome that did not occur and would make the
        metric infinite (log score).

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
    gaps of the ECE and the smooth ECE (and its kernel width), whose influence says nothing useful
    where a gap is within its noise. Other
    metrics: a central difference of their arithmetic, with more than 1024 distinct values after
    :func:`~caopd_bench.metrics.rows.condense.condense`.

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
    if name in _EXACT:
        return _EXACT[name](tally)
    small = condense(tally)
    slopes = _numerical(name, small)
    if small is tally:
        return slopes
    cell_of = _cell_of(tally, small)
    return Influence(slopes.if_right[cell_of], slopes.if_wrong[cell_of])


def centred(tally: Tally, if_right: FloatArray, if_wrong: FloatArray) -> Influence:
    """Subtract the mean over the rows, which is the value of a metric that is a mean of losses."""
    total = (tally.right * if_right + tally.wrong * if_wrong).sum()
    return Influence(if_right - total / tally.n, if_wrong - total / tally.n)


def _accuracy(t: Tally) -> Influence:
    return centred(t, np.ones_like(t.values), np.zeros_like(t.values))


def _mean_confidence(t: Tally) -> Influence:
    return centred(t, t.values, t.values)


def _overconfidence_gap(t: Tally) -> Influence:
    return centred(t, t.values - 1.0, t.values)


def _saturation(t: Tally) -> Influence:
    saturated = (t.values >= 0.99).astype(np.float64)
    return centred(t, saturated, saturated)


def _confidence_when_wrong(t: Tally) -> Influence:
    mean = (t.wrong * t.values).sum() / t.n_wrong
    return Influence(np.zeros_like(t.values), (t.values - mean) * (t.n / t.n_wrong))


def _brier(t: Tally) -> Influence:
    return centred(t, (1.0 - t.values) ** 2, t.values**2)


def _log_score(t: Tally) -> Influence:
    with np.errstate(divide="ignore"):
        losses = -np.log(t.values), -np.log1p(-t.values)
    finite = centred(t, *(np.where(np.isfinite(loss), loss, 0.0) for loss in losses))
    return Influence(
        *(np.where(np.isfinite(x), psi, 0.0) for x, psi in zip(losses, finite, strict=True))
    )


def _uncertainty(t: Tally) -> Influence:
    slope = 1.0 - 2.0 * t.accuracy
    up, down = _accuracy(t)
    return Influence(slope * up, slope * down)


def _brier_skill(t: Tally) -> Influence:
    # 1 - Brier / UNC, by the quotient rule.
    brier, base = METRICS["brier"].cells(*t.cells), METRICS["uncertainty"].cells(*t.cells)
    ratio = float(brier) / float(base)
    of_right, of_wrong = (
        (ratio * psi_base - psi_brier) / float(base)
        for psi_base, psi_brier in zip(_uncertainty(t), _brier(t), strict=True)
    )
    return Influence(of_right, of_wrong)


def _recalibrated(t: Tally) -> Influence:
    curve = _isotonic(t.right, t.right + t.wrong)
    return centred(t, (1.0 - curve) ** 2, curve**2)


def _miscalibration(t: Tally) -> Influence:
    return _minus(_brier(t), _recalibrated(t))


def _discrimination(t: Tally) -> Influence:
    return _minus(_uncertainty(t), _recalibrated(t))


def _minus(a: Influence, b: Influence) -> Influence:
    return Influence(a.if_right - b.if_right, a.if_wrong - b.if_wrong)


def _ece(t: Tally) -> Influence:
    index = bin_index(t.values, 10)
    gaps = np.bincount(index, weights=(t.right + t.wrong) * t.values - t.right)
    # A gap that is 0 but for rounding has no sign.
    sign = np.where(np.abs(gaps) > 1e-9, np.sign(gaps), 0.0)[index]
    return centred(t, sign * (t.values - 1.0), sign * t.values)


def _over_ece(t: Tally) -> Influence:
    of_right, of_wrong = (
        (both + gap) / 2.0 for both, gap in zip(_ece(t), _overconfidence_gap(t), strict=True)
    )
    return Influence(of_right, of_wrong)


def _pairs(lower: float, alike: float) -> Callable[[Tally], Influence]:
    """For a share of pairs; what a right answer scores if the wrong one is lower, and alike."""

    def of(t: Tally) -> Influence:
        right, wrong = t.right.astype(np.float64), t.wrong.astype(np.float64)
        m, k = float(right.sum()), float(wrong.sum())
        placed_right = (lower * (np.cumsum(wrong) - wrong) + alike * wrong) / k
        placed_wrong = (lower * (m - np.cumsum(right)) + alike * right) / m
        share = float((right * placed_right).sum()) / m
        return Influence((placed_right - share) * (t.n / m), (placed_wrong - share) * (t.n / k))

    return of


def _of_slopes(slopes: Callable[[Tally], Slopes]) -> Callable[[Tally], Influence]:
    return lambda t: centred(t, *slopes(t))


def _smooth_ece(t: Tally) -> Influence:
    small = condense(t)
    of_right, of_wrong = centred(small, *smooth_ece_slopes(small))
    cell_of = _cell_of(t, small)
    return Influence(of_right[cell_of], of_wrong[cell_of])


_EXACT: dict[str, Callable[[Tally], Influence]] = {
    "accuracy": _accuracy,
    "mean_confidence": _mean_confidence,
    "overconfidence_gap": _overconfidence_gap,
    "ece": _ece,
    "over_ece": _over_ece,
    "smooth_ece": _smooth_ece,
    "brier": _brier,
    "miscalibration": _miscalibration,
    "discrimination": _discrimination,
    "uncertainty": _uncertainty,
    "brier_skill": _brier_skill,
    "log_score": _log_score,
    "auroc": _pairs(1.0, 0.5),
    "auprc": _of_slopes(auprc_slopes),
    "spr": _pairs(1.0, 0.0),
    "tie_rate": _pairs(0.0, 1.0),
    "confidence_when_wrong": _confidence_when_wrong,
    "saturation": _saturation,
    "aurc": _of_slopes(aurc_slopes),
    "eaurc": _of_slopes(eaurc_slopes),
}


def _numerical(name: str, t: Tally) -> Influence:
    """Difference quotient of the arithmetic over every cell, a block of cells at a time."""
    u = t.values.size
    counts = np.concatenate([t.right, t.wrong]).astype(np.float64)
    step = min(STEP * float(t.n), 0.1)
    slopes = np.empty(2 * u)
    size = max(1, BLOCK // (2 * u))
    for start in range(0, 2 * u, size):
        cells = np.arange(start, min(start + size, 2 * u))
        # There is nothing to take away from an empty cell.
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


def _cell_of(tally: Tally, small: Tally) -> NDArray[np.intp]:
    """Return which value of the condensed tally each value went into."""
    count, merged = tally.right + tally.wrong, small.right + small.wrong
    # Middles of the values, so that sums of weights need not agree to the last bit.
    middle = np.cumsum(count) - count / 2.0
    cell = np.searchsorted(np.cumsum(merged), middle)
    return np.asarray(np.minimum(cell, small.values.size - 1))
