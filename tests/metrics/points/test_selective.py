"""Selective prediction: brute force over all orders of tied rows, known answers, properties."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import (
    METRICS,
    Tally,
    accuracy,
    aurc,
    bootstrap,
    coverage_at_risk,
    eaurc,
    risk_coverage,
    selective_accuracy,
    tally,
)

coarse = st.integers(0, 3).map(lambda k: k / 4)
few_rows = st.lists(st.tuples(coarse, st.booleans()), min_size=1, max_size=7)
rows = st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), min_size=1, max_size=40)
some = settings(deadline=None, max_examples=40)


def columns(pairs):
    return np.array([c for c, _ in pairs]), np.array([y for _, y in pairs], dtype=int)


def orders(c, y):
    """Wrong answers (0/1) by descending confidence, for every order of the rows."""
    found = []
    for permutation in permutations(range(len(c))):
        p = np.array(permutation)
        found.append(1 - y[p][np.argsort(-c[p], kind="stable")])
    return np.array(found)


@settings(deadline=None, max_examples=30)
@given(few_rows)
def test_ties_count_as_the_mean_over_all_their_orders(pairs):
    c, y = columns(pairs)
    errors = np.cumsum(orders(c, y), axis=1)
    k = np.arange(1, c.size + 1)
    assert aurc(c, y) == pytest.approx((errors / k).mean(), abs=1e-12)
    expected = errors.mean(axis=0)  # wrong answers among the k most certain
    for rows_answered in k:
        share = rows_answered / c.size
        assert selective_accuracy(c, y, coverage=share) == pytest.approx(
            1.0 - expected[rows_answered - 1] / rows_answered, abs=1e-12
        )
    for risk in (0.0, 0.1, 0.25, 1 / 3, 0.5, 0.8, 1.0):
        within = k[expected <= risk * k + 1e-9]
        found = coverage_at_risk(c, y, risk=risk)
        assert found == pytest.approx(within.max(initial=0) / c.size), risk


@settings(deadline=None, max_examples=30)
@given(few_rows)
def test_the_excess_is_over_the_best_order_of_the_same_answers(pairs):
    c, y = columns(pairs)
    k = np.arange(1, c.size + 1)
    oracle = (np.cumsum(np.sort(1 - y)) / k).mean()
    assert eaurc(c, y) == pytest.approx(aurc(c, y) - oracle, abs=1e-12)
    assert eaurc(c, y) >= 0.0


@some
@given(rows)
def test_a_strictly_increasing_change_of_confidence_changes_nothing(pairs):
    c, y = columns(pairs)
    t = tally(c, y)
    ranks = Tally(np.arange(t.values.size) / 50, t.right, t.wrong)
    assert aurc(ranks) == aurc(t)
    assert eaurc(ranks) == eaurc(t)
    assert np.array_equal(risk_coverage(ranks).risk, risk_coverage(t).risk)


@some
@given(rows)
def test_the_curve_ends_at_the_error_rate_and_passes_the_other_metrics(pairs):
    c, y = columns(pairs)
    curve = risk_coverage(c, y)
    assert curve.threshold.tolist() == sorted(set(tally(c, y).values), reverse=True)
    assert curve.coverage[-1] == 1.0
    assert curve.risk[-1] == pytest.approx(1.0 - accuracy(c, y))
    assert all(a < b for a, b in pairwise(curve.coverage))
    for coverage, risk in zip(curve.coverage, curve.risk, strict=True):
        found = selective_accuracy(c, y, coverage=coverage)
        assert found == pytest.approx(1.0 - risk, abs=1e-9)
        assert coverage_at_risk(c, y, risk=min(risk + 1e-9, 1.0)) >= coverage - 1e-12


@some
@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_bit(pairs, random):
    a, b = columns(pairs), columns(random.sample(pairs, len(pairs)))
    assert selective_accuracy(*a, coverage=0.6) == selective_accuracy(*b, coverage=0.6)
    assert coverage_at_risk(*a, risk=0.2) == coverage_at_risk(*b, risk=0.2)
    assert aurc(*a) == aurc(*b)
    for x, y in zip(risk_coverage(*a), risk_coverage(*b), strict=True):
        assert np.array_equal(x, y)


def test_known_answers():
    # The documentation of MAPIE 1.6.0: area 0.7916667 under the curve of accuracy.
    assert aurc([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]) == pytest.approx(1.0 - 0.7916667, abs=1e-7)
    # 10 rows at .2 (3 right), 10 at .5 (4 right), 20 at .9 (15 right): research/metrics.md
    c = np.repeat([0.2, 0.5, 0.9], [10, 10, 20])
    y = np.repeat([1, 0, 1, 0, 1, 0], [3, 7, 4, 6, 15, 5])
    assert aurc(c, y) == pytest.approx(0.3095927, abs=1e-7)
    assert selective_accuracy(c, y, coverage=0.5) == pytest.approx(0.75)
    assert selective_accuracy(c, y, coverage=0.75) == pytest.approx(19 / 30)
    # 5 + .6 (k - 20) wrong of k are within .3 k up to k = 23.
    assert coverage_at_risk(c, y, risk=0.3) == pytest.approx(23 / 40)


def test_one_value_stated_has_the_error_rate_everywhere():
    c, y = [0.9] * 5, [1, 0, 1, 1, 0]
    assert aurc(c, y) == pytest.approx(0.4)
    assert selective_accuracy(c, y, coverage=0.01) == pytest.approx(0.6)
    assert coverage_at_risk(c, y, risk=0.39) == 0.0
    assert coverage_at_risk(c, y, risk=0.4) == 1.0


def test_one_class_only():
    assert aurc([0.9, 0.5], [1, 1]) == eaurc([0.9, 0.5], [1, 1]) == 0.0
    assert aurc([0.9, 0.5], [0, 0]) == 1.0
    assert eaurc([0.9, 0.5], [0, 0]) == 0.0
    assert coverage_at_risk([0.9, 0.5], [0, 0], risk=0.5) == 0.0


def test_many_rows_lose_no_digits():
    n = 200_000
    rng = np.random.default_rng(0)
    c = rng.permutation(n) / n
    y = rng.random(n) < c
    errors = np.cumsum(~y[np.argsort(-c)])
    assert aurc(c, y) == pytest.approx((errors / np.arange(1, n + 1)).mean(), abs=1e-12)


def test_weights_as_shares_of_the_rows():
    c, y, w = [0.9, 0.5], [1, 0], [3.0, 1.0]
    t = tally(c, y, weights=w)
    assert selective_accuracy(t, coverage=0.75) == 1.0
    assert coverage_at_risk(t, risk=0.1) == pytest.approx(3.0 / 0.9 / 4)
    assert risk_coverage(t).coverage.tolist() == [0.75, 1.0]


def test_replicates_at_once_equal_one_by_one():
    rng = np.random.default_rng(0)
    values = np.linspace(0.1, 0.9, 9)
    right, wrong = rng.integers(0, 4, (2, 50, 9)).astype(float)
    right[:, 0] += 1.0
    for name in ("aurc", "eaurc", "smooth_ece"):
        cells = METRICS[name].cells
        together = cells(values, right, wrong)
        for i in range(50):
            used = right[i] + wrong[i] > 0
            alone = cells(values[used], right[i, used], wrong[i, used])
            assert together[i] == pytest.approx(float(alone), abs=1e-12)


def test_intervals_come_with_the_registry():
    rng = np.random.default_rng(0)
    c = rng.choice([0.5, 0.7, 0.9], 300)
    found = bootstrap(tally(c, rng.random(300) < c), metrics=["aurc", "eaurc"], replicates=200)
    for interval in found.values():
        assert 0.0 <= interval.low < interval.estimate < interval.high < 0.6


@pytest.mark.parametrize(
    ("function", "option", "message"),
    [
        (selective_accuracy, {"coverage": 80}, "coverage must be a share from 0 to 1, got 80; 0.8"),
        (selective_accuracy, {"coverage": 0}, "coverage must be above 0, got 0.0"),
        (selective_accuracy, {"coverage": True}, "coverage must be a share from 0 to 1, got True"),
        (selective_accuracy, {"coverage": float("nan")}, "coverage must be a share from 0 to 1"),
        (coverage_at_risk, {"risk": -0.1}, "risk must be a share from 0 to 1, got -0.1; 0.05"),
        (coverage_at_risk, {"risk": "5%"}, "risk must be a share from 0 to 1, got '5%'"),
    ],
)
def test_options_out_of_range_are_named(function, option, message):
    with pytest.raises(ValueError, match=message):
        function([0.9, 0.5], [1, 0], **option)
