"""The verdict follows from the cells, as its rule says."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from caopd_bench.metrics import Cell, decide, holm


def cell(worse_by, error=0.01, margin=0.05, items=500, level=0.95):
    p = float(norm.sf(worse_by / error)) if error else float(worse_by <= 0)
    return Cell(worse_by, worse_by + norm.ppf(level) * error, p, error, margin, items)


NOT_COMPUTED = Cell(math.nan, math.nan, math.nan, math.nan, 0.05, 500)


@pytest.mark.parametrize(
    ("cells", "outcome"),
    [
        ([cell(0.0)], "PASS"),
        ([cell(-0.3)], "PASS"),
        ([cell(0.03)], "PASS"),  # worse, surely, and within its margin
        ([cell(0.04)], "INCONCLUSIVE"),
        ([cell(0.06)], "FAIL"),
        ([cell(0.06, error=0.05)], "INCONCLUSIVE"),  # above its margin, and perhaps by chance
        ([cell(0.0, error=0.05)], "INCONCLUSIVE"),
        ([cell(0.05)], "INCONCLUSIVE"),  # exactly at its margin
        ([cell(0.0), cell(0.06)], "FAIL"),
        ([cell(0.0), cell(0.04)], "INCONCLUSIVE"),
        ([cell(0.04), cell(0.06)], "FAIL"),
        ([cell(0.0), NOT_COMPUTED], "INCONCLUSIVE"),
        ([cell(0.06), NOT_COMPUTED], "FAIL"),
        ([NOT_COMPUTED], "INCONCLUSIVE"),
        ([cell(0.0, error=0.0)], "PASS"),
    ],
)
def test_the_rule(cells, outcome):
    assert decide(dict(enumerate(cells))).outcome == outcome


def test_a_false_alarm_costs_more_in_a_larger_family():
    one = cell(0.06, error=0.03)
    assert decide({0: one}).outcome == "FAIL"
    many = {i: cell(0.0, error=0.001) for i in range(1, 6)}
    assert decide({0: one, **many}).outcome == "INCONCLUSIVE"
    assert decide({0: one}, looks=365).outcome == "INCONCLUSIVE"
    assert decide({0: cell(0.2)}, looks=365).outcome == "FAIL"


@given(
    st.lists(
        st.tuples(st.floats(-0.2, 0.2), st.floats(0.001, 0.1), st.floats(0.01, 0.1)),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from([0.8, 0.9, 0.95, 0.99]),
    st.sampled_from([1, 7, 365]),
)
def test_against_the_rule_written_out(rows, level, looks):
    cells = {i: cell(e, s, m, level=level) for i, (e, s, m) in enumerate(rows)}
    adjusted = holm([c.p_value for c in cells.values()])
    fails = [
        p * looks <= 1 - level and c.worse_by > c.margin
        for p, c in zip(adjusted, cells.values(), strict=True)
    ]
    passes = all(c.upper < c.margin for c in cells.values())
    expected = "FAIL" if any(fails) else "PASS" if passes else "INCONCLUSIVE"
    found = decide(cells, level=level, looks=looks)
    assert found.outcome == expected
    assert np.allclose([v.adjusted for v in found.cells.values()], adjusted)


def test_items_needed():
    (verdict,) = decide({0: cell(0.01, error=0.03, margin=0.05, items=500)}).cells.values()
    expected = 500 * ((norm.ppf(0.95) + norm.ppf(0.8)) * 0.03 / 0.04) ** 2
    assert verdict.items_needed == pytest.approx(expected)
    (above,) = decide({0: cell(0.06, error=0.05)}).cells.values()
    assert math.isinf(above.items_needed)
    for decided in (cell(0.0), cell(0.2), NOT_COMPUTED):
        (verdict,) = decide({0: decided}).cells.values()
        assert math.isnan(verdict.items_needed)


def test_rounding_does_not_decide():
    # 0.05 computed another way is larger by a bit.
    nearly = Cell(0.15 - 0.1, 0.07, 1e-9, 0.01, 0.05, 500)
    assert nearly.worse_by != 0.05
    assert decide({0: nearly}).outcome == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"cells": {}}, "cells must not be empty"),
        ({"level": 95}, "level must be between 0 and 1"),
        ({"looks": 0}, "looks must be an int >= 1"),
        ({"looks": True}, "looks must be an int >= 1"),
        ({"looks": 1.5}, "looks must be an int >= 1"),
    ],
)
def test_invalid_input_is_named(arguments, said):
    with pytest.raises(ValueError, match=said):
        decide(**{"cells": {0: cell(0.0)}, **arguments})
