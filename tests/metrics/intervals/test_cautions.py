"""An interval that was seen to cover too seldom says so, and only then."""

import numpy as np
import pytest

import caopd_bench.metrics as m


def make(n, clusters=None, seed=0):
    rng = np.random.default_rng(seed)
    confidence = rng.choice([0.5, 0.7, 0.9], n)
    correct = rng.random(n) < confidence - 0.1
    return m.tally(confidence, correct, cluster=clusters)


@pytest.mark.parametrize("name", ["miscalibration", "discrimination", "smooth_ece"])
def test_replicates_always_carry_a_caution(name):
    found = m.bootstrap(make(200), metrics=[name], replicates=50)[name]
    assert f"{m.METRICS[name].caution.least:.0%} in simulations" in found.caution


def test_few_clusters_are_named_and_many_are_not():
    few = m.ece_interval(make(240, np.repeat(np.arange(30), 8)))
    assert few.caution == (
        "95% limits covered as little as 82% in simulations (fewer than 125 clusters)"
    )
    assert m.bootstrap(make(240, np.repeat(np.arange(30), 8)), metrics=["ece"])["ece"] == few
    assert m.ece_interval(make(1600, np.repeat(np.arange(200), 8))).caution == ""


def test_a_cluster_for_each_row_is_no_cluster():
    assert m.ece_interval(make(60, np.arange(60))).caution == ""
    assert m.ece_interval(make(60)).caution == ""


def test_few_answers_of_one_kind():
    few = m.tally([1.0] * 40 + [0.9] * 10, [1] * 45 + [0] * 5)
    assert "few rows right" in m.bootstrap(few, metrics=["brier_skill"])["brier_skill"].caution
    assert m.bootstrap(make(200), metrics=["brier_skill"])["brier_skill"].caution == ""


def test_what_covers_carries_none():
    found = m.bootstrap(make(500), replicates=50)
    assert {name for name, i in found.items() if i.caution} == {
        "miscalibration",
        "discrimination",
        "smooth_ece",
    }


def test_no_limits_no_caution():
    found = m.bootstrap(m.tally([0.9], [1]), replicates=50)
    assert not any(i.caution for i in found.values() if np.isnan(i.low))
