"""The promise, enumerated: every sample of a small law with its exact probability."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from caopd_bench.metrics.selection import sequence
from caopd_bench.metrics.selection.sequence import Cuts, Plan, certify, run
from caopd_bench.metrics.selection.tails import (
    at_least,
    at_most,
    fewest_rows,
    lower_limit,
    most_wrong,
    rows_needed,
    upper_limit,
    upper_limits,
)


def samples(n, cells):
    """Give every way of sharing n rows among cells."""
    for bars in itertools.combinations(range(n + cells - 1), cells - 1):
        ends = (-1, *bars, n + cells - 1)
        yield [b - a - 1 for a, b in itertools.pairwise(ends)]


class Enumerated:
    """The certified cut of every sample of n rows at these values."""

    def __init__(self, values, n, risk, error, decide=None):
        self.risk = risk
        self.counts = np.array(list(samples(n, 2 * len(values)))).reshape(-1, len(values), 2)
        factorials = np.array([math.lgamma(k + 1.0) for k in range(n + 1)])
        self.ways = factorials[n] - factorials[self.counts].sum(axis=(1, 2))
        decide = decide or _decide
        self.cut = np.array([decide(values, c, risk, error) for c in self.counts])

    def broken(self, mass, wrong):
        """Give the chance that a cut whose risk is above the limit is certified."""
        mass, wrong = np.asarray(mass, float), np.asarray(wrong, float)
        p = np.stack([mass * (1 - wrong), mass * wrong], axis=1)
        chance = np.exp(self.ways + (self.counts * np.log(np.maximum(p, 1e-300))).sum(axis=(1, 2)))
        assert chance.sum() == pytest.approx(1.0)
        risk = np.cumsum(mass * wrong) / np.cumsum(mass)
        return chance[(self.cut >= 0) & (risk[self.cut] > self.risk)].sum()


def _decide(values, counts, risk, error):
    used = np.flatnonzero(counts.sum(axis=1))
    rows, wrong = counts[used].sum(axis=1), counts[used, 1]
    cuts = Cuts(np.asarray(values)[used], np.cumsum(rows), np.cumsum(wrong))
    path = certify(cuts, risk, error)
    return used[path.lowest] if path else -1


def at_the_border(mass, above):
    """Give the risks of the values at which the cuts have the risks ``above``, where they can."""
    wrong, errors, kept = [], 0.0, 0.0
    for m, wanted in zip(mass, above, strict=True):
        wrong.append(min(max((wanted * (kept + m) - errors) / m, 0.0), 1.0))
        errors, kept = errors + m * wrong[-1], kept + m
    return wrong


LAWS = [
    ((0.95, 0.5), 24, 0.2, 0.2),
    ((0.95, 0.8, 0.3), 11, 0.3, 0.2),
    ((0.99, 0.9, 0.2), 10, 0.25, 0.3),
]


@pytest.mark.parametrize(("values", "n", "risk", "error"), LAWS)
@pytest.mark.parametrize(("hopeless", "many"), [(3.0, 8), (1.0, 1), (0.3, 8)])
def test_no_law_breaks_the_promise_too_often(values, n, risk, error, hopeless, many, monkeypatch):
    """Good then bad, bad then good, all at the border, and whatever a search finds.

    With so few rows hardly any are set aside, and all rows have no test: other constants.
    """
    monkeypatch.setattr(sequence, "HOPELESS", hopeless)
    monkeypatch.setattr(sequence, "LATE", (many, 0.2))
    every = Enumerated(values, n, risk, error)
    rng = np.random.default_rng(1)
    worst = 0.0
    for _ in range(150):
        mass = rng.dirichlet(np.full(len(values), rng.choice([0.5, 1.0, 3.0])))
        above = risk * (1.0 + rng.choice([1e-9, 0.05, 0.5, 2.0, -0.3], size=len(values)))
        worst = max(worst, every.broken(mass, at_the_border(mass, above)))
    assert 0.3 * error < worst <= error


def test_the_start_is_what_keeps_it():
    """Every cut tested, and the lowest that passes taken: the enumeration sees what that breaks."""

    def careless(_values, counts, risk, error):
        rows, wrong = np.cumsum(counts.sum(axis=1)), np.cumsum(counts[:, 1])
        passed = np.flatnonzero(at_most(wrong, rows, risk) <= error)
        return passed[-1] if passed.size else -1

    every = Enumerated((0.9, 0.8, 0.7), 11, 0.4, 0.3, careless)
    rng = np.random.default_rng(2)
    worst = 0.0
    for _ in range(60):
        mass = rng.dirichlet(np.ones(3))
        worst = max(worst, every.broken(mass, at_the_border(mass, [0.4001] * 3)))
    assert worst > 0.33


def test_only_rows_that_are_set_aside_choose_the_start():
    """What lies at or above the stop may be replaced: neither M nor what is set aside changes."""
    rng = np.random.default_rng(3)
    chosen = set()
    for _ in range(60):
        limit = float(rng.choice([0.02, 0.05, 0.1]))
        values = np.sort(rng.choice(np.linspace(0, 1, 101), rng.integers(3, 40), replace=False))
        rows = rng.integers(1, 60, values.size)
        wrong = rng.binomial(rows, ((1.0 - values) * rng.uniform(0.2, 1.5)).clip(0, 1))
        cuts = Cuts(values[::-1], np.cumsum(rows[::-1]), np.cumsum(wrong[::-1]))
        least, last = sequence.choose(cuts, limit, 0.05)
        if last < 0:
            continue
        below = values.size - 1 - last
        kept = int(cuts.rows[last])
        if below:
            made = wrong[:below].sum() + sequence.PRIOR
            said = (rows[:below] * (1.01 - values[:below])).sum() + sequence.PRIOR
            stop = 1.01 - sequence.HOPELESS * limit * said / made
        else:
            stop = 1.01 - sequence.HOPELESS * limit
        other = np.sort(rng.uniform(max(stop, values[below - 1] if below else 0.0), 1.0, 3))
        split = np.diff([0, *np.sort(rng.integers(0, kept + 1, 2)), kept])
        seen = np.flatnonzero(split)
        value = np.concatenate([values[:below], other[seen]])[::-1]
        count = np.concatenate([rows[:below], split[seen]])[::-1]
        bad = np.concatenate([wrong[:below], rng.binomial(split[seen], rng.random())])[::-1]
        again = Cuts(value, np.cumsum(count), np.cumsum(bad))
        assert sequence.choose(again, limit, 0.05) == (least, seen.size - 1)
        chosen.add((below > 0, least))
    assert len(chosen) > 20
    assert {some for some, _ in chosen} == {True, False}


def test_the_shares_add_up():
    for rows, late in ((10, 0.0), (100, 0.01), (10_000, 0.02)):
        shares = sequence.shares_of(rows, 0.05, 0.1)
        assert math.fsum(shares) == pytest.approx(0.1)
        assert shares[2] == pytest.approx(late)


def test_all_rows_are_certified_where_the_confidence_tells_nothing():
    """At the top the risk is as high as anywhere: few rows of it show nothing."""
    confidence = np.linspace(0.99, 0.5, 2000)
    wrong = np.arange(2000) % 25 == 0  # 4 %
    wrong[:400] = np.arange(400) % 16 == 0
    cuts = Cuts(confidence, np.arange(1, 2001), np.cumsum(wrong))
    path = certify(cuts, 0.06, 0.05)
    assert path.first == path.lowest == 1999
    assert path.error == pytest.approx(0.05 * sequence.LATE[1])


def test_every_start_by_counts_keeps_it():
    """The theorem: for any number of rows that the start must keep, at values better and worse."""
    for least in (4, 5, 7, 9):

        def decide(values, counts, risk, error, least=least):
            rows, wrong = np.cumsum(counts.sum(axis=1)), np.cumsum(counts[:, 1])
            cuts = Cuts(np.asarray(values), rows, wrong)
            return run(cuts, Plan(int(np.searchsorted(rows, least)), 2), risk, error)

        every = Enumerated((0.9, 0.8, 0.7), 11, 0.4, 0.3, decide)
        for mass in ([0.3, 0.3, 0.4], [0.6, 0.2, 0.2], [0.45, 0.1, 0.45]):
            for above in ([1.0, 0.7, 0.401], [0.401, 0.401, 0.401], [0.8, 0.401, 0.3]):
                assert every.broken(mass, at_the_border(mass, above)) <= 0.3


def test_tails_are_those_of_scipy():
    rng = np.random.default_rng(2)
    rows = rng.integers(1, 3000, 200)
    wrong = rng.integers(0, rows + 1)
    for risk in (0.01, 0.05, 0.4):
        assert at_most(wrong, rows, risk) == pytest.approx(stats.binom.cdf(wrong, rows, risk))
        expected = stats.binom.sf(wrong - 1, rows, risk)
        assert at_least(wrong, rows, risk) == pytest.approx(expected)
    few = stats.binomtest(3, 90, 0.05, alternative="less").pvalue
    assert at_most(3, 90, 0.05) == pytest.approx(few)


def test_limits_are_those_of_clopper_and_pearson():
    for wrong, rows in ((0, 10), (3, 90), (90, 90), (89, 90)):
        high = stats.beta.ppf(0.95, wrong + 1, rows - wrong) if wrong < rows else 1.0
        low = stats.beta.ppf(0.05, wrong, rows - wrong + 1) if wrong else 0.0
        assert upper_limit(wrong, rows, 0.05) == pytest.approx(high)
        assert upper_limits([wrong], [rows], 0.05)[0] == pytest.approx(high)
        assert lower_limit(wrong, rows, 0.05) == pytest.approx(low)


def test_counts_that_are_needed():
    assert (
        at_most(0, fewest_rows(0.05, 0.1), 0.05)
        <= 0.1
        < at_most(0, fewest_rows(0.05, 0.1) - 1, 0.05)
    )
    rows = np.arange(1, 400)
    most = most_wrong(rows, 0.1, 0.05).astype(int)
    for n, k in zip(rows, most, strict=True):
        assert k < 0 or stats.binom.cdf(k, n, 0.1) <= 0.05
        assert stats.binom.cdf(k + 1, n, 0.1) > 0.05
    needed = rows_needed(0.02, 0.05, 0.05, 0.8)
    allowed = most_wrong(np.array([needed]), 0.05, 0.05)[0]
    assert stats.binom.cdf(allowed, needed, 0.02) >= 0.8
    assert needed < 600
