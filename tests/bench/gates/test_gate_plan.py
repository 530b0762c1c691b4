"""`gate --plan` says before any candidate what an equal model could do."""

import json
import math
import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from caopd_bench import score
from caopd_bench.comparison.pairs import match_task
from caopd_bench.core.errors import UsageError
from caopd_bench.gates.decide import gate
from caopd_bench.gates.planning.candidates import make_equal, resize, stratify
from caopd_bench.gates.planning.forecast import Draws, pass_from
from caopd_bench.gates.planning.plan import CellPlan, GatePlan, TaskPlan, plan_gate
from caopd_bench.gates.planning.plan_text import (
    percent,
    render_plan,
    render_plan_json,
    summarize_plan,
)
from caopd_bench.gates.policy import Policy
from caopd_bench.gates.wording.places import Place
from caopd_bench.runs.stored.store import write_stored

TASK = "caopd_math_conf"
SHIPPED = Policy(version=1)
SIMULATED = SimpleNamespace(
    **runpy.run_path(
        str(Path(__file__).parents[2] / "studies" / "bench" / "simulate_plan.py"),
        run_name="simulate_plan",
    )
)


def policy(**fields):
    return Policy.model_validate({"version": 1, **fields})


@pytest.fixture
def reference(populations):
    def reference(n, seed=1, samples=1, tasks=1, **options):
        runs = [
            populations.make_run(
                *populations.draw(n, seed + t, samples=samples, **options), "ref", task=f"t{t}"
            )
            for t in range(tasks)
        ]
        return replace(runs[0], rows=[row for run in runs for row in run.rows])

    return reference


def test_more_items_raise_the_chance_and_the_need_stays(reference):
    plans = [plan_gate(SHIPPED, reference(n)) for n in (200, 600, 2400)]
    chances = [plan.chance for plan in plans]
    assert chances == sorted(chances)
    assert chances[0] < 0.3
    assert chances[2] > 0.9
    needed = [plan.tasks[0].items_needed for plan in plans]
    assert max(needed) < 1.4 * min(needed)
    assert 600 < needed[2] < 2000
    assert plans[0].power == 0.8


def test_the_same_seed_the_same_plan(reference):
    base = reference(200)
    # As text: a NaN is unlike itself where Python compares field by field (3.13).
    plan = repr(plan_gate(SHIPPED, base, draws=50))
    assert plan == repr(plan_gate(SHIPPED, base, draws=50))
    assert plan != repr(plan_gate(SHIPPED, base, draws=50, seed=1))
    mixed = [base.rows[i] for i in np.random.default_rng(0).permutation(len(base.rows))]
    again = plan_gate(SHIPPED, replace(base, rows=mixed), draws=50)
    assert repr(again) == plan


def test_several_tasks_must_all_pass(reference):
    one, five = (plan_gate(SHIPPED, reference(300, tasks=tasks), draws=200) for tasks in (1, 5))
    assert five.chance == pytest.approx(math.prod(task.chance for task in five.tasks))
    assert five.chance < one.chance / 10
    assert all(task.items_needed > one.tasks[0].items_needed for task in five.tasks)
    # Each number by itself takes as many as before.
    alone = [[cell.items_needed for cell in plan.tasks[0].cells] for plan in (one, five)]
    np.testing.assert_allclose(*alone, rtol=0.25)


def test_the_bottleneck_is_the_number_that_takes_most(reference):
    (task,) = plan_gate(SHIPPED, reference(400)).tasks
    assert task.bottleneck in task.cells
    assert task.items_needed > max(cell.items_needed for cell in task.cells)
    narrow = policy(metrics={"brier": {"margin": 0.2}, "accuracy": {"margin": 0.02}})
    (task,) = plan_gate(narrow, reference(400)).tasks
    assert task.bottleneck.metric == "accuracy"
    wide, tight = (
        plan_gate(policy(metrics={"accuracy": {"margin": m}}), reference(400)).tasks[0].items_needed
        for m in (0.08, 0.04)
    )
    assert tight / wide == pytest.approx(4.0, rel=1e-6)


def test_the_chance_is_what_a_gate_does(reference, populations):
    """Fresh equal runs of the population pass as often as the plan of a reference says."""
    wanted = policy(metrics={"brier": {"margin": 0.04}, "accuracy": {"margin": 0.06}})
    plan = plan_gate(wanted, reference(500))
    passed = 0
    for seed in range(100):
        first, second = (populations.draw(500, seed + shift) for shift in (100, 900))
        again = populations.redecode(first, second, seed)
        runs = [populations.make_run(*rows, task="t0") for rows in (first, again)]
        passed += gate(runs[1], wanted, reference=runs[0]).outcome == "PASS"
    assert plan.chance == pytest.approx(passed / 100, abs=0.17)


def test_fewer_than_min_items_never_pass(reference):
    plan = plan_gate(policy(min_items=500, metrics={"accuracy": {"margin": 0.5}}), reference(300))
    (task,) = plan.tasks
    assert (plan.chance, task.chance) == (0.0, 0.0)
    assert task.items_needed == 500
    assert [cell.items_needed for cell in task.cells] == [500]
    assert task.cells[0].chance == 1.0
    assert "300 items, but the policy requires 500 (min_items)" in render_plan(plan)


def test_a_number_that_this_reference_is_too_small_for(reference):
    plan = plan_gate(SHIPPED, reference(150, accuracy=0.9))
    (task,) = plan.tasks
    cells = {cell.metric: cell for cell in task.cells}
    assert "and 20 are needed" in cells["confidence_when_wrong"].reason
    assert plan.chance < 0.05
    assert 150 < cells["confidence_when_wrong"].items_needed < 2000
    assert task.items_needed >= cells["confidence_when_wrong"].items_needed
    text = render_plan(plan)
    assert "confidence when wrong: cannot be computed in every run with these items (" in text
    assert "which blocks PASS; about" in text


def test_a_number_that_no_such_item_gives(reference):
    base = reference(150)
    right = replace(base, rows=[replace(row, correct=1) for row in base.rows])
    plan = plan_gate(SHIPPED, right)
    assert plan.chance == 0.0
    assert math.isinf(plan.tasks[0].items_needed)
    line = summarize_plan(plan)
    assert "more items of this kind do not help: " in line
    assert "cannot be computed (only 0 rows with a confidence are wrong in both runs, " in line
    assert "leave this number out of the policy" in line


def test_a_bar_that_the_reference_is_not_within(reference):
    plan = plan_gate(
        policy(metrics={"ece": {"max": 0.001}, "brier": {"margin": 0.2}}), reference(200)
    )
    assert plan.chance == 0.0
    assert "the reference itself is not within max 0.001" in summarize_plan(plan)
    near, far = (
        plan_gate(policy(metrics={"accuracy": {"min": bar}}), reference(400)).tasks[0].items_needed
        for bar in (0.6, 0.4)
    )
    assert far < near < math.inf


def test_measured_noise_takes_the_place_of_the_assumed(reference):
    base = reference(400)
    wanted = policy(metrics={"accuracy": {"margin": 0.05}, "brier": {"margin": 0.05}})
    assumed = plan_gate(wanted, base).tasks[0]
    half = {("t0", c.metric): (c.moves_by / 2, 400) for c in assumed.cells}
    measured = plan_gate(wanted, base, rerun=half).tasks[0]
    assert (assumed.is_measured, measured.is_measured) == (False, True)
    for a, b in zip(assumed.cells, measured.cells, strict=True):
        assert b.moves_by == pytest.approx(a.moves_by / 2)
        assert b.items_needed == pytest.approx(max(a.items_needed / 4, 100))
    # Of four times as many items, half the error is the same noise.
    more = {key: (error, 1600) for key, (error, _) in half.items()}
    quarter = plan_gate(wanted, base, rerun=more).tasks[0]
    assert quarter.cells[0].moves_by == pytest.approx(assumed.cells[0].moves_by)
    still = plan_gate(wanted, base, rerun=dict.fromkeys(half, (0.0, 400)))
    assert still.chance == 1.0


def test_samples_take_fewer_questions(reference):
    single, sampled = (plan_gate(SHIPPED, reference(300, samples=k)) for k in (1, 8))
    assert sampled.tasks[0].is_sampled
    assert sampled.tasks[0].items_needed < single.tasks[0].items_needed / 2
    assert "all samples are drawn again" in render_plan(sampled)
    assert "_sc8" not in render_plan(sampled)


def test_groups_that_decide_take_more(reference):
    base = reference(500)
    grouped = policy(tasks={"t0": {"by": "level", "group_tier": "gate"}})
    plain, by_level = (plan_gate(wanted, base, draws=60) for wanted in (SHIPPED, grouped))
    assert len(by_level.tasks[0].cells) == 6 * len(plain.tasks[0].cells)
    assert by_level.tasks[0].items_needed > 2 * plain.tasks[0].items_needed
    shown = policy(tasks={"t0": {"by": "level"}})
    assert len(plan_gate(shown, base, draws=30).tasks[0].cells) == len(plain.tasks[0].cells)


def test_groups_keep_their_difficulty(reference):
    """Items of a hard level take answers of that level only."""
    base = reference(500)
    rows = [replace(row, correct=int(row.groups["level"] > 2)) for row in base.rows]
    pair = match_task("t0", rows, rows)
    made = make_equal(pair, np.random.default_rng(0), stratify(pair, "level"))
    level = np.array([groups["level"] for groups in pair.groups])
    for side in (made.base, made.cand):
        assert (side.correct == (level > 2)).all()


def test_what_a_limit_without_noise_does():
    """Wilson's limit of a rate without failures comes nearer by the number of items."""
    place = Place("t", None, "parse_rate", "margin")

    def made(items, upper):
        one = [np.array([[x]]) for x in (0.0, upper, upper)]
        return Draws(items, [place], *[np.array([0.01])] * 2, *one, [""])

    assert pass_from(made(100, 0.02), made(400, 0.005))[0, 0] == pytest.approx(200.0)
    assert pass_from(made(100, 0.02), made(400, 0.01))[0, 0] == pytest.approx(400.0)
    assert np.isinf(pass_from(made(100, np.nan), made(400, np.nan))[0, 0])


@pytest.mark.parametrize("samples", [1, 3])
def test_more_items_of_the_same_kind(reference, samples):
    base = reference(50, samples=samples)
    pair = match_task("t0", base.rows, base.rows).cluster_by("level")
    more = resize(pair, 130, np.random.default_rng(0))
    assert (more.items, more.n) == (130, 130 * samples)
    assert more.clusters == 15
    sizes = np.bincount(more.item)
    assert (sizes == samples).all()
    whole = more.base.confidence[: pair.n]
    np.testing.assert_array_equal(whole, pair.base.confidence)
    # Rows of an item stay together, and in one family.
    for item in range(130):
        assert len(set(more.family[more.item == item].tolist())) == 1
    fewer = resize(pair, 20, np.random.default_rng(0))
    assert (fewer.items, fewer.n) == (20, 20 * samples)


def test_a_reference_that_lacks_a_task(reference):
    with pytest.raises(UsageError, match="the reference lacks the task 't9'; it has t0"):
        plan_gate(policy(tasks={"t9": {}}), reference(200))


def test_chances_are_no_certainties():
    assert percent(0.0) == "under 1 %"
    assert percent(1.0) == "over 99 %"
    assert percent(0.505) == "50 %"


# What a shell sees.


@pytest.fixture
def folder(reference, tmp_path):
    for name, n in (("small", 150), ("large", 2400)):
        run = reference(n)
        write_stored(run, score(run), tmp_path / name)
    return tmp_path


def test_from_the_command_line(folder, run):
    code, out, err = run("gate", "--plan", "--reference", folder / "small")
    assert (code, err) == (0, "")
    assert out.startswith("PLAN  a model equal to ref would PASS in ")
    assert "; 80 % needs about " in out.splitlines()[0]
    assert "60 % of the items are answered again (an assumption" in out
    code, out, _ = run("gate", "--plan", "--reference", folder / "large")
    assert "they are enough for 80 %" in out.splitlines()[0]
    code, out, err = run("gate", "--plan", "--reference", folder / "small", folder / "large")
    assert (code, out) == (2, "")
    assert "--plan simulates its own candidates" in err


def test_as_json(folder, run):
    file = folder / "new" / "plan.json"
    words = ("gate", "--plan", "--reference", folder / "small", "--output", file)
    assert run(*words)[0] == 0
    plan = json.loads(file.read_text(), parse_constant=pytest.fail)
    assert plan["power"] == 0.8
    assert plan["tasks"][0]["items"] == 150
    assert plan["tasks"][0]["cells"][0]["metric"] == "brier"
    code, _, err = run(*words[:-1], folder / "plan.html")
    assert code == 2
    assert "a plan can only be written as .json" in err


def test_what_is_never_enough_is_null(reference):
    base = reference(150)
    right = replace(base, rows=[replace(row, correct=1) for row in base.rows])
    plain = json.loads(render_plan_json(plan_gate(SHIPPED, right, draws=20)))
    assert plain["tasks"][0]["items_needed"] is None


def test_init_and_update_say_it(folder, run):
    words = ("--output", folder / "ref", "--reason", "r")
    code, out, _ = run("baseline", "init", folder / "small", *words)
    assert code == 0
    (line,) = [line for line in out.splitlines() if line.startswith("plan: ")]
    assert "would PASS in" in line
    assert "80 % needs about" in line
    first = run("gate", "--plan", "--reference", folder / "ref")[1].splitlines()[0]
    assert line.removeprefix("plan: ") == first.removeprefix("PLAN  ")
    narrow = folder / "p.yaml"
    narrow.write_text("version: 1\nmetrics: {accuracy: {margin: 0.3}}\n")
    code, out, _ = run(
        *("baseline", "update", folder / "large", *words, "--accept-regression"),
        *("--policy", narrow),
    )
    assert code == 0
    assert "plan: a model equal to ref would PASS in over 99 % of runs" in out


def test_a_policy_that_does_not_fit_unmakes_no_reference(folder, run):
    other = folder / "p.yaml"
    other.write_text("version: 1\ntasks: {other: {}}\n")
    words = ("--output", folder / "ref", "--reason", "r", "--policy", other)
    code, out, _ = run("baseline", "init", folder / "small", *words)
    assert code == 0
    assert "plan: none, the reference lacks the task 'other'" in out
    other.write_text("version: 2\n")
    words = ("--output", folder / "ref2", "--reason", "r", "--policy", other)
    assert run("baseline", "init", folder / "small", *words)[0] == 2
    assert not (folder / "ref2").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "tasks", "items"),
    [("tied", 1, 300), ("saturated", 1, 300), ("K = 8", 1, 120), ("low accuracy", 3, 300)],
)
def test_the_plan_agrees_with_fresh_runs(family, tasks, items):
    found = SIMULATED.run_case(family, tasks, items, references=10, pairs=300)
    assert found["chance"] == pytest.approx(found["chance seen"], abs=0.12)
    assert found["passed there"] == pytest.approx(0.8, abs=0.09)


def test_a_few_draws_of_the_simulation():
    found = SIMULATED.run_case("continuous", 2, 200, references=2, pairs=10)
    assert 0 <= found["chance"] <= 1
    assert found["needed"] > 400


def test_a_reference_that_has_nothing_left_to_lose(reference, run, tmp_path):
    ref = reference(200)
    said = (
        "this limit cannot fail: confidence when wrong is 1.000 in the reference, so it cannot "
        "rise by more than its margin of 0.05"
    )
    assert said not in render_plan(plan_gate(SHIPPED, ref, draws=5))
    sure = replace(ref, rows=[replace(row, confidence=1.0) for row in ref.rows])
    plan = plan_gate(SHIPPED, sure, draws=5)
    assert f"{said}: the gate cannot detect such a loss" in render_plan(plan)
    assert "confidence_when_wrong" in [
        one["metric"] for one in json.loads(render_plan_json(plan))["no_room"]
    ]
    write_stored(sure, score(sure), tmp_path / "sure")
    out = run("baseline", "init", tmp_path / "sure", "--output", tmp_path / "ref", "--reason", "r")[
        1
    ]
    assert said in out


def test_a_measured_plan_does_not_ask_for_the_measurement(reference):
    plan = plan_gate(SHIPPED, reference(200), rerun={("t0", "brier"): (0.01, 200)}, draws=5)
    text = render_plan(plan)
    assert "noise scaled to that of a measured rerun" in text
    assert "an assumption" not in text


def test_numbers_that_pass_alone_and_seldom_together():
    cell = CellPlan("t", None, "brier", "margin", 0.04, 0.02, 0.6, 900.0)
    task = TaskPlan("t", 500, 0.3, math.inf, cell, [cell], is_measured=False, is_sampled=False)
    line = summarize_plan(GatePlan("ref", 0.8, 0.3, 100, [task], 200))
    assert "do not help: Brier needs the most items, and all numbers rarely pass together" in line
