"""The registry of metrics, and all of them in one object."""

import json
import math

import numpy as np
import pytest

from caopd_bench.metrics import (
    METRICS,
    Summary,
    Tally,
    bootstrap,
    ece_interval,
    null_ece,
    summary,
    tally,
    undefined_reason,
)

MIXED = tally(np.repeat([0.2, 0.5, 0.9], [10, 10, 20]), [1, 0, 0, 1] * 10)
RIGHT, WRONG = tally([0.9, 0.8], [1, 1]), tally([0.9, 0.8], [0, 0])


# Registry


def test_every_metric_returns_a_float_and_works_along_the_last_axis():
    for name, metric in METRICS.items():
        value = metric.function(MIXED)
        assert type(value) is float, name
        swapped = metric.function(Tally(MIXED.values, MIXED.wrong, MIXED.right))
        stacked = np.stack([MIXED.right, MIXED.wrong]), np.stack([MIXED.wrong, MIXED.right])
        assert metric.cells(MIXED.values, *stacked) == pytest.approx([value, swapped]), name
        assert metric.higher_is_better in (True, False, None), name
    assert len({metric.label for metric in METRICS.values()}) == len(METRICS)
    with pytest.raises(ValueError, match="metrics must be among"):
        undefined_reason("f1", MIXED)


def test_a_reason_is_given_exactly_where_there_is_no_number():
    for t in (MIXED, RIGHT, WRONG, tally([1.0, 0.5], [0, 1]), tally([0.5], [1]), tally([0.0], [0])):
        for name, metric in METRICS.items():
            value = metric.function(t)
            assert (undefined_reason(name, t) == "") == math.isfinite(value), (name, t)
            assert np.array_equal(metric.cells(*t.cells), value, equal_nan=True), (name, t)


def test_reasons():
    for name in ("auroc", "spr", "tie_rate", "brier_skill"):
        label = METRICS[name].label
        for t, kind in ((RIGHT, "right"), (WRONG, "wrong")):
            assert math.isnan(METRICS[name].function(t))
            reason = f"all answers {kind}: {label} needs right and wrong answers"
            assert undefined_reason(name, t) == reason
    assert "all answers right" in undefined_reason("confidence_when_wrong", RIGHT)
    assert undefined_reason("confidence_when_wrong", WRONG) == ""
    assert "all answers wrong" in undefined_reason("auprc", WRONG)
    assert undefined_reason("auprc", RIGHT) == ""
    refuted = tally([1.0, 0.5], [0, 1])
    assert METRICS["log_score"].function(refuted) == math.inf
    assert undefined_reason("log_score", refuted) == (
        "a confidence of exactly 0 or 1 was refuted: Log score is infinite"
    )


# Summary


def test_the_values_are_those_of_the_metrics():
    s = summary(MIXED)
    assert (s.n, s.n_right, s.distinct) == (40, 20, 3)
    assert set(s.values) == {*METRICS, "ece_debiased", "null_ece"}
    for name, metric in METRICS.items():
        assert s[name] == metric.function(MIXED)
    assert s["ece_debiased"] == ece_interval(MIXED).debiased
    assert s["null_ece"] == null_ece(MIXED).mean
    assert s.reasons == {}
    assert s.intervals is None
    rows = np.repeat([0.2, 0.5, 0.9], [10, 10, 20]), [1, 0, 0, 1] * 10
    assert summary(*rows).values == s.values
    with pytest.raises(KeyError, match="'f1' is not a metric; there are accuracy, "):
        s["f1"]


def test_intervals_are_those_of_the_bootstrap():
    options = {"level": 0.9, "replicates": 50, "seed": 3}
    s = summary(MIXED, intervals=True, **options)
    assert repr(dict(s.intervals)) == repr(bootstrap(MIXED, **options))
    assert s.values == summary(MIXED).values


def test_nothing_in_it_can_be_changed():
    s = summary(MIXED, intervals=True, replicates=20)
    with pytest.raises(AttributeError):
        s.n = 1
    for mapping in (s.values, s.reasons, s.intervals):
        with pytest.raises(TypeError):
            mapping["ece"] = 0.0


@pytest.mark.parametrize("t", [MIXED, RIGHT, WRONG, tally([1.0], [0])])
def test_it_is_strict_json(t):
    s = summary(t, intervals=True, replicates=20)
    found = json.loads(json.dumps(s.to_dict(), allow_nan=False))
    assert found["n"] == t.n
    assert found["values"]["brier"] == s["brier"]
    for name, value in found["values"].items():
        assert (value is None) == (name in found["reasons"]), name
    for name, interval in found["intervals"].items():
        assert (interval["low"] is None) == bool(interval["reason"]), name
    assert json.loads(json.dumps(summary(t).to_dict(), allow_nan=False))["intervals"] is None


def test_weighted_rows_have_values_but_nothing_drawn():
    t = tally([0.9, 0.6, 0.6], [1, 1, 0], weights=[1.0, 2.0, 3.5])
    s = summary(t)
    assert s.n == 6.5
    assert math.isnan(s["ece_debiased"])
    assert math.isnan(s["null_ece"])
    assert s.reasons["null_ece"] == "weighted rows: this needs whole rows"
    assert math.isfinite(s["auroc"])
    json.dumps(s.to_dict(), allow_nan=False)
    with pytest.raises(ValueError, match="must not be weighted"):
        summary(t, intervals=True)


def test_it_prints_as_a_table():
    lines = repr(summary(tally([0.9, 0.9, 0.6], [1, 1, 1]))).splitlines()
    assert lines[0] == "3 rows, 3 right, 2 distinct confidences"
    assert len(lines) == 1 + len(METRICS) + 2
    assert any(line.split() == ["ECE", "0.200"] for line in lines)
    assert any(line.startswith("AUROC") and "nan  all answers right" in line for line in lines)
    table = str(summary(MIXED, intervals=True, replicates=50))
    interval = bootstrap(MIXED, metrics=["brier"])["brier"]
    assert f"[{interval.low:.3f}, {interval.high:.3f}]" in table
    assert isinstance(summary(MIXED), Summary)
