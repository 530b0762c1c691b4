"""Binomial draws by tables are those of NumPy, number for number, and leave the generator there."""

import numpy as np
import pytest

from caopd_bench.metrics.rows.binomial import draw_binomial, draw_binomial_of_counts

SHARES = np.array([0.0, 1e-9, 0.02, 0.3, 0.5, 0.500001, 0.75, 0.98, 1.0 - 1e-12, 1.0])


def both(ours, theirs):
    """Draw from two generators that begin alike, and go on with each."""
    mine, numpys = np.random.default_rng(3), np.random.default_rng(3)
    drawn, expected = ours(mine), theirs(numpys)
    assert drawn.dtype == expected.dtype
    np.testing.assert_array_equal(drawn, expected)
    assert mine.random() == numpys.random()
    return drawn


@pytest.mark.parametrize("rows", [1, 2, 7, 40, 60, 61, 1000])
def test_of_fixed_rows(rows):
    counts = np.full(SHARES.size, rows)
    counts[3] = 0
    drawn = both(
        lambda rng: draw_binomial(counts, SHARES, 3000, rng),
        lambda rng: rng.binomial(counts, SHARES, size=(3000, SHARES.size)),
    )
    assert drawn.min() >= 0
    assert (drawn <= counts).all()


def test_many_rows_of_rare_outcomes():
    counts, shares = np.array([10_000, 29_000, 3]), np.array([0.002, 0.999, 0.4])
    both(
        lambda rng: draw_binomial(counts, shares, 5000, rng),
        lambda rng: rng.binomial(counts, shares, size=(5000, 3)),
    )


@pytest.mark.parametrize("rows", [1, 10, 40, 1000])
@pytest.mark.parametrize("share", [None, 0.0, 0.31, 0.5, 0.77, 1.0])
def test_of_counts_that_were_drawn(rows, share):
    shares = SHARES if share is None else np.full(SHARES.size, share)
    count = np.random.default_rng(0).multinomial(rows, np.full(10, 0.1), size=2000)
    both(
        lambda rng: draw_binomial_of_counts(count, shares, rng),
        lambda rng: rng.binomial(count, shares),
    )


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("rows", [0, 5])
def test_where_nothing_is_left_to_chance(share, rows):
    counts, shares = np.full(2, rows), np.full(2, share)
    both(
        lambda rng: draw_binomial(counts, shares, 3, rng),
        lambda rng: rng.binomial(counts, shares, size=(3, 2)),
    )
    both(
        lambda rng: draw_binomial_of_counts(counts[None], shares, rng),
        lambda rng: rng.binomial(counts[None], shares),
    )
