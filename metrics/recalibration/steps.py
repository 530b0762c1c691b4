"""Recalibrators that are not logistic: a constant, isotonic regression, a histogram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.points.decomposition import isotonic_curve
from caopd_bench.metrics.rows.binning import bin_index, bin_sums
from caopd_bench.metrics.rows.counting import FloatArray

Parameters = dict[str, Any]


def fit_constant(_values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> Parameters:
    """Fit the accuracy to counts (u,)."""
    return {"probability": float(right.sum() / (right + wrong).sum())}


def constant(parameters: Mapping[str, Any], values: FloatArray) -> FloatArray:
    """Map every confidence (k,) to the one probability."""
    return np.full(values.shape, parameters["probability"])


def fit_isotonic(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> Parameters:
    """Fit an increasing step curve to counts (u,): the ends of its steps are the parameters."""
    curve = isotonic_curve(right, right + wrong)
    rises = np.diff(curve) != 0.0
    knot = np.append(True, rises) | np.append(rises, True)
    return {"values": tuple(values[knot].tolist()), "probabilities": tuple(curve[knot].tolist())}


def isotonic(parameters: Mapping[str, Any], values: FloatArray) -> FloatArray:
    """Map confidences (k,): straight lines between the steps, constant beyond the outer two."""
    knots, curve = (np.array(parameters[name]) for name in ("values", "probabilities"))
    following = np.searchsorted(knots, values).clip(max=knots.size - 1)
    previous = (following - 1).clip(min=0)
    on_line = np.interp(values, knots, curve)
    # Rounding must not lift a value above the step that follows it.
    return np.asarray(np.clip(on_line, curve[previous], curve[following]))


def fit_histogram(
    values: FloatArray, right: NDArray[Any], wrong: NDArray[Any], bins: int
) -> Parameters:
    """Fit the accuracy of each bin of equal width; an empty bin lies between its neighbours."""
    index = bin_index(values, bins)
    share = bin_sums(right, index) / bin_sums(right + wrong, index)
    filled = np.interp(np.arange(bins), np.unique(index), share)
    return {"probabilities": tuple(filled.tolist())}


def histogram(parameters: Mapping[str, Any], values: FloatArray) -> FloatArray:
    """Map confidences (k,) to the probability of their bin."""
    probabilities = np.array(parameters["probabilities"])
    return np.asarray(probabilities[bin_index(values, probabilities.size)])
