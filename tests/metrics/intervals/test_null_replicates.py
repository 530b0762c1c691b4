"""What noise alone makes of a metric whose population value is 0."""

import numpy as np
import pytest

from caopd_bench.metrics import bootstrap, discrimination, tally
from caopd_bench.metrics.intervals import null as null_module
from caopd_bench.metrics.intervals.null import null_reaches, null_replicates

VALUES = np.array([0.15, 0.35, 0.55, 0.75, 0.95])


def draw(truth, n=200, seed=0, copies=1):
    rng = np.random.default_rng(seed)
    c = rng.choice(VALUES, n)
    y = rng.random(n) < truth(c)
    return tally(
        np.repeat(c, copies), np.repeat(y, copies), cluster=np.repeat(np.arange(n), copies)
    )


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("miscalibration", lambda c: c),
        ("smooth_ece", lambda c: c),
        ("discrimination", lambda c: 0.6 + 0 * c),
    ],
)
def test_an_error_of_zero_is_in_the_interval(name, truth):
    options = {"metrics": [name], "replicates": 100}
    lows = [bootstrap(draw(truth, seed=s), **options)[name].low for s in range(15)]
    assert np.count_nonzero(lows) <= 2


def test_a_clear_error_is_not_taken_for_noise():
    over = bootstrap(draw(lambda c: c * 0.5), metrics=["miscalibration", "smooth_ece"])
    assert all(0 < i.low < i.debiased <= i.estimate < i.high for i in over.values())
    sharp = bootstrap(draw(lambda c: c**3), metrics=["discrimination"])["discrimination"]
    assert 0 < sharp.low < sharp.high


def test_the_null_has_the_mean_of_simulated_models():
    t = draw(lambda c: c)
    null = null_replicates("discrimination", t, 1000, np.random.default_rng(1))
    found = [
        bootstrap(
            draw(lambda c: t.accuracy + 0 * c, seed=s), metrics=["discrimination"], replicates=2
        )
        for s in range(100)
    ]
    mean = np.mean([i["discrimination"].estimate for i in found])
    assert null.mean() == pytest.approx(mean, rel=0.25)


def test_clusters_make_more_noise():
    rng = np.random.default_rng(0)
    once = null_replicates("miscalibration", draw(lambda c: c, n=100), 500, rng)
    eight = null_replicates("miscalibration", draw(lambda c: c, n=100, copies=8), 500, rng)
    assert eight.mean() == pytest.approx(once.mean(), rel=0.25)


@pytest.mark.parametrize("name", ["miscalibration", "smooth_ece", "discrimination"])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_whether_the_null_reaches_a_value_is_what_all_replicates_say(name, level):
    t = draw(lambda c: 0.5 * c + 0.2, n=60)
    null = null_replicates(name, t, 400, np.random.default_rng(3), level)
    for share in (0.0, 0.2, 0.5, 0.9, 0.96, 0.98, 1.0):
        bar = float(np.quantile(null, share)) - 1e-12
        expected = float(np.mean(null >= bar)) > (1.0 - level) / 2.0
        said = null_reaches(name, t, bar, 400, np.random.default_rng(3), level)
        assert said == expected, share
    assert not null_reaches(name, t, float(null.max()) + 1e-9, 400, np.random.default_rng(3), level)


def test_what_is_decided_at_a_glance_is_what_all_replicates_say(monkeypatch):
    """Of rows few and many, values rare and common, knowing nothing and much."""
    rng = np.random.default_rng(11)
    drawn = []
    real = null_module._draw_parts
    monkeypatch.setattr(
        null_module, "_draw_parts", lambda *given: (drawn.append(given[2]), real(*given))[1]
    )
    at_a_glance = 0
    for seed in range(300):
        n, distinct = int(rng.integers(8, 600)), int(rng.integers(2, 60))
        share = rng.dirichlet(np.full(distinct, rng.choice([0.1, 0.5, 3.0])))
        c = rng.choice(rng.random(distinct).round(3), n, p=share)
        slope = rng.choice([0.0, 0.3, 1.0, 1.5])
        chance = np.clip(rng.random() + slope * (c - c.mean()), 0, 1)
        t = tally(c, rng.random(n) < chance)
        bar = discrimination(t) - 1e-12
        drawn.clear()
        said = null_reaches("discrimination", t, bar, 1000, np.random.default_rng(seed))
        at_a_glance += drawn == [null_module.GLANCE]
        null = null_replicates("discrimination", t, 1000, np.random.default_rng(seed))
        assert said == (float(np.mean(null >= bar)) > 0.025), seed
    assert at_a_glance > 20


def test_a_rare_value_far_from_all_others_is_not_overlooked():
    """One row states less than the others, and is wrong, as a share of .0277 of them is."""
    t = tally([0.9] * 35 + [0.5], [1] * 35 + [0])
    assert discrimination(t) > 0
    for seed in range(20):
        null = null_replicates("discrimination", t, 1000, np.random.default_rng(seed))
        expected = float(np.mean(null >= discrimination(t) - 1e-12)) > 0.025
        bar = discrimination(t) - 1e-12
        rng = np.random.default_rng(seed)
        assert null_reaches("discrimination", t, bar, 1000, rng) == expected


def test_where_few_values_are_stated_a_glance_decides_too(monkeypatch):
    """Of nine values the accuracies fall in one of nine replicates: several are 0, and alike."""
    rng = np.random.default_rng(4)
    c = rng.choice(np.arange(1, 10) / 10, 500)
    t = tally(c, rng.random(500) < 0.2 + 0.6 * c)
    glance = null_replicates("discrimination", t, null_module.GLANCE, np.random.default_rng(0))
    assert np.unique(np.where(glance < 1e-12, 0.0, glance)).size < glance.size
    real, asked = null_module._draw_parts, []
    monkeypatch.setattr(
        null_module, "_draw_parts", lambda *given: (asked.append(given[2]), real(*given))[1]
    )
    assert not null_reaches("discrimination", t, discrimination(t), 1000, rng)
    assert asked == [null_module.GLANCE]
