"""The asymptotic interval of the L2 calibration error."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from caopd_bench.metrics import ece, ece_l2_interval, tally

SIMULATE = Path(__file__).parents[2] / "studies" / "metrics" / "simulate_ece.py"


def draw(n, gap, seed=0):
    rng = np.random.default_rng(seed)
    c = rng.choice([0.5, 0.7, 0.9, 0.95], n)
    return tally(c, rng.random(n) < c - gap)


def test_the_debiased_square_has_no_bias():
    # Brute force over all pairs of different rows of a bin, then its mean over samples.
    c, y = np.array([0.9] * 6), np.array([1, 0, 1, 1, 0, 0])
    r = c - y
    pairs = (r.sum() ** 2 - (r**2).sum()) / (6 * 5)
    assert ece_l2_interval(tally(c, y)).debiased == pytest.approx(np.sqrt(pairs))
    squares = [ece_l2_interval(draw(200, 0.2, seed)).debiased ** 2 for seed in range(300)]
    assert np.mean(squares) == pytest.approx(0.04, abs=3 * np.std(squares) / np.sqrt(300))


def test_it_equals_the_debiased_ece_where_a_bin_has_one_value():
    t = tally([0.55] * 20 + [0.75] * 30 + [0.85] * 50, [1, 0] * 50)
    i = ece_l2_interval(t)
    assert i.estimate == ece(t, norm="l2")
    assert i.debiased == pytest.approx(ece(t, norm="l2", debias=True))
    assert i.low <= i.debiased <= i.estimate <= i.high


def test_far_from_zero_it_is_the_delta_method():
    # One value: the error is |c - accuracy|, whose deviation is the binomial one.
    i = ece_l2_interval(tally([0.9] * 10_000, [1] * 5000 + [0] * 5000))
    reach = 1.959964 * np.sqrt(0.25 / 10_000)
    assert (i.low, i.high) == pytest.approx((0.4 - reach, 0.4 + reach), abs=2e-4)
    assert i.standard_error == pytest.approx(0.005, rel=0.01)


def test_calibrated_starts_at_zero_and_has_a_length():
    i = ece_l2_interval(tally([0.5] * 100, [1, 0] * 50))
    assert (i.low, i.debiased) == (0.0, 0.0)
    assert 0.05 < i.high < 0.15
    assert np.isnan(i.standard_error)


@pytest.mark.parametrize(("c", "y"), [([0.7], [1]), ([1.0], [0]), ([1.0] * 5, [1] * 5)])
def test_a_few_rows(c, y):
    i = ece_l2_interval(tally(c, y))
    assert 0.0 == i.low <= i.estimate <= i.high <= 1.0


def test_bins_edges_level_and_what_is_refused():
    t = draw(300, 0.1)
    assert ece_l2_interval(t, bins=5).estimate == ece(t, bins=5, norm="l2")
    assert ece_l2_interval(t, edges="paper").estimate == ece(t, edges="paper", norm="l2")
    narrow, wide = ece_l2_interval(t, level=0.8), ece_l2_interval(t, level=0.99)
    assert wide.low <= narrow.low < narrow.high < wide.high
    with pytest.raises(ValueError, match="level must be between 0 and 1"):
        ece_l2_interval(t, level=95)
    with pytest.raises(ValueError, match="must not be weighted"):
        ece_l2_interval(tally([0.5], [1], weights=[2]))
    with pytest.raises(ValueError, match="must not have clusters"):
        ece_l2_interval(tally([0.5, 0.5], [1, 0], cluster=[0, 0]))
    c, y = [0.9, 0.8], [1, 0]
    rows, apart = ece_l2_interval(tally(c, y)), ece_l2_interval(tally(c, y, cluster=[0, 1]))
    assert str(apart) == str(rows)


def test_the_order_of_the_rows_changes_no_bit():
    rng = np.random.default_rng(1)
    c = rng.beta(5, 2, 400)
    y = rng.random(400) < c
    order = rng.permutation(400)
    assert str(ece_l2_interval(tally(c, y))) == str(ece_l2_interval(tally(c[order], y[order])))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "floor"), [(500, 0.85), (2000, 0.87)])
def test_it_covers_where_n_is_large(n, floor):
    # Asymptotic: the floors are what was seen, see docs/metrics/calibration.md.
    study = runpy.run_path(str(SIMULATE))
    found = {
        p.name: study["study_l2"](p, n, 200, np.random.default_rng(5))["coverage"]
        for p in study["POPULATIONS"]["populations"]()
    }
    assert min(found.values()) >= floor, found
    assert np.median([*found.values()]) >= 0.93
