"""Scores of vectors against plain loops and scikit-learn; intervals; input that is refused."""

import math

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from caopd_bench.metrics import (
    bootstrap_classes,
    brier,
    brier_classes,
    classwise_ece,
    ece,
)
from caopd_bench.metrics.points.classes import CLASS_METRICS


def draw(n, classes, seed=0, *, temperature=1.0):
    """Rows of a model whose probabilities are those that are true, but for a temperature."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.ones(classes), n)
    right = (rng.random((n, 1)) > true.cumsum(axis=1)).sum(axis=1).clip(0, classes - 1)
    stated = true**temperature
    return stated / stated.sum(axis=1, keepdims=True), right


def plain_brier(rows, right):
    losses = []
    for row, at in zip(rows, right, strict=True):
        losses.append(sum((p - (k == at)) ** 2 for k, p in enumerate(row)))
    return math.fsum(losses) / len(losses)


def plain_classwise_ece(rows, right, bins):
    """Kull et al., equation by equation; classes weigh by the rows that have them."""
    total, cells = 0.0, 0
    for k in range(max(map(len, rows))):
        mine = [(row[k], at == k) for row, at in zip(rows, right, strict=True) if len(row) > k]
        error = 0.0
        for b in range(bins):
            inside = [
                (p, hit)
                for p, hit in mine
                if b / bins <= p < (b + 1) / bins or (p == 1 and b == bins - 1)
            ]
            if inside:
                gap = sum(p for p, _ in inside) / len(inside)
                gap -= sum(hit for _, hit in inside) / len(inside)
                error += len(inside) / len(mine) * abs(gap)
        total += len(mine) * error
        cells += len(mine)
    return total / cells


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_brier_is_a_plain_loop_and_scikit_learn(classes):
    p, right = draw(300, classes, classes)
    found = brier_classes(p, right)
    assert found == pytest.approx(plain_brier(p.tolist(), right), abs=1e-12)
    other = brier_score_loss(right, p, labels=range(classes), scale_by_half=False)
    assert found == pytest.approx(other, abs=1e-12)


def test_brier_of_two_classes_is_twice_that_of_one_of_them():
    p, right = draw(200, 2)
    assert brier_classes(p, right) == pytest.approx(2 * brier(p[:, 1], right), abs=1e-12)


def test_brier_at_its_ends():
    assert brier_classes([[1.0, 0.0]], [0]) == 0.0
    assert brier_classes([[1.0, 0.0]], [1]) == 2.0
    assert brier_classes([[0.25] * 4], [3]) == pytest.approx(0.75)
    assert brier_classes([[1.0]], [0]) == 0.0


@pytest.mark.parametrize("bins", [1, 10, 15])
@pytest.mark.parametrize("classes", [2, 4])
def test_classwise_ece_is_a_plain_loop(classes, bins):
    p, right = draw(400, classes, classes, temperature=2.0)
    found = classwise_ece(p, right, bins=bins)
    assert found == pytest.approx(plain_classwise_ece(p.tolist(), right, bins), abs=1e-9)


def test_classwise_ece_is_the_mean_of_one_against_the_rest():
    p, right = draw(400, 3)
    of_each = [ece(p[:, k], right == k) for k in range(3)]
    assert classwise_ece(p, right) == pytest.approx(np.mean(of_each), abs=1e-12)


def test_a_model_that_prefers_a_letter_is_seen():
    """Its chosen options are right as often as it says, but it says A too often."""
    right = np.arange(400) % 4
    rows = np.full((400, 4), 0.25)
    assert classwise_ece(rows, right) == pytest.approx(0.0)
    leaning = np.tile([0.4, 0.2, 0.2, 0.2], (400, 1))
    assert classwise_ece(leaning, right) == pytest.approx((0.15 + 3 * 0.05) / 4)


def test_rows_may_have_unlike_numbers_of_options():
    rng = np.random.default_rng(3)
    rows = [tuple(rng.dirichlet(np.ones(int(k)))) for k in rng.integers(2, 6, 300)]
    right = [int(rng.integers(0, len(row))) for row in rows]
    assert brier_classes(rows, right) == pytest.approx(plain_brier(rows, right), abs=1e-12)
    found = classwise_ece(rows, right)
    assert found == pytest.approx(plain_classwise_ece(rows, right, 10), abs=1e-9)
    # A letter that a question does not have is not a letter with the probability 0.
    assert brier_classes([[0.5, 0.5], [0.2, 0.3, 0.5]], [0, 2]) == pytest.approx(0.44)


@pytest.mark.parametrize(
    ("p", "right", "said"),
    [
        ([[0.7, 0.4]], [0], "must sum to 1 in each row, got 1.1 in row 0"),
        ([[0.5, 0.5], [0.3, 0.3]], [0, 0], "got 0.6 in row 1"),
        ([[70.0, 30.0]], [0], "must sum to 1 in each row, got 100"),
        ([[0.5, float("nan")]], [0], "must be finite, got nan in row 0"),
        ([[0.5, None]], [0], "must be finite, got nan in row 0"),
        ([[float("inf"), 0.5]], [0], "must be finite, got inf in row 0"),
        ([[1.5, -0.5]], [0], "must be 0 or more, got -0.5 in row 0"),
        ([[-0.1, -2.3]], [0], r"log-probabilities need exp\(\)"),
        ([0.5, 0.5], [0], r"one column per class, got shape \(2,\)"),
        ([], [], "got shape"),
        (np.zeros((0, 3)), [], "at least one row, got 0"),
        ([[]], [0], "one column per class"),
        ([[0.5, 0.5], []], [0, 0], "must not be empty, got none in row 1"),
        ([["a", "b"]], [0], "must be numbers"),
        ([[0.5, 0.5]], [0, 1], r"one entry per row \(1\), got shape \(2,\)"),
        ([[0.5, 0.5]], [2], "from 0 to 1, got 2 in row 0"),
        ([[0.5, 0.5], [0.2, 0.3, 0.5]], [2, 2], "from 0 to 1, got 2 in row 0"),
        ([[0.5, 0.5]], [-1], "from 0 to 1, got -1 in row 0"),
        ([[0.5, 0.5]], [0.5], "not whole"),
        ([[0.5, 0.5]], [float("nan")], "not whole"),
    ],
)
@pytest.mark.parametrize("function", [brier_classes, classwise_ece, bootstrap_classes])
def test_what_is_no_probability_is_refused_in_one_line(function, p, right, said):
    with pytest.raises(ValueError, match=said) as caught:
        function(p, right)
    assert "\n" not in str(caught.value)


def test_probabilities_that_were_rounded_are_taken():
    assert brier_classes([[0.333, 0.333, 0.333]], [0]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("bins", [0, -1, 2.5, True, "10"])
def test_bins_must_be_a_number(bins):
    with pytest.raises(ValueError, match="bins must be a positive integer"):
        classwise_ece([[0.5, 0.5]], [0], bins=bins)


def test_intervals_hold_the_estimate_and_depend_on_the_seed_alone():
    p, right = draw(200, 4, temperature=2.0)
    found, again = (bootstrap_classes(p, right, replicates=200, seed=3) for _ in range(2))
    assert found == again
    assert list(found) == list(CLASS_METRICS)
    for name, one in found.items():
        low, high = CLASS_METRICS[name].range
        assert low <= one.low < one.estimate < one.high <= high
        assert one.estimate == CLASS_METRICS[name].function(p, right)
        assert one.n == 200
        assert not one.reason
    assert found["classwise_ece"].debiased < found["classwise_ece"].estimate


def test_limits_of_brier_are_those_of_the_binary_one_twice():
    from caopd_bench.metrics import bootstrap

    p, right = draw(300, 2)
    top, hit = p.max(axis=1), p.argmax(axis=1) == right
    both = bootstrap_classes(p, right, replicates=2)["brier_classes"]
    one = bootstrap(top, hit, metrics=["brier"])["brier"]
    assert both.estimate == pytest.approx(2 * one.estimate)
    assert both.standard_error == pytest.approx(2 * one.standard_error, rel=1e-6)
    # Other closed forms, so not the same limits.
    assert both.low == pytest.approx(2 * one.low, abs=0.02)
    assert both.high == pytest.approx(2 * one.high, abs=0.02)


def test_a_calibrated_model_may_have_no_error_of_its_classes():
    p, right = draw(200, 3)
    assert bootstrap_classes(p, right, replicates=200)["classwise_ece"].low == 0.0
    p, right = draw(2000, 3, temperature=3.0)
    assert bootstrap_classes(p, right, replicates=200)["classwise_ece"].low > 0.0


def test_answers_to_one_question_are_no_independent_rows():
    p, right = draw(100, 4)
    plain = bootstrap_classes(p, right, replicates=400)
    many = np.repeat(np.arange(100), 8)
    copies = bootstrap_classes(p[many], right[many], cluster=many, replicates=400)
    for name, one in plain.items():
        other = copies[name]
        assert other.estimate == pytest.approx(one.estimate)
        assert other.method == f"cluster {one.method}"
        assert other.high - other.low == pytest.approx(one.high - one.low, rel=0.25)
    # Each row a cluster of its own is no cluster.
    alone = bootstrap_classes(p, right, cluster=np.arange(100), replicates=400)
    assert alone == plain


def test_where_there_is_no_interval_it_says_why():
    one = bootstrap_classes([[0.7, 0.3]], [0])
    assert {i.reason for i in one.values()} == {"one row: no interval"}
    assert all(math.isnan(i.low) and not math.isnan(i.estimate) for i in one.values())
    cluster = bootstrap_classes([[0.7, 0.3], [0.6, 0.4]], [0, 1], cluster=["q", "q"])
    assert {i.reason for i in cluster.values()} == {"one cluster: no interval"}
    even = bootstrap_classes([[0.5, 0.5]] * 20, [0] * 12 + [1] * 8)["brier_classes"]
    assert even.estimate == 0.5
    assert math.isnan(even.low)
    assert "whichever option is right" in even.reason


@pytest.mark.parametrize("right", [0, 1])
@pytest.mark.parametrize("top", [1.0, 0.9])
def test_rows_without_a_difference_give_no_interval_of_zero_width(right, top):
    found = bootstrap_classes([[top, 1.0 - top]] * 20, [right] * 20)["classwise_ece"]
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert "the same gaps" in found.reason


def test_all_right_and_all_wrong_leave_room_for_what_was_not_seen():
    for right, end in ((0, "high"), (1, "low")):
        found = bootstrap_classes([[0.9, 0.1]] * 30, [right] * 30)["brier_classes"]
        assert abs(getattr(found, end) - found.estimate) > 0.05


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cluster": [1]}, r"one label per row \(2\)"),
        ({"cluster": [1, None]}, "cluster must be integers or strings"),
        ({"level": 95}, "level must be between 0 and 1"),
        ({"replicates": 1}, "replicates must be an integer >= 2"),
        ({"seed": -1}, "seed must be"),
        ({"bins": 0}, "bins must be"),
    ],
)
def test_options_are_checked(options, said):
    with pytest.raises(ValueError, match=said):
        bootstrap_classes([[0.7, 0.3], [0.6, 0.4]], [0, 1], **options)


@pytest.mark.parametrize("name", list(CLASS_METRICS))
def test_limits_hold_what_is_true(name):
    """A small simulation; docs/metrics/scores.md has the large one."""
    true = CLASS_METRICS[name].function(*draw(200_000, 3, 99, temperature=2.0))
    held = 0
    for seed in range(60):
        found = bootstrap_classes(*draw(200, 3, seed, temperature=2.0), replicates=100)[name]
        held += found.low <= true <= found.high
    assert held >= 48
