"""What noise adds to MCB and DSC is taken off, and does not pass for a difference of two models."""

import numpy as np
import pytest

from caopd_bench.metrics import METRICS, compare
from caopd_bench.metrics.comparison.isotonic_noise import isotonic_noise
from caopd_bench.metrics.comparison.pairs import pair


def calibrated(n, rng):
    chance = rng.beta(2.0, 1.2, n)
    return np.round(chance, 3), (rng.random(n) < chance).astype(int)


def flat(n, rng):
    return np.round(rng.beta(4.0, 2.0, n), 3), (rng.random(n) < 0.6).astype(int)


@pytest.mark.parametrize("draw", [calibrated, flat])
@pytest.mark.parametrize("n", [100, 1000])
def test_the_bias_is_that_of_many_samples(draw, n):
    """A calibrated model has an MCB of 0, and one that knows nothing a DSC of 0."""
    name = "miscalibration" if draw is calibrated else "discrimination"
    rng, plug_in, bias = np.random.default_rng(1), [], []
    for _ in range(150):
        rows = pair(*[draw(n, rng)] * 2)
        plug_in.append(METRICS[name].function(rows.a))
        bias.append(getattr(isotonic_noise(rows, "a"), f"of_{name}"))
    assert np.mean(plug_in) > 0.9 / n  # or there is nothing to correct
    assert np.mean(bias) == pytest.approx(np.mean(plug_in), rel=0.35)


@pytest.mark.parametrize("name", ["miscalibration", "discrimination"])
def test_models_that_state_unlike_numbers_of_values_are_not_told_apart(name):
    """Before, up to 100 % of two calibrated models and 14 % of two that know nothing were."""
    rng, alarms = np.random.default_rng(2), 0
    for _ in range(100):
        stated, right = (calibrated if name == "miscalibration" else flat)(300, rng)
        constant = np.full(300, 0.625 if name == "miscalibration" else 0.6)
        change = compare((stated, right), (constant, right), metrics=[name])[name]
        alarms += change.low > 0.0 or change.high < 0.0
    assert alarms <= 5


def test_a_real_change_is_still_seen():
    rng, seen = np.random.default_rng(3), 0
    for _ in range(40):
        stated, right = calibrated(500, rng)
        change = compare(
            (stated, right), (np.clip(stated + 0.2, 0.0, 1.0), right), metrics=["miscalibration"]
        )["miscalibration"]
        seen += change.low > 0.0
    assert seen >= 38


def test_clusters_that_repeat_a_row_are_worth_one():
    stated, right = calibrated(200, np.random.default_rng(4))
    four = [np.repeat(x, 4) for x in (stated, right)]
    single = isotonic_noise(pair((stated, right), (stated, right)), "a")
    rows = pair(four, four, cluster=np.repeat(np.arange(200), 4))
    repeated = isotonic_noise(rows, "a")
    assert repeated.of_miscalibration == pytest.approx(single.of_miscalibration, rel=0.3)
    loose = isotonic_noise(pair(four, four), "a")
    assert loose.of_miscalibration < 0.7 * repeated.of_miscalibration


def test_one_value_has_the_noise_of_a_share_and_no_discrimination():
    rows = pair(*[([0.3] * 50, [1] * 20 + [0] * 30)] * 2)
    noise = isotonic_noise(rows, "a")
    assert noise.of_miscalibration == pytest.approx(0.4 * 0.6 / 50)
    assert noise.of_discrimination == 0.0
    assert noise.variance == pytest.approx(2.0 * (0.24 / 50) ** 2)
