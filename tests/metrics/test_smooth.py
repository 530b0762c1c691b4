"""Smooth ECE: its definition computed directly, values of the reference, properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import bootstrap, ece, smooth_ece, tally
from caopd_bench.metrics.smooth import _smooth_ece

values = st.one_of(st.integers(0, 20).map(lambda k: k / 20), st.floats(0.0, 1.0))
rows = st.lists(st.tuples(values, st.booleans()), min_size=1, max_size=30)


def columns(pairs):
    return np.array([c for c, _ in pairs]), np.array([y for _, y in pairs], dtype=int)


def integral(c, y, sigma):
    """The integral of the smoothed residual, with mirror images instead of a transform."""
    t = np.linspace(0.0, 1.0, 4001)
    kernel = np.zeros((t.size, c.size))
    for shift in range(-6, 8, 2):
        for image in (shift + c, shift - c):
            kernel += np.exp(-((t[:, None] - image) ** 2) / (2 * sigma**2))
    kernel /= sigma * np.sqrt(2 * np.pi)
    return np.abs(kernel @ (c - y)).mean() / c.size


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_fixed_point_of_the_definition(seed):
    rng = np.random.default_rng(seed)
    n = 60
    c = rng.choice([0.3, 0.5, 0.7, 0.9, 0.95], n) if seed % 2 else rng.random(n)
    y = (rng.random(n) < c ** (1 + seed)).astype(int)
    found = smooth_ece(c, y)
    # The error falls with the width, so the fixed point lies between two widths, 1/1024 apart.
    above, below = (integral(c, y, found + d) - (found + d) for d in (-2 / 1024, 2 / 1024))
    assert above > 0 > below


@pytest.mark.parametrize(
    ("make", "reference"),
    [
        # relplot 1.0.3, smECE, computed in its own environment
        ("three values", 0.11535327255887692),
        ("tied", 0.3233472404477991),
        ("continuous", 0.2680867349137358),
        ("calibrated", 0.008005969742197385),
    ],
)
def test_values_of_the_reference_implementation(make, reference):
    c, y = make_rows(make)
    assert smooth_ece(c, y) == pytest.approx(reference, rel=2.5e-4 / c.size, abs=1e-11)


def make_rows(name):
    if name == "three values":
        c = np.repeat([0.2, 0.5, 0.9], [10, 10, 20])
        return c, np.repeat([1, 0, 1, 0, 1, 0], [3, 7, 4, 6, 15, 5])
    k = np.arange(2000)
    c = {
        "tied": np.array([0.5, 0.8, 0.9, 0.95, 1.0])[k % 5],
        "continuous": np.sqrt((k + 0.5) / 2000),
        "calibrated": (k % 101) / 100,
    }[name]
    share = {"tied": 0.6 * c, "continuous": c**3, "calibrated": c}[name]
    return c, ((k * 0.6180339887498949) % 1.0 < share).astype(int)


@settings(deadline=None, max_examples=20)
@given(rows, st.floats(0.0, 0.002), st.booleans())
def test_a_small_shift_moves_it_little(pairs, shift, up):
    c, y = columns(pairs)
    moved = np.clip(c + (shift if up else -shift), 0.0, 1.0)
    before, after = smooth_ece(c, y), smooth_ece(moved, y)
    assert 0.0 <= before <= 1.0
    assert abs(after - before) <= 2.0 * np.sqrt(shift) + 2 / 1024


def test_a_binned_error_jumps_where_this_does_not():
    y = [0, 1] * 50
    assert ece([0.499, 0.501] * 50, y) - ece([0.501, 0.501] * 50, y) > 0.4
    assert abs(smooth_ece([0.499, 0.501] * 50, y) - smooth_ece([0.501, 0.501] * 50, y)) < 0.02


@settings(deadline=None, max_examples=15)
@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_bit(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    assert smooth_ece(*columns(pairs)) == smooth_ece(*columns(shuffled))


def test_replicates_in_blocks_equal_one_by_one():
    rng = np.random.default_rng(0)
    for n_values in (5, 400):  # fewer values than rows of a block, and more
        values = np.sort(rng.random(n_values))
        right, wrong = rng.integers(0, 3, (2, 300, n_values)).astype(float) + 0.5
        together = _smooth_ece(values, right, wrong)
        alone = [float(_smooth_ece(values, right[i], wrong[i])) for i in range(0, 300, 30)]
        assert together[::30] == pytest.approx(alone, abs=1e-12)


def test_an_interval_comes_with_the_registry():
    rng = np.random.default_rng(0)
    c = rng.choice([0.5, 0.7, 0.9], 300)
    t = tally(c, rng.random(300) < c - 0.3)
    interval = bootstrap(t, metrics=["smooth_ece"], replicates=100)["smooth_ece"]
    assert 0.1 < interval.low < interval.estimate < interval.high < 0.6
