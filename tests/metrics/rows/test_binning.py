"""Bins: equal width and its edges, equal mass with ties, and the monotonic sweep."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import ece, tally
from caopd_bench.metrics.rows.binning import bin_index, mass_index, sweep_index

twentieths = st.integers(0, 20).map(lambda k: k / 20)
counts = st.lists(st.integers(1, 30), min_size=1, max_size=25).map(np.array)
quick = settings(deadline=None, max_examples=80)


# Equal width


def test_bins_are_left_closed_and_the_last_is_closed():
    tenths = np.arange(11) / 10
    assert bin_index(tenths).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]
    assert bin_index(tenths, edges="paper").tolist() == [0, 1, 2, 2, 4, 5, 5, 6, 8, 9, 9]
    assert ece([0.3, 0.35], [1, 0]) == pytest.approx(0.175)  # one bin: |.65 - 1| / 2
    assert ece([0.3, 0.35], [1, 0], edges="paper") == pytest.approx(0.525)  # (.7 + .35) / 2
    assert ece([0.95, 1.0], [1, 0]) == pytest.approx(0.475)  # 1.0 has no bin of its own
    assert ece([0.5, 0.55], [1, 0]) == pytest.approx(0.025)
    assert ece([0.2, 0.8], [1, 0], bins=1) == pytest.approx(0.0)


def test_float32_falls_into_the_bins_of_float64():
    tenths = np.arange(11, dtype=np.float32) / np.float32(10)
    for k in range(11):
        assert ece(tenths[k : k + 1], [1]) == ece([k / 10], [1])
    ones = np.ones(11)
    assert ece(tenths, ones, strategy="value") == ece(np.arange(11) / 10, ones, strategy="value")
    assert ece(tenths, ones, norm="max") == ece(np.arange(11) / 10, ones, norm="max")


def paper_ece(confidence, correct, bins=10):
    """The released formula, row by row: sum_b n_b / N * |conf_b - acc_b|."""
    edges = np.linspace(0, 1, bins + 1)
    edges[0], edges[-1] = -np.inf, np.inf
    rows = [[] for _ in range(bins)]
    for c, y in zip(confidence, correct, strict=True):
        rows[int(np.digitize(c, edges)) - 1].append((c, y))
    return sum(
        len(b) / len(confidence) * abs(np.mean([c for c, _ in b]) - np.mean([y for _, y in b]))
        for b in rows
        if b
    )


def test_paper_edges_reproduce_the_released_formula():
    rng = np.random.default_rng(0)
    edge_cases = np.array([0.3, 0.6, 0.7, 1.0])
    differs = 0
    for _ in range(1000):
        n = int(rng.integers(0, 12))
        c = np.concatenate([edge_cases, rng.integers(0, 21, n) / 20, rng.random(3)])
        y = rng.integers(0, 2, c.size)
        bins = int(rng.choice([5, 10, 15]))
        assert ece(c, y, bins=bins, edges="paper") == pytest.approx(
            paper_ece(c, y, bins), abs=1e-12
        )
        differs += abs(ece(c, y, edges="paper") - ece(c, y)) > 1e-3
    assert differs > 100  # the two readings are not the same thing


# Equal mass


def test_distinct_rows_make_equal_bins():
    assert mass_index(np.ones(12, dtype=int), 4).tolist() == np.repeat(range(4), 3).tolist()
    sizes = np.bincount(mass_index(np.ones(13, dtype=int), 4))
    assert sizes.tolist() == [3, 3, 4, 3]
    assert mass_index(np.ones(3, dtype=int), 10).tolist() == [0, 1, 2]


def test_a_heavy_value_has_a_bin_to_itself_and_is_never_split():
    # 85 % say 1.0: its rows fill parts 1 to 9 of 10, and their middle is in part 5.
    assert mass_index(np.array([5, 5, 5, 85]), 10).tolist() == [0, 0, 1, 2]
    c, y = np.repeat([0.5, 0.8, 0.9, 1.0], [5, 5, 5, 85]), np.zeros(100, dtype=int)
    y[40:] = 1
    by_hand = (2.5 + 4.0 + 4.5 + 85.0 - 60.0) / 100
    assert ece(c, y, strategy="mass") == pytest.approx(by_hand)


@quick
@given(counts, st.integers(1, 15))
def test_bins_of_equal_mass_are_as_equal_as_ties_allow(count, bins):
    index = mass_index(count, bins)
    assert index[0] == 0
    assert set(np.diff(index)) <= {0, 1}
    assert index[-1] < bins
    for b in range(index[-1] + 1):
        inside = count[index == b]
        assert inside.sum() <= count.sum() / bins + (inside[0] + inside[-1]) / 2
    assert np.array_equal(mass_index(3 * count, bins), index)
    assert np.array_equal(mass_index(count.astype(float), bins), index)


# Monotonic sweep


def sweep_by_hand(rows):
    """Roelofs et al., one number of bins after the other, with the rows written out."""
    groups = {}
    for c, y in sorted(rows):
        groups.setdefault(c, []).append((c, y))
    n, best = len(rows), None
    for bins in range(1, 4 * n):
        parts, before = {}, 0
        for group in groups.values():
            middle = before + len(group) / 2
            parts.setdefault(math.floor(bins * middle / n + 1e-12), []).extend(group)
            before += len(group)
        rates = [sum(y for _, y in part) / len(part) for part in parts.values()]
        if any(later < earlier for earlier, later in itertools.pairwise(rates)):
            break
        best = list(parts.values())
    return sum(abs(sum(c - y for c, y in part)) for part in best) / n


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(twentieths, st.booleans()), min_size=1, max_size=25))
def test_the_sweep_is_that_of_a_loop(rows):
    c, y = zip(*rows, strict=True)
    assert ece(c, y, strategy="sweep") == pytest.approx(sweep_by_hand(rows), abs=1e-12)


def test_the_sweep_stops_at_the_first_fall():
    # Two bins: .5 and .5 right, no fall. Three: .0, 1., .5 falls. So two, though six never fall.
    right, count = np.array([0, 0, 2, 2, 1, 1]), np.full(6, 2)
    assert sweep_index(right, count).tolist() == [0, 0, 0, 1, 1, 1]
    # Accuracy never falls from value to value: each is a bin.
    assert sweep_index(np.array([0, 1, 1]), np.full(3, 2)).tolist() == [0, 1, 2]
    # It falls at once: one bin, the absolute gap.
    c, y = [0.2] * 5 + [0.9] * 5, [1] * 5 + [0] * 5
    assert ece(c, y, strategy="sweep") == pytest.approx(0.05)
    assert ece(c, y, strategy="mass") == pytest.approx(0.85)


def test_the_sweep_ends_with_a_million_rows_and_two_rare_values():
    count = np.array([1, 1, 400_000, 599_998])
    right = np.array([1, 0, 200_000, 500_000])
    index = sweep_index(right, count)  # they come apart at about 500,000 parts only
    assert index.tolist() == [0, 0, 1, 2]


def test_the_sweep_is_less_biased_than_ten_bins_for_a_calibrated_model():
    rng = np.random.default_rng(2)
    ten, sweep = [], []
    for _ in range(200):
        c = rng.beta(6, 1.5, 200)
        t = tally(c, rng.random(200) < c)
        ten.append(ece(t, strategy="mass"))
        sweep.append(ece(t, strategy="sweep"))
    assert np.mean(sweep) < 0.8 * np.mean(ten)
