"""The short path of a few decimals counts as the long one, and leaves all else to it."""

import numpy as np
import pytest

from caopd_bench.metrics import tally
from caopd_bench.metrics.rows.grid import CHUNK, count_decimals, count_on_grid

RNG = np.random.default_rng(23)


@pytest.mark.parametrize("kind", ["?", "i1", "i4", "i8", "u1", "f4", "f8"])
@pytest.mark.parametrize("n", [1, 7, 1000, CHUNK])
def test_counts_are_those_of_the_long_path(kind, n):
    c = RNG.integers(0, 1001, n) / 1000
    y = (RNG.random(n) < c).astype(kind)
    short, long = count_decimals(c, y), count_on_grid(c, y)
    for ours, theirs in zip(short, long, strict=True):
        assert ours.dtype == theirs.dtype
        assert ours.tobytes() == theirs.tobytes()


def test_every_decimal_is_counted_at_itself_whatever_the_outcome():
    c = np.repeat(np.arange(1001) / 1000, 2)
    counts = count_decimals(c, np.tile([0, 1], 1001))
    assert counts.values.tolist() == (np.arange(1001) / 1000).tolist()
    assert set(counts.right.tolist()) == set(counts.wrong.tolist()) == {1}


@pytest.mark.parametrize(
    "wrong", [2, -1, 3, 2001, 2002, -2002, 4004, -4004, 2**31, -(2**31), 2**62, -(2**63)]
)
@pytest.mark.parametrize("stated", [0.0, 0.001, 0.5, 0.999, 1.0])
def test_an_outcome_that_is_none_is_left_to_the_long_path(stated, wrong):
    assert count_decimals(np.array([stated, 0.3]), np.array([wrong, 0])) is None
    with pytest.raises(ValueError, match=r"correct must be 0/1 or bool, got -?\d+ in row 0"):
        tally([stated, 0.3], np.array([wrong, 0]))


@pytest.mark.parametrize(
    "c", [np.nan, -np.nan, np.inf, -np.inf, 1e308, -1e308, -0.001, 1.001, 2.0, 0.0005, 0.1 + 0.2]
)
@pytest.mark.parametrize("at", [0, 1])
def test_a_confidence_that_is_no_decimal_is_left_to_the_long_path(c, at):
    stated = np.insert(np.array([0.5, 0.25]), at, c)
    assert count_decimals(stated, np.array([0, 1, 1])) is None


def test_negative_zero_and_strides_change_nothing():
    plain = tally([0.0, 0.5, 0.0], [0, 1, 1])
    for c in (np.array([-0.0, 0.5, 0.0]), np.array([0.0, 9.0, 0.5, 9.0, 0.0, 9.0])[::2]):
        assert [part.tolist() for part in tally(c, [0, 1, 1]).cells] == [
            part.tolist() for part in plain.cells
        ]
