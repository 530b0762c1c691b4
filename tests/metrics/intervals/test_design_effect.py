"""Clustered rows as fewer independent ones."""

import numpy as np
import pytest

from caopd_bench.metrics import Tally, influence, tally
from caopd_bench.metrics.intervals.clusters import (
    cluster_sums,
    design_effect,
    independent_worth,
    shrink,
    squared_influence,
    standard_error,
)


def effect_of(name, t):
    psi = influence(name, t)
    return design_effect(cluster_sums(t.clusters, *psi), squared_influence(t, *psi))


def rows(groups, size, shared, stated=(0.5, 0.7, 0.9)):
    """Rows whose outcome is that of their cluster with probability ``shared``."""
    rng = np.random.default_rng(0)
    c = rng.choice(stated, (groups, size))
    luck = np.where(
        rng.random((groups, size)) < shared, rng.random((groups, 1)), rng.random((groups, size))
    )
    return c.ravel(), (luck < c).ravel(), np.repeat(np.arange(groups), size)


def test_the_sum_over_clusters_is_the_sum_over_rows():
    c, y, g = rows(40, 5, 0.5)
    t = tally(c, y, cluster=g)
    psi = influence("brier", t)
    sums = cluster_sums(t.clusters, *psi)
    of_row = np.where(y, psi.if_right[np.searchsorted(t.values, c)], 0.0)
    of_row += np.where(y, 0.0, psi.if_wrong[np.searchsorted(t.values, c)])
    assert sums.influence == pytest.approx(np.bincount(g, of_row))
    assert sums.influence.sum() == pytest.approx(0.0, abs=1e-9)
    assert (sums.rows == 5).all()


def test_identical_rows_count_once():
    c, y, g = rows(400, 1, 0.0)
    t = tally(np.repeat(c, 6), np.repeat(y, 6), cluster=np.repeat(g, 6))
    for name in ("accuracy", "brier", "auroc", "mean_confidence"):
        assert effect_of(name, t) == pytest.approx(6.0, rel=0.02)


def test_independent_rows_in_clusters_have_no_effect():
    c, y, g = rows(2000, 4, 0.0)
    t = tally(c, y, cluster=g)
    assert 1.0 <= effect_of("accuracy", t) < 1.12


def test_the_effect_grows_with_what_is_shared():
    found = []
    for shared in (0.0, 0.5, 0.9):
        c, y, g = rows(500, 8, shared, (0.7,))
        found.append(effect_of("accuracy", tally(c, y, cluster=g)))
    # Two rows share their luck with probability shared squared.
    assert found == sorted(found)
    assert found[1] == pytest.approx(1 + 7 * 0.25, rel=0.25)
    assert found[2] == pytest.approx(1 + 7 * 0.81, rel=0.2)


def test_no_spread_is_taken_for_the_worst():
    t = tally([0.9] * 40, [1] * 40, cluster=np.arange(40) // 8)
    assert effect_of("accuracy", t) == pytest.approx(8.0)


def test_shrinking_keeps_shares_and_reaches_as_far_as_student():
    t = tally([0.5, 0.9] * 20, [1, 0, 1, 1] * 10, cluster=np.arange(40) // 4)
    small = shrink(t, 2.0, 10, 0.95)
    assert small.clusters is None
    assert small.right / small.n == pytest.approx(t.right / t.n)
    assert small.n == pytest.approx(20 * (1.95996 / 2.26216) ** 2, rel=1e-4)
    assert shrink(t, 1e9, 10, 0.95).n == pytest.approx(2.0)
    ones = tally([0.5, 0.9], [1, 0], cluster=[1, 2])
    assert shrink(ones, 3.0, 2, 0.95).n == 2


def test_unclustered_rows_are_worth_themselves():
    t = Tally(np.array([0.5, 0.9]), np.array([3, 4]), np.array([2, 1]))
    assert independent_worth("brier", t) is t


def test_the_standard_error_is_the_spread_of_cluster_means():
    c, y, g = rows(300, 4, 0.6)
    means = y.reshape(300, 4).mean(axis=1)
    expected = means.std() / np.sqrt(300)
    assert standard_error("accuracy", tally(c, y, cluster=g)) == pytest.approx(expected, rel=1e-9)
    assert standard_error("accuracy", tally(c, y)) == pytest.approx(y.std() / np.sqrt(1200))
