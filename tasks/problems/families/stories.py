"""Word problems: tiny stories, ledgers of many events, and shopping."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from caopd_bench.tasks.problems.problem import Problem, finish
from caopd_bench.tasks.problems.wording import people, thing

__all__ = ["story"]

_PLUS = (
    "{n} has {a} {t} and gets {b} more. How many {t} does {n} have now?",
    "There are {a} {t} on the table and {b} {t} in the bag. How many {t} are there in all?",
    "{n} finds {a} {t}, and {m} finds {b} {t}. How many {t} do they find together?",
    "{n} picks up {a} {t} before lunch and {b} {t} after lunch. How many {t} is that?",
)
_MINUS = (
    "{n} has {a} {t} and gives {b} of them to {m}. How many {t} does {n} have left?",
    "A shop has {a} {t} and sells {b} of them. How many {t} remain?",
    "{n} needs {a} {t} and already has {b}. How many {t} are still missing?",
    "{n} has {a} {t}, and {m} has {b} {t}. How many more {t} does {n} have?",
)
_TIMES = (
    "There are {a} plates with {b} {t} on each. How many {t} are there?",
    "{n} buys {a} bags of {b} {t}. How many {t} does {n} buy?",
    "Each of {a} children brings {b} {t}. How many {t} do they bring together?",
)
# By level: number of events, digits of the first stock, digits of an amount.
_LEDGERS = {4: (2, 2, 1), 5: (3, 2, 1), 6: (4, 2, 2), 7: (4, 3, 2), 8: (5, 3, 2)}
_LEDGERS |= {9: (6, 4, 3), 10: (8, 4, 3)}
_SHARES = (
    ("half", Fraction(1, 2)),
    ("a third", Fraction(1, 3)),
    ("a quarter", Fraction(1, 4)),
    ("two fifths", Fraction(2, 5)),
    ("three sevenths", Fraction(3, 7)),
    ("two ninths", Fraction(2, 9)),
)


def story(rng: Random, level: int) -> Problem:
    """Write a word problem: one step up to level 3, two steps at level 4, and so on."""
    if level <= 3:
        return _one_step(rng, level)
    kind = rng.randrange(3)
    if kind == 0:
        return _shopping(rng, level)
    if kind == 1 and level >= 8:
        return _two_people(rng, level)
    return _ledger(rng, level, backwards=level >= 6 and rng.randrange(2) == 0)


def _one_step(rng: Random, level: int) -> Problem:
    kind = rng.randrange(3 if level != 2 else 2)
    templates: tuple[str, ...]
    if kind == 2:
        a, b = rng.randrange(2, 10), rng.randrange(2, 10)
        if level == 3:
            a, b = rng.randrange(3, 10), rng.randrange(11, 100)
        value, templates, sign = a * b, _TIMES, "*"
    else:
        low, high = {1: (2, 10), 2: (10, 100), 3: (100, 1000)}[level]
        a, b = rng.randrange(low, high), rng.randrange(low, high)
        if kind == 1:
            # A difference of 0 or 1 things reads badly.
            b = rng.randrange(low, high - 2)
            a = rng.randrange(b + 2, high)
            value, templates, sign = a - b, _MINUS, "-"
        else:
            value, templates, sign = a + b, _PLUS, "+"
    n, m = people(rng, 2)
    question = rng.choice(templates).format(a=a, b=b, t=thing(rng), n=n, m=m)
    return finish(question, value, [f"{a} {sign} {b} = {value}"])


def _event(rng: Random, level: int, stock: int, things: str) -> tuple[str, int, str]:
    """Draw one event that leaves a whole positive stock: text, new stock, step."""
    width = _LEDGERS[level][2]
    low, high = (2, 10) if width == 1 else (10 ** (width - 1), 10**width)
    while True:
        kind = rng.randrange(6 if level >= 5 else 3)
        a, b = rng.randrange(low, high), rng.randrange(2, 13)
        if kind == 0:
            return f"buys {b} packs of {a} {things}", stock + a * b, f"{stock} + {b} * {a}"
        if kind == 1:
            return f"finds {a} more {things}", stock + a, f"{stock} + {a}"
        if kind == 2 and a < stock:
            return f"gives away {a} {things}", stock - a, f"{stock} - {a}"
        if kind in (3, 4):
            words, share = rng.choice(_SHARES[: level - 2])
            if stock % share.denominator == 0:
                rest = int(stock * (1 - share))
                return f"sells {words} of the {things}", rest, f"{stock} * {1 - share}"
        if kind == 5 and stock < 10 ** (level - 3):
            times = rng.randrange(2, 4)
            word = ("doubles", "triples")[times - 2]
            return f"{word} the number of {things}", stock * times, f"{stock} * {times}"


def _ledger(rng: Random, level: int, *, backwards: bool) -> Problem:
    count, size, _ = _LEDGERS[level]
    things = thing(rng)
    name = people(rng, 1)[0]
    start = stock = rng.randrange(10 ** (size - 1), 10**size)
    events: list[str] = []
    steps: list[str] = []
    while len(events) < count:
        text, after, step = _event(rng, level, stock, things)
        # The same kind of event twice in a row reads badly.
        if events and text.split()[0] == events[-1].split()[0]:
            continue
        events.append(text)
        steps.append(f"{step} = {after}")
        stock = after
    links = ["first", *["then"] * (count - 2), "and then" if count == 2 else "and finally"]
    told = ", ".join(f"{link} {event}" for link, event in zip(links, events, strict=True))
    # "At the end she has 1 pebbles" would read badly.
    if not backwards or stock == 1:
        question = (
            f"{name} has {start} {things}, {told}. How many {things} does {name} have at the end?"
        )
        return finish(question, stock, steps)
    question = (
        f"{name} has some {things}, {told}. At the end {name} has {stock} {things}. "
        f"How many were there at the start?"
    )
    steps[0] = f"Working backwards gives {start}; forwards again: {steps[0]}"
    return finish(question, start, steps)


def _two_people(rng: Random, level: int) -> Problem:
    size = level - 6
    things = thing(rng)
    names = people(rng, 2)
    stocks = [rng.randrange(10**size, 10 ** (size + 1)) for _ in names]
    opening = f"{names[0]} has {stocks[0]} {things} and {names[1]} has {stocks[1]}."
    sentences: list[str] = []
    steps: list[str] = []
    who = rng.randrange(2)
    while len(sentences) < level - 4:
        giver, taker = names[who], names[1 - who]
        shares = [pair for pair in _SHARES if stocks[who] % pair[1].denominator == 0]
        amount = rng.randrange(10 ** (size - 1), 10**size)
        if shares and rng.randrange(2):
            words, share = rng.choice(shares)
            amount = int(stocks[who] * share)
            text = f"{giver} gives {words} of the {things} to {taker}."
            steps.append(f"{stocks[who]} * {share} = {amount}")
        elif rng.randrange(2) and amount < stocks[who]:
            text = f"{giver} gives {amount} {things} to {taker}."
        else:
            packs = rng.randrange(3, 13)
            text = f"{giver} buys {packs} packs of {amount} {things}."
            after = stocks[who] + packs * amount
            steps.append(f"{stocks[who]} + {packs} * {amount} = {after}")
            stocks[who] = after
            amount = 0
        if amount:
            for i, sign in ((who, -1), (1 - who, 1)):
                after = stocks[i] + sign * amount
                steps.append(f"{stocks[i]} {'+' if sign > 0 else '-'} {amount} = {after}")
                stocks[i] = after
        sentences.append(text)
        who = 1 - who
    i = rng.randrange(2)
    end = f"How many {things} does {names[i]} have then?"
    question = f"{opening} {' '.join(sentences)} {end}"
    return finish(question, stocks[i], steps)


def _shopping(rng: Random, level: int) -> Problem:
    count = {4: 1, 5: 2, 6: 2, 7: 3, 8: 3, 9: 4, 10: 5}[level]
    goods = rng.sample(("lamps", "mugs", "books", "chairs", "plants", "clocks", "rugs"), count)
    amounts = [rng.randrange(3, 10 if level <= 6 else 60) for _ in goods]
    cents = level >= 7
    prices = [
        Fraction(rng.randrange(105, 9900), 100) if cents else Fraction(rng.randrange(3, 30))
        for _ in goods
    ]
    total = sum((n * p for n, p in zip(amounts, prices, strict=True)), Fraction(0))
    name = people(rng, 1)[0]
    items = [
        f"{n} {good} at {_money(price)} euros each"
        for n, good, price in zip(amounts, goods, prices, strict=True)
    ]
    listed = items[0] if count == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
    added = " + ".join(f"{n} * {_money(p)}" for n, p in zip(amounts, prices, strict=True))
    steps = [f"{added} = {_money(total)}"]
    if level <= 5:
        paid = int(total) + rng.randrange(2, 40)
        question = (
            f"{name} buys {listed} and pays with {paid} euros. How many euros of change are due?"
        )
        steps.append(f"{paid} - {total} = {paid - total}")
        return finish(question, paid - total, steps)
    percents = [-rng.randrange(3, 40) if cents else -10 * rng.randrange(1, 6)]
    words = f"a discount of {-percents[0]}%"
    if level >= 8:
        percents.append(rng.randrange(4, 26))
        words += f" and then a tax of {percents[1]}% on the reduced amount"
    value = total
    for percent in percents:
        after = value * (100 + percent) / 100
        steps.append(f"{value} * {100 + percent}/100 = {after}")
        value = after
    question = (
        f"{name} buys {listed}. The bill gets {words}. "
        f"How many euros are to be paid, without rounding?"
    )
    return finish(question, value, steps)


def _money(amount: Fraction) -> str:
    return str(amount) if amount.denominator == 1 else f"{float(amount):.2f}"
