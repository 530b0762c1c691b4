"""Solvers for counting and probability.

By enumeration where that is short (multiples up to two million by marking a table, small choices
by listing them) and otherwise by stepping: strings, paths, dice and draws are built one letter,
step, die or draw at a time, where the generator uses binomials and inclusion and exclusion.
"""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import combinations, permutations, product

Match = re.Match[str]
WORDS = {"no": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}


def _numbers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", text)]


def _menu(m: Match) -> int:
    return sum(1 for _ in product(*(range(int(group)) for group in m.groups())))


def _pairs(m: Match) -> int:
    return sum(1 for _ in combinations(range(int(m[1])), 2))


def _ordered(m: Match) -> int:
    return sum(1 for _ in permutations(range(int(m["n"])), int(m["k"])))


def _chosen(m: Match) -> int:
    return sum(1 for _ in combinations(range(int(m["n"])), int(m["k"])))


def _teams(m: Match) -> int:
    a, b, k, n = (int(group) for group in m.groups())
    return sum(1 for _ in combinations(range(a), k)) * sum(1 for _ in combinations(range(b), n))


def _letters(m: Match) -> int:
    @cache
    def build(left: tuple[int, ...]) -> int:
        if not any(left):
            return 1
        return sum(build((*left[:i], n - 1, *left[i + 1 :])) for i, n in enumerate(left) if n)

    return build(tuple(sorted(Counter(m[1]).values())))


def _table(top: int, numbers: list[int]) -> Counter[int]:
    """How many integers from 1 to `top` are divisible by how many of the numbers."""
    hits = bytearray(top + 1)
    for number in numbers:
        for i in range(number, top + 1, number):
            hits[i] += 1
    return Counter(hits[1:])


def _any(m: Match) -> int:
    top = int(m[1])
    return top - _table(top, _numbers(m[2]))[0]


def _none(m: Match) -> int:
    return _table(int(m[1]), _numbers(m[2]))[0]


def _exactly_two(m: Match) -> int:
    return _table(int(m[1]), _numbers(m[2]))[2]


def _committee(m: Match) -> int:
    size, women, men = (int(m[i]) for i in (1, 2, 3))
    low, high = int(m[4]), int(m[5] or size)
    # ways[k, w]: k people chosen so far, w of them women; one person more at each step.
    ways: Counter[tuple[int, int]] = Counter({(0, 0): 1})
    for person in range(women + men):
        step = Counter(ways)
        for (k, w), n in ways.items():
            step[k + 1, w + (person < women)] += n
        ways = step
    return sum(n for (k, w), n in ways.items() if k == size and low <= w <= high)


def _paths(m: Match) -> int:
    width, height = int(m[1]), int(m[2])
    closed = {(int(x), int(y)) for x, y in re.findall(r"\((\d+), (\d+)\)", m[3])}
    ways = {(-1, 0): 1}
    for x in range(width + 1):
        for y in range(height + 1):
            before = ways.get((x - 1, y), 0) + ways.get((x, y - 1), 0)
            ways[x, y] = 0 if (x, y) in closed else before
    return ways[width, height]


def _solutions(m: Match) -> int:
    ways = Counter({0: 1})
    for top in _numbers(m[2]):
        step: Counter[int] = Counter()
        for total, n in ways.items():
            for value in range(top + 1):
                step[total + value] += n
        ways = step
    return ways[int(m[1])]


def _bag(text: str) -> dict[str, int]:
    return {colour: int(n) for n, colour in re.findall(r"(\d+) (\w+)", text)}


def _single(m: Match) -> Fraction:
    balls = [colour for colour, n in _bag(m[1]).items() for _ in range(n)]
    hits = sum((ball == m[3]) != bool(m[2]) for ball in balls)
    return Fraction(hits, len(balls))


def _coins(m: Match) -> Fraction:
    ways = [1]
    for _ in range(int(m[1])):
        ways = [a + b for a, b in zip([*ways, 0], [0, *ways], strict=True)]
    heads = int(m[3])
    hits = ways[heads] if m[2] == "exactly" else sum(ways[heads:])
    return Fraction(hits, sum(ways))


def _dice(m: Match) -> Fraction:
    faces = int(m[2])
    ways = Counter({0: 1})
    for _ in range(WORDS[m[1].lower()]):
        step: Counter[int] = Counter()
        for total, n in ways.items():
            for face in range(1, faces + 1):
                step[total + face] += n
        ways = step
    return Fraction(ways[int(m[3])], sum(ways.values()))


def _draws(m: Match) -> Fraction:
    """Draw one after another; a state says how many of each colour are out."""
    bag = _bag(m["bag"])
    names, counts = list(bag), list(bag.values())
    states = {tuple(0 for _ in counts): Fraction(1)}
    for drawn in range(WORDS[m["draws"].lower()]):
        step: dict[tuple[int, ...], Fraction] = {}
        for out, chance in states.items():
            for i, n in enumerate(counts):
                if out[i] < n:
                    after = (*out[:i], out[i] + 1, *out[i + 1 :])
                    part = chance * Fraction(n - out[i], sum(counts) - drawn)
                    step[after] = step.get(after, Fraction(0)) + part
        states = step
    return sum((c for out, c in states.items() if _fits(m["end"], names, out)), Fraction(0))


def _fits(end: str, names: list[str], out: tuple[int, ...]) -> bool:
    if end == "that they are all of the same colour":
        return sum(n > 0 for n in out) == 1
    if end == "that they have different colours":
        return max(out) == 1
    if end == "that every colour appears":
        return min(out) > 0
    if match := re.fullmatch(r"that at least (\w+) of them are (\w+)", end):
        return out[names.index(match[2])] >= WORDS[match[1]]
    match = re.fullmatch(r"of drawing exactly (.*)", end)
    assert match, end
    wanted = {colour: WORDS[n] for n, colour in re.findall(r"(\w+) (\w+)(?:,|$| and )", match[1])}
    assert set(wanted) == set(names)
    return all(wanted[name] == n for name, n in zip(names, out, strict=True))


SOLVERS = [
    (
        r"A menu has (\d+) starters, (\d+) main dishes and (\d+) desserts\. "
        r"How many different meals with one of each are there\?",
        _menu,
    ),
    (
        r"A code has one of (\d+) letters, then one of (\d+) symbols, then one of (\d+) colours\. "
        r"How many codes are there\?",
        _menu,
    ),
    (
        r"Each of (\d+) people shakes hands once with every other one\. "
        r"How many handshakes are there\?",
        _pairs,
    ),
    (r"(\d+) teams each play every other team once\. How many matches are there\?", _pairs),
    (
        r"In how many ways can (?P<k>\d+) of (?P<n>\d+) different books be placed in a row on a "
        r"shelf\?",
        _ordered,
    ),
    (
        r"(?P<n>\d+) runners compete\. In how many ways can the first (?P<k>\d+) places be taken\?",
        _ordered,
    ),
    (
        r"In how many ways can a committee of (?P<k>\d+) be chosen from (?P<n>\d+) people\?",
        _chosen,
    ),
    (
        r"How many subsets with exactly (?P<k>\d+) elements does a set of (?P<n>\d+) elements "
        r"have\?",
        _chosen,
    ),
    (
        r"A club has (\d+) singers and (\d+) dancers\. "
        r"In how many ways can a team of (\d+) singers and (\d+) dancers be formed\?",
        _teams,
    ),
    (r"In how many different orders can all the letters of ([A-Z]+) be written\?", _letters),
    (r"How many anagrams does ([A-Z]+) have, meaningful or not, itself included\?", _letters),
    (r"How many integers from 1 to (\d+) are divisible by ([\d, or]+)\?", _any),
    (r"In the list 1, 2, \.\.\., (\d+), how many numbers are multiples of ([\d, or]+)\?", _any),
    (r"How many integers from 1 to (\d+) are divisible by neither ([\d, nor]+)\?", _none),
    (
        r"In the list 1, 2, \.\.\., (\d+), how many numbers are multiples of none of ([\d, "
        r"and]+)\?",
        _none,
    ),
    (
        r"How many integers from 1 to (\d+) are divisible by exactly two of the numbers "
        r"([\d, and]+)\?",
        _exactly_two,
    ),
    (
        r"A committee of (\d+) is chosen from (\d+) women and (\d+) men\. "
        r"How many committees have at least (\d+)(?: and at most (\d+))? women\?",
        _committee,
    ),
    (
        r"A path goes from \(0, 0\) to \((\d+), (\d+)\) in unit steps right or up\. "
        r"How many such paths avoid (.*)\?",
        _paths,
    ),
    (
        r"How many solutions in integers >= 0 does [a-z +]+ = (\d+) have with ([a-z<=\d, ]+)\?",
        _solutions,
    ),
    (
        r"A bag holds (.*)\. One is drawn at random\. "
        r"What is the probability that it is (not )?(\w+)\?",
        _single,
    ),
    (
        r"A fair coin is flipped (\d+) times\. "
        r"What is the probability of (exactly|at least) (\d+) heads?\?",
        _coins,
    ),
    (
        r"(\w+) fair dice, each with the faces 1 to (\d+), are rolled\. "
        r"What is the probability that the sum is (\d+)\?",
        _dice,
    ),
    (
        r"A bag holds (?P<bag>[^.]*?)(?:\. |, and )(?P<draws>\w+) (?:of them )?are drawn at random "
        r"without replacement\. What is the probability (?P<end>[^?]*)\?",
        _draws,
    ),
]
