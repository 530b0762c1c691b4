"""Limits for means of skewed rows, shares, and metrics with influences."""

import math

import numpy as np
import pytest
from scipy import stats

from caopd_bench.metrics import METRICS, Tally, bootstrap, proportion_interval, tally
from caopd_bench.metrics.intervals.from_influence import influence_limits
from caopd_bench.metrics.limits.skewed import skew_corrected, skewed_limits


def limits_of(name, t, level=0.95):
    return METRICS[name].interval.limits(t, level)


def test_without_skewness_the_limits_are_students():
    values, count = np.array([0.2, 0.5, 0.8]), np.array([50, 100, 50])
    low, high = skewed_limits(values, count, count)
    rows = np.append(np.repeat(values, count), [0.2, 0.8])  # half a row at each end, twice
    reach = stats.t.ppf(0.975, 200) * rows.std(ddof=1) / np.sqrt(201)
    assert (low, high) == pytest.approx((0.5 - reach, 0.5 + reach), abs=2e-4)


def test_skewness_moves_both_limits_towards_the_long_tail():
    for skewness in (0.1, 1.0, 3.0):
        below, above = skew_corrected(skewness, 50.0, 2.0)
        assert below < 2.0 < above
        assert skew_corrected(-skewness, 50.0, 2.0) == pytest.approx((above, below))
        # The formula of the docstring, at both ends.
        a = skewness / (3 * math.sqrt(50))
        for t, expected in ((below, 2.0), (-above, -2.0)):
            assert t + a * t**2 + a**2 * t**3 / 3 + a / 2 == pytest.approx(expected)


def test_means_cover_where_percentiles_miss():
    # 1.0 nearly always: the mean rests on few low values, of which 50 rows may hold none.
    rng = np.random.default_rng(1)
    values, mass = np.array([0.3, 0.9, 1.0]), np.array([0.01, 0.04, 0.95])
    target, held, percentile = float(values @ mass), 0, 0
    for _ in range(400):
        count = rng.multinomial(50, mass)
        if np.count_nonzero(count) == 1:
            continue
        low, high = limits_of("mean_confidence", Tally(values, count, 0 * count))
        held += low <= target <= high
        means = rng.multinomial(50, count / 50, size=200) @ values / 50
        low, high = np.quantile(means, [0.025, 0.975])
        percentile += low <= target <= high
    assert held >= 0.85 * 400
    assert percentile < held - 0.08 * 400


def test_one_wrong_answer_leaves_a_wide_interval():
    i = bootstrap(tally([0.9, 0.8] * 10, [0] + [1] * 19))["confidence_when_wrong"]
    assert i.reason == ""
    assert i.low < 0.8 < i.estimate < i.high
    assert math.isnan(i.standard_error)
    low, high = limits_of("confidence_when_wrong", tally([0.9, 0.8] * 10, [0] * 10 + [1] * 10))
    assert 0.8 < low < 0.85 < high < 0.9


def test_shares_are_wilson_intervals():
    t = tally([0.99] * 6 + [0.5] * 14, [1] * 15 + [0] * 5)
    for limits, k in ((limits_of("accuracy", t), 15), (limits_of("saturation", t), 6)):
        share = proportion_interval(k, 20)
        assert limits == pytest.approx((share.low, share.high))
    share = proportion_interval(11, 20)
    limits = limits_of("uncertainty", tally([0.9] * 20, [1] * 11 + [0] * 9))
    assert limits == pytest.approx((share.high * (1 - share.high), 0.25))
    low, high = limits_of("uncertainty", tally([0.9] * 50, [1] * 48 + [0] * 2))
    share = proportion_interval(48, 50)
    assert (low, high) == pytest.approx(
        (share.high * (1 - share.high), share.low * (1 - share.low))
    )


@pytest.mark.parametrize("name", ["log_score", "brier_skill", "auprc", "aurc", "eaurc"])
def test_influence_limits_stay_in_range_and_hold_the_estimate(name):
    rng = np.random.default_rng(3)
    for n in (2, 5, 30):
        for _ in range(20):
            c, y = rng.choice([0.05, 0.5, 0.95], n), rng.random(n) < 0.5
            t = tally(c, y)
            estimate = METRICS[name].function(t)
            if not math.isfinite(estimate):
                continue
            low, high = influence_limits(name, t)
            assert low <= estimate <= high
            assert low >= 0.0 or name == "brier_skill"
            assert high <= 1.0 or name == "log_score"


def test_a_certain_answer_that_was_never_refuted_has_a_finite_log_score_interval():
    low, high = influence_limits("log_score", tally([1.0] * 20 + [0.8] * 20, [1] * 30 + [0] * 10))
    assert 0.0 < low < high < 2.0
