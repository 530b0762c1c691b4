"""The gate on runs whose confidence is the probability of the chosen option."""

import re
from dataclasses import replace

import pytest

from caopd_bench.core.errors import NotComparableError
from caopd_bench.gates.decide import gate
from caopd_bench.gates.planning.plan import plan_gate
from caopd_bench.gates.planning.plan_text import render_plan, render_plan_json
from caopd_bench.gates.policy import Policy
from caopd_bench.gates.wording.as_json import render_json
from caopd_bench.gates.wording.github import list_annotations
from caopd_bench.gates.wording.html import render_html
from caopd_bench.gates.wording.junit import render_junit
from caopd_bench.gates.wording.markdown import render_markdown
from caopd_bench.gates.wording.text import render_text

STATED = re.compile(r"\bstat(e|es|ed|ing)\b", re.IGNORECASE)
RENDERERS = (render_text, render_markdown, render_html, render_junit, render_json)
POLICY = Policy(
    version=1,
    metrics={
        "brier": {"margin": 0.04},
        "overconfidence_gap": {"margin": 0.05},
        "strict_auroc": {"margin": 0.05},
        "ece": {"margin": 0.05, "max": 0.3},
    },
)


@pytest.mark.parametrize(
    "options",
    [{"seed": 1}, {"seed": 1, "temperature": 4.0}, {"silent": 60}, {"silent": 200}, {}],
    ids=["other", "sharp", "silent", "mute", "same"],
)
def test_no_verdict_speaks_of_stating(option_runs, options):
    draw = option_runs.draw_option_run
    result = gate(draw("new", **options), POLICY, reference=draw("old"))
    text = "\n".join(render(result) for render in RENDERERS)
    text += "\n".join(list_annotations(result))
    assert not STATED.search(text), STATED.search(text)
    assert "confidence: probability of the chosen option's whole text" in render_text(result)
    assert "_sc8" not in text


def test_a_silent_candidate_is_warned_of(option_runs):
    draw = option_runs.draw_option_run
    result = gate(draw("new", silent=60), POLICY, reference=draw("old"))
    assert any("has a usable confidence in 140 of 200 rows" in one for one in result.warnings)


@pytest.mark.parametrize("turned", [False, True])
def test_a_reference_of_the_other_kind_is_refused(option_runs, turned):
    runs = [option_runs.draw_option_run("o"), option_runs.draw_stated_run("s")]
    reference, candidate = reversed(runs) if turned else runs
    with pytest.raises(NotComparableError) as caught:
        gate(candidate, POLICY, reference=reference)
    said = str(caught.value)
    assert caught.value.code == 4
    assert "\n" not in said
    assert "stated in the text" in said
    assert "the probability of the chosen option's whole text" in said
    assert f"caopd-bench compare {reference.path} {candidate.path}" in said


def test_another_length_to_compare_by_is_a_note_and_refused_if_strict(option_runs):
    draw = option_runs.draw_option_run
    result = gate(draw("new", seed=1, per="byte"), POLICY, reference=draw("old"))
    assert any("per byte of its text" in note for note in result.notes)
    with pytest.raises(NotComparableError, match="--strict"):
        gate(draw("new", seed=1, per="byte"), POLICY, reference=draw("old"), strict=True)


def test_a_flat_file_says_nothing_of_its_confidence(option_runs):
    stated = option_runs.draw_stated_run("s")
    columns = {"confidence": "p", "correct": "y", "item": "id"}
    settings = {option_runs.TASK: {"source": {"columns": columns, "files": 1, "format": "csv"}}}
    flat = replace(stated, provenance={"tasks": settings})
    result = gate(flat, POLICY, reference=option_runs.draw_option_run("o"))
    assert not STATED.search(render_text(result))


def test_the_gate_on_stated_confidences_says_what_it_did(option_runs):
    draw = option_runs.draw_stated_run
    text = render_text(gate(draw("new", seed=1), POLICY, reference=draw("old")))
    assert "that is stated as surely as the surest quarter" in text
    assert "option" not in text


def test_the_plan_speaks_of_no_samples(option_runs):
    plan = plan_gate(POLICY, option_runs.draw_option_run("old"), draws=30)
    text = render_plan(plan)
    assert not STATED.search(text)
    assert "_sc8" not in text
    assert "wording" not in render_plan_json(plan)
