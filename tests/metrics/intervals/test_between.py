"""Discrimination between groups: brute force, the split of all pairs, coverage."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caopd_bench.metrics import (
    auroc,
    auroc_between,
    auroc_within,
    bootstrap_between,
    tally,
)

ROW = st.tuples(st.sampled_from([0.1, 0.5, 0.5, 0.9]), st.integers(0, 1))
GROUPS = st.lists(st.lists(ROW, min_size=1, max_size=5), min_size=1, max_size=6)


def split(rows):
    return tally([c for c, _ in rows], [y for _, y in rows])


def by_hand(groups):
    ranked = pairs = 0.0
    for a, b in itertools.permutations(groups, 2):
        for (c, y), (d, z) in itertools.product(a, b):
            if y == 1 and z == 0:
                pairs += 1
                ranked += 1.0 if c > d else 0.5 if c == d else 0.0
    return ranked / pairs if pairs else math.nan


@given(GROUPS)
def test_it_is_the_share_of_pairs_counted_by_hand(groups):
    expected = by_hand(groups)
    found = auroc_between([split(rows) for rows in groups])
    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


@given(GROUPS)
def test_within_and_between_make_up_all_pairs(groups):
    tallies = [split(rows) for rows in groups]
    rows = [row for group in groups for row in group]
    right, wrong = sum(y for _, y in rows), sum(1 - y for _, y in rows)
    inside = sum(sum(y for _, y in g) * sum(1 - y for _, y in g) for g in groups)
    parts = [(auroc_within(tallies), inside), (auroc_between(tallies), right * wrong - inside)]
    total = sum(value * pairs for value, pairs in parts if pairs)
    if right * wrong:
        assert auroc(split(rows)) == pytest.approx(total / (right * wrong), abs=1e-12)


def draw_questions(generator, n, k, spread, noise):
    """Questions whose success rate differs, and a model that knows it with some noise."""
    rate = generator.beta(spread, spread, n)
    stated = np.clip(rate + noise * generator.normal(size=n), 0, 1).round(1)
    right = generator.random((n, k)) < rate[:, None]
    each = np.clip(stated[:, None] + 0.1 * generator.normal(size=(n, k)), 0, 1).round(1)
    return [tally(each[i], right[i].astype(int)) for i in range(n)]


def test_an_interval_of_questions_covers():
    generator = np.random.default_rng(0)
    truth = auroc_between(draw_questions(generator, 4000, 8, 1.0, 0.3))
    covered = 0
    for _ in range(200):
        found = bootstrap_between(draw_questions(generator, 60, 8, 1.0, 0.3))
        covered += found.low <= truth <= found.high
    assert covered >= 180


def test_samples_of_a_question_are_not_independent():
    generator = np.random.default_rng(1)
    questions = draw_questions(generator, 60, 8, 1.0, 0.3)
    once = draw_questions(generator, 60, 1, 1.0, 0.3)
    # Eight samples of each are far from eight times as many questions.
    ratio = bootstrap_between(once).standard_error / bootstrap_between(questions).standard_error
    assert 1 < ratio < 2.5


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ([[(0.9, 1)]] * 20, "no two questions"),
        ([[(0.9, 1), (0.1, 0)]] * 5, "5 questions: too few"),
        ([[(0.9, 1)], [(0.1, 0)]] * 10, "ordered alike"),
    ],
)
def test_what_is_undefined_has_a_reason(groups, reason):
    found = bootstrap_between([split(rows) for rows in groups])
    assert math.isnan(found.low)
    assert reason in found.reason


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="one per group"):
        auroc_between([])
    with pytest.raises(ValueError, match="level must be"):
        bootstrap_between([split([(0.5, 1)])], level=1.0)
    weighted = tally([0.5, 0.6], [0, 1], weights=[1.0, 2.0])
    with pytest.raises(ValueError, match="weight"):
        bootstrap_between([weighted] * 20)


@pytest.mark.parametrize(("few", "kind"), [(9, "right"), (10, None)])
def test_few_questions_with_a_right_answer_have_no_interval(few, kind):
    generator = np.random.default_rng(0)
    groups = [
        tally(generator.random(4).round(1), [int(q < few and i == 0) for i in range(4)])
        for q in range(50)
    ]
    found = bootstrap_between(groups)
    assert 0 < found.estimate < 1
    if kind is None:
        assert found.low < found.estimate < found.high
    else:
        assert math.isnan(found.low)
        assert found.reason == "9 questions have a right sample: too few for an interval"
