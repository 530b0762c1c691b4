"""Continuous confidences on a thousand cells."""

import numpy as np
import pytest

from caopd_bench.metrics import Tally, ece, resample, tally
from caopd_bench.metrics.intervals.bootstrap import replicate_counts
from caopd_bench.metrics.registry import METRICS
from caopd_bench.metrics.rows.condense import condense


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    c = rng.beta(6, 1.5, 5000)
    return c, rng.random(5000) < c - 0.1


def test_few_values_stay_as_they_are():
    t = tally([0.1, 0.2, 0.3], [1, 0, 1])
    assert condense(t) is t
    assert condense(t, cells=3) is t


@pytest.mark.parametrize("cells", [16, 128, 1024])
def test_rows_bins_and_order_are_kept(rows, cells):
    t = tally(*rows)
    small = condense(t, cells)
    assert small.values.size <= cells + 100
    assert (small.n, small.n_right) == (t.n, t.n_right)
    assert small.mean_confidence == pytest.approx(t.mean_confidence, abs=1e-12)
    assert (np.diff(small.values) > 0).all()
    for bins in (10, 20):
        assert ece(small, bins=bins) == pytest.approx(ece(t, bins=bins), abs=1e-12)


def test_cells_have_about_the_same_mass(rows):
    small = condense(tally(*rows), 50)
    count = small.right + small.wrong
    assert count.max() <= 5000 / 50 + 2


def test_metrics_hardly_move(rows):
    t = tally(*rows)
    small = condense(t)
    for name in ("auroc", "brier", "miscalibration", "discrimination", "auprc"):
        metric = METRICS[name].function
        assert metric(small) == pytest.approx(metric(t), abs=2e-3), name


def test_clusters_are_kept(rows):
    label = np.arange(5000) // 4
    t = tally(*rows, cluster=label)
    small = condense(t, 64)
    assert np.array_equal(small.clusters.labels, t.clusters.labels)
    per_cluster = [
        np.bincount(x.clusters.cluster, x.clusters.right + x.clusters.wrong) for x in (t, small)
    ]
    assert np.array_equal(*per_cluster)
    back = np.bincount(small.clusters.value, small.clusters.right, minlength=small.values.size)
    assert np.array_equal(back, small.right)


def test_standard_deviations_agree_with_those_of_rows(rows):
    t = tally(*rows)
    names = ["auroc", "ece", "brier"]
    cells = resample(t, metrics=names, replicates=400, seed=1)
    exact = {name: [] for name in names}
    for right, wrong in replicate_counts(t, 400, np.random.default_rng(2)):
        for name in names:
            exact[name].append(METRICS[name].cells(t.values, right, wrong))
    for name in names:
        assert cells[name].std() == pytest.approx(np.concatenate(exact[name]).std(), rel=0.15)


def test_a_condensed_tally_is_one(rows):
    assert isinstance(condense(tally(*rows), 10), Tally)
