"""Linear equations in one unknown."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from random import Random
from typing import NamedTuple

from caopd_bench.tasks.problems.problem import Problem, finish

__all__ = ["equation"]

_SOLVE = (
    "Solve {e} for x.",
    "What is x if {e}?",
    "Find x: {e}.",
    "The equation {e} holds. What is x?",
)


class _Side(NamedTuple):
    """One side of an equation: its text and its value `slope * x + constant`."""

    text: str
    slope: Fraction
    constant: Fraction

    def at(self, x: int) -> Fraction:
        return self.slope * x + self.constant


def _side(text: str, slope: Fraction | int, constant: Fraction | int) -> _Side:
    return _Side(text, Fraction(slope), Fraction(constant))


def equation(rng: Random, level: int) -> Problem:
    """Write an equation and ask for x, or at low levels ask for a number in words."""
    if level <= 4 and rng.randrange(2):
        return _number_story(rng, level)
    if level in (5, 6) and rng.randrange(3) == 0:
        return _same_number(rng, level)
    while True:
        left, right = _build(rng, level)
        if left.slope != right.slope:
            break
    slope, constant = left.slope - right.slope, right.constant - left.constant
    scale = lcm(slope.denominator, constant.denominator) * (1 if slope > 0 else -1)
    a, b = int(slope * scale), int(constant * scale)
    question = rng.choice(_SOLVE).format(e=f"{left.text} = {right.text}")
    steps = [f"Collecting the terms in x gives {_term(a)} = {b}"]
    if a != 1:
        steps.append(f"x = {b} / {a} = {Fraction(b, a)}")
    return finish(question, Fraction(b, a), steps)


def _term(coefficient: int) -> str:
    return "x" if coefficient == 1 else f"{coefficient}x"


def _build(rng: Random, level: int) -> tuple[_Side, _Side]:
    low, high = (2, 10) if level <= 8 else (3, 40)
    a, b, c, d, e, f, g, h, i = (rng.randrange(low, high) for _ in range(9))
    x = rng.randrange(2, 13) * rng.choice((1, 1, -1))
    if level == 3:
        x, shift = rng.randrange(5, 60), rng.randrange(11, 90)
        left = rng.choice((_side(f"x + {shift}", 1, shift), _side(f"x - {shift}", 1, -shift)))
    elif level == 4:
        x, b = rng.randrange(2, 20), rng.randrange(5, 50)
        left = _side(f"{a}x + {b}", a, b)
    elif level == 5:
        # The right side is constructed to equal the left one at an integer x.
        left = _side(f"{a + c}x + {b}", a + c, b)
        constant = int(left.at(x)) - c * x
        sign = "-" if constant < 0 else "+"
        return left, _side(f"{c}x {sign} {abs(constant)}", c, constant)
    elif level == 6:
        left = _side(f"{a}(x + {b}) - {c}(x - {d})", a - c, a * b + c * d)
    elif level == 7:
        if rng.randrange(2):
            return _side(f"x/{a} + x/{b}", Fraction(1, a) + Fraction(1, b), 0), _side(f"{c}", 0, c)
        return (
            _side(f"{a}(x - {b}) + {h}", a, h - a * b),
            _side(f"{c}(x + {d}) - {e}", c, c * d - e),
        )
    elif level == 8:
        left = _side(f"{a}({b}(x + {c}) - {d}(x - {e}))", a * (b - d), a * (b * c + d * e))
        return left, _side(f"{f}x + {g}", f, g)
    else:
        left = _side(
            f"({a}x + {b})/{c} - ({d}x - {e})/{f}",
            Fraction(a, c) - Fraction(d, f),
            Fraction(b, c) + Fraction(e, f),
        )
        if level == 9:
            return left, _side(f"{g}", 0, g)
        left = _side(
            f"{left.text} + ({g}x + {h})/{i}",
            left.slope + Fraction(g, i),
            left.constant + Fraction(h, i),
        )
        j, k = rng.randrange(2, 30), rng.randrange(11, 90)
        return left, _side(f"{j}x - {k}", j, -k)
    value = int(left.at(x))
    return left, _side(f"{value}", 0, value)


def _number_story(rng: Random, level: int) -> Problem:
    x = rng.randrange(5, 60) if level == 3 else rng.randrange(3, 20)
    shift = rng.randrange(11, 90)
    if level == 3:
        total = x + shift
        question = rng.choice(
            (
                f"When {shift} is added to a number, the result is {total}. What is the number?",
                f"Which number must be added to {shift} to get {total}?",
            )
        )
        return finish(question, x, [f"{total} - {shift} = {x}"])
    times = rng.randrange(2, 10)
    total = times * x + shift
    question = rng.choice(
        (
            f"A number is multiplied by {times}, then {shift} is added, and the result is {total}. "
            f"What is the number?",
            f"Somebody thinks of a number, multiplies it by {times} and adds {shift}. "
            f"That makes {total}. What is the number?",
        )
    )
    steps = [f"{total} - {shift} = {total - shift}", f"{total - shift} / {times} = {x}"]
    return finish(question, x, steps)


def _same_number(rng: Random, level: int) -> Problem:
    x = rng.randrange(3, 20 if level == 5 else 60)
    small = rng.randrange(2, 8)
    big = small + rng.randrange(2, 6 if level == 5 else 20)
    b = rng.randrange(3, 30)
    d = (big - small) * x + b
    question = (
        f"{big} times a number, plus {b}, is the same as {small} times that number, plus {d}. "
        f"What is the number?"
    )
    steps = [f"{big} - {small} = {big - small}", f"{d} - {b} = {d - b}"]
    return finish(question, x, [*steps, f"{d - b} / {big - small} = {x}"])
