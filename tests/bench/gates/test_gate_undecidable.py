"""What cannot be decided for want of data is not undecided: exit code 3, whatever the policy says.

`on_inconclusive: warn` is for chance alone.
"""

import json
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from caopd_bench.gates.decide import gate
from caopd_bench.gates.planning.plan import plan_gate
from caopd_bench.gates.planning.plan_text import render_plan
from caopd_bench.gates.policy import KNOWN, Policy
from caopd_bench.gates.ranges import bar_rule
from caopd_bench.gates.wording.as_json import render_json
from caopd_bench.gates.wording.github import list_annotations
from caopd_bench.gates.wording.html import render_html
from caopd_bench.gates.wording.junit import render_junit
from caopd_bench.gates.wording.markdown import render_markdown
from caopd_bench.gates.wording.text import render_text
from caopd_bench.metrics import METRICS
from caopd_bench.metrics.comparison.degradation import CELLS
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.scores.score import score

N = 600
OF_ANSWERS = ("accuracy", "parse_rate")


def policy(**fields):
    return Policy.model_validate({"version": 1, **fields})


@pytest.fixture(scope="module")
def base(populations):
    return populations.make_run(*populations.draw(N, 1), "base")


@pytest.fixture(scope="module")
def equal(populations):
    """As good as the base, with answers of its own."""
    first, second = populations.draw(N, 1), populations.draw(N, 2)
    return populations.make_run(*populations.redecode(first, second, 0, 0.3), "cand")


def silence(run, speaks):
    """Let rows fall silent: those for which an array, one value a row, is false."""
    rows = [
        row if speak else replace(row, confidence=None, status="no_confidence")
        for row, speak in zip(run.rows, speaks, strict=True)
    ]
    return replace(run, rows=rows)


def right(run):
    return np.array([row.correct for row in run.rows])


def odd(run):
    return np.arange(len(run.rows)) % 2


def mute(run):
    return silence(run, np.zeros(len(run.rows)))


BARS = [name for name in METRICS if name not in OF_ANSWERS]
POLICIES = [
    *({name: {"margin": 0.05}} for name in KNOWN if name not in OF_ANSWERS),
    *({name: {"max": 0.2}} for name in BARS if bar_rule(name) != "min"),
    *({name: {"min": 0.1}} for name in BARS if bar_rule(name) != "max"),
    {"brier": {"margin": 0.04}, "accuracy": {"margin": 0.05}},
    {"auroc": {"margin": 0.07}, "confidence_when_wrong": {"margin": 0.05}},
]


@pytest.mark.parametrize("metrics", POLICIES, ids=str)
@pytest.mark.parametrize("rule", ["warn", "fail"])
def test_a_mute_candidate(base, equal, metrics, rule):
    result = gate(mute(equal), policy(metrics=metrics, on_inconclusive=rule), reference=base)
    assert (result.outcome, result.exit_code) == ("INCONCLUSIVE", 3)
    names = {cell.metric for cell in result.undecidable}
    assert names == set(metrics) - set(OF_ANSWERS)
    assert all("no row states a usable confidence" in c.undecidable for c in result.undecidable)


@pytest.mark.parametrize(
    "metrics",
    [
        {"brier": {"margin": 0.04}},
        {"brier": {"max": 0.3}},
        {"ece": {"margin": 0.1}},
        {"ece": {"max": 0.25}},
        {"mean_confidence": {"max": 0.95}},
        {"overconfidence_gap": {"margin": 0.05}},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "speaks",
    [lambda run: np.arange(len(run.rows)) < 3, right, odd],
    ids=["three rows", "when it is right", "half"],
)
def test_one_that_states_too_little(base, equal, metrics, speaks):
    """Computed from what is left, and what is missing could have made anything of it."""
    result = gate(silence(equal, speaks(equal)), policy(metrics=metrics), reference=base)
    assert result.outcome != "PASS"
    assert result.exit_code == (1 if result.outcome == "FAIL" else 3)


@pytest.mark.parametrize("metrics", [{"brier": {"max": 0.35}}, {"ece": {"max": 0.3}}], ids=str)
def test_a_bar_is_not_kept_by_falling_silent(base, equal, metrics):
    """The bar's number is of what is still stated, and looks better for it."""
    assert gate(equal, policy(metrics=metrics), reference=base).outcome == "PASS"
    shy = silence(equal, right(equal))
    (cell,) = gate(shy, policy(metrics=metrics), reference=base).cells
    assert cell.worse_by < 0 < cell.upper


def test_silence_by_chance_is_left_to_chance(populations):
    """Two of 120 confidences that are missing, as a rerun may have them, are no want of data."""
    rows = populations.draw(120, 5)
    base = populations.make_run(*rows, "base")
    result = gate(
        silence(replace(base, name="cand"), np.arange(120) > 1),
        policy(metrics={"brier": {"margin": 0.012}}),
        reference=base,
    )
    assert (result.outcome, result.exit_code) == ("INCONCLUSIVE", 0)
    assert result.undecidable == []


def all_right(run):
    return replace(run, rows=[replace(row, correct=1) for row in run.rows])


def all_wrong(run):
    return replace(run, rows=[replace(row, correct=0) for row in run.rows])


@pytest.mark.parametrize("metric", [n for n in KNOWN if n in CELLS or METRICS[n].needs])
@pytest.mark.parametrize("change", [all_right, all_wrong])
def test_one_class_only(base, equal, metric, change):
    result = gate(change(equal), policy(metrics={metric: {"margin": 0.05}}), reference=base)
    if result.outcome == "INCONCLUSIVE":
        assert result.exit_code == 3
        assert result.cells[0].reason
    else:
        assert result.cells[0].reason == ""
    if metric in ("auroc", "strict_auroc"):
        assert result.exit_code == 3


def test_few_wrong_answers(base, equal):
    """Also where more items of the kind would bring them: the policy names them, for its file."""
    few = replace(
        equal, rows=[replace(r, correct=int(i % 60 > 0)) for i, r in enumerate(equal.rows)]
    )
    wanted = {"confidence_when_wrong": {"margin": 0.05}, "accuracy": {"margin": 0.05}}
    result = gate(few, policy(metrics=wanted), reference=base)
    assert (result.outcome, result.exit_code) == ("INCONCLUSIVE", 3)
    assert "only 10 rows of the candidate are wrong" in render_text(result)
    # The way out for a candidate that is so good: the number is shown, and does not decide.
    wanted["confidence_when_wrong"]["tier"] = "advisory"
    result = gate(few, policy(metrics=wanted), reference=base)
    assert (result.outcome, result.exit_code, result.undecidable) == ("PASS", 0, [])
    own = policy(tasks={"caopd_math_conf": {"metrics": wanted}}, metrics={"brier": {"margin": 0.3}})
    assert gate(few, own, reference=base).exit_code == 0


def test_an_infinite_number_is_none(base, populations):
    stated, right = populations.draw(N, 1)
    sure = populations.make_run(np.ones_like(stated), right, "sure")
    for limits in ({"margin": 0.5}, {"max": 1}):
        result = gate(sure, policy(metrics={"log_score": limits}), reference=base)
        assert result.exit_code == 3
        assert "refuted" in result.undecidable[0].undecidable


def test_a_group_that_is_gated(base, equal):
    tasks = {"caopd_math_conf": {"by": "level", "group_tier": "gate"}}
    quiet = silence(equal, [row.groups["level"] != 2 for row in equal.rows])
    wanted = {"ece": {"margin": 0.4}}
    result = gate(quiet, policy(metrics=wanted, tasks=tasks), reference=base)
    assert result.exit_code == 3
    assert "level=2" in {cell.group for cell in result.undecidable}
    tasks["caopd_math_conf"]["group_tier"] = "advisory"
    result = gate(quiet, policy(metrics=wanted, tasks=tasks), reference=base)
    assert all(cell.group is None for cell in result.undecidable)


def test_what_fails_fails(base, equal):
    """A number that cannot be computed takes nothing from one that is worse."""
    result = gate(mute(equal), Policy(version=1), reference=base)
    assert (result.outcome, result.exit_code) == ("FAIL", 1)


def test_chance_is_still_only_warned_of(base, equal):
    wanted = policy(metrics={"brier": {"margin": 0.001}})
    result = gate(equal, wanted, reference=base)
    assert (result.outcome, result.exit_code) == ("INCONCLUSIVE", 0)
    assert "NOTHING WAS DECIDED" in render_text(result)
    assert "NOT DECIDABLE" not in render_text(result)


def test_every_format_names_the_number_and_why(base, equal):
    result = gate(mute(equal), policy(metrics={"brier": {"margin": 0.04}}), reference=base)
    why = "no row states a usable confidence"
    for render in (render_text, render_markdown, render_html):
        text = unescape(render(result))
        assert f"Brier: not computed ({why}), which blocks PASS" in text
        assert "exit code 3 regardless of on_inconclusive" in text
        assert "NOTHING WAS DECIDED" not in text
    plain = json.loads(render_json(result))
    assert plain["exit_code"] == 3
    (one,) = plain["undecidable"]
    assert (one["metric"], one["rule"], one["why"]) == ("brier", "margin", why)
    root = ET.fromstring(render_junit(result).encode())
    (case,) = root.iter("testcase")
    assert why in case.find("failure").get("message")
    assert (root.get("failures"), root.get("skipped")) == ("1", "0")
    lines = list(list_annotations(result))
    assert any(
        line.startswith("::error ") and f"Brier: not computed ({why})" in line for line in lines
    )


def test_accuracy_alone_passes_a_mute_candidate_loudly(base, equal):
    """By the letter it is a PASS; a gate of calibration that gates no confidence is a mistake."""
    said = "states no usable confidence in any of its 600 rows (parse rate 0)"
    result = gate(mute(equal), policy(metrics={"accuracy": {"margin": 0.1}}), reference=base)
    assert (result.outcome, result.exit_code) == ("PASS", 0)
    (warning,) = result.warnings
    assert said in warning
    assert "this verdict does not cover confidence" in warning
    for render in (render_text, render_markdown, render_html, render_junit):
        assert f"WARNING: the candidate {said}" in unescape(render(result))
    assert json.loads(render_json(result))["warnings"] == [warning]
    (line,) = list_annotations(result)
    assert line.startswith("::warning ")
    assert said in line


@pytest.mark.parametrize(
    ("metrics", "warns"),
    [
        ({"accuracy": {"margin": 0.1}}, True),
        ({"brier": {"margin": 0.3}}, True),
        ({"accuracy": {"margin": 0.1}, "parse_rate": {"margin": 0.02}}, False),
        ({"accuracy": {"margin": 0.1}, "parse_rate": {"margin": 0.02, "tier": "advisory"}}, True),
        ({"accuracy": {"margin": 0.1}, "parse_rate": {"min": 0.9}}, False),
    ],
)
def test_who_is_warned_of_silence(base, equal, metrics, warns):
    half = silence(equal, odd(equal))
    result = gate(half, policy(metrics=metrics), reference=base)
    assert bool(result.warnings) == warns
    if warns:
        assert "in 300 of 600 rows, the reference in 600" in result.warnings[0]
    assert gate(equal, policy(metrics=metrics), reference=base).warnings == []
    # One that states nothing at all is named under every policy.
    assert "parse rate 0" in gate(mute(equal), policy(metrics=metrics), reference=base).warnings[0]


def test_a_limit_that_cannot_fail_is_said_to_be_one(base, equal, run, tmp_path):
    said = "this limit cannot fail: "
    metrics = {"brier": {"margin": 0.85}, "accuracy": {"margin": 0.7}, "auroc": {"margin": 0.04}}
    wide = policy(metrics=metrics)
    result = gate(equal, wide, reference=base)
    assert [w.split(" is ")[0] for w in result.warnings] == [f"{said}Brier", f"{said}accuracy"]
    assert result.outcome == "PASS"
    assert f"WARNING: {said}Brier is 0.2" in render_text(result)
    assert "so it cannot rise by more than its margin of 0.85" in render_text(result)
    assert f"{said}accuracy" in render_plan(plan_gate(wide, base, draws=5))
    (tmp_path / "p.yaml").write_text(json.dumps({"version": 1, "metrics": metrics}))
    write_stored(base, score(base), tmp_path / "run")
    words = ("--output", tmp_path / "ref", "--reason", "r", "--policy", tmp_path / "p.yaml")
    code, out, _ = run("baseline", "init", tmp_path / "run", *words)
    assert code == 0
    assert f"{said}accuracy" in out
    # A margin with room on this reference has none on one that is bad already.
    bad = replace(
        base, rows=[replace(r, correct=int(i % 50 == 0)) for i, r in enumerate(base.rows)]
    )
    few = policy(metrics={"accuracy": {"margin": 0.05}})
    assert gate(equal, few, reference=base).warnings == []
    (warning,) = gate(equal, few, reference=bad).warnings
    assert warning.startswith(f"{said}accuracy is 0.020")


def test_an_update_that_the_gate_passes_is_warned_of_too(base, equal, run, tmp_path):
    """No verdict is printed then, and the reference is replaced."""
    for one in (base, replace(mute(equal), name="mute"), replace(equal, name="equal")):
        write_stored(one, score(one), tmp_path / one.name)
    policy_file = tmp_path / "accuracy-only.yaml"
    policy_file.write_text("version: 1\nmetrics: {accuracy: {margin: 0.1}}\n")
    reference = ("--output", tmp_path / "ref", "--reason", "r")
    assert run("baseline", "init", tmp_path / "base", *reference)[0] == 0
    words = (*reference, "--policy", policy_file)
    code, out, _ = run("baseline", "update", tmp_path / "equal", *words)
    assert code == 0
    assert "WARNING" not in out
    code, out, _ = run("baseline", "update", tmp_path / "mute", *words)
    assert code == 0
    said = "  WARNING: the candidate states no usable confidence in any of its 600 rows"
    assert said in out
    assert out.index(said) < out.index("replaced; old and new values")


def test_from_a_shell(base, equal, run, tmp_path):
    for one in (base, replace(mute(equal), name="mute")):
        write_stored(one, score(one), tmp_path / one.name)
    for metrics in ("{brier: {margin: 0.04}}", "{brier: {max: 0.25}}"):
        (tmp_path / "p.yaml").write_text(f"version: 1\nreference: base\nmetrics: {metrics}\n")
        code, out, _ = run("gate", "--policy", tmp_path / "p.yaml", tmp_path / "mute")
        assert code == 3
        assert out.startswith("INCONCLUSIVE")
