"""The logistic maps (temperature, Platt, beta): log-odds in, log-odds out, 0 and 1 apart.

The log-odds of 0 and 1 are infinite. Clipping them to a finite number lets one refuted 1.0 rule
the whole fit, so each of the two has a probability of its own, bound to the rest by monotonicity.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.counting import FloatArray

# One pseudo-row of a calibrated model, spread over ten confidences. The identity map is its best
# map, so it never makes a fit worse than no fit, and no data can make a fit diverge.
PRIOR_VALUES = (np.arange(10) + 0.5) / 10
PRIOR_ROWS = np.full(10, 0.1)
HALF_ROW = 0.5  # an end has one pseudo-row that is half right: it is never 0 or 1 itself

SLOPES = {"temperature": ("slope",), "platt": ("slope",), "beta": ("a", "b")}
COEFFICIENTS = {**SLOPES, "platt": ("slope", "intercept"), "beta": ("a", "b", "intercept")}


class _Rows(NamedTuple):
    """Right rows and all rows, at one value (as floats) or at several (as arrays)."""

    right: Any
    count: Any


class _Fit(NamedTuple):
    coefficients: FloatArray
    loss: float


def logistic(method: str, parameters: Mapping[str, Any], values: FloatArray) -> FloatArray:
    """Map confidences (k,) by the fitted parameters; increasing, within the two ends."""
    coefficients = np.array([parameters[name] for name in COEFFICIENTS[method]])
    at_zero, at_one = parameters["at_zero"], parameters["at_one"]
    inner = (values > 0.0) & (values < 1.0)
    mapped = np.where(values == 0.0, at_zero, at_one)
    mapped[inner] = np.clip(_curve(method, coefficients, values[inner]), at_zero, at_one)
    return mapped


def fit_logistic(
    method: str, values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]
) -> dict[str, float]:
    """Fit one of the logistic maps to counts (u,) by penalised maximum likelihood.

    Parameters
    ----------
    method : {"temperature", "platt", "beta"}
        Which map.
    values : ndarray, shape (u,)
        Distinct confidences in [0, 1], ascending.
    right, wrong : ndarray, shape (u,)
        Counts or sums of weights, not both 0 at any value.

    Returns
    -------
    dict of str to float
        The coefficients, and ``at_zero`` and ``at_one``: what 0 and 1 become, which also limit the
        map between them.

    Notes
    -----
    Minimised is the log score over slopes >= 0 and both ends, subject to f(0) <= f(lowest other
    value) and f(highest other value) <= f(1). This is convex; an end whose constraint binds counts
    as the neighbouring value. So the solution is the best feasible one of at most four fits. An
    end that no row stated takes what the map gives to 0.05 (or 0.95), or to the lowest (highest)
    value if that is further out.
    """
    zero, inner, one = _parts(values, right, wrong)
    if not inner.any():
        return _fit_ends(method, zero, one)
    c, rows = values[inner], _Rows(right[inner], (right + wrong)[inner])
    low, high = c[:1], c[-1:]
    best: dict[str, float] = {}
    best_loss = np.inf
    for join_zero, join_one in product((False, True), repeat=2):
        if (join_zero and not zero.count) or (join_one and not one.count):
            continue
        joined = [
            (at, end)
            for at, end, join in ((low, zero, join_zero), (high, one, join_one))
            if join
        ]
        fit = _fit(
            method,
            np.concatenate([c, *(at for at, _ in joined)]),
            _Rows(*(np.append(rows[i], [end[i] for _, end in joined]) for i in (0, 1))),
        )
        at_low, at_high, far_low, far_high = (
            float(_curve(method, fit.coefficients, x)[0])
            for x in (low, high, np.minimum(low, PRIOR_VALUES[0]), np.maximum(high, PRIOR_VALUES[-1]))
        )
        apart = [end for end, join in ((zero, join_zero), (one, join_one)) if end.count and not join]
        at_zero = at_low if join_zero else zero.right / zero.count if zero.count else far_low
        at_one = at_high if join_one else one.right / one.count if one.count else far_high
        loss = fit.loss + sum(_constant_loss(*end) for end in apart)
        if at_zero <= at_low and at_high <= at_one and loss < best_loss:
            best_loss = loss
            best = _parameters(method, fit.coefficients, at_zero, at_one)
            if not joined:
                break  # no constraint binds: nothing can be better
    return best
