"""What noise alone makes of a metric whose population value is 0."""

import numpy as np
import pytest

from caopd_bench.metrics import bootstrap, tally
from caopd_bench.metrics.null_replicates import null_reaches, null_replicates

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
