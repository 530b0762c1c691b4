"""Solvers for equations, systems and remainders.

Equations by false position and systems by Cramer's rule over all permutations, where the generator
collects terms and eliminates; powers by working through the decimal digits of the exponent;
congruences by a sieve.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import permutations
from math import prod

Match = re.Match[str]


def _value(side: str, x: Fraction) -> Fraction:
    """Value of one side of an equation at x; "3x", "3(" and "/4" as people write them."""
    text = re.sub(r"(\d)([x(])", r"\1*\2", side)
    text = re.sub(r"\d+", r"F(\g<0>)", text)
    return Fraction(eval(text, {"__builtins__": {}, "F": Fraction, "x": x}))


def _equation(m: Match) -> Fraction:
    left, right = m[1].split(" = ")
    zero, one = (_value(left, Fraction(x)) - _value(right, Fraction(x)) for x in (0, 1))
    return -zero / (one - zero)


def _same_number(m: Match) -> Fraction:
    a, b, c, d = (int(group) for group in m.groups())
    return next(Fraction(x) for x in range(10_000) if a * x + b == c * x + d)


def _row(text: str, names: str) -> list[int]:
    row = dict.fromkeys(names, 0)
    for sign, number, name in re.findall(r"([-+]?)\s*(\d*)\s*([a-z]+)", text):
        row[name] += (-1 if sign == "-" else 1) * int(number or 1)
    return list(row.values())


def _determinant(rows: list[list[int]]) -> int:
    total = 0
    for order in permutations(range(len(rows))):
        swaps = sum(a > b for i, a in enumerate(order) for b in order[i + 1 :])
        total += (-1) ** swaps * prod(row[i] for row, i in zip(rows, order, strict=True))
    return total


def _cramer(rows: list[list[int]], right: list[int]) -> list[Fraction]:
    bottom = _determinant(rows)
    values = []
    for i in range(len(rows)):
        changed = [[*row[:i], r, *row[i + 1 :]] for row, r in zip(rows, right, strict=True)]
        values.append(Fraction(_determinant(changed), bottom))
    return values


def _system(m: Match) -> Fraction:
    lines = [line.split(" = ") for line in m[1].split(", ")]
    names = "xyzw"[: len(lines)]
    values = _cramer([_row(line[0], names) for line in lines], [int(line[1]) for line in lines])
    wanted = _row(m[2], names)
    return sum((n * v for n, v in zip(wanted, values, strict=True)), Fraction(0))


def _prices(m: Match) -> Fraction:
    lines = re.findall(r"([^;]*?) cost (\d+) euros", m[1])
    goods = re.findall(r"\d+ ([a-z]+)", lines[0][0])
    rows = []
    for line, _ in lines:
        counts = {good: int(n) for n, good in re.findall(r"(\d+) ([a-z]+)", line)}
        rows.append([counts[good] for good in goods])
    values = _cramer(rows, [int(total) for _, total in lines])
    stems = [re.sub("ies$", "y", good).removesuffix("s") for good in goods]
    return values[stems.index(m[2])]


def _two_numbers(m: Match) -> Fraction:
    total, gap = int(m[1]), int(m[2])
    pair = next((a, a + gap) for a in range(total + 1) if 2 * a + gap == total)
    return Fraction(pair[m[3] == "larger"])


def power(base: int, exponent: str, modulus: int) -> int:
    """Raise to a power figure by figure of the exponent: r -> r^10 * base^figure."""
    result = 1
    for figure in exponent:
        tenth = 1
        for _ in range(10):
            tenth = tenth * result % modulus
        result = tenth
        for _ in range(int(figure)):
            result = result * base % modulus
    return result


def _remainder(m: Match) -> int:
    modulus = int(m["m"])
    total = 0
    for term in m["e"].split(" + "):
        value = 1
        for factor in term.split(" * "):
            base, _, exponent = factor.partition("^")
            value = value * power(int(base) % modulus, exponent or "1", modulus) % modulus
        total = (total + value) % modulus
    return total


def _congruences(m: Match) -> int:
    pairs = [
        (int(r), int(n)) for r, n in re.findall(r"remainder (\d+) when divided by (\d+)", m[0])
    ]
    pairs += [(int(r), int(n)) for n, r in re.findall(r"n mod (\d+) = (\d+)", m[0])]
    # Sieve: walk in steps of the moduli done so far until the next remainder fits.
    value, step = 0, 1
    for rest, modulus in pairs:
        while value % modulus != rest:
            value += step
        step *= modulus
    return value or step


E = r"([^:?,]*x[^:?,]*)"
SOLVERS = [
    (rf"Solve {E} for x\.", _equation),
    (rf"What is x if {E}\?", _equation),
    (rf"Find x: {E}\.", _equation),
    (rf"The equation {E} holds\. What is x\?", _equation),
    (
        r"When (\d+) is added to a number, the result is (\d+)\. What is the number\?",
        lambda m: int(m[2]) - int(m[1]),
    ),
    (
        r"Which number must be added to (\d+) to get (\d+)\?",
        lambda m: int(m[2]) - int(m[1]),
    ),
    (
        r"A number is multiplied by (\d+), then (\d+) is added, and the result is (\d+)\. "
        r"What is the number\?",
        lambda m: next(x for x in range(9999) if x * int(m[1]) + int(m[2]) == int(m[3])),
    ),
    (
        r"Somebody thinks of a number, multiplies it by (\d+) and adds (\d+)\. "
        r"That makes (\d+)\. What is the number\?",
        lambda m: next(x for x in range(9999) if x * int(m[1]) + int(m[2]) == int(m[3])),
    ),
    (
        r"(\d+) times a number, plus (\d+), is the same as (\d+) times that number, plus (\d+)\. "
        r"What is the number\?",
        _same_number,
    ),
    (r"Solve ([^?.:]*)\. What is ([^?]*)\?", _system),
    (r"If ([^?.:]*), what is ([^?]*)\?", _system),
    (r"Given ([^?.:]*), find ([^?]*)\.", _system),
    (r"(\d+ [^.]* euros)\. How many euros does one (\w+) cost\?", _prices),
    (
        r"Two numbers add up to (\d+), and their difference is (\d+)\. "
        r"What is the (smaller|larger) number\?",
        _two_numbers,
    ),
    (
        r"The sum of two numbers is (\d+)\. One of them is (\d+) more than the other\. "
        r"What is the (smaller|larger) one\?",
        _two_numbers,
    ),
    (r"What is the remainder when (?P<e>[\d *+^]+) is divided by (?P<m>\d+)\?", _remainder),
    (r"(?:Compute|What is) \(?(?P<e>[\d *+^]+)\)? mod (?P<m>\d+)[.?]", _remainder),
    (r"(?P<e>[\d *+^]+) is divided by (?P<m>\d+)\. What is the remainder\?", _remainder),
    (r"What is the smallest positive integer that leaves remainder [^?]*\?", _congruences),
    (r"Find the smallest positive n with [^?]*\.", _congruences),
]
