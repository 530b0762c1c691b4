"""Detectable differences and sample sizes, against formulas, each other and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from caopd_bench.metrics import compare, difference_sd, mde, required_n
from caopd_bench.metrics.comparison.paired_limits import paired_limits
from caopd_bench.metrics.comparison.pairs import pair


def test_textbook_value():
    # (1.96 + 0.84)^2 sd^2 / d^2 = 196.2, and two or so more for Student's quantiles.
    assert 196 <= required_n(0.2, sd=1.0) <= 200
    assert mde(10**8, sd=1.0) == pytest.approx((1.959964 + 0.841621) / 1e4, rel=1e-5)


def test_power_of_the_t_test_by_the_noncentral_law():
    for n in (20, 50, 400):
        delta = mde(n, sd=1.0)
        exact = stats.nct.sf(stats.t.ppf(0.975, n - 1), n - 1, delta * np.sqrt(n))
        assert exact == pytest.approx(0.8, abs=0.01)


@given(st.floats(0.01, 2.0), st.floats(0.05, 2.0), st.floats(0.5, 0.95))
def test_required_n_inverts_mde(difference, sd, power):
    n = required_n(difference, sd=sd, power=power)
    assert mde(n, sd=sd, power=power) <= difference
    assert n == 2 or mde(n - 1, sd=sd, power=power) > difference
    assert required_n(-difference, sd=sd, power=power) == n


def test_difference_sd_is_that_of_correlated_rows():
    rng = np.random.default_rng(0)
    x = rng.multivariate_normal([0, 0], [[1.0, 0.3], [0.3, 0.25]], size=100_000)
    expected = np.std(x[:, 1] - x[:, 0])
    assert difference_sd(1.0, 0.5, 0.6) == pytest.approx(expected, rel=0.01)


def test_samples_help_as_far_as_they_differ():
    assert mde(100, sd=1.0, samples=8, sample_correlation=1.0) == mde(100, sd=1.0)
    free = mde(100, sd=1.0, samples=8)
    assert free == pytest.approx(mde(100, sd=1.0) / np.sqrt(8))
    assert free < mde(100, sd=1.0, samples=8, sample_correlation=0.3) < mde(100, sd=1.0)


def test_more_tests_and_more_power_need_more_items():
    n = required_n(0.05, sd=0.5)
    assert required_n(0.05, sd=0.5, tests=5) > required_n(0.05, sd=0.5, power=0.9) > n
    assert required_n(0.05, sd=0.5, tests=5) == required_n(0.05, sd=0.5, level=0.99)


def draw(n, rng, gain=0.0, k=1):
    """Draw two models that state 0.9 or 0.6, the second right more often by ``gain``."""
    item, ease_of_item = rng.standard_normal((2, n, 1))
    c = np.where(item + 0.5 * rng.standard_normal((n, k)) > 0, 0.9, 0.6)
    ease = stats.norm.cdf(0.8 * ease_of_item + 0.6 * rng.standard_normal((n, k)))
    y, z = ease < c - 0.3, np.where(rng.random((n, k)) < 0.5, ease, rng.random((n, k)))
    z = z < c - 0.3 + gain
    return (c.ravel(), y.ravel()), (c.ravel(), z.ravel())


@pytest.mark.parametrize("k", [1, 4])
def test_a_pilot_foretells_the_standard_error(k):
    rng = np.random.default_rng(1)

    def of(n):
        cluster = np.repeat(np.arange(n), k) if k > 1 else None
        return compare(*draw(n, rng, k=k), cluster=cluster, metrics=["brier"])

    pilot, large = of(400), of(3200)
    expected = 2.802 * large["brier"].standard_error
    assert mde(3200, pilot=pilot, metric="brier") == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 1, "sd": 1.0}, "n must be an integer of 2"),
        ({"n": 10}, "either sd or pilot"),
        ({"n": 10, "sd": 0.0}, "sd must be above 0"),
        ({"n": 10, "sd": 1.0, "metric": "brier"}, "metric is for a pilot"),
        ({"n": 10, "sd": 1.0, "power": 80}, "power must be"),
        ({"n": 10, "sd": 1.0, "level": 95}, "level must be"),
        ({"n": 10, "sd": 1.0, "tests": 0}, "tests must be"),
        ({"n": 10, "sd": 1.0, "samples": 0.5}, "samples must be"),
        ({"n": 10, "sd": 1.0, "sample_correlation": 1.5}, "sample_correlation must be"),
    ],
)
def test_invalid_options(options, message):
    with pytest.raises(ValueError, match=message):
        mde(**options)


def test_invalid_pilot_and_difference():
    y = [1] * 20 + [0] * 20
    pilot = compare(([0.9] * 40, y), ([0.8] * 40, y), metrics=["auroc"])
    with pytest.raises(ValueError, match="metric must name one of the pilot: auroc"):
        mde(100, pilot=pilot)
    with pytest.raises(ValueError, match="no standard error of auroc: the two models do not"):
        mde(100, pilot=pilot, metric="auroc")
    clustered = compare(
        ([0.9] * 40, y), ([0.8] * 40, y), cluster=np.arange(40) // 2, metrics=["brier"]
    )
    with pytest.raises(ValueError, match="pilot must be a Comparison, got dict"):
        mde(100, pilot={}, metric="auroc")
    with pytest.raises(ValueError, match="samples must be left out"):
        mde(100, pilot=clustered, metric="brier", samples=2)
    with pytest.raises(ValueError, match="difference must be finite and not 0"):
        required_n(0.0, sd=1.0)
    with pytest.raises(ValueError, match="too small for any number"):
        required_n(1e-12, sd=1.0)
    with pytest.raises(ValueError, match="correlation must be"):
        difference_sd(1.0, 1.0, 2.0)
    with pytest.raises(ValueError, match="sd_b must be 0 or more"):
        difference_sd(1.0, -1.0, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "k"), [(200, 1), (800, 1), (100, 8)])
@pytest.mark.parametrize("metric", ["accuracy", "brier"])
def test_power_at_the_detectable_difference(metric, n, k):
    """The gain whose effect on a metric is its MDE is seen in about 80 % of the samples."""
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(40_000), k) if k > 1 else None

    def effect(gain):
        many = draw(40_000, np.random.default_rng(3), gain, k)
        c = compare(*many, cluster=cluster, metrics=[metric])
        return c, abs(c[metric].difference)

    gains = np.linspace(0.02, 0.26, 7)
    pilots = [effect(g) for g in gains]
    excess = [size - mde(n, pilot=pilot, metric=metric) for pilot, size in pilots]
    assert (np.diff(excess) > 0).all()
    gain = float(np.interp(0.0, excess, gains))
    seen = []
    for _ in range(400):
        rows = pair(*draw(n, rng, gain, k), cluster=None if k == 1 else cluster[: n * k])
        limits = paired_limits(metric, rows, 0.95)
        seen.append(limits.low > 0 or limits.high < 0)
    assert np.mean(seen) == pytest.approx(0.8, abs=0.08)
