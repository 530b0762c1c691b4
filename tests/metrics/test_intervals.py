"""The interval of the ECE, and that of a share."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import bootstrap, ece, ece_interval, proportion_interval, tally
from caopd_bench.metrics.replicates import resample

STATED = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0])
SHARE = np.array([2, 1, 2, 3, 3, 8, 6, 9, 6, 13, 10, 17, 13, 7]) / 100


def draw(rng, n, truth):
    c = rng.choice(STATED, n, p=SHARE)
    return tally(c, rng.random(n) < truth(c))


def calibrated(c):
    return c


def overconfident(c):
    return np.maximum(c - 0.2, 0.0)


@pytest.fixture
def typical():
    return draw(np.random.default_rng(1), 300, overconfident)


# ECE by test inversion


@pytest.mark.parametrize("truth", [calibrated, overconfident])
def test_ece_interval_covers(truth):
    expected = tally(np.repeat(STATED, 2), [0, 1] * STATED.size)  # one entry a value
    assert expected.values.size == STATED.size
    bins = np.minimum(np.floor(STATED * 10 + 1e-9).astype(int), 9)
    target = np.abs(np.bincount(bins, weights=SHARE * (STATED - truth(STATED)))).sum()
    rng = np.random.default_rng(7)
    intervals = [ece_interval(draw(rng, 100, truth)) for _ in range(200)]
    assert np.mean([i.low <= target <= i.high for i in intervals]) >= 0.90
    assert np.mean([i.high - i.low for i in intervals]) < 0.22
    debiased = np.mean([i.debiased for i in intervals])
    assert abs(debiased - target) < 0.03
    assert abs(debiased - target) < abs(np.mean([i.estimate for i in intervals]) - target) + 0.005


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(0, 20).map(lambda k: k / 20), st.booleans()), min_size=1, max_size=60
    ),
    st.randoms(use_true_random=False),
)
def test_ece_interval_holds_both_estimates_whatever_the_order_of_the_rows(rows, random):
    c, y = zip(*rows, strict=True)
    i = ece_interval(tally(c, y))
    assert i.estimate == ece(c, y)
    assert 0.0 <= i.low <= i.debiased <= i.estimate <= i.high <= 1.0
    assert i.high > 0.0
    shuffled = random.sample(rows, len(rows))
    assert ece_interval(tally(*zip(*shuffled, strict=True))) == i


def test_ece_interval_agrees_with_the_study():
    # research/intervals.md section 7 with its own Sobol scrambling, so to Monte Carlo accuracy.
    c = np.repeat([0.2, 0.5, 0.9], [10, 10, 20])
    y = np.repeat([1, 0, 1, 0, 1, 0], [3, 7, 4, 6, 15, 5])
    i = ece_interval(tally(c, y))
    assert (i.low, i.high) == pytest.approx((0.0, 0.2564), abs=4e-3)
    assert i.debiased == pytest.approx(0.0771595, abs=1e-6)  # closed form, no draws
    i = ece_interval(tally([0.9] * 100, [1] * 60 + [0] * 40))
    assert (i.low, i.high) == pytest.approx((0.2093, 0.3977), abs=4e-3)


def test_ece_interval_at_exact_calibration_starts_at_zero_and_has_a_length():
    # Two bins of half a million rows with a total of exactly 0 once gave [0, 0].
    c = np.repeat([0.25, 0.75], 500_000)
    y = np.concatenate([np.arange(500_000) < 125_000, np.arange(500_000) < 375_000])
    i = ece_interval(tally(c, y))
    assert (i.estimate, i.debiased, i.low) == (0.0, 0.0, 0.0)
    assert 0.0010 < i.high < 0.0015


def test_ece_interval_of_one_row():
    i = ece_interval(tally([0.7], [1]))
    assert (i.n, i.low, i.high) == (1, 0.0, pytest.approx(0.7))


def test_ece_interval_takes_bins_edges_and_level(typical):
    assert ece_interval(typical, bins=5).estimate == ece(typical, bins=5)
    assert ece_interval(typical, edges="paper").estimate == ece(typical, edges="paper")
    narrow, wide = ece_interval(typical, level=0.8), ece_interval(typical, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
    with pytest.raises(ValueError, match=r"level must be between 0 and 1, got 95; .* write 0.95"):
        ece_interval(typical, level=95)
    with pytest.raises(ValueError, match="must not be weighted"):
        ece_interval(tally([0.5, 0.6], [1, 0], weights=[1, 2]))


def test_ece_standard_error_is_near_that_of_the_bootstrap():
    t = draw(np.random.default_rng(2), 2000, lambda c: np.maximum(c - 0.3, 0))
    closed = ece_interval(t)
    assert closed.standard_error == pytest.approx(
        resample(t, metrics=["ece"])["ece"].std(), rel=0.1
    )
    assert bootstrap(t, metrics=["ece"])["ece"] == closed


# Shares


def test_wilson_known_answers():
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    for k, n, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        i = proportion_interval(k, n)
        assert (i.low, i.high) == pytest.approx((low, high), abs=5e-5)
        assert i.estimate == k / n
        assert i.n == n
    assert proportion_interval(0, 20).low == 0.0
    assert proportion_interval(20, 20).high == 1.0
    assert proportion_interval(5, 10, level=0.5).low > proportion_interval(5, 10).low


def test_wilson_edge_cases():
    i = proportion_interval(0, 0)
    assert math.isnan(i.estimate)
    assert math.isnan(i.low)
    assert i.reason == "no rows"
    for k, n in [(3, 2), (-1, 2), (0.5, 1)]:
        with pytest.raises(ValueError, match="successes must be an integer between 0 and n"):
            proportion_interval(k, n)
