"""Solvers for common divisors, common multiples and sequences.

Common divisors by factorising, where the generator uses Euclid's algorithm; sequences by writing
out their terms, where the generator uses closed forms and matrices.
"""

from __future__ import annotations

import re
from functools import reduce
from itertools import pairwise
from math import prod

Match = re.Match[str]


def _factors(number: int) -> dict[int, int]:
    found: dict[int, int] = {}
    p = 2
    while p * p <= number:
        while number % p == 0:
            found[p] = found.get(p, 0) + 1
            number //= p
        p += 1
    if number > 1:
        found[number] = found.get(number, 0) + 1
    return found


def common(name: str, numbers: list[int]) -> int:
    """Greatest common divisor or least common multiple from prime factors."""
    pick = min if name == "gcd" else max
    tables = [_factors(number) for number in numbers]
    primes = set().union(*tables)
    return prod(p ** pick(table.get(p, 0) for table in tables) for p in primes)


def _listed(name: str, text: str) -> int:
    return common(name, [int(n) for n in re.findall(r"\d+", text)])


def _formal(m: Match) -> int:
    text = m[1]
    while found := re.search(r"(gcd|lcm)\(([\d, ]+)\)", text):
        text = text.replace(found[0], str(_listed(found[1], found[2])))
    return sum(int(part) for part in text.split(" + "))


def _steps(start: int, step: int, n: int) -> list[int]:
    return reduce(lambda terms, _: [*terms, terms[-1] + step], range(n - 1), [start])


def _nth(m: Match) -> int:
    return _steps(int(m["a"]), int(m["d"]), int(m["n"]))[-1]


def _sum_of(m: Match) -> int:
    return sum(_steps(int(m["a"]), int(m["d"]), int(m["n"])))


def _sum_listed(m: Match) -> int:
    a, b, c = int(m[2]), int(m[3]), int(m[4])
    assert b - a == c - b
    return sum(_steps(a, b - a, int(m[1])))


def _next(m: Match) -> int:
    terms = [int(n) for n in m[1].split(", ")]
    gaps = {b - a for a, b in pairwise(terms)}
    assert len(gaps) == 1
    return terms[-1] + gaps.pop()


def _geometric(m: Match) -> int:
    value = int(m["a"])
    for _ in range(int(m["n"]) - ("hours" not in m[0])):
        value = sum([value] * int(m["q"]))
    return value


def _recurrence(m: Match) -> int:
    terms = [int(value) for value in re.findall(r"a_\d+ = (\d+)", m["starts"])]
    n = int(re.findall(r"\d+", m["end"])[-1])
    while len(terms) < n:
        text = re.sub(r"a_\(k-(\d)\)", lambda back: f"({terms[-int(back[1])]})", m["rule"])
        terms.append(eval(text, {"__builtins__": {}}))
    return sum(terms) if "..." in m["end"] else terms[-1]


RULE = r"(?P<starts>(?:a_\d+ = \d+, )*a_\d+ = \d+)(?:,| and) a_k = (?P<rule>[^.]*?)(?: for k > \d)?"
FIND = r"(?P<end>(?:Find|What is|Compute) (?:a_1 \+ a_2 \+ \.\.\. \+ )?a_\d+)[.?]"
SOLVERS = [
    (
        r"(?:What is|Find) the greatest common divisor of ([\d, and]+)[?.]",
        lambda m: _listed("gcd", m[1]),
    ),
    (
        r"(?:What is|Find) the least common multiple of ([\d, and]+)[?.]",
        lambda m: _listed("lcm", m[1]),
    ),
    (
        r"What is the largest integer that divides each of ([\d, and]+) without remainder\?",
        lambda m: _listed("gcd", m[1]),
    ),
    (
        r"What is the smallest positive integer that is a multiple of each of ([\d, and]+)\?",
        lambda m: _listed("lcm", m[1]),
    ),
    (
        r"Ropes of ([\d, and]+) cm are cut into equal pieces with nothing left over\. "
        r"How many centimetres long can the pieces be at most\?",
        lambda m: _listed("gcd", m[1]),
    ),
    (
        r"Bags of ([\d, and]+) sweets are each divided evenly among the same children, and no "
        r"sweet is left over\. How many children can there be at most\?",
        lambda m: _listed("gcd", m[1]),
    ),
    (
        r"Lamps that flash every ([\d, and]+) seconds have just flashed together\. "
        r"After how many seconds do they first all flash together again\?",
        lambda m: _listed("lcm", m[1]),
    ),
    (
        r"Buses on different lines leave a stop every ([\d, and]+) minutes, and they have just "
        r"left "
        r"together\. In how many minutes do they next all leave together\?",
        lambda m: _listed("lcm", m[1]),
    ),
    (r"(?:Compute|What is|Find the exact value of) ((?:gcd|lcm)\(.*\))[.?]", _formal),
    (r"A sequence goes up in equal steps: ([\d, ]+)\. What is the next term\?", _next),
    (r"Which number comes next in equal steps: ([\d, ]+)\?", _next),
    (r"The same number is added each time: ([\d, ]+)\. What comes next\?", _next),
    (
        r"A sequence starts with (?P<a>\d+), and each term is (?P<d>\d+) more than the one "
        r"before\. "
        r"What is term number (?P<n>\d+)\?",
        _nth,
    ),
    (r"a_1 = (?P<a>\d+) and a_k = a_\(k-1\) \+ (?P<d>\d+)\. What is a_(?P<n>\d+)\?", _nth),
    (
        r"The first row of a hall has (?P<a>\d+) seats, and every row has (?P<d>\d+) seats more "
        r"than "
        r"the row before it\. How many seats are there in row (?P<n>\d+)\?",
        _nth,
    ),
    (
        r"An arithmetic sequence starts with (?P<a>\d+) and has the common difference (?P<d>\d+)\. "
        r"What is the sum of its first (?P<n>\d+) terms\?",
        _sum_of,
    ),
    (
        r"Add up the first (\d+) terms of (\d+), (\d+), (\d+), \.\.\. \(equal steps\)\. "
        r"What is the sum\?",
        _sum_listed,
    ),
    (
        r"On the first day (?P<a>\d+) pages are printed, and on each day after that (?P<d>\d+) "
        r"pages "
        r"more than on the day before\. How many pages are printed in (?P<n>\d+) days\?",
        _sum_of,
    ),
    (
        r"A sequence starts with (?P<a>\d+), and each term is (?P<q>\d+) times the one before\. "
        r"What is term number (?P<n>\d+)\?",
        _geometric,
    ),
    (r"a_1 = (?P<a>\d+) and a_k = (?P<q>\d+) \* a_\(k-1\)\. What is a_(?P<n>\d+)\?", _geometric),
    (
        r"A culture has (?P<a>\d+) cells at first, and every hour the number becomes (?P<q>\d+) "
        r"times as large\. How many cells are there after (?P<n>\d+) hours\?",
        _geometric,
    ),
    (rf"{RULE}\. {FIND}", _recurrence),
    (rf"A sequence is given by {RULE}\. {FIND}", _recurrence),
]
