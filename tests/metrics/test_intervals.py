"""Intervals: coverage, determinism, and what they say when there is nothing to say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import (
    METRICS,
    auroc_within,
    bootstrap,
    bootstrap_within,
    brier,
    ece,
    ece_interval,
    overconfidence_gap,
    proportion_interval,
    tally,
)
from caopd_bench.metrics.resampling import _draw

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
    with pytest.raises(ValueError, match=r"must not have clusters; .* independent rows"):
        ece_interval(tally([0.5, 0.6], [1, 0], cluster=["a", "b"]))
    with pytest.raises(ValueError, match="must not be weighted"):
        ece_interval(tally([0.5, 0.6], [1, 0], weights=[1, 2]))


def test_ece_standard_error_is_near_that_of_the_bootstrap():
    t = draw(np.random.default_rng(2), 2000, lambda c: np.maximum(c - 0.3, 0))
    closed, replicates = ece_interval(t), bootstrap(t, metrics=["ece"])["ece"]
    assert closed.standard_error == pytest.approx(replicates.standard_error, rel=0.1)
    assert (closed.low, closed.high) == (replicates.low, replicates.high)


# Bootstrap


def test_bootstrap_covers_the_registry_and_reproduces_point_values(typical):
    intervals = bootstrap(typical)
    assert list(intervals) == list(METRICS)
    for name, i in intervals.items():
        assert i.estimate == METRICS[name].function(typical)
        assert i.low <= i.estimate <= i.high
        assert 0 < i.standard_error < 0.1
        assert (i.level, i.n, i.reason) == (0.95, 300, "")
    methods = {name: i.method for name, i in intervals.items()}
    assert methods.pop("ece") == "inversion"
    assert methods.pop("accuracy") == "wilson"
    assert methods.pop("overconfidence_gap") == "mover"
    assert methods.pop("brier") == "adjusted student"
    assert {methods.pop(name) for name in ("auroc", "spr", "tie_rate")} == {"score"}
    assert methods == dict.fromkeys(("mean_confidence", "confidence_when_wrong"), "percentile")


def test_a_seed_gives_the_same_bytes(typical):
    a, b = bootstrap(typical, seed=3), bootstrap(typical, seed=np.random.default_rng(3))
    assert repr(a) == repr(b)
    assert repr(a) != repr(bootstrap(typical, seed=4))


def test_bootstrap_does_not_depend_on_the_order_of_rows_or_metrics():
    rng = np.random.default_rng(0)
    c, y = rng.choice(STATED, 50), rng.random(50) < 0.5
    a = bootstrap(tally(c, y), metrics=["brier", "auroc"])
    b = bootstrap(tally(c[::-1], y[::-1]), metrics=["auroc", "brier"])
    # As text: NaN fields are equal there on every Python.
    assert sorted(map(str, a.items())) == sorted(map(str, b.items()))


def test_linear_metrics_have_the_analytic_standard_error():
    rng = np.random.default_rng(0)
    for c in (rng.choice(STATED, 400, p=SHARE), rng.random(400)):  # multinomial, and rows drawn
        y = (rng.random(400) < c).astype(float)
        t = tally(c, y)
        i = bootstrap(t, metrics=["brier", "overconfidence_gap"], replicates=4000)
        for name, rows in (("brier", (c - y) ** 2), ("overconfidence_gap", c - y)):
            assert i[name].standard_error == pytest.approx(rows.std() / 20, rel=0.05)
            reach = 1.96 * rows.std() / 20
            assert i[name].high - i[name].estimate == pytest.approx(reach, rel=0.1)
        assert i["brier"].estimate == brier(t)
        assert i["overconfidence_gap"].estimate == overconfidence_gap(t)


@pytest.mark.parametrize("counts", [[3, 2, 1], [30, 20, 10]])
def test_both_ways_to_draw_are_multinomial(counts):
    counts = np.array(counts)
    n = counts.sum()
    draws = _draw(counts, 20_000, np.random.default_rng(0))
    assert (draws.sum(axis=1) == n).all()
    assert draws.mean(axis=0) == pytest.approx(counts, rel=0.02)
    p = counts / n
    assert np.cov(draws.T) == pytest.approx(n * (np.diag(p) - np.outer(p, p)), abs=0.03 * n)


def test_undefined_metrics_have_a_reason_and_no_interval():
    t = tally([0.9, 0.8, 0.7], [1, 1, 1])
    i = bootstrap(t)
    assert i["auroc"].reason == "all answers right: AUROC needs right and wrong answers"
    for name in ("auroc", "spr", "tie_rate", "confidence_when_wrong"):
        assert all(math.isnan(x) for x in (i[name].estimate, i[name].low, i[name].high))
        assert math.isnan(i[name].standard_error)
        assert "all answers right" in i[name].reason
    assert i["accuracy"].low < 1.0  # a percentile interval would be [1, 1]


def test_one_row_or_one_cluster_has_no_percentile_interval():
    # Every replicate is the sample itself: the interval would have no length.
    i = bootstrap(tally([0.8], [1]))
    assert i["brier"].estimate == pytest.approx(0.04)
    assert math.isnan(i["brier"].low)
    assert i["brier"].reason == "one row: nothing to resample"
    assert i["accuracy"].low < 1.0 == i["accuracy"].high
    assert i["ece"].low < i["ece"].high
    i = bootstrap(tally([0.8, 0.9], [1, 0], cluster=["q", "q"]), metrics=["brier"])
    assert i["brier"].reason == "one cluster: nothing to resample"


def test_rarely_undefined_replicates_are_dropped_and_often_undefined_ones_refuse():
    two_wrong = tally([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 0])  # 6 % of samples have no wrong row
    i = bootstrap(two_wrong, metrics=["confidence_when_wrong"])["confidence_when_wrong"]
    assert i.estimate == pytest.approx(0.65)
    assert math.isnan(i.low)
    assert i.reason.startswith("Confidence when wrong is undefined in ")
    four_wrong = tally([0.9, 0.8] * 10, [1] * 8 + [0] * 2 + [1] * 8 + [0] * 2)  # 1 %
    i = bootstrap(four_wrong, metrics=["confidence_when_wrong"])["confidence_when_wrong"]
    assert i.low < i.high
    assert i.reason == ""


def test_a_standard_error_is_missing_where_many_replicates_are_undefined():
    one_wrong = tally([0.9, 0.8, 0.7, 0.6], [1, 1, 1, 0])
    i = bootstrap(one_wrong, metrics=["auroc"])["auroc"]
    assert (i.estimate, i.high, i.reason) == (1.0, 1.0, "")
    assert i.low < 0.5  # three pairs say next to nothing
    assert math.isnan(i.standard_error)


def test_bad_arguments_are_named(typical):
    for options, message in [
        ({"metrics": "ece"}, r"metrics must be a sequence of names, got 'ece'; write \['ece'\]"),
        ({"metrics": ["f1"]}, "metrics must be among accuracy, .*; got 'f1'"),
        ({"replicates": 1}, "replicates must be an integer >= 2"),
        ({"seed": None}, "seed must be an int >= 0 or a numpy Generator, got None"),
        ({"seed": -1}, "seed must be an int >= 0"),
        ({"level": 1.0}, "level must be between 0 and 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            bootstrap(typical, **options)


# Clusters


def test_clusters_of_one_row_equal_rows():
    rng = np.random.default_rng(0)
    c = rng.choice(STATED, 300, p=SHARE)
    y = rng.random(300) < c
    names = ["brier", "auroc", "overconfidence_gap"]
    rows = bootstrap(tally(c, y), metrics=names, replicates=3000)
    ones = bootstrap(tally(c, y, cluster=np.arange(300)), metrics=names, replicates=3000)
    for name in names:
        assert ones[name].method == "cluster percentile"
        assert ones[name].estimate == rows[name].estimate
        for field in ("low", "high"):
            assert getattr(ones[name], field) == pytest.approx(
                getattr(rows[name], field), abs=0.12 * rows[name].standard_error * 2
            )
        assert ones[name].standard_error == pytest.approx(rows[name].standard_error, rel=0.08)


def test_repeated_rows_in_a_cluster_bring_no_information():
    rng = np.random.default_rng(0)
    c = rng.choice(STATED, 200, p=SHARE)
    y = rng.random(200) < c
    names = ["brier", "auroc", "accuracy"]
    once = bootstrap(tally(c, y), metrics=names)
    four = np.repeat(c, 4), np.repeat(y, 4)
    naive = bootstrap(tally(*four), metrics=names)
    right = bootstrap(tally(*four, cluster=np.repeat(np.arange(200), 4)), metrics=names)
    for name in names:
        assert right[name].standard_error == pytest.approx(once[name].standard_error, rel=0.12)
        assert right[name].standard_error > 1.7 * naive[name].standard_error


def test_ece_of_clusters_has_a_standard_error_but_no_limits():
    rng = np.random.default_rng(0)
    c, y = rng.choice(STATED, 80), rng.random(80) < 0.5
    i = bootstrap(tally(c, y, cluster=np.arange(80) // 4), metrics=["ece"])["ece"]
    assert i.estimate == ece(c, y)
    assert i.standard_error > 0
    assert math.isnan(i.low)
    assert i.reason.startswith("no ECE interval for clustered rows")


def test_the_blocks_of_replicates_do_not_show(typical, monkeypatch):
    clustered = tally([0.5, 0.9, 0.9, 0.5] * 10, [1, 1, 0, 0] * 10, cluster=np.arange(40) // 4)
    whole = [bootstrap(t, metrics=["auroc", "brier"]) for t in (typical, clustered)]
    monkeypatch.setattr("caopd_bench.metrics.resampling.BLOCK", 1000)
    blocks = [bootstrap(t, metrics=["auroc", "brier"]) for t in (typical, clustered)]
    assert repr(whole) == repr(blocks)


# Within groups


def test_bootstrap_within_groups():
    rng = np.random.default_rng(0)
    groups = []
    for difficulty in (0.0, 0.3, 0.6):
        c = np.round(rng.random(150), 1)
        groups.append(tally(c, rng.random(150) < 0.2 + 0.6 * c * (1 - difficulty)))
    i = bootstrap_within(groups)
    assert i.estimate == auroc_within(groups)
    assert i.low < i.estimate < i.high
    assert (i.n, i.method, i.reason) == (450, "percentile", "")
    assert str(bootstrap_within(iter(groups))) == str(i)
    assert i.standard_error == pytest.approx(0.028, abs=0.012)


def test_bootstrap_within_says_why_it_is_undefined():
    i = bootstrap_within([tally([0.9, 0.8], [1, 1]), tally([0.9], [0])])
    assert math.isnan(i.estimate)
    assert math.isnan(i.low)
    assert i.reason == "no group has both right and wrong answers"
    with pytest.raises(ValueError, match="tallies must hold at least one"):
        bootstrap_within([])


def test_bootstrap_within_resamples_clusters():
    c, y, g = [0.9, 0.4, 0.6, 0.5] * 20, [1, 0, 1, 1] * 20, np.arange(80) // 2
    assert bootstrap_within([tally(c, y, cluster=g)]).method == "cluster percentile"


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
