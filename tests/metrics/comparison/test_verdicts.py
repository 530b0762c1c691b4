"""The verdict follows from the cells, as its rule says."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from caopd_bench.metrics import Cell, decide, degradation, holm


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


def test_items_needed_to_pass():
    (verdict,) = decide({0: cell(0.01, error=0.03, margin=0.05, items=500)}).cells.values()
    expected = 500 * ((norm.ppf(0.95) + norm.ppf(0.8)) * 0.03 / 0.04) ** 2
    assert verdict.items_needed == pytest.approx(expected)
    # What the silent answers could have done stays, however many items there are.
    base = cell(0.01, error=0.03)
    for excess, needed in ((0.02, expected * 4), (0.04, math.inf)):
        shy = replace(base, upper=base.upper + excess, excess=excess)
        (verdict,) = decide({0: shy}).cells.values()
        assert verdict.items_needed == pytest.approx(needed)


def test_items_needed_to_fail():
    above = cell(0.06, error=0.05)
    (verdict,) = decide({0: above}).cells.values()
    # One cell: as surely above 0 as the level asks, and above its margin.
    z = norm.ppf(0.95), norm.ppf(0.8)
    to_be_worse, to_be_above = ((sum(z) * 0.05 / 0.06) ** 2, (z[1] * 0.05 / 0.01) ** 2)
    assert verdict.items_needed == pytest.approx(500 * max(to_be_worse, to_be_above))
    far = cell(0.2, error=0.15)
    many = {i: cell(0.0, error=0.001) for i in range(1, 7)}
    needed = decide({0: far, **many}, looks=10).cells[0].items_needed
    strict = norm.ppf(1 - 0.05 / 70)
    assert needed == pytest.approx(500 * ((strict + z[1]) * 0.15 / 0.2) ** 2)
    (at_it,) = decide({0: cell(0.05, error=0.05)}).cells.values()
    assert math.isinf(at_it.items_needed)


def test_items_needed_where_the_error_falls_with_the_items_themselves():
    """Two runs that always parse: sqrt(2) / n is no chance, and falls as 1 / n."""
    n, margin = 60, 0.02
    error = math.sqrt(2) / n
    alike = Cell(0.0, norm.ppf(0.95) * error, 0.5, error, margin, n, extra=error**2)
    (verdict,) = decide({0: alike}).cells.values()
    assert verdict.items_needed == pytest.approx(norm.ppf(0.95) * math.sqrt(2) / margin)
    # With some rows that differ the two parts add up.
    mixed = replace(alike, standard_error=2 * error, upper=norm.ppf(0.95) * 2 * error)
    (verdict,) = decide({0: mixed}).cells.values()
    times = verdict.items_needed / n
    chance = 3 * error**2 / times
    reach = norm.ppf(0.95) * math.sqrt(chance + error**2 / times**2)
    assert reach + norm.ppf(0.8) * math.sqrt(chance) == pytest.approx(margin)


def test_items_needed_is_true_of_the_parse_rate():
    """With the items that were named, runs that parse everything do PASS; with fewer not."""

    def judge(n):
        stated, y = np.tile([0.9, 0.6], n // 2), np.tile([1, 0], n // 2)
        d = degradation((stated, y), (stated[::-1], y[::-1]))["parse_rate"]
        c = Cell(d.worse_by, d.upper, d.p_value, d.standard_error, 0.02, n, extra=d.extra)
        return decide({0: c})

    said = judge(60).cells[0].items_needed
    assert 110 < said < 125
    # Student's t asks for a few more than the normal quantile.
    assert judge(2 * math.ceil(said * 1.02 / 2)).outcome == "PASS"
    assert judge(2 * math.floor(said * 0.95 / 2)).outcome == "INCONCLUSIVE"


def test_items_needed_is_never_less_than_what_is_asked_or_what_there_is():
    open_ = cell(0.0, error=0.0305, items=60)
    for least, expected in ((0, 139), (100, 139), (500, 500)):
        (verdict,) = decide({0: open_}, least=least).cells.values()
        assert verdict.items_needed == pytest.approx(expected, abs=1)
    barely = cell(0.0199, error=0.0184, items=500)
    (verdict,) = decide({0: barely}).cells.values()
    assert verdict.items_needed >= 501


def test_items_needed_of_what_was_not_computed():
    for least_items, least, expected in ((750.0, 0, 750.0), (80.0, 100, 501.0), (80.0, 900, 900.0)):
        (verdict,) = decide(
            {0: replace(NOT_COMPUTED, least_items=least_items)}, least=least
        ).cells.values()
        assert verdict.items_needed == expected
    (verdict,) = decide({0: replace(NOT_COMPUTED, least_items=math.inf)}).cells.values()
    assert math.isinf(verdict.items_needed)
    (verdict,) = decide({0: NOT_COMPUTED}).cells.values()
    assert math.isnan(verdict.items_needed)
    # It is no part of the family of tests.
    alone, beside = (
        decide({0: cell(0.06, error=0.05), **more}).cells[0].items_needed
        for more in ({}, {1: NOT_COMPUTED})
    )
    assert alone == beside


def test_what_is_decided_needs_nothing():
    for decided in (cell(0.0), cell(0.2)):
        (verdict,) = decide({0: decided}, least=10_000).cells.values()
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
        ({"least": -1}, "least must be an int >= 0"),
        ({"least": 1.0}, "least must be an int >= 0"),
    ],
)
def test_invalid_input_is_named(arguments, said):
    with pytest.raises(ValueError, match=said):
        decide(**{"cells": {0: cell(0.0)}, **arguments})
