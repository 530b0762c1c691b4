"""Limits that can never fail, or never pass, are refused: by what a metric can be."""

import json
import math

import pytest

from caopd_bench.core.errors import UsageError
from caopd_bench.gates.policy import DIRECTED, KNOWN, load_policy, render_schema
from caopd_bench.gates.ranges import range_of, widest_margin
from caopd_bench.metrics import METRICS
from caopd_bench.metrics.comparison.degradation import CELLS

NAMES = sorted({*METRICS, *CELLS})
OF_BARS = [name for name in NAMES if name in METRICS or name == "parse_rate"]
#: As the registry has them: of the parse rate, which is not there, higher is better.
RISES = {**{name: METRICS[name].higher_is_better for name in METRICS}, "parse_rate": True}
RULES = {
    name: {True: ("min",), False: ("max",), None: ("max", "min")}[rises]
    for name, rises in RISES.items()
}
BEYOND = 0.0001  # YAML takes 1e-06 for a word


@pytest.fixture
def load(tmp_path):
    def load(metrics, where="metrics"):
        file = tmp_path / "gate.yaml"
        task = {"version": 1, "tasks": {"t": {"metrics": metrics}}}
        file.write_text(
            json.dumps({"version": 1, "metrics": metrics} if where == "metrics" else task)
        )
        return load_policy(file)

    return load


def refusal(load, *given):
    with pytest.raises(UsageError) as caught:
        load(*given)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("name", "limits", "said"),
    [
        ("brier", {"max": 99}, "brier is never above 1, so max 99 can never fail"),
        ("accuracy", {"min": -5}, "accuracy is never below 0, so min -5 can never fail"),
        ("brier", {"margin": 1}, "never be worse by more than 1, so margin 1 can never fail"),
        ("parse_rate", {"min": 0}, "parse_rate is never below 0, so min 0 can never fail"),
        ("auroc", {"min": 0}, "auroc is never below 0, so min 0 can never fail"),
        ("ece", {"max": 1}, "ece is never above 1, so max 1 can never fail"),
        ("uncertainty", {"max": 0.25}, "uncertainty is never above 0.25"),
        ("discrimination", {"margin": 0.25}, "never be worse by more than 0.25"),
        ("overconfidence_gap", {"margin": 1}, "margin 1 can hardly ever fail"),
        ("overconfidence_gap", {"margin": 1, "direction": "over"}, "margin 1 can hardly ever fail"),
        ("overconfidence_gap", {"min": -1}, "never below -1, so min -1 can never fail"),
        ("brier", {"max": -0.1}, "is never below 0, so max -0.1 can never pass"),
        ("brier", {"max": 0}, "brier must be below 0 to pass"),
        ("accuracy", {"min": 1}, "is never above 1, so min 1 can never pass"),
        ("brier_skill", {"min": 1}, "min 1 can never pass; give a number below 1"),
        ("log_score", {"max": 0}, "max 0 can never pass; give a number above 0"),
        (
            "log_score",
            {"margin": 1.5},
            "has no largest value, and its margin can be at most 1, got 1.5",
        ),
        (
            "mean_confidence",
            {"min": 0.8, "max": 0.8},
            "above min 0.8 and below max 0.8, which is impossible",
        ),
    ],
)
@pytest.mark.parametrize("where", ["metrics", "tasks.t.metrics"])
@pytest.mark.parametrize("tier", ["gate", "advisory"])
def test_what_can_never_fail_or_never_pass(load, name, limits, said, where, tier):
    message = refusal(load, {name: {**limits, "tier": tier}}, where)
    assert said in message
    assert f"{where}.{name}" in message


@pytest.mark.parametrize(
    ("name", "limits", "guess"),
    [
        ("brier", {"max": 25}, "between 0 and 1 (0.25?)"),
        ("accuracy", {"min": 60}, "between 0 and 1 (0.6?)"),
        ("brier", {"margin": 4}, "above 0 and below 1 (0.04?)"),
        ("parse_rate", {"min": 97.5}, "(0.975?)"),
    ],
)
def test_percentages_get_a_hint(load, name, limits, guess):
    assert refusal(load, {name: limits}).endswith(guess)


@pytest.mark.parametrize("limits", [{"max": 99}, {"min": -5}, {"margin": 1}])
def test_what_is_no_percentage_gets_none(load, limits):
    name = "accuracy" if "min" in limits else "brier"
    assert "1 (0" not in refusal(load, {name: limits}).replace("(0.99?)", "")


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_has_ends(load, name):
    low, high = range_of(name)
    assert low < high
    if name in OF_BARS:
        for rule, end in (("max", high), ("max", low), ("min", low), ("min", high)):
            if rule in RULES[name] and math.isfinite(end):
                refusal(load, {name: {rule: end}})
                inward = end + BEYOND if end == low else end - BEYOND
                assert load({name: {rule: inward}}).metrics[name]
    if name in KNOWN:
        widest = widest_margin(name)
        assert load({name: {"margin": min(widest, 1.0) - BEYOND}}).metrics[name]
        refusal(load, {name: {"margin": widest if math.isfinite(widest) else 1.0 + BEYOND}})


def test_every_metric_with_a_direction_may_have_a_margin():
    assert set(KNOWN) == DIRECTED | set(CELLS)


@pytest.mark.parametrize("version", ["true", "1.0", "'1'", "[1]", "2"])
def test_a_version_is_a_whole_number(tmp_path, version):
    file = tmp_path / "gate.yaml"
    file.write_text(f"version: {version}\n")
    with pytest.raises(UsageError, match="version: "):
        load_policy(file)


@pytest.mark.parametrize("name", OF_BARS)
@pytest.mark.parametrize("where", ["metrics", "tasks.t.metrics"])
@pytest.mark.parametrize("tier", ["gate", "advisory"])
def test_a_bar_that_only_a_better_candidate_breaks(load, name, where, tier):
    for rule in {"max", "min"} - set(RULES[name]):
        (right,) = RULES[name]
        message = refusal(load, {name: {rule: 0.1, "tier": tier}}, where)
        better = "higher" if RISES[name] else "lower"
        assert f"{where}.{name}.{rule}: {name}: {better} is better, so {rule} 0.1 would" in message
        assert message.endswith(
            f"a candidate that improves; did you mean {right}: 0.1?".split("a ", 1)[1]
        )
        # Also beside a margin, and beside the right bar.
        for more in ({right: 0.2}, {"margin": 0.05}):
            assert "a candidate that improves" in refusal(load, {name: {rule: 0.1, **more}}, where)
    for rule in RULES[name]:
        load({name: {rule: 0.1}}, where)


@pytest.mark.parametrize(
    ("name", "limits", "end"),
    [
        ("auroc", {"max": 0.95}, "did you mean min: 0.95?"),
        ("accuracy", {"max": 90}, "did you mean min: 0.9?"),
        ("brier", {"min": 10}, "did you mean max: 0.1?"),
        ("accuracy", {"max": 1}, "give a min between 0 and 1"),
        ("log_score", {"min": 0}, "give a max above 0"),
        ("discrimination", {"max": 0.3}, "give a min between 0 and 0.25"),
    ],
)
def test_a_bar_in_the_wrong_direction_is_turned(load, name, limits, end):
    assert refusal(load, {name: limits}).endswith(end)


def _within(bounds, value):
    if bounds.get("type") == "null":
        return False
    return bounds.get("exclusiveMinimum", -math.inf) < value < bounds.get(
        "exclusiveMaximum", math.inf
    ) and value <= bounds.get("maximum", math.inf)


def _accepts(schema, place, name, rule, value):
    """Say whether the schema lets a policy have this limit, by the keywords that it uses."""
    limits = schema["$defs"]["Limits"]["properties"][rule]
    general = {**limits["anyOf"][0], **limits}
    assert place["$ref"] == "#/$defs/Metrics"
    own = schema["$defs"]["Metrics"]["properties"][name]["allOf"]
    assert own[0] == {"$ref": "#/$defs/Limits"}
    return _within(general, value) and _within(own[1]["properties"].get(rule, {}), value)


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_has_the_same_bounds(load, name):
    schema = json.loads(render_schema())
    of_task = schema["$defs"]["TaskPolicy"]["properties"]["metrics"]["anyOf"][0]
    rules = ["margin"] * (name in KNOWN) + ["max", "min"] * (name in OF_BARS)
    for place, where in ((schema["properties"]["metrics"], "metrics"), (of_task, "tasks")):
        assert name in place["propertyNames"]["enum"]
        for rule in rules:
            for value in (-1.1, -1, -0.5, -BEYOND, 0, BEYOND, 0.1, 0.25, 0.3, 0.999, 1, 1.1, 25):
                try:
                    load({name: {rule: value}}, where)
                except UsageError:
                    is_accepted = False
                else:
                    is_accepted = True
                assert is_accepted == _accepts(schema, place, name, rule, value), (rule, value)
