"""The risk-coverage diagram: what it draws, and that it touches nothing else."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from caopd_bench.metrics import aurc, plot_risk_coverage, risk_coverage, tally
from caopd_bench.metrics.reliability.risk_coverage_plot import expected_curve


@pytest.fixture
def two_models():
    rng = np.random.default_rng(0)
    c = rng.choice([0.5, 0.7, 0.8, 0.9, 1.0], 400)
    y = rng.random(400) < c - 0.1
    return {"base": tally(c, y), "tuned": tally(np.roll(c, 1), y)}


def test_the_curve_passes_the_thresholds_and_holds_the_area(two_models):
    t = two_models["base"]
    coverage, risk = expected_curve(t)
    reachable = risk_coverage(t)
    at = np.searchsorted(coverage, reachable.coverage)
    assert coverage[at] == pytest.approx(reachable.coverage)
    assert risk[at] == pytest.approx(reachable.risk)
    assert risk[0] == pytest.approx(reachable.risk[0])  # constant down to the first row
    fine = np.interp(np.arange(1, t.n + 1) / t.n, coverage, risk)
    assert fine.mean() == pytest.approx(aurc(t), abs=1e-4)


def test_draws_every_model_into_the_given_axes(two_models):
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot_risk_coverage(two_models, ax=right, title="Two models") is figure
    assert not left.lines
    lines = [line for line in right.lines if len(line.get_xdata())]
    assert len(lines) == 4  # a curve and its marks, twice
    assert len({line.get_color() for line in lines}) == 2
    texts = [text.get_text() for text in right.get_legend().get_texts()]
    assert texts[0].startswith(f"base: AURC {aurc(two_models['base']):.3f}, excess 0.")
    assert texts[0].endswith("(n = 400)")
    assert right.get_title() == "Two models"


def test_many_models_and_many_values_stay_apart(tmp_path):
    rng = np.random.default_rng(0)
    many = {f"model {k}": tally(rng.random(5000), rng.random(5000) < 0.5) for k in range(8)}
    figure = plot_risk_coverage(many)
    curves = [line for line in figure.axes[0].lines if len(line.get_xdata())]
    assert len(curves) == 8  # no marks: any coverage can be reached
    assert len({(line.get_color(), line.get_linestyle()) for line in curves}) == 8
    figure.savefig(tmp_path / "many.png")


def test_one_tally_needs_no_name_and_names_are_plain_text(tmp_path):
    t = tally([0.9, 0.9], [1, 1])  # no error at all
    figure = plot_risk_coverage(t)
    (text,) = figure.axes[0].get_legend().get_texts()
    assert text.get_text() == "AURC 0.000, excess 0.000 (n = 2)"
    assert figure.axes[0].get_ylim()[0] == 0.0
    named = plot_risk_coverage({"_cost in $ of $x": t}, title="a $ sign")
    (text,) = named.axes[0].get_legend().get_texts()
    assert text.get_text().startswith(" _cost in $ of $x: AURC")
    named.savefig(tmp_path / "names.png")


def test_global_state_stays_as_it_was(two_models):
    before = dict(mpl.rcParams), plt.get_fignums()
    plot_risk_coverage(two_models)
    assert (dict(mpl.rcParams), plt.get_fignums()) == before


def test_no_model_is_refused():
    with pytest.raises(ValueError, match="tallies must hold at least one tally, got none"):
        plot_risk_coverage({})
