"""Ranking: scikit-learn, pairs counted one by one, and groups."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from caopd_bench.metrics import auprc, auroc, auroc_within, spr, tally, tie_rate
from caopd_bench.metrics.limits.ordered_pairs import MANY, count_pairs
from caopd_bench.metrics.points.ranking import _auprc

twentieths = st.integers(0, 20).map(lambda k: k / 20)
values = st.one_of(twentieths, st.floats(0.0, 1.0, allow_subnormal=False))
pairs = st.lists(st.tuples(values, st.booleans()), min_size=1, max_size=40)
fortieths = st.integers(0, 40).map(lambda k: k / 40)
quick = settings(deadline=None, max_examples=80)


def columns(rows):
    return np.array([c for c, _ in rows], dtype=float), np.array([y for _, y in rows], dtype=int)


@quick
@given(st.lists(st.tuples(fortieths, st.booleans()), min_size=2, max_size=60))
def test_equal_to_scikit_learn(rows):
    c, y = columns(rows)
    if 0 < y.sum() < y.size:
        assert auroc(c, y) == pytest.approx(roc_auc_score(y, c), abs=1e-12)
    if y.any():
        assert auprc(c, y) == pytest.approx(average_precision_score(y, c), abs=1e-12)
    if not y.all():
        found = auprc(c, y, positive="wrong")
        assert found == pytest.approx(average_precision_score(1 - y, 1 - c), abs=1e-12)


def test_many_rows_without_ties_are_counted_by_their_places():
    rng = np.random.default_rng(0)
    n = MANY + 10
    c = rng.permutation(n) / n
    y = (rng.random(n) < c).astype(int)
    assert auroc(c, y) == pytest.approx(roc_auc_score(y, c), abs=1e-12)
    assert spr(c, y) == auroc(c, y)
    assert tie_rate(c, y) == 0.0
    # As many rows as values, but one is of two rows and one of none, as in a bootstrap sample.
    right, wrong = y.copy(), 1 - y
    right[5], wrong[5], right[9], wrong[9] = 1, 1, 0, 0
    found, apart = count_pairs(right, wrong), count_pairs(right[None], wrong[None])
    assert [float(x) for x in found] == [float(x[0]) for x in apart]
    assert found.tied == 1


@quick
@given(pairs)
def test_pairs_counted_one_by_one(rows):
    c, y = columns(rows)
    t = tally(c, y)
    # Values within 1e-12 of a printed decimal are that decimal.
    c = np.array([min(t.values.tolist(), key=lambda v, x=x: abs(v - x)) for x in c])
    right, wrong = c[y == 1], c[y == 0]
    if right.size and wrong.size:
        above = np.mean(right[:, None] > wrong[None, :])
        tied = np.mean(right[:, None] == wrong[None, :])
        assert spr(t) == pytest.approx(above, abs=1e-12)
        assert tie_rate(t) == pytest.approx(tied, abs=1e-12)
        assert auroc(t) == pytest.approx(above + tied / 2, abs=1e-12)
    else:
        assert all(math.isnan(f(t)) for f in (spr, tie_rate, auroc))


def test_auprc_of_what_says_nothing_is_the_share_of_the_class():
    c, y = [0.9] * 10, [1] * 7 + [0] * 3
    assert auprc(c, y) == pytest.approx(0.7)
    assert auprc(c, y, positive="wrong") == pytest.approx(0.3)


def test_auprc_by_hand():
    # Right answers at ranks 1 and 2-3 (tied with a wrong one): (1 + 2/3) / 2.
    assert auprc([0.9, 0.8, 0.8, 0.2], [1, 1, 0, 0]) == pytest.approx(5 / 6)
    # Wrong answers at ranks 1 and 2-3: the same, mirrored.
    assert auprc([0.9, 0.8, 0.8, 0.2], [1, 1, 0, 0], positive="wrong") == pytest.approx(5 / 6)
    assert auprc([0.1, 0.9], [1, 0]) == pytest.approx(0.5)
    assert auprc([0.9, 0.8], [1, 1]) == 1.0
    assert math.isnan(auprc([0.9, 0.8], [0, 0]))
    assert math.isnan(auprc([0.9, 0.8], [1, 1], positive="wrong"))
    with pytest.raises(ValueError, match='positive must be "right" or "wrong", got 1'):
        auprc([0.9], [1], positive=1)


def test_auprc_of_replicates_that_lost_a_value():
    right, wrong = np.array([[0, 2, 0], [1, 1, 0], [0, 0, 0]]), np.array([[1, 1, 0]] * 3)
    values = np.array([0.2, 0.5, 0.9])
    expected = [auprc([0.2, 0.5, 0.5, 0.5], [0, 1, 1, 0]), 0.5, math.nan]
    assert _auprc(values, right, wrong) == pytest.approx(expected, nan_ok=True)


def test_weights_are_repeats():
    weighted = tally([0.9, 0.6, 0.6, 0.2], [1, 0, 1, 0], weights=[2, 1, 3, 2])
    c = np.repeat([0.9, 0.6, 0.6, 0.2], [2, 1, 3, 2])
    y = np.repeat([1, 0, 1, 0], [2, 1, 3, 2])
    for metric in (auroc, spr, tie_rate, auprc):
        assert metric(weighted) == pytest.approx(metric(c, y), abs=1e-12)


# Within groups


def test_auroc_within_counts_pairs_of_one_group_only():
    easy = tally([0.9, 0.8, 0.8], [1, 1, 0])  # 1 ranked + 1 tied of 2 pairs
    hard = tally([0.1, 0.2, 0.3], [1, 0, 0])  # 0 of 2
    only = tally([0.5, 0.6], [1, 1])  # no pair
    assert auroc_within([easy, hard, only]) == pytest.approx((1 + 0.5) / 4)
    assert auroc_within([easy]) == auroc(easy)
    assert math.isnan(auroc_within([only]))
    for bad in ([], easy, [easy, 1]):
        with pytest.raises(ValueError, match="tallies must"):
            auroc_within(bad)


def test_levels_of_difficulty_inflate_the_pooled_auroc():
    # Saying 0.9 on an easy level and 0.1 on a hard one ranks the pooled rows, not the answers.
    levels = [tally([0.9] * 10, [1] * 9 + [0]), tally([0.1] * 10, [1] + [0] * 9)]
    assert auroc(sum(levels)) == pytest.approx(0.9)
    assert auroc_within(levels) == 0.5
