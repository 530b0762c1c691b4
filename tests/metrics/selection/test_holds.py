"""A fixed cut on new rows: limits and tests are exact, and err no more often than they say."""

import math

import numpy as np
import pytest
from scipy import stats

from caopd_bench.metrics import tally
from caopd_bench.metrics.selection.holds import check_cut, cost_now, rows_to_decide

LEVEL = 0.95


def rows_of(kept, wrong, left=5, **more):
    return tally(
        [0.9] * kept + [0.4] * left, [0] * wrong + [1] * (kept - wrong) + [0] * left, **more
    )


@pytest.mark.parametrize(("kept", "wrong"), [(200, 2), (40, 0), (7, 7), (90, 12)])
def test_limits_and_p_values_are_those_of_scipy(kept, wrong):
    found = check_cut(rows_of(kept, wrong), 0.9, 0.05, level=LEVEL)
    assert (found.n, found.kept, found.wrong, found.clusters) == (kept + 5, kept, wrong, None)
    assert found.risk == wrong / kept
    for side, p_value in (("greater", found.p_broken), ("less", found.p_kept)):
        test = stats.binomtest(wrong, kept, 0.05, alternative=side)
        limits = test.proportion_ci(LEVEL, "exact")
        assert p_value == pytest.approx(test.pvalue, abs=1e-12)
        expected, got = (limits.low, found.low) if side == "greater" else (limits.high, found.high)
        assert got == pytest.approx(expected, abs=1e-12)


def test_a_value_at_the_cut_is_kept_and_one_below_is_not():
    rows = tally([0.9, 0.8999, 1.0], [0, 0, 1])
    assert check_cut(rows, 0.9, 0.1)[:3] == (3, 2, 1)


@pytest.mark.parametrize("limit", [0.02, 0.05, 0.3])
@pytest.mark.parametrize("kept", [15, 80, 300])
def test_neither_verdict_is_wrong_more_often_than_allowed(kept, limit):
    found = [check_cut(rows_of(kept, wrong), 0.9, limit) for wrong in range(kept + 1)]
    passes, fails = (
        np.array([getattr(one, name) <= 1 - LEVEL for one in found])
        for name in ("p_kept", "p_broken")
    )
    assert not (passes & fails).any()
    count = np.arange(kept + 1)
    for times in (0.3, 0.7, 1.0):
        assert stats.binom.pmf(count, kept, times * limit)[fails].sum() <= 1 - LEVEL
    for times in (1.0, 1.4, 3.0):
        assert stats.binom.pmf(count, kept, times * limit)[passes].sum() <= 1 - LEVEL
    assert stats.binom.pmf(count, kept, 0.9)[fails].sum() > 0.9  # it does find what is broken


def test_limits_and_tests_agree():
    for wrong in range(60):
        found = check_cut(rows_of(300, wrong), 0.9, 0.08)
        assert (found.high <= 0.08) == (found.p_kept <= 1 - LEVEL)
        assert (found.low >= 0.08) == (found.p_broken <= 1 - LEVEL)
        copies = tally([0.9] * 1200, [0] * 4 * wrong + [1] * 4 * (300 - wrong),
                       cluster=np.repeat(np.arange(300), 4))  # fmt: skip
        found = check_cut(copies, 0.9, 0.08)
        assert (found.high <= 0.08) == (found.p_kept <= 1 - LEVEL)
        assert (found.low >= 0.08) == (found.p_broken <= 1 - LEVEL)


def test_nothing_kept_shows_nothing():
    for rows in (
        tally([0.3, 0.4], [1, 0]),
        tally([0.3] * 4, [1, 0] * 2, cluster=[1, 1, 2, 2]),
        None,
    ):
        found = check_cut(rows, 0.9, 0.05)
        assert (found.kept, found.wrong, found.low, found.high) == (0, 0, 0.0, 1.0)
        assert (found.p_broken, found.p_kept) == (1.0, 1.0)
        assert math.isnan(found.risk)
        assert rows_to_decide(rows, 0.9, 0.05, broken=0.05, kept=0.05) is None


def test_limits_of_0_and_1():
    assert check_cut(rows_of(50, 1), 0.9, 0.0).p_broken == 0.0
    assert check_cut(rows_of(50, 0), 0.9, 0.0).p_broken == 1.0
    assert check_cut(rows_of(50, 50), 0.9, 1.0).p_kept == 0.0


def test_copies_of_an_answer_count_as_one():
    once = check_cut(rows_of(300, 6), 0.9, 0.05)
    confidence, right = np.repeat([0.9] * 300 + [0.4] * 5, 8), np.repeat([0] * 6 + [1] * 299, 8)
    eight = check_cut(tally(confidence, right, cluster=np.repeat(np.arange(305), 8)), 0.9, 0.05)
    assert eight.clusters == 305
    assert eight.kept == 8 * once.kept
    assert eight.risk == once.risk
    # Half of the error rate, and no more information.
    exact = stats.binomtest(6, 300, 0.05, alternative="less").proportion_ci(0.975, "exact")
    assert eight.high == pytest.approx(exact.high, abs=1e-9)
    naive = check_cut(tally(confidence, right), 0.9, 0.05)
    assert naive.high < once.high < eight.high


def test_clusters_are_not_wrong_more_often_than_allowed():
    rng = np.random.default_rng(5)
    wrong_verdicts = np.zeros(2)
    for _ in range(150):
        bad = rng.random(80) < 0.1
        rows = tally([0.9] * 320, ~np.repeat(bad, 4), cluster=np.repeat(np.arange(80), 4))
        found = check_cut(rows, 0.9, 0.1)
        wrong_verdicts += found.p_kept <= 0.05, found.p_broken <= 0.05
    assert (wrong_verdicts <= 12).all()  # 7.5 on average at most; as independent rows about 30


def test_order_of_rows_does_not_matter():
    rng = np.random.default_rng(1)
    confidence, right = rng.choice([0.5, 0.9, 1.0], 400), rng.random(400) < 0.9
    question = rng.integers(0, 100, 400)
    order = rng.permutation(400)
    one = check_cut(tally(confidence, right, cluster=question), 0.9, 0.1)
    assert one == check_cut(
        tally(confidence[order], right[order], cluster=question[order]), 0.9, 0.1
    )


def test_rows_that_are_said_to_decide_do_so_with_a_chance_of_80_percent():
    for wrong, limit in ((1, 0.05), (8, 0.05)):
        rows = rows_of(80, wrong, left=20)
        needed = rows_to_decide(rows, 0.9, limit, broken=0.05, kept=0.05)
        kept = round(needed * 0.8)
        count = np.arange(kept + 1)
        found = [check_cut(rows_of(kept, int(k)), 0.9, limit) for k in count]
        name = "p_kept" if wrong / 80 < limit else "p_broken"
        decides = np.array([getattr(one, name) <= 0.05 for one in found])
        assert 0.75 < stats.binom.pmf(count, kept, wrong / 80)[decides].sum() < 0.9


def test_at_the_limit_no_number_of_rows_decides():
    assert rows_to_decide(rows_of(100, 5), 0.9, 0.05, broken=0.05, kept=0.05) is None


def test_cost_and_its_limits():
    rows = rows_of(200, 2, left=100)
    found = cost_now(rows, 0.9, cost_wrong=20.0, cost_human=1.0)
    assert found.cost == pytest.approx((2 * 20 + 100) / 300)
    wrong, left = (stats.binomtest(k, 300).proportion_ci(0.95, "exact") for k in (2, 100))
    # Two-sided ones at .95 are one-sided ones at .975: half of the error rate each.
    assert found.high == pytest.approx(20 * wrong.high + left.high)
    assert found.low == pytest.approx(20 * wrong.low + left.low)
    assert math.isnan(cost_now(None, 0.9, cost_wrong=20.0, cost_human=1.0).cost)


def test_arguments_are_named():
    with pytest.raises(ValueError, match="max_risk must be between 0 and 1, got 5"):
        check_cut(rows_of(10, 1), 0.9, 5)
    with pytest.raises(ValueError, match="level"):
        check_cut(rows_of(10, 1), 0.9, 0.05, level=95)


def test_needed_clusters_are_those_of_half_the_error_rate():
    once = rows_of(80, 1, left=20)
    copies = tally(
        np.repeat([0.9] * 80 + [0.4] * 20, 4),
        np.repeat([0] + [1] * 79 + [0] * 20, 4),
        cluster=np.repeat(np.arange(100), 4),
    )
    half = rows_to_decide(once, 0.9, 0.05, broken=0.025, kept=0.025)
    assert rows_to_decide(copies, 0.9, 0.05, broken=0.05, kept=0.05) == half
    assert half > rows_to_decide(once, 0.9, 0.05, broken=0.05, kept=0.05)
