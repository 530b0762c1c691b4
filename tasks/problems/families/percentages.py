"""Percentages: parts, changes one after another, and the way back to the start."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from caopd_bench.tasks.problems.problem import Problem, finish, join

__all__ = ["percentage"]

_PART = (
    "What is {p}% of {n}?",
    "Find {p}% of {n}.",
    "A club has {n} members, and {p}% of them are children. How many children are in the club?",
    "A jacket costs {n} euros and is reduced by {p}%. By how many euros is it reduced?",
)
# By level: number of successive changes, digits of the amount.
_CHANGES = {5: (1, 3), 6: (2, 3), 7: (2, 4), 8: (3, 4), 9: (4, 4), 10: (5, 5)}


def percentage(rng: Random, level: int) -> Problem:
    """Write a question about percentages."""
    if level <= 4:
        return _part(rng, level)
    kind = rng.randrange(3)
    if level in (5, 6) and kind == 0:
        return _which(rng, level)
    if level >= 7 and kind == 0:
        return _original(rng, level)
    if level >= 9 and kind == 1:
        return _overall(rng, level)
    return _forward(rng, level)


def _part(rng: Random, level: int) -> Problem:
    if level == 3:
        percent = rng.choice((10, 20, 25, 50))
        whole = 20 * rng.randrange(1, 31)
    else:
        percent = 5 * rng.randrange(3, 20)
        whole = 20 * rng.randrange(4, 50)
    value = Fraction(whole * percent, 100)
    question = rng.choice(_PART).format(p=percent, n=whole)
    return finish(question, value, [f"{whole} * {percent}/100 = {value}"])


def _which(rng: Random, level: int) -> Problem:
    whole = 20 * rng.randrange(2, 20) if level == 5 else rng.randrange(12, 200)
    part = whole * 5 * rng.randrange(1, 20) // 100 if level == 5 else rng.randrange(5, whole)
    value = Fraction(100 * part, whole)
    question = rng.choice(
        (
            f"What percentage of {whole} is {part}?",
            f"A hall has {whole} seats, of which {part} are taken. "
            f"What percentage of the seats is taken?",
        )
    )
    return finish(question, value, [f"{part} / {whole} * 100 = {value}"])


def _draw(rng: Random, level: int) -> tuple[list[int], int]:
    count, size = _CHANGES[level]
    step = 5 if level <= 6 else 1
    changes = [rng.choice((-1, 1)) * step * rng.randrange(2, 40 // step) for _ in range(count)]
    amount = rng.randrange(10 ** (size - 1), 10**size)
    return changes, amount if level >= 8 else amount - amount % 20 + 20


def _words(changes: list[int]) -> str:
    words = [f"{'raised' if c > 0 else 'lowered'} by {abs(c)}%" for c in changes]
    return words[0] if len(words) == 1 else ", then ".join(words)


def _signed(changes: list[int]) -> str:
    return join([f"{c:+d}%" for c in changes])


def _forward(rng: Random, level: int) -> Problem:
    changes, amount = _draw(rng, level)
    value = Fraction(amount)
    steps = []
    for change in changes:
        result = value * (100 + change) / 100
        steps.append(f"{value} * {100 + change}/100 = {result}")
        value = result
    question = rng.choice(
        (
            f"The number {amount} is {_words(changes)}. What is the exact result?",
            f"A price of {amount} euros is {_words(changes)}. "
            f"What is the exact price in euros after that?",
            f"Change {amount} by {_signed(changes)}"
            f"{', one after the other' if len(changes) > 1 else ''}. What is the result?",
        )
    )
    return finish(question, value, steps)


def _original(rng: Random, level: int) -> Problem:
    changes, amount = _draw(rng, level)
    if level == 7:
        changes = changes[:1]
        start = 20 * rng.randrange(5, 100)
        result = Fraction(start * (100 + changes[0]), 100)
        if result.denominator > 1:
            start *= result.denominator
            result *= result.denominator
        amount = int(result)
    else:
        changes = changes[:-1]
    value = Fraction(amount)
    steps = []
    for change in reversed(changes):
        before = value * 100 / (100 + change)
        steps.append(f"{value} * 100/{100 + change} = {before}")
        value = before
    question = rng.choice(
        (
            f"A number is {_words(changes)}, and the result is {amount}. What was the number?",
            f"A price is {_words(changes)}; it is then exactly {amount} euros. "
            f"What was the exact price in euros before?",
        )
    )
    return finish(question, value, steps)


def _overall(rng: Random, level: int) -> Problem:
    changes, _ = _draw(rng, level)
    factor = Fraction(1)
    steps = []
    for change in changes:
        after = factor * (100 + change) / 100
        steps.append(f"{factor} * {100 + change}/100 = {after}")
        factor = after
    value = 100 * factor
    question = (
        f"A quantity is {_words(changes)}. "
        f"What percentage of its first value is its last value, exactly?"
    )
    return finish(question, value, [*steps, f"{factor} * 100 = {value}"])
