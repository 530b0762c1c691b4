"""The interval of a share."""

import math

import pytest

from caopd_bench.metrics import proportion_interval


def test_wilson_known_answers():
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    for k, n, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        i = proportion_interval(k, n)
        assert (i.low, i.high) == pytest.approx((low, high), abs=5e-5)
        assert i.estimate == k / n
        assert i.n == n
    assert proportion_interval(0, 20).low == 0.0
    assert proportion_interval(20, 20).high == 1.0
    assert proportion_interval(5, 10, level=0.5).low > proportion_interval(5, 10).low


def test_wilson_edge_cases():
    i = proportion_interval(0, 0)
    assert math.isnan(i.estimate)
    assert math.isnan(i.low)
    assert i.reason == "no rows"
    for k, n in [(3, 2), (-1, 2), (0.5, 1)]:
        with pytest.raises(ValueError, match="successes must be an integer between 0 and n"):
            proportion_interval(k, n)
