"""Decompositions of the Brier score: they add up, and the isotonic curve is scikit-learn's."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression
from sklearn.isotonic import IsotonicRegression

from caopd_bench.metrics import (
    brier,
    corp,
    discrimination,
    ece,
    miscalibration,
    murphy,
    tally,
    uncertainty,
)
from caopd_bench.metrics.points.decomposition import _recalibrated_score
from caopd_bench.metrics.rows import isotonic
from caopd_bench.metrics.rows.isotonic import FEW, PASSES, isotonic_curve, isotonic_rows

twentieths = st.integers(0, 20).map(lambda k: k / 20)
values = st.one_of(twentieths, st.floats(0.0, 1.0, allow_subnormal=False))
pairs = st.lists(st.tuples(values, st.booleans()), min_size=1, max_size=40)
strategies = st.sampled_from(["width", "mass", "value", "sweep"])
quick = settings(deadline=None, max_examples=60)


def columns(rows):
    return np.array([c for c, _ in rows], dtype=float), np.array([y for _, y in rows], dtype=int)


@quick
@given(st.lists(st.tuples(st.integers(0, 40).map(lambda k: k / 40), st.booleans()), min_size=2))
def test_the_curve_is_the_isotonic_regression_of_scikit_learn(rows):
    c, y = columns(rows)
    result = corp(c, y)
    pav = IsotonicRegression().fit(c, y)
    assert result.curve == pytest.approx(pav.predict(result.values), abs=1e-12)
    recalibrated = np.mean((pav.predict(c) - y) ** 2)
    assert result.miscalibration == pytest.approx(np.mean((c - y) ** 2) - recalibrated, abs=1e-12)
    assert result.discrimination == pytest.approx(np.var(y) - recalibrated, abs=1e-12)


@quick
@given(pairs)
def test_the_parts_of_corp_stand_alone(rows):
    t = tally(*columns(rows))
    parts = corp(t)
    assert miscalibration(t) == parts.miscalibration
    assert discrimination(t) == parts.discrimination
    assert uncertainty(t) == parts.uncertainty
    assert brier(t) == parts.score


@quick
@given(pairs)
def test_replicates_of_corp_are_what_each_of_them_is_alone(rows):
    t = tally(*columns(rows))
    cells = np.random.default_rng(0).integers(0, 4, (2, 2, 3, t.values.size)).astype(float)
    right, wrong = cells[0], cells[1] * (t.wrong > 0)
    wrong[..., 0] += 1
    stacked = [
        f.cells(t.values, right, wrong) for f in (miscalibration, discrimination, uncertainty)
    ]
    for i in np.ndindex(2, 3):
        parts = [np.repeat(t.values, n[i].astype(int)) for n in (right, wrong)]
        c, y = np.concatenate(parts), np.repeat([1, 0], [x.size for x in parts])
        assert [x[i] for x in stacked] == pytest.approx(corp(c, y)[:3], abs=1e-12)


def test_a_flat_curve_has_exactly_no_discrimination():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n, c = int(rng.integers(1, 60)), float(rng.random())
        assert discrimination([c] * n, rng.integers(0, 2, n)) == 0.0
    assert corp([0.9, 0.8, 0.7], [0, 0, 1]).discrimination == pytest.approx(0.0, abs=1e-15)


# Murphy


def murphy_by_hand(c, y, index):
    """Stephenson, Coelho and Jolliffe, row by row."""
    terms = np.zeros(5)
    for b in np.unique(index):
        inside = index == b
        f, o, n = c[inside], y[inside], inside.sum()
        terms[0] += n * (f.mean() - o.mean()) ** 2
        terms[1] += n * (o.mean() - y.mean()) ** 2
        terms[3] += ((f - f.mean()) ** 2).sum()
        terms[4] += 2 * ((o - o.mean()) * (f - f.mean())).sum()
    terms[2] = y.size * y.mean() * (1 - y.mean())
    return terms / y.size


@quick
@given(pairs)
def test_murphy_by_hand(rows):
    c, y = columns(rows)
    index = np.minimum(np.floor(c * 10 + 1e-9), 9)
    assert murphy(c, y)[:5] == pytest.approx(murphy_by_hand(c, y, index), abs=1e-12)
    paper = np.digitize(c, [-np.inf, *np.linspace(0, 1, 5)[1:-1], np.inf])
    expected = murphy_by_hand(c, y, paper)
    assert murphy(c, y, bins=4, edges="paper")[:5] == pytest.approx(expected, abs=1e-12)


@quick
@given(pairs, strategies, st.integers(1, 12))
def test_murphy_adds_up_for_every_binning(rows, strategy, bins):
    t = tally(*columns(rows))
    m = murphy(t, bins=bins, strategy=strategy)
    assert m.score == brier(t)
    total = m.reliability - m.resolution + m.uncertainty + m.within_variance - m.within_covariance
    assert total == pytest.approx(m.score, abs=1e-12)
    assert m.uncertainty == pytest.approx(t.accuracy * (1 - t.accuracy), abs=1e-12)
    l2 = ece(t, bins=bins, strategy=strategy, norm="l2")
    assert m.reliability == pytest.approx(l2**2, abs=1e-12)
    if strategy == "value":
        assert m[3:5] == pytest.approx((0.0, 0.0), abs=1e-12)
        # Recalibration may not fall, a free choice for each value may: it gains no less.
        assert m.reliability >= corp(t).miscalibration - 1e-12


def test_murphy_takes_weights_but_no_sweep_of_them():
    c, y = [0.1, 0.15, 0.9], [0, 1, 1]
    whole = tally(np.repeat(c, [1, 2, 3]), np.repeat(y, [1, 2, 3]))
    weighted = tally(c, y, weights=[1, 2, 3])
    assert murphy(weighted) == pytest.approx(murphy(whole), abs=1e-12)
    with pytest.raises(ValueError, match="needs whole rows, not weights"):
        murphy(weighted, strategy="sweep")
    with pytest.raises(ValueError, match="bins must be a positive integer"):
        murphy(c, y, bins=0)


def draw_counts(kind, seed, replicates=60, width=37):
    """Give right and wrong counts of replicates, some values without rows."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(1.5, (replicates, width))
    count[:, 0] += 1
    right = rng.binomial(count, 0.6)
    wrong = count - right
    if kind == "fractions":
        return right * rng.random(right.shape), wrong * rng.random(right.shape) + 1e-3 * (count > 0)
    return right.astype(kind), wrong.astype(kind)


def one_by_one(right, wrong):
    """Recalibrate each row by a call of its own, as it was done at first."""
    scores = []
    for hits, misses in zip(right, wrong, strict=True):
        rows = hits + misses
        used = rows > 0
        hits, rows = hits[used], rows[used]
        scores.append(brier.cells(isotonic_curve(hits, rows), hits, rows - hits))
    return np.array(scores)


@pytest.mark.parametrize("kind", ["int64", "float64", "fractions"])
@pytest.mark.parametrize("seed", range(5))
def test_all_replicates_at_once_are_to_the_bit_each_one_alone(kind, seed):
    right, wrong = draw_counts(kind, seed)
    together, alone = _recalibrated_score(right, wrong), one_by_one(right, wrong)
    # Sums of fractions depend on their order.
    assert np.allclose(together, alone, rtol=0, atol=1e-15 if kind == "fractions" else 0)


def test_replicates_need_neither_scipy_nor_a_call_for_each(monkeypatch):
    """SciPy's optimizers take 0.2 s to import, and a thousand loops over hundreds of values 0.3."""
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    monkeypatch.setattr(isotonic, "_pool", None)
    right, wrong = draw_counts("int64", 0, replicates=500, width=300)
    assert np.all(_recalibrated_score(right, wrong) > 0)


@pytest.mark.parametrize("width", [PASSES, PASSES + 1, PASSES + 2, 200])
def test_a_bad_value_behind_many_good_ones_is_pooled_with_all_of_them(width):
    """Each pass pools one more of them, so that the loop must finish what passes leave."""
    count = np.full((3, width), 10**6)
    right = np.linspace(9e5, 9.9e5, 3 * width).astype(int).reshape(3, width)
    right[:2, -1], count[:2, -1] = 0, 10**9
    curves = isotonic_rows(right, count).reshape(3, width)
    for curve, hits, rows in zip(curves, right, count, strict=True):
        assert np.array_equal(curve, isotonic_curve(hits, rows))
    assert np.ptp(curves[:2], axis=1).tolist() == [0.0, 0.0]
    assert np.all(np.diff(curves[2]) > 0)


@pytest.mark.parametrize("width", [1, 2, 9, 60, 110])
@pytest.mark.parametrize("kind", ["int64", "fractions"])
def test_rows_are_regressed_as_by_scipy(kind, width):
    right, wrong = draw_counts(kind, width, width=width)
    count = right + wrong
    ends = np.cumsum((count > 0).sum(axis=1))[:-1]
    by_column = np.asfortranarray(right, dtype=float), np.asfortranarray(count, dtype=float)
    assert np.array_equal(isotonic_rows(*by_column), isotonic_rows(right, count))
    assert np.array_equal(by_column[0], right)  # the caller's counts are left alone
    assert np.array_equal(by_column[1], count)
    for curve, hits, rows in zip(
        np.split(isotonic_rows(right, count), ends), right, count, strict=True
    ):
        used = rows > 0
        alone = isotonic_curve(hits[used], rows[used])
        expected = isotonic_regression(hits[used] / rows[used], weights=rows[used] * 1.0).x
        assert np.allclose(curve, expected, rtol=0, atol=1e-14)
        assert np.allclose(alone, expected, rtol=0, atol=1e-14)


def test_a_long_curve_is_that_of_scipy():
    rng = np.random.default_rng(0)
    count = rng.integers(1, 4, FEW + 1)
    hits = rng.binomial(count, np.linspace(0, 1, FEW + 1))
    for size in (FEW, FEW + 1):
        expected = isotonic_regression(hits[:size] / count[:size], weights=count[:size] * 1.0).x
        assert np.allclose(isotonic_curve(hits[:size], count[:size]), expected, rtol=0, atol=1e-13)
