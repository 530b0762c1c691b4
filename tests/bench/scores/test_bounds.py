"""What unparsed rows could do: the bounds hold for whatever they state, and are attained."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench import score
from caopd_bench.metrics import METRICS, tally
from caopd_bench.runs.run import Row, Run, count_rows
from caopd_bench.scores.bounds import BOUNDED, worst_cases


def make_rows(answers):
    return [
        Row("t", str(i), -1, {}, c, y, "ok" if c is not None else "no_answer")
        for i, (c, y) in enumerate(answers)
    ]


def values_of(metric, answers):
    """Give the metric for each way to fill in what was not stated, on a grid with 0 and 1."""
    stated = [[0.0, 0.25, 0.5, 0.9, 1.0] if c is None else [c] for c, _ in answers]
    correct = [y for _, y in answers]
    return [
        METRICS[metric].function(tally(filled, correct)) for filled in itertools.product(*stated)
    ]


answers = st.lists(
    st.tuples(st.one_of(st.none(), st.sampled_from([0.0, 0.3, 0.7, 1.0])), st.integers(0, 1)),
    min_size=1,
    max_size=7,
).filter(lambda rows: 1 <= sum(c is None for c, _ in rows) <= 3)


@settings(deadline=None, max_examples=30)
@given(answers)
def test_no_way_to_fill_in_leaves_the_bounds(rows):
    found = {metric: (low, high) for metric, low, high in worst_cases(count_rows(make_rows(rows)))}
    assert set(found) == set(BOUNDED)
    for metric, (low, high) in found.items():
        values = np.array(values_of(metric, rows))
        if np.isnan(values).all():
            assert np.isnan([low, high]).all()
            continue
        assert low - 1e-12 <= values.min()
        assert values.max() <= high + 1e-12
        if metric != "ece":  # attained, at 0 and 1
            assert [values.min(), values.max()] == pytest.approx([low, high], abs=1e-12)


def test_the_bounds_of_the_ece_can_be_attained():
    rows = [(1.0, 0), (0.0, 1), (None, 1), (None, 0)]
    low, high = {m: (a, b) for m, a, b in worst_cases(count_rows(make_rows(rows)))}["ece"]
    assert (low, high) == (0.0, 1.0)
    assert max(values_of("ece", rows)) == 1.0


def test_records_of_bounds():
    run = Run("r", "r", make_rows([(0.9, 1), (0.4, 0), (None, 1)] * 30), {})
    found = {r.metric: r for r in score(run)}
    assert {m for m in found if m.endswith("_bounds")} == {f"{m}_bounds" for m in BOUNDED}
    bound = found["brier_bounds"]
    assert (bound.interval, bound.n) == ("worst case", 90)
    assert "30 of 90 rows could have stated anything in [0, 1]" in bound.reason
    # (.01 + .16) / 3 with the third of the rows at their best, and at their worst.
    assert (bound.low, bound.high) == pytest.approx((0.17 / 3, 1.17 / 3))
    complete = Run("r", "r", make_rows([(0.9, 1), (0.4, 0)] * 30), {})
    assert not [r for r in score(complete) if r.metric.endswith("_bounds")]


def test_bounds_of_undefined_metrics():
    found = {r.metric: r for r in score(Run("r", "r", make_rows([(0.9, 1), (None, 1)] * 30), {}))}
    assert np.isnan(found["auroc_bounds"].low)
    assert "undefined like the metric itself" in found["auroc_bounds"].reason


def test_the_table_shows_them(mixed, make_run, run):
    out = run("score", mixed)[1]
    assert out.count("\n    worst case") == 5
    assert out.count("for anything the unparsed rows could have stated") == 1
    assert "worst case" not in run("score", make_run([(0.9, 1), (0.5, 0)], "whole"))[1]
    assert "worst case" not in run("score", mixed, "--missing", "zero")[1]
