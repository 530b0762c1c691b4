"""The classifier of scikit-learn: its own tests of estimators, pipelines and searches."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from caopd_bench.hosts.scikit_learn import ConfidenceCalibrator
from caopd_bench.metrics import recalibrate


@pytest.fixture
def rows():
    draw = np.random.default_rng(0)
    stated = draw.choice([0.5, 0.8, 1.0], 300)
    return stated[:, None], (draw.random(300) < stated - 0.2).astype(int)


@pytest.mark.parametrize("method", ["isotonic", "platt"])
def test_all_checks_of_scikit_learn_pass(method):
    model = ConfidenceCalibrator(method, column=0, outside="clip")
    found = check_estimator(model, on_skip=None)
    assert {one["status"] for one in found} <= {"passed", "skipped"}
    assert sum(one["status"] == "passed" for one in found) > 50
    assert not any(one["expected_to_fail"] for one in found)
    # Only what needs another library, or its environment variable.
    skipped = {one["check_name"] for one in found if one["status"] == "skipped"}
    assert skipped <= {"check_array_api_input", "check_dataframe_column_names_consistency"}


def test_by_default_their_data_are_no_confidences():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        assert check_estimator(ConfidenceCalibrator())


def test_it_is_the_map(rows):
    x, y = rows
    model = ConfidenceCalibrator("platt").fit(x, np.where(y, "right", "not"))
    fitted = recalibrate(x[:, 0], y, method="platt")
    assert model.classes_.tolist() == ["not", "right"]
    assert model.recalibrator_ == fitted
    right = fitted.apply(x[:, 0])
    assert np.array_equal(model.predict_proba(x), np.column_stack([1 - right, right]))
    assert np.array_equal(model.predict(x) == "right", right > 0.5)


def test_weights_are_rows(rows):
    x, y = rows
    weight = np.arange(300) % 3
    one = ConfidenceCalibrator().fit(x, y, sample_weight=weight)
    other = ConfidenceCalibrator().fit(np.repeat(x, weight, axis=0), np.repeat(y, weight))
    assert one.predict_proba(x) == pytest.approx(other.predict_proba(x))


def test_a_saved_map_goes_into_a_pipeline(rows):
    x, y = rows
    fitted = recalibrate(x[:, 0], y, method="isotonic")
    model = ConfidenceCalibrator.from_recalibrator(fitted)
    pipe = make_pipeline(FunctionTransformer(lambda p: p / 100), FrozenEstimator(model))
    pipe.fit(x * 100, 1 - y)  # fits nothing
    assert np.array_equal(pipe.predict_proba(x * 100), model.predict_proba(x))
    with pytest.raises(NotFittedError):
        clone(model).predict(x)


def test_searches_folds_and_calibrators_take_it(rows):
    x, y = rows
    methods = ["constant", "isotonic", "platt"]
    search = GridSearchCV(ConfidenceCalibrator(), {"method": methods}, scoring="neg_brier_score")
    assert search.fit(x, y).best_params_["method"] != "constant"
    assert cross_val_predict(ConfidenceCalibrator(), x, y, method="predict_proba").shape == (300, 2)
    again = CalibratedClassifierCV(ConfidenceCalibrator()).fit(x, y)
    assert again.predict_proba([[0.5]]).sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("options", "x", "y", "said"),
    [
        ({}, [[95.0], [80.0]], [1, 0], r"must be in \[0, 1\], got 95"),
        ({}, [[0.9, 0.8], [0.7, 0.6]], [1, 0], "X must have one column, the stated confidence"),
        ({"column": 2}, [[0.9, 0.8], [0.7, 0.6]], [1, 0], "column must be one of 2 in X, got 2"),
        ({"outside": "wrap"}, [[0.9], [0.7]], [1, 0], "outside must be 'raise' or 'clip'"),
        ({"method": "magic"}, [[0.9], [0.7]], [1, 0], "method must be one of"),
        ({}, [[0.9], [0.7]], [1, 1], "y must have two classes, wrong and right"),
        ({}, [[0.9], [0.7], [0.1]], [0, 1, 2], "Only binary classification is supported"),
    ],
)
def test_what_cannot_be_is_named(options, x, y, said):
    with pytest.raises(ValueError, match=said):
        ConfidenceCalibrator(**options).fit(x, y)
