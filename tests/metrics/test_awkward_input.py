"""Whatever cannot be scored is refused by name, whatever is undefined is NaN: in every metric."""

import inspect
import math

import numpy as np
import pytest

import caopd_bench.metrics as m

# What a function needs besides confidence and correct; a new metric with such a need goes here.
NEEDED = {
    "selective_accuracy": {"coverage": 0.5},
    "coverage_at_risk": {"risk": 0.1},
    "recalibrate": {"method": "platt"},
    "cross_recalibrate": {"method": "platt"},
}
# They all take what tally() takes, and a tally.
POINTS = {
    name: function
    for name in m.__all__
    if name != "tally"
    and inspect.isfunction(function := getattr(m, name))
    and [*inspect.signature(function).parameters][:2] == ["confidence", "correct"]
}
METRICS = {
    name: function
    for name, function in POINTS.items()
    if inspect.signature(function).return_annotation == "float"
}
ROWS = [0.9, 0.8, 0.3], [1, 1, 0]

AWKWARD = {
    "empty": ([], [], "confidence must have at least one row, got 0"),
    "NaN": ([0.9, math.nan], [1, 0], "confidence must be finite, got nan in row 1"),
    "None": ([0.9, None], [1, 0], "confidence must be finite, got nan in row 1"),
    "infinite": ([0.9, math.inf], [1, 0], "confidence must be finite, got inf in row 1"),
    "percent": ([95.0, 80.0], [1, 0], "got 95.0; divide percentages by 100"),
    "one percent value": ([0.9, 95.0], [1, 0], "got 95.0; divide percentages by 100"),
    "just above 1": ([0.9, 1 + 1e-12], [1, 0], r"must be in \[0, 1\], got 1.000000000001"),
    "negative": ([0.9, -0.1], [1, 0], r"must be in \[0, 1\], got -0.1"),
    "text": (["0.9", "0.8"], [1, 0], "confidence must be numbers"),
    "booleans": ([True, False], [1, 0], "got booleans; the arguments are"),
    "two-dimensional": ([[0.9], [0.8]], [1, 0], r"confidence must be 1-D, got shape \(2, 1\)"),
    "scalar": (0.9, 1, "confidence must be 1-D"),
    "lengths": ([0.9, 0.8], [1, 0, 1], r"one entry per confidence \(2\), got 3"),
    "fractional answers": ([0.9, 0.8], [1, 0.5], "correct must be 0/1 or bool, got 0.5 in row 1"),
    "labels 1 and 2": ([0.9, 0.8], [1, 2], "correct must be 0/1 or bool, got 2 in row 1"),
    "labels 1 and -1": ([0.9, 0.8], [1, -1], "correct must be 0/1 or bool, got -1 in row 1"),
    "swapped": ([1, 0], [0.9, 0.8], "check the order of the arguments"),
    "missing answer": ([0.9, 0.8], [1, math.nan], "correct must be 0/1 or bool, got nan in row 1"),
    "answers as text": ([0.9, 0.8], ["yes", "no"], "correct must be"),
    "two-dimensional answers": ([0.9, 0.8], [[1], [0]], r"correct must be 1-D, got shape \(2, 1\)"),
    "no answers": ([0.9, 0.8], None, "correct is missing"),
    "tally and answers": (m.tally(*ROWS), [1, 1, 0], "correct must be left out"),
}


def test_every_metric_is_found():
    assert {"ece", "brier", "auroc", "log_score", "saturation", "corp", "summary"} <= set(POINTS)
    assert {name for name in m.METRICS if name in m.__all__} <= set(METRICS)


@pytest.mark.parametrize("case", AWKWARD)
@pytest.mark.parametrize("name", sorted(POINTS))
def test_bad_rows_are_refused_by_name(name, case):
    confidence, correct, message = AWKWARD[case]
    with pytest.raises(ValueError, match=message):
        POINTS[name](confidence, correct, **NEEDED.get(name, {}))


DEGENERATE = {
    "all right": ([0.9, 0.8], [1, 1]),
    "all wrong": ([0.9, 0.8], [0, 0]),
    "one row, right": ([0.8], [1]),
    "one row, wrong": ([0.8], [0]),
    "one stated value": ([0.9] * 10, [1, 0] * 5),
    "always certain": ([1.0] * 10, [1, 0] * 5),
    "0 and 1 only": ([0, 1, 1, 0], [0, 1, 0, 1]),
    "0 and 1 only, all refuted": ([0, 1], [1, 0]),
    "always 0, always wrong": ([0.0] * 5, [0] * 5),
}


@pytest.mark.parametrize("case", DEGENERATE)
@pytest.mark.parametrize("name", sorted(METRICS))
def test_degenerate_rows_give_a_number_or_nan_but_no_error(name, case):
    confidence, correct = DEGENERATE[case]
    value = METRICS[name](confidence, correct, **NEEDED.get(name, {}))
    assert type(value) is float
    t = m.tally(confidence, correct)
    assert np.array_equal(METRICS[name](t, **NEEDED.get(name, {})), value, equal_nan=True)
    if name in m.METRICS:
        assert math.isfinite(value) == (m.undefined_reason(name, t) == "")


def test_undefined_is_never_the_worst_or_the_best_value():
    for y in ([1, 1], [0, 0]):
        for name in ("auroc", "spr", "tie_rate", "brier_skill"):
            assert math.isnan(METRICS[name]([0.9, 0.8], y))
    assert math.isnan(m.confidence_when_wrong([0.9, 0.8], [1, 1]))
    assert math.isnan(m.auprc([0.9, 0.8], [0, 0]))


def test_degenerate_values():
    certain = m.tally([1.0] * 10, [1, 0] * 5)
    assert (m.ece(certain), m.auroc(certain), m.spr(certain)) == (0.5, 0.5, 0.0)
    assert (m.saturation(certain), m.log_score(certain)) == (1.0, math.inf)
    ends = m.tally([0, 1, 1, 0], [0, 1, 0, 1])
    assert (m.ece(ends), m.brier(ends), m.auroc(ends)) == (0.5, 0.5, 0.5)
    assert m.corp([0.8], [1])[:4] == pytest.approx((0.04, 0.0, 0.0, 0.04))
    assert m.ece([0.8], [1]) == pytest.approx(0.2)
