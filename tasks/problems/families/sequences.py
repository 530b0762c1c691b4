"""Sequences: arithmetic and geometric ones, sums, and recurrences."""

from __future__ import annotations

from random import Random

from caopd_bench.tasks.problems.problem import Problem, finish

__all__ = ["sequence"]

_NTH = {2: (4, 9), 3: (8, 21), 4: (20, 80)}
# By level: order of the recurrence, range of n, largest coefficient.
_RECURRENCES = {
    6: (1, 4, 7, 3),
    7: (1, 6, 9, 5),
    8: (2, 7, 10, 4),
    9: (2, 11, 15, 5),
    10: (3, 12, 17, 4),
}
_FIND = ("Find a_{n}.", "What is a_{n}?", "Compute a_{n}.")


def sequence(rng: Random, level: int) -> Problem:
    """Write a question about a term of a sequence or about a sum of terms."""
    if level == 2 and rng.randrange(2):
        return _next(rng)
    if level <= 4:
        return _arithmetic(rng, level)
    if level == 5:
        return _series(rng) if rng.randrange(2) else _geometric(rng)
    if level == 6 and rng.randrange(2):
        return _series(rng)
    return _recurrence(rng, level)


def _next(rng: Random) -> Problem:
    start, step = rng.randrange(2, 40), rng.randrange(2, 10)
    terms = [start + i * step for i in range(4)]
    shown = ", ".join(map(str, terms))
    question = rng.choice(
        (
            f"A sequence goes up in equal steps: {shown}. What is the next term?",
            f"Which number comes next in equal steps: {shown}?",
            f"The same number is added each time: {shown}. What comes next?",
        )
    )
    value = terms[-1] + step
    steps = [f"{terms[1]} - {terms[0]} = {step}", f"{terms[-1]} + {step} = {value}"]
    return finish(question, value, steps)


def _arithmetic(rng: Random, level: int) -> Problem:
    low, high = _NTH[level]
    n = rng.randrange(low, high)
    top = {2: 6, 3: 10, 4: 30}[level]
    start, step = rng.randrange(3, 8 * top), rng.randrange(2, top)
    value = start + (n - 1) * step
    question = rng.choice(
        (
            f"A sequence starts with {start}, and each term is {step} more than the one before. "
            f"What is term number {n}?",
            f"a_1 = {start} and a_k = a_(k-1) + {step}. What is a_{n}?",
            f"The first row of a hall has {start} seats, and every row has {step} seats more than "
            f"the row before it. How many seats are there in row {n}?",
        )
    )
    steps = [f"{n} - 1 = {n - 1}", f"{start} + {n - 1} * {step} = {value}"]
    return finish(question, value, steps)


def _series(rng: Random) -> Problem:
    n, start, step = rng.randrange(8, 60), rng.randrange(2, 40), rng.randrange(2, 12)
    last = start + (n - 1) * step
    value = n * (start + last) // 2
    question = rng.choice(
        (
            f"An arithmetic sequence starts with {start} and has the common difference {step}. "
            f"What is the sum of its first {n} terms?",
            f"Add up the first {n} terms of {start}, {start + step}, {start + 2 * step}, ... "
            f"(equal steps). What is the sum?",
            f"On the first day {start} pages are printed, and on each day after that {step} pages "
            f"more than on the day before. How many pages are printed in {n} days?",
        )
    )
    steps = [f"The last term is {start} + {n - 1} * {step} = {last}"]
    steps.append(f"{n} * ({start} + {last}) / 2 = {value}")
    return finish(question, value, steps)


def _geometric(rng: Random) -> Problem:
    start, ratio, n = rng.randrange(2, 30), rng.randrange(2, 6), rng.randrange(4, 8)
    value = start * ratio ** (n - 1)
    question = rng.choice(
        (
            f"A sequence starts with {start}, and each term is {ratio} times the one before. "
            f"What is term number {n}?",
            f"a_1 = {start} and a_k = {ratio} * a_(k-1). What is a_{n}?",
            f"A culture has {start} cells at first, and every hour the number becomes {ratio} "
            f"times as large. How many cells are there after {n - 1} hours?",
        )
    )
    return finish(question, value, [f"{start} * {ratio}^{n - 1} = {value}"])


def _recurrence(rng: Random, level: int) -> Problem:
    order, low, high, top = _RECURRENCES[level]
    n = rng.randrange(low, high)
    terms = [rng.randrange(1, 10) for _ in range(order)]
    factors = [rng.randrange(2, top + 1)]
    factors += [rng.choice((-1, 1)) * rng.randrange(1, top + 1) for _ in range(order - 1)]
    shift = rng.randrange(-9, 12) if order < 3 else 0
    if shift == 0 and order == 1:
        shift = 7
    # Uses the companion matrix; as an independent check, the tests step through the terms.
    size = order + 1
    row = [*factors, shift]
    matrix = [row] + [[int(j == i) for j in range(size)] for i in range(order - 1)]
    matrix.append([int(j == size - 1) for j in range(size)])
    state = [*reversed(terms), 1]
    listed = list(terms)
    for _ in range(n - order):
        state = [sum(m * s for m, s in zip(line, state, strict=True)) for line in matrix]
        listed.append(state[0])
    rule = _rule(factors, shift)
    starts = ", ".join(f"a_{i + 1} = {term}" for i, term in enumerate(terms))
    wants_sum = level >= 8 and rng.randrange(3) == 0
    value = sum(listed) if wants_sum else listed[-1]
    find = "What is a_1 + a_2 + ... + a_{n}?" if wants_sum else rng.choice(_FIND)
    end = find.format(n=n)
    question = rng.choice(
        (
            f"{starts}, a_k = {rule}. {end}",
            f"A sequence is given by {starts} and a_k = {rule} for k > {order}. {end}",
        )
    )
    shown = ", ".join(str(term) for term in listed[order:])
    last = [*factors, shift] if shift else factors
    back = [*reversed(listed[-order - 1 : -1]), 1]
    added = " + ".join(f"({f}) * ({t})" for f, t in zip(last, back, strict=False))
    steps = [
        f"From a_{order + 1} on the terms are {shown}",
        f"The last one is {added} = {listed[-1]}",
    ]
    if wants_sum:
        left = " + ".join(f"({t})" if t < 0 else str(t) for t in listed)
        steps.append(f"{left} = {value}")
    return finish(question, value, steps)


def _rule(factors: list[int], shift: int) -> str:
    text = ""
    for i, factor in enumerate(factors):
        sign = "" if not text else (" - " if factor < 0 else " + ")
        times = f"{abs(factor)} * " if abs(factor) > 1 else ""
        text += f"{sign}{times}a_(k-{i + 1})"
    if shift:
        text += f" {'-' if shift < 0 else '+'} {abs(shift)}"
    return text
