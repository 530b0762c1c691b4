"""The prompt panel: the spread between prompts, and whether a difference keeps its sign."""

import json

import pytest

from caopd_bench import read_run
from caopd_bench.core.errors import UsageError
from caopd_bench.scores.panel import read_panel

PROMPTS = [
    f"caopd_math_panel_{p}_{s}_{e}" for p in "123" for s in ("unit", "percent") for e in "ab"
]


@pytest.fixture
def make_panel(make_run):
    """Write a run of the panel: for each prompt a stated confidence, half of the answers right."""

    def make(name, stated):
        for task, confidence in zip(PROMPTS, stated, strict=False):
            answers = [(confidence, i % 2) for i in range(40)]
            folder = make_run(answers, name, task=task)
        results = next(folder.rglob("results_*.json"))
        merged = json.loads(results.read_text())
        merged["n-samples"] = {}
        results.write_text(json.dumps(merged))
        return folder

    return make


def test_the_spread_is_that_of_the_prompts(make_panel):
    stated = [0.6, 0.7, 0.8, 0.9] * 3
    spreads, turns, records = read_panel([read_run(make_panel("a", stated))])
    found = {spread.metric: spread for spread in spreads}
    gap = found["overconfidence_gap"]
    assert (gap.prompts, gap.low, gap.high) == (12, pytest.approx(0.1), pytest.approx(0.4))
    assert gap.mean == pytest.approx(0.25)
    assert gap.deviation == pytest.approx(0.11677, abs=1e-4)
    assert gap.half_width > 0.1
    assert found["accuracy"].deviation == 0
    assert found["auroc"].prompts == 12
    assert turns == []
    assert {record.task for record in records} == set(PROMPTS)


def test_a_difference_that_keeps_its_sign_and_one_that_turns(make_panel):
    a = read_run(f"a={make_panel('a', [0.6] * 12)}")
    b = read_run(f"b={make_panel('b', [0.7] * 12)}")
    c = read_run(f"c={make_panel('c', [0.4] * 5 + [0.9] * 7)}")
    turns = {(t.second, t.metric): t for t in read_panel([a, b, c])[1] if t.first == "a"}
    assert turns["b", "overconfidence_gap"].keeps_sign
    assert turns["b", "overconfidence_gap"].agreeing == 12
    turned = turns["c", "overconfidence_gap"]
    assert not turned.keeps_sign
    assert turned.agreeing == 7
    assert not turns["b", "accuracy"].keeps_sign  # no difference is no sign


def test_the_command(make_panel, run):
    a, b = make_panel("a", [0.6] * 12), make_panel("b", [0.4] * 5 + [0.9] * 7)
    code, out, err = run("score", "--panel", f"a={a}", f"b={b}")
    assert (code, err) == (0, "")
    assert "a: 12 prompts" in out
    assert "7 of 12: the sign depends on the prompt" in out
    assert "no difference" in out
    code, out, _ = run("score", "--panel", a, "--json", "-")
    found = {(r["task"], r["metric"]): r for r in json.loads(out)}
    assert found["caopd_math_panel", "brier"]["interval"] == "range over 12 prompts"
    assert found["caopd_math_panel", "brier_spread"]["estimate"] == 0
    assert found[PROMPTS[0], "brier"]["n"] == 40


def test_what_is_no_panel_is_refused(mixed, run):
    with pytest.raises(UsageError, match="has 0 of the panel's tasks"):
        read_panel([read_run(mixed)])
    for options in (["--probe"], ["--store", "x"], ["--by", "level"], ["--missing", "zero"]):
        code, out, err = run("score", "--panel", mixed, *options)
        assert (code, out, err.count("\n")) == (2, "", 1)


def test_a_prompt_without_a_confidence_is_counted(make_panel):
    stated = [0.6] * 11 + [None]
    folder = make_panel("a", stated[:11])
    spreads, _, _ = read_panel([read_run(folder)])
    assert {spread.prompts for spread in spreads} == {11}
