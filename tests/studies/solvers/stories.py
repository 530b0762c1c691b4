"""Solvers for word problems.

Stories are played sentence by sentence on fractions; where the start is asked for, they are played
twice, from 0 and from 1, and the start is read off the straight line. Money is counted in cents.
"""

from __future__ import annotations

import re
from fractions import Fraction

Match = re.Match[str]
SHARES = {
    "half": Fraction(1, 2),
    "a third": Fraction(1, 3),
    "a quarter": Fraction(1, 4),
    "two fifths": Fraction(2, 5),
    "three sevenths": Fraction(3, 7),
    "two ninths": Fraction(2, 9),
}


def _amounts(m: Match) -> tuple[int, int]:
    a, b = re.findall(r"\d+", m[0])
    return int(a), int(b)


def _plus(m: Match) -> int:
    return sum(_amounts(m))


def _minus(m: Match) -> int:
    a, b = _amounts(m)
    return a - b


def _times(m: Match) -> int:
    a, b = _amounts(m)
    return sum(b for _ in range(a))


def _play(stock: Fraction, events: str) -> Fraction:
    for event in re.split(
        r", (?:first|then|and then|and finally) ", ", " + events.removeprefix(", ")
    )[1:]:
        numbers = [int(n) for n in re.findall(r"\d+", event)]
        verb = event.split()[0]
        if verb == "buys":
            stock += numbers[0] * numbers[1]
        elif verb == "finds":
            stock += numbers[0]
        elif verb == "gives":
            stock -= numbers[0]
        elif verb == "sells":
            words = re.fullmatch(r"sells (.*) of the \w+", event)
            assert words, event
            stock -= stock * SHARES[words[1]]
        else:
            stock *= {"doubles": 2, "triples": 3}[verb]
    return stock


def _ledger(m: Match) -> Fraction:
    return _play(Fraction(m["start"]), m["events"])


def _backwards(m: Match) -> Fraction:
    zero, one = _play(Fraction(0), m["events"]), _play(Fraction(1), m["events"])
    return (Fraction(m["end"]) - zero) / (one - zero)


def _two_people(m: Match) -> Fraction:
    stocks = {m[1]: Fraction(m[2]), m[3]: Fraction(m[4])}
    for sentence in m[5].split(". "):
        words = sentence.rstrip(".")
        if buys := re.fullmatch(r"(\w+) buys (\d+) packs of (\d+) \w+", words):
            stocks[buys[1]] += int(buys[2]) * int(buys[3])
            continue
        gives = re.fullmatch(r"(\w+) gives (?:(\d+)|(.*) of the) \w+ to (\w+)", words)
        assert gives, words
        amount = Fraction(gives[2]) if gives[2] else stocks[gives[1]] * SHARES[gives[3]]
        stocks[gives[1]] -= amount
        stocks[gives[4]] += amount
    return stocks[m[6]]


def _cents(text: str) -> int:
    items = re.findall(r"(\d+) \w+ at (\d+)(?:\.(\d\d))? euros each", text)
    return sum(int(n) * (100 * int(euros) + int(cents or 0)) for n, euros, cents in items)


def _change(m: Match) -> Fraction:
    return Fraction(100 * int(m[2]) - _cents(m[1]), 100)


def _bill(m: Match) -> Fraction:
    total = Fraction(_cents(m[1]), 100)
    total -= total * int(m[2]) / 100
    return total + total * int(m[3] or 0) / 100


N, T = r"\w+", r"[a-z]+"
EVENTS = r"(?P<events>first .*?)"
SOLVERS = [
    (rf"{N} has \d+ {T} and gets \d+ more\. How many {T} does {N} have now\?", _plus),
    (
        rf"There are \d+ {T} on the table and \d+ {T} in the bag\. How many {T} are there in all\?",
        _plus,
    ),
    (rf"{N} finds \d+ {T}, and {N} finds \d+ {T}\. How many {T} do they find together\?", _plus),
    (rf"{N} picks up \d+ {T} before lunch and \d+ {T} after lunch\. How many {T} is that\?", _plus),
    (
        rf"{N} has \d+ {T} and gives \d+ of them to {N}\. How many {T} does {N} have left\?",
        _minus,
    ),
    (rf"A shop has \d+ {T} and sells \d+ of them\. How many {T} remain\?", _minus),
    (rf"{N} needs \d+ {T} and already has \d+\. How many {T} are still missing\?", _minus),
    (rf"({N}) has \d+ {T}, and {N} has \d+ {T}\. How many more {T} does \1 have\?", _minus),
    (rf"There are \d+ plates with \d+ {T} on each\. How many {T} are there\?", _times),
    (rf"{N} buys \d+ bags of \d+ {T}\. How many {T} does {N} buy\?", _times),
    (
        rf"Each of \d+ children brings \d+ {T}\. How many {T} do they bring together\?",
        _times,
    ),
    (
        rf"{N} has (?P<start>\d+) {T}, {EVENTS}\. How many {T} does {N} have at the end\?",
        _ledger,
    ),
    (
        rf"{N} has some {T}, {EVENTS}\. At the end {N} has (?P<end>\d+) {T}\. "
        rf"How many were there at the start\?",
        _backwards,
    ),
    (
        rf"({N}) has (\d+) {T} and ({N}) has (\d+)\. (.*)\. How many {T} does ({N}) have then\?",
        _two_people,
    ),
    (
        rf"{N} buys (.*) and pays with (\d+) euros\. How many euros of change are due\?",
        _change,
    ),
    (
        rf"{N} buys (.*)\. The bill gets a discount of (\d+)%"
        r"(?: and then a tax of (\d+)% on the reduced amount)?\. "
        r"How many euros are to be paid, without rounding\?",
        _bill,
    ),
]
