"""Discrete probability: dice, coins and draws without replacement."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb, prod
from random import Random

from caopd_bench.tasks.problems.problem import Problem, finish, join
from caopd_bench.tasks.problems.wording import thing

__all__ = ["probability"]

_COLOURS = ("red", "green", "blue", "yellow", "white")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


def probability(rng: Random, level: int) -> Problem:
    """Write a question whose answer is a probability."""
    kinds = {
        4: (_one_draw,),
        5: (_dice, _coins, _one_draw_not),
        6: (_same, _coins, _dice),
        7: (_same, _dice, _coins),
        8: (_at_least, _dice, _same),
        9: (_exact, _at_least, _dice),
        10: (_all_colours, _exact, _dice),
    }
    return rng.choice(kinds[level])(rng, level)


def _bag(rng: Random, count: int, low: int, high: int) -> tuple[list[int], list[str], str]:
    counts = [rng.randrange(low, high) for _ in range(count)]
    colours = rng.sample(_COLOURS, count)
    parts = [f"{n} {colour}" for n, colour in zip(counts, colours, strict=True)]
    return counts, colours, f"A bag holds {join(parts)} {thing(rng, coloured=True)}"


def _one_draw(rng: Random, _level: int) -> Problem:
    counts, colours, bag = _bag(rng, rng.randrange(2, 4), 2, 16)
    i, total = rng.randrange(len(counts)), sum(counts)
    value = Fraction(counts[i], total)
    question = f"{bag}. One is drawn at random. What is the probability that it is {colours[i]}?"
    steps = [f"{' + '.join(map(str, counts))} = {total}", f"{counts[i]} / {total} = {value}"]
    return finish(question, value, steps)


def _one_draw_not(rng: Random, _level: int) -> Problem:
    counts, colours, bag = _bag(rng, 4, 2, 20)
    i, total = rng.randrange(4), sum(counts)
    value = Fraction(total - counts[i], total)
    question = (
        f"{bag}. One is drawn at random. What is the probability that it is not {colours[i]}?"
    )
    steps = [
        f"{' + '.join(map(str, counts))} = {total}",
        f"{total} - {counts[i]} = {total - counts[i]}",
    ]
    return finish(question, value, [*steps, f"{total - counts[i]} / {total} = {value}"])


def _coins(rng: Random, level: int) -> Problem:
    flips = rng.randrange(3, 6) if level == 5 else rng.randrange(level - 1, level + 5)
    heads = rng.randrange(1, flips)
    if level == 7:
        ways = sum(comb(flips, k) for k in range(heads, flips + 1))
        how = f"at least {heads}"
    else:
        ways = comb(flips, heads)
        how = f"exactly {heads}"
    value = Fraction(ways, 2**flips)
    noun = "head" if heads == 1 else "heads"
    question = f"A fair coin is flipped {flips} times. What is the probability of {how} {noun}?"
    steps = [f"2^{flips} = {2**flips}", f"{ways} of these outcomes fit"]
    return finish(question, value, [*steps, f"{ways} / {2**flips} = {value}"])


def _dice(rng: Random, level: int) -> Problem:
    count = {5: 2, 6: 2, 7: 3, 8: 4, 9: 5, 10: 6}[level]
    faces = rng.randrange(4, 13) if level < 9 else rng.randrange(5, 11)
    middle = count * (faces + 1) // 2
    total = rng.randrange(count + 2, middle + faces)
    # Count the throws with faces 0 to faces-1 that add up to `total - count`, which are as many.
    ways = sum(
        (-1) ** i * comb(count, i) * comb(total - i * faces - 1, count - 1)
        for i in range(count + 1)
        if total - i * faces >= count
    )
    value = Fraction(ways, faces**count)
    question = (
        f"{_NUMBERS[count].capitalize()} fair dice, each with the faces 1 to {faces}, are rolled. "
        f"What is the probability that the sum is {total}?"
    )
    steps = [f"{faces}^{count} = {faces**count}", f"{ways} of these outcomes have the sum {total}"]
    return finish(question, value, [*steps, f"{ways} / {faces**count} = {value}"])


def _drawn(rng: Random, bag: str, draws: int) -> str:
    return rng.choice(
        (
            f"{bag}. {_NUMBERS[draws].capitalize()} are drawn at random without replacement. ",
            f"{bag}, and {_NUMBERS[draws]} of them are drawn at random without replacement. ",
        )
    )


def _count(ways: int, total: int, draws: int) -> tuple[Fraction, list[str]]:
    outcomes = comb(total, draws)
    value = Fraction(ways, outcomes)
    steps = [f"There are {outcomes} ways to draw {draws} of {total}", f"{ways} of them fit"]
    return value, [*steps, f"{ways} / {outcomes} = {value}"]


def _same(rng: Random, level: int) -> Problem:
    draws = {6: 2, 7: 3, 8: 4}[level]
    counts, _, bag = _bag(rng, 2 if level == 6 else 3, level - 3, 12)
    total = sum(counts)
    ways = sum(comb(n, draws) for n in counts)
    end = "are all of the same colour?"
    if level == 6 and rng.randrange(2):
        ways, end = comb(total, 2) - ways, "have different colours?"
    value, steps = _count(ways, total, draws)
    return finish(f"{_drawn(rng, bag, draws)}What is the probability that they {end}", value, steps)


def _at_least(rng: Random, level: int) -> Problem:
    draws = level - 4
    counts, colours, bag = _bag(rng, 3, 4, 14)
    low = rng.randrange(2, 4)
    rest = counts[1] + counts[2]
    ways = sum(comb(counts[0], k) * comb(rest, draws - k) for k in range(low, draws + 1))
    value, steps = _count(ways, sum(counts), draws)
    end = f"What is the probability that at least {_NUMBERS[low]} of them are {colours[0]}?"
    return finish(_drawn(rng, bag, draws) + end, value, steps)


def _exact(rng: Random, level: int) -> Problem:
    kinds = level - 6
    counts, colours, bag = _bag(rng, kinds, 4, 13)
    wanted = [rng.randrange(1, 4 if kinds == 3 else 3) for _ in range(kinds)]
    while not 5 <= sum(wanted) <= 6:
        wanted = [rng.randrange(1, 4 if kinds == 3 else 3) for _ in range(kinds)]
    ways = prod(comb(n, k) for n, k in zip(counts, wanted, strict=True))
    value, steps = _count(ways, sum(counts), sum(wanted))
    listed = join([f"{_NUMBERS[k]} {colour}" for k, colour in zip(wanted, colours, strict=True)])
    end = f"What is the probability of drawing exactly {listed}?"
    return finish(_drawn(rng, bag, sum(wanted)) + end, value, steps)


def _all_colours(rng: Random, _level: int) -> Problem:
    counts, _, bag = _bag(rng, 4, 3, 9)
    draws = rng.randrange(5, 7)
    total = sum(counts)
    ways = 0
    for kept in product((0, 1), repeat=4):
        size = sum(n for n, keep in zip(counts, kept, strict=True) if keep)
        ways += (-1) ** (4 - sum(kept)) * comb(size, draws)
    value, steps = _count(ways, total, draws)
    end = "What is the probability that every colour appears?"
    return finish(_drawn(rng, bag, draws) + end, value, steps)
