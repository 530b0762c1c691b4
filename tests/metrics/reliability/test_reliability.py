"""The reliability table and its picture."""

import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from caopd_bench.metrics import (
    auroc,
    brier,
    corp,
    ece,
    ece_interval,
    null_ece,
    plot_reliabilities,
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


def test_clusters_widen_every_interval_and_the_band():
    rng = np.random.default_rng(0)
    c = np.repeat(rng.choice([0.6, 0.8, 0.9], 60), 8)
    y = np.repeat(rng.random(60) < 0.7, 8)
    rows, alike = tally(c, y), tally(c, y, cluster=np.repeat(np.arange(60), 8))
    without, clustered = reliability_table(rows), reliability_table(alike)
    assert (without.clusters, without.design_effect) == (None, 1.0)
    assert clustered.clusters == 60
    assert 4.0 < clustered.design_effect <= 8.0
    assert clustered.ece.estimate == without.ece.estimate
    assert clustered.ece.high - clustered.ece.low > 1.5 * (without.ece.high - without.ece.low)
    for of in ("values", "bins"):
        a, b = getattr(clustered, of), getattr(without, of)
        used = b.n > 0
        width = (a.accuracy_high - a.accuracy_low) / (b.accuracy_high - b.accuracy_low)
        assert (width[used] > 1.5).all()
    band = (clustered.band.high - clustered.band.low) / (without.band.high - without.band.low)
    assert (band > 1.5).all()
    assert "n = 480 in 60 clusters" in caption_of(plot_reliability(clustered).axes[0])


def test_weights_are_refused():
    with pytest.raises(ValueError, match="must not be weighted"):
        reliability_table(tally([0.5, 0.6], [1, 0], weights=[1, 2]))


def _legend_of(ax):
    legends = [ax.get_legend(), *ax.figure.legends]
    return [text for legend in legends if legend for text in legend.get_texts()]


def overlaps_or_sticks_out(figure):
    """Texts that leave the figure or run into each other, as drawn."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    texts = []
    for ax in figure.axes:
        labels = [ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts]
        labels += [*ax.get_xticklabels(), *ax.get_yticklabels(), *_legend_of(ax)]
        texts += [x for x in labels if x.get_text() and x.get_visible()]
    boxes = [(x.get_text(), x.get_window_extent(renderer)) for x in dict.fromkeys(texts)]
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


def caption_of(ax):
    return next(text.get_text() for text in ax.texts if "Brier" in text.get_text())


def test_the_caption_tells_the_numbers():
    figure = plot_reliability(reliability_table(make("saturated")))
    t = make("saturated")
    i = ece_interval(t)
    rows, of_ece, of_brier = caption_of(figure.axes[0]).split("\n")
    assert rows == f"n = 1,000, AUROC {auroc(t):.3f}"
    null = null_ece(t).mean
    assert of_ece == f"ECE {ece(t):.3f} [{i.low:.3f}, {i.high:.3f}], {null:.3f} if calibrated"
    parts = corp(t)
    assert of_brier.startswith(f"Brier {brier(t):.3f} = {parts.miscalibration:.3f} MCB")
    alone = plot_reliability(reliability_table(make("one right row")))
    assert "AUROC undefined" in caption_of(alone.axes[0])


def test_bins_replace_values_when_those_are_many():
    def legend(kind):
        figure = plot_reliability(reliability_table(make(kind)))
        return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]

    others = ["95% interval, pale if wide", "isotonic fit", "95% band if calibrated"]
    assert legend("continuous") == ["bin, area: share of rows", *others]
    assert legend("few") == ["stated value, area: share of rows", *others]


def areas_of(ax):
    return next(
        circles.get_sizes()
        for circles in ax.collections
        if isinstance(circles, PathCollection) and len(circles.get_offsets())
    )


def test_areas_are_shares_of_the_rows():
    figure = plot_reliability(reliability_table(tally([0.9] * 60 + [0.5] * 40, [1] * 100)))
    small, large = sorted(areas_of(figure.axes[0]))
    assert large / small == pytest.approx(60 / 40)


def test_the_strip_counts_the_rows():
    figure = plot_reliability(reliability_table(tally([0.9] * 60 + [0.5] * 40, [1] * 100)))
    strip = figure.axes[0].child_axes[0]
    assert [text.get_text() for text in strip.texts] == ["tallest: 60 rows, 60%"]
    assert sorted(bar.get_height() for bar in strip.patches) == pytest.approx([0.4, 0.6])


def test_several_models_side_by_side_on_one_scale():
    before = reliability_table(tally([0.9] * 60 + [0.5] * 40, [1, 0] * 50))
    after = reliability_table(tally([1.0] * 190 + [0.9] * 10, [1, 0] * 100))
    figure = plot_reliabilities({"before": before, "after": after, "again": before}, columns=2)
    assert [ax.get_title() for ax in figure.axes] == ["before", "after", "again"]
    first, second, third = figure.axes
    assert {ax.get_xlim() for ax in figure.axes} == {first.get_xlim()}
    assert {ax.get_ylim() for ax in figure.axes} == {first.get_ylim()}
    # Equal shares of the rows have equal areas: 60 % here and 95 % there.
    assert max(areas_of(second)) / max(areas_of(first)) == pytest.approx(0.95 / 0.6)
    sizes = {
        tuple(np.round(ax.get_position().size * figure.get_size_inches(), 6)) for ax in figure.axes
    }
    assert len(sizes) == 1
    assert third.get_position().y0 < first.get_position().y0
    assert figure.legends[0].get_texts()
    assert overlaps_or_sticks_out(figure) == ([], [])


def test_names_are_no_formulas():
    table = reliability_table(make("few"))
    title = plot_reliabilities({"$alpha_1$ costs $5": table}).axes[0].title
    assert title.get_text() == "$alpha_1$ costs $5"
    assert not title.get_parse_math()


@pytest.mark.parametrize(
    ("tables", "columns", "said"), [({}, 3, "at least one"), ({"a": 1}, 0, "3")]
)
def test_side_by_side_refuses(tables, columns, said):
    with pytest.raises(ValueError, match=said):
        plot_reliabilities(tables, columns=columns)
