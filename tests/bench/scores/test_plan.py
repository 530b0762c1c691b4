"""What an evaluation costs: arithmetic over measured tokens, and the command."""

import pytest

from caopd_bench.core.errors import UsageError
from caopd_bench.scores.cost import Costs, load_costs, make_plan
from caopd_bench.tasks.catalogue.datasets import DATASETS
from caopd_bench.tasks.listing import list_tasks

COSTS = Costs(100, 50.0, 40.0, 20.0, "made up")
TASKS = {task.name: task for task in list_tasks()}


def test_one_answer_a_question():
    plan = make_plan(TASKS["caopd_gsm8k_conf"], COSTS, num_fewshot=4, rate=10.0)
    assert (plan.requests, plan.tokens_in, plan.tokens_out) == (100, 21_000, 2_000)
    assert plan.budget_out == 100 * 1024
    assert plan.hours == pytest.approx(200 / 3600)
    assert plan.price is None


def test_samples_limits_and_prices():
    plan = make_plan(
        TASKS["caopd_gsm8k_sc8"], COSTS, limit=10, samples=4, price_in=1.0, price_out=2.0
    )
    assert (plan.requests, plan.tokens_in, plan.tokens_out) == (40, 2_000, 800)
    assert plan.price == pytest.approx((2_000 + 2 * 800) / 1e6)
    assert plan.hours is None
    assert make_plan(TASKS["caopd_gsm8k_sc8"], COSTS, limit=1000).requests == 800


def test_what_was_not_measured_is_not_guessed():
    unknown = Costs(100, 50.0, 40.0, None, "prompts only")
    plan = make_plan(TASKS["caopd_gsm8k_conf"], unknown, rate=1.0, price_out=1.0)
    assert plan.tokens_out is plan.hours is plan.price is None
    assert plan.hours_at_most > 0
    given = make_plan(TASKS["caopd_gsm8k_conf"], unknown, answer_tokens=500)
    assert given.tokens_out == 50_000
    # The answers of another stage are short, and were not measured.
    assert make_plan(TASKS["caopd_gsm8k_twostage"], COSTS).tokens_out is None


def test_what_the_other_ways_take():
    assert make_plan(TASKS["caopd_gsm8k_ptrue"], COSTS).requests == 200  # "True" and "False"
    assert make_plan(TASKS["caopd_gsm8k_ptrue"], COSTS).tokens_out == 0
    panel = make_plan(TASKS["caopd_math_panel_1_unit_a"], load_costs()["math"])
    assert panel.requests == 200


def test_what_is_not_counted_is_said(run):
    out = run("tasks", "--plan", "caopd_math_priv", "--price-in", 1)[1]
    assert "the privileged context adds to them" in out
    assert "--price-out was not given" in out


def test_samples_of_a_task_that_asks_once_are_refused():
    with pytest.raises(UsageError, match="ends in _sc8"):
        make_plan(TASKS["caopd_gsm8k_conf"], COSTS, samples=4)


def test_what_is_shipped():
    costs = load_costs()
    assert {"math", "gsm8k", "math500", "svamp", "science", "tooluse"} <= set(costs)
    assert set(costs) <= set(DATASETS)
    assert costs["gsm8k"].items == 1319
    for found in costs.values():
        assert found.prompt_tokens > 20
        assert "SmolLM2" in found.measured


def test_the_command(run):
    code, out, err = run(
        "tasks", "--plan", "caopd_math_sc8", "--limit", 10, "--samples", 4, "--rate", 100,
        "--price-in", 1, "--price-out", 2,
    )  # fmt: skip
    assert (code, err) == (0, "")
    rows = {line.split("  ")[1].strip(): line for line in out.splitlines()[2:]}
    assert rows["requests"].split()[1] == "40"
    assert "40,960" in rows["tokens out"]
    assert "min" in rows["time"]
    assert rows["price"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--plan", "caopd_gsm8k"], "did you mean caopd_gsm8k_"),
        (["--plan", "caopd_math_conf", "--limit", "0"], "whole number"),
        (["--plan", "caopd_math_conf", "--rate", "-1"], "above 0"),
        (["--plan", "caopd_math_conf", "--num-fewshot", "9"], "four exemplars"),
        (["--rate", "9"], "--rate can only be used with --plan"),
        (["--plan", "caopd_math_conf", "--field", "q"], "--field can only be used with --overlap"),
        (["--overlap", "f.txt"], "needs --task"),
        (["--overlap", "f.txt", "--plan", "caopd_math_conf"], "cannot be combined"),
    ],
)
def test_what_cannot_be_planned(run, options, said):
    code, out, err = run("tasks", *options)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_what_was_not_measured_is_planned_as_far_as_it_goes(run):
    code, out, _ = run("tasks", "--plan", "caopd_arc_conf", "--answer-tokens", 100)
    assert code == 0
    rows = {line.split("  ")[1].strip(): line for line in out.splitlines()[2:5]}
    assert "1,172" in rows["requests"]
    assert "not measured" in rows["tokens in"]
    assert "117,200" in rows["tokens out"]
    assert "--limit 20 shows them" in out


def test_answers_longer_than_the_budget_raise_it(run):
    plan = make_plan(TASKS["caopd_gsm8k_conf"], COSTS, answer_tokens=4000)
    assert plan.tokens_out == plan.budget_out == 400_000
    out = run("tasks", "--plan", "caopd_gsm8k_conf", "--answer-tokens", 4000)[1]
    assert (
        "cuts answers off at 1,024 tokens; for longer ones add --gen_kwargs max_gen_toks=4000"
    ) in out
    assert "max_gen_toks" not in run("tasks", "--plan", "caopd_gsm8k_conf")[1]


def test_the_whole_panel(run):
    out = run("tasks", "--plan", "caopd_math_panel")[1]
    assert "caopd_math_panel: 12 prompts" in out
    assert "2,400" in out
