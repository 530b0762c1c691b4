"""Arithmetic with fractions, up to nested quotients and continued fractions."""

from __future__ import annotations

import re
from fractions import Fraction
from math import gcd
from random import Random

from caopd_bench.tasks.problems.problem import Problem, finish, work_out
from caopd_bench.tasks.problems.wording import ask, thing

__all__ = ["fraction"]

# The denominator of F1 is at most 6 and that of F2 at most 12; that of F3 has two digits.
_SHAPES = {
    4: ("F1 + F1", "(F1) * (F1)", "F1 - F1"),
    5: ("F2 - F2", "F2 + F2", "(F2) / (F2)", "(F2) * (F2)"),
    6: ("F2 + F2 - F2", "(F2 + F2) * (F2)", "(F2) * (F2) + F2"),
    7: ("(F2 + F2) * (F2 - F2)", "(F2 - F2) / (F2)", "(F2) / (F2 + F2)"),
    8: ("(F3 - F2) / (F2 + F2)", "F3 + F3 - F3", "(F3 + F2) * (F3 - F2)"),
    9: ("(F3) * (F3) + (F3) * (F3)", "(F3 - F3) / (F3 + F3)", "(F3 + F3 - F2) * (F3)"),
    10: ("(F3 + F3) / (F3 - F3) + F3", "(F3) * (F3) - (F3) / (F3 + F3)", "F3 + F3 - F3 + F3"),
}
_DENOMINATORS = {"1": (2, 7), "2": (3, 13), "3": (11, 60)}
_CONTINUED = {7: (3, 6), 8: (4, 9), 9: (5, 12), 10: (6, 30)}


def fraction(rng: Random, level: int) -> Problem:
    """Write a calculation with fractions."""
    if level == 3:
        return _like(rng) if rng.randrange(2) else _part_of(rng)
    if level >= 7 and rng.randrange(3) == 0:
        return _continued(rng, level)
    while True:
        expression = re.sub(
            r"F(\d)", lambda match: _draw(rng, match[1]), rng.choice(_SHAPES[level])
        )
        try:
            value, steps = work_out(expression)
        except ZeroDivisionError:
            continue
        return finish(ask(rng, expression), value, steps)


def _draw(rng: Random, size: str) -> str:
    low, high = _DENOMINATORS[size]
    while True:
        bottom = rng.randrange(low, high)
        top = rng.randrange(1, bottom)
        if gcd(top, bottom) == 1:
            return f"{top}/{bottom}"


def _like(rng: Random) -> Problem:
    bottom = rng.randrange(3, 30)
    a, b = rng.randrange(1, bottom), rng.randrange(1, bottom)
    plus = a <= b
    sign, top = ("+", a + b) if plus else ("-", a - b)
    value = Fraction(top, bottom)
    steps = [f"{a} {sign} {b} = {top}, so the value is {top}/{bottom}"]
    if str(value) != f"{top}/{bottom}":
        steps.append(f"{top}/{bottom} = {value}")
    return finish(ask(rng, f"{a}/{bottom} {sign} {b}/{bottom}"), value, steps)


def _part_of(rng: Random) -> Problem:
    bottom = rng.randrange(2, 11)
    top = rng.randrange(1, bottom)
    while gcd(top, bottom) > 1:
        top = rng.randrange(1, bottom)
    share = rng.randrange(2, 13)
    whole = bottom * share
    things = thing(rng)
    question = rng.choice(
        (
            f"What is {top}/{bottom} of {whole}?",
            f"A box holds {whole} {things}, and {top}/{bottom} of them are sold. "
            f"How many {things} are sold?",
        )
    )
    steps = [f"{whole} / {bottom} = {share}", f"{share} * {top} = {share * top}"]
    return finish(question, share * top, steps)


def _continued(rng: Random, level: int) -> Problem:
    depth, high = _CONTINUED[level]
    terms = [rng.randrange(2, high) for _ in range(depth)]
    text = str(terms[-1])
    value = Fraction(terms[-1])
    steps = []
    for term in reversed(terms[:-1]):
        text = f"{term} + 1/({text})" if "+" in text else f"{term} + 1/{text}"
        shown = f"({value})" if value.denominator > 1 else str(value)
        value = term + 1 / value
        steps.append(f"{term} + 1/{shown} = {value}")
    return finish(ask(rng, text), value, steps)
