"""Rows in, counts out: checks, exactness, and independence of order, dtype and layout."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import Tally, auroc, bootstrap, brier, ece, spr, tally
from caopd_bench.metrics.rows import sorting
from caopd_bench.metrics.rows.counting import canonical
from caopd_bench.metrics.rows.sorting import sort_by_confidence

decimals = st.integers(0, 1000).map(lambda k: k / 1000)
coarse = st.integers(0, 20).map(lambda k: k / 20)
anything = st.one_of(coarse, decimals, st.floats(0.0, 1.0, allow_subnormal=False))


def rows(values=anything, *, min_size=1, max_size=40):
    return st.lists(st.tuples(values, st.booleans()), min_size=min_size, max_size=max_size)


def of(pairs, **options):
    return tally([c for c, _ in pairs], [y for _, y in pairs], **options)


def same(a: Tally, b: Tally) -> bool:
    cells = all(np.array_equal(x, y) for x, y in zip(a.cells, b.cells, strict=True))
    if a.clusters is None or b.clusters is None:
        return cells and a.clusters is b.clusters
    return cells and all(np.array_equal(x, y) for x, y in zip(a.clusters, b.clusters, strict=True))


def test_counts():
    t = tally([0.9, 0.5, 0.9, 0.9], [1, 0, 0, 1])
    assert t.values.tolist() == [0.5, 0.9]
    assert t.right.tolist() == [0, 2]
    assert t.wrong.tolist() == [1, 1]
    assert (t.n, t.n_right, t.n_wrong) == (4, 2, 2)
    assert t.accuracy == 0.5
    assert t.mean_confidence == pytest.approx(0.8)
    assert t.right.dtype == np.int64
    assert repr(t) == "Tally(n=4, n_right=2, distinct=2)"


@settings(deadline=None, max_examples=80)
@given(rows(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter_to_the_bit(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    a, b = of(pairs), of(shuffled)
    assert same(a, b)
    for metric in (ece, brier, auroc, spr):
        assert np.array_equal(metric(a), metric(b), equal_nan=True)


@settings(deadline=None, max_examples=80)
@given(rows(), rows(), rows())
def test_tallies_add_exactly_and_in_any_grouping(x, y, z):
    a, b, c = of(x), of(y), of(z)
    assert same((a + b) + c, of(x + y + z))
    assert same(a + (b + c), of(x + y + z))
    assert same(sum([c, b, a]), of(x + y + z))


@settings(deadline=None, max_examples=80)
@given(rows(decimals))
def test_dtype_stride_and_container_do_not_matter(pairs):
    c = np.array([c for c, _ in pairs])
    y = np.array([y for _, y in pairs])
    reference = tally(c, y)
    assert same(reference, tally(c.astype(np.float32), y))
    assert same(reference, tally(c.astype(">f8"), y.astype(np.uint8)))
    assert same(reference, tally(c.tolist(), y.astype(int).tolist()))
    assert same(reference, tally(np.repeat(c, 3)[::3], np.repeat(y, 2)[::2].astype(float)))
    assert same(reference, tally(c[::-1].astype(np.float32), y[::-1]))
    assert same(reference, tally(c.astype(object), y.astype(object)))


def test_float16_decimals_are_the_decimal_they_print_as():
    c = [0.95, 0.7, 0.3, 1.0, 0.0]
    assert same(tally(np.array(c, np.float16), [1, 0, 1, 0, 1]), tally(c, [1, 0, 1, 0, 1]))


def test_float32_decimals_off_the_grid_are_recognised():
    c = [0.12345, 0.0123456, 0.7, 1.0, 1e-5]  # six significant digits survive float32
    assert tally(np.array(c, np.float32), [1] * 5).values.tolist() == sorted(c)


def test_integers_are_confidences_but_booleans_are_not():
    assert tally([0, 1, 1], [0, 1, 0]).values.tolist() == [0.0, 1.0]
    with pytest.raises(ValueError, match=r"confidence must be numbers in \[0, 1\], got booleans"):
        tally([True, False], [0.9, 0.1])


def test_rounding_noise_is_one_value_with_and_without_a_sort():
    noisy = [0.1 + 0.2, 0.3, np.nextafter(0.3, 0)]
    assert tally(noisy, [1, 0, 1]).values.tolist() == [0.3]
    off_grid = tally([*noisy, 1 / 3], [1, 0, 1, 1])
    assert off_grid.values.tolist() == [0.3, 1 / 3]
    assert off_grid.right.tolist() == [2, 1]


def test_negative_zero_is_zero():
    for c in ([-0.0, 0.0], [-0.0, 0.0, 1 / 3]):
        values = tally(c, [1] * len(c)).values
        assert values[0] == 0.0
        assert not np.signbit(values[0])
        assert (values == 0.0).sum() == 1


def test_many_rows_cross_the_blocks_of_the_fast_path():
    rng = np.random.default_rng(0)
    k, y = rng.integers(0, 1001, 200_000), rng.random(200_000) < 0.5
    t = tally(k / 1000, y)
    assert np.array_equal(t.right, np.bincount(k[y], minlength=1001))
    assert np.array_equal(t.wrong, np.bincount(k[~y], minlength=1001))
    late = np.append(k / 1000, 1 / 3)  # off the grid in the last block only
    assert tally(late, np.append(y, True)).n_right == t.n_right + 1


@pytest.mark.parametrize("kind", ["spread", "near 1", "tied and spread", "one value and noise"])
def test_many_rows_off_the_grid_are_counted_as_by_one_sort(kind):
    rng = np.random.default_rng(0)
    n = 100_003
    c = {
        "spread": rng.random(n),
        "near 1": 1.0 - 10.0 ** -(9.0 * rng.random(n)),  # nearly all in one slice of the sort
        "tied and spread": np.where(rng.random(n) < 0.3, 1.0, rng.beta(6, 1.5, n)),
        "one value and noise": np.append(np.full(n - 1, 1 / 3), 0.1 + 0.2),
    }[kind]
    y = rng.random(n) < 0.6
    t = tally(c, y)
    values, inverse = np.unique(canonical(c), return_inverse=True)
    assert np.array_equal(t.values, values)
    assert np.array_equal(t.right, np.bincount(inverse, y))
    assert np.array_equal(t.right + t.wrong, np.bincount(inverse))
    order = rng.permutation(n)
    assert same(t, tally(c[order], y[order]))


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("widest", [1, 70, 512, 5000])
def test_the_sort_is_one_whatever_the_processor(monkeypatch, widest, fast):
    monkeypatch.setattr(sorting, "_sorts_fast", lambda: fast)
    rng = np.random.default_rng(widest)
    n = 50_000
    c = np.concatenate([rng.random(n - widest), 0.5 + rng.random(widest) / 70_000])
    keys = c.view(np.uint64) << np.uint64(1)
    found = sort_by_confidence(keys.copy(), c)
    assert np.array_equal(found, np.sort(keys))


@pytest.mark.parametrize(
    ("confidence", "correct", "message"),
    [
        ([], [], "confidence must have at least one row, got 0"),
        ([0.5, np.nan], [1, 0], r"confidence must be finite, got nan in row 1 \(1 such rows\)"),
        ([0.5, None], [1, 0], "confidence must be finite, got nan in row 1"),
        ([np.inf], [1], "confidence must be finite, got inf"),
        ([95.0, 80.0], [1, 0], r"must be in \[0, 1\], got 95.0; divide percentages by 100"),
        ([95, 80], [1, 0], "got 95.0; divide percentages by 100"),
        ([0.5, 1 + 1e-12], [1, 0], "got 1.000000000001; values above 1 are never clipped"),
        ([0.5, -0.1], [1, 0], r"must be in \[0, 1\], got -0.1"),
        (["0.5"], [1], "confidence must be numbers"),
        (np.array(["0.5"], dtype=object), [1], "confidence must be numbers, got text"),
        (np.array([[0.5], 0.5], dtype=object), [1, 0], "confidence must be numbers, got objects"),
        ([[0.5, 0.6]], [1, 0], r"confidence must be 1-D, got shape \(1, 2\)"),
        (0.5, 1, r"confidence must be 1-D, got shape \(\)"),
        ([0.5, 0.6], [1], r"correct must have one entry per confidence \(2\), got 1"),
        ([0.5, 0.6], [[1, 0]], "correct must be 1-D"),
        ([0.5, 0.6], [1, 0.3], "correct must be 0/1 or bool, got 0.3 in row 1"),
        ([1, 0], [0.9, 0.2], r"got 0.9 in row 0; .* order of the arguments"),
        ([0.5, 0.6], [1, np.nan], "correct must be 0/1 or bool, got nan"),
        ([0.5, 0.6], [1, None], "correct must be 0/1 or bool, got nan"),
        ([0.5, 0.6], [1, 2], "correct must be 0/1 or bool, got 2 in row 1"),
        ([0.5, 0.6], ["yes", "no"], "correct must be 0/1 or bool, got dtype"),
        ([0.5, 0.6], [1, -1], "correct must be 0/1 or bool, got -1"),
    ],
)
def test_bad_input_is_named(confidence, correct, message):
    with pytest.raises(ValueError, match=message):
        tally(confidence, correct)
    with pytest.raises(ValueError, match=message):
        ece(confidence, correct)


def test_a_metric_takes_arrays_or_a_tally_not_both_or_half():
    t = tally([0.5], [1])
    with pytest.raises(ValueError, match="correct must be omitted"):
        ece(t, [1])
    with pytest.raises(ValueError, match="correct is missing"):
        ece([0.5])


def test_a_tally_is_frozen_and_can_be_pickled():
    t = tally([0.5, 0.7], [1, 0], cluster=["a", "b"])
    with pytest.raises(ValueError, match="read-only"):
        t.right[0] = 7
    with pytest.raises(AttributeError):
        t.right = t.wrong
    assert same(pickle.loads(pickle.dumps(t)), t)


# Clusters


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(coarse, st.booleans(), st.integers(0, 4)), min_size=1, max_size=30))
def test_clusters_hold_the_rows_and_add_up(triples):
    c, y, g = (list(column) for column in zip(*triples, strict=True))
    t = tally(c, y, cluster=g)
    assert same(Tally(*t.cells), tally(c, y))
    k = t.clusters
    for label in set(g):
        inside = [i for i, x in enumerate(g) if x == label]
        part = tally([c[i] for i in inside], [y[i] for i in inside])
        mine = k.cluster == np.searchsorted(k.labels, label)
        assert np.array_equal(t.values[k.value[mine]], part.values)
        assert np.array_equal(k.right[mine], part.right)
        assert np.array_equal(k.wrong[mine], part.wrong)
    half = len(c) // 2
    if half:
        halves = [tally(c[s], y[s], cluster=g[s]) for s in (slice(None, half), slice(half, None))]
        assert same(halves[0] + halves[1], t)
        assert same(halves[1] + halves[0], t)


def test_equal_labels_of_two_shards_are_one_cluster():
    a = tally([0.5, 0.9], [1, 0], cluster=["q1", "q2"])
    b = tally([0.5, 0.7], [0, 0], cluster=["q2", "q3"])
    assert (a + b).clusters.labels.tolist() == ["q1", "q2", "q3"]
    assert repr(a + b) == "Tally(n=4, n_right=1, distinct=3, clusters=3)"


def test_bad_clusters_are_named():
    a = tally([0.5], [1], cluster=["q"])
    with pytest.raises(ValueError, match="tally with clusters to one without"):
        a + tally([0.5], [1])
    with pytest.raises(ValueError, match="labels must be of one type"):
        a + tally([0.5], [1], cluster=[1])
    with pytest.raises(ValueError, match=r"one label per confidence \(2\), got shape \(1,\)"):
        tally([0.5, 0.6], [1, 0], cluster=["q"])
    with pytest.raises(ValueError, match="cluster must be integers or strings"):
        tally([0.5, 0.6], [1, 0], cluster=["q", None])
    with pytest.raises(ValueError, match="cluster must be integers or strings"):
        tally([0.5, 0.6], [1, 0], cluster=[1.0, np.nan])
    with pytest.raises(TypeError):
        a + 1


# Weights


@settings(deadline=None, max_examples=40)
@given(rows(coarse), st.randoms(use_true_random=False))
def test_weights_do_not_depend_on_order_and_whole_ones_equal_repeats(pairs, random):
    weighted = [(c, y, random.randint(1, 5)) for c, y in pairs]
    noisy = [(c, y, w + i / 7) for i, (c, y, w) in enumerate(weighted)]
    shuffled = random.sample(noisy, len(noisy))
    columns = [list(zip(*x, strict=True)) for x in (noisy, shuffled)]
    a, b = (tally(c, y, weights=w) for c, y, w in columns)
    assert a.weighted
    assert same(a, b)
    repeated = of([(c, y) for c, y, w in weighted for _ in range(w)])
    whole = of([(c, y) for c, y, _ in weighted], weights=[w for *_, w in weighted])
    assert whole.n == repeated.n
    for metric in (ece, brier, auroc):
        assert metric(whole) == pytest.approx(metric(repeated), abs=1e-12, nan_ok=True)


def test_bad_weights_are_named():
    for weights, message in [
        ([1.0], r"one entry per confidence \(2\)"),
        ([1.0, 0.0], "finite and above 0, got 0.0 in row 1"),
        ([np.nan, 1.0], "finite and above 0, got nan in row 0"),
        (["a", "b"], "weights must be numbers"),
    ]:
        with pytest.raises(ValueError, match=message):
            tally([0.5, 0.6], [1, 0], weights=weights)
    with pytest.raises(ValueError, match="weights cannot be combined with cluster"):
        tally([0.5, 0.6], [1, 0], weights=[1, 2], cluster=["a", "b"])
    with pytest.raises(ValueError, match="must not be weighted"):
        bootstrap(tally([0.5, 0.6], [1, 0], weights=[1, 2]))
