"""Test inversion by simulation: the L2 norm and the over-confident part of the ECE."""

import numpy as np
import pytest

from caopd_bench.metrics import METRICS, bootstrap, ece_interval, resample, tally
from caopd_bench.metrics.intervals.ece.invert_simulated import folded_limits


@pytest.mark.parametrize("name", ["ece_l2", "over_ece"])
def test_one_bin_is_the_ece(name):
    t = tally([0.9] * 100, [1] * 60 + [0] * 40)
    limits, same = folded_limits(name, t), ece_interval(t)
    assert (limits.low, limits.high) == pytest.approx((same.low, same.high), abs=0.01)
    assert limits.debiased == pytest.approx(same.debiased, abs=0.01)


@pytest.mark.parametrize("name", ["ece_l2", "over_ece"])
def test_a_calibrated_model_reaches_zero_where_percentiles_do_not(name):
    rng = np.random.default_rng(0)
    values = np.array([0.15, 0.35, 0.55, 0.75, 0.95])
    held, percentile = 0, 0
    for _ in range(20):
        c = rng.choice(values, 200)
        t = tally(c, rng.random(200) < c)
        limits = folded_limits(name, t)
        held += limits.low == 0.0
        assert limits.low <= limits.debiased <= METRICS[name].function(t) <= limits.high
        draws = resample(t, metrics=[name], replicates=200)[name]
        percentile += np.quantile(draws, 0.025) <= 0.0
    assert held >= 18
    assert percentile <= 8


def test_order_of_rows_does_not_matter_and_a_higher_level_is_wider():
    rng = np.random.default_rng(1)
    c = rng.random(80)
    y = rng.random(80) < c - 0.3
    a, b = folded_limits("ece_l2", tally(c, y)), folded_limits("ece_l2", tally(c[::-1], y[::-1]))
    assert a == b
    wide = folded_limits("ece_l2", tally(c, y), level=0.99)
    assert wide.low < a.low < a.high < wide.high


@pytest.mark.parametrize("rows", [([0.7], [1]), ([1.0] * 5, [1] * 5), ([0.0, 1.0], [1, 0])])
def test_edges_have_an_interval_inside_the_range(rows):
    found = bootstrap(tally(*rows), metrics=["ece_l2", "over_ece"])
    for i in found.values():
        assert i.reason == ""
        assert 0.0 <= i.low <= i.estimate <= i.high <= 1.0
        assert i.low < i.high
