"""Systems of linear equations in two to four unknowns; every question asks for one value."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from caopd_bench.tasks.problems.problem import Problem, finish, join

__all__ = ["system"]

_NAMES = "xyzw"
# By level: number of unknowns, largest coefficient, whether all unknowns are whole numbers.
_SIZES = {
    5: (2, 4, True),
    6: (2, 9, True),
    7: (2, 12, False),
    8: (3, 7, True),
    9: (3, 9, False),
    10: (4, 7, False),
}
_GOODS = (
    ("apple", "pear", "melon"),
    ("pencil", "ruler", "folder"),
    ("rose", "tulip", "lily"),
    ("coffee", "tea", "juice"),
    ("badge", "poster", "scarf"),
)


def system(rng: Random, level: int) -> Problem:
    """Write a system and ask for one unknown or for a small combination."""
    if level == 5 and rng.randrange(2):
        return _sum_and_difference(rng)
    count, top, whole = _SIZES[level]
    if level in (6, 7, 8) and rng.randrange(3) == 0:
        return _prices(rng, count, top)
    matrix, right, values = _draw(rng, count, top, whole)
    names = _NAMES[:count]
    text = ", ".join(
        f"{_row(row, names)} = {value}" for row, value in zip(matrix, right, strict=True)
    )
    wanted, value, extra = _wanted(rng, level, names, values)
    question = rng.choice(
        (
            f"Solve {text}. What is {wanted}?",
            f"If {text}, what is {wanted}?",
            f"Given {text}, find {wanted}.",
        )
    )
    found = ", ".join(f"{name} = {v}" for name, v in zip(names, values, strict=True))
    check = " + ".join(f"{_shown(n)} * {_shown(v)}" for n, v in zip(matrix[0], values, strict=True))
    steps = [f"Elimination gives {found}", f"Check in the first equation: {check} = {right[0]}"]
    return finish(question, value, [*steps, *extra])


def _row(row: list[int], names: str) -> str:
    text = ""
    for number, name in zip(row, names, strict=True):
        if number:
            sign = ("-" if number < 0 else "") if not text else (" - " if number < 0 else " + ")
            text += f"{sign}{abs(number) if abs(number) > 1 else ''}{name}"
    return text


def _shown(value: Fraction | int) -> str:
    return f"({value})" if value < 0 or Fraction(value).denominator > 1 else str(value)


def _draw(
    rng: Random, count: int, top: int, whole: bool
) -> tuple[list[list[int]], list[int], list[Fraction]]:
    while True:
        matrix = [[rng.randrange(-top, top + 1) for _ in range(count)] for _ in range(count)]
        # No coefficient is 0: without an unknown, an equation would be easier than its level.
        if any(not number for row in matrix for number in row) or matrix[0][0] < 0:
            continue
        if whole:
            hidden = [rng.randrange(-9, 13) for _ in range(count)]
            right = [sum(n * h for n, h in zip(row, hidden, strict=True)) for row in matrix]
        else:
            right = [rng.randrange(-30, 60) for _ in range(count)]
        values = _eliminate(matrix, right)
        if values is not None:
            return matrix, right, values


def _eliminate(matrix: list[list[int]], right: list[int]) -> list[Fraction] | None:
    """Solve by Gauss-Jordan elimination; return None unless there is exactly one solution."""
    rows = [
        [Fraction(number) for number in [*row, value]]
        for row, value in zip(matrix, right, strict=True)
    ]
    for column in range(len(rows)):
        pivot = next((i for i in range(column, len(rows)) if rows[i][column]), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        head = rows[column][column]
        rows[column] = [number / head for number in rows[column]]
        for i, row in enumerate(rows):
            if i != column:
                factor = row[column]
                rows[i] = [n - factor * h for n, h in zip(row, rows[column], strict=True)]
    return [row[-1] for row in rows]


def _wanted(
    rng: Random, level: int, names: str, values: list[Fraction]
) -> tuple[str, Fraction, list[str]]:
    if level <= 6 or rng.randrange(2):
        i = rng.randrange(len(names))
        return names[i], values[i], []
    i, j = rng.sample(range(len(names)), 2)
    times = rng.randrange(2, 5)
    value = values[i] + times * values[j]
    sum_ = f"{_shown(values[i])} + {times} * {_shown(values[j])} = {value}"
    step = f"{names[i]} + {times}{names[j]} is {sum_}"
    return f"{names[i]} + {times}{names[j]}", value, [step]


def _sum_and_difference(rng: Random) -> Problem:
    small = rng.randrange(3, 60)
    big = small + rng.randrange(2, 40)
    total, gap = big + small, big - small
    which = rng.randrange(2)
    word = ("smaller", "larger")[which]
    question = rng.choice(
        (
            f"Two numbers add up to {total}, and their difference is {gap}. "
            f"What is the {word} number?",
            f"The sum of two numbers is {total}. One of them is {gap} more than the other. "
            f"What is the {word} one?",
        )
    )
    steps = [f"({total} - {gap}) / 2 = {small}"]
    if which:
        steps.append(f"{small} + {gap} = {big}")
    return finish(question, (small, big)[which], steps)


def _prices(rng: Random, count: int, top: int) -> Problem:
    goods = rng.choice(_GOODS)[:count]
    while True:
        matrix = [[rng.randrange(2, top + 3) for _ in range(count)] for _ in range(count)]
        prices = [rng.randrange(2, 16) for _ in range(count)]
        right = [sum(n * p for n, p in zip(row, prices, strict=True)) for row in matrix]
        values = _eliminate(matrix, right)
        if values is not None:
            break
    lines = []
    for row, total in zip(matrix, right, strict=True):
        items = [f"{n} {_plural(good)}" for n, good in zip(row, goods, strict=True)]
        lines.append(f"{join(items)} cost {total} euros")
    i = rng.randrange(count)
    question = f"{'; '.join(lines)}. How many euros does one {goods[i]} cost?"
    found = ", ".join(f"{g} {p} euros" for g, p in zip(goods, prices, strict=True))
    check = " + ".join(f"{n} * {p}" for n, p in zip(matrix[0], prices, strict=True))
    steps = [f"Elimination gives the prices: {found}", f"Check: {check} = {right[0]}"]
    return finish(question, prices[i], steps)


def _plural(good: str) -> str:
    return {"lily": "lilies", "coffee": "coffees"}.get(good, good + "s")
