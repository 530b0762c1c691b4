"""Rates and mixtures: speed, work, pipes and solutions."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from caopd_bench.tasks.problems.problem import Problem, finish, join
from caopd_bench.tasks.problems.wording import people

__all__ = ["rate"]


def rate(rng: Random, level: int) -> Problem:
    """Write a question about rates or mixtures."""
    if level == 3:
        return _once(rng)
    if level <= 5:
        return rng.choice((_proportion, _machines))(rng, level)
    if level == 6:
        return rng.choice((_together, _mixture))(rng, level)
    if level == 7:
        return rng.choice((_average_speed, _meeting, _mixture))(rng, level)
    if level == 8:
        return rng.choice((_pipes, _target, _average_speed, _meeting))(rng, level)
    if level == 9:
        return rng.choice((_joining, _replacement, _mixture))(rng, level)
    return rng.choice((_joining, _replacement))(rng, level)


def _once(rng: Random) -> Problem:
    a, b = rng.randrange(11, 90), rng.randrange(3, 10)
    question = rng.choice(
        (
            f"A car drives {a} km per hour for {b} hours. How many kilometres does it cover?",
            f"A pump moves {a} litres per minute. How many litres does it move in {b} minutes?",
            f"One ticket costs {a} euros. How many euros do {b} tickets cost?",
            f"A printer prints {a} pages per minute. How many pages does it print in {b} minutes?",
        )
    )
    return finish(question, a * b, [f"{a} * {b} = {a * b}"])


def _proportion(rng: Random, level: int) -> Problem:
    unit, n, m = rng.randrange(6, 60), rng.randrange(3, 10), rng.randrange(4, 20)
    if level == 5:
        n, m = n * 2, m + 15
    question = rng.choice(
        (
            f"A train covers {unit * n} km in {n} hours at a steady speed. "
            f"How many kilometres does it cover in {m} hours?",
            f"{n} notebooks cost {unit * n} euros. How many euros do {m} such notebooks cost?",
            f"A tap fills {unit * n} litres in {n} minutes. How many litres does it fill in {m} "
            f"minutes?",
        )
    )
    steps = [f"{unit * n} / {n} = {unit}", f"{unit} * {m} = {unit * m}"]
    return finish(question, unit * m, steps)


def _machines(rng: Random, level: int) -> Problem:
    unit = rng.randrange(2, 12 if level == 4 else 40)
    n, h, m, k = (rng.randrange(2, 9 if level == 4 else 13) for _ in range(4))
    made, value = unit * n * h, unit * m * k
    question = (
        f"{n} equal machines make {made} parts in {h} hours. "
        f"How many parts do {m} such machines make in {k} hours?"
    )
    steps = [f"{made} / ({n} * {h}) = {unit}", f"{unit} * {m} * {k} = {value}"]
    return finish(question, value, steps)


def _together(rng: Random, level: int) -> Problem:
    a, b = rng.sample(range(level - 3, 25), 2)
    value = Fraction(a * b, a + b)
    first, second = people(rng, 2)
    question = rng.choice(
        (
            f"{first} paints a fence in {a} hours, {second} in {b} hours. "
            f"How many hours do they need together, each at their own pace?",
            f"One pipe fills a tank in {a} hours, another one in {b} hours. "
            f"How many hours do both need when they run together?",
        )
    )
    steps = [f"1/{a} + 1/{b} = {1 / value}", f"1 / ({1 / value}) = {value}"]
    return finish(question, value, steps)


def _mixture(rng: Random, level: int) -> Problem:
    count = {6: 2, 7: 3, 9: 5}[level]
    litres = [rng.randrange(2, 12 if level == 6 else 60) for _ in range(count)]
    percents = rng.sample(range(2, 80), count)
    parts = [f"{n} litres with {p}% sugar" for n, p in zip(litres, percents, strict=True)]
    question = rng.choice(
        (
            f"Syrups are mixed: {join(parts)}. What percentage of the mix is sugar?",
            f"Mix {join(parts)}. What is the percentage of sugar in the mix?",
        )
    )
    total = sum(litres)
    sugar = sum(n * p for n, p in zip(litres, percents, strict=True))
    value = Fraction(sugar, total)
    added = " + ".join(f"{n} * {p}" for n, p in zip(litres, percents, strict=True))
    steps = [f"{' + '.join(map(str, litres))} = {total}", f"{added} = {sugar}"]
    return finish(question, value, [*steps, f"{sugar} / {total} = {value}"])


def _average_speed(rng: Random, level: int) -> Problem:
    count = 2 if level == 7 else 4
    distances = [rng.randrange(8, 90) for _ in range(count)]
    speeds = rng.sample(range(8, 36), count)
    parts = [f"{d} km at {v} km per hour" for d, v in zip(distances, speeds, strict=True)]
    name = people(rng, 1)[0]
    question = (
        f"{name} cycles {', '.join(parts[:-1])} and then {parts[-1]}. "
        f"What is the average speed of the whole ride in km per hour?"
    )
    time = sum((Fraction(d, v) for d, v in zip(distances, speeds, strict=True)), Fraction(0))
    total = sum(distances)
    value = total / time
    shown = " + ".join(f"{d}/{v}" for d, v in zip(distances, speeds, strict=True))
    steps = [f"{' + '.join(map(str, distances))} = {total}", f"{shown} = {time}"]
    return finish(question, value, [*steps, f"{total} / ({time}) = {value}"])


def _meeting(rng: Random, level: int) -> Problem:
    first, second = rng.sample(range(30, 95), 2)
    late = rng.randrange(1, 5)
    distance = first * late + rng.randrange(20, 900)
    unit = "hour" if late == 1 else "hours"
    question = (
        f"Two stations are {distance} km apart. A train leaves the first at {first} km per hour "
        f"towards the second. {late} {unit} later another train leaves the second at {second} km "
        f"per hour towards the first."
    )
    gap = distance - first * late
    time = Fraction(gap, first + second)
    steps = [f"{distance} - {first} * {late} = {gap}", f"{gap} / ({first} + {second}) = {time}"]
    if level == 7:
        ending = " How many hours after the second train leaves do they meet?"
        return finish(question + ending, time, steps)
    place = first * (late + time)
    ending = " How many kilometres from the first station do they meet?"
    steps.append(f"{first} * ({late} + {time}) = {place}")
    return finish(question + ending, place, steps)


def _pipes(rng: Random, level: int) -> Problem:
    a, b, c = rng.sample(range(level - 4, 30), 3)
    drain = rng.randrange(31, 60)
    speed = Fraction(1, a) + Fraction(1, b) + Fraction(1, c) - Fraction(1, drain)
    question = rng.choice(
        (
            f"Three pipes, each on its own, fill a tank in {a}, {b} and {c} hours, and an open "
            f"drain empties the full tank in {drain} hours. All four are open. In how many hours "
            f"is the empty tank full?",
            f"Filling alone, three pumps need {a}, {b} and {c} hours; a leak alone empties the "
            f"basin in {drain} hours. How many hours does filling take with all pumps and the "
            f"leak?",
        )
    )
    steps = [f"1/{a} + 1/{b} + 1/{c} - 1/{drain} = {speed}", f"1 / ({speed}) = {1 / speed}"]
    return finish(question, 1 / speed, steps)


def _target(rng: Random, level: int) -> Problem:
    low, goal, high = sorted(rng.sample(range(level, 90), 3))
    litres = rng.randrange(11, 400)
    value = Fraction(litres * (goal - low), high - goal)
    question = rng.choice(
        (
            f"How many litres of {high}% syrup must be added to {litres} litres of {low}% syrup "
            f"to make {goal}% syrup?",
            f"A tank holds {litres} litres of {low}% acid. How many litres of {high}% acid turn it "
            f"into {goal}% acid?",
        )
    )
    steps = [f"{goal} - {low} = {goal - low}", f"{high} - {goal} = {high - goal}"]
    steps.append(f"{litres} * {goal - low} / {high - goal} = {value}")
    return finish(question, value, steps)


def _replacement(rng: Random, level: int) -> Problem:
    times = 3 if level == 9 else 5
    volume = rng.randrange(20, 90)
    taken = rng.randrange(3, volume // 2)
    start, other = rng.sample(range(2, 95), 2)
    question = rng.choice(
        (
            f"A tank holds {volume} litres of {start}% acid. {taken} litres are drawn off and "
            f"replaced by {taken} litres of {other}% acid, and this is done {times} times in all. "
            f"What is the exact percentage of acid at the end?",
            f"From {volume} litres of {start}% syrup, {times} times in a row {taken} litres are "
            f"taken and replaced by {other}% syrup. What percentage is it then, exactly?",
        )
    )
    value = other + (start - other) * Fraction(volume - taken, volume) ** times
    keep = Fraction(volume - taken, volume)
    steps = [
        f"Each time the share that stays is {volume - taken} / {volume} = {keep}",
        f"{other} + ({start} - {other}) * ({keep})^{times} = {value}",
    ]
    return finish(question, value, steps)


def _joining(rng: Random, level: int) -> Problem:
    count = 3 if level == 9 else 4
    names = people(rng, count)
    while True:
        alone = rng.sample(range(9, 60), count)
        waits = [rng.randrange(1, 5) for _ in range(count - 1)]
        done, speed, steps = Fraction(0), Fraction(0), []
        for hours, wait in zip(alone, waits, strict=False):
            speed += Fraction(1, hours)
            steps.append(f"{done} + {wait} * ({speed}) = {done + wait * speed}")
            done += wait * speed
        if done < 1:
            break
    speed += Fraction(1, alone[-1])
    value = sum(waits) + (1 - done) / speed
    listed = ", ".join(f"{n} {h}" for n, h in zip(names, alone, strict=True))
    later = ", ".join(
        f"{n} joins {w} {'hour' if w == 1 else 'hours'} after {before}"
        for n, before, w in zip(names[1:], names, waits, strict=False)
    )
    question = (
        f"Hours to do a job alone: {listed}. {names[0]} starts, {later}, and they finish it "
        f"together. How many hours does the whole job take?"
    )
    steps.append(f"{sum(waits)} + (1 - {done}) / ({speed}) = {value}")
    return finish(question, value, steps)
