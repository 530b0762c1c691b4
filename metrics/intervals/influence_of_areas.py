"""Slopes of metrics that are areas under a curve: precision-recall, risk-coverage, smoothed gaps.

Each function returns how much one more right and one more wrong row at each value of a tally move
the metric, times the rows; :func:`~caopd_bench.metrics.intervals.influence.influence` centres them.
"""

from __future__ import annotations

import numpy as np

from caopd_bench.metrics.points.selective import _harmonic_sum, answered
from caopd_bench.metrics.points.smooth import (
    GRID,
    SMALLEST,
    at_least,
    place,
    smooth,
    smooth_ece,
    transform,
)
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally

Slopes = tuple[FloatArray, FloatArray]  # of a right and of a wrong row, (u,) each


def auprc_slopes(t: Tally) -> Slopes:
    """Slopes of the average precision of right answers."""
    # From the most certain value on, as the metric itself.
    hits, others = t.right[::-1].astype(np.float64), t.wrong[::-1].astype(np.float64)
    found, seen = np.cumsum(hits), np.cumsum(hits + others)
    # A row enters the precision at its value and at all that follow.
    if_hit = _from_here_on(hits * (1.0 / seen - found / seen**2)) + found / seen
    if_other = -_from_here_on(hits * found / seen**2)
    score = (hits * found / seen).sum() / t.n_right
    scale = t.n / t.n_right
    return (if_hit - score)[::-1] * scale, if_other[::-1] * scale


def aurc_slopes(t: Tally) -> Slopes:
    r"""Slopes of the AURC, whose sum over tied rows has derivatives in closed form.

    With f = e + (E - e k / m) (H_{k + m} - H_k) for m tied rows, e of them wrong, after k rows, E
    of them wrong: a row moves e and m at its value, and E and k at all lower ones.
    """
    # Imported here: it costs 0.1 s.
    from scipy.special import polygamma

    m, e, k, before = answered(t.right, t.wrong)
    h = _harmonic_sum(k, m)
    first, last = polygamma(1, k + 1.0), polygamma(1, k + m + 1.0)
    expected = before - e * k / m
    by_e = 1.0 - k / m * h
    by_m = e * k / m**2 * h + expected * last
    by_k = expected * (last - first) - e / m * h
    of_right = by_m + _from_here_on(by_k) - by_k
    of_wrong = of_right + by_e + _from_here_on(h) - h
    return np.asarray(of_right[::-1]), np.asarray(of_wrong[::-1])


def eaurc_slopes(t: Tally) -> Slopes:
    """Slopes of the AURC less those of the AURC of an oracle, (W - R (H_n - H_R)) / n."""
    # Imported here: it costs 0.1 s.
    from scipy.special import polygamma

    n, right = float(t.n), float(t.n_right)
    h = float(_harmonic_sum(np.array(right), np.array(n - right)))
    by_n, by_right = float(polygamma(1, n + 1.0)), float(polygamma(1, right + 1.0))
    of_right, of_wrong = aurc_slopes(t)
    return of_right + h + right * (by_n - by_right), of_wrong - 1.0 + right * by_n


def smooth_ece_slopes(t: Tally) -> Slopes:
    r"""Slopes of the smooth ECE, with the kernel width and the signs of the gaps held fixed.

    A width that moves with the error divides the slopes by :math:`1 - dE_\sigma / d\sigma`: 1 where
    all gaps have one sign, 1.2 to 1.5 near calibration. There the error is biased and skewed, and
    limits from the smaller slopes raised false alarms (docs/metrics/comparison.md).
    """
    sigma = max(smooth_ece(t), SMALLEST)
    residual = ((t.right + t.wrong) * t.values - t.right) / t.n
    spectra = transform(place(t.values, residual[np.newaxis], at_least(GRID, 10.0 / sigma)))
    gap = smooth(spectra, sigma)[0]
    # The mean sign around each step: less than 1 where the gap crosses 0 within half a step. A gap
    # that is 0 but for rounding has no sign.
    half_step = np.maximum(np.abs(np.gradient(gap)) / 2.0, 1e-12)
    sign = np.clip(gap / half_step, -1.0, 1.0)
    # The mean sign that a row meets under its kernel: the signs smoothed, read at the values.
    met = smooth(transform(sign[np.newaxis]), sigma)[0]
    signed = np.interp(t.values, np.linspace(0.0, 1.0, met.size), met)
    return signed * (t.values - 1.0), signed * t.values


def _from_here_on(x: FloatArray) -> FloatArray:
    return np.cumsum(x[::-1])[::-1]
