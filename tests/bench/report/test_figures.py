"""The paper's figures: what is drawn is what was given, and an inline SVG carries nothing else."""

import math
from xml.etree import ElementTree

import numpy as np
import pytest

from caopd_bench.figures.histograms import plot_histograms
from caopd_bench.figures.marked import Estimate, Point, ProbePoint
from caopd_bench.figures.paper import (
    dominated_area,
    find_front,
    plot_confidence_accuracy,
    plot_pareto,
    plot_probes,
)
from caopd_bench.figures.scaling import plot_scaling
from caopd_bench.figures.trends import fit_slope
from caopd_bench.metrics import plot_risk_coverage, tally
from caopd_bench.report.build import build_report
from caopd_bench.report.drawings.draw import draw_task
from caopd_bench.report.page.vector import save_png, save_svg, to_inline_svg


def make_points(n=6, series=("opd", "caopd")):
    return [
        Point(
            f"model {i} $x$",
            Estimate(0.3 + 0.05 * i, 0.25 + 0.05 * i, 0.35 + 0.05 * i),
            Estimate(0.9 - 0.03 * i, 0.85 - 0.03 * i, 0.95 - 0.03 * i),
            series[i % len(series)],
        )
        for i in range(n)
    ]


def texts(figure):
    found = [text.get_text() for ax in figure.axes for text in ax.texts]
    for ax in figure.axes:
        if ax.get_legend():
            found += [text.get_text() for text in ax.get_legend().get_texts()]
    return found


def drawn(figure):
    """The coordinates of all marks."""
    lines = [line for ax in figure.axes for line in ax.lines if line.get_marker() != "None"]
    return {(float(x), float(y)) for line in lines for x, y in zip(*line.get_data(), strict=True)}


def test_confidence_accuracy_has_every_point():
    points = make_points()
    figure = plot_confidence_accuracy(points)
    assert drawn(figure) == {(p.x.value, p.y.value) for p in points}
    assert {"opd", "caopd", "model 0 $x$", "overconfident"} <= set(texts(figure))


def test_names_that_begin_with_an_underscore_stand_in_the_legend():
    points = [Point(f"_run {i}", Estimate(0.5), Estimate(0.5 + i / 10)) for i in range(2)]
    for figure in (plot_confidence_accuracy(points), plot_pareto(points, "ECE")):
        assert {"_run 0", "_run 1"} <= {text.strip() for text in texts(figure)}
    figure = plot_risk_coverage({"_run": tally([0.9, 0.5], [1, 0])})
    assert texts(figure)[0].strip().startswith("_run: AURC")


def test_long_names_have_lines_of_their_own():
    figure = plot_risk_coverage({"a" * 32: tally([0.9, 0.5], [1, 0])})
    assert texts(figure)[0].startswith("a" * 32 + ":\n")


def test_no_run_is_lost_where_shortened_names_are_alike(tmp_path):
    """Two curves of one name were one curve."""
    names = [f"a-model-with-a-long-name-seed-{seed}-and-a-long-end" for seed in (1, 2)]
    specs = []
    for seed, name in enumerate(names):
        file = tmp_path / f"{seed}.csv"
        rows = [f"0.{5 + i % 4},{(i + seed) % 3 % 2}" for i in range(60)]
        file.write_text("\n".join(["confidence,correct", *rows]))
        specs.append(f"{name}={file}")
    report = build_report(specs)
    (task,) = report.tasks
    figures = {drawing.name: drawing.figure for drawing in draw_task(report, task)}
    assert len(figures["risk-coverage"].axes[0].get_legend().get_texts()) == 2
    for name in ("reliability", "histograms"):
        titles = [ax.get_title("left") for ax in figures[name].axes if ax.get_title("left")]
        assert len(titles) == len(set(titles)) == 2


def test_few_models_without_a_method_have_a_colour_each():
    figure = plot_confidence_accuracy(make_points(3, series=("",)))
    assert {"model 0 $x$", "model 1 $x$", "model 2 $x$"} <= set(texts(figure))
    colours = {line.get_color() for line in figure.axes[0].lines if line.get_marker() != "None"}
    assert len(colours) == 3


def test_undefined_points_are_left_out():
    points = [*make_points(2), Point("lost", Estimate(math.nan), Estimate(0.5))]
    assert len(drawn(plot_confidence_accuracy(points))) == 2
    assert len(drawn(plot_pareto(points, "ECE"))) == 2


def test_the_slope_in_the_legend_is_the_fitted_one():
    sizes = [1e5, 1e6, 1e7, 1e8]
    points = [Point(f"m{s}", Estimate(s), Estimate(y), "opd")
              for s, y in zip(sizes, (0.1, 0.2, 0.31, 0.4), strict=True)]  # fmt: skip
    fit = fit_slope(np.log10(sizes), [0.1, 0.2, 0.31, 0.4])
    (said,) = plot_scaling(points, "ECE").axes[0].get_legend().get_texts()
    assert said.get_text() == (
        f"opd: {fit.slope:+.3f} [{fit.low:+.3f}, {fit.high:+.3f}] per factor of ten, 4 models"
    )


def test_the_slope_by_hand():
    # Residuals .06 -.13 .18 -.21 .10: SSE .107, sqrt(.107 / 3 / 10) = .0597, t(3) = 3.18245.
    fit = fit_slope([1, 2, 3, 4, 5], [2.1, 3.9, 6.2, 7.8, 10.1])
    error = math.sqrt(0.107 / 3 / 10)
    limits = (1.99 - 3.18245 * error, 1.99 + 3.18245 * error)
    assert (fit.slope, fit.low, fit.high) == pytest.approx((1.99, *limits), abs=1e-5)


def test_two_sizes_make_no_slope():
    fit = fit_slope([1, 1, 2], [0.1, 0.2, 0.3])
    assert math.isnan(fit.slope)
    assert "fewer than three sizes" in fit.reason


def test_front_and_area():
    points = [(0.5, 0.1), (0.7, 0.2), (0.6, 0.3), (0.5, 0.15)]
    assert find_front(points) == [(0.5, 0.1), (0.7, 0.2)]
    # Counted by hand: 0.7 x (1 - 0.2) + 0.5 x (0.2 - 0.1).
    assert dominated_area(points) == pytest.approx(0.61)
    rng = np.random.default_rng(0)
    cloud = rng.random((20, 2))
    trials = rng.random((200_000, 2))
    covered = np.zeros(len(trials), dtype=bool)
    for x, y in cloud:
        covered |= (trials[:, 0] <= x) & (trials[:, 1] >= y)
    assert dominated_area(map(tuple, cloud)) == pytest.approx(covered.mean(), abs=0.005)
    assert dominated_area([(0.0, 0.1), (0.5, 1.0)]) == 0.0


def test_histograms_hold_all_rows():
    stated = np.round(np.linspace(0, 1, 101), 2)
    one = tally(stated, (stated > 0.4).astype(int))
    figure = plot_histograms({"model": one})
    heights = [abs(bar.get_height()) for bar in figure.axes[0].patches]
    assert sum(heights) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="at least one tally"):
        plot_histograms({})


def test_probes_lead_from_without_to_with():
    point = ProbePoint("m", Estimate(0.3), Estimate(0.8), Estimate(0.9), Estimate(0.95))
    assert drawn(plot_probes([point])) == {(0.8, 0.3), (0.95, 0.9)}


def test_an_inline_svg_has_no_styles_no_ids_of_its_own_and_the_colours_of_the_page():
    figure = plot_confidence_accuracy(make_points(), title="<b>")
    text = to_inline_svg(figure, "f1", 'what "it" shows')
    root = ElementTree.fromstring(text)
    assert root.get("aria-label") == 'what "it" shows'
    for element in root.iter():
        assert "style" not in element.attrib
        assert element.get("id", "f1-").startswith("f1-")
        assert "#000000" not in element.attrib.values()
    assert not root.findall(".//style")
    assert "currentColor" in text
    assert "model 0 $x$" in "".join(root.itertext())
    assert "&lt;b&gt;" in text


def test_same_figure_same_bytes():
    svg, png = ({save(plot_pareto(make_points(), "ECE")) for _ in range(2)} for save in
                (lambda figure: save_svg(figure, "salt"), save_png))  # fmt: skip
    assert len(svg) == len(png) == 1
    assert png.pop().startswith(b"\x89PNG")


def extents(figure):
    """The boxes of the names as drawn, in pixels, and that of the axes."""
    (ax,) = figure.axes
    figure.draw_without_rendering()
    names = [text for text in ax.texts if text.get_text().startswith("run")]
    return [text.get_window_extent() for text in names], ax.get_window_extent()


CROWD = [(0.58, 0.63), (0.58, 0.62), (0.7, 1.0), (1.0, 0.9), (0.0, 0.0), (1.0, 1.0), (0.6, 0.64)]


@pytest.mark.parametrize("plot", [plot_confidence_accuracy, lambda p: plot_pareto(p, "ECE")])
def test_names_stay_within_the_axes_and_off_each_other(plot):
    points = [Point(f"run {i}", Estimate(x), Estimate(y)) for i, (x, y) in enumerate(CROWD)]
    boxes, axes = extents(plot(points))
    assert len(boxes) == len(CROWD)
    for i, box in enumerate(boxes):
        assert axes.x0 <= box.x0
        assert box.x1 <= axes.x1
        assert axes.y0 <= box.y0
        assert box.y1 <= axes.y1
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_marks_at_the_end_of_an_axis_are_drawn_whole():
    figure = plot_confidence_accuracy([Point("run", Estimate(1.0), Estimate(0.9))])
    marks = [line for line in figure.axes[0].lines if line.get_marker() != "None"]
    assert marks
    assert not any(mark.get_clip_on() for mark in marks)


def test_the_legend_has_one_entry_for_one_mark():
    from caopd_bench.metrics import plot_reliabilities, reliability_table

    stated = np.linspace(0.01, 0.99, 200)
    outcome = (np.arange(200) % 3 > 0).astype(int)
    tables = {
        "few": reliability_table(np.round(stated, 1), outcome),
        "many": reliability_table(stated, outcome),
    }
    (legend,) = plot_reliabilities(tables).legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[0] == "bin or stated value, area: share of rows"
    assert sum("area" in label for label in labels) == 1
