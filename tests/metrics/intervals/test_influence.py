"""Influence functions: derivatives of the metrics, and variances made of them."""

import numpy as np
import pytest

from caopd_bench.metrics import METRICS, tally
from caopd_bench.metrics.intervals.influence import influence
from caopd_bench.metrics.rows.tally import Tally

STATED = np.array([0.05, 0.3, 0.5, 0.62, 0.7, 0.85, 0.93, 0.98])


@pytest.fixture
def typical():
    rng = np.random.default_rng(3)
    c = rng.choice(STATED, 157)
    return tally(c, rng.random(157) < 0.1 + 0.6 * c)


@pytest.mark.parametrize("name", METRICS)
def test_it_is_the_derivative_of_the_metric(name, typical):
    values, right, wrong = typical.cells
    cells, n = METRICS[name].cells, typical.n
    psi = influence(name, typical)
    at = float(cells(values, right, wrong))
    for k in range(values.size):
        for kind, slope in (("right", psi.if_right[k]), ("wrong", psi.if_wrong[k])):
            share = 1e-6
            mixed = {"right": right * (1.0 - share), "wrong": wrong * (1.0 - share)}
            mixed[kind][k] += share * n
            moved = (float(cells(values, mixed["right"], mixed["wrong"])) - at) / share
            # The kernel width of the smooth ECE is held fixed, see test_smooth.py.
            slack = 0.02 if name == "smooth_ece" else 2e-4
            assert moved == pytest.approx(slope, abs=slack), (kind, values[k])


@pytest.mark.parametrize("name", METRICS)
def test_influences_of_all_rows_add_up_to_0(name, typical):
    psi = influence(name, typical)
    total = (typical.right * psi.if_right + typical.wrong * psi.if_wrong).sum()
    assert total == pytest.approx(0.0, abs=1e-9 * typical.n)


def rows_of(t):
    c = np.concatenate([np.repeat(t.values, t.right), np.repeat(t.values, t.wrong)])
    return c, np.repeat([1, 0], [t.n_right, t.n_wrong])


def variance(name, t):
    psi = influence(name, t)
    return (t.right * psi.if_right**2 + t.wrong * psi.if_wrong**2).sum() / t.n**2


def test_variance_of_the_brier_score_is_that_of_a_mean(typical):
    c, y = rows_of(typical)
    assert variance("brier", typical) == pytest.approx(np.var((c - y) ** 2) / c.size, rel=1e-12)


def test_variance_of_auroc_is_that_of_delong(typical):
    c, y = rows_of(typical)
    beats = (c[y == 1][:, None] > c[y == 0]) + 0.5 * (c[y == 1][:, None] == c[y == 0])
    m, k = beats.shape
    delong = np.var(beats.mean(axis=1)) / m + np.var(beats.mean(axis=0)) / k
    assert variance("auroc", typical) == pytest.approx(delong, rel=1e-12)


@pytest.mark.parametrize("name", ["brier_skill", "auprc", "discrimination", "ece_l2", "spr"])
def test_variance_is_that_of_fresh_samples(name):
    rng = np.random.default_rng(5)
    n, mass, truth = 1500, np.full(STATED.size, 1 / STATED.size), STATED**2
    points, variances = [], []
    for _ in range(250):
        count = rng.multinomial(n, mass)
        right = rng.binomial(count, truth)
        t = Tally(STATED, right, count - right)
        points.append(METRICS[name].function(t))
        variances.append(variance(name, t))
    assert np.sqrt(np.mean(variances)) == pytest.approx(np.std(points), rel=0.15)


def test_a_single_class_has_no_influence_on_what_is_undefined():
    psi = influence("auroc", tally([0.9, 0.8], [1, 1]))
    assert np.isnan([*psi.if_right, *psi.if_wrong]).all()
    assert np.isfinite(influence("brier", tally([0.9, 0.8], [1, 1])).if_wrong).all()


def test_an_infinite_log_score_has_no_influence_and_an_unseen_infinity_is_0():
    assert np.isnan(influence("log_score", tally([1.0, 0.5], [0, 1])).if_right).all()
    psi = influence("log_score", tally([1.0, 0.5], [1, 1]))
    assert psi.if_wrong[1] == 0.0
    assert np.isfinite([*psi.if_right, *psi.if_wrong]).all()


def test_many_values_are_condensed_and_expanded():
    rng = np.random.default_rng(1)
    c = rng.beta(4, 2, 3000)
    y = rng.random(3000) < c**2
    t = tally(c, y)
    psi = influence("ece_l2", t)
    assert psi.if_right.shape == (3000,)
    total = (t.right * psi.if_right + t.wrong * psi.if_wrong).sum()
    assert total == pytest.approx(0.0, abs=1e-6)
    few = tally(np.round(c, 2), y)
    assert variance("ece_l2", t) == pytest.approx(variance("ece_l2", few), rel=0.05)


def test_weights_count_as_rows():
    whole = tally([0.9, 0.9, 0.5], [1, 1, 0])
    weighted = tally([0.9, 0.5], [1, 0], weights=[2.0, 1.0])
    for name in ("auroc", "brier", "ece", "discrimination"):
        for a, b in zip(influence(name, whole), influence(name, weighted), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="metrics must be among"):
        influence("brier_score", tally([0.9], [1]))
