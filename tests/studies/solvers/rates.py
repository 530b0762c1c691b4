"""Solvers for rates and mixtures.

Work is a tank filled over time, mixtures are moved in parts of sugar and water, and meetings are
read off the straight line of the gap between two trains.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import count

Match = re.Match[str]


def _times(m: Match) -> int:
    a, b = re.findall(r"\d+", m[0])
    return sum(int(b) for _ in range(int(a)))


def _proportion(m: Match) -> Fraction:
    whole, parts, wanted = int(m["whole"]), int(m["parts"]), int(m["wanted"])
    unit = next(u for u in count() if u * parts >= whole)
    assert unit * parts == whole
    return Fraction(sum(unit for _ in range(wanted)))


def _machines(m: Match) -> Fraction:
    n, made, hours, others, time = (int(group) for group in m.groups())
    return Fraction(made * others * time, n * hours)


def _fill(rates: list[Fraction]) -> Fraction:
    """Hours until a tank is full, by what flows in one hour."""
    return Fraction(1) / sum(rates, Fraction(0))


def _together(m: Match) -> Fraction:
    return _fill([Fraction(1, int(m["a"])), Fraction(1, int(m["b"]))])


def _pipes(m: Match) -> Fraction:
    a, b, c, drain = (int(group) for group in m.groups())
    # In a * b * c * drain hours every pipe fills, and the drain empties, whole tanks.
    period = a * b * c * drain
    return Fraction(period, period // a + period // b + period // c - period // drain)


def _mixture(m: Match) -> Fraction:
    sugar = water = Fraction(0)
    for litres, percent in re.findall(r"(\d+) litres with (\d+)% sugar", m["parts"]):
        sugar += Fraction(int(litres) * int(percent), 100)
        water += Fraction(int(litres) * (100 - int(percent)), 100)
    return 100 * sugar / (sugar + water)


def _average(m: Match) -> Fraction:
    legs = re.findall(r"(\d+) km at (\d+) km per hour", m[1])
    hours = sum((Fraction(int(d), int(v)) for d, v in legs), Fraction(0))
    return sum(int(d) for d, _ in legs) / hours


def _meeting(m: Match) -> Fraction:
    distance, first, late, second = (int(m[i]) for i in (1, 2, 3, 4))

    def gap(hours: int) -> int:
        return distance - first * (late + hours) - second * hours

    hours = Fraction(gap(0), gap(0) - gap(1))
    return hours if m[5].startswith("hours") else first * (late + hours)


def _target(m: Match) -> Fraction:
    high, litres, low, goal = (int(m[name]) for name in ("high", "litres", "low", "goal"))

    def surplus(added: int) -> int:
        return added * high + litres * low - goal * (added + litres)

    return Fraction(-surplus(0), surplus(1) - surplus(0))


def _replacement(m: Match) -> Fraction:
    volume, taken, other, times = (int(m[name]) for name in ("v", "r", "q", "k"))
    acid = Fraction(volume * int(m["p"]), 100)
    for _ in range(times):
        acid -= acid / volume * taken
        acid += Fraction(taken * other, 100)
    return 100 * acid / volume


def _joining(m: Match) -> Fraction:
    alone = {name: int(hours) for name, hours in re.findall(r"(\w+) (\d+)", m[1])}
    at = {m[2]: 0}
    for name, wait, before in re.findall(r"(\w+) joins (\d+) hours? after (\w+)", m[3]):
        at[name] = at[before] + int(wait)
    clock = max(at.values())
    assert set(at) == set(alone)

    # Work done by time t is linear once everybody is there.
    def work(hours: int) -> Fraction:
        return sum((Fraction(hours - at[name], alone[name]) for name in alone), Fraction(0))

    return clock + (1 - work(clock)) / (work(clock + 1) - work(clock))


N = r"\w+"
SOLVERS = [
    (
        r"A car drives \d+ km per hour for \d+ hours\. How many kilometres does it cover\?",
        _times,
    ),
    (
        r"A pump moves \d+ litres per minute\. How many litres does it move in \d+ minutes\?",
        _times,
    ),
    (
        r"A printer prints \d+ pages per minute\. How many pages does it print in \d+ minutes\?",
        _times,
    ),
    (
        r"One ticket costs (\d+) euros\. How many euros do (\d+) tickets cost\?",
        _times,
    ),
    (
        r"A train covers (?P<whole>\d+) km in (?P<parts>\d+) hours at a steady speed\. "
        r"How many kilometres does it cover in (?P<wanted>\d+) hours\?",
        _proportion,
    ),
    (
        r"(?P<parts>\d+) notebooks cost (?P<whole>\d+) euros\. "
        r"How many euros do (?P<wanted>\d+) such notebooks cost\?",
        _proportion,
    ),
    (
        r"A tap fills (?P<whole>\d+) litres in (?P<parts>\d+) minutes\. "
        r"How many litres does it fill in (?P<wanted>\d+) minutes\?",
        _proportion,
    ),
    (
        r"(\d+) equal machines make (\d+) parts in (\d+) hours\. "
        r"How many parts do (\d+) such machines make in (\d+) hours\?",
        _machines,
    ),
    (
        rf"{N} paints a fence in (?P<a>\d+) hours, {N} in (?P<b>\d+) hours\. "
        r"How many hours do they need together, each at their own pace\?",
        _together,
    ),
    (
        r"One pipe fills a tank in (?P<a>\d+) hours, another one in (?P<b>\d+) hours\. "
        r"How many hours do both need when they run together\?",
        _together,
    ),
    (
        r"Three pipes, each on its own, fill a tank in (\d+), (\d+) and (\d+) hours, and an open "
        r"drain empties the full tank in (\d+) hours\. All four are open\. In how many hours is "
        r"the empty tank full\?",
        _pipes,
    ),
    (
        r"Filling alone, three pumps need (\d+), (\d+) and (\d+) hours; a leak alone empties the "
        r"basin in (\d+) hours\. How many hours does filling take with all pumps and the leak\?",
        _pipes,
    ),
    (
        r"Syrups are mixed: (?P<parts>\d+ litres with .*)\. What percentage of the mix is sugar\?",
        _mixture,
    ),
    (
        r"Mix (?P<parts>\d+ litres with .*)\. What is the percentage of sugar in the mix\?",
        _mixture,
    ),
    (
        rf"{N} cycles (.*)\. What is the average speed of the whole ride in km per hour\?",
        _average,
    ),
    (
        r"Two stations are (\d+) km apart\. A train leaves the first at (\d+) km per hour towards "
        r"the second\. (\d+) hours? later another train leaves the second at (\d+) km per hour "
        r"towards the first\. How many (hours|kilometres) (?:after the second train leaves|from "
        r"the "
        r"first station) do they meet\?",
        _meeting,
    ),
    (
        r"How many litres of (?P<high>\d+)% syrup must be added to (?P<litres>\d+) litres of "
        r"(?P<low>\d+)% syrup to make (?P<goal>\d+)% syrup\?",
        _target,
    ),
    (
        r"A tank holds (?P<litres>\d+) litres of (?P<low>\d+)% acid\. How many litres of "
        r"(?P<high>\d+)% acid turn it into (?P<goal>\d+)% acid\?",
        _target,
    ),
    (
        r"A tank holds (?P<v>\d+) litres of (?P<p>\d+)% acid\. (?P<r>\d+) litres are drawn off and "
        r"replaced by (?P=r) litres of (?P<q>\d+)% acid, and this is done (?P<k>\d+) times in "
        r"all\. "
        r"What is the exact percentage of acid at the end\?",
        _replacement,
    ),
    (
        r"From (?P<v>\d+) litres of (?P<p>\d+)% syrup, (?P<k>\d+) times in a row (?P<r>\d+) litres "
        r"are taken and replaced by (?P<q>\d+)% syrup\. What percentage is it then, exactly\?",
        _replacement,
    ),
    (
        rf"Hours to do a job alone: (.*?)\. ({N}) starts, (.*), and they finish it together\. "
        r"How many hours does the whole job take\?",
        _joining,
    ),
]
