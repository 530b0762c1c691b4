"""Bootstrap replicates: multinomial draws, whole clusters, blocks."""

import numpy as np
import pytest

from caopd_bench.metrics import METRICS, resample, tally
from caopd_bench.metrics.intervals.bootstrap import _draw


@pytest.mark.parametrize("counts", [[3, 2, 1], [30, 20, 10]])
def test_both_ways_to_draw_are_multinomial(counts):
    counts = np.array(counts)
    n = counts.sum()
    draws = _draw(counts, 20_000, np.random.default_rng(0))
    assert (draws.sum(axis=1) == n).all()
    assert draws.mean(axis=0) == pytest.approx(counts, rel=0.02)
    p = counts / n
    assert np.cov(draws.T) == pytest.approx(n * (np.diag(p) - np.outer(p, p)), abs=0.03 * n)


def test_replicates_are_those_of_resampled_rows():
    rng = np.random.default_rng(1)
    c = rng.choice([0.3, 0.6, 0.9, 0.95], 200)
    y = rng.random(200) < c
    draws = resample(tally(c, y), metrics=["brier", "auroc", "ece"], replicates=3000, seed=2)
    rows = []
    for _ in range(1500):
        index = rng.integers(0, 200, 200)
        t = tally(c[index], y[index])
        rows.append([METRICS[name].function(t) for name in draws])
    for name, loop in zip(draws, np.transpose(rows), strict=True):
        assert draws[name].mean() == pytest.approx(loop.mean(), abs=0.2 * loop.std())
        assert draws[name].std() == pytest.approx(loop.std(), rel=0.1)


def test_whole_clusters_are_drawn():
    rng = np.random.default_rng(0)
    c, g = rng.choice([0.5, 0.9], 120), np.arange(120) // 4
    y = rng.random(120) < c
    draws = resample(tally(c, y, cluster=g), metrics=["accuracy"], replicates=4000)["accuracy"]
    means = y.reshape(30, 4).mean(axis=1)
    assert draws.std() == pytest.approx(means.std() / np.sqrt(30), rel=0.05)
    # Thirty questions of four rows: every replicate has 120 of them.
    assert np.allclose(draws * 120, np.round(draws * 120))


def test_undefined_replicates_are_nan():
    draws = resample(tally([0.9, 0.8, 0.7, 0.6], [1, 1, 1, 0]), metrics=["auroc"])["auroc"]
    assert np.isnan(draws).mean() == pytest.approx(0.75**4 + 0.25**4, abs=0.05)


def test_the_blocks_of_replicates_do_not_show(monkeypatch):
    plain = tally([0.5, 0.9, 0.9, 0.5] * 10, [1, 1, 0, 0] * 10)
    clustered = tally([0.5, 0.9, 0.9, 0.5] * 10, [1, 1, 0, 0] * 10, cluster=np.arange(40) // 4)
    whole = [resample(t, metrics=["auroc", "brier"]) for t in (plain, clustered)]
    monkeypatch.setattr("caopd_bench.metrics.intervals.bootstrap.BLOCK", 1000)
    blocks = [resample(t, metrics=["auroc", "brier"]) for t in (plain, clustered)]
    for a, b in zip(whole, blocks, strict=True):
        assert all(np.array_equal(a[name], b[name]) for name in a)


def test_a_seed_gives_the_same_replicates():
    t = tally([0.9, 0.8, 0.3], [1, 0, 1])
    a, b = (resample(t, metrics=["brier"], seed=seed)["brier"] for seed in (1, 1))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, resample(t, metrics=["brier"], seed=2)["brier"])


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="tally must not be weighted"):
        resample(tally([0.5, 0.6], [1, 0], weights=[1, 2]))
    with pytest.raises(ValueError, match="replicates must be an integer >= 2"):
        resample(tally([0.5], [1]), replicates=0)


@pytest.mark.parametrize("block", [1 << 21, 40])
def test_rows_of_many_samples_are_drawn_at_once_and_are_those_of_one_call_each(monkeypatch, block):
    monkeypatch.setattr("caopd_bench.metrics.intervals.bootstrap.BLOCK", block)
    counts = np.array([2, 1, 3, 1, 1])
    ours, alone = np.random.default_rng(5), np.random.default_rng(5)
    cell_of = np.repeat(np.arange(5), counts)
    expected = [np.bincount(cell_of[alone.integers(0, 8, 8)], minlength=5) for _ in range(50)]
    assert np.array_equal(_draw(counts, 50, ours), expected)
    assert ours.random() == alone.random()  # and what is drawn next
