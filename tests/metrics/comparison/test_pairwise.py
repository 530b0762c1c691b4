"""All pairs of models at once: the numbers of `compare` on all rows, silence at its worst."""

from itertools import combinations

import numpy as np
import pytest

from caopd_bench.metrics import brier_skill, compare, skill_pairs


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


def fill_worst(stated, correct):
    return np.where(np.isnan(stated), 1.0 - correct, stated)


@pytest.mark.parametrize("samples", [1, 4])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_every_pair_has_the_numbers_of_compare(samples, level):
    c, y, cluster = make_models(samples, samples=samples)
    labels = cluster if samples > 1 else None
    found = skill_pairs(list(zip(c, y, strict=True)), cluster=labels, level=level)
    assert [(one.a, one.b) for one in found] == list(combinations(range(5), 2))
    for one in found:
        a, b = ((fill_worst(c[m], y[m]), y[m]) for m in (one.a, one.b))
        assert one.difference == pytest.approx(brier_skill(*b) - brier_skill(*a))
        change = compare(a, b, cluster=labels, metrics=["brier_skill", "accuracy"], level=level)
        skill, accuracy = change["brier_skill"], change["accuracy"]
        ours = (one.difference, one.low, one.high, one.p_value, one.standard_error)
        theirs = (
            skill.difference,
            skill.low,
            skill.high,
            skill.p_value,
            skill.standard_error,
        )
        assert ours == pytest.approx(theirs, rel=1e-7, abs=1e-12)
        assert (one.accuracy_difference, one.accuracy_p_value) == pytest.approx(
            (accuracy.difference, accuracy.p_value)
        )
        assert one.n == 240
        assert one.reason == ""


def test_silence_costs_and_says_nothing_of_the_accuracy():
    c, y, _ = make_models(3, models=1, silent=0.0)
    silent = np.where(y[0] == 0, np.nan, c[0])
    (one,) = skill_pairs([(c[0], y[0]), (silent, y[0])])
    assert one.high < 0
    assert one.accuracy_difference == 0
    # What is not stated counts as the worst that could have been.
    worst = np.where(y[0] == 0, 1.0, c[0])
    assert one.difference == pytest.approx(brier_skill(worst, y[0]) - brier_skill(c[0], y[0]))


def test_no_constant_has_a_skill_above_0():
    rng = np.random.default_rng(0)
    y = (rng.random(200) < 0.4).astype(float)
    knows = np.where(y == 1, 0.6, 0.3)
    for stated in (0.0, 0.3, y.mean(), 0.9, 1.0):
        (one,) = skill_pairs([(np.full(200, stated), y), (knows, y)])
        assert brier_skill(np.full(200, stated), y) <= 1e-12
        assert one.low > 0


def test_two_models_that_are_alike():
    c, y, _ = make_models(1, models=1, silent=0.0)
    (one,) = skill_pairs([(c[0], y[0])] * 2)
    change = compare((c[0], y[0]), (c[0], y[0]), metrics=["brier_skill"])["brier_skill"]
    assert one.difference == 0
    assert np.isnan(one.p_value)
    assert one.reason == change.reason == "the two models do not differ in any row"


@pytest.mark.parametrize(
    ("correct", "cluster", "said"),
    [
        ([0] * 40, None, "fewer than 5 right answers in b"),
        ([1] * 40, None, "fewer than 5 wrong answers in b"),
        ([1] * 4 + [0] * 36, None, "fewer than 5 right answers in b"),
        ([1] * 8 + [0] * 32, np.arange(40) // 2, "fewer than 5 clusters with right answers in b"),
        ([1, 0] * 20, np.arange(40) // 10, "fewer than 5 clusters"),
    ],
)
def test_too_little_to_test_has_a_reason(correct, cluster, said):
    usual = (np.linspace(0, 1, 40), [1, 0] * 20)
    (one,) = skill_pairs([usual, ([0.5] * 39 + [0.4], correct)], cluster=cluster)
    assert one.reason == said
    assert np.isnan([one.low, one.high, one.p_value, one.standard_error]).all()
    assert np.isnan(one.accuracy_p_value) == (said == "fewer than 5 clusters")
    assert one.accuracy_difference == pytest.approx(np.mean(correct) - 0.5)


def test_one_more_right_answer_is_enough():
    usual = (np.linspace(0, 1, 40), [1, 0] * 20)
    (one,) = skill_pairs([usual, ([0.5] * 39 + [0.4], [1] * 5 + [0] * 35)])
    assert one.reason == ""
    assert one.p_value < 1


def test_equal_models_are_seldom_told_apart():
    """One law, answers correlated between the models; saturated, and with 15 % right."""
    alarms, draws = 0, 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        law = (0.15, 0.3) if seed % 2 else (0.65, 0.95)
        hard = rng.normal(size=300)
        models = []
        for _ in range(2):
            right = hard + rng.normal(size=300) < np.quantile(hard, law[0]) * np.sqrt(2)
            sure = rng.random(300) < law[1] * (1 + right) / 2
            models.append((np.where(sure, 1.0, 0.9) if law[1] > 0.9 else 0.1 + 0.3 * sure, right))
        (one,) = skill_pairs(models)
        draws += 1
        alarms += one.p_value <= 0.05
    # Binomial, 400 draws of .05: 3.3 standard errors either way.
    assert 0.014 <= alarms / draws <= 0.086


@pytest.mark.parametrize(
    ("confidence", "correct", "said"),
    [
        ([0.5, 0.5], [1, 0, 1], r"models\[1\]: .* got \(2,\) and \(3,\)"),
        ([95.0, 0.5], [1, 0], r"models\[1\]: .* got 95.0; divide percentages by 100"),
        ([0.5, -0.1], [1, 0], "got -0.1"),
        ([0.5, np.inf], [1, 0], "got inf"),
        ([0.5, 0.5], [1, 2], "must be 0 or 1, got 2.0"),
        ([0.5, 0.5], [1, np.nan], "must be 0 or 1, got nan"),
        (["high", "low"], [1, 0], r"models\[1\]: confidence must be numbers"),
        ([True, False], [1, 0], r"models\[1\]: confidence must be numbers"),
        ([], [], r"models\[1\]: confidence must have at least one row"),
        ([0.5] * 3, [1, 0, 1], r"the same rows, got \[2, 3\]"),
    ],
)
def test_bad_input_is_named(confidence, correct, said):
    with pytest.raises(ValueError, match=said):
        skill_pairs([([0.5, 0.5], [1, 0]), (confidence, correct)])


def test_missing_confidences_are_silence():
    masked = np.ma.array([0.5, 0.5], mask=[False, True])
    (one,) = skill_pairs([(masked, [1, 0]), ([0.5, None], [1, 0])])
    assert one.difference == 0


def test_cluster_labels_are_one_per_row():
    with pytest.raises(ValueError, match="cluster must have one label"):
        skill_pairs([([0.5, 0.5], [1, 0])] * 2, cluster=[1])
