"""The gate's self-test says whether it would do what it is for."""

from dataclasses import replace

import numpy as np
import pytest

from caopd_bench import score
from caopd_bench.comparison.pairs import match_task
from caopd_bench.gates.decide import find_no_room
from caopd_bench.gates.inputs import match_itself
from caopd_bench.gates.planning.candidates import (
    make_equal,
    make_equal_in_families,
    make_opd_shaped,
)
from caopd_bench.gates.planning.self_test import run_self_test
from caopd_bench.gates.planning.self_test_families import find_family_keys, try_families
from caopd_bench.gates.planning.self_test_text import render_self_test
from caopd_bench.gates.policy import Policy
from caopd_bench.gates.wording.words import label_of
from caopd_bench.runs.stored.store import write_stored


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


def of_run(populations, n, seed, samples=1, family=None):
    rows = populations.make_run(*populations.draw(n, seed, samples=samples)).rows
    if family is not None:
        rows = [replace(row, groups={"family": family(int(row.item_hash, 16))}) for row in rows]
    return match_task("t", rows, rows)


def test_equal_candidates_answer_60_percent_anew(populations):
    pair = of_run(populations, 3000, 3)
    made = make_equal(pair, np.random.default_rng(0))
    same = (made.base.confidence == made.cand.confidence) & (made.base.correct == made.cand.correct)
    # Of those answered anew some get an answer like the old one.
    alike = (
        np.mean(
            [
                (pair.base.confidence == value).mean() ** 2
                * ((p := right.mean()) ** 2 + (1 - p) ** 2)
                for value in np.unique(pair.base.confidence)
                for right in [pair.base.correct[pair.base.confidence == value]]
            ]
        )
        * np.unique(pair.base.confidence).size
    )
    assert same.mean() == pytest.approx(0.4 + 0.6 * alike, abs=0.04)
    # Both runs are of the reference's population, answers with their confidences.
    for side in (made.base, made.cand):
        assert side.correct.mean() == pytest.approx(pair.base.correct.mean(), abs=0.03)
        assert side.confidence.mean() == pytest.approx(pair.base.confidence.mean(), abs=0.01)
    assert not np.array_equal(made.base.confidence, pair.base.confidence)


def test_the_noise_of_equal_candidates_is_that_of_two_runs(populations):
    pair, rng = of_run(populations, 400, 3), np.random.default_rng(1)
    moved = []
    for _ in range(600):
        made = make_equal(pair, rng)
        moved.append(made.cand.correct.mean() - made.base.correct.mean())
    p = pair.base.correct.mean()
    expected = np.sqrt(2 * 0.6 * p * (1 - p) / 400)
    assert np.std(moved) == pytest.approx(expected, rel=0.1)
    assert abs(np.mean(moved)) < 4 * expected / np.sqrt(600)


@pytest.mark.parametrize("spread", [0.0, 1.0, 3.0])
def test_samples_are_drawn_as_a_model_draws_them(populations, spread):
    """The noise of a rerun is that of the samples within an item, whatever items differ by."""
    rng = np.random.default_rng(5)
    n, k = 300, 8
    ease = rng.normal(size=(n, 1)) * spread
    p = 1 / (1 + np.exp(-ease))
    right = (rng.random((n, k)) < p).astype(int)
    run = populations.make_run(np.full((n, k), 0.8), right)
    pair = match_task("t", run.rows, run.rows)
    moved = []
    for _ in range(400):
        made = make_equal(pair, rng)
        moved.append(made.cand.correct.mean() - made.base.correct.mean())
    expected = np.sqrt(2 * (p * (1 - p)).mean() / (n * k))
    assert np.std(moved) == pytest.approx(expected, rel=0.15)
    assert abs(np.mean(moved)) < 4 * expected / np.sqrt(400)


@pytest.mark.parametrize("samples", [1, 4])
def test_families_that_move_together(populations, samples):
    pair = of_run(populations, 1000, 2, samples=samples, family=lambda i: i % 50)
    labels, rng = np.arange(1000) % 50, np.random.default_rng(0)
    of_row = labels[pair.item]

    def spread(made):
        diff = made.cand.correct - made.base.correct
        return np.var([diff[of_row == k].mean() for k in range(50)])

    still, moved = (
        np.mean([spread(make_equal_in_families(pair, labels, rng, moved=by)) for _ in range(20)])
        for by in (1e-9, 1.0)
    )
    # What the effects do to a chance of .66: one on each run, or that of both on the second.
    effects = rng.normal(size=100_000) * (1.0 if samples == 1 else np.sqrt(2))
    of_one = np.var(1 / (1 + np.exp(-np.log(0.66 / 0.34) - effects)))
    expected = of_one * (2 if samples == 1 else 1)
    assert moved - still == pytest.approx(expected, rel=0.25)
    change = [
        (made := make_equal_in_families(pair, labels, rng)).cand.correct.mean()
        - made.base.correct.mean()
        for _ in range(60)
    ]
    assert abs(np.mean(change)) < 4 * np.std(change) / np.sqrt(60)


def test_the_opd_shape(populations):
    pair = of_run(populations, 2000, 3, samples=3)
    opd = make_opd_shaped(pair, np.random.default_rng(0))
    assert opd.cand.correct.mean() == pytest.approx(pair.base.correct.mean() + 0.08, abs=0.02)
    assert (opd.cand.correct >= opd.base.correct).all()
    assert opd.cand.confidence.mean() > 0.99


def with_family(run, count):
    rows = [
        replace(row, groups={**row.groups, "family": f"f{int(row.item_hash, 16) % count}"})
        for row in run.rows
    ]
    return replace(run, rows=rows)


def test_families_are_looked_for_in_the_groups(populations):
    def keys(run):
        return find_family_keys(match_itself(Policy(version=1), run))

    run = populations.make_run(*populations.draw(400, 1))
    assert keys(run) == []  # five levels
    assert keys(with_family(run, 40)) == ["family"]
    assert keys(with_family(run, 9)) == []
    assert keys(with_family(run, 400)) == []  # an item each
    two = [replace(r, task="u", groups={}) for r in run.rows]
    mixed = with_family(run, 40)
    assert keys(replace(mixed, rows=[*mixed.rows, *two])) == ["family"]


def test_items_that_move_together_make_false_alarms_without_clusters(populations):
    run = with_family(populations.make_run(*populations.draw(600, 1)), 30)
    narrow = Policy.model_validate(
        {"version": 1, "metrics": {"accuracy": {"margin": 0.001}, "brier": {"margin": 0.001}}}
    )
    done = run_self_test(narrow, run, equal_draws=100, opd_draws=2, family_draws=100)
    (test,) = done.families
    assert (test.key, test.clusters, test.draws, test.is_set) == ("family", 30, 100, False)
    assert test.failed > 15
    assert test.failed_clustered < 13
    text = render_self_test(done, "ref", narrow)
    assert f"{test.failed} of 100 FAIL, {test.failed_clustered} with cluster: family" in text
    assert "set `cluster: family` in the policy" in text
    # Independent items are no false alarm, and what is assumed is no part of whether it holds.
    assert done.equal_failed <= done.allowed
    assert done.holds == replace(done, families=[]).holds

    clustered = narrow.model_copy(update={"cluster": "family"})
    pairs = match_itself(clustered, run)
    test = try_families(pairs, clustered, "family", 100, np.random.default_rng(0))
    assert test.is_set
    assert test.failed == test.failed_clustered < 13
    said = render_self_test(replace(done, families=[test]), "ref", clustered)
    assert "set `cluster" not in said


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
    assert "lacks the task 'other'" in err


def change(run, **keys):
    """Set fields of every row; a callable is given the row."""
    rows = [
        replace(row, **{k: v(row) if callable(v) else v for k, v in keys.items()})
        for row in run.rows
    ]
    return replace(run, rows=rows)


def always_wrong(run):
    return change(run, correct=0, confidence=0.0)


def silent_when_wrong(run):
    return change(
        run,
        confidence=lambda row: row.confidence if row.correct else None,
        status=lambda row: "ok" if row.correct else "no_confidence",
    )


def always_right(run):
    return change(run, correct=1)


@pytest.mark.parametrize("make", [always_wrong, silent_when_wrong, always_right])
def test_a_gate_that_can_pass_nothing_does_not_hold(populations, make):
    run = make(populations.make_run(*populations.draw(400, 1)))
    done = run_self_test(Policy(version=1), run, equal_draws=30, opd_draws=20)
    assert done.equal_passed == 0
    assert not done.holds
    assert {metric for _, _, metric in done.blocked} >= {"auroc", "strict_auroc"}
    text = render_self_test(done, "ref", Policy(version=1))
    assert text.startswith("FAIL  self-test")
    for (_, _, metric), why in done.blocked.items():
        assert f"{label_of(metric)} cannot be computed in any equal candidate ({why})" in text
    assert "no equal candidate PASSes" in text
    assert "to see whether more items help" not in text


def test_what_more_items_would_do_is_for_the_plan_to_say(populations):
    """Numbers that some equal candidates have are not called impossible."""
    run = populations.make_run(*populations.draw(110, 1))
    done = run_self_test(Policy(version=1), run, equal_draws=30, opd_draws=5)
    assert done.equal_passed == 0
    assert not done.holds
    assert done.blocked == {}
    text = render_self_test(done, "ref", Policy(version=1))
    assert "to see whether more items help, and how many: caopd-bench gate --plan" in text


def test_a_reference_that_has_nothing_left_to_lose(populations):
    run = change(populations.make_run(*populations.draw(400, 1)), confidence=1.0)
    done = run_self_test(Policy(version=1), run, equal_draws=20, opd_draws=20)
    assert not done.holds
    assert done.opd_passed
    assert [one.metric for one in done.no_room] == [
        "overconfidence_gap",
        "auroc",
        "confidence_when_wrong",
        "strict_auroc",
    ]
    text = render_self_test(done, "ref", Policy(version=1))
    assert "confidence when wrong is 1.000 in the reference, so it cannot rise" in text
    assert "AUROC is 0.500 in the reference" in text
    assert "more items do not help" in text
    assert "use more items, several samples (_sc8), or narrower margins" not in text


def test_numbers_that_have_room_are_not_named(populations):
    run = populations.make_run(*populations.draw(400, 1))
    pairs = match_itself(Policy(version=1), run)
    assert find_no_room(pairs, Policy(version=1)) == []
    wide = Policy.model_validate(
        {
            "version": 1,
            "metrics": {
                "confidence_when_wrong": {"margin": 0.2},
                "auroc": {"margin": 0.07, "min": 0.5},
                "strict_auroc": {"margin": 0.9, "tier": "advisory"},
            },
        }
    )
    assert [one.metric for one in find_no_room(pairs, wide)] == ["confidence_when_wrong"]
