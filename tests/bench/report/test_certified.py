"""The column and the panel of what may be automated: of all answers, in words that fit each end."""

import csv
import io
import json
import math
import re
from html import unescape

import numpy as np
import pytest
from scipy.stats import binomtest

from caopd_bench.cli import main
from caopd_bench.figures.palette import COLOURS, MARKS
from caopd_bench.figures.selection import FEWEST_KEPT, Curve, Mark, plot_selection
from caopd_bench.report.build import build_report
from caopd_bench.report.certified import COVERAGE, MAX_RISK, say_why_none
from caopd_bench.report.drawings.draw import draw_task
from caopd_bench.report.entries import Given
from caopd_bench.report.formats import render_csv, render_json
from caopd_bench.report.page.assemble import render_page
from caopd_bench.report.tables import render_latex, render_markdown
from caopd_bench.thresholds.certify import threshold

TASK = "answers"
#: Stated confidence, right and wrong answers; None: no usable confidence.
RUNS = {
    "sure": [(1.0, 398, 2), (0.5, 150, 150), (None, 60, 40)],
    "hopeless": [(1.0, 300, 300), (0.9, 100, 100)],
    "open": [(0.9, 97, 3), (0.6, 50, 50), (None, 100, 100)],
    "mute": [(None, 20, 20)],
}


def write(folder, name, counts, samples=1):
    """Write the rows of a run; with several samples, so many in a row are of one question."""
    rows = ["confidence,correct,item"]
    for value, right, wrong in counts:
        stated = "" if value is None else value
        rows += [f"{stated},1,x"] * right + [f"{stated},0,x"] * wrong
    lines = [f"{row[:-1]}q{i // samples}" for i, row in enumerate(rows[1:])]
    file = folder / f"{name}.csv"
    file.write_text("\n".join([rows[0], *lines]))
    return f"{name}={file}"


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return [write(folder, name, counts) for name, counts in RUNS.items()]


@pytest.fixture(scope="module")
def report(specs):
    return build_report(specs)


def cells(report):
    return {entry.name: entry.cells[TASK] for entry in report.entries}


def figure(report, name="risk-coverage"):
    return next(drawing for drawing in draw_task(report, TASK) if drawing.name == name)


def test_the_coverage_is_of_all_answers(report):
    record = cells(report)["sure"].find(COVERAGE)
    exact = binomtest(400, 800).proportion_ci(0.95)
    assert (record.estimate, record.n) == (0.5, 800)
    assert (record.low, record.high) == pytest.approx((exact.low, exact.high))
    assert (record.interval, record.reason) == ("clopper-pearson 95%", "")


def test_what_is_not_certified_has_a_reason_and_no_number(report):
    found = {name: cell.find(COVERAGE) for name, cell in cells(report).items() if name != "sure"}
    assert all(math.isnan(record.estimate) and record.reason for record in found.values())
    assert found["hopeless"].reason.startswith("no cut that keeps 30 answers or more")
    assert found["mute"].reason == "no answer has a usable confidence"
    # Half of the answers state something: twice as many are needed in all.
    cut = cells(report)["open"].cut
    (needed,) = re.findall(r"needs about ([\d,]+) answers in all$", found["open"].reason)
    assert int(needed.replace(",", "")) == cut.items_needed > 400


def test_a_risk_that_is_too_high_so_far_promises_no_number_of_answers(tmp_path):
    spec = write(tmp_path, "r", [(0.9, 94, 6)])
    cut = cells(build_report([spec]))["r"].cut
    assert cut.outcome == "INCONCLUSIVE"
    assert say_why_none(cut).endswith("at every cut its error rate is 5 % or more")


def test_it_is_what_threshold_certifies(report, specs):
    for spec, cell in zip(specs, cells(report).values(), strict=True):
        (cut,) = threshold(spec, max_risk=MAX_RISK).cuts
        assert repr(cut) == repr(cell.cut)  # NaN and all


def test_answers_to_one_question_are_a_cluster(tmp_path):
    counts = [(1.0, 398, 2), (0.5, 150, 150)]
    alone, shared = (
        cells(build_report([write(tmp_path, f"r{samples}", counts, samples)]))[f"r{samples}"]
        for samples in (1, 4)
    )
    assert (alone.cut.clusters, shared.cut.clusters) == (None, 175)
    assert shared.find(COVERAGE).interval == "sums over clusters 95%"
    few = cells(build_report([write(tmp_path, "few", [(0.9, 97, 3)], 4)]))["few"]
    assert re.search(r"about [\d,]+ questions in all", say_why_none(few.cut))


def test_every_format_has_words_that_fit(report):
    said = {"sure": "50.0 %", "hopeless": "none", "open": "undecided", "mute": "undecided"}
    markdown, latex = render_markdown(report), render_latex(report)
    head, *_ = [line for line in markdown.splitlines() if line.startswith("| model")]
    column = head.split(" | ").index("certified at 5 % risk")
    for name, words in said.items():
        (line,) = [line for line in markdown.splitlines() if line.startswith(f"| {name} ")]
        assert line.split(" | ")[column].startswith(words)
        (line,) = [line for line in latex.splitlines() if line.startswith(f"{{}}{name} ")]
        assert line.split(" & ")[column] == words.replace("%", r"\%")
    assert "50.0 % [46.5, 53.5] %, confidence 1.00" in markdown
    assert "\n- hopeless: no cut that keeps" in markdown
    for text in (markdown, latex.replace("\\", ""), unescape(render_page(report))):
        assert "Each certificate is about one run on one task; they do not hold jointly." in text
    assert "$$" not in latex


def test_csv_and_json_hold_cut_and_outcome(report):
    rows = list(csv.DictReader(io.StringIO(render_csv(report))))
    found = {row["run"]: row for row in rows if row["metric"] == COVERAGE}
    assert {name: row["outcome"] for name, row in found.items()} == {
        "sure": "CERTIFIED", "hopeless": "NONE", "open": "INCONCLUSIVE", "mute": "INCONCLUSIVE",
    }  # fmt: skip
    assert {name: row["cut"] for name, row in found.items() if row["cut"]} == {"sure": "1.0"}
    assert {row["max_risk"] for row in found.values()} == {"0.05"}
    assert not any(row["outcome"] for row in rows if row["metric"] != COVERAGE)
    data = json.loads(render_json(report))
    certified = data["standings"][0]["certified"]
    assert data["max_risk"] == certified["sure"]["max_risk"] == 0.05
    assert (certified["sure"]["n_kept"], certified["sure"]["cut"]) == (400, 1.0)
    assert certified["hopeless"]["cut"] is None


def test_one_option_names_the_limit_everywhere(specs, tmp_path):
    file = tmp_path / "r.md"
    page = tmp_path / "r.html"
    words = ["report", *specs[:2], "--max-risk", "0.125", "-o", str(file), "-o", str(page)]
    assert main(words) == 0
    for text in (file.read_text(), unescape(page.read_text()).replace("\xa0", " ")):
        assert "ertified at 12.5 % risk" in text
        assert "5 % risk" not in text.replace("12.5 % risk", "")


@pytest.mark.parametrize("word", ["0", "1", "5", "x"])
def test_a_limit_that_is_no_share_is_refused(specs, word, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["report", *specs, "-o", "r.md", "--max-risk", word])
    assert "--max-risk" in capsys.readouterr().err


def test_the_panel_says_what_came_out(report):
    caption = figure(report).caption
    assert caption.startswith("Certified at 5 % risk (with 95 % certainty, each run by itself): ")
    assert "50.0 % of the answers of sure (stated 1.00); none of hopeless; " in caption
    assert "undecided for open." in caption
    assert f"Lines begin at {FEWEST_KEPT} answers" in caption
    (legend,) = [ax.get_legend() for ax in figure(report).figure.axes]
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["sure: 50.0 %, stated 1.00", "hopeless: none certified", "open: undecided"]


def test_lines_are_steps_of_whole_ties_from_thirty_answers_on(tmp_path):
    spec = write(tmp_path, "r", [(1.0, 29, 0), (0.9, 101, 10), (0.5, 30, 30), (None, 50, 50)])
    (ax,) = figure(build_report([spec])).figure.axes
    line = next(one for one in ax.lines if one.get_drawstyle() == "steps-post")
    assert line.get_xdata() == pytest.approx([140 / 300, 200 / 300])
    assert line.get_ydata() == pytest.approx([10 / 140, 40 / 200])


def test_of_many_runs_those_that_keep_most_have_lines(tmp_path):
    specs = [write(tmp_path, f"bad{i}", RUNS["hopeless"]) for i in range(8)]
    specs.append(write(tmp_path, "good", RUNS["sure"]))
    drawing = figure(build_report(specs))
    labels = [text.get_text() for text in drawing.figure.axes[0].get_legend().get_texts()]
    assert len(labels) == 6
    assert labels[0].startswith("good: 50.0 %")
    assert "6 of 9 runs: those that keep most" in drawing.caption


def colours(drawn):
    """The colour of each name in the legend of a figure."""
    handles, labels = drawn.axes[0].get_legend_handles_labels()
    pairs = zip(handles, labels, strict=True)
    return {label.partition(":")[0]: (one.get_color(), one.get_marker()) for one, label in pairs}


def test_a_model_has_one_colour_on_the_page(report, specs):
    of_models = colours(figure(report).figure)
    assert of_models == colours(figure(report, "confidence-accuracy").figure)
    assert len(set(of_models.values())) == 3
    given = {"sure": Given("opd"), "open": Given("opd"), "hopeless": Given("caopd")}
    by_method = build_report(specs[:3], given=given)
    drawn = figure(by_method).figure
    theirs = colours(figure(by_method, "confidence-accuracy").figure)
    methods = {name: theirs[one.method] for name, one in given.items()}
    assert colours(drawn) == methods
    handles, _ = drawn.axes[0].get_legend_handles_labels()
    assert {line.get_linestyle() for line in handles} == {"-", "--"}  # two models of one method


def test_words_stand_off_marks_and_each_other():
    ends = np.linspace(0.1, 1.0, 10)
    curves = [
        Curve(f"m{i}", ends, ends * (0.05 + 0.01 * i), style, "solid",
              Mark(0.5 + 0.01 * i, 0.03, f"0.9{i}"))
        for i, style in enumerate(zip(COLOURS, MARKS[:6], strict=True))
    ]  # fmt: skip
    drawn = plot_selection(curves, max_risk=0.05, limit="5 %")
    drawn.draw_without_rendering()
    (ax,) = drawn.axes
    words = [text for text in ax.texts if text.get_text().startswith("0.9")]
    assert len(words) == 6
    boxes = [text.get_window_extent() for text in words]
    marks = ax.transData.transform([(c.mark.coverage, c.mark.risk) for c in curves])
    around = ax.get_window_extent()
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert not any(box.contains(*mark) for mark in marks)
        assert around.x0 <= box.x0
        assert box.x1 <= around.x1
        assert around.y0 <= box.y0


def test_no_curve_is_an_error():
    with pytest.raises(ValueError, match="at least one curve"):
        plot_selection([], max_risk=0.05, limit="5 %")
