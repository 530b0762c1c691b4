"""Long multiplication and long division."""

from __future__ import annotations

from random import Random

from caopd_bench.tasks.problems.problem import Problem, digits, finish
from caopd_bench.tasks.problems.wording import ask, thing

__all__ = ["division", "product"]

_TIMES = (
    "What is {a} times {b}?",
    "Multiply {a} by {b}.",
    "What is the product of {a} and {b}?",
    "What do you get when you multiply {a} by {b}?",
)
_CRATES = (
    "A warehouse has {a} crates with {b} {things} in each. How many {things} is that in total?",
    "Each of {a} boxes holds {b} {things}. How many {things} do the boxes hold together?",
)
_DIGIT_SUM = (
    "What is the sum of the decimal digits of {a} * {b}?",
    "Multiply {a} by {b} and add up the digits of the product. What do you get?",
)
_PRODUCT_SIZES = {3: (2, 1), 4: (3, 1), 5: (2, 2), 6: (3, 2), 7: (4, 3), 8: (5, 4), 9: (6, 5)}

_EXACT = (
    "Divide {a} by {b}.",
    "What is {a} divided by {b}?",
    "How many times does {b} fit into {a} exactly?",
    "{a} {things} are packed into boxes of {b}, and none is left over. How many boxes are filled?",
)
_WHOLE = (
    "What is the whole-number part of {a} / {b}?",
    "Divide {a} by {b} and drop the remainder. What is the quotient?",
    "{a} {things} are packed into boxes of {b}. How many boxes can be filled completely?",
)
_QUOTIENT_SIZES = {4: (2, 1), 5: (2, 2), 6: (3, 2), 7: (4, 3), 8: (5, 4), 9: (6, 5), 10: (8, 6)}


def product(rng: Random, level: int) -> Problem:
    """Write a product of two numbers; from level 8 perhaps the digit sum of it."""
    a, b = _factors(rng, level)
    value = a * b
    steps = [_partial_products(a, b)]
    if level >= 8 and rng.randrange(3) == 0:
        figures = str(value)
        total = sum(map(int, figures))
        question = rng.choice(_DIGIT_SUM).format(a=a, b=b)
        return finish(question, total, [*steps, f"{' + '.join(figures)} = {total}"])
    # Nobody has a million crates: the story form ends at level 6.
    kind = rng.randrange(3 if level <= 6 else 2)
    if kind == 0:
        question = ask(rng, f"{a} * {b}")
    elif kind == 1 or min(a, b) == 1:
        question = rng.choice(_TIMES).format(a=a, b=b)
    else:
        question = rng.choice(_CRATES).format(a=a, b=b, things=thing(rng))
    return finish(question, value, steps)


def _factors(rng: Random, level: int) -> tuple[int, int]:
    if level == 1:
        return rng.randrange(1, 10), rng.randrange(1, 10)
    if level == 2:
        return rng.randrange(10, 22), rng.randrange(2, 6)
    if level == 10:
        return digits(rng, 7), digits(rng, 7)
    first, second = _PRODUCT_SIZES[level]
    extra = rng.randrange(2) if level >= 5 else 0
    return digits(rng, first), digits(rng, second + extra)


def _partial_products(a: int, b: int) -> str:
    text = str(b)
    parts = [int(c) * 10 ** (len(text) - i - 1) for i, c in enumerate(text) if c != "0"]
    if len(parts) == 1:
        return f"{a} * {b} = {a * b}"
    split = " + ".join(f"{a} * {part}" for part in parts)
    sums = " + ".join(str(a * part) for part in parts)
    return f"{a} * {b} = {split} = {sums} = {a * b}"


def division(rng: Random, level: int) -> Problem:
    """Write an exact division, or from level 6 perhaps one with a remainder to drop."""
    if level == 3:
        quotient, divisor = rng.randrange(3, 26), rng.randrange(2, 10)
    else:
        first, second = _QUOTIENT_SIZES[level]
        quotient, divisor = digits(rng, first), digits(rng, second)
    things = thing(rng)
    if level >= 6 and rng.randrange(2):
        rest = rng.randrange(1, divisor)
        whole = quotient * divisor
        dividend = whole + rest
        question = rng.choice(_WHOLE[: 3 if level <= 7 else 2]).format(
            a=dividend, b=divisor, things=things
        )
        steps = [
            f"{divisor} * {quotient} = {whole}",
            f"{dividend} - {whole} = {rest}, which is less than {divisor}",
        ]
        return finish(question, quotient, steps)
    dividend = quotient * divisor
    if rng.randrange(2):
        question = ask(rng, f"{dividend} / {divisor}")
    else:
        question = rng.choice(_EXACT[: 4 if level <= 7 else 3]).format(
            a=dividend, b=divisor, things=things
        )
    return finish(question, quotient, [f"{divisor} * {quotient} = {dividend}"])
