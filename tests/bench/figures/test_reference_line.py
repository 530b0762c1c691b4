"""The grey line of a figure of sizes stands where the metric has a meaning, or is left out."""

import pytest

pytest.importorskip("matplotlib")

from caopd_bench.figures.marked import Estimate, Point
from caopd_bench.figures.scaling import plot_scaling

POINTS = [
    Point(f"m{size}", Estimate(float(size)), Estimate(value), series="base")
    for size, value in ((10_000, 0.61), (30_000, 0.58), (100_000, 0.64))
]


@pytest.mark.parametrize(("reference", "low"), [(0.5, 0.4), (0.0, -0.1), (None, 0.55)])
def test_the_axis_reaches_no_further_than_the_reference(reference, low):
    axes = plot_scaling(POINTS, "AUROC", reference=reference).axes[0]
    flat = [line for line in axes.lines if set(line.get_ydata()) == {reference}]
    assert len(flat) == (reference is not None)
    assert axes.get_ylim()[0] > low
