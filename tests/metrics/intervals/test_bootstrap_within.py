"""The interval of the AUROC within groups."""

import math

import numpy as np
import pytest

from caopd_bench.metrics import auroc_within, bootstrap_within, tally


def test_bootstrap_within_groups():
    rng = np.random.default_rng(0)
    groups = []
    for difficulty in (0.0, 0.3, 0.6):
        c = np.round(rng.random(150), 1)
        groups.append(tally(c, rng.random(150) < 0.2 + 0.6 * c * (1 - difficulty)))
    i = bootstrap_within(groups)
    assert i.estimate == auroc_within(groups)
    assert i.low < i.estimate < i.high
    assert (i.n, i.method, i.reason) == (450, "score", "")
    assert str(bootstrap_within(iter(groups))) == str(i)
    assert i.standard_error == pytest.approx(0.028, abs=0.012)
    assert bootstrap_within(groups, level=0.8).low > i.low


def test_bootstrap_within_says_why_there_is_none():
    i = bootstrap_within([tally([0.9, 0.8], [1, 1]), tally([0.9], [0])])
    assert math.isnan(i.estimate)
    assert math.isnan(i.low)
    assert i.reason == "no group has both right and wrong answers"
    tied = bootstrap_within([tally([0.9] * 9, [1, 0, 1] * 3), tally([0.9, 0.8], [1, 1])])
    assert (tied.estimate, tied.reason) == (0.5, "one value stated: no interval")
    each = bootstrap_within([tally([0.9] * 9, [1, 0, 1] * 3), tally([0.2] * 6, [1, 0] * 3)])
    assert (each.estimate, each.reason) == (0.5, "one value stated in each group: no interval")
    with pytest.raises(ValueError, match="tallies must hold at least one"):
        bootstrap_within([])
    with pytest.raises(ValueError, match="tally must not be weighted"):
        bootstrap_within([tally([0.5, 0.6], [1, 0], weights=[1, 2])])


def test_bootstrap_within_takes_clusters():
    rng = np.random.default_rng(5)
    parts = []
    for _ in range(2):
        c = np.round(rng.random(100), 1)
        parts.append((c, rng.random(100) < 0.1 + 0.8 * c))
    once = bootstrap_within([tally(*part) for part in parts])
    four = [tuple(np.repeat(x, 4) for x in part) for part in parts]
    label = np.repeat(np.arange(100), 4)  # the same labels in both groups: other questions
    i = bootstrap_within([tally(*part, cluster=label) for part in four])
    assert i.method == "cluster score"
    assert i.estimate == pytest.approx(once.estimate)
    assert i.standard_error == pytest.approx(once.standard_error, rel=0.02)
    assert i.high - i.low == pytest.approx(once.high - once.low, rel=0.06)
    ones = bootstrap_within([tally(*part, cluster=np.arange(100)) for part in parts])
    assert (ones.low, ones.high) == pytest.approx((once.low, once.high), abs=1e-12)
