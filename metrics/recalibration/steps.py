"""The recalibrators that are not logistic, and checks of stored parameters."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.rows.binning import bin_index, bin_sums
from caopd_bench.metrics.rows.counting import FloatArray
from caopd_bench.metrics.rows.isotonic import isotonic_curve

Parameters = dict[str, Any]


def fit_constant(_values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> Parameters:
    """Return the accuracy of counts (u,) as the only parameter."""
    return {"probability": float(right.sum() / (right + wrong).sum())}


def constant(parameters: Mapping[str, Any], values: FloatArray) -> FloatArray:
    """Map every confidence (k,) to the same probability."""
    return np.full(values.shape, parameters["probability"])


def fit_isotonic(values: FloatArray, right: NDArray[Any], wrong: NDArray[Any]) -> Parameters:
    """Fit an increasing step curve to counts (u,); its parameters are the ends of the steps."""
    curve = isotonic_curve(right, right + wrong)
    rises = np.diff(curve) != 0.0
    knot = np.append(True, rises) | np.append(rises, True)
    return {"values": tuple(values[knot].tolist()), "probabilities": tuple(curve[knot].tolist())}


def isotonic(parameters: Mapping[str, Any], values: FloatArray) -> FloatArray:
    """Map confidences (k,) by straight lines between the steps; constant outside them."""
    knots, curve = (np.array(parameters[name]) for name in ("values", "probabilities"))
    following = np.searchsorted(knots, values).clip(max=knots.size - 1)
    previous = (following - 1).clip(min=0)
    on_line = np.interp(values, knots, curve)
    # Rounding must not move a value beyond the steps on either side.
    return np.asarray(np.clip(on_line, curve[previous], curve[following]))


def fit_histogram(
    values: FloatArray, right: NDArray[Any], wrong: NDArray[Any], bins: int
) -> Parameters:
    """Compute the accuracy of each bin of equal width, interpolated for empty bins."""
    index = bin_index(values, bins)
    share = bin_sums(right, index) / bin_sums(right + wrong, index)
    filled = np.interp(np.arange(bins), np.unique(index), share)
    return {"probabilities": tuple(filled.tolist())}


def histogram(parameters: Mapping[str, Any], values: FloatArray) -> FloatArray:
    """Map confidences (k,) to the probability of their bin."""
    probabilities = np.array(parameters["probabilities"])
    return np.asarray(probabilities[bin_index(values, probabilities.size)])


def check_parameters(given: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Return (name, value) pairs of floats and tuples of floats, or raise ValueError."""
    checked = {name: _checked(name, value) for name, value in given.items()}
    _check_order(checked)
    return tuple(checked.items())


def _checked(name: str, value: Any) -> float | tuple[float, ...]:
    """Return a stored parameter as floats, or raise ValueError."""
    plural = name in ("values", "probabilities")
    numbers = value if plural and isinstance(value, (list, tuple)) and value else [value]
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise ValueError(f"{name} must hold numbers, got {number!r}")
        low = -math.inf if name == "intercept" else 0.0
        high = math.inf if name in ("slope", "a", "b", "intercept") else 1.0
        if not (low <= number <= high and abs(number) <= sys.float_info.max):
            raise ValueError(f"{name} must be finite and in [{low:g}, {high:g}], got {number!r}")
    if plural and numbers is not value:
        raise ValueError(f"{name} must be a list of numbers, got {value!r}")
    return tuple(float(x) for x in numbers) if plural else float(value)


def _check_order(parameters: Mapping[str, Any]) -> None:
    """Raise ValueError if the stored map would not increase."""
    if "at_zero" in parameters and parameters["at_zero"] > parameters["at_one"]:
        raise ValueError("at_zero must not be above at_one")
    if "values" in parameters:
        knots, curve = parameters["values"], parameters["probabilities"]
        if len(knots) != len(curve):
            raise ValueError(
                f"values and probabilities differ in length: {len(knots)}, {len(curve)}"
            )
        if (np.diff(knots) <= 0).any() or (np.diff(curve) < 0).any():
            raise ValueError("values must ascend, and probabilities must not fall")
