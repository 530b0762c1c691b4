"""Recalibrators against scikit-learn and scipy, and what each promises."""

import copy
import json
import pickle
import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from caopd_bench.metrics import (
    Recalibrator,
    Tally,
    auroc,
    brier,
    corp,
    log_score,
    overconfidence_gap,
    recalibrate,
    tally,
)
from caopd_bench.metrics.recalibration.parametric import PRIOR_COUNT, PRIOR_VALUES

POPULATION = runpy.run_path(
    str(Path(__file__).parents[2] / "studies" / "metrics" / "populations.py")
)["population"]
LOGISTIC = ("temperature", "platt", "beta")
METHODS = ("constant", *LOGISTIC, "isotonic", "histogram")

some = settings(deadline=None, max_examples=60)
decimals = st.integers(0, 40).map(lambda k: k / 40)
anything = st.one_of(decimals, st.floats(0.0, 1.0, allow_subnormal=False))


def rows_of(confidences, min_size=1):
    return st.lists(st.tuples(confidences, st.booleans()), min_size=min_size, max_size=40)


def columns(rows):
    return np.array([c for c, _ in rows], dtype=float), np.array([y for _, y in rows], dtype=int)


def sample(distribution="tied", truth="sign-crossing", n=2000, seed=3):
    c, y = POPULATION(distribution, truth).draw(n, np.random.default_rng(seed))
    return c, y.astype(int)


def inside(c, y):
    between = (c > 0) & (c < 1)
    return c[between], y[between]


def with_prior(c, y):
    """Rows, weights and the pseudo-row as weighted rows, as scikit-learn takes them."""
    return (
        np.concatenate([c, PRIOR_VALUES, PRIOR_VALUES]),
        np.concatenate([y, np.ones(10), np.zeros(10)]),
        np.concatenate(
            [np.ones(c.size), PRIOR_COUNT * PRIOR_VALUES, PRIOR_COUNT * (1 - PRIOR_VALUES)]
        ),
    )


def unpenalised(features, y, weights):
    model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000, solver="newton-cholesky")
    return model.fit(features, y, sample_weight=weights)


# Against other implementations


def test_platt_is_a_logistic_regression_on_the_log_odds():
    c, y = inside(*sample())
    values, right, weights = with_prior(c, y)
    model = unpenalised(logit(values)[:, None], right, weights)
    p = recalibrate(c, y, method="platt").parameters
    assert p["slope"] == pytest.approx(model.coef_[0, 0], abs=1e-6)
    assert p["intercept"] == pytest.approx(model.intercept_[0], abs=1e-6)
    # The pseudo-row is worth one row of 2000.
    bare = unpenalised(logit(c)[:, None], y, np.ones(c.size))
    assert p["slope"] == pytest.approx(bare.coef_[0, 0], abs=0.01)


def test_beta_is_a_logistic_regression_on_both_logarithms():
    c, y = inside(*sample())
    values, right, weights = with_prior(c, y)
    model = unpenalised(np.column_stack([np.log(values), -np.log1p(-values)]), right, weights)
    p = recalibrate(c, y, method="beta").parameters
    fitted = [p["a"], p["b"], p["intercept"]]
    assert fitted == pytest.approx([*model.coef_[0], model.intercept_[0]], abs=1e-5)
    assert min(fitted[:2]) > 0


def test_temperature_has_the_least_log_score():
    c, y = inside(*sample())
    values, right, weights = with_prior(c, y)

    def loss(slope):
        p = expit(slope * logit(values))
        return -(weights * (right * np.log(p) + (1 - right) * np.log1p(-p))).sum()

    best = minimize_scalar(loss, bounds=(0, 5), method="bounded", options={"xatol": 1e-10})
    fitted = recalibrate(c, y, method="temperature")
    assert fitted.parameters["slope"] == pytest.approx(best.x, abs=1e-6)
    assert fitted.apply([0.9])[0] == pytest.approx(expit(best.x * logit(0.9)), abs=1e-6)


def test_isotonic_is_that_of_scikit_learn_also_between_the_values():
    c, y = sample("verbal", n=300)
    peer = IsotonicRegression(out_of_bounds="clip").fit(c, y)
    grid = np.linspace(0, 1, 201)
    ours = recalibrate(c, y, method="isotonic")
    assert ours.apply(grid) == pytest.approx(peer.predict(grid), abs=1e-9)
    c, y = sample("continuous", n=500)
    peer, ours = (
        IsotonicRegression(out_of_bounds="clip").fit(c, y),
        recalibrate(c, y, method="isotonic"),
    )
    assert ours.apply(grid) == pytest.approx(peer.predict(grid), abs=1e-9)
    assert len(ours.parameters["values"]) < 100  # only the ends of the steps are kept


def test_histogram_by_hand():
    fitted = recalibrate(
        [0.05, 0.05, 0.3, 0.35, 0.39, 0.39, 0.95, 1.0], [0, 1, 1, 1, 1, 0, 1, 0], method="histogram"
    )
    between = [0.5 + 0.25 * k / 3 for k in (1, 2)]  # empty bins lie on a line
    falling = [0.75 - 0.25 * k / 6 for k in (1, 2, 3, 4, 5)]
    expected = [0.5, *between, 0.75, *falling, 0.5]
    assert fitted.parameters["probabilities"] == pytest.approx(expected, abs=1e-12)
    assert fitted.apply([0.0, 0.3, 0.29, 1.0]) == pytest.approx([0.5, 0.75, between[1], 0.5])
    assert recalibrate([0.1, 0.9], [1, 0], method="histogram", bins=1).apply([0.5])[0] == 0.5


def test_constant_is_the_accuracy():
    c, y = sample()
    fitted = recalibrate(c, y, method="constant")
    assert fitted.apply([0.0, 0.4, 1.0]).tolist() == [pytest.approx(y.mean(), abs=1e-12)] * 3
    assert overconfidence_gap(fitted.apply(tally(c, y))) == pytest.approx(0.0, abs=1e-12)


# 0 and 1


def test_0_and_1_get_their_own_shrunken_accuracy():
    c = np.array([0.0] * 20 + [0.4] * 30 + [0.7] * 50 + [1.0] * 40)
    y = np.array([1] + [0] * 19 + [1] * 11 + [0] * 19 + [1] * 30 + [0] * 20 + [1] * 38 + [0] * 2)
    for method in LOGISTIC:
        low, *between, high = recalibrate(c, y, method=method).apply([0.0, 0.4, 0.7, 1.0])
        assert (low, high) == (pytest.approx(1.5 / 21), pytest.approx(38.5 / 41))
        # What is between is fitted as if the ends were not there.
        alone = recalibrate(*inside(c, y), method=method).apply([0.4, 0.7])
        assert between == pytest.approx(alone, abs=1e-12)


def test_a_saturated_model_gets_its_accuracy_at_1():
    c, y = sample("saturated", "strongly over", n=500)
    assert (c == 1).mean() > 0.8
    for method in METHODS:
        if method != "histogram":
            mapped = recalibrate(c, y, method=method).apply([1.0])[0]
            assert mapped == pytest.approx(y[c == 1].mean(), abs=0.02), method


@pytest.mark.parametrize("method", LOGISTIC)
def test_one_refuted_1_does_not_rule_the_fit(method):
    c, y = sample("verbal", "calibrated", n=500)
    before = recalibrate(c, y, method=method).apply([0.9])[0]
    moved, by_clipping, by_99 = (
        before - recalibrate(np.append(c, x), np.append(y, 0), method=method).apply([0.9])[0]
        for x in (1.0, 1 - 1e-7, 0.99)
    )
    assert 0 < moved < by_clipping / 2
    assert moved == pytest.approx(by_99, abs=0.01)  # it says about as much as a refuted 0.99


def test_a_1_that_is_worth_less_than_the_next_value_counts_as_that_value():
    c = np.array([0.3] * 40 + [0.9] * 60 + [1.0] * 10)
    y = np.array([1] * 10 + [0] * 30 + [1] * 54 + [0] * 6 + [1] * 3 + [0] * 7)
    fitted = recalibrate(c, y, method="platt")
    low, high, one = fitted.apply([0.3, 0.9, 1.0])
    assert low < high == one < 0.9
    # The constrained optimum, found by brute force over slope, intercept and a free end.
    values, right, weights = with_prior(*inside(c, y))

    def loss(p):
        z = p[0] * logit(values) + p[1]
        end = max(p[2], p[0] * logit(0.9) + p[1])
        rows = weights * (np.logaddexp(0, z) - right * z)
        return rows.sum() + 11 * np.logaddexp(0, end) - 3.5 * end

    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 10_000, "maxfev": 10_000}
    best = minimize(loss, [1, 0, 0], method="Nelder-Mead", options=options)
    p = fitted.parameters
    assert [p["slope"], p["intercept"]] == pytest.approx(best.x[:2], abs=1e-4)


def test_ends_that_rank_the_wrong_way_round_become_one_value():
    for method in LOGISTIC:
        assert recalibrate([0, 1], [1, 0], method=method).apply([0, 0.5, 1]).tolist() == [0.5] * 3


def test_only_0_and_1_leave_the_middle_as_it_is():
    c, y = [0] * 10 + [1] * 10, [1, *[0] * 9, *[1] * 9, 0]
    for method in LOGISTIC:
        mapped = recalibrate(c, y, method=method).apply([0, 0.01, 0.5, 0.7, 1])
        ends = 1.5 / 11, 9.5 / 11
        assert mapped == pytest.approx([ends[0], ends[0], 0.5, 0.7, ends[1]], abs=1e-9)


# What every fit promises


@some
@given(rows_of(anything))
def test_maps_increase_and_stay_in_range(rows):
    c, y = columns(rows)
    grid = np.unique(np.concatenate([np.linspace(0, 1, 101), c]))
    for method in METHODS:
        fitted = recalibrate(c, y, method=method)
        mapped = fitted.apply(grid)
        assert np.isfinite(mapped).all()
        assert 0 <= mapped.min() <= mapped.max() <= 1, method
        if method != "histogram":
            assert (np.diff(mapped) >= -1e-12).all(), method
            # Constant beyond what was seen.
            assert np.unique(mapped[grid <= c.min()]).size == 1, method
            assert np.unique(mapped[grid >= c.max()]).size == 1, method


@some
@given(rows_of(decimals))
def test_logistic_maps_never_say_0_or_1(rows):
    c, y = columns(rows)
    for method in LOGISTIC:
        mapped = recalibrate(c, y, method=method).apply(np.linspace(0, 1, 41))
        assert 0 < mapped.min() <= mapped.max() < 1
        assert np.isfinite(log_score(recalibrate(c, y, method=method).apply(tally(c, y))))


@some
@given(rows_of(st.integers(1, 39).map(lambda k: k / 40)))
def test_no_fit_is_worse_than_none_on_its_own_rows(rows):
    t = tally(*columns(rows))
    for method in LOGISTIC:
        assert log_score(recalibrate(t, method=method).apply(t)) <= log_score(t) + 1e-9, method
    assert brier(recalibrate(t, method="isotonic").apply(t)) <= brier(t) + 1e-12


@some
@given(rows_of(decimals))
def test_what_0_and_1_may_cost_on_its_own_rows(rows):
    """The pseudo-rows at 0 and 1 may cost a calibrated certainty less than 2 nats in all."""
    t = tally(*columns(rows))
    for method in LOGISTIC:
        after = log_score(recalibrate(t, method=method).apply(t))
        assert t.n * after <= t.n * log_score(t) + 2.0


@some
@given(rows_of(decimals))
def test_isotonic_leaves_no_miscalibration(rows):
    t = tally(*columns(rows))
    again = recalibrate(t, method="isotonic").apply(t)
    assert corp(again).miscalibration == pytest.approx(0.0, abs=1e-12)
    assert corp(again).discrimination == pytest.approx(corp(t).discrimination, abs=1e-12)


@pytest.mark.parametrize("method", LOGISTIC)
@pytest.mark.parametrize("distribution", ["verbal", "two-valued", "continuous"])
def test_increasing_maps_keep_the_ranking(method, distribution):
    c, y = sample(distribution)
    fitted = recalibrate(c, y, method=method)
    assert fitted.parameters["at_one"] > fitted.parameters["at_zero"]
    assert auroc(fitted.apply(c), y) == auroc(c, y)


def test_recalibrating_once_is_enough():
    t = tally(*inside(*sample(n=20_000)))
    # A beta map of a beta map is not one, and two bins can end up in one.
    for method in set(METHODS) - {"beta", "histogram"}:
        once = recalibrate(t, method=method).apply(t)
        twice = recalibrate(once, method=method).apply(once)
        assert twice.values == pytest.approx(once.values, abs=0.002), method


@settings(deadline=None, max_examples=25)
@given(rows_of(anything), st.randoms(use_true_random=False))
def test_order_dtype_and_layout_change_no_bit(rows, random):
    c, y = columns(rows)
    a, b = columns(random.sample(rows, len(rows)))
    for method in METHODS:
        fitted = recalibrate(c, y, method=method)
        assert recalibrate(a, b, method=method) == fitted
        assert recalibrate(tally(c, y), method=method) == fitted
        assert recalibrate(np.repeat(c, 2)[::2], y.astype(bool), method=method) == fitted


def test_float32_is_the_same_decimal():
    c, y = sample()
    for method in METHODS:
        fitted = recalibrate(c.astype(np.float32), y, method=method)
        assert fitted == recalibrate(c, y, method=method)
        assert np.array_equal(fitted.apply(c.astype(np.float32)), fitted.apply(c))


# Data that leave nothing to fit


@pytest.mark.parametrize("method", LOGISTIC)
@pytest.mark.parametrize(
    ("c", "y"),
    [
        ([0.9], [1]),
        ([0.0], [1]),
        ([0.9] * 100, [1] * 100),
        ([0.3, 0.9] * 50, [1] * 100),
        ([0.3, 0.9] * 50, [0] * 100),
        ([0.3, 0.9] * 50, [0, 1] * 50),
        ([0.4999, 0.5001] * 5000, [0, 1] * 5000),
        ([1e-11, 1 - 1e-11] * 50, [0, 1] * 50),
        ([1e-11, 1 - 1e-11] * 50, [1, 0] * 50),
        ([0.2, 0.2 + 1e-9] * 50, [0, 1] * 50),
    ],
)
def test_no_data_make_a_fit_diverge(method, c, y):
    fitted = recalibrate(c, y, method=method)
    assert all(np.isfinite(x) for x in fitted.parameters.values())
    at = fitted.apply(np.unique(c))
    assert (at > 0).all()
    assert (at < 1).all()
    assert log_score(fitted.apply(c), y) <= log_score(c, y) + 1e-9


def test_a_steep_map_stops_short_of_certainty():
    c, y = [0.3] * 1000 + [0.999], [0] * 1001
    fitted = recalibrate(c, y, method="temperature")
    assert fitted.parameters["slope"] > 5  # the log-odds of 0.999 are then 39
    assert fitted.apply([0.999])[0] == 1 - 2e-12
    assert log_score(fitted.apply(c), y) < log_score(c, y)


@pytest.mark.parametrize("method", ["platt", "beta"])
def test_separable_data_end_near_their_labels(method):
    low, high = recalibrate([0.1, 0.9] * 1000, [0, 1] * 1000, method=method).apply([0.1, 0.9])
    assert low < 0.001
    assert high > 0.999
    low, high = recalibrate([0.4999, 0.5001] * 5000, [0, 1] * 5000, method=method).apply(
        [0.4999, 0.5001]
    )
    assert low < 0.1
    assert high > 0.9


def test_confidence_that_ranks_the_wrong_way_round_becomes_a_constant():
    c, y = [0.2] * 50 + [0.8] * 50, [1] * 40 + [0] * 10 + [1] * 10 + [0] * 40
    for method in ("platt", "beta", "isotonic"):
        fitted = recalibrate(c, y, method=method)
        assert fitted.apply([0.2, 0.8]) == pytest.approx([0.5, 0.5], abs=1e-6), method
    assert recalibrate(c, y, method="platt").parameters["slope"] == 0.0
    p = recalibrate(c, y, method="beta").parameters
    assert p["a"] == p["b"] == 0.0
    temperature = recalibrate(c, y, method="temperature")
    assert temperature.parameters["slope"] == 0.0
    assert temperature.apply([0.2, 0.8]).tolist() == [0.5, 0.5]


def test_one_negative_slope_of_beta_leaves_the_other():
    rng = np.random.default_rng(0)
    c = rng.choice([0.05, 0.5, 0.9, 0.99], 2000)
    y = rng.random(2000) < np.select([c < 0.1, c < 0.6, c < 0.95], [0.1, 0.7, 0.6], 0.62)
    fitted = recalibrate(c, y, method="beta")
    values, right, weights = with_prior(c, y)
    one = unpenalised(np.log(values)[:, None], right, weights)
    assert fitted.parameters["b"] == 0.0
    assert fitted.parameters["a"] == pytest.approx(one.coef_[0, 0], abs=1e-5)


@pytest.mark.parametrize("method", ["constant", "isotonic", "histogram"])
def test_what_has_no_pseudo_row_may_say_1(method):
    fitted = recalibrate([0.9, 0.9], [1, 1], method=method)
    assert fitted.apply([0.9])[0] == 1.0
    assert log_score(fitted.apply([0.9]), [0]) == np.inf


# The object


def test_another_set_is_mapped_by_the_fit_of_the_first():
    fitted = recalibrate(
        [0.5] * 10 + [0.9] * 10, [1] * 3 + [0] * 7 + [1] * 6 + [0] * 4, method="isotonic"
    )
    assert fitted.apply([0.1, 0.5, 0.7, 0.9, 1.0]) == pytest.approx([0.3, 0.3, 0.45, 0.6, 0.6])


def test_apply_keeps_the_shape():
    fitted = recalibrate([0.9] * 4, [1, 1, 1, 0], method="constant")
    assert fitted.apply([[0.1, 0.2], [0.3, 0.4]]).tolist() == [[0.75, 0.75], [0.75, 0.75]]
    assert fitted.apply(0.3).shape == ()
    assert fitted.apply(np.zeros((0, 3))).shape == (0, 3)
    with pytest.raises(ValueError, match=r"confidence must be in \[0, 1\], got 95"):
        fitted.apply([95.0])


@some
@given(rows_of(anything), rows_of(anything))
def test_counting_and_recalibrating_may_change_places(rows, others):
    c, y = columns(others)
    cluster = np.arange(c.size) // 3
    for method in METHODS:
        fitted = recalibrate(*columns(rows), method=method)
        first = fitted.apply(tally(c, y, cluster=cluster))
        then = tally(fitted.apply(c), y, cluster=cluster)
        for a, b in zip(
            (*first.cells, *first.clusters), (*then.cells, *then.clusters), strict=True
        ):
            assert np.array_equal(a, b)


def test_weights_are_rows():
    c, y = sample(n=200)
    doubled = tally(c, y, weights=np.full(200, 2.0))
    for method in METHODS:
        fitted = recalibrate(doubled, method=method)
        twice = recalibrate(np.repeat(c, 2), np.repeat(y, 2), method=method)
        assert fitted.n == 400
        assert fitted.apply(c) == pytest.approx(twice.apply(c), abs=1e-9)
        applied = fitted.apply(doubled)
        assert applied.weighted
        assert applied.n == 400


@pytest.mark.parametrize("method", METHODS)
def test_json_and_back(method):
    fitted = recalibrate(*sample(), method=method)
    text = json.dumps(fitted.to_dict(), allow_nan=False)
    back = Recalibrator.from_dict(json.loads(text))
    assert back == fitted
    assert np.array_equal(back.apply(np.linspace(0, 1, 99)), fitted.apply(np.linspace(0, 1, 99)))
    assert json.loads(text)["version"] == 1
    assert pickle.loads(pickle.dumps(fitted)) == copy.deepcopy(fitted) == fitted
    assert hash(back) == hash(fitted)
    assert method in repr(fitted)
    assert len(repr(fitted)) < 150


def test_parameters_are_a_copy():
    fitted = recalibrate([0.9], [1], method="constant")
    fitted.parameters["probability"] = 0.0
    assert fitted.parameters["probability"] == 1.0
    with pytest.raises(AttributeError):
        fitted.method = "platt"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version must be 1, got 2"),
        ({"method": "magic"}, "method must be one of constant"),
        ({"n": 0}, "n must be a positive number"),
        ({"n": True}, "n must be a positive number"),
        ({"parameters": {"slope": 1.0}}, "parameters of platt must be slope, intercept"),
        ({"slope": -1.0}, r"slope must be finite and in \[0, inf\], got -1"),
        ({"intercept": float("nan")}, "intercept must be finite"),
        ({"at_one": 1.5}, r"at_one must be finite and in \[0, 1\]"),
        ({"at_zero": 0.9, "at_one": 0.1}, "at_zero must not be above at_one"),
        ({"slope": "1"}, "slope must hold numbers"),
    ],
)
def test_stored_data_are_checked(change, message):
    data = recalibrate([0.2, 0.8], [0, 1], method="platt").to_dict()
    for name, value in change.items():
        (data if name in data else data["parameters"])[name] = value
    with pytest.raises(ValueError, match=message):
        Recalibrator.from_dict(data)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"values": [0.1, 0.2], "probabilities": [0.1]}, "differ in length: 2, 1"),
        ({"values": [0.2, 0.1], "probabilities": [0.1, 0.2]}, "values must ascend"),
        ({"values": [0.1, 0.2], "probabilities": [0.2, 0.1]}, "probabilities must not fall"),
        ({"values": 0.1, "probabilities": [0.1]}, "values must be a list"),
        ({"values": [], "probabilities": []}, "values must hold numbers"),
    ],
)
def test_stored_curves_are_checked(parameters, message):
    data = {"version": 1, "method": "isotonic", "n": 5, "parameters": parameters}
    with pytest.raises(ValueError, match=message):
        Recalibrator.from_dict(data)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"method must be one of constant, .*'sigmoid'"):
        recalibrate([0.5], [1], method="sigmoid")
    with pytest.raises(ValueError, match="bins must be a positive integer"):
        recalibrate([0.5], [1], method="histogram", bins=0)
    with pytest.raises(ValueError, match="correct is missing"):
        recalibrate([0.5], method="platt")
    with pytest.raises(ValueError, match="at least one row"):
        recalibrate([], [], method="platt")


def test_a_tally_without_clusters_stays_without():
    t = tally([0.1, 0.9], [0, 1])
    assert isinstance(recalibrate(t, method="constant").apply(t), Tally)
    assert recalibrate(t, method="constant").apply(t).clusters is None


# Out of sample


@pytest.mark.parametrize("method", [*LOGISTIC, "isotonic"])
def test_a_fit_helps_on_new_rows(method):
    population = POPULATION("tied", "strongly over")
    rng = np.random.default_rng(5)
    fitted = recalibrate(*population.draw(500, rng), method=method)
    new = tally(*population.draw(20_000, rng))
    assert brier(fitted.apply(new)) < brier(new) - 0.02
