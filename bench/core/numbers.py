"""Numbers as people read them, and as strict JSON holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

__all__ = ["COMPARED", "PAGE", "PLAIN", "Style", "finite", "is_number"]


@dataclass(frozen=True, slots=True)
class Style:
    """How numbers are written in one kind of output, to three decimals.

    Attributes
    ----------
    dash, no_limits : str
        Stand for a number that is undefined, and for limits that are.
    is_tidy : bool
        What rounds to zero has no minus, and infinity no plus.
    """

    dash: str
    no_limits: str
    is_tidy: bool

    def number(self, value: float, *, signed: bool = False) -> str:
        """Write a number; a signed one is a difference, or may be below zero.

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
        """Write a number with its sign."""
        return self.number(value, signed=True)

    def limits(self, low: float, high: float, *, signed: bool = False) -> str:
        """Write an interval.

        Examples
        --------
        >>> COMPARED.limits(-0.1, 0.0, signed=True), COMPARED.limits(float("nan"), 1.0)
        ('[-0.100, +0.000]', '-')
        """
        if math.isnan(low) or math.isnan(high):
            return self.no_limits
        return f"[{self.number(low, signed=signed)}, {self.number(high, signed=signed)}]"


#: Tables of `score` and `gate`; sentences and tables of `compare`; the report.
PLAIN = Style("-", "-", is_tidy=False)
COMPARED = Style("-", "-", is_tidy=True)
PAGE = Style("–", "", is_tidy=True)


def finite(value: Any) -> Any:
    """Return plain values as strict JSON can hold them: what is not finite becomes None.

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
    """Return whether a value of a file is a number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
