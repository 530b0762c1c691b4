"""Rows in pieces: any split, any order, one tally to the bit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.metrics import Tally, TallyBuilder, tally, tally_chunks
from caopd_bench.metrics.rows.counting import canonical

coarse = st.integers(0, 20).map(lambda k: k / 20)
anything = st.one_of(coarse, st.floats(0.0, 1.0, allow_subnormal=False))
rows = st.lists(st.tuples(anything, st.booleans(), st.integers(0, 5)), min_size=1, max_size=60)


def same(a: Tally, b: Tally) -> bool:
    if (a.clusters is None) != (b.clusters is None):
        return False
    ours, theirs = (*a.cells, *(a.clusters or ())), (*b.cells, *(b.clusters or ()))
    return all(
        x.dtype == y.dtype and x.tobytes() == y.tobytes() for x, y in zip(ours, theirs, strict=True)
    )


def split(data, random):
    """Cut into consecutive pieces, empty ones among them, and shuffle the pieces."""
    cuts = sorted(random.randint(0, len(data)) for _ in range(random.randint(0, 12)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    return random.sample(pieces, len(pieces))


def columns(data):
    return [c for c, _, _ in data], [y for _, y, _ in data], [k for _, _, k in data]


@settings(deadline=None, max_examples=150)
@given(rows, st.randoms(use_true_random=False))
def test_any_split_in_any_order_is_one_tally(data, random):
    c, y, k = columns(data)
    pieces = [columns(piece) for piece in split(data, random)]
    assert same(tally_chunks((c, y) for c, y, _ in pieces), tally(c, y))
    assert same(tally_chunks(pieces), tally(c, y, cluster=k))


@settings(deadline=None, max_examples=60)
@given(rows, st.randoms(use_true_random=False), st.integers(1, 6))
def test_any_split_of_rounded_rows_is_one_tally(data, random, decimals):
    c, y, k = columns(data)
    rounded = np.round(canonical(np.asarray(c)), decimals)
    pieces = [columns(piece) for piece in split(data, random)]
    assert same(tally_chunks(pieces, decimals=decimals), tally(rounded, y, cluster=k))


@settings(deadline=None, max_examples=60)
@given(rows, st.randoms(use_true_random=False))
def test_merging_is_associative_and_commutative(data, random):
    """Tallies of tallies, in any grouping."""
    tallies = [tally(*columns(piece)[:2]) for piece in split(data, random) if piece]
    half = random.randint(0, len(tallies))
    groups = [tally_chunks(part) for part in (tallies[half:], tallies[:half]) if part]
    assert same(tally_chunks(groups), tally(*columns(data)[:2]))
    assert same(tally_chunks(tallies[::-1]), sum(tallies))


def test_dtypes_may_differ_between_chunks():
    c, y = [0.7, 0.3, 0.1, 0.7], [1, 0, 1, 0]
    chunks = [
        (np.float32([0.7]), [True]),
        (np.asarray([0.1 + 0.2]), np.int8([0])),
        (np.float64([0.1]), np.float64([1])),
        (["unused"][:0], []),
        (np.float16([0.7]), np.uint8([0])),
    ]
    assert same(tally_chunks(chunks), tally(c, y))


def test_thousands_of_chunks_are_not_quadratic(monkeypatch):
    """Every value is new: adding each chunk to one sum would touch 1000 x 20,000 / 2 values."""
    touched = 0
    add = Tally.__add__

    def counting_add(a, b):
        nonlocal touched
        touched += a.values.size + b.values.size
        return add(a, b)

    monkeypatch.setattr(Tally, "__add__", counting_add)
    rng = np.random.default_rng(0)
    c = rng.random((1000, 20))
    builder = TallyBuilder()
    for chunk in c:
        builder.add(chunk, chunk < 0.5)
    assert same(builder.total(), tally(c.ravel(), c.ravel() < 0.5))
    assert touched < 3 * c.size * math.log2(1000)


def test_tied_chunks_hold_one_tally_and_little_more():
    builder = TallyBuilder()
    for i in range(500):
        builder.add(np.arange(21) / 20, np.arange(21) % 2 == i % 2)
        assert builder.size <= 2 * 21
    assert builder.total().n == 500 * 21


def test_rounding_bounds_the_memory():
    builder = TallyBuilder(decimals=2)
    rng = np.random.default_rng(0)
    for _ in range(50):
        c = rng.random(1000)
        builder.add(c, c < 0.5)
    assert builder.size <= 2 * 101
    assert builder.total().values.tolist() == [k / 100 for k in range(101)]


def test_a_total_may_be_taken_in_between():
    builder = TallyBuilder()
    builder.add([0.5], [1])
    assert builder.total().n == 1
    builder.add([0.5, 0.7], [0, 1])
    assert builder.total().n == builder.total().n == 3


@pytest.mark.parametrize("chunks", [[], [([], [])], [(np.empty(0), np.empty(0))] * 3])
def test_no_rows(chunks):
    with pytest.raises(ValueError, match="chunks must hold at least one row, got 0"):
        tally_chunks(chunks)


GOOD = ([0.9], [1])
BAD = {
    "percent": (([95.0], [1]), "confidence must be in [0, 1], got 95.0; divide percentages"),
    "NaN": (([0.5, np.nan], [1, 0]), "confidence must be finite, got nan in row 1"),
    "lengths": (([0.5], [1, 0]), "correct must have one entry per confidence (1), got 2"),
    "no confidence": (([], [1]), "confidence must have at least one row, got 0"),
    "half": (([0.5], [0.5]), "correct must be 0/1 or bool, got 0.5"),
    "cluster": (([0.5], [1], ["a"]), "cannot add a tally with clusters to one without"),
    "one": (([0.5],), "must be (confidence, correct), (confidence, correct, cluster) or a Tally"),
    "array": (np.zeros((2, 5)), "got ndarray"),
    "weighted": (tally([0.5], [1], weights=[2.0]), "chunks must not be weighted"),
}


@pytest.mark.parametrize(("bad", "said"), BAD.values(), ids=BAD)
def test_the_bad_chunk_is_named(bad, said):
    with pytest.raises(ValueError) as caught:
        tally_chunks([GOOD, ([], []), bad])
    assert str(caught.value).startswith("chunk 2: ")
    assert said in str(caught.value)


@pytest.mark.parametrize("decimals", [0, 13, -1, 2.5, True, "2"])
def test_decimals_that_are_none(decimals):
    with pytest.raises(ValueError, match="decimals must be an integer from 1 to 12 or None, got"):
        TallyBuilder(decimals=decimals)
