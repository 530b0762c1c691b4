"""The report on runs whose confidence is the probability of the chosen option."""

import json
import re

import pytest

import caopd_bench.report.duels as dueling
import caopd_bench.report.read_entries as reading
from caopd_bench.report.build import build_report
from caopd_bench.report.drawings.draw import draw_task
from caopd_bench.report.formats import render_csv, render_json
from caopd_bench.report.model_card import render_card
from caopd_bench.report.page.assemble import STATES, render_page
from caopd_bench.report.tables import render_latex, render_markdown

STATED = re.compile(r"\bstat(e|es|ed|ing)\b", re.IGNORECASE)
SAYS = re.compile(r"\b(says?|claims?)\b", re.IGNORECASE)


@pytest.fixture
def make(monkeypatch):
    """A report on runs that are in memory."""

    def call(*runs):
        known = {run.name: run for run in runs}
        for module in (dueling, reading):
            monkeypatch.setattr(module, "read_runs", lambda specs, *_: [known[s] for s in specs])
        monkeypatch.setattr(reading, "expand_specs", list)
        return build_report(list(known))

    return call


def _runs(option_runs):
    draw = option_runs.draw_option_run
    return draw("base"), draw("sharp", seed=1, temperature=4.0), draw("silent", seed=2, silent=40)


def _words(page):
    """The words of a page: no style, and of the script what it puts into it."""
    page = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    scripts = re.findall(r"<script.*?</script>", page, flags=re.DOTALL)
    quoted = re.findall(r'"[^"\n]*"', scripts[-1])
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL) + "\n".join(quoted)


def test_no_format_speaks_of_stating(option_runs, make):
    report = make(*_runs(option_runs))
    texts = [render_markdown(report), render_latex(report), render_json(report), render_csv(report)]
    texts += [render_card(report, entry) for entry in report.entries]
    page = _words(render_page(report))
    for text in [*texts, page]:
        assert not STATED.search(text), text[STATED.search(text).start() - 80 :][:160]
    assert not SAYS.search(page), page[SAYS.search(page).start() - 80 :][:160]
    assert "It is the probability of the chosen option&#x27;s whole text." in page
    assert "Confidence when wrong" in page


def test_figures_name_the_confidence(option_runs, make):
    report = make(*_runs(option_runs))
    drawn = list(draw_task(report, option_runs.TASK))
    said = " ".join(f"{one.title} {one.caption}" for one in drawn)
    for one in drawn:
        labels = [ax.get_xlabel() + ax.get_ylabel() for ax in one.figure.axes]
        labels += [
            text.get_text() for text in (one.figure._supxlabel, one.figure._supylabel) if text
        ]
        said += " ".join(labels)
    assert not STATED.search(said)
    assert not SAYS.search(said)
    assert "Mean probability of the chosen option" in said


def test_columns_of_vectors_are_there_where_there_are_vectors(option_runs, make):
    with_vectors = make(*_runs(option_runs))
    page, text = render_page(with_vectors), render_markdown(with_vectors)
    assert '<th scope="col">Brier, all options</th>' in page
    assert '<th scope="col">ECE by option</th>' in page
    assert "| Brier, all |" in text
    assert "| ECE, letters |" in text
    found = json.loads(render_json(with_vectors))["records"]
    assert sum(r["metric"] == "brier_classes" for r in found) == 3
    without = make(option_runs.draw_stated_run("a"), option_runs.draw_stated_run("b", seed=1))
    page = render_page(without)
    assert "brier_classes" not in page
    assert "Stated when wrong" in page
    assert STATES in page


def test_both_kinds_on_a_page(option_runs, make):
    report = make(*_runs(option_runs), option_runs.draw_stated_run("words", seed=3))
    page = render_page(report)
    assert "Of made_up_choice it is, wherever the runs do not state it, the probability" in page
    assert "how far that confidence can be trusted" in page
    assert "asked otherwise" in page
    assert report.wording().name == "confidence"
    (line,) = [line for line in render_markdown(report).splitlines() if line.startswith("| words")]
    assert "–" in line


def test_the_script_has_one_place_for_the_confidence_of_a_row(option_runs, make):
    stated = render_page(make(option_runs.draw_stated_run("a")))
    assert stated.count(STATES) == 1
    assert STATES not in render_page(make(*_runs(option_runs)))
