"""Holm's method."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caopd_bench.metrics import holm

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_known_answer():
    # Four tests: 4 x .005, 3 x .01, 2 x .03, and .04 raised to the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(SHARES)
def test_by_definition(p):
    expected = [max(min(1.0, sum(q >= x for q in p) * x) for x in p if x <= own) for own in p]
    assert holm(p) == pytest.approx(expected)


@given(SHARES)
def test_between_the_p_value_and_bonferroni(p):
    adjusted = holm(p)
    assert (adjusted >= np.array(p)).all()
    assert (adjusted <= np.minimum(np.array(p) * len(p), 1.0) + 1e-15).all()


def test_a_mapping_keeps_its_keys_and_order():
    assert list(holm({"b": 0.5, "a": 0.01}).items()) == [("b", 0.5), ("a", 0.02)]


def test_what_was_not_tested_does_not_count():
    adjusted = holm([0.01, np.nan, 0.5])
    assert adjusted[0] == 0.02
    assert np.isnan(adjusted[1])
    assert holm([]).size == 0


@pytest.mark.parametrize("p", [[0.5, 1.5], [-0.1], [[0.5]]])
def test_invalid(p):
    with pytest.raises(ValueError, match="p_values must be"):
        holm(p)


def test_no_false_alarm_in_19_families_of_20():
    rng = np.random.default_rng(1)
    families = rng.random((2000, 8))
    alarms = np.mean([holm(p).min() <= 0.05 for p in families])
    assert 0.035 < alarms < 0.065
