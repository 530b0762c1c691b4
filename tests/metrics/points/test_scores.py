"""Proper scores: scikit-learn, by hand, and what happens at 0 and 1."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, d2_brier_score, log_loss

from caopd_bench.metrics import accuracy, brier, brier_skill, log_score, tally

inner = st.one_of(st.integers(1, 39).map(lambda k: k / 40), st.floats(0.001, 0.999))
quick = settings(deadline=None, max_examples=80)


def columns(rows):
    return np.array([c for c, _ in rows], dtype=float), np.array([y for _, y in rows], dtype=int)


@quick
@given(st.lists(st.tuples(inner, st.booleans()), min_size=1, max_size=40))
def test_equal_to_scikit_learn(rows):
    c, y = columns(rows)
    assert brier(c, y) == pytest.approx(brier_score_loss(y, c, pos_label=1), abs=1e-12)
    assert log_score(c, y) == pytest.approx(log_loss(y, c, labels=[0, 1]), abs=1e-12)
    if 0 < y.sum() < y.size:
        assert brier_skill(c, y) == pytest.approx(d2_brier_score(y, c), rel=1e-12, abs=1e-12)


def test_log_score_is_infinite_when_a_certainty_was_refuted_and_only_then():
    assert log_score([1.0, 0.5], [0, 1]) == math.inf
    assert log_score([0.0, 0.5], [1, 1]) == math.inf
    assert log_score([1.0, 0.0], [1, 0]) == 0.0
    assert log_score([1.0, 0.0, 0.5], [1, 0, 1]) == pytest.approx(math.log(2) / 3)
    # Within 1e-12 of 0 or 1 is rounding noise of a stated 0 or 1, as everywhere.
    assert log_score([np.nextafter(1.0, 0.0)], [0]) == math.inf
    assert log_score([1e-30], [1]) == math.inf
    assert log_score([1e-11], [1]) == pytest.approx(11 * math.log(10))
    assert log_score([1 - 1e-9], [0]) == pytest.approx(9 * math.log(10), rel=1e-6)
    assert log_score([1e-9], [0]) == pytest.approx(1e-9, rel=1e-8, abs=0.0)


def test_brier_skill():
    rng = np.random.default_rng(0)
    y = rng.random(200) < 0.3
    assert brier_skill(y.astype(float), y) == 1.0
    constant = np.full(200, accuracy(y.astype(float), y))
    assert brier_skill(constant, y) == pytest.approx(0.0, abs=1e-12)
    # Always certain, right half of the time: (.25 - .5) / .25.
    assert brier_skill([1.0, 1.0], [1, 0]) == pytest.approx(-1.0)
    for only in (0, 1):
        assert math.isnan(brier_skill([0.9, 0.8], [only, only]))
        assert math.isnan(brier_skill([float(only)] * 2, [only, only]))


def test_weights():
    weighted = tally([0.9, 0.6, 0.2], [1, 0, 0], weights=[2, 1, 3])
    c, y = np.repeat([0.9, 0.6, 0.2], [2, 1, 3]), np.repeat([1, 0, 0], [2, 1, 3])
    for metric in (brier, brier_skill, log_score):
        assert metric(weighted) == pytest.approx(metric(c, y), abs=1e-12)


def test_undefined_and_infinite_replicates_stand_beside_defined_ones():
    values = np.array([0.5, 1.0])
    right, wrong = np.array([[1, 1], [1, 1], [0, 0]]), np.array([[1, 0], [0, 1], [3, 0]])
    log = log_score.cells(values, right, wrong)
    assert log == pytest.approx([2 * math.log(2) / 3, math.inf, math.log(2)])
    skill = brier_skill.cells(values, right, wrong)
    # (.25 + .25 + 0) / 3 over 2 / 9; (.25 + 0 + 1) / 3 over 2 / 9; one class.
    assert skill == pytest.approx([0.25, 1 - 1.25 * 1.5, math.nan], nan_ok=True)


def test_the_true_probability_is_the_best_thing_to_say():
    for truth in (0.1, 0.5, 0.7):
        stated = np.arange(1, 100) / 100
        for score in (brier, log_score):
            expected = [
                score(tally([s, s], [1, 0], weights=[truth, 1 - truth])) for s in stated.tolist()
            ]
            assert stated[np.argmin(expected)] == pytest.approx(truth)
