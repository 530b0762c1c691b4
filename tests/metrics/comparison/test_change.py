"""Decompositions of a change add up, and their parts are those of compare."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import brier_change, compare, corp, gap_change, overconfidence_gap, tally


def rows(n, seed):
    rng = np.random.default_rng(seed)
    c = rng.choice([0.1, 0.35, 0.6, 0.7, 0.85, 0.9, 1.0], n)
    return c, rng.random(n) < c


@settings(max_examples=25, deadline=None)
@given(st.integers(6, 60), st.integers(0, 10**6))
def test_parts_add_up_exactly(n, seed):
    a, b = rows(n, seed), rows(n, seed + 1)
    g = gap_change(a, b)
    assert g.gap.difference == g.confidence.difference - g.accuracy.difference
    c = brier_change(a, b)
    parts = c.miscalibration.difference - c.discrimination.difference + c.uncertainty.difference
    assert c.brier.difference == parts
    plain = overconfidence_gap(*b) - overconfidence_gap(*a)
    assert g.gap.difference == pytest.approx(plain, abs=1e-12)
    assert parts == pytest.approx(corp(*b).score - corp(*a).score, abs=1e-12)


def test_limits_are_those_of_compare():
    a, b, cluster = rows(80, 1), rows(80, 2), np.arange(80) // 4
    expected = compare(a, b, cluster=cluster, level=0.9)
    g, c = (
        gap_change(a, b, cluster=cluster, level=0.9),
        brier_change(a, b, cluster=cluster, level=0.9),
    )
    assert (g.gap.low, g.gap.high) == (
        expected["overconfidence_gap"].low,
        expected["overconfidence_gap"].high,
    )
    assert g.accuracy == expected["accuracy"]
    assert c.discrimination == expected["discrimination"]
    assert c.miscalibration == expected["miscalibration"]


def test_rising_accuracy_alone_is_seen_as_such():
    """More right answers, the same confidence: the gap falls, and none of it is confidence."""
    c, y = rows(400, 3)
    better = y | (np.random.default_rng(4).random(400) < 0.3)
    g = gap_change((c, y), (c, better))
    assert g.confidence.difference == 0.0
    assert g.confidence.method == "no difference seen"
    assert g.gap.difference == -g.accuracy.difference < 0
    assert brier_change((c, y), (c, better)).uncertainty.difference < 0


def test_rows_can_be_matched_by_id():
    a, b = rows(40, 5), rows(40, 6)
    ids, order = np.arange(40), np.random.default_rng(0).permutation(40)
    shuffled = tuple(x[order] for x in b)
    assert gap_change(a, shuffled, item=(ids, ids[order])) == gap_change(a, b)


def test_to_dict_and_sentence():
    a, b = rows(30, 7), ([0.9] * 30, [1] * 30)
    c = brier_change(a, b)
    d = json.loads(json.dumps(c.to_dict(), allow_nan=False))
    assert d["brier"]["difference"] == c.brier.difference
    assert set(d) == {"brier", "miscalibration", "discrimination", "uncertainty", "confidence"}
    assert str(c).startswith(f"Brier {c.brier.difference:+.3f} = MCB")
    assert json.dumps(gap_change(a, b).to_dict(), allow_nan=False)
    assert tally(*b).accuracy == gap_change(a, b).accuracy.b
