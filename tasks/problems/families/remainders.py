"""Remainders, modular powers and simultaneous congruences."""

from __future__ import annotations

from math import gcd, prod
from random import Random

from caopd_bench.tasks.problems.problem import Problem, digits, finish, join

__all__ = ["remainder"]

_PLAIN = (
    "What is the remainder when {e} is divided by {m}?",
    "Compute {b} mod {m}.",
    "What is {b} mod {m}?",
    "{e} is divided by {m}. What is the remainder?",
)
_PRIMES = [p for p in range(2, 400) if all(p % q for q in range(2, int(p**0.5) + 1))]

# By level: the range of the modulus and the number of digits of the exponent.
_POWERS = {
    7: ((5, 14), 2),
    8: ((17, 98), 5),
    9: ((300, 999), 10),
    10: ((10_000, 99_999), 30),
}
# By level: number of congruences, and the slice of `_PRIMES` that holds their moduli.
_CONGRUENCES = {7: (2, 1, 6), 8: (3, 3, 14), 9: (3, 5, 20), 10: (4, 8, 40)}


def _ask(rng: Random, expression: str, modulus: int) -> str:
    bracketed = f"({expression})" if " " in expression else expression
    return rng.choice(_PLAIN).format(e=expression, b=bracketed, m=modulus)


def remainder(rng: Random, level: int) -> Problem:
    """Write a question about remainders; from level 7 on powers and congruences."""
    if level <= 5:
        size, low, high = {3: (2, 3, 10), 4: (3, 3, 10), 5: (4, 11, 30)}[level]
        number, modulus = digits(rng, size), rng.randrange(low, high)
        text = str(number)
        steps = [f"{modulus} * {number // modulus} = {number - number % modulus}"]
        steps.append(f"{number} - {number - number % modulus} = {number % modulus}")
        value = number % modulus
    elif level == 6:
        return _product(rng)
    elif rng.randrange(3) == 0:
        return _congruences(rng, level)
    elif level >= 9 and rng.randrange(3) == 0:
        return _two_powers(rng, level)
    else:
        base, exponent, modulus = _draw_power(rng, level)
        text = f"{base}^{exponent}"
        value = pow(base, exponent, modulus)
        steps = _power_steps(base, exponent, modulus)
    return finish(_ask(rng, text, modulus), value, steps)


def _product(rng: Random) -> Problem:
    a, b, c, modulus = digits(rng, 3), digits(rng, 3), digits(rng, 3), rng.randrange(11, 60)
    if rng.randrange(2):
        text, last = f"{a} * {b}", f"{a % modulus} * {b % modulus}"
        steps = [f"{n} mod {modulus} = {n % modulus}" for n in (a, b)]
        value = a * b % modulus
    else:
        text, last = f"{a} * {b} + {c}", f"{a % modulus} * {b % modulus} + {c % modulus}"
        steps = [f"{n} mod {modulus} = {n % modulus}" for n in (a, b, c)]
        value = (a * b + c) % modulus
    steps.append(f"({last}) mod {modulus} = {value}")
    return finish(_ask(rng, text, modulus), value, steps)


def _draw_power(rng: Random, level: int) -> tuple[int, int, int]:
    (low, high), size = _POWERS[level]
    while True:
        modulus = rng.randrange(low, high)
        base = rng.randrange(2, min(modulus - 1, 1000))
        if gcd(base, modulus) == 1:
            return base, digits(rng, size), modulus


def _totient(number: int) -> int:
    result, rest, p = number, number, 2
    while rest > 1:
        if rest % p == 0:
            result -= result // p
            while rest % p == 0:
                rest //= p
        p += 1
    return result


def _power_steps(base: int, exponent: int, modulus: int) -> list[str]:
    # Euler's theorem applies: `_draw_power` draws base and modulus without a common factor.
    order = _totient(modulus)
    return [
        f"{base} and {modulus} have no common factor and phi({modulus}) is {order}, "
        f"so the exponent counts modulo {order}",
        f"{exponent} mod {order} = {exponent % order}",
        f"{base}^{exponent % order} mod {modulus} = {pow(base, exponent, modulus)}",
    ]


def _two_powers(rng: Random, level: int) -> Problem:
    first, exponent, modulus = _draw_power(rng, level)
    while True:
        second = rng.randrange(2, 1000)
        if gcd(second, modulus) == 1 and second % modulus not in (1, modulus - 1):
            break
    other = digits(rng, _POWERS[level][1])
    value = (pow(first, exponent, modulus) + pow(second, other, modulus)) % modulus
    order = _totient(modulus)
    parts = pow(first, exponent, modulus), pow(second, other, modulus)
    steps = [f"phi({modulus}) is {order} and neither base has a factor in common with {modulus}"]
    for base, power, part in ((first, exponent, parts[0]), (second, other, parts[1])):
        steps.append(f"{power} mod {order} = {power % order}")
        steps.append(f"{base}^{power % order} mod {modulus} = {part}")
    steps.append(f"({parts[0]} + {parts[1]}) mod {modulus} = {value}")
    text = f"{first}^{exponent} + {second}^{other}"
    return finish(_ask(rng, text, modulus), value, steps)


def _congruences(rng: Random, level: int) -> Problem:
    count, low, high = _CONGRUENCES[level]
    moduli = sorted(rng.sample(_PRIMES[low:high], count))
    period = prod(moduli)
    value = rng.randrange(max(moduli) + 1, period)
    rests = [value % m for m in moduli]
    question = rng.choice(
        (
            "What is the smallest positive integer that leaves "
            + join(
                [f"remainder {r} when divided by {m}" for r, m in zip(rests, moduli, strict=True)]
            )
            + "?",
            "Find the smallest positive n with "
            + join([f"n mod {m} = {r}" for r, m in zip(rests, moduli, strict=True)])
            + ".",
        )
    )
    steps = ["Up to " + str(period) + " exactly one number fits"]
    steps += [f"{value} mod {m} = {r}" for r, m in zip(rests, moduli, strict=True)]
    return finish(question, value, steps)
