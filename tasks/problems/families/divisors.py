"""Greatest common divisors and least common multiples, plain and nested."""

from __future__ import annotations

from math import gcd, lcm
from random import Random

from caopd_bench.tasks.problems.problem import Problem, digits, finish, join

__all__ = ["gcd_lcm"]

_GCD = (
    "What is the greatest common divisor of {e}?",
    "Find the greatest common divisor of {e}.",
    "What is the largest integer that divides each of {e} without remainder?",
)
_LCM = (
    "What is the least common multiple of {e}?",
    "Find the least common multiple of {e}.",
    "What is the smallest positive integer that is a multiple of each of {e}?",
)
_GCD_STORY = (
    "Ropes of {e} cm are cut into equal pieces with nothing left over. "
    "How many centimetres long can the pieces be at most?",
    "Bags of {e} sweets are each divided evenly among the same children, and no sweet is left "
    "over. How many children can there be at most?",
)
_LCM_STORY = (
    "Lamps that flash every {e} seconds have just flashed together. "
    "After how many seconds do they first all flash together again?",
    "Buses on different lines leave a stop every {e} minutes, and they have just left together. "
    "In how many minutes do they next all leave together?",
)
_FORMAL = ("Compute {}.", "What is {}?", "Find the exact value of {}.")

# By level: how many numbers, digits of their common factor, digits of their other factors.
_GCD_SIZES = {3: (2, 1, 1), 4: (2, 1, 2), 5: (2, 2, 1), 6: (3, 2, 2), 7: (2, 2, 3), 8: (2, 3, 4)}
_LCM_SIZES = {4: (2, 1, 1), 5: (2, 1, 2), 6: (3, 1, 1), 7: (3, 1, 2), 8: (4, 1, 2)}


def gcd_lcm(rng: Random, level: int) -> Problem:
    """Write a question about common divisors or common multiples."""
    if level >= 9 or (level == 8 and rng.randrange(2)):
        return _nested(rng, level)
    use_lcm = level >= 4 and rng.randrange(2) == 0
    count, common, rest = (_LCM_SIZES if use_lcm else _GCD_SIZES)[level]
    while True:
        factor = digits(rng, common)
        numbers = [factor * digits(rng, rest) for _ in range(count)]
        # A number that divides another would give the answer away.
        if len(set(numbers)) == count and not any(
            a != b and b % a == 0 for a in numbers for b in numbers
        ):
            break
    value = lcm(*numbers) if use_lcm else gcd(*numbers)
    listed = join([str(n) for n in numbers])
    if level in (4, 5, 6) and rng.randrange(3) == 0:
        question = rng.choice(_LCM_STORY if use_lcm else _GCD_STORY).format(e=listed)
    elif rng.randrange(2):
        question = f"Compute {'lcm' if use_lcm else 'gcd'}({', '.join(map(str, numbers))})."
    else:
        question = rng.choice(_LCM if use_lcm else _GCD).format(e=listed)
    return finish(question, value, _steps(numbers, value, use_lcm))


def _steps(numbers: list[int], value: int, use_lcm: bool) -> list[str]:
    if use_lcm:
        steps = [f"{n} * {value // n} = {value}" for n in numbers]
        return [*steps, f"The factors {join([str(value // n) for n in numbers])} share no divisor"]
    steps = [f"{value} * {n // value} = {n}" for n in numbers]
    return [*steps, f"The factors {join([str(n // value) for n in numbers])} share no divisor"]


def _nested(rng: Random, level: int) -> Problem:
    if level == 9 and rng.randrange(3) == 0:
        factor = digits(rng, 4)
        numbers = [factor * digits(rng, 5) for _ in range(2)]
        value = gcd(*numbers)
        question = rng.choice(_FORMAL).format(f"gcd({numbers[0]}, {numbers[1]})")
        return finish(question, value, _steps(numbers, value, False))
    size = {8: 1, 9: 2, 10: 3}[level]
    if rng.randrange(2):
        return _lcm_of_gcds(rng, size)
    shared = digits(rng, 2)
    a, b, c, d = (digits(rng, size) * rng.choice((shared, digits(rng, 2))) for _ in range(4))
    first, second = lcm(a, b), lcm(c, d)
    value = gcd(first, second)
    text = f"gcd(lcm({a}, {b}), lcm({c}, {d}))"
    steps = [f"lcm({a}, {b}) is {first} and lcm({c}, {d}) is {second}"]
    steps += _steps([first, second], value, False)
    if level == 10 and rng.randrange(2):
        more = gcd(a, c)
        text = f"{text} + gcd({a}, {c})"
        steps += [f"gcd({a}, {c}) is {more}", f"{value} + {more} = {value + more}"]
        value += more
    return finish(rng.choice(_FORMAL).format(text), value, steps)


def _lcm_of_gcds(rng: Random, size: int) -> Problem:
    left, right = digits(rng, size + 1), digits(rng, size + 1)
    a, b, c, d = (factor * digits(rng, size + 1) for factor in (left, left, right, right))
    first, second = gcd(a, b), gcd(c, d)
    value = lcm(first, second)
    steps = [f"gcd({a}, {b}) is {first} and gcd({c}, {d}) is {second}"]
    steps += _steps([first, second], value, True)
    text = f"lcm(gcd({a}, {b}), gcd({c}, {d}))"
    return finish(rng.choice(_FORMAL).format(text), value, steps)
