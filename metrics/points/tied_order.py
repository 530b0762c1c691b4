"""Rows from the most certain one down: counts, and expected values over orders of tied rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.limits.influences import from_here_on
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.tally import Tally


class Answered(NamedTuple):
    """Rows and wrong rows (..., u) at each value and before it, from the most certain value on."""

    rows: FloatArray
    wrong: FloatArray
    rows_before: FloatArray
    wrong_before: FloatArray


def answered(right: NDArray[Any], wrong: NDArray[Any]) -> Answered:
    """Accumulate counts (..., u) at ascending values from the last one down."""
    errors = wrong[..., ::-1].astype(np.float64)
    rows = right[..., ::-1] + errors
    return Answered(
        rows, errors, np.cumsum(rows, axis=-1) - rows, np.cumsum(errors, axis=-1) - errors
    )


def harmonic_sum(first: FloatArray, count: FloatArray) -> FloatArray:
    """1 / (first + 1) + ... + 1 / (first + count)."""
    # Imported here: it costs 0.1 s.
    from scipy.special import digamma

    # A single term is computed directly: a difference of large digammas loses digits.
    result = np.array(1.0 / (first + 1.0))
    many = count != 1.0
    start = first[many] + 1.0
    result[many] = digamma(start + count[many]) - digamma(start)
    return result


def slopes_of_aurc(t: Tally) -> tuple[FloatArray, FloatArray]:
    r"""Slopes of the AURC, whose sum over tied rows has derivatives in closed form.

    For m tied rows, e of them wrong, after k rows, E of them wrong, the sum is
    f = e + (E - e k / m) (H_{k + m} - H_k). A row changes e and m at its value, and E and k at all
    lower ones.
    """
    # Imported here: it costs 0.1 s.
    from scipy.special import polygamma

    m, e, k, before = answered(t.right, t.wrong)
    h = harmonic_sum(k, m)
    first, last = polygamma(1, k + 1.0), polygamma(1, k + m + 1.0)
    expected = before - e * k / m
    by_e = 1.0 - k / m * h
    by_m = e * k / m**2 * h + expected * last
    by_k = expected * (last - first) - e / m * h
    of_right = by_m + from_here_on(by_k) - by_k
    of_wrong = of_right + by_e + from_here_on(h) - h
    return np.asarray(of_right[::-1]), np.asarray(of_wrong[::-1])
