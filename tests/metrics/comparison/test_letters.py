"""Letters in place of ranks say exactly which models were told apart."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import group_letters


@settings(max_examples=200)
@given(st.data())
def test_letters_are_shared_by_exactly_those_not_told_apart(data):
    m = data.draw(st.integers(0, 7))
    order = data.draw(st.permutations(range(m)))
    pairs = list(combinations(range(m), 2))
    different = set(data.draw(st.lists(st.sampled_from(pairs), unique=True))) if pairs else set()
    letters = group_letters(order, different)
    assert all(letters)
    for a, b in pairs:
        assert bool(set(letters[a]) & set(letters[b])) == ((a, b) not in different)
    if order:
        assert letters[order[0]].startswith("a")


def test_many_models_all_told_apart():
    m = 60
    letters = group_letters(range(m), combinations(range(m), 2))
    assert letters[:2] == ["a", "b"]
    assert letters[-1] == "(60)"
    assert len(set(letters)) == m


def test_letters_need_an_order():
    with pytest.raises(ValueError, match="order must contain 0 to 1"):
        group_letters([0, 2], set())
