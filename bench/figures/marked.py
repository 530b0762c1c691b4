"""Data of the figures: a number with its limits, and a model with two such numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from caopd_bench.figures.palette import Style

__all__ = ["GREY", "Estimate", "Point", "ProbePoint", "is_finite"]

GREY = "#6b6b6b"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its confidence limits; NaN where undefined."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class Point:
    """One model in a figure of two numbers; `series` groups models, for example by training method.

    `style` is the colour and mark that the model or its series has in all figures.
    """

    name: str
    x: Estimate
    y: Estimate
    series: str = ""
    style: Style | None = None


@dataclass(frozen=True, slots=True)
class ProbePoint:
    """One model, evaluated without and with the teacher's context."""

    name: str
    own_success: Estimate
    own_confidence: Estimate
    teacher_success: Estimate
    teacher_confidence: Estimate
    style: Style | None = None


def is_finite(estimate: Estimate) -> bool:
    """Return whether the estimate is a finite number, which can be drawn."""
    return math.isfinite(estimate.value)
