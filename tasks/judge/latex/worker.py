"""Compare expressions, one JSON line after the other, as the child process of `child`."""

from __future__ import annotations

import json
import logging
import sys
from functools import lru_cache
from typing import Any

MEMORY = 2_000_000_000  # bytes
#: Numerators of the points at which expressions are evaluated: at ratios of primes, hardly any two
#: different expressions are equal by chance.
PRIMES = (101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179)
DIGITS = 30
#: Smallest difference, relative to the sides, that proves two expressions different. A smaller one
#: is simplified.
CLEARLY = 1e-12


def main() -> None:
    """Answer `[stated, expected]` with `true` or `false` until the input ends."""
    _limit_memory()
    logging.disable(logging.CRITICAL)
    try:
        import math_verify  # noqa: F401
    except ImportError:
        print("missing", flush=True)
        return
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            same = _is_same(*json.loads(line))
        except Exception:
            same = False
        print("true" if same else "false", flush=True)


def _limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError, OSError):
        pass  # this system cannot limit memory; the time limit still applies


def _is_same(stated: str, expected: str) -> bool:
    sides = [side.count("=") for side in (stated, expected)]
    if sides == [1, 1]:
        return _same_equation(*(_difference(side) for side in (stated, expected)))
    if any(sides):
        return False
    ours, theirs = _read(stated), _read(expected)
    return not _clearly_differ(ours, theirs) and _is_zero(ours - theirs)


def _clearly_differ(ours: Any, theirs: Any) -> bool:
    """Return whether two expressions differ at some point; simplifying takes far longer."""
    import sympy

    point = {
        symbol: sympy.Rational(prime, 97)
        for symbol, prime in zip(
            sorted(ours.free_symbols | theirs.free_symbols, key=str), PRIMES, strict=False
        )
    }
    try:
        values = [complex(side.subs(point).evalf(DIGITS)) for side in (ours, theirs)]
    except (TypeError, ValueError, ArithmeticError):  # not a number, or too large for a float
        return False
    size = max(1.0, *map(abs, values))
    distance = abs(values[0] - values[1])
    # Infinite or undefined values decide nothing: every comparison with NaN is False.
    return size < float("inf") and distance > CLEARLY * size


def _difference(equation: str) -> Any:
    left, _, right = equation.partition("=")
    return _read(left) - _read(right)


def _same_equation(ours: Any, theirs: Any) -> bool:
    """Return whether two equations, written as `expression = 0`, are multiples of each other."""
    import sympy

    if _is_zero(ours) or _is_zero(theirs):
        return False
    ratio = sympy.simplify(ours / theirs)
    return bool(not ratio.free_symbols and ratio.is_number and not _is_zero(ratio))


@lru_cache(maxsize=4096)
def _read(text: str) -> Any:
    import sympy
    from math_verify import LatexExtractionConfig, parse

    found = parse(
        f"${text}$", [LatexExtractionConfig()], fallback_mode="no_fallback", parsing_timeout=None
    )
    expressions = [item for item in found if isinstance(item, sympy.Expr)]
    if len(expressions) != 1:
        raise ValueError(f"not one expression: {text!r}")
    # Decimals become the fractions that they state, so that 0.333 is not 1/3.
    return sympy.nsimplify(expressions[0], rational=True)


def _is_zero(expression: Any) -> bool:
    import sympy

    if expression == 0:
        return True
    simple = sympy.simplify(expression)
    return bool(simple == 0 or simple.equals(0))


if __name__ == "__main__":
    main()
