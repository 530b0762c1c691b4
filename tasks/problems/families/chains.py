"""Integer chains: sums, differences and products one after another."""

from __future__ import annotations

import re
from random import Random

from caopd_bench.tasks.problems.problem import Problem, digits, finish, work_out
from caopd_bench.tasks.problems.wording import ask

__all__ = ["chain"]

_SUM = (
    "What is {a} plus {b}?",
    "Add {a} and {b}.",
    "What is the sum of {a} and {b}?",
    "What do you get when you add {b} to {a}?",
)
_DIFFERENCE = (
    "What is {a} minus {b}?",
    "Subtract {b} from {a}.",
    "What is {a} take away {b}?",
    "What is left when {b} is taken away from {a}?",
)

# D3 stands for a number with three digits. No bracket can be negative.
_SHAPES = {
    3: ("D2 + D2 - D2", "D3 + D3", "D3 - D2", "D2 + D3"),
    4: ("D2 * D1 + D2", "D3 + D3 - D3", "D3 - D2 * D1", "D3 - D3 - D2"),
    5: ("D2 * D1 - D2 * D1", "(D2 + D2) * D1", "D3 - D2 * D1 + D3", "D3 * D1 + D3 * D1"),
    6: ("D2 * D2 + D2 * D2", "(D3 - D2) * D2", "D2 * D2 - D3 + D2 * D1"),
    7: ("D3 * D2 - D3 * D2 + D3", "(D3 + D3) * D2 - D4", "(D2 + D2) * (D2 + D2) - D3"),
    8: ("(D3 * D3 - D4) * D2", "D4 * D3 - D3 * D3 + D5", "D3 * D3 + D3 * D3 - D3 * D3"),
    9: ("D4 * D4 + D4 * D4 - D3 * D3", "(D4 * D3 - D5) * D3 + D6", "D5 * D4 - D4 * D4 + D5 * D3"),
    10: (
        "D6 * D6 - D5 * D5 + D6",
        "(D5 * D4 - D6) * D4 - D6 * D5",
        "D5 * D5 + D6 * D5 - D5 * D4 + D7",
    ),
}

# By level: digits of the first number, then each operation with the digits of its operand.
_MACHINES = {
    4: (2, (("*", 1), ("+", 2))),
    5: (2, (("*", 1), ("-", 2), ("+", 3))),
    6: (2, (("+", 2), ("*", 2), ("-", 3))),
    7: (3, (("*", 2), ("-", 3), ("*", 1), ("+", 4))),
    8: (3, (("*", 3), ("+", 4), ("*", 2), ("-", 5))),
    9: (4, (("*", 4), ("-", 5), ("*", 3), ("+", 6))),
    10: (5, (("*", 5), ("+", 6), ("*", 4), ("-", 7), ("*", 2))),
}
_VERBS = {"+": "add", "-": "subtract", "*": "multiply by"}


def chain(rng: Random, level: int) -> Problem:
    """Write an integer chain; levels 1 to 3 may have two numbers only."""
    if level <= 2 or (level == 3 and rng.randrange(2)):
        return _two_numbers(rng, level)
    if level >= 4 and rng.randrange(3) == 0:
        return _machine(rng, level)
    shape = rng.choice(_SHAPES[level])
    expression = re.sub(r"D(\d)", lambda match: str(digits(rng, int(match[1]))), shape)
    value, steps = work_out(expression)
    return finish(ask(rng, expression), value, steps)


def _two_numbers(rng: Random, level: int) -> Problem:
    low = 10 ** (level - 1)
    a, b = rng.randrange(low, 10 * low), rng.randrange(low, 10 * low)
    plus = rng.randrange(2) == 0
    if not plus and a < b:
        a, b = b, a
    sign, value = ("+", a + b) if plus else ("-", a - b)
    if rng.randrange(2):
        question = ask(rng, f"{a} {sign} {b}")
    else:
        question = rng.choice(_SUM if plus else _DIFFERENCE).format(a=a, b=b)
    return finish(question, value, [f"{a} {sign} {b} = {value}"])


def _machine(rng: Random, level: int) -> Problem:
    size, operations = _MACHINES[level]
    start = value = digits(rng, size)
    words, steps = [], []
    for sign, width in operations:
        number = digits(rng, width)
        result = {"+": value + number, "-": value - number, "*": value * number}[sign]
        words.append(f"{_VERBS[sign]} {number}")
        left = f"({value})" if value < 0 else str(value)
        steps.append(f"{left} {sign} {number} = {result}")
        value = result
    end = rng.choice(("What is the result?", "What number comes out?"))
    if rng.randrange(2):
        last = "and then" if len(words) == 2 else "and finally"
        question = f"Start with {start}, {', '.join(words[:-1])} {last} {words[-1]}. {end}"
    else:
        question = f"Take {start}; then {'; then '.join(words)}. {end}"
    return finish(question, value, steps)
