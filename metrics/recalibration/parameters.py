"""Checks of the parameters of a stored recalibrator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


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
        if not (low <= number <= high and math.isfinite(number)):
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
