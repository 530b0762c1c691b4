"""Solvers for chains, products, divisions, fractions and percentages.

An expression is evaluated on pairs of integers by a recursive descent parser, where the generator
walks a syntax tree with `Fraction`; products are added up figure by figure; quotients come from
long division.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import prod

Match = re.Match[str]
Pair = tuple[int, int]
ASK = r"(?:What is|Compute|Work out|Evaluate|Calculate|Find the value of)"


def times(a: int, b: int) -> int:
    """Multiply by adding shifted rows, as on paper."""
    rows: list[int] = [
        abs(a) * int(figure) * 10**i for i, figure in enumerate(reversed(str(abs(b))))
    ]
    return sum(rows) * (-1 if (a < 0) != (b < 0) else 1)


def long_division(a: int, b: int) -> Pair:
    """Divide by bringing down one figure at a time: quotient and remainder."""
    quotient = rest = 0
    for figure in str(a):
        rest = 10 * rest + int(figure)
        count = 0
        while rest >= b:
            rest -= b
            count += 1
        quotient = 10 * quotient + count
    return quotient, rest


def evaluate(text: str) -> Fraction:
    tokens = re.findall(r"\d+|[-+*/()]", text)
    value, rest = _sum(tokens)
    assert not rest, text
    return Fraction(*value)


def _sum(tokens: list[str]) -> tuple[Pair, list[str]]:
    (top, bottom), tokens = _product(tokens)
    while tokens and tokens[0] in "+-":
        sign = 1 if tokens[0] == "+" else -1
        (t, b), tokens = _product(tokens[1:])
        top, bottom = times(top, b) + sign * times(t, bottom), times(bottom, b)
    return (top, bottom), tokens


def _product(tokens: list[str]) -> tuple[Pair, list[str]]:
    (top, bottom), tokens = _atom(tokens)
    while tokens and tokens[0] in "*/":
        sign = tokens[0]
        (t, b), tokens = _atom(tokens[1:])
        if sign == "/":
            t, b = b, t
        top, bottom = times(top, t), times(bottom, b)
    return (top, bottom), tokens


def _atom(tokens: list[str]) -> tuple[Pair, list[str]]:
    if tokens[0] == "(":
        value, tokens = _sum(tokens[1:])
        assert tokens[0] == ")"
        return value, tokens[1:]
    return (int(tokens[0]), 1), tokens[1:]


def _expression(m: Match) -> Fraction:
    return evaluate(m[1])


def _machine(m: Match) -> int:
    value = int(m[1])
    for verb, number in re.findall(r"(add|subtract|multiply by) (\d+)", m[2]):
        n = int(number)
        value = {"add": value + n, "subtract": value - n, "multiply by": times(value, n)}[verb]
    return value


def _whole(m: Match) -> int:
    return long_division(int(m[1]), int(m[2]))[0]


def _exact(m: Match) -> int:
    quotient, rest = long_division(int(m[1]), int(m[2]))
    assert rest == 0
    return quotient


def _times(m: Match) -> int:
    return times(int(m[1]), int(m[2]))


def _digit_sum(m: Match) -> int:
    return sum(int(figure) for figure in str(times(int(m[1]), int(m[2]))))


def _part_of(m: Match) -> Fraction:
    # Deal the whole out one by one into m[2] piles, then count m[1] piles.
    piles = [0] * int(m[2])
    for i in range(int(m[3])):
        piles[i % len(piles)] += 1
    assert len(set(piles)) == 1
    return Fraction(sum(piles[: int(m[1])]))


def _percent(m: Match) -> Fraction:
    return Fraction(int(m["p"]) * int(m["n"]), 100)


def _factor(text: str) -> Pair:
    """Read changes: the product of their numerators and the power of 100 below it."""
    found = re.findall(r"(raised|lowered) by (\d+)%", text)
    signed = [int(p) if verb == "raised" else -int(p) for verb, p in found]
    signed += [int(p) for p in re.findall(r"([+-]\d+)%", text)]
    assert signed
    return prod(100 + p for p in signed), 100 ** len(signed)


def _change(m: Match) -> Fraction:
    top, bottom = _factor(m["c"])
    return Fraction(int(m["n"]) * top, bottom)


def _before(m: Match) -> Fraction:
    top, bottom = _factor(m["c"])
    return Fraction(int(m["n"]) * bottom, top)


def _overall(m: Match) -> Fraction:
    top, bottom = _factor(m["c"])
    return Fraction(100 * top, bottom)


CHANGES = r"(?P<c>(?:raised|lowered) by [^.]*?%)"
SOLVERS = [
    (rf"{ASK} ([-+*/() \d]+)[.?]", _expression),
    (r"What is (\d+) plus (\d+)\?", lambda m: int(m[1]) + int(m[2])),
    (r"Add (\d+) and (\d+)\.", lambda m: int(m[1]) + int(m[2])),
    (r"What is the sum of (\d+) and (\d+)\?", lambda m: int(m[1]) + int(m[2])),
    (r"What do you get when you add (\d+) to (\d+)\?", lambda m: int(m[1]) + int(m[2])),
    (r"What is (\d+) (?:minus|take away) (\d+)\?", lambda m: int(m[1]) - int(m[2])),
    (r"Subtract (\d+) from (\d+)\.", lambda m: int(m[2]) - int(m[1])),
    (r"What is left when (\d+) is taken away from (\d+)\?", lambda m: int(m[2]) - int(m[1])),
    (r"(?:Start with|Take) (\d+)[,;] (.*)\. What (?:is the result|number comes out)\?", _machine),
    (r"What is (\d+) times (\d+)\?", _times),
    (r"Multiply (\d+) by (\d+)\.", _times),
    (r"What is the product of (\d+) and (\d+)\?", _times),
    (r"What do you get when you multiply (\d+) by (\d+)\?", _times),
    (
        r"A warehouse has (\d+) crates with (\d+) \w+ in each\. How many \w+ is that in total\?",
        _times,
    ),
    (r"Each of (\d+) boxes holds (\d+) \w+\. How many \w+ do the boxes hold together\?", _times),
    (r"What is the sum of the decimal digits of (\d+) \* (\d+)\?", _digit_sum),
    (
        r"Multiply (\d+) by (\d+) and add up the digits of the product\. What do you get\?",
        _digit_sum,
    ),
    (r"Divide (\d+) by (\d+)\.", _exact),
    (r"What is (\d+) divided by (\d+)\?", _exact),
    (
        r"How many times does (\d+) fit into (\d+) exactly\?",
        lambda m: long_division(int(m[2]), int(m[1]))[0],
    ),
    (
        r"(\d+) \w+ are packed into boxes of (\d+), and none is left over\. "
        r"How many boxes are filled\?",
        _exact,
    ),
    (r"What is the whole-number part of (\d+) / (\d+)\?", _whole),
    (r"Divide (\d+) by (\d+) and drop the remainder\. What is the quotient\?", _whole),
    (
        r"(\d+) \w+ are packed into boxes of (\d+)\. How many boxes can be filled completely\?",
        _whole,
    ),
    (r"What is (\d+)/(\d+) of (\d+)\?", _part_of),
    (
        r"A box holds (?=.*?(\d+)/(\d+) of)(\d+) \w+, and \d+/\d+ of them are sold\. "
        r"How many \w+ are sold\?",
        _part_of,
    ),
    (r"(?:What is|Find) (?P<p>\d+)% of (?P<n>\d+)[?.]", _percent),
    (
        r"A club has (?P<n>\d+) members, and (?P<p>\d+)% of them are children\. "
        r"How many children are in the club\?",
        _percent,
    ),
    (
        r"A jacket costs (?P<n>\d+) euros and is reduced by (?P<p>\d+)%\. "
        r"By how many euros is it reduced\?",
        _percent,
    ),
    (r"What percentage of (\d+) is (\d+)\?", lambda m: Fraction(int(m[2]) * 100, int(m[1]))),
    (
        r"A hall has (\d+) seats, of which (\d+) are taken\. What percentage of the seats is "
        r"taken\?",
        lambda m: Fraction(int(m[2]) * 100, int(m[1])),
    ),
    (rf"The number (?P<n>\d+) is {CHANGES}\. What is the exact result\?", _change),
    (
        rf"A price of (?P<n>\d+) euros is {CHANGES}\. "
        r"What is the exact price in euros after that\?",
        _change,
    ),
    (
        r"Change (?P<n>\d+) by (?P<c>[^.]*?%)(?:, one after the other)?\. What is the result\?",
        _change,
    ),
    (rf"A number is {CHANGES}, and the result is (?P<n>\d+)\. What was the number\?", _before),
    (
        rf"A price is {CHANGES}; it is then exactly (?P<n>\d+) euros\. "
        r"What was the exact price in euros before\?",
        _before,
    ),
    (
        rf"A quantity is {CHANGES}\. What percentage of its first value is its last value, "
        rf"exactly\?",
        _overall,
    ),
]
