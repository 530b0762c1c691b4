"""Calibration: bins, their edges, the norms, and what they say of made-up answers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from caopd_bench.metrics import (
    confidence_when_wrong,
    ece,
    ece_interval,
    over_ece,
    overconfidence_gap,
    reliability_table,
    saturation,
    tally,
)
from caopd_bench.metrics.points.calibration import _ece, _over_ece
from caopd_bench.metrics.rows.binning import bin_index, mass_index, sweep_index

twentieths = st.integers(0, 20).map(lambda k: k / 20)
values = st.one_of(twentieths, st.floats(0.0, 1.0, allow_subnormal=False))
pairs = st.lists(st.tuples(values, st.booleans()), min_size=1, max_size=40)
quick = settings(deadline=None, max_examples=50)


def columns(rows):
    return np.array([c for c, _ in rows], dtype=float), np.array([y for _, y in rows], dtype=int)


def test_the_bins_of_scikit_learns_calibration_curve():
    rng = np.random.default_rng(5)
    c = rng.random(400)  # no value on an edge, where its bins are right-closed
    y = rng.random(400) < c
    accuracy, confidence = calibration_curve(y, c, n_bins=10)
    table = reliability_table(tally(c, y)).bins
    assert table.accuracy == pytest.approx(accuracy, abs=1e-9)
    assert table.mean_confidence == pytest.approx(confidence, abs=1e-9)
    share = table.n / 400
    assert ece(c, y) == pytest.approx((share * np.abs(accuracy - confidence)).sum(), abs=1e-9)
    assert ece(c, y, norm="max") == pytest.approx(np.abs(accuracy - confidence).max(), abs=1e-9)
    accuracy, confidence = calibration_curve(y, c, n_bins=10, strategy="quantile")
    gaps = np.abs(accuracy - confidence)  # 40 rows each
    assert ece(c, y, strategy="mass") == pytest.approx(gaps.mean(), abs=1e-9)
    assert ece(c, y, strategy="mass", norm="l2") == pytest.approx(
        np.sqrt((gaps**2).mean()), abs=1e-9
    )


# Norms


@quick
@given(pairs)
def test_brute_force_over_all_strategies_and_norms(rows):
    c, y = columns(rows)
    t = tally(c, y)
    count = t.right + t.wrong
    groups = {
        "width": bin_index(t.values),
        "value": np.arange(t.values.size),
        "mass": mass_index(count),
        "sweep": sweep_index(t.right, count),
    }
    for strategy, index in groups.items():
        inside = [index == b for b in np.unique(index)]
        n = np.array([count[b].sum() for b in inside])
        hits = np.array([t.right[b].sum() for b in inside])
        gap = np.array([(count * t.values)[b].sum() for b in inside]) / n - hits / n
        a = hits / n
        noise = np.array([x * (1 - x) / (m - 1) if m > 1 else 0 for x, m in zip(a, n, strict=True)])
        square = np.where(n > 1, gap**2 - noise, 0.0)
        expected = {
            ("l1", False): (n * np.abs(gap)).sum() / n.sum(),
            ("l2", False): np.sqrt((n * gap**2).sum() / n.sum()),
            ("l2", True): np.sqrt(max((n * square).sum() / n.sum(), 0.0)),
            ("max", False): np.abs(gap).max(),
        }
        for (norm, debias), value in expected.items():
            found = ece(t, strategy=strategy, norm=norm, debias=debias)
            # A root near 0 magnifies rounding.
            assert found**2 == pytest.approx(value**2, abs=1e-12), (strategy, norm, debias)
        over = (n * np.maximum(gap, 0)).sum() / n.sum()
        assert over_ece(t, strategy=strategy) == pytest.approx(over, abs=1e-12)
        half = (ece(t, strategy=strategy) + overconfidence_gap(t)) / 2
        assert over_ece(t, strategy=strategy) == pytest.approx(half, abs=1e-12)


@quick
@given(pairs, st.sampled_from(["width", "mass", "value", "sweep"]))
def test_replicates_are_what_each_of_them_is_alone(rows, strategy):
    t = tally(*columns(rows))
    cells = np.random.default_rng(0).integers(0, 4, (2, 3, 2, t.values.size)).astype(float)
    right, wrong = cells[0] + t.right, cells[1] * t.wrong  # some values lose rows
    wrong[..., 0] += 1
    for norm, debias in [("l1", False), ("l2", False), ("l2", True), ("max", False)]:
        options = {"strategy": strategy, "norm": norm, "debias": debias}
        together = _ece(t.values, right, wrong, **options)
        assert together.shape == (3, 2)
        for i in np.ndindex(3, 2):
            used = right[i] + wrong[i] > 0
            alone = _ece(t.values[used], right[i][used], wrong[i][used], **options)
            assert together[i] ** 2 == pytest.approx(float(alone) ** 2, abs=1e-12)
    assert _over_ece(t.values, right, wrong, strategy=strategy).shape == (3, 2)


def test_debiased_squares_are_unbiased():
    # One value a bin, truth known: the root is taken of the mean, not the mean of the roots.
    values, truth, n = np.array([0.3, 0.6, 0.9]), np.array([0.3, 0.5, 0.7]), 20
    rng = np.random.default_rng(4)
    right = rng.binomial(n, truth, (20_000, 3))
    gaps = values - right / n
    plain = (gaps**2).mean()
    each = gaps**2 - right / n * (1 - right / n) / (n - 1)
    target = np.mean((values - truth) ** 2)
    assert each.mean() == pytest.approx(target, abs=4 * each.std() / np.sqrt(each.size))
    assert plain > target + 0.008
    t = tally(np.repeat(values, n), (np.arange(3 * n) % n < np.repeat(right[0], n)).astype(int))
    assert ece(t, norm="l2", debias=True) == pytest.approx(np.sqrt(max(each[0].mean(), 0.0)))


# Invalid options


@pytest.mark.parametrize("bins", [0, -1, 10.0, True, "10"])
def test_bad_bins_are_named(bins):
    for strategy in ("width", "mass", "sweep"):
        with pytest.raises(ValueError, match="bins must be a positive integer"):
            ece([0.5], [1], bins=bins, strategy=strategy)
    with pytest.raises(ValueError, match="bins must be a positive integer"):
        over_ece([0.5], [1], bins=bins)


def test_bad_options_are_named():
    with pytest.raises(ValueError, match='edges must be "exact" or "paper"'):
        ece([0.5], [1], edges="left")
    with pytest.raises(ValueError, match=r'strategy must be "width", .* got .quantile'):
        ece([0.5], [1], strategy="quantile")
    with pytest.raises(ValueError, match='edges="paper" needs strategy="width", got \'mass\''):
        ece([0.5], [1], edges="paper", strategy="mass")
    with pytest.raises(ValueError, match='norm must be "l1", "l2" or "max", got 2'):
        ece([0.5], [1], norm=2)
    weighted = tally([0.5, 0.6], [1, 0], weights=[1, 2])
    for options in ({"norm": "l2", "debias": True}, {"strategy": "sweep"}):
        with pytest.raises(ValueError, match="needs whole rows, not weights"):
            ece(weighted, **options)
    with pytest.raises(ValueError, match="needs whole rows, not weights"):
        over_ece(weighted, strategy="sweep")
    assert ece(weighted, strategy="mass") == pytest.approx((0.5 + 2 * 0.6) / 3)


@pytest.mark.parametrize("norm", ["l1", "max"])
def test_debias_points_to_where_a_debiased_ece_is(norm):
    with pytest.raises(ValueError, match=r"use ece_interval\(tally\).debiased"):
        ece([0.5], [1], norm=norm, debias=True)
    t = tally([0.5] * 100, [1, 0] * 50)
    assert ece_interval(t).debiased <= ece(t)


# Means


def test_saturation_counts_rows_at_the_top():
    c, y = np.array([1.0, 0.99, 0.98, 0.9899999, 0.5], dtype=np.float32), [1, 0, 1, 0, 0]
    assert saturation(c, y) == pytest.approx(0.4)  # 0.99 as float32 is 0.99
    assert saturation(c, y, at=1.0) == pytest.approx(0.2)
    assert saturation(c, y, at=1) == pytest.approx(0.2)
    assert saturation(tally([1.0, 0.5], [1, 0], weights=[3, 1])) == 0.75
    for at in (0.0, 1.01, -1, float("nan"), "0.99", True, None):
        with pytest.raises(ValueError, match=r"at must be a confidence in \(0, 1\]"):
            saturation(c, y, at=at)


@pytest.mark.parametrize("value", [0.0, 0.3, 0.9, 1.0])
def test_one_stated_value(value):
    c, y = [value] * 10, [1] * 4 + [0] * 6
    for strategy in ("width", "mass", "value", "sweep"):
        for norm in ("l1", "l2", "max"):
            assert ece(c, y, strategy=strategy, norm=norm) == pytest.approx(abs(value - 0.4))
        assert over_ece(c, y, strategy=strategy) == pytest.approx(max(value - 0.4, 0.0))


def test_confidence_when_wrong_is_undefined_without_wrong_answers():
    assert math.isnan(confidence_when_wrong([0.9, 0.8], [1, 1]))
    assert confidence_when_wrong([0.9, 0.8], [0, 0]) == pytest.approx(0.85)
