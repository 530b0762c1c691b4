"""The theory's probes, on rows whose answers are known."""

import math

import numpy as np
import pytest

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.run import Row, Run
from caopd_bench.scores.panel_probe_table import render_probes
from caopd_bench.scores.probe import probe


def make_run(task, rate, stated, *, items=40, k=4, domain="x", weights="w1", name="m"):
    """A run in which `rate` of the samples are right and state one of `stated` in turn."""
    generator = np.random.default_rng(len(task))
    rows = [
        Row(
            task,
            f"{domain}{i:03}",
            s,
            {"domain": domain},
            stated[(i + s) % len(stated)],
            int(generator.random() < rate),
            "ok",
        )
        for i in range(items)
        for s in range(k)
    ]
    return Run(name, name, rows, {"tasks": {task: {"weights": weights}}})


def numbers(records, group="domain=x"):
    return {r.metric: r for r in records if r.group == group}


def test_the_numbers_are_those_of_the_rows():
    own = make_run("caopd_a_sc8", 0.4, [0.9])
    teacher = make_run("caopd_a_priv_sc8", 0.9, [0.9, 1.0])
    found = numbers(probe([own, teacher]))
    mean = {run.tasks[0]: np.mean([r.correct for r in run.rows]) for run in (own, teacher)}
    assert found["own_success"].estimate == pytest.approx(mean["caopd_a_sc8"])
    assert found["teacher_success"].estimate == pytest.approx(mean["caopd_a_priv_sc8"])
    bias = found["optimism_bias"]
    assert bias.estimate == pytest.approx(mean["caopd_a_priv_sc8"] - mean["caopd_a_sc8"])
    assert 0.2 < bias.low < bias.estimate < bias.high < 0.8
    assert found["inheritance"].estimate == pytest.approx(0.9 - mean["caopd_a_sc8"])
    assert found["own_entropy"].estimate == 0.0
    assert found["own_entropy"].reason == "only one value is stated"
    assert found["teacher_entropy"].estimate == pytest.approx(1.0, abs=0.01)
    assert found["own_confidence"].estimate == pytest.approx(0.9)


def test_entropy_is_corrected_for_rare_values():
    generator = np.random.default_rng(0)
    values = generator.random(4000).round(2)
    found = []
    for seed in range(40):
        draw = np.random.default_rng(seed).choice(values, 200)
        rows = [Row("a_sc8", f"{i // 4}", i % 4, {}, float(v), 1, "ok") for i, v in enumerate(draw)]
        teacher = [Row("a_priv_sc8", r.item_hash, r.sample, {}, 0.5, 0, "ok") for r in rows]
        run = Run("m", "m", [*rows, *teacher], {"tasks": {}})
        found.append({r.metric: r for r in probe([run])}["own_entropy"])
    shares = np.unique(values, return_counts=True)[1] / values.size
    truth = -(shares * np.log2(shares)).sum()
    assert np.mean([r.estimate for r in found]) == pytest.approx(truth, abs=0.1)
    assert sum(r.low <= truth <= r.high for r in found) >= 30


def test_domains_apart_and_shared_questions_only():
    own = make_run("caopd_a_sc8", 0.4, [0.9])
    other = make_run("caopd_a_sc8", 0.4, [0.9], domain="y")
    both = Run("m", "m", [*own.rows, *other.rows], own.provenance)
    teacher = make_run("caopd_a_priv_sc8", 0.9, [1.0], items=20)
    records = probe([both, teacher])
    assert {r.group for r in records} == {"domain=x"}
    assert numbers(records)["optimism_bias"].n == 20


def test_few_questions_have_no_interval():
    own = make_run("caopd_a_sc8", 0.4, [0.9, 0.8], items=5)
    teacher = make_run("caopd_a_priv_sc8", 0.9, [1.0, 0.9], items=5)
    found = numbers(probe([own, teacher]))
    assert math.isnan(found["optimism_bias"].low)
    assert "5 questions" in found["optimism_bias"].reason
    assert "5 questions" in found["own_entropy"].reason


def test_what_cannot_be_probed_is_refused():
    own = make_run("caopd_a_sc8", 0.4, [0.9])
    teacher = make_run("caopd_a_priv_sc8", 0.9, [1.0])
    with pytest.raises(UsageError, match="sampled tasks here: caopd_a_sc8"):
        probe([own])
    with pytest.raises(UsageError, match="two runs contain caopd_a_sc8"):
        probe([own, own, teacher])
    with pytest.raises(UsageError, match="2 different models"):
        probe([own, make_run("caopd_a_priv_sc8", 0.9, [1.0], weights="w2")])
    with pytest.raises(UsageError, match="share no question"):
        probe([own, make_run("caopd_a_priv_sc8", 0.9, [1.0], domain="z")])


def test_the_command_says_what_is_needed(mixed, run):
    code, out, err = run("score", "--probe", mixed)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "caopd_gsm8k_priv_sc8" in err


def test_unparsed_answers_are_counted_and_said():
    own, teacher = (make_run(f"caopd_a{way}", 0.5, [0.9, 0.8]) for way in ("_sc8", "_priv_sc8"))
    rows = [
        Row(r.task, r.item_hash, r.sample, r.groups, None, 0, "no_confidence") if i % 2 else r
        for i, r in enumerate(own.rows)
    ]
    unread = Run("m", "m", rows, own.provenance)
    records = probe([unread, teacher])
    found = numbers(records)
    assert found["own_parse_rate"].estimate == 0.5
    assert (found["own_parse_rate"].n, found["teacher_parse_rate"].n) == (160, 160)
    assert found["teacher_parse_rate"].estimate == 1.0
    # Stated minus right, both of the parsed rows; success is of all.
    kept = [r for r in rows if r.confidence is not None]
    gap = np.mean([r.confidence - r.correct for r in kept])
    assert found["inheritance"].estimate == pytest.approx(gap)
    assert found["own_success"].estimate == np.mean([r.correct for r in rows])
    shown = "\n".join(render_probes(records, 0.95))
    assert "40 questions, 160 answers without and 160 with" in shown
    assert "note: low parse rate" in shown
    assert "note:" not in "\n".join(render_probes(probe([own, teacher]), 0.95))


def test_no_entropy_that_so_few_answers_cannot_show():
    rows = [Row("a_sc8", f"{i}", 0, {}, (i + 1) / 100, 1, "ok") for i in range(40)]
    teacher = [Row("a_priv_sc8", r.item_hash, 0, {}, 0.5, 0, "ok") for r in rows]
    found = {r.metric: r for r in probe([Run("m", "m", [*rows, *teacher], {"tasks": {}})])}
    assert found["own_entropy"].estimate == pytest.approx(np.log2(40))
    assert math.isnan(found["own_entropy"].low)
    assert "too low" in found["own_entropy"].reason


def test_options_of_the_ordinary_table_are_refused(mixed, run):
    code, _, err = run("score", "--probe", "--reparse", mixed)
    assert (code, err.count("\n")) == (2, 1)
    assert "cannot be combined with --reparse" in err
