"""The asymptotic interval for the L2 calibration error, from its debiased square."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from caopd_bench.metrics.intervals.ece.gaps import normal_draws
from caopd_bench.metrics.intervals.interval import WEIGHTED, Interval
from caopd_bench.metrics.limits.student import normal_quantile
from caopd_bench.metrics.points.calibration import ece
from caopd_bench.metrics.registry import within_range
from caopd_bench.metrics.rows.binning import Edges, bin_index, bin_sums
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.seeds import check_level
from caopd_bench.metrics.rows.tally import Tally, as_tally


class _Bins(NamedTuple):
    """Non-empty bins; all arrays have shape (J,)."""

    rows: FloatArray
    share: FloatArray  # share of all rows
    gap: FloatArray  # mean of c - y
    square: FloatArray  # mean of (c - y)^2
    shrunk: FloatArray  # p (1 - p) at an accuracy shrunk by half a row each way: never 0
    calibrated: FloatArray  # p (1 - p) at the mean confidence


def ece_l2_interval(
    confidence: ArrayLike | Tally,
    correct: ArrayLike | None = None,
    *,
    cluster: ArrayLike | None = None,
    bins: int = 10,
    level: float = 0.95,
    edges: Edges = "exact",
) -> Interval:
    r"""Return an asymptotic interval for the L2 calibration error, ``ece(norm="l2")``.

    Parameters
    ----------
    confidence : array_like, shape (n,), or Tally
        Stated confidences in [0, 1], or a tally in place of both arguments of
        independent rows: no weights, no clusters.
    correct : array_like, shape (n,), optional
        0/1 or bool.
    cluster : array_like of int or str, shape (n,), optional
        As for :func:`tally`; an error unless each row is a cluster of its own.
    bins, edges
        As for :func:`ece`.
    level : float, default 0.95
        Nominal coverage.

    Returns
    -------
    Interval
        ``estimate`` is the plug-in value, ``debiased`` the root of the debiased square D below, 0
        if that is negative. A lower limit of 0 means "not distinguishable from calibrated".
        ``standard_error`` is that of ``debiased`` by the delta method, NaN where that is 0.

    Raises
    ------
    ValueError
        If the rows are invalid, see :func:`tally`, have clusters or weights, or another argument is
        invalid.

    Notes
    -----
    Target: the root of sum_b w_b mu_b^2 over the same bins, with w_b the share of bin b and mu_b
    its true gap. For observed gaps g_b and mean squares m_b of c - y,

    .. math:: D = \sum_b w_b \Big( g_b^2 - \frac{m_b - g_b^2}{n_b - 1} \Big)

    has no bias. It is asymptotically normal at the rate root n with the variance

    .. math:: \sigma_1^2 / n = \big( \sum_b w_b (4 m_b g_b^2 - 3 g_b^4) - D_0^2 \big) / n,
       \quad D_0 = \sum_b w_b g_b^2,

    but for a calibrated model this vanishes, and n D goes to a weighted sum of centred
    :math:`\chi^2_1` with the variance

    .. math:: \sigma_0^2 = 2 \sum_b \frac{n_b}{n_b - 1} v_b^2, \quad v_b = p_b (1 - p_b).

    Sun, Chaudhari, Barnett, Dobriban, arXiv 2408.08998, showed that there are two rates, and that
    the limits must allow for them and for 0. D and sigma_1 are as in their published code; the
    limits are not. This function adds the two variances, takes the root of D plus or minus the
    normal quantile times the deviation, and sets the lower limit to 0 unless D exceeds its upper
    quantile under calibration.

    At small n the interval is too short: see docs/metrics/calibration.md for its measured coverage.
    For the usual ECE use :func:`ece_interval`.

    Examples
    --------
    >>> from caopd_bench.metrics import tally
    >>> i = ece_l2_interval(tally([0.9] * 100, [1] * 60 + [0] * 40))
    >>> round(i.estimate, 3), round(i.debiased, 3), round(i.low, 2), round(i.high, 2)
    (0.3, 0.296, 0.17, 0.38)
    """
    check_level(level)
    tally = as_tally(confidence, correct, cluster=cluster)
    if tally.weighted:
        raise ValueError(WEIGHTED)
    if tally.clusters is not None and tally.clusters.labels.size < tally.n:
        raise ValueError(
            "tally must not have clusters: the L2 interval needs independent rows; use "
            "ece_interval, or bootstrap for other metrics"
        )
    b = _bins(tally, bins, edges)
    n = float(tally.n)
    square = float((b.share * (b.gap**2 - _noise(b))).sum())
    deviation = np.sqrt(_variance_apart(b) / n + _variance_calibrated(b) / n**2)
    reach = normal_quantile(level) * float(deviation)
    estimate, debiased = ece(tally, bins=bins, edges=edges, norm="l2"), np.sqrt(max(square, 0.0))
    clear = square > _upper_if_calibrated(b, (1.0 + level) / 2.0) / n
    low = np.sqrt(max(square - reach, 0.0)) if clear else 0.0
    low, high = within_range("ece_l2", float(low), float(np.sqrt(max(square, 0.0) + reach)))
    return Interval(
        estimate=estimate,
        low=min(low, float(debiased)),
        high=max(high, estimate),
        level=level,
        n=int(tally.n),
        method="asymptotic",
        standard_error=float(deviation / (2.0 * debiased)) if debiased > 0.0 else float("nan"),
        debiased=float(debiased),
    )


def _bins(tally: Tally, bins: int, edges: Edges) -> _Bins:
    values, right, wrong = tally.cells
    index, rows = bin_index(values, bins, edges), right + wrong
    count = bin_sums(rows, index).astype(np.float64)
    gap = bin_sums(rows * values - right, index) / count
    square = bin_sums(right * (1.0 - values) ** 2 + wrong * values**2, index) / count
    accuracy = (bin_sums(right, index) + 0.5) / (count + 1.0)
    confidence = bin_sums(rows * values, index) / count
    return _Bins(
        count,
        count / count.sum(),
        gap,
        square,
        accuracy * (1.0 - accuracy),
        confidence * (1.0 - confidence),
    )


def _noise(b: _Bins) -> FloatArray:
    """Return the bias of each squared gap from chance; all of the gap if there is one row."""
    spread = (b.square - b.gap**2) / np.maximum(b.rows - 1.0, 1.0)
    return np.where(b.rows > 1.0, spread, b.gap**2)


def _variance_apart(b: _Bins) -> float:
    moment = b.shrunk + b.gap**2
    plain = float((b.share * b.gap**2).sum())
    return max(float((b.share * (4.0 * moment * b.gap**2 - 3.0 * b.gap**4)).sum()) - plain**2, 0.0)


def _variance_calibrated(b: _Bins) -> float:
    return float(2.0 * (_inflated(b) * b.shrunk**2).sum())


def _upper_if_calibrated(b: _Bins, probability: float) -> float:
    """Return a quantile of n D for a calibrated model."""
    draws = (_inflated(b) * b.calibrated) @ (normal_draws(b.rows.size) ** 2 - 1.0)
    return float(np.quantile(draws, probability))


def _inflated(b: _Bins) -> FloatArray:
    return np.where(b.rows > 1.0, b.rows / np.maximum(b.rows - 1.0, 1.0), 0.0)
