"""A model looks the same in every figure, and no word stands under a mark."""

import math
import re

import numpy as np
import pytest
from matplotlib.text import Text

from caopd_bench.figures.grids import plot_estimates, plot_training
from caopd_bench.figures.marked import Estimate, Point, ProbePoint
from caopd_bench.figures.palette import COLOURS, MARKS, METHODS, give_styles
from caopd_bench.figures.paper import plot_confidence_accuracy, plot_pareto
from caopd_bench.figures.scaling import plot_scaling
from caopd_bench.metrics import reliability_table, tally
from caopd_bench.report.build import build_report
from caopd_bench.report.drawings import captions
from caopd_bench.report.drawings.draw import draw_task


def write(folder, name, counts):
    """Write a flat file of (confidence, right, wrong) and name it."""
    rows = [f"{c},{y}" for c, right, wrong in counts for y in [1] * right + [0] * wrong]
    (folder / f"{name}.csv").write_text("\n".join(["confidence,correct", *rows]))
    return f"{name}={folder / name}.csv"


RUNS = {
    "opd": [(1.0, 70, 50)],
    "base": [(0.9, 40, 20), (0.7, 30, 30)],
    "caopd": [(0.9, 50, 8), (0.3, 12, 50)],
    "mine": [(0.8, 60, 20), (0.2, 20, 20)],
}


def draw(folder, names):
    report = build_report([write(folder, name, RUNS[name]) for name in names])
    return {one.name: one for one in draw_task(report, report.tasks[0])}


def looks(drawings):
    """By figure: the colour and mark of each model."""
    found = {}
    for name in ("confidence-accuracy", "pareto", "risk-coverage"):
        handles, labels = drawings[name].figure.axes[0].get_legend_handles_labels()
        found[name] = {
            label.partition(":")[0]: (handle.get_color(), handle.get_marker())
            for handle, label in zip(handles, labels, strict=True)
            if "front" not in label
        }
    for name in ("reliability", "histograms"):
        panels = [ax for ax in drawings[name].figure.axes if ax.get_title("left")]
        found[name] = {
            ax.get_title("left"): (ax.lines[-1].get_color(), ax.lines[-1].get_marker())
            for ax in panels
        }
        for ax in panels:
            colour = found[name][ax.get_title("left")][0]
            drawn = {tuple(np.round(bar.get_facecolor()[:3], 3)) for bar in ax.patches}
            assert len(drawn) <= 1  # one colour in a panel of bars
            if name == "histograms":
                from matplotlib.colors import to_rgb

                assert drawn == {tuple(np.round(to_rgb(colour), 3))}
    return found


def test_one_colour_and_mark_for_a_model_in_all_figures_of_all_pages(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = looks(draw(tmp_path / "a", ["opd", "base", "caopd", "mine"]))
    other = looks(draw(tmp_path / "b", ["caopd", "opd"]))
    reference = first["pareto"]
    assert set(reference) == set(RUNS)
    assert len({colour for colour, _ in reference.values()}) == 4
    for page in (first, other):
        for name, look in page.items():
            assert look == {run: reference[run] for run in look}, name


def test_styles_by_name():
    look = give_styles(METHODS)
    assert look == {name: give_styles([name])[name] for name in METHODS}
    assert len(set(look.values())) == len(METHODS)
    shared = ("opd", "caopd", "grpo", "rlcr", "dcpo", "base")  # of one study
    assert len({look[name][0] for name in shared}) == 6
    assert give_styles(["x"]) == give_styles(["x"])
    # The method's colour, and a mark of its own; a method in the middle of a word is none.
    variants = give_styles(["caopd", "CaOPD 622k", "opd at 10k", "database"])
    assert variants["CaOPD 622k"][0] == variants["caopd"][0]
    assert variants["CaOPD 622k"][1] != variants["caopd"][1]
    assert variants["opd at 10k"] == look["opd"]
    # More variants of a method than marks.
    many_of_one = give_styles([f"caopd-step{i}00" for i in range(1, 11)])
    assert len(set(many_of_one.values())) == 10
    # Predictors beside the method and its variants.
    beside = [
        "caopd",
        "caopd-level",
        *(f"caopd @ {v}" for v in ("level", "siblings", "other_bases")),
    ]
    views = give_styles(beside)
    assert len(set(views.values())) == 5
    assert len({views[name][0] for name in beside if name != "caopd-level"}) == 4
    assert give_styles(["caopd @ level"])["caopd @ level"] == views["caopd @ level"]
    assert give_styles(["caopd @ expectation"])["caopd @ expectation"] == look["caopd"]
    # As long as there are colours, and pairs, no two are alike.
    for n in (6, 42):
        given = give_styles(f"model {i}" for i in range(n))
        assert len({colour for colour, _ in given.values()}) == 6
        assert len(set(given.values())) == n
    assert len(give_styles(f"model {i}" for i in range(100))) == 100
    assert all(c in COLOURS and m in MARKS for c, m in look.values())


def many(n, per=2):
    return [
        Point(
            f"p{i}{j}",
            Estimate(10.0 ** (4 + j)),
            Estimate(0.1 + 0.08 * i + 0.01 * j, 0.05 + 0.08 * i, 0.15 + 0.08 * i),
            f"group {i}",
        )
        for i in range(n)
        for j in range(per)
    ]


def shares(points):
    return [
        Point(
            p.name, Estimate(min(1.0, p.y.value + 0.1 * math.log10(p.x.value) - 0.4)), p.y, p.series
        )
        for p in points
    ]


def said(figure):
    figure.draw_without_rendering()
    return [text for ax in figure.axes for text in ax.texts if text.get_text().startswith("group")]


@pytest.mark.parametrize("n", [6, 7, 12])
def test_more_than_six_groups_are_named_beside_what_is_drawn(n):
    curves = {"ece": {f"group {i}": [[0.1 * i, 0.05 * i, 0.02 * i]] for i in range(n)}}
    figures = [
        plot_pareto(shares(many(n)), "ECE"),
        plot_confidence_accuracy(shares(many(n))),
        plot_scaling(many(n, 3), "ECE"),
        plot_training(curves),
    ]
    for figure in figures:
        legends = [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]
        entries = sum(
            text.get_text().strip().startswith("group")
            for one in legends
            for text in one.get_texts()
        )
        named = said(figure)
        assert (entries, len(named)) == ((n, 0) if n <= 6 else (0, n))
        boxes = [Text.get_window_extent(text) for text in named]  # without the line to it
        for i, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[:i])


def test_words_of_a_zone_give_way_to_marks():
    corner = [Point("a", Estimate(0.97, 0.9, 1.0), Estimate(0.08, 0.02, 0.14))]
    figure = plot_confidence_accuracy(corner)
    figure.draw_without_rendering()
    (ax,) = figure.axes
    (word,) = [text for text in ax.texts if text.get_text() == "overconfident"]
    mark = ax.transData.transform((0.97, 0.08))
    assert not word.get_window_extent().padded(3.0).contains(*mark)
    # Where a crowd leaves no room, the word is left out.
    crowd = [Point("", Estimate(x), Estimate(y)) for y in np.linspace(0, 0.5, 15)
             for x in np.linspace(0.5, 1.0, 30)]  # fmt: skip
    texts = plot_confidence_accuracy(crowd).axes[0].texts
    assert [text.get_text() for text in texts if text.get_text()] == ["underconfident"]


def test_a_single_run_of_training_has_no_band_and_lines_of_one_colour_other_dashes():
    figure = plot_training({"ece": {"opd": [[0.1, 0.2]], "opd 2": [[0.3, 0.1], [0.2, 0.2]]}})
    (ax,) = figure.axes
    assert len(ax.collections) == 1
    first, second = ax.lines
    assert first.get_color() == second.get_color()
    assert first.get_linestyle() != second.get_linestyle()


def test_lines_of_one_colour_have_other_dashes_and_sizes_are_ticks():
    sizes = (10_128.0, 32_608.0, 622_000.0)
    points = [
        Point("", Estimate(size), Estimate(0.1 * i + 0.01 * place), series)
        for i, series in enumerate(("caopd", "caopd @ level", "opd"))
        for place, size in enumerate(sizes)
    ]
    (ax,) = plot_scaling(points, "ECE").axes
    lines = [
        line for line in ax.lines if line.get_linestyle() != "None" and len(line.get_xdata()) == 2
    ]
    drawn = [(line.get_color(), line.get_linestyle()) for line in lines][1:]  # after that of 0
    assert len(set(drawn)) == len(drawn) == 3
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["10k", "33k", "622k"]


def test_a_slope_of_zero_has_no_minus():
    points = [
        Point("", Estimate(10.0**size), Estimate(0.5 - 1e-5 * size), "caopd") for size in (4, 5, 6)
    ]
    labels = plot_scaling(points, "ECE").axes[0].get_legend_handles_labels()[1]
    assert labels == ["caopd: +0.000 [+0.000, +0.000] per factor of ten, 3 models"]


def test_estimates_have_the_look_of_their_names():
    figure = plot_estimates({"ECE": [("caopd", Estimate(0.1, 0.0, 0.2)), ("base", Estimate(0.3))]})
    drawn = [(line.get_color(), line.get_marker()) for line in figure.axes[0].lines]
    assert drawn == [give_styles(["caopd"])["caopd"], give_styles(["base"])["base"]]


def point(name, x, y):
    return Point(name, Estimate(x), Estimate(y))


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ([], "No run has both an accuracy and a stated confidence."),
        ([point("a", 0.5, math.nan)], "No run has both an accuracy and a stated confidence."),
        (
            [point("a", 0.9, 0.5)],
            "The mean stated confidence is above the accuracy for a (by 0.400).",
        ),
        (
            [point("a", 0.5, 0.9)],
            "The mean stated confidence is below the accuracy for a (by 0.400).",
        ),
        (
            [point("a", 0.50001, 0.5), point("b", 0.49999, 0.5)],
            "The mean stated confidence is within 0.0005 of the accuracy for a, b.",
        ),
        (
            [
                point("a", 0.9, 0.5),
                point("b", 0.5, 0.5),
                point("c", 0.5, 0.9),
                point("d", 0.9, 0.1),
            ],
            "The mean stated confidence is above the accuracy for d (by 0.800), a (0.400), below "
            "it for c (by 0.400) and within 0.0005 of it for b.",
        ),
    ],
)
def test_gaps_in_words(points, sentence):
    assert captions.say_gaps(points, "stated confidence") == sentence


def test_front_and_range_in_words():
    points = [point("a", 0.5, 0.1), point("b", 0.5, 0.1), point("c", 0.4, 0.2)]
    words = captions.say_front(points, "ECE")
    assert words.endswith("): a (accuracy 0.500, ECE 0.100), b (accuracy 0.500, ECE 0.100).")
    assert captions.say_front([], "ECE") == "No run has both an accuracy and an ECE."
    assert captions.say_range(points, "ECE") == "ECE runs from 0.100 (a, b) to 0.200 (c)."
    assert captions.say_range(points[:2], "ECE") == "ECE is 0.100 for all 2 runs."
    assert captions.say_range(points[:1], "ECE") == "ECE is 0.100 (a)."
    assert captions.say_range([point("a", 1, math.nan)], "ECE").startswith("No run has")


def test_reliability_and_histograms_in_words():
    rng = np.random.default_rng(1)
    stated = rng.choice([0.3, 0.6, 0.9], 600)
    good = tally(stated, (rng.random(600) < stated).astype(int))
    bad, one = tally([1.0] * 40 + [0.9] * 10, [0, 1] * 25), tally([1.0], [0])
    tables = {"good": reliability_table(good), "bad": reliability_table(bad)}
    words = captions.say_reliability(tables)
    assert re.fullmatch(
        r"The ECE runs from 0\.0\d\d \(good\) to 0\.\d{3} \(bad\); larger than chance alone "
        r"would give \(above the 95 % limit of a calibrated model\): bad\.",
        words,
    )
    for name, said_of in (("good", "no larger"), ("bad", "larger")):
        words = captions.say_reliability({name: tables[name]})
        assert f"({name}), {said_of} than chance alone would give (above the 95 %" in words
    assert "none is larger" in captions.say_reliability({"a": tables["good"], "b": tables["good"]})
    assert "is 0." in captions.say_reliability({"a": tables["bad"], "b": tables["bad"]})
    words = captions.say_histograms({"good": good, "bad": bad, "one": one}, "states")
    assert "bad states 2 values (the most frequent one in 80 % of the answers)" in words
    assert "one states one value (in its one answer)" in words
    every = captions.say_histograms({"all": tally([1.0] * 30, [0, 1] * 15)}, "states")
    assert "all states one value (in all 30 answers)" in every


def test_moves_in_words():
    probe = ProbePoint("m", Estimate(0.3), Estimate(0.8), Estimate(0.9), Estimate(0.75))
    assert captions.say_moves([probe]) == (
        "The context moves m by +0.600 in success and -0.050 in stated confidence."
    )
    unknown = ProbePoint("m", Estimate(0.3), Estimate(0.8), Estimate(math.nan), Estimate(0.75))
    assert captions.say_moves([unknown]) == "No model has all four numbers."


def test_the_captions_of_one_run_of_one_answer(tmp_path):
    report = build_report([write(tmp_path, "r", [(0.5, 1, 0)])])
    drawings = {one.name: one for one in draw_task(report, report.tasks[0])}
    assert drawings["confidence-accuracy"].caption.startswith(
        "The mean stated confidence is below the accuracy for r (by 0.500)."
    )
    assert drawings["histograms"].caption.startswith("r states one value (in its one answer)")
    texts = [t.get_text() for ax in drawings["reliability"].figure.axes for t in ax.texts]
    children = [
        t.get_text()
        for ax in drawings["reliability"].figure.axes
        for child in ax.child_axes
        for t in child.texts
    ]
    assert "tallest: 1 row, 100%" in children
    assert "wide: 1 row" in texts
