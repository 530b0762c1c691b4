"""Cross-fitting: nothing is mapped by a fit that has seen it, whatever the order of the rows."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import (
    auroc,
    auroc_within,
    brier,
    cross_recalibrate,
    recalibrate,
    tally,
)
from caopd_bench.metrics.recalibration.cross import _deal, cross_tallies

POPULATION = runpy.run_path(
    str(Path(__file__).parents[2] / "studies" / "metrics" / "populations.py")
)["population"]
METHODS = ("constant", "temperature", "platt", "beta", "isotonic", "histogram")

some = settings(deadline=None, max_examples=40)
values = st.one_of(
    st.integers(0, 10).map(lambda k: k / 10), st.floats(0.0, 1.0, allow_subnormal=False)
)
rows_of_two_or_more = st.lists(st.tuples(values, st.booleans()), min_size=2, max_size=40)


def columns(rows):
    return np.array([c for c, _ in rows], dtype=float), np.array([y for _, y in rows], dtype=int)


def dealt(t, folds, seed=0):
    return _deal(t, folds, np.random.default_rng(seed))


@some
@given(rows_of_two_or_more, st.integers(2, 5), st.integers(0, 5))
def test_the_folds_partition_the_rows_evenly(rows, folds, seed):
    t = tally(*columns(rows))
    folds = min(folds, t.n)
    parts = dealt(t, folds, seed)
    assert np.array_equal(parts.right.sum(axis=0), t.right)
    assert np.array_equal(parts.wrong.sum(axis=0), t.wrong)
    assert min(parts.right.min(), parts.wrong.min()) >= 0
    size = (parts.right + parts.wrong).sum(axis=1)
    assert size.max() - size.min() <= 1
    at_value = parts.right + parts.wrong
    assert (at_value.max(axis=0) - at_value.min(axis=0) <= 2).all()


@some
@given(rows_of_two_or_more, st.randoms(use_true_random=False), st.sampled_from(METHODS))
def test_a_permutation_of_the_rows_changes_no_bit(rows, random, method):
    a, b = columns(rows), columns(random.sample(rows, len(rows)))
    results = [cross_recalibrate(*x, method=method, folds=2, seed=3) for x in (a, b)]
    rounded = [sorted(zip(*x, m, strict=True)) for x, m in zip((a, b), results, strict=True)]
    distinct = np.unique(a[0]).size == tally(*a).values.size
    if distinct:  # no two of them stand for one decimal
        assert rounded[0] == rounded[1]
    assert sorted(results[0]) == sorted(results[1])


@some
@given(rows_of_two_or_more, st.randoms(use_true_random=False), st.sampled_from(METHODS))
def test_with_clusters_each_row_keeps_its_value(rows, random, method):
    c, y = columns(rows)
    cluster = np.array([f"q{k // 2}" for k in range(c.size)])
    if c.size < 3:
        return
    order = np.array(random.sample(range(c.size), c.size))
    straight = cross_recalibrate(c, y, method=method, folds=2, cluster=cluster)
    shuffled = cross_recalibrate(c[order], y[order], method=method, folds=2, cluster=cluster[order])
    assert np.array_equal(shuffled, straight[order])


def test_every_row_is_mapped_by_the_fit_of_the_other_folds():
    c, y = POPULATION("tied", "mildly over").draw(203, np.random.default_rng(0))
    parts = dealt(tally(c, y), 4, seed=9)
    for method in METHODS:
        got = cross_recalibrate(c, y, method=method, folds=4, seed=9)
        at = np.unique(c)
        expected = []
        for right, wrong in zip(parts.right, parts.wrong, strict=True):
            rest = np.repeat(
                np.concatenate([at, at]),
                np.concatenate([parts.right.sum(axis=0) - right, parts.wrong.sum(axis=0) - wrong]),
            )
            labels = np.repeat(
                [1, 0], [(parts.right.sum() - right.sum()), (parts.wrong.sum() - wrong.sum())]
            )
            mapped = recalibrate(rest, labels, method=method).apply(at)
            expected += [
                (v, 1, m) for v, m, k in zip(at, mapped, right, strict=True) for _ in range(k)
            ]
            expected += [
                (v, 0, m) for v, m, k in zip(at, mapped, wrong, strict=True) for _ in range(k)
            ]
        assert sorted(zip(c, y.astype(int), got, strict=True)) == sorted(expected)


def test_no_cluster_is_in_two_folds():
    rng = np.random.default_rng(1)
    cluster = rng.integers(0, 50, 400)
    c, y = rng.choice([0.5, 0.7, 0.9, 1.0], 400), rng.random(400) < 0.6
    t = tally(c, y, cluster=cluster)
    fold = dealt(t, 5).of_cluster[np.searchsorted(t.clusters.labels, cluster)]
    mapped = cross_recalibrate(c, y, method="constant", cluster=cluster)
    for k in range(5):
        inside = fold == k
        assert mapped[inside] == pytest.approx(y[~inside].mean(), abs=1e-12)
    assert {len(np.unique(fold[cluster == label])) for label in np.unique(cluster)} == {1}
    assert np.bincount(fold).min() > 60


def test_a_question_that_is_in_every_fold_would_leak():
    """With 8 samples a question, folds by row flatter: the reason for `cluster`."""
    rng = np.random.default_rng(2)
    question = np.repeat(np.arange(200), 8)
    c = np.repeat(rng.random(200), 8)  # states one number a question
    y = np.repeat(rng.random(200) < 0.5, 8)  # and knows nothing
    by_row = cross_recalibrate(c, y, method="isotonic")
    by_question = cross_recalibrate(c, y, method="isotonic", cluster=question)
    assert brier(by_row, y) < 0.245 < 0.25 < brier(by_question, y)


@pytest.mark.parametrize("method", METHODS)
def test_a_tally_gives_the_tally_of_the_rows(method):
    c, y = POPULATION("eighths", "sign-crossing").draw(300, np.random.default_rng(4))
    rows = tally(cross_recalibrate(c, y, method=method, seed=6), y)
    cells = cross_recalibrate(tally(c, y), method=method, seed=6)
    for a, b in zip(rows.cells, cells.cells, strict=True):
        assert np.array_equal(a, b)
    cluster = np.arange(300) // 3
    rows = tally(cross_recalibrate(c, y, method=method, cluster=cluster), y, cluster=cluster)
    cells = cross_recalibrate(tally(c, y, cluster=cluster), method=method)
    for a, b in zip((*rows.cells, *rows.clusters), (*cells.cells, *cells.clusters), strict=True):
        assert np.array_equal(a, b)


def test_the_seed_is_all_that_is_random():
    c, y = POPULATION("tied", "calibrated").draw(200, np.random.default_rng(0))
    first = cross_recalibrate(c, y, method="isotonic", seed=1)
    assert np.array_equal(first, cross_recalibrate(c, y, method="isotonic", seed=1))
    generator = np.random.default_rng(1)
    assert np.array_equal(first, cross_recalibrate(c, y, method="isotonic", seed=generator))
    assert not np.array_equal(first, cross_recalibrate(c, y, method="isotonic", seed=2))


def test_dtype_and_layout_change_no_bit():
    c, y = POPULATION("tied", "calibrated").draw(100, np.random.default_rng(0))
    expected = cross_recalibrate(c, y, method="platt")
    for confidence, correct in [
        (c.astype(np.float32), y.astype(np.int8)),
        (c.tolist(), y.tolist()),
        (np.repeat(c, 2)[::2], y.astype(object)),
    ]:
        assert np.array_equal(cross_recalibrate(confidence, correct, method="platt"), expected)


@pytest.mark.parametrize("method", METHODS)
def test_a_cross_fitted_score_is_that_of_new_rows(method):
    """Mean Brier score of 40 sets: not the flattering one of the fit's own rows."""
    population = POPULATION("tied", "mildly over")
    rng = np.random.default_rng(7)
    own, crossed, new = [], [], []
    for _ in range(40):
        c, y = population.draw(100, rng)
        own.append(brier(recalibrate(c, y, method=method).apply(c), y))
        crossed.append(brier(cross_recalibrate(c, y, method=method, seed=rng), y))
        fitted = recalibrate(*population.draw(80, rng), method=method)
        values, right, wrong = population.cells
        mapped = fitted.apply(values)
        new.append((right * (1 - mapped) ** 2 + wrong * mapped**2).sum())
    error = np.std(np.subtract(crossed, new)) / np.sqrt(40)
    assert abs(np.mean(crossed) - np.mean(new)) < 3 * error
    assert np.mean(own) < np.mean(crossed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"folds": 1}, "folds must be an integer >= 2, got 1"),
        ({"folds": True}, "folds must be an integer >= 2"),
        ({"folds": 5}, r"folds must be at most the number of rows \(4\), got 5"),
        ({"folds": 3, "cluster": [1, 1, 2, 2]}, r"at most the number of clusters \(2\), got 3"),
        ({"folds": 2, "seed": -1}, "seed must be an int"),
        ({"folds": 2, "method": "magic"}, "method must be one of"),
        ({"folds": 2, "cluster": [1, 2]}, "cluster must have one label per confidence"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        cross_recalibrate([0.1, 0.9, 0.8, 0.7], [0, 1, 1, 0], **{"method": "platt", **arguments})


def test_bad_tallies_are_named():
    t = tally([0.1, 0.9], [0, 1], weights=[1.0, 2.0])
    with pytest.raises(ValueError, match="weighted"):
        cross_recalibrate(t, method="platt")
    t = tally([0.1, 0.9], [0, 1])
    with pytest.raises(ValueError, match="cluster must be omitted"):
        cross_recalibrate(t, method="platt", cluster=[1, 2])
    with pytest.raises(ValueError, match="correct must be omitted"):
        cross_recalibrate(t, [0, 1], method="platt")
    with pytest.raises(ValueError, match="correct is missing"):
        cross_recalibrate([0.1, 0.9], method="platt")


@pytest.mark.parametrize("with_clusters", [False, True])
def test_the_folds_apart_are_the_folds_together(with_clusters):
    draw = np.random.default_rng(0)
    c = draw.choice([0.5, 0.7, 0.9, 1.0], 90)
    y, cluster = draw.random(90) < c - 0.2, np.repeat(np.arange(30), 3)
    t = tally(c, y, cluster=cluster if with_clusters else None)
    folds = cross_tallies(t, method="platt", folds=4, seed=2)
    for side, whole in (
        (0, t),
        (1, cross_recalibrate(t, method="platt", folds=4, seed=2)),
    ):
        total = sum(fold[side] for fold in folds)
        assert [x.tolist() for x in total.cells] == [x.tolist() for x in whole.cells]
        if with_clusters:
            together = zip(total.clusters, whole.clusters, strict=True)
            assert all(np.array_equal(one, other) for one, other in together)
    if with_clusters:
        labels = [fold[0].clusters.labels.tolist() for fold in folds]
        assert sorted(label for of_fold in labels for label in of_fold) == list(range(30))


def test_a_constant_does_not_rank_within_a_fold():
    """Across folds it does, and the wrong way round: a map lacks what its fold is right in."""
    t = tally([0.9] * 60, [1, 1, 0] * 20)
    folds = cross_tallies(t, method="constant")
    assert auroc_within([mapped for _, mapped in folds]) == 0.5
    assert auroc(cross_recalibrate(t, method="constant")) < 0.5
