"""The gate's self-test says whether it would do what it is for."""

import numpy as np
import pytest

from caopd_bench import score
from caopd_bench.gate_policy import Policy
from caopd_bench.paired_rows import match_task
from caopd_bench.self_test import make_equal, make_opd_shaped, run_self_test
from caopd_bench.stored import write_stored


@pytest.mark.parametrize("samples", [1, 4])
def test_it_holds_with_the_shipped_policy(populations, samples):
    run = populations.make_run(*populations.draw(400, 1, samples=samples))
    done = run_self_test(Policy(version=1), run, equal_draws=200, opd_draws=50)
    assert done.holds
    assert done.opd_failed == 50
    assert done.equal_failed <= done.allowed
    assert run_self_test(Policy(version=1), run, equal_draws=200, opd_draws=50) == done


def test_a_gate_without_the_number_that_sees_it_does_not_hold(populations):
    stated, right = populations.draw(300, 2)
    run = populations.make_run(np.maximum(stated, 0.95), right)
    blind = Policy.model_validate({"version": 1, "metrics": {"accuracy": {"margin": 0.05}}})
    done = run_self_test(blind, run, equal_draws=50, opd_draws=50)
    assert not done.holds
    assert done.opd_failed == 0


def test_a_bar_that_the_reference_does_not_meet_is_a_false_alarm(populations):
    run = populations.make_run(*populations.draw(300, 2))
    policy = Policy.model_validate({"version": 1, "metrics": {"ece": {"max": 0.001}}})
    done = run_self_test(policy, run, equal_draws=20, opd_draws=5)
    assert not done.holds
    assert done.equal_failed > done.allowed


def test_the_made_up_candidates(populations):
    rows = populations.make_run(*populations.draw(2000, 3, samples=3)).rows
    pair = match_task("t", rows, rows)
    equal = make_equal(pair, np.random.default_rng(0))
    kept = (equal.base.correct == equal.cand.correct).mean()
    assert 0.5 < kept < 0.9
    assert abs(equal.cand.correct.mean() - pair.base.correct.mean()) < 0.03
    # Whole items were answered anew: the samples of an item come from one item.
    original = {tuple(x) for x in pair.base.confidence.reshape(-1, 3)}
    assert {tuple(x) for x in equal.cand.confidence.reshape(-1, 3)} <= original
    opd = make_opd_shaped(pair, np.random.default_rng(0))
    assert opd.cand.correct.mean() == pytest.approx(pair.base.correct.mean() + 0.08, abs=0.02)
    assert (opd.cand.correct >= opd.base.correct).all()
    assert opd.cand.confidence.mean() > 0.99


def test_from_the_command_line(populations, run, tmp_path):
    made = populations.make_run(*populations.draw(300, 1), "ref")
    write_stored(made, score(made), tmp_path / "ref")
    code, out, _ = run("gate", "--self-test", "--reference", tmp_path / "ref")
    assert code == 0
    assert out.startswith("PASS  self-test")
    assert "100 of 100 FAIL" in out
    policy = tmp_path / "p.yaml"
    policy.write_text("version: 1\nmetrics: {accuracy: {margin: 0.3}}\n")
    code, out, _ = run("gate", "--self-test", "--policy", policy, "--reference", tmp_path / "ref")
    assert code == 1
    assert out.startswith("FAIL  self-test")
    policy.write_text("version: 1\nmin_items: 5000\n")
    code, _, err = run("gate", "--self-test", "--policy", policy, "--reference", tmp_path / "ref")
    assert code == 2
    assert "nothing would ever be decided" in err
    code, _, err = run("gate", "--self-test", "--reference", tmp_path / "ref", "x")
    assert code == 2
    policy.write_text("version: 1\ntasks: {other: {}}\n")
    code, _, err = run("gate", "--self-test", "--policy", policy, "--reference", tmp_path / "ref")
    assert code == 2
    assert "lacks other" in err
