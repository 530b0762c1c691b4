"""Smooth ECE: its definition integrated directly, values of a peer, how far it moves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import trapezoid
from scipy.optimize import brentq

from caopd_bench.metrics import bootstrap, ece, overconfidence_gap, smooth_ece, tally
from caopd_bench.metrics.intervals.influence import influence
from caopd_bench.metrics.points.smooth import SMALLEST

values = st.one_of(st.sampled_from([0.0, 1.0]), st.integers(0, 20).map(lambda k: k / 20))
values = st.one_of(values, st.floats(0.0, 1.0))
rows = st.lists(st.tuples(values, st.booleans()), min_size=1, max_size=30)


def columns(pairs):
    return np.array([c for c, _ in pairs]), np.array([y for _, y in pairs], dtype=int)


def integral(at, residual, sigma, steps=4000):
    """The integral of the smoothed residual, a Gaussian and its mirror images added up."""
    t = np.linspace(0.0, 1.0, steps + 1)
    gap = np.zeros(t.size)
    for twice in range(-2 * int(2 + 5 * sigma), 2 * int(3 + 5 * sigma), 2):
        for image in (twice + at, twice - at):
            near = np.abs(image - 0.5) < 0.5 + 9 * sigma
            gap += np.exp(-((t[:, None] - image[near]) ** 2) / (2 * sigma**2)) @ residual[near]
    return trapezoid(np.abs(gap), t) / (sigma * np.sqrt(2 * np.pi))


def cells_of(c, y):
    at, value = np.unique(c, return_inverse=True)
    return at, np.bincount(value, weights=c - y) / c.size


def fixed_point(c, y):
    at, residual = cells_of(np.asarray(c, dtype=float), np.asarray(y))
    excess = [integral(at, residual, sigma) - sigma for sigma in (SMALLEST, 1.0)]
    if excess[0] <= 0:
        return excess[0] + SMALLEST
    if excess[1] >= 0:
        return 1.0
    return brentq(lambda s: integral(at, residual, s) - s, SMALLEST, 1.0, xtol=1e-9)


SHAPES = {
    "two values at the ends": lambda rng, n: rng.choice([0.0, 1.0], n),
    "ends and between": lambda rng, n: rng.choice([0.0, 0.05, 0.5, 0.95, 1.0], n),
    "mostly 1": lambda rng, n: np.where(rng.random(n) < 0.7, 1.0, rng.random(n)),
    "few, inside": lambda rng, n: rng.choice([0.3, 0.5, 0.7, 0.9, 0.95], n),
    "hundredths": lambda rng, n: rng.integers(0, 101, n) / 100,
    "continuous": lambda rng, n: rng.beta(6.0, 1.5, n),
}
TRUTHS = {
    "calibrated": lambda c: c,
    "over": lambda c: c**3,
    "crossing": lambda c: np.full(c.size, 0.5),
    "reversed": lambda c: 1.0 - c,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("truth", TRUTHS)
def test_it_is_the_fixed_point_of_the_definition(shape, truth):
    rng = np.random.default_rng([list(SHAPES).index(shape), list(TRUTHS).index(truth)])
    for n in (7, 80):
        c = SHAPES[shape](rng, n)
        y = (rng.random(n) < TRUTHS[truth](c)).astype(int)
        assert smooth_ece(c, y) == pytest.approx(fixed_point(c, y), abs=1e-5), n


@pytest.mark.parametrize("at", [[0.0, 0.37, 0.8, 1.0], np.linspace(0.0, 1.0, 61) ** 2])
def test_replicates_are_fixed_points_too(at):
    """With fewer values than replicates each value is smoothed once; else each replicate is."""
    at, rng = np.asarray(at), np.random.default_rng(4)
    right, wrong = rng.integers(0, 5, (2, 40, at.size)).astype(float) + 0.25
    found = smooth_ece.cells(at, right, wrong)
    for i in range(0, 40, 13):
        residual = ((right[i] + wrong[i]) * at - right[i]) / (right[i] + wrong[i]).sum()
        crossing = brentq(lambda s, r=residual: integral(at, r, s) - s, SMALLEST, 1.0, xtol=1e-9)
        assert found[i] == pytest.approx(crossing, abs=1e-5)


def counted(*parts):
    """Rows of (confidence, right, wrong)."""
    c = np.concatenate([[v] * (right + wrong) for v, right, wrong in parts])
    return c, np.concatenate([[1] * right + [0] * wrong for _, right, wrong in parts])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        # One sign: the mean gap, whatever stands at 1.
        ([(1.0, 0, 100), (0.9, 90, 10)], 0.5),
        ([(1.0, 390, 260), (0.9, 280, 70)], 0.295),
        ([(1.0, 500, 0), (0.9, 250, 250)], 0.2),
        ([(0.0, 1, 0)], 1.0),
        # Kernels wider than a tenth: cut off half a unit away they gave .5400, .7768 and .4398.
        ([(0.0, 25, 25), (1.0, 21, 29)], 0.361162),
        ([(0.05, 43, 7), (0.95, 3, 47)], 0.42994),
        ([(0.1, 20, 0), (0.3, 20, 0), (0.5, 10, 10), (0.7, 0, 20), (0.9, 0, 20)], 0.35124),
    ],
)
def test_rows_at_the_ends_count_whole_and_kernels_are_whole(parts, expected):
    c, y = counted(*parts)
    assert smooth_ece(c, y) == pytest.approx(expected, abs=1e-5)
    assert fixed_point(c, y) == pytest.approx(expected, abs=1e-5)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(values, st.integers(1, 9), st.floats(0.0, 1.0)), min_size=1), st.booleans()
)
def test_for_gaps_of_one_sign_it_is_the_mean_gap(parts, over):
    c, rows_each, share = map(np.array, zip(*parts, strict=True))
    truth = c * share if over else 1.0 - (1.0 - c) * share
    mean_gap = np.average(c - truth, weights=rows_each)
    order = np.argsort(c)
    right = (rows_each * truth)[order]
    found = smooth_ece.cells(c[order], right, rows_each[order] - right)
    expected = max(abs(mean_gap), 0.0)
    assert float(found) == pytest.approx(expected, abs=1e-12)


def test_it_is_0_where_no_value_has_a_gap():
    assert smooth_ece([1.0, 1.0, 0.0], [1, 1, 0]) == 0.0
    assert smooth_ece([0.9] * 10 + [0.2] * 5, [1] * 9 + [0] + [1] + [0] * 4) < 1e-15


# relplot 1.0.3, smECE, computed in its own environment
RELPLOT = {
    "three values": 0.11535327255887692,
    "tied": 0.3233472404477991,
    "continuous": 0.2680867349137358,
    "calibrated": 0.008005969742197385,
}


def make_rows(name):
    if name == "three values":
        return counted((0.2, 3, 7), (0.5, 4, 6), (0.9, 15, 5))
    k = np.arange(2000)
    c = {
        "tied": np.array([0.5, 0.8, 0.9, 0.95, 1.0])[k % 5],
        "continuous": np.sqrt((k + 0.5) / 2000),
        "calibrated": (k % 101) / 100,
    }[name]
    share = {"tied": 0.6 * c, "continuous": c**3, "calibrated": c}[name]
    return c, ((k * 0.6180339887498949) % 1.0 < share).astype(int)


@pytest.mark.parametrize("name", RELPLOT)
def test_relplot_is_this_with_half_of_the_rows_at_the_ends(name):
    at, right, wrong = tally(*make_rows(name)).cells
    weight = np.where((at == 0.0) | (at == 1.0), 0.5, 1.0)
    found = float(smooth_ece.cells(at, right * weight, wrong * weight))
    # Its width is the next of the multiples of 1/1024, and the value is the error there.
    assert found == pytest.approx(RELPLOT[name], abs=2 / 1024)


def test_with_all_rows_at_the_ends_it_is_not_relplot():
    c, y = make_rows("tied")
    assert smooth_ece(c, y) == pytest.approx(overconfidence_gap(c, y), abs=1e-12)
    assert smooth_ece(c, y) - RELPLOT["tied"] > 0.007


def largest_move(before, after, mean_residual, step):
    """At one width, a row moves by ``step`` no more mass than sqrt(2 / pi) ``step`` / width."""
    width = max(before, after, SMALLEST)
    return step * (1.0 + np.sqrt(2.0 / np.pi) * mean_residual / width) + 2e-5


@settings(deadline=None, max_examples=150)
@given(rows, st.lists(st.sampled_from([-1.0, -0.5, 0.0, 1.0]), min_size=30, max_size=30))
def test_each_confidence_moves_by_a_thousandth(pairs, directions):
    c, y = columns(pairs)
    moved = np.clip(c + 0.001 * np.array(directions[: c.size]), 0.0, 1.0)
    before, after = smooth_ece(c, y), smooth_ece(moved, y)
    assert 0.0 <= before <= 1.0
    change = abs(after - before)
    assert change <= largest_move(before, after, np.abs(c - y).mean(), 0.001)
    assert change <= 0.01 or max(before, after) < 0.09
    assert change <= 0.03


@settings(deadline=None, max_examples=150)
@given(rows, st.floats(0.0, 0.001), st.booleans())
def test_all_confidences_move_by_a_thousandth_together(pairs, shift, up):
    c, y = columns(pairs)
    moved = np.clip(c + (shift if up else -shift), 0.0, 1.0)
    assert abs(smooth_ece(moved, y) - smooth_ece(c, y)) <= 0.01


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(values, st.booleans()), min_size=10, max_size=40),
    st.integers(0, 9),
    st.sampled_from([0.001, -0.001]),
)
def test_one_of_ten_confidences_moves_by_a_thousandth(pairs, which, step):
    c, y = columns(pairs)
    moved = c.copy()
    moved[which] = np.clip(moved[which] + step, 0.0, 1.0)
    assert abs(smooth_ece(moved, y) - smooth_ece(c, y)) <= 0.01


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(values, st.booleans()), min_size=1, max_size=30),
    st.integers(1, 60),
    st.integers(0, 60),
    st.sampled_from([(1.0, 0.999), (0.0, 0.001)]),
)
def test_the_rows_at_an_end_move_away_from_it(pairs, right, wrong, ends):
    """All that state 1.00 state .999 instead, and no other value is near."""
    pairs = [(c, y) for c, y in pairs if 0.1 <= c <= 0.9]
    c, y = columns(pairs)
    y = np.concatenate([y, [1] * right + [0] * wrong])
    at_end, beside = (smooth_ece(np.append(c, [end] * (right + wrong)), y) for end in ends)
    assert abs(at_end - beside) <= 0.01


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
        at = np.sort(np.append(rng.random(n_values - 2), [0.0, 1.0]))
        right, wrong = rng.integers(0, 3, (2, 300, n_values)).astype(float) + 0.5
        together = smooth_ece.cells(at, right, wrong)
        alone = [float(smooth_ece.cells(at, right[i], wrong[i])) for i in range(0, 300, 30)]
        assert together[::30] == pytest.approx(alone, abs=1e-12)


@pytest.mark.parametrize("share_of_right", [0.2, 0.5])  # gaps of one sign, and of both
def test_its_influence_is_the_derivative_at_a_fixed_width(share_of_right):
    at = np.array([0.0, 0.2, 0.45, 0.8, 0.97, 1.0])
    rng = np.random.default_rng(2)
    c = rng.choice(at, 200)
    t = tally(c, rng.random(200) < share_of_right)
    sigma, psi = smooth_ece(t), influence("smooth_ece", t)
    whole = ((t.right + t.wrong) * at - t.right) / t.n
    error = integral(at, whole, sigma)
    for k in range(at.size):
        for slope, residual in ((psi.if_right[k], at[k] - 1.0), (psi.if_wrong[k], at[k])):
            more = whole * (1.0 - 1e-6)
            more[k] += 1e-6 * residual
            moved = (integral(at, more, sigma) - error) / 1e-6
            assert slope == pytest.approx(moved, abs=2e-3)


def test_an_interval_comes_with_the_registry():
    rng = np.random.default_rng(0)
    c = rng.choice([0.5, 0.7, 0.9], 300)
    t = tally(c, rng.random(300) < c - 0.3)
    interval = bootstrap(t, metrics=["smooth_ece"], replicates=100)["smooth_ece"]
    assert 0.1 < interval.low < interval.estimate < interval.high < 0.6
