"""Intervals of every metric: methods, determinism, reasons, clusters, groups."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import (
    FAMILY,
    METRICS,
    Tally,
    bootstrap,
    bootstrap_within,
    brier,
    overconfidence_gap,
    proportion_interval,
    tally,
)
from caopd_bench.metrics.intervals.bootstrap import resample
from caopd_bench.metrics.metric_parts import ClosedForm, Folded

STATED = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0])
SHARE = np.array([2, 1, 2, 3, 3, 8, 6, 9, 6, 13, 10, 17, 13, 7]) / 100
RANKING = ("auroc", "spr", "tie_rate")
CLOSED = [name for name, row in METRICS.items() if isinstance(row.interval, ClosedForm)]
FOLDED = [name for name, row in METRICS.items() if isinstance(row.interval, Folded)]


def draw(n, seed):
    rng = np.random.default_rng(seed)
    c = rng.choice(STATED, n, p=SHARE)
    # Neither 0 nor 1 is refuted, so that the log score is finite.
    return c, (rng.random(n) < np.maximum(c - 0.2, 0.0)) | (c == 1.0)


@pytest.fixture(scope="module")
def typical():
    return tally(*draw(300, 1))


def test_bootstrap_covers_the_registry_and_reproduces_point_values(typical):
    intervals = bootstrap(typical)
    assert list(intervals) == list(METRICS)
    for name, i in intervals.items():
        assert i.estimate == METRICS[name].function(typical)
        assert i.low <= i.estimate <= i.high
        low, high = METRICS[name].range
        size = max((high - low) / 2.0, 1.0) if math.isfinite(high - low) else 1.0
        assert 0 < i.high - i.low < 0.6 * size
        assert 0 < i.standard_error < 0.15 * size
        assert (i.level, i.n, i.reason) == (0.95, 300, "")


def test_every_metric_has_the_method_that_the_documentation_names(typical):
    expected = {
        "accuracy": "wilson",
        "saturation": "wilson",
        "uncertainty": "wilson",
        "overconfidence_gap": "mover",
        "mean_confidence": "skewness-adjusted",
        "confidence_when_wrong": "skewness-adjusted",
        "brier_skill": "skewness-adjusted",
        "log_score": "skewness-adjusted",
        "auprc": "skewness-adjusted",
        "aurc": "skewness-adjusted",
        "eaurc": "skewness-adjusted",
        "brier": "adjusted student",
        "ece": "inversion",
        "ece_l2": "simulated inversion",
        "over_ece": "simulated inversion",
        **dict.fromkeys(FOLDED, "bias-corrected normal"),
        **dict.fromkeys(RANKING, "score"),
    }
    methods = {name: i.method for name, i in bootstrap(typical).items()}
    assert {name: methods[name] for name in expected} == expected
    assert set(expected) == set(FAMILY)  # all but what somebody adds, which has that of its row
    for name, row in METRICS.items():
        how = "bias-corrected normal" if name in FOLDED else "percentile"
        assert methods[name] == (row.interval.method if name in CLOSED else how)


def test_closed_standard_errors_are_those_of_the_replicates():
    c, y = draw(1000, 4)
    rows, clustered = tally(c, y), tally(c, y, cluster=np.arange(1000) // 5)
    for t in (rows, clustered):
        replicates = resample(t, replicates=2000)
        for name, i in bootstrap(t, metrics=[n for n in METRICS if n not in FOLDED]).items():
            assert i.standard_error == pytest.approx(replicates[name].std(), rel=0.12), name


def test_no_replicates_are_drawn_for_closed_forms(typical, monkeypatch):
    def refuse(*_args, **_options):
        raise AssertionError("drawn")

    monkeypatch.setattr("caopd_bench.metrics.intervals.choose.resample", refuse)
    assert list(bootstrap(typical, metrics=CLOSED)) == CLOSED
    with pytest.raises(AssertionError, match="drawn"):
        bootstrap(typical, metrics=["miscalibration"])


def test_a_seed_gives_the_same_bytes(typical):
    a, b = (bootstrap(typical, seed=seed, replicates=100) for seed in (3, np.random.default_rng(3)))
    assert repr(a) == repr(b)
    assert repr(a) != repr(bootstrap(typical, seed=4, replicates=100))


def test_bootstrap_does_not_depend_on_the_order_of_rows_or_metrics():
    rng = np.random.default_rng(0)
    c, y = rng.choice(STATED, 50), rng.random(50) < 0.5
    names = ["brier", "miscalibration", "auroc", "discrimination"]
    a = bootstrap(tally(c, y), metrics=names)
    b = bootstrap(tally(c[::-1], y[::-1]), metrics=names[::-1])
    # As text: NaN fields are equal there on every Python.
    assert sorted(map(str, a.items())) == sorted(map(str, b.items()))


def test_linear_metrics_have_the_analytic_standard_error():
    rng = np.random.default_rng(0)
    for c in (rng.choice(STATED, 400, p=SHARE), rng.random(400)):
        y = (rng.random(400) < c).astype(float)
        t = tally(c, y)
        i = bootstrap(t, metrics=["brier", "overconfidence_gap"])
        for name, rows in (("brier", (c - y) ** 2), ("overconfidence_gap", c - y)):
            assert i[name].standard_error == pytest.approx(rows.std() / 20, rel=1e-9)
            reach = 1.96 * rows.std() / 20
            assert i[name].high - i[name].estimate == pytest.approx(reach, rel=0.1)
        assert i["brier"].estimate == brier(t)
        assert i["overconfidence_gap"].estimate == overconfidence_gap(t)


def test_a_folded_metric_is_debiased_and_reaches_zero_when_calibrated():
    t = tally(np.repeat([0.2, 0.5, 0.8], 100), np.tile([1] * 20 + [0] * 80, 3))
    c, y = (
        np.repeat([0.2, 0.5, 0.8], 100),
        np.concatenate([np.arange(100) < k for k in (23, 47, 83)]),
    )
    i = bootstrap(tally(c, y), metrics=["miscalibration", "ece_l2", "over_ece"])
    for found in i.values():
        assert found.low == 0.0 <= found.debiased < found.estimate < found.high
    j = bootstrap(t, metrics=["miscalibration"])["miscalibration"]
    assert 0 < j.low < j.debiased < j.estimate < j.high


# What has no interval


def test_undefined_metrics_have_a_reason_and_no_interval():
    t = tally([0.9, 0.8, 0.7], [1, 1, 1])
    i = bootstrap(t)
    assert i["auroc"].reason == "all answers right: AUROC needs right and wrong answers"
    for name in (*RANKING, "confidence_when_wrong", "brier_skill"):
        assert all(math.isnan(x) for x in (i[name].estimate, i[name].low, i[name].high))
        assert math.isnan(i[name].standard_error)
        assert "all answers right" in i[name].reason
    assert i["accuracy"].low < 1.0  # a percentile interval would be [1, 1]


def test_an_infinite_log_score_has_no_interval():
    i = bootstrap(tally([1.0, 0.8], [0, 1]), metrics=["log_score"])["log_score"]
    assert i.estimate == math.inf
    assert i.reason == "a confidence of exactly 0 or 1 was refuted: Log score is infinite"
    assert math.isnan(i.low)
    assert math.isnan(i.standard_error)


def test_one_row_and_one_cluster():
    i = bootstrap(tally([0.8], [1]))
    assert i["brier"].estimate == pytest.approx(0.04)
    assert math.isnan(i["brier"].low)
    assert i["brier"].reason == "one row: no interval"
    assert i["accuracy"].low < 1.0 == i["accuracy"].high
    assert i["ece"].low < i["ece"].high
    for found in bootstrap(tally([0.8, 0.9, 0.9], [1, 0, 1], cluster=["q"] * 3)).values():
        assert found.reason == "one cluster: no interval"
        assert math.isnan(found.low)


def test_one_stated_value():
    i = bootstrap(tally([0.9] * 20, [1, 0] * 10))
    for name, estimate in (("auroc", 0.5), ("spr", 0.0), ("tie_rate", 1.0)):
        assert (i[name].estimate, i[name].reason) == (estimate, "one value stated: no interval")
    for name in ("mean_confidence", "confidence_when_wrong", "discrimination"):
        assert i[name].reason == "one value stated: no interval"
        assert math.isnan(i[name].low)
    half = bootstrap(tally([0.5] * 20, [1, 0] * 10), metrics=["brier"])["brier"]
    assert (half.estimate, half.reason) == (0.25, "one value stated: no interval")
    assert math.isnan(half.standard_error)


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
    with pytest.raises(ValueError, match="tally must not be weighted"):
        bootstrap(tally([0.5, 0.6], [1, 0], weights=[1, 2]), metrics=["accuracy"])


# Clusters


def test_clusters_of_one_row_equal_rows(typical):
    names = CLOSED
    ones = bootstrap(tally(*draw(300, 1), cluster=np.arange(300)), metrics=names)
    for name, rows in bootstrap(typical, metrics=names).items():
        assert ones[name].method == rows.method
        for field in ("estimate", "low", "high", "standard_error"):
            assert getattr(ones[name], field) == pytest.approx(getattr(rows, field), abs=1e-12)


def test_repeated_rows_in_a_cluster_bring_no_information():
    c, y = draw(200, 0)
    names = [name for name in METRICS if name not in FOLDED]
    once = bootstrap(tally(c, y), metrics=names)
    four = np.repeat(c, 4), np.repeat(y, 4)
    naive = bootstrap(tally(*four), metrics=names)
    right = bootstrap(tally(*four, cluster=np.repeat(np.arange(200), 4)), metrics=names)
    for name in names:
        width = once[name].high - once[name].low
        assert right[name].standard_error == pytest.approx(once[name].standard_error, rel=0.04)
        assert right[name].high - right[name].low == pytest.approx(width, rel=0.1), name
        assert right[name].standard_error == pytest.approx(2 * naive[name].standard_error, rel=0.05)


def test_an_all_or_nothing_share_of_clustered_rows_counts_clusters():
    t = tally([0.9, 0.8] * 40, [1] * 80, cluster=np.arange(80) // 8)
    accuracy = bootstrap(t, metrics=["accuracy"])["accuracy"]
    assert accuracy.high == 1.0
    assert accuracy.low < proportion_interval(10, 10).low < proportion_interval(80, 80).low


# Properties

ROWS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.05, 0.5, 0.95, 1.0]), st.booleans()), min_size=1, max_size=25
)


@settings(deadline=None, max_examples=30)
@given(ROWS, st.randoms(use_true_random=False), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_no_interval_has_zero_width_and_all_hold_the_estimate(rows, random, level):
    # The ECE has the same test beside its own; inversion takes too long for this one.
    names = [name for name in METRICS if name not in ("ece", "ece_l2", "over_ece", "smooth_ece")]
    options = {"metrics": names, "replicates": 20, "level": level}
    c, y = zip(*rows, strict=True)
    plain = bootstrap(tally(c, y), **options)
    clustered = bootstrap(tally(c, y, cluster=np.arange(len(c)) // 2), **options)
    within = bootstrap_within([tally(c, y)] * 2, level=level)
    for name, i in [*plain.items(), *clustered.items(), ("auroc", within)]:
        assert math.isnan(i.low) == math.isnan(i.high) == bool(i.reason)
        assert i.low != i.high
        assert i.standard_error != 0.0
        if not i.reason:
            lowest, highest = METRICS[name].range
            assert lowest - 1e-12 <= i.low <= i.estimate <= i.high <= highest + 1e-12, name
    shuffled = random.sample(rows, len(rows))
    again = bootstrap(tally(*zip(*shuffled, strict=True)), **options)
    assert repr(again) == repr(plain)


def test_limits_of_closed_forms_do_not_depend_on_the_seed_or_the_replicates():
    t = tally([0.9, 0.8, 0.8, 0.2] * 5, [1, 1, 0, 0] * 5)
    names = CLOSED
    a, b = bootstrap(t, metrics=names, seed=1), bootstrap(t, metrics=names, seed=2, replicates=100)
    assert repr(a) == repr(b)


def test_a_higher_level_is_wider(typical):
    narrow, wide = bootstrap(typical, level=0.8), bootstrap(typical, level=0.99)
    for name in METRICS:
        assert wide[name].low < narrow[name].low < narrow[name].high < wide[name].high


def test_a_tally_of_the_same_cells_has_the_same_intervals(typical):
    cells = Tally(*typical.cells)
    assert repr(bootstrap(cells, replicates=100)) == repr(bootstrap(typical, replicates=100))


@pytest.mark.parametrize(
    ("name", "largest"), [("smooth_ece", 1.0), ("miscalibration", 1.0), ("discrimination", 0.25)]
)
def test_replicates_of_few_rows_do_not_leave_the_range(name, largest):
    rows = tally([0.05, 0.9, 0.5], [0, 1, 1] if name == "discrimination" else [1, 0, 1])
    i = bootstrap(rows, metrics=[name], replicates=60)[name]
    assert 0.0 <= i.low <= i.estimate <= i.high <= largest
