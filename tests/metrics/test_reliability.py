"""The reliability table and its picture."""

import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from caopd_bench.metrics import (
    auroc,
    brier,
    corp,
    ece,
    ece_interval,
    null_ece,
    plot_reliability,
    proportion_interval,
    reliability_table,
    tally,
)


def make(kind):
    rng = np.random.default_rng(0)
    if kind == "saturated":
        c = np.where(rng.random(1000) < 0.99, 0.95, rng.choice([0.5, 0.8, 1.0], 1000))
        return tally(c, rng.random(1000) < 0.3)
    if kind == "continuous":
        c = rng.beta(6, 1.5, 500)
        return tally(c, rng.random(500) < c)
    if kind == "one right row":
        return tally([1.0], [1])
    c = rng.integers(0, 21, 20) / 20
    return tally(c, rng.random(20) < c)


KINDS = ["saturated", "continuous", "one right row", "few"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_agrees_with_the_metrics(kind):
    t = make(kind)
    table = reliability_table(t)
    assert table.n == t.n == table.bins.n.sum() == table.values.n.sum()
    assert table.bins.right.sum() == table.values.right.sum() == t.n_right
    assert str(table.ece) == str(ece_interval(t))
    assert table.brier == pytest.approx(brier(t))
    assert table.auroc == pytest.approx(auroc(t), nan_ok=True)
    assert table.null_ece == null_ece(t)
    assert np.array_equal(table.values.recalibrated, corp(t).curve)
    rows = table.to_rows()
    assert sum(r["n"] * abs(r["gap"]) for r in rows if r["n"]) / t.n == pytest.approx(ece(t))
    assert len(table.value_rows()) == t.values.size


def test_the_rows_are_plain_numbers_and_empty_bins_are_undefined():
    table = reliability_table(tally([0.9] * 8 + [0.5] * 2, [1, 0] * 5))
    rows = table.to_rows()
    assert len(rows) == 10
    assert (rows[3]["low"], rows[3]["n"]) == (0.3, 0)
    assert np.isnan(rows[3]["accuracy"])
    assert np.isnan(rows[3]["accuracy_low"])
    nine = rows[9]
    wilson = proportion_interval(4, 8)
    assert (nine["n"], nine["right"], nine["accuracy"]) == (8, 4, 0.5)
    assert (nine["accuracy_low"], nine["accuracy_high"]) == (wilson.low, wilson.high)
    assert nine["gap"] == pytest.approx(0.4)
    assert {type(x) for row in rows for x in row.values()} == {int, float}
    assert [row["value"] for row in table.value_rows()] == [0.5, 0.9]


def test_clusters_have_a_table_but_no_ece_limits():
    t = tally([0.9, 0.8, 0.9, 0.8], [1, 0, 1, 1], cluster=[0, 0, 1, 1])
    table = reliability_table(t)
    assert table.ece.estimate == ece(t)
    assert np.isnan(table.ece.low)
    assert "clustered" in table.ece.reason
    plot_reliability(table)


def test_weights_are_refused():
    with pytest.raises(ValueError, match="must not be weighted"):
        reliability_table(tally([0.5, 0.6], [1, 0], weights=[1, 2]))


def overlaps_or_sticks_out(figure):
    """Texts that leave the figure or run into each other, as drawn."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    texts = []
    for ax in figure.axes:
        labels = [ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts]
        labels += [*ax.get_xticklabels(), *ax.get_yticklabels(), *ax.get_legend().get_texts()]
        texts += [x for x in labels if x.get_text() and x.get_visible()]
    boxes = [(x.get_text(), x.get_window_extent(renderer)) for x in texts]
    frame = figure.bbox.padded(1)
    outside = [
        text
        for text, box in boxes
        if not (frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1))
    ]
    crossing = [
        (a, b)
        for i, (a, box) in enumerate(boxes)
        for b, other in boxes[i + 1 :]
        if box.overlaps(other)
    ]
    return outside, crossing


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_clipped_and_no_text_crosses_another(kind):
    figure = plot_reliability(reliability_table(make(kind)), title="checkpoint B")
    assert overlaps_or_sticks_out(figure) == ([], [])


def settings_of_matplotlib():
    # Reading "backend" would import pyplot to find one.
    return {key: matplotlib.rcParams[key] for key in matplotlib.rcParams if key != "backend"}


def test_it_draws_into_the_given_axes_and_leaves_no_trace():
    pyplot_was_there = "matplotlib.pyplot" in sys.modules
    before = settings_of_matplotlib()
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    result = plot_reliability(reliability_table(make("few")), left, title="left")
    assert result is figure
    assert left.get_title() == "left"
    assert left.lines
    assert not right.lines
    assert not right.texts
    plot_reliability(reliability_table(make("saturated")), right)
    assert overlaps_or_sticks_out(figure) == ([], [])
    assert settings_of_matplotlib() == before
    assert ("matplotlib.pyplot" in sys.modules) == pyplot_was_there
    if pyplot_was_there:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_the_figure_of_a_subfigure_is_the_whole_figure():
    figure = Figure()
    ax = figure.subfigures(1, 2)[0].subplots()
    assert plot_reliability(reliability_table(make("few")), ax) is figure


def test_the_caption_tells_the_numbers():
    figure = plot_reliability(reliability_table(make("saturated")))
    caption = figure.axes[0].get_xlabel()
    assert "n = 1,000, ECE 0.6" in caption
    assert "Brier 0." in caption
    alone = plot_reliability(reliability_table(make("one right row")))
    assert "AUROC undefined" in alone.axes[0].get_xlabel()


def test_bins_replace_values_when_those_are_many():
    def legend(kind):
        figure = plot_reliability(reliability_table(make(kind)))
        return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]

    assert legend("continuous") == ["isotonic fit", "bin, 95% interval"]
    assert legend("few") == ["isotonic fit", "stated value, 95% interval"]
