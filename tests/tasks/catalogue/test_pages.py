"""The pages of the families show the prompts that are sent and answers that are read."""

import re
from pathlib import Path

import pytest

from caopd_bench.tasks.ask.prompts import PANEL, SCIENCE_LINE, render_answer, render_prompt
from caopd_bench.tasks.catalogue.datasets import SOURCES
from caopd_bench.tasks.judge.verify import KINDS, verify
from caopd_bench.tasks.problems.exemplars import EXEMPLARS
from caopd_bench.tasks.read.parse import parse_response

DOCS = Path(__file__).parents[3] / "docs"
KIND_OF = {"math": "number", "latex": "latex", "choice": "choice", "science": "choice"}
KIND_OF |= {"short": "phrase", "tooluse": "calls", "arith": "number"}
STYLES = ("math", "latex", "choice", "short", "science", "tooluse")


def page(name):
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("style", STYLES)
def test_the_prompt_is_on_the_page(style):
    doc = {**EXEMPLARS[style]["a"][0], "style": style, "way": "conf", "instructed": True}
    assert f"```\n{render_prompt(doc)}\n```" in page("data")


@pytest.mark.parametrize("style", [style for style in STYLES if style != "math"])
def test_the_answer_is_on_the_page(style):
    shown = EXEMPLARS[style]["a"][0]
    text = render_answer(shown["solution"], shown["answer"], shown["confidence"], style)
    assert f"```\n{text}\n```" in page("data")


@pytest.mark.parametrize(
    ("style", "name", "place"),
    [(style, name, i) for style, sets in EXEMPLARS.items() for name in sets for i in range(4)],
)
def test_every_exemplar_is_read_and_judged_as_it_says(style, name, place):
    shown, kind = EXEMPLARS[style][name][place], KIND_OF[style]
    text = render_answer(shown["solution"], shown["answer"], shown["confidence"], style)
    parsed = parse_response(text, kind=kind)
    assert (parsed.status, parsed.confidence) == ("ok", float(shown["confidence"]))
    assert verify(parsed.answer, shown["gold"], kind=kind) is shown["correct"]


@pytest.mark.parametrize("style", EXEMPLARS)
def test_one_exemplar_of_four_is_wrong_and_unsure(style):
    wrong = [shown for shown in EXEMPLARS[style]["a"] if not shown["correct"]]
    assert len(wrong) == 1
    assert float(wrong[0]["confidence"]) <= 0.35


def test_percentages_are_read_as_the_same_confidence():
    shown = EXEMPLARS["math"]["b"][1]
    text = render_answer(shown["solution"], shown["answer"], shown["confidence"], scale="percent")
    assert text.endswith("Confidence: 80%")
    assert parse_response(text).confidence == 0.8


def test_the_page_of_tasks_shows_the_second_stage_and_the_panel():
    doc = {**EXEMPLARS["math"]["a"][0], "style": "math", "instructed": True}
    assert render_prompt({**doc, "way": "twostage", "given": "24"}) in page("tasks")
    assert all(text in page("tasks") for text in PANEL.values())
    assert SCIENCE_LINE in page("data")


def test_every_source_and_kind_is_documented():
    for source in SOURCES.values():
        assert f"`{source.name}`" in page("data"), source.name
        assert f"{source.rows:,}" in page("data")
        if source.raw is not None:
            assert source.raw.revision[:12] in page("data")
    for kind in KINDS:
        assert re.search(f"`{kind}`", page("tasks") + page("rescore")), kind


def test_the_page_of_the_data_names_every_pin():
    text = page("data")
    for name, source in SOURCES.items():
        (row,) = re.findall(rf"^\| `{name}` \| `{source.name}` .*$", text, re.M)
        assert f"{source.rows:,}" in row
        assert (source.raw or source.hub).revision[:12] in row
        if source.hub is not None:
            assert re.search(rf"^\| `{name}` \| `{source.hub.revision}` \|", text, re.M)
