"""Format numbers for people, and prepare them for strict JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

__all__ = ["COMPARED", "PAGE", "PLAIN", "Style", "finite", "is_number"]


@dataclass(frozen=True, slots=True)
class Style:
    """The number format of one kind of output, with three decimals.

    Attributes
    ----------
    dash, no_limits : str
        Text for an undefined number, and for undefined limits.
    is_tidy : bool
        Whether to drop the minus of a number that rounds to zero, and the plus of infinity.
    """

    dash: str
    no_limits: str
    is_tidy: bool

    def number(self, value: float, *, signed: bool = False) -> str:
        """Format a number; a signed one is a difference, or may be below zero.

        Examples
        --------
        >>> PLAIN.number(0.25), PLAIN.number(-0.0001, signed=True), PLAIN.number(float("nan"))
        ('0.250', '-0.000', '-')
        >>> PAGE.number(0.25, signed=True), PAGE.number(-0.0001), PAGE.number(float("nan"))
        ('+0.250', '0.000', '–')
        """
        if math.isnan(value):
            return self.dash
        if self.is_tidy:
            signed = signed and not math.isinf(value)
            value = 0.0 if abs(value) < 0.0005 else value
        return f"{value:{'+' if signed else ''}.3f}"

    def signed(self, value: float) -> str:
        """Format a number with its sign."""
        return self.number(value, signed=True)

    def limits(self, low: float, high: float, *, signed: bool = False) -> str:
        """Format an interval.

        Examples
        --------
        >>> COMPARED.limits(-0.1, 0.0, signed=True), COMPARED.limits(float("nan"), 1.0)
        ('[-0.100, +0.000]', '-')
        """
        if math.isnan(low) or math.isnan(high):
            return self.no_limits
        return f"[{self.number(low, signed=signed)}, {self.number(high, signed=signed)}]"


#: The styles of `score` and `gate`, of `compare`, and of the report.
PLAIN = Style("-", "-", is_tidy=False)
COMPARED = Style("-", "-", is_tidy=True)
PAGE = Style("–", "", is_tidy=True)


def finite(value: Any) -> Any:
    """Return plain values fit for strict JSON: non-finite numbers become None.

    Examples
    --------
    >>> finite({"low": float("nan"), "ends": (1.0, float("inf"))})
    {'low': None, 'ends': [1.0, None]}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    return [finite(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def is_number(value: Any) -> TypeGuard[int | float]:
    """Return whether a value from a file is a number; true and false are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
