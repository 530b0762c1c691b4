"""Adjustment of p-values for several tests, which bounds the chance of any false alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.rows.columns import as_numbers
from caopd_bench.metrics.rows.counting import FloatArray

Key = TypeVar("Key")


@overload
def holm(p_values: Mapping[Key, float]) -> dict[Key, float]: ...


@overload
def holm(p_values: Sequence[float] | NDArray[np.float64]) -> FloatArray: ...


def holm(
    p_values: Mapping[Key, float] | Sequence[float] | NDArray[np.float64],
) -> dict[Key, float] | FloatArray:
    r"""Return p-values adjusted for the number of tests, by Holm's method.

    Parameters
    ----------
    p_values : mapping to float, or sequence of float, shape (m,)
        The family of tests among which there should be no false alarm. NaN marks a test that
        could not be computed; it stays NaN and does not count.

    Returns
    -------
    dict or ndarray, shape (m,)
        Adjusted p-values in the form and order of the input. If tests with at most .05, for
        example, are rejected, the chance of one or more false alarms is at most .05, for any
        dependence between the tests.

    Raises
    ------
    ValueError
        If a p-value is not in [0, 1].

    Notes
    -----
    .. math:: \tilde p_{(i)} = \max_{j \le i} \min\big(1, (m - j + 1) \, p_{(j)}\big)

    for the p-values in ascending order. Holm, Scandinavian Journal of Statistics 6 (1979). They
    are never larger than Bonferroni's and are valid under the same conditions.

    Examples
    --------
    >>> holm({"brier": 0.01, "auroc": 0.04, "ece": 0.03})
    {'brier': 0.03, 'auroc': 0.06, 'ece': 0.06}
    >>> holm([0.01, float("nan"), 0.04]).tolist()
    [0.02, nan, 0.04]
    """
    if isinstance(p_values, Mapping):
        adjusted = holm(list(p_values.values()))
        return {key: float(p) for key, p in zip(p_values, adjusted, strict=True)}
    p = as_numbers("p_values", p_values).astype(np.float64)
    if p.ndim != 1:
        raise ValueError(f"p_values must be 1-D, got shape {p.shape}; one family at a time")
    tested = np.flatnonzero(~np.isnan(p))
    outside = tested[(p[tested] < 0.0) | (p[tested] > 1.0)]
    if outside.size:
        raise ValueError(
            f"p_values must be in [0, 1], got {p[outside[0]]}; NaN where there is none"
        )
    order = tested[np.argsort(p[tested], kind="stable")]
    factors = np.arange(tested.size, 0, -1)
    result = np.full(p.size, np.nan)
    result[order] = np.maximum.accumulate(np.minimum(factors * p[order], 1.0))
    return result
