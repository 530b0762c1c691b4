"""A policy is read field by field: what is wrong is named, and nothing is guessed."""

import json
import pathlib

import pytest
import yaml

from caopd_bench.core.errors import UsageError
from caopd_bench.gates.policy import SHIPPED, Policy, load_policy, render_schema

GOOD = {
    "version": 1,
    "reference": "some/run",
    "confidence": 0.95,
    "on_inconclusive": "warn",
    "min_items": 100,
    "looks": 1,
    "metrics": {
        "brier": {"margin": 0.04},
        "overconfidence_gap": {"margin": 0.05, "direction": "over"},
        "ece": {"margin": 0.03, "tier": "advisory"},
        "accuracy": {"min": 0.5, "margin": 0.05},
    },
    "tasks": {"caopd_math_conf": {"by": "level", "group_tier": "advisory"}},
}


@pytest.fixture
def load(tmp_path):
    def load(content):
        file = tmp_path / "gate.yaml"
        data = content if isinstance(content, (bytes, str)) else yaml.safe_dump(content)
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
        return load_policy(file)

    return load


def changed(path, value):
    """The good policy with one field changed; ... removes it."""
    policy = json.loads(json.dumps(GOOD))
    *parents, last = path.split(".")
    inner = policy
    for name in parents:
        inner = inner[name]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return policy


def test_the_shipped_policy():
    policy = Policy(version=1)
    assert {name: limits.margin for name, limits in policy.metrics.items()} == SHIPPED
    assert (policy.confidence, policy.min_items, policy.on_inconclusive) == (0.95, 100, "warn")


def test_the_policy_the_docs_hand_out_is_the_shipped_one():
    file = pathlib.Path(__file__).parents[3] / "docs" / "ci" / "calibration-gate.yaml"
    if not file.exists():
        pytest.skip("the docs are not beside the tests")
    handed, shipped = load_policy(file), Policy(version=1)
    gating = {name: limits for name, limits in handed.metrics.items() if limits.tier == "gate"}
    assert {name: (one.margin, one.direction) for name, one in gating.items()} == {
        name: (one.margin, one.direction) for name, one in shipped.metrics.items()
    }
    assert set(handed.metrics) - set(gating) == {"ece"}
    assert (handed.confidence, handed.min_items, handed.on_inconclusive, handed.looks) == (
        shipped.confidence,
        shipped.min_items,
        shipped.on_inconclusive,
        shipped.looks,
    )


def test_a_good_policy(load):
    policy = load(GOOD)
    assert policy.metrics["accuracy"].min == 0.5
    assert policy.tasks["caopd_math_conf"].by == "level"
    assert policy.limits("caopd_math_conf") == policy.metrics
    assert load("version: 1\nmetrics: {log_score: {max: 1}}").metrics["log_score"].max == 1.0


def test_a_task_may_have_limits_of_its_own(load):
    policy = load(changed("tasks.caopd_math_conf", {"metrics": {"brier": {"margin": 0.1}}}))
    assert policy.limits("caopd_math_conf")["brier"].margin == 0.1
    assert policy.limits("caopd_math_conf")["accuracy"].margin == 0.05
    assert policy.limits("other")["brier"].margin == 0.04


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 2),
        ("version", ...),
        ("version", "1"),
        ("reference", 3),
        ("confidence", 95),
        ("confidence", 0.3),
        ("confidence", "high"),
        ("confidence", float("nan")),
        ("on_inconclusive", "pass"),
        ("min_items", 0),
        ("min_items", 1.5),
        ("min_items", True),
        ("looks", 0),
        ("metrics", []),
        ("metrics", {}),
        ("metrics.brier", None),
        ("metrics.brier", {}),
        ("metrics.brier.margin", 0),
        ("metrics.brier.margin", -0.1),
        ("metrics.brier.margin", "0.04"),
        ("metrics.brier.margin", float("inf")),
        ("metrics.brier.tier", "block"),
        ("metrics.brier.maximum", 0.3),
        ("metrics.bier", {"margin": 0.04}),
        ("metrics.mean_confidence", {"margin": 0.04}),
        ("metrics.brier.direction", "over"),
        ("metrics.overconfidence_gap.direction", "up"),
        ("cluster", 3),
        ("cluster", ""),
        ("metrics.strict_auroc", {"margin": 0.07, "min": 0.5}),
        ("metrics.strict_auroc", {"max": 0.5}),
        ("tasks.caopd_math_conf.cluster", ["family"]),
        ("tasks", {}),
        ("tasks.caopd_math_conf.by", 3),
        ("tasks.caopd_math_conf.group_tier", "fail"),
        ("tasks.caopd_math_conf.metrics", {"brier": {}}),
        ("tasks.caopd_math_conf.metrics", {"nothing": {"margin": 0.1}}),
        ("tolerance", 0.02),
    ],
)
def test_each_field_wrong_in_turn(load, path, value):
    with pytest.raises(UsageError) as caught:
        load(changed(path, value))
    message = str(caught.value)
    assert "\n" not in message
    # The place is named to the last step that exists.
    assert path.split(".")[-1] in message or path.rpartition(".")[0] in message


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("metrics.brier", 0.04, "metrics.brier: needs a mapping such as {margin: 0.04}, got 0.04"),
        ("metrics.brier", 0.02, "such as {margin: 0.02}"),
        ("metrics.brier", None, "such as {margin: 0.04}, got None"),
        ("metrics.mean_confidence", 0.9, "such as {max: 0.9}"),
        ("metrics", [], "metrics: needs a mapping such as {brier: {margin: 0.04}}, got []"),
        ("tasks", ["t"], "tasks: needs a mapping such as {TASK: {by: level}}"),
        ("tasks.caopd_math_conf", 3, "needs a mapping such as {by: level}, got 3"),
        ("tasks.caopd_math_conf.metrics", 3, "such as {brier: {margin: 0.04}}"),
        (
            "tasks.caopd_math_conf.metrics",
            {"ece": 0.1},
            "ece: needs a mapping such as {margin: 0.1",
        ),
        ("confidence", 95, "confidence: must be less than 1, got 95; did you mean 0.95?"),
        ("confidence", 99.5, "did you mean 0.995?"),
        ("on_inconclusive", "pass", "must be 'warn' or 'fail', got 'pass'"),
    ],
)
def test_what_to_write_instead(load, path, value, said):
    with pytest.raises(UsageError) as caught:
        load(changed(path, value))
    assert said in str(caught.value)
    assert not any(word in str(caught.value) for word in ("Input", "dictionary", "instance"))


@pytest.mark.parametrize("value", [30, 100, 250, -95])
def test_what_is_no_percentage_of_confidence_gets_no_hint(load, value):
    with pytest.raises(UsageError) as caught:
        load(changed("confidence", value))
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "must hold fields"),
        ("- a\n- b", "must hold fields"),
        ("version: 1\nversion: 1", "line 2: 'version' stands here twice"),
        ("version: [1", "line 1"),
        ("version: 1\nreference: &a x\nmetrics: *a", "aliases"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "aliases"),
        ("!!python/object/apply:os.system ['true']", "constructor"),
        ("version: 1\n? [a, b]\n: 2", "a key must be a word"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("version: 1\n" + "#" * 200_000, "at most 100,000"),
        ("[" * 20_000, "not valid YAML"),
        ("{a: " * 20_000, "not valid YAML"),
        ("version: 1\nmin_items: 1" + "0" * 5_000, ""),
    ],
)
def test_what_is_no_policy(load, content, said):
    with pytest.raises(UsageError) as caught:
        load(content)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_policy_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="cannot be read"):
        load_policy(tmp_path)


def test_the_schema_is_the_one_that_is_shipped():
    from importlib.resources import files

    shipped = files("caopd_bench").joinpath("calibration-gate.schema.json")
    assert shipped.read_text("utf-8") == render_schema()
    schema = json.loads(render_schema())
    assert "brier" in schema["properties"]["metrics"]["propertyNames"]["enum"]
    assert schema["additionalProperties"] is False
