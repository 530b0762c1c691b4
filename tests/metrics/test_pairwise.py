"""All pairs of models at once: the numbers of `compare`, and letters that say what they found."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import brier_pairs, compare, group_letters


def make_models(seed, models=5, rows=240, *, samples=1, silent=0.1):
    rng = np.random.default_rng(seed)
    hard = np.repeat(rng.random(rows // samples), samples)
    confidence, correct = [], []
    for _ in range(models):
        right = (rng.random(hard.size) < hard).astype(float)
        stated = np.round(np.clip(hard + rng.normal(0, 0.3, hard.size), 0, 1), 1)
        stated[rng.random(hard.size) < silent] = np.nan
        confidence.append(stated)
        correct.append(right)
    cluster = np.arange(hard.size) // samples
    return np.array(confidence), np.array(correct), cluster


@pytest.mark.parametrize("samples", [1, 4])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_every_pair_has_the_numbers_of_compare(samples, level):
    c, y, cluster = make_models(samples, samples=samples)
    labels = cluster if samples > 1 else None
    found = brier_pairs(list(zip(c, y, strict=True)), cluster=labels, level=level)
    assert [(one.a, one.b) for one in found] == list(combinations(range(5), 2))
    for one in found:
        both = ~np.isnan(c[one.a]) & ~np.isnan(c[one.b])
        change = compare(
            (c[one.a][both], y[one.a][both]),
            (c[one.b][both], y[one.b][both]),
            cluster=None if labels is None else labels[both],
            metrics=["brier"],
            level=level,
        )["brier"]
        ours = (one.difference, one.low, one.high, one.p_value, one.standard_error)
        theirs = (
            change.difference,
            change.low,
            change.high,
            change.p_value,
            change.standard_error,
        )
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)
        assert one.n == both.sum()


def test_two_models_that_are_alike():
    c, y, _ = make_models(1, models=1, silent=0.0)
    (one,) = brier_pairs([(c[0], y[0])] * 2)
    change = compare((c[0], y[0]), (c[0], y[0]), metrics=["brier"])["brier"]
    assert (one.low, one.high, one.p_value) == pytest.approx(
        (change.low, change.high, change.p_value)
    )


def test_too_few_rows_have_no_limits():
    nan = float("nan")
    (few,) = brier_pairs([(c, [1, 0, 1, 0]) for c in ([0.9, 0.8, 0.7, nan], [0.5] * 4)])
    assert few.n == 3
    assert np.isnan(few.p_value)
    assert not np.isnan(few.difference)
    (none,) = brier_pairs([(c, [1, 0, 1, 0, 1, 1]) for c in ([nan] * 6, [0.5] * 6)])
    assert none.n == 0
    assert np.isnan(none.difference)


@pytest.mark.parametrize(
    ("confidence", "correct", "said"),
    [
        ([0.5, 0.5], [1, 0, 1], r"models\[1\]: .* got \(2,\) and \(3,\)"),
        ([95.0, 0.5], [1, 0], r"models\[1\]: .* got 95.0; divide percentages by 100"),
        ([0.5, -0.1], [1, 0], "got -0.1"),
        ([0.5, np.inf], [1, 0], "got inf"),
        ([0.5, 0.5], [1, 2], "must be 0 or 1, got 2.0"),
        ([0.5, 0.5], [1, np.nan], "must be 0 or 1, got nan"),
        (["high", "low"], [1, 0], "must be numbers"),
        ([0.5] * 3, [1, 0, 1], r"the same rows, got \[2, 3\]"),
    ],
)
def test_bad_input_is_named(confidence, correct, said):
    with pytest.raises(ValueError, match=said):
        brier_pairs([([0.5, 0.5], [1, 0]), (confidence, correct)])


def test_cluster_labels_are_one_per_row():
    with pytest.raises(ValueError, match="cluster must have a label"):
        brier_pairs([([0.5, 0.5], [1, 0])] * 2, cluster=[1])


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
    with pytest.raises(ValueError, match="order must hold 0 to 1"):
        group_letters([0, 2], set())
