"""Who stands above whom: being wrong, silent or constant never wins, in any of the formats."""

import csv
import io
import json
import math
import re
import runpy
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml

from caopd_bench.cli import main
from caopd_bench.report.build import build_report
from caopd_bench.report.findings import find
from caopd_bench.report.page.assemble import render_page
from caopd_bench.report.skill import SKILL, explain_order, fill_worst, score_skill
from caopd_bench.runs.run import CountedRun, Run, count_rows
from caopd_bench.runs.stored.store import write_stored

MODELS = runpy.run_path(str(Path(__file__).parents[2] / "studies" / "bench" / "nine_models.py"))
BAD, TASK = MODELS["BAD"], MODELS["TASK"]
draw_base, nine_models, sandbag = (MODELS[n] for n in ("draw_base", "nine_models", "sandbag"))
shift, to_rows, write_models = (MODELS[n] for n in ("shift", "to_rows", "write_models"))


def report_files(models, folder, *endings, samples=1):
    """What `caopd-bench report` writes of stored runs: one text per ending."""
    runs = write_models(models, folder / "runs", samples=samples)
    files = [folder / f"report{ending}" for ending in endings]
    words = [word for file in files for word in ("-o", str(file))]
    assert main(["report", *map(str, runs), *words]) == 0
    return [file.read_text(encoding="utf-8") for file in files]


def order_of(models, folder, **options):
    """The standing of the models, as the JSON has it."""
    (text,) = report_files(models, folder, ".json", **options)
    (standing,) = json.loads(text)["standings"]
    return standing


@pytest.mark.parametrize(("n", "seed"), [(300, 0), (600, 0), (600, 1), (600, 2), (2000, 0)])
def test_the_recalibrated_model_leads_the_nine(tmp_path, n, seed):
    models = nine_models(n, seed)
    order = order_of(models, tmp_path)["order"]
    assert order[0] == "recalibrated"
    assert order[-1] == "always_wrong_says_0"
    assert set(order[3:]) == set(BAD)
    # By the plain Brier score of what is stated, it was sixth.
    brier = {name: np.nanmean((c - y) ** 2) for name, (c, y) in models.items()}
    assert sorted(brier, key=brier.get).index("recalibrated") >= 4


def test_the_order_of_the_nine_is_not_that_in_which_they_are_given(tmp_path):
    models = dict(reversed(nine_models().items()))
    assert order_of(models, tmp_path)["order"][:3] == ["recalibrated", "only_more_accurate", "base"]


def test_silence_is_counted_at_its_worst(tmp_path):
    stated, correct = draw_base(600, np.random.default_rng(0), mean=0.65)
    silent = {
        f"silent_{share}": (
            np.where((correct == 0) & (stated > 1 - share), np.nan, stated),
            correct,
        )
        for share in (0.3, 0.5, 0.7, 0.9)
    }
    standing = order_of({**silent, "open": (stated, correct)}, tmp_path)
    assert standing["order"][0] == "open"
    report = build_report(write_models(silent, tmp_path / "again"))
    for entry in report.entries:
        cell = entry.cells[TASK]
        (bound,) = [r.high for r in cell.records if r.metric == "brier_bounds"]
        accuracy = cell.find("accuracy").estimate
        assert cell.find(SKILL).estimate == pytest.approx(1 - bound / (accuracy * (1 - accuracy)))


@pytest.mark.parametrize("accuracy", [0.15, 0.3, 0.65, 0.9])
@pytest.mark.parametrize("law", ["shifted", "frequencies"])
def test_no_model_wins_by_answering_wrong(tmp_path, accuracy, law):
    """Sandbagging raises the skill, up to nearly 1, and does not raise the place."""
    rng, mean = np.random.default_rng(1), min(accuracy + 0.25, 0.97)
    stated, correct = draw_base(1500, rng, accuracy=accuracy, mean=mean)
    honest = np.round(shift(stated, accuracy), 2)
    if law == "frequencies":
        edges = np.unique(np.quantile(stated, np.linspace(0, 1, 8)[1:-1]))
        bin_of = np.searchsorted(edges, stated)
        right, rows = np.bincount(bin_of, correct), np.bincount(bin_of)
        honest = np.round((right / rows)[bin_of], 2)
    models = {"honest": (honest, correct), "base": (stated, correct)}
    for share in (0.3, 0.6, 0.95):
        for name in ("honest", "base"):
            made = sandbag(*models[name], share)
            if (correct - made[1]).sum() >= 20:
                models[f"{name} wrong on {share}"] = made
    few = np.zeros(1500)
    few[:75] = 1
    models["5 % right, and knows which"] = (few, few)
    standing = order_of(models, tmp_path)
    higher = set(models) - {"honest", "base"}
    assert standing["order"][0] == "honest"
    assert len(higher) >= 3
    assert {name for name, above in standing["placed_below"].items() if "honest" in above} <= higher
    assert "5 % right, and knows which" in standing["placed_below"]
    assert (
        "Higher in Brier skill, but less accurate, so listed below it: " in standing["findings"][0]
    )


@pytest.mark.parametrize("accuracy", [0.15, 0.5, 0.83])
def test_a_constant_stands_below_whoever_knows_something(tmp_path, accuracy):
    rng = np.random.default_rng(2)
    stated, correct = draw_base(600, rng)
    right = np.zeros(600)
    right[rng.permutation(600)[: round(accuracy * 600)]] = 1
    models = {
        "at its own accuracy": (np.full(600, right.mean()), right),
        "opd": (np.ones(600), correct),
        "overconfident, and knows": (stated, correct),
    }
    standing = order_of(models, tmp_path)
    assert standing["order"][0] == "overconfident, and knows"
    assert standing["not_shown_to_tell_apart"] == ["at its own accuracy"]
    assert any("it is listed below runs with a lower" in one for one in standing["findings"])
    assert "always stating its own accuracy is better" in standing["findings"][0] or (
        "not shown to beat always stating its own accuracy" in standing["findings"][0]
    )


def test_of_models_that_know_nothing_none_is_praised(tmp_path):
    right = np.arange(200) % 2
    models = {"one": (np.full(200, 0.5), right), "two": (np.ones(200), right)}
    said = order_of(models, tmp_path)["findings"]
    assert said[0] == (
        "No run is named first: none of the 2 compared is shown to separate right answers from "
        "wrong ones (accuracy in brackets): one (0.500), two (0.500)."
    )
    assert not any("is first of" in one for one in said)


def test_a_less_accurate_model_above_a_more_accurate_one_is_marked(tmp_path):
    """Nothing holds here: the base is overconfident, and the other gave up a third of it."""
    stated, correct = draw_base(600, np.random.default_rng(0))
    models = {"base": (stated, correct), "gave up": sandbag(stated, correct, 0.5)}
    html, md, tex, raw = report_files(models, tmp_path, ".html", ".md", ".tex", ".json")
    (standing,) = json.loads(raw)["standings"]
    assert standing["order"] == ["gave up", "base"]
    assert standing["less_accurate_than"] == {"gave up": ["base"]}
    said = "It is significantly less accurate ("
    assert all(said in text for text in (html, md.replace("\\", ""), standing["findings"][0]))
    assert standing["findings"][0].endswith(") than base (0.650).")
    why = "significantly less accurate than base (0.650), which is listed below it"
    assert html.count(">less accurate than a run below</strong>") == 1
    assert why in html
    assert f"† gave up: {why}" in md
    assert f"$^\\dagger$ gave up: {why}." in tex


def test_a_perfect_knower_of_one_answer_has_no_skill(tmp_path):
    """With so few right answers luck makes a skill of 1."""
    stated, correct = draw_base(300, np.random.default_rng(0))
    lucky = np.zeros(300)
    lucky[:4] = 1
    models = {"lucky": (lucky, lucky), "base": (stated, correct), "all wrong": (stated, lucky * 0)}
    standing = order_of(models, tmp_path)
    assert standing["order"] == ["base", "lucky", "all wrong"]
    assert standing["not_compared"] == {
        "lucky": "fewer than 5 right answers: no Brier skill",
        "all wrong": "all answers wrong: Brier skill needs right and wrong answers",
        "base": "no other run that answered the same items has a Brier skill",
    }
    assert standing["findings"][0] == "Not compared: there is no Brier skill of lucky, all wrong."


def test_a_task_that_all_get_wrong(tmp_path):
    wrong = np.zeros(60)
    models = {"a": (wrong + 0.9, wrong), "b": (np.linspace(0, 1, 60), wrong)}
    html, raw = report_files(models, tmp_path, ".html", ".json")
    (standing,) = json.loads(raw)["standings"]
    assert standing["letters"] == {}
    assert standing["findings"][0] == "Not compared: there is no Brier skill of a, b."
    assert "all answers wrong: Brier skill needs right and wrong answers" in html


class Heads(HTMLParser):
    """The headings of the standings, in order."""

    def __init__(self, html):
        super().__init__()
        self.heads = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        key = dict(attrs).get("data-sort")
        if tag == "th" and key:
            self.heads.append(key)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The report of nine models in all formats, by ending."""
    endings = (".html", ".md", ".tex", ".csv", ".json")
    texts = report_files(nine_models(300), tmp_path_factory.mktemp("nine"), *endings)
    return dict(zip(endings, texts, strict=True))


def test_accuracy_stands_beside_the_skill_in_every_format(written):
    html, md, tex, table, raw = written.values()
    heads = Heads(html).heads
    assert heads[heads.index("skill") + 1] == "accuracy"
    assert "| Brier skill | accuracy |" in md
    assert "Brier skill & accuracy &" in tex
    for metrics in (
        [row["metric"] for row in csv.DictReader(io.StringIO(table))],
        [record["metric"] for record in json.loads(raw)["records"]],
    ):
        places = [i for i, metric in enumerate(metrics) if metric == SKILL]
        assert len(places) == 9
        assert all(metrics[i + 1] == "accuracy" for i in places)


def test_what_the_order_means_stands_under_every_table(written):
    for text in (unescape(written[".html"]), written[".md"], written[".tex"]):
        assert explain_order() in text
    assert json.loads(written[".json"])["standings"][0]["order_means"] == explain_order()


def test_nothing_on_the_page_crowns_a_brier_score(written):
    for text in (written[".html"].lower(), written[".md"].lower()):
        assert "lowest brier" not in text
        assert "lower brier" not in text
        assert "compare models by. lower" not in text


def test_the_model_card_has_the_skill_and_the_accuracy(tmp_path):
    runs = write_models(nine_models(300), tmp_path / "runs")
    out = tmp_path / "report.json"
    assert main(["report", *map(str, runs), "-o", str(out), "--card", str(tmp_path / "card")]) == 0
    front = (tmp_path / "card" / "recalibrated" / "model-index.md").read_text().strip("-\n")
    (model,) = yaml.safe_load(front)["model-index"]
    first, second = model["results"][0]["metrics"][:2]
    assert (first["type"], second["type"]) == (SKILL, "accuracy")
    assert "higher is better only at the same accuracy" in first["name"]


def test_samples_of_an_item_count_together(tmp_path):
    """Eight equal samples of 75 questions are 75 questions."""
    stated, correct = draw_base(75, np.random.default_rng(0))
    once = {"base": (stated, correct), "mild": (np.round(shift(stated, 0.8), 2), correct)}
    often = {name: (np.repeat(c, 8), np.repeat(y, 8)) for name, (c, y) in once.items()}
    (of_one,) = order_of(once, tmp_path / "once")["pairs"]
    (of_eight,) = order_of(often, tmp_path / "often", samples=8)["pairs"]
    assert of_eight["n"] == 8 * of_one["n"]
    # Half a unit more is half a question there, and half a row here.
    assert of_eight["high"] - of_eight["low"] == pytest.approx(
        of_one["high"] - of_one["low"], rel=0.05
    )
    assert of_eight["difference"] == pytest.approx(of_one["difference"])


def write_flat(folder, name, stated, correct):
    lines = "".join(
        f"{'' if math.isnan(c) else c},{int(y)}\n" for c, y in zip(stated, correct, strict=True)
    )
    (folder / f"{name}.csv").write_text("confidence,correct\n" + lines)
    return f"{name}={folder / name}.csv"


def test_rows_without_names_are_ordered_in_the_same_way(tmp_path):
    """They cannot be paired: the accuracy is told apart where the intervals do not meet."""
    models = nine_models()
    models["wrong on half"] = sandbag(*models["recalibrated"], 0.5)
    report = build_report([write_flat(tmp_path, *(name, *rows)) for name, rows in models.items()])
    (standing,) = report.standings.values()
    assert standing.letters == {}
    assert standing.order[0] == "recalibrated"
    assert standing.placed_below["wrong on half"] == ["recalibrated"]
    assert set(standing.order[4:]) == set(BAD)
    said = find(report, report.tasks[0])
    assert said[0].startswith(
        "The rows do not name their questions, so no two runs can be paired: "
    )
    assert "not compared" not in said[0]


def test_a_single_run_is_not_praised(tmp_path):
    stated, correct = draw_base(300, np.random.default_rng(0))
    report = build_report(write_models({"base": (stated, correct)}, tmp_path))
    (standing,) = report.standings.values()
    assert standing.why_not == {"base": "no other run answered exactly the same items"}
    assert not any("is first of" in one for one in find(report, TASK))
    assert "Brier skill" in render_page(report)


@pytest.mark.parametrize("samples", [1, 4])
def test_counts_alone_give_the_same_skill(samples):
    rng = np.random.default_rng(5)
    stated, correct = draw_base(400, rng)
    # A stated 0 is not the 0 that stands for nothing.
    stated = np.where(rng.random(400) < 0.1, 0.0, stated)
    stated = np.where(rng.random(400) < 0.2, np.nan, stated)
    counts = count_rows(to_rows(stated, correct, samples=samples))
    of_rows = fill_worst(counts, to_rows(stated, correct, samples=samples))
    of_counts = fill_worst(counts)
    assert of_counts.values.tolist() == of_rows.values.tolist()
    assert of_counts.right.tolist() == of_rows.right.tolist()
    assert of_counts.wrong.tolist() == of_rows.wrong.tolist()
    first, second = (score_skill("run", "task", one, 0.95) for one in (of_rows, of_counts))
    assert (first.low, first.high) == pytest.approx((second.low, second.high))
    assert first.interval.startswith("cluster") == (samples > 1)


def test_counts_of_nothing_stated():
    rows = to_rows(np.full(40, np.nan), np.arange(40) % 2)
    filled = fill_worst(count_rows(rows))
    assert (filled.values.tolist(), filled.right.tolist()) == ([0.0, 1.0], [20, 0])
    assert score_skill("run", "task", filled, 0.95).estimate == pytest.approx(-3.0)


def test_a_run_of_too_many_rows_to_keep_has_a_skill(tmp_path, monkeypatch):
    from caopd_bench import read_run
    from caopd_bench.runs.flat import read as flat

    monkeypatch.setattr(flat, "MAX_ROWS", 50)
    stated, correct = draw_base(99, np.random.default_rng(0))
    stated[::7] = np.nan
    spec = write_flat(tmp_path, "big", stated, correct)
    assert isinstance(read_run(spec), CountedRun)
    report = build_report([spec])
    record = report.entries[0].cells["answers"].find(SKILL)
    worst = np.where(np.isnan(stated), 1 - correct, stated)
    expected = 1 - ((worst - correct) ** 2).mean() / (correct.mean() * (1 - correct.mean()))
    assert record.estimate == pytest.approx(expected)
    assert record.n == 99


def test_runs_of_other_items_are_no_part_of_the_first_sentence(tmp_path):
    stated, correct = draw_base(300, np.random.default_rng(0))
    better = np.round(shift(stated, 0.65), 2)
    folders = write_models({"base": (stated, correct), "better": (better, correct)}, tmp_path)
    others = []
    for name in ("x", "y"):
        c, y = draw_base(200, np.random.default_rng(len(others) + 7))
        rows = to_rows(c, y)
        named = [replace(row, item_hash=f"other {i}") for i, row in enumerate(rows)]
        run = Run(name, "", named, {"model": name})
        write_stored(run, [], tmp_path / name)
        others.append(tmp_path / name)
    report = build_report([*folders, *others])
    said = find(report, TASK)[0]
    assert said.startswith("better is first of 2: ")


@pytest.mark.parametrize(("accuracy", "warned"), [(0.2, True), (0.8, False)])
def test_side_by_side_a_falling_brier_score_is_not_praised_where_most_is_wrong(
    tmp_path, accuracy, warned
):
    stated, correct = draw_base(200, np.random.default_rng(0), accuracy=accuracy)
    lower = np.round(shift(stated, accuracy), 2)
    runs = write_models({"base": (stated, correct), "lower": (lower, correct)}, tmp_path)
    html = render_page(build_report(runs, samples=0))
    said = "below 50 % accuracy it also falls when a run gets more answers wrong"
    assert (said in html) == warned


def test_one_hopeless_skill_leaves_room_to_draw_the_others(tmp_path):
    """A skill has no lower limit: 97 % right and always stated at 0 is a skill of -32."""
    stated, correct = draw_base(300, np.random.default_rng(0))
    models = {
        "base": (stated, correct),
        "better": (np.round(shift(stated, 0.65), 2), correct),
        "hopeless": (np.where(np.arange(300) % 50, 0.0, 0.1), np.arange(300) % 33 > 0),
    }
    html = render_page(build_report(write_models(models, tmp_path), samples=0))
    drawn = re.findall(r'<line class="at" x1="([\d.]+)"', html)
    assert len(drawn) == 3
    better, base, hopeless = map(float, drawn)
    assert better - base > 20
    assert hopeless == 0
