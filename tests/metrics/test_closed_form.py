"""Intervals at the boundary: coverage where percentiles fail, and never a zero width."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import METRICS, bootstrap, bootstrap_within, proportion_interval, tally
from caopd_bench.metrics.closed_form import brier_limits, gap_limits
from caopd_bench.metrics.closed_form_ranking import ranking_limits

SATURATED = (np.array([0.6, 0.8, 0.95, 1.0]), np.array([0.03, 0.04, 0.90, 0.03]))
TWO = (np.array([0.5, 0.9]), np.array([0.3, 0.7]))


def never(c):
    return np.full_like(c, 0.02)


def rarely(c):
    return np.full_like(c, 0.05)


def almost_always(c):
    return np.full_like(c, 0.98)


def separating(c):
    return np.where(c >= 0.85, 0.97, 0.05)


def tallies(stated, truth, n, count=400):
    rng = np.random.default_rng(3)
    values, share = stated
    for _ in range(count):
        c = rng.choice(values, n, p=share)
        yield tally(c, rng.random(n) < truth(c))


def coverage(limits_of, target, samples):
    limits = [limits_of(t) for t in samples]
    return np.mean([low - 1e-9 <= target <= high + 1e-9 for low, high in limits])


# Coverage. Percentiles cover 0.59 to 0.73 of the time in these cells with 20 rows.


@pytest.mark.parametrize("n", [20, 100])
@pytest.mark.parametrize("truth", [never, rarely, almost_always])
def test_gap_and_brier_limits_cover_at_the_boundary(truth, n):
    values, share = SATURATED
    a = truth(values)
    samples = list(tallies(SATURATED, truth, n))
    assert coverage(gap_limits, (share * (values - a)).sum(), samples) >= 0.875
    score = (share * (a * (1 - values) ** 2 + (1 - a) * values**2)).sum()
    assert coverage(brier_limits, score, samples) >= 0.92


@pytest.mark.parametrize(("stated", "n"), [(TWO, 50), (SATURATED, 500)])
@pytest.mark.parametrize("name", ["auroc", "spr", "tie_rate"])
def test_ranking_limits_cover_where_answers_are_nearly_separated_or_tied(name, stated, n):
    values, share = stated
    a = separating(values)
    exact = tally(
        np.concatenate([values, values]),
        [1] * values.size + [0] * values.size,
        weights=np.concatenate([share * a, share * (1 - a)]),
    )
    samples = [t for t in tallies(stated, separating, n, 200) if t.n_right and t.n_wrong]
    target = METRICS[name].function(exact)
    assert coverage(lambda t: ranking_limits(name, t), target, samples) >= 0.90


# Limits at the boundary


def test_the_gap_of_one_stated_value_is_the_mirrored_wilson_interval():
    for right in (0, 1, 7, 20):
        low, high = gap_limits(tally([0.95] * 20, [1] * right + [0] * (20 - right)))
        share = proportion_interval(right, 20)
        assert (low, high) == pytest.approx((0.95 - share.high, 0.95 - share.low), abs=1e-12)


def test_all_wrong_all_right_and_perfect_separation_have_a_width():
    wrong, right = tally([0.95] * 20, [0] * 20), tally([0.95] * 20, [1] * 20)
    i, j = bootstrap(wrong), bootstrap(right)
    assert (i["overconfidence_gap"].low, i["overconfidence_gap"].high) == pytest.approx(
        (0.789, 0.95), abs=1e-3
    )
    assert (j["overconfidence_gap"].low, j["overconfidence_gap"].high) == pytest.approx(
        (-0.05, 0.111), abs=1e-3
    )
    for k in (i, j):
        assert k["brier"].low < k["brier"].high
        assert math.isnan(k["brier"].standard_error)
        assert math.isnan(k["accuracy"].standard_error)
        assert k["mean_confidence"].reason == "one value stated: no interval"
        assert math.isnan(k["mean_confidence"].low)
        assert math.isnan(k["mean_confidence"].standard_error)
    assert i["confidence_when_wrong"].reason == "wrong answers stated all alike: no interval"
    separated = bootstrap(tally([0.9] * 10 + [0.5] * 10, [1] * 10 + [0] * 10))
    for name in ("auroc", "spr"):
        assert (separated[name].estimate, separated[name].high) == (1.0, 1.0)
        assert 0.6 < separated[name].low < 0.9
        assert math.isnan(separated[name].standard_error)
    assert separated["tie_rate"].low == 0.0 < separated["tie_rate"].high


def test_confidence_when_wrong_needs_two_wrong_answers():
    i = bootstrap(tally([0.9, 0.8] * 10, [0] + [1] * 19))["confidence_when_wrong"]
    assert i.reason == "one wrong answer: no interval"
    i = bootstrap(tally([0.9, 0.8] * 10, [0] * 10 + [1] * 10))["confidence_when_wrong"]
    assert 0.8 < i.low < i.estimate < i.high < 0.9


def test_one_stated_value_has_no_ranking_interval():
    i = bootstrap(tally([0.9] * 20, [1, 0] * 10))
    for name, estimate in (("auroc", 0.5), ("spr", 0.0), ("tie_rate", 1.0)):
        assert (i[name].estimate, i[name].reason) == (estimate, "one value stated: no interval")
        assert math.isnan(i[name].low)
        assert math.isnan(i[name].high)


def test_always_half_has_no_brier_interval():
    i = bootstrap(tally([0.5] * 20, [1, 0] * 10))["brier"]
    assert (i.estimate, i.reason) == (0.25, "one value stated: no interval")
    assert math.isnan(i.standard_error)


def test_groups_without_spread_have_no_interval():
    i = bootstrap_within([tally([0.9] * 20 + [0.5] * 20, [1] * 20 + [0] * 20)] * 2)
    assert (i.estimate, i.reason) == (1.0, "replicates all alike: no interval")
    assert math.isnan(i.low)
    assert math.isnan(i.standard_error)


def test_limits_are_in_line_with_percentiles_away_from_the_boundary():
    rng = np.random.default_rng(0)
    c = rng.choice(np.arange(21) / 20, 2000)
    y = rng.random(2000) < 0.2 + 0.6 * c
    rows = bootstrap(tally(c, y))
    clustered = bootstrap(tally(c, y, cluster=np.arange(2000)))
    for name in ("overconfidence_gap", "brier", "auroc", "spr"):
        closed, percentile = rows[name], clustered[name]
        assert percentile.method == "cluster percentile"
        assert closed.high - closed.low == pytest.approx(percentile.high - percentile.low, rel=0.15)


# Properties

ROWS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.05, 0.5, 0.95, 1.0]), st.booleans()), min_size=1, max_size=25
)


@settings(deadline=None, max_examples=60)
@given(ROWS, st.randoms(use_true_random=False), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_no_interval_has_zero_width_and_all_hold_the_estimate(rows, random, level):
    c, y = zip(*rows, strict=True)
    plain = bootstrap(tally(c, y), replicates=50, level=level)
    clustered = bootstrap(tally(c, y, cluster=np.arange(len(c)) // 2), replicates=50, level=level)
    within = bootstrap_within([tally(c, y)] * 2, replicates=50, level=level)
    for i in (*plain.values(), *clustered.values(), within):
        assert math.isnan(i.low) == math.isnan(i.high)
        assert math.isnan(i.low) == bool(i.reason)
        assert i.low != i.high
        assert i.standard_error != 0.0
    for name in ("overconfidence_gap", "brier", "auroc", "spr", "tie_rate"):
        i = plain[name]
        if not i.reason:
            floor = -1.0 if name == "overconfidence_gap" else 0.0
            assert floor <= i.low <= i.estimate + 1e-12
            assert i.estimate - 1e-12 <= i.high <= 1.0
    shuffled = random.sample(rows, len(rows))
    again = bootstrap(tally(*zip(*shuffled, strict=True)), replicates=50, level=level)
    assert repr(again) == repr(plain)


def test_limits_do_not_depend_on_the_seed_or_the_replicates():
    t = tally([0.9, 0.8, 0.8, 0.2] * 5, [1, 1, 0, 0] * 5)
    a, b = bootstrap(t, seed=1), bootstrap(t, seed=2, replicates=100)
    for name in ("overconfidence_gap", "brier", "auroc", "spr", "tie_rate", "accuracy", "ece"):
        assert (a[name].low, a[name].high) == (b[name].low, b[name].high)


def test_a_higher_level_is_wider():
    t = tally([0.9, 0.8, 0.8, 0.2] * 5, [1, 1, 0, 0] * 5)
    narrow, wide = bootstrap(t, level=0.8), bootstrap(t, level=0.99)
    for name in METRICS:
        if name != "ece":
            assert wide[name].low < narrow[name].low < narrow[name].high < wide[name].high
