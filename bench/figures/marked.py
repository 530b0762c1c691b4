"""What a figure of models is made of: a number with its limits, and a model with two of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from caopd_bench.figures.palette import Style

__all__ = ["GREY", "Estimate", "Point", "ProbePoint", "is_finite"]

GREY = "#6b6b6b"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its limits; NaN where undefined."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class Point:
    """One model in a figure of two numbers; `series` is its training method, say.

    `style` is colour and mark, where the model or its series has the same in other figures.
    """

    name: str
    x: Estimate
    y: Estimate
    series: str = ""
    style: Style | None = None


@dataclass(frozen=True, slots=True)
class ProbePoint:
    """One model without and with the teacher's context."""

    name: str
    own_success: Estimate
    own_confidence: Estimate
    teacher_success: Estimate
    teacher_confidence: Estimate
    style: Style | None = None


def is_finite(estimate: Estimate) -> bool:
    """Return whether there is a number to draw."""
    return math.isfinite(estimate.value)
