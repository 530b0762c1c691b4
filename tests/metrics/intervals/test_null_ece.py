"""The ECE of a perfectly calibrated model at the same stated confidences."""

import math

import numpy as np
import pytest

from caopd_bench.metrics import ece, null_ece, tally


def test_null_ece_equals_the_exact_binomial():
    # One value: ECE is |K/n - c| with K ~ Binomial(n, c).
    n, c = 100, 0.5
    pmf = [math.comb(n, k) * c**k * (1 - c) ** (n - k) for k in range(n + 1)]
    mean = sum(p * abs(k / n - c) for k, p in enumerate(pmf))
    null = null_ece(tally([c] * n, [1] * n), replicates=20_000)
    assert null.mean == pytest.approx(mean, rel=0.02)
    assert null.upper == pytest.approx(0.10, abs=0.011)
    assert null_ece(tally([0.0, 1.0], [1, 0])) == (0.0, 0.0)


def test_null_ece_depends_on_what_was_stated_only_and_is_reproducible():
    c = np.repeat([0.2, 0.5, 0.9], [10, 10, 20])
    a, b = tally(c, [1] * 40), tally(c[::-1], [0] * 40)
    assert null_ece(a) == null_ece(b) == null_ece(a, seed=np.random.default_rng(0))
    assert null_ece(a) != null_ece(a, seed=1)
    with pytest.raises(ValueError, match="seed must be an int"):
        null_ece(a, seed=None)
    with pytest.raises(ValueError, match="replicates must be"):
        null_ece(a, replicates=1)
    with pytest.raises(ValueError, match="must not be weighted"):
        null_ece(tally([0.5], [1], weights=[2]))


def test_null_ece_of_continuous_confidences_is_that_of_the_rows():
    rng = np.random.default_rng(3)
    c = rng.beta(6, 1.5, 3000)
    y = rng.random((400, 3000)) < c
    simulated = np.mean([ece(c, row) for row in y])
    assert null_ece(tally(c, y[0])).mean == pytest.approx(simulated, rel=0.06)
