"""How often the intervals of `bootstrap` cover, on a part of the grid of simulate_intervals.py."""

import runpy
from pathlib import Path

import numpy as np
import pytest

SIMULATION = runpy.run_path(
    str(Path(__file__).parents[2] / "studies" / "metrics" / "simulate_intervals.py")
)
ROWS = ("accuracy", "mean_confidence", "overconfidence_gap", "brier", "log_score", "uncertainty")
ROWS += ("auroc", "spr", "tie_rate", "auprc", "confidence_when_wrong", "saturation", "brier_skill")
# Naive intervals miss where a question decides what is counted; see docs/metrics/intervals.md.
CLUSTERED = ("accuracy", "mean_confidence", "overconfidence_gap", "brier", "auroc", "uncertainty")
CLUSTERED += ("confidence_when_wrong", "ece")


def study(distribution, truth, size, clustered, names, simulations):
    population = SIMULATION["POPULATIONS"]["population"](distribution, truth)
    rng = np.random.default_rng([7, size])
    return dict(SIMULATION["study"](population, size, clustered, names, simulations, rng))


def test_clustered_rows_keep_the_population_values():
    population = SIMULATION["POPULATIONS"]["population"]("verbal", "mildly over")
    t = SIMULATION["draw_clusters"](population, 4000, np.random.default_rng(0))
    assert t.n == 32_000
    rows = t.right + t.wrong
    assert rows / t.n == pytest.approx(population.mass, abs=0.01)
    assert t.right / rows == pytest.approx(population.truth, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("size", [50, 500])
@pytest.mark.parametrize(
    ("distribution", "truth"),
    [("tied", "strongly over"), ("saturated", "mildly over"), ("eighths", "calibrated")],
)
def test_independent_rows_are_covered(distribution, truth, size):
    for name, row in study(distribution, truth, size, False, ROWS, 400).items():
        if (name, distribution) != ("brier_skill", "saturated"):
            assert row["coverage"] >= 0.9, name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("distribution", "truth"), [("tied", "strongly over"), ("verbal", "mildly under")]
)
def test_folded_metrics_are_covered(distribution, truth):
    names = ("ece_l2", "over_ece", "miscalibration")
    for name, row in study(distribution, truth, 200, False, names, 200).items():
        assert row["coverage"] >= 0.87, name


@pytest.mark.slow
@pytest.mark.parametrize("groups", [50, 200])
@pytest.mark.parametrize(
    ("distribution", "truth"), [("tied", "strongly over"), ("verbal", "calibrated")]
)
def test_clusters_are_covered_where_ignoring_them_is_not(distribution, truth, groups):
    for name, row in study(distribution, truth, groups, True, CLUSTERED, 300).items():
        assert row["coverage"] >= 0.9, name
        # The interval of a calibrated model's ECE starts at 0 and holds it, with clusters or not.
        if (name, truth) != ("ece", "calibrated"):
            assert row["naive_coverage"] < 0.85, name
