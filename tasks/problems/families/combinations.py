"""Counting: choices, arrangements, paths, and inclusion and exclusion."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from math import comb, factorial, lcm, perm, prod
from random import Random

from caopd_bench.tasks.problems.problem import Problem, finish, join

__all__ = ["counting"]

_LETTERS = (
    "BANANA LETTER PEPPER COFFEE BALLOON SUCCESS ARRANGE COMMITTEE TOMATO POSSESS PARALLEL "
    "ASSESSED CINNAMON REFERENCE TENNESSEE STATISTICS ENGINEER TOOTH NOON LEVEL ALABAMA"
)


def counting(rng: Random, level: int) -> Problem:
    """Write a counting question."""
    kinds = {
        4: (_menu, _handshakes),
        5: (_arrangements, _choices, _multiples),
        6: (_choices, _teams, _multiples),
        7: (_letters, _multiples, _at_least),
        8: (_at_least, _paths, _multiples),
        9: (_solutions, _multiples, _paths, _at_least),
        10: (_solutions, _multiples, _exactly, _paths),
    }
    return rng.choice(kinds[level])(rng, level)


def _menu(rng: Random, _level: int) -> Problem:
    a, b, c = (rng.randrange(2, 13) for _ in range(3))
    question = rng.choice(
        (
            f"A menu has {a} starters, {b} main dishes and {c} desserts. "
            f"How many different meals with one of each are there?",
            f"A code has one of {a} letters, then one of {b} symbols, then one of {c} colours. "
            f"How many codes are there?",
        )
    )
    return finish(question, a * b * c, [f"{a} * {b} * {c} = {a * b * c}"])


def _handshakes(rng: Random, _level: int) -> Problem:
    n = rng.randrange(5, 60)
    value = n * (n - 1) // 2
    question = rng.choice(
        (
            f"Each of {n} people shakes hands once with every other one. "
            f"How many handshakes are there?",
            f"{n} teams each play every other team once. How many matches are there?",
        )
    )
    return finish(question, value, [f"{n} * {n - 1} / 2 = {value}"])


def _arrangements(rng: Random, _level: int) -> Problem:
    n = rng.randrange(5, 13)
    k = rng.randrange(2, 5)
    value = perm(n, k)
    question = rng.choice(
        (
            f"In how many ways can {k} of {n} different books be placed in a row on a shelf?",
            f"{n} runners compete. In how many ways can the first {k} places be taken?",
        )
    )
    factors = " * ".join(str(n - i) for i in range(k))
    return finish(question, value, [f"{factors} = {value}"])


def _choices(rng: Random, level: int) -> Problem:
    n = rng.randrange(6, 11) if level == 5 else rng.randrange(10, 17)
    k = rng.randrange(2, 4) if level == 5 else rng.randrange(3, 6)
    value = comb(n, k)
    question = rng.choice(
        (
            f"In how many ways can a committee of {k} be chosen from {n} people?",
            f"How many subsets with exactly {k} elements does a set of {n} elements have?",
        )
    )
    top = " * ".join(str(n - i) for i in range(k))
    bottom = " * ".join(str(i) for i in range(1, k + 1))
    return finish(question, value, [f"({top}) / ({bottom}) = {value}"])


def _teams(rng: Random, level: int) -> Problem:
    a, b = rng.randrange(5, 9 + level - 5), rng.randrange(5, 9 + level - 5)
    k, m = rng.randrange(2, 5), rng.randrange(2, 4)
    value = comb(a, k) * comb(b, m)
    question = (
        f"A club has {a} singers and {b} dancers. "
        f"In how many ways can a team of {k} singers and {m} dancers be formed?"
    )
    steps = [f"Singers: {comb(a, k)} ways; dancers: {comb(b, m)} ways"]
    return finish(question, value, [*steps, f"{comb(a, k)} * {comb(b, m)} = {value}"])


def _letters(rng: Random, _level: int) -> Problem:
    word = rng.choice(_LETTERS.split())
    take = rng.randrange(2, 10)
    word = word + "".join(chr(rng.randrange(65, 91)) for _ in range(take % 3))
    counts = Counter(word)
    value = factorial(len(word)) // prod(factorial(c) for c in counts.values())
    question = rng.choice(
        (
            f"In how many different orders can all the letters of {word} be written?",
            f"How many anagrams does {word} have, meaningful or not, itself included?",
        )
    )
    repeated = [f"{letter} {c} times" for letter, c in sorted(counts.items()) if c > 1]
    bottom = " * ".join(str(factorial(c)) for c in sorted(counts.values()) if c > 1)
    steps = [f"{len(word)} letters, {join(repeated)}"]
    steps.append(f"{factorial(len(word))} / ({bottom}) = {value}")
    return finish(question, value, steps)


def _multiples(rng: Random, level: int) -> Problem:
    count = {5: 1, 6: 2, 7: 3, 8: 3, 9: 4, 10: 4}[level]
    low, high = {5: (50, 900), 6: (100, 900), 7: (200, 2000)}.get(level, (0, 0))
    if level >= 8:
        low, high = 10 ** (level - 4), 2 * 10 ** (level - 4)
    top = rng.randrange(low, high)
    numbers = sorted(rng.sample(range(3, 8 + level), count))
    while any(b % a == 0 for a, b in combinations(numbers, 2)):
        numbers = sorted(rng.sample(range(3, 8 + level), count))
    hits, steps = 0, []
    for size in range(1, count + 1):
        counts = [top // lcm(*group) for group in combinations(numbers, size)]
        hits += (-1) ** (size + 1) * sum(counts)
        name = ("One by one", "In pairs", "In threes", "All four")[size - 1]
        left = " + ".join(map(str, counts))
        steps.append(f"{name}: {left}" + (f" = {sum(counts)}" if len(counts) > 1 else ""))
    none = level >= 6 and rng.randrange(2) == 0
    steps.append(f"So {hits} of them are multiples")
    if none:
        steps.append(f"{top} - {hits} = {top - hits}")
    listed = join([str(n) for n in numbers], "nor" if none else "or")
    if none:
        question = rng.choice(
            (
                f"How many integers from 1 to {top} are divisible by neither {listed}?",
                f"In the list 1, 2, ..., {top}, how many numbers are multiples of none of "
                f"{join([str(n) for n in numbers])}?",
            )
        )
        return finish(question, top - hits, steps)
    question = rng.choice(
        (
            f"How many integers from 1 to {top} are divisible by {listed}?",
            f"In the list 1, 2, ..., {top}, how many numbers are multiples of {listed}?",
        )
    )
    return finish(question, hits, steps)


def _exactly(rng: Random, _level: int) -> Problem:
    top = rng.randrange(10**5, 10**6)
    numbers = sorted(rng.sample(range(4, 22), 4))
    two, three, four = (
        sum(top // lcm(*group) for group in combinations(numbers, size)) for size in (2, 3, 4)
    )
    value = two - 3 * three + 6 * four
    question = (
        f"How many integers from 1 to {top} are divisible by exactly two of the numbers "
        f"{join([str(n) for n in numbers])}?"
    )
    steps = [f"Sums over pairs, triples and all four: {two}, {three}, {four}"]
    return finish(question, value, [*steps, f"{two} - 3 * {three} + 6 * {four} = {value}"])


def _at_least(rng: Random, level: int) -> Problem:
    a, b = rng.randrange(6, level + 5), rng.randrange(6, level + 5)
    size = rng.randrange(5, 8)
    low = rng.randrange(2, 4)
    ways = [comb(a, i) * comb(b, size - i) for i in range(low, size + 1)]
    question = (
        f"A committee of {size} is chosen from {a} women and {b} men. "
        f"How many committees have at least {low} women?"
    )
    if level == 9:
        high = low + 2
        ways = ways[:3]
        question = question.replace(f"at least {low}", f"at least {low} and at most {high}")
    value = sum(ways)
    return finish(question, value, [f"{' + '.join(map(str, ways))} = {value}"])


def _paths(rng: Random, level: int) -> Problem:
    width, height = rng.randrange(level - 2, level + 3), rng.randrange(level - 2, level + 3)
    count = level - 7
    points = sorted((rng.randrange(1, width), rng.randrange(1, height)) for _ in range(count))
    while len(set(points)) < count:
        points = sorted((rng.randrange(1, width), rng.randrange(1, height)) for _ in range(count))
    # Count the paths to each forbidden point, and finally to the corner, that meet no earlier one.
    first: list[int] = []
    for x, y in [*points, (width, height)]:
        ways = comb(x + y, x)
        for (u, v), before in zip(points, first, strict=False):
            if u <= x and v <= y:
                ways -= before * comb(x - u + y - v, x - u)
        first.append(ways)
    value = first[-1]
    question = (
        f"A path goes from (0, 0) to ({width}, {height}) in unit steps right or up. "
        f"How many such paths avoid {join([str(p) for p in points])}?"
    )
    total = comb(width + height, width)
    steps = [f"There are {total} paths without the condition"]
    steps.append(
        f"{total - value} of them meet a forbidden point, and {total} - {total - value} = {value}"
    )
    return finish(question, value, steps)


def _solutions(rng: Random, level: int) -> Problem:
    count = level - 5
    while True:
        tops = [rng.randrange(4, level + 6) for _ in range(count)]
        total = rng.randrange(sum(tops) // 3, 2 * sum(tops) // 3)
        signed = []
        for size in range(count + 1):
            over = [total - sum(group) - size for group in combinations(tops, size)]
            signed.append(sum(comb(n + count - 1, count - 1) for n in over if n >= 0))
        value = sum((-1) ** i * n for i, n in enumerate(signed))
        if value > 50:
            break
    unknowns = [chr(ord("a") + i) for i in range(count)]
    bounds = ", ".join(f"{name} <= {top}" for name, top in zip(unknowns, tops, strict=True))
    question = (
        f"How many solutions in integers >= 0 does {' + '.join(unknowns)} = {total} have "
        f"with {bounds}?"
    )
    kept = [n for n in signed if n]
    shown = " ".join(
        f"{'' if i == 0 else '- ' if i % 2 else '+ '}{n}" for i, n in enumerate(signed[: len(kept)])
    )
    return finish(question, value, [f"Inclusion and exclusion: {shown} = {value}"])
