"""The gate decides as its rule says, and never passes what it cannot read."""

import gzip
import json
import math
import random
from dataclasses import replace

import numpy as np
import pytest

from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.gates.decide import gate
from caopd_bench.gates.policy import Policy
from caopd_bench.metrics import METRICS, degradation, tally
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.scores.score import score

SHIPPED = Policy(version=1)


def policy(**fields):
    return Policy.model_validate({"version": 1, **fields})


@pytest.fixture
def pair(populations):
    """A reference and an equal candidate of n items."""

    def pair(n, seed=0, samples=1, **options):
        first = populations.draw(n, seed, samples=samples, **options)
        second = populations.draw(n, seed + 1000, samples=samples, **options)
        again = populations.redecode(first, second, seed)
        return populations.make_run(*first, "base"), populations.make_run(*again, "cand")

    return pair


def outcomes(result):
    return {cell.metric: cell.outcome for cell in result.cells}


def test_an_equal_model_passes(pair):
    base, cand = pair(2000)
    result = gate(cand, SHIPPED, reference=base)
    assert (result.outcome, result.exit_code) == ("PASS", 0)
    assert set(outcomes(result).values()) == {"PASS"}
    assert (result.reference, result.candidate) == ("base", "cand")


def test_the_same_run_passes_and_differs_in_nothing(pair):
    base, _ = pair(200)
    result = gate(replace(base, name="again"), SHIPPED, reference=base)
    assert result.outcome == "PASS"
    assert all(cell.worse_by == 0 for cell in result.cells)


def test_the_papers_failure_fails_through_confidence_when_wrong(populations):
    stated, right = populations.draw(400, 1, accuracy=0.8)
    stated = np.where(np.random.default_rng(3).random(stated.shape) < 0.65, 1.0, stated)
    base = populations.make_run(stated, right)
    cand = populations.make_run(*populations.collapse(stated, right), "opd")
    result = gate(cand, SHIPPED, reference=base)
    assert (result.outcome, result.exit_code) == ("FAIL", 1)
    assert outcomes(result)["confidence_when_wrong"] == "FAIL"
    # What "fail if ECE rises" looks at has fallen, and the answers are better.
    before, after = (
        METRICS["ece"].function(
            tally([row.confidence for row in run.rows], [row.correct for row in run.rows])
        )
        for run in (base, cand)
    )
    assert after < before + 0.02
    assert outcomes(result)["accuracy"] == "PASS"


def test_few_items_decide_nothing(pair):
    base, cand = pair(99)
    for wanted in (SHIPPED, policy(on_inconclusive="fail")):
        result = gate(cand, wanted, reference=base)
        assert (result.outcome, result.exit_code) == ("INCONCLUSIVE", 3)
    assert any("99 items" in note for note in result.notes)


def test_indecision_warns_or_fails(pair):
    base, cand = pair(120, seed=6)
    result = gate(cand, SHIPPED, reference=base)
    assert (result.outcome, result.exit_code) == ("INCONCLUSIVE", 0)
    assert gate(cand, policy(on_inconclusive="fail"), reference=base).exit_code == 3
    undecided = [cell for cell in result.cells if cell.outcome == "INCONCLUSIVE"]
    assert all(cell.items_needed > 120 or cell.reason for cell in undecided)


def test_a_silent_model_never_passes(populations):
    stated, right = populations.draw(1500, 5)
    base = populations.make_run(stated, right)
    spoke = np.random.default_rng(0).random(stated.shape) < 0.5
    cand = populations.make_run(stated, right, "silent", parsed=spoke)
    assert gate(cand, SHIPPED, reference=base).outcome == "FAIL"
    mute = populations.make_run(stated, right, "mute", parsed=np.zeros_like(stated))
    result = gate(mute, SHIPPED, reference=base)
    assert result.outcome == "FAIL"
    assert "no row states" in next(c.reason for c in result.cells if c.metric == "brier")
    # Without the parse rate in the policy nothing can be computed, and nothing passes.
    only = policy(metrics={"brier": {"margin": 0.04}})
    assert gate(mute, only, reference=base).outcome == "INCONCLUSIVE"
    # Saying nothing where it is wrong makes the rest look better, and still does not pass.
    shy = populations.make_run(stated, right, "shy", parsed=right)
    assert gate(shy, only, reference=base).outcome != "PASS"


def test_the_order_of_rows_decides_nothing(pair):
    for samples in (1, 4):
        base, cand = pair(300, seed=7, samples=samples)
        first = gate(cand, SHIPPED, reference=base)
        mixed = [list(run.rows) for run in (base, cand)]
        for seed, rows in enumerate(mixed):
            random.Random(seed).shuffle(rows)
        again = gate(replace(cand, rows=mixed[1]), SHIPPED, reference=replace(base, rows=mixed[0]))
        assert repr(first) == repr(again)


def test_the_numbers_are_those_of_the_metrics(pair):
    base, cand = pair(500, seed=11, samples=2)
    cells = {cell.metric: cell for cell in gate(cand, SHIPPED, reference=base).cells}
    rows = [sorted(run.rows, key=lambda r: (r.item_hash, r.sample)) for run in (base, cand)]
    sides = [([r.confidence for r in one], [r.correct for r in one]) for one in rows]
    expected = degradation(*sides, question=[r.item_hash for r in rows[0]])
    for name, cell in cells.items():
        assert cell.worse_by == expected[name].worse_by
        assert cell.upper == expected[name].upper
        assert cell.items == 500
    scored = {r.metric: r.estimate for r in score([cand]) if r.group is None}
    for name in ("brier", "overconfidence_gap", "confidence_when_wrong", "accuracy"):
        assert cells[name].candidate == pytest.approx(scored[name], abs=1e-12)


def test_bars(pair):
    base, cand = pair(800, seed=2)
    scored = {r.metric: r for r in score([cand])}
    accuracy, ece = scored["accuracy"].estimate, scored["ece"].estimate
    for metrics, outcome in (
        ({"accuracy": {"min": accuracy - 0.1}}, "PASS"),
        ({"accuracy": {"min": accuracy + 0.1}}, "FAIL"),
        ({"accuracy": {"min": accuracy + 0.01}}, "INCONCLUSIVE"),
        ({"ece": {"max": ece + 0.1}}, "PASS"),
        ({"ece": {"max": ece - 0.1}}, "FAIL"),
        ({"ece": {"max": ece}}, "INCONCLUSIVE"),
        ({"parse_rate": {"min": 0.95}}, "PASS"),
        ({"parse_rate": {"min": 0.999}}, "INCONCLUSIVE"),
        ({"mean_confidence": {"max": 0.5}}, "FAIL"),
    ):
        result = gate(cand, policy(metrics=metrics), reference=base)
        assert result.outcome == outcome, metrics
        (cell,) = result.cells
        assert math.isnan(cell.reference)


def test_other_metrics_may_be_gated(pair, populations):
    base, cand = pair(800, seed=4)
    wanted = policy(metrics={"ece": {"margin": 0.1}, "spr": {"margin": 0.2}})
    result = gate(cand, wanted, reference=base)
    assert outcomes(result) == {"ece": "PASS", "spr": "PASS"}
    stated, _ = populations.draw(800, 4)
    poor = populations.make_run(stated, np.zeros_like(stated, dtype=int), "poor")
    result = gate(poor, policy(metrics={"ece": {"margin": 0.1}}), reference=base)
    assert result.outcome == "FAIL"


def test_advisory_numbers_are_shown_and_decide_nothing(pair, populations):
    base, _ = pair(800, seed=4)
    stated, right = populations.draw(800, 4)
    worse = populations.make_run(np.ones_like(stated), right, "worse")
    wanted = policy(
        metrics={"accuracy": {"margin": 0.5}, "ece": {"margin": 0.03, "tier": "advisory"}}
    )
    result = gate(worse, wanted, reference=base)
    assert result.outcome == "PASS"
    (ece,) = [cell for cell in result.cells if cell.metric == "ece"]
    assert (ece.outcome, ece.tier) == ("FAIL", "advisory")
    with pytest.raises(UsageError, match="gates nothing"):
        gate(worse, policy(metrics={"ece": {"margin": 0.1, "tier": "advisory"}}), reference=base)


def test_groups(pair):
    base, cand = pair(1000, seed=5)
    tasks = {"caopd_math_conf": {"by": "level"}}
    result = gate(cand, policy(tasks=tasks), reference=base)
    groups = {cell.group for cell in result.cells}
    assert groups == {None, "level=1", "level=2", "level=3", "level=4", "level=5"}
    assert {cell.tier for cell in result.cells if cell.group} == {"advisory"}
    tasks["caopd_math_conf"]["group_tier"] = "gate"
    strict = gate(cand, policy(tasks=tasks), reference=base)
    assert {cell.tier for cell in strict.cells} == {"gate"}
    # The family is larger, so each p-value counts for more tests.
    p = [next(c.adjusted for c in r.cells if c.metric == "brier") for r in (result, strict)]
    assert p[1] >= p[0]
    with pytest.raises(UsageError, match="no row has the group 'subject'; there are level"):
        gate(cand, policy(tasks={"caopd_math_conf": {"by": "subject"}}), reference=base)


def test_several_tasks_share_the_false_alarms(populations):
    draws = [populations.draw(600, seed) for seed in range(4)]
    base = [populations.make_run(*draws[0], task=f"t{i}") for i in range(2)]
    cand = [populations.make_run(*draws[0], task="t0"), populations.make_run(*draws[1], task="t1")]
    joined = [replace(runs[0], rows=[*runs[0].rows, *runs[1].rows]) for runs in (base, cand)]
    result = gate(joined[1], SHIPPED, reference=joined[0])
    assert {cell.task for cell in result.cells} == {"t0", "t1"}
    only = gate(joined[1], policy(tasks={"t1": {}}), reference=joined[0])
    assert {cell.task for cell in only.cells} == {"t1"}
    assert "tasks not gated: t0" in only.notes
    lacking = "the reference lacks the task 't9'; it has t0, t1"
    with pytest.raises(NotComparableError, match=lacking):
        gate(joined[1], policy(tasks={"t9": {}}), reference=joined[0])
    with pytest.raises(NotComparableError, match="the candidate lacks the task 't1'"):
        gate(cand[0], SHIPPED, reference=joined[0])


def test_runs_of_other_items_are_not_comparable(pair):
    base, cand = pair(150)
    fewer = replace(cand, rows=cand.rows[:120])
    with pytest.raises(NotComparableError, match="120 in both, 30 only in the first, 0 only in"):
        gate(fewer, SHIPPED, reference=base)
    with pytest.raises(NotComparableError, match="0 only in the first, 30 only in the second"):
        gate(cand, SHIPPED, reference=replace(base, rows=base.rows[:120]))
    other = replace(cand, rows=[replace(row, item_hash="x" + row.item_hash) for row in cand.rows])
    with pytest.raises(NotComparableError, match="share no item"):
        gate(other, SHIPPED, reference=base)
    twice = replace(cand, rows=[*cand.rows, cand.rows[3]])
    with pytest.raises(NotComparableError, match="repeated rows: 150 and 151 rows"):
        gate(twice, SHIPPED, reference=base)


def test_an_item_that_the_data_hold_twice_is_one_item(pair):
    base, cand = pair(150)
    doubled = [replace(run, rows=[*run.rows, *run.rows]) for run in (base, cand)]
    once = gate(cand, SHIPPED, reference=base)
    result = gate(doubled[1], SHIPPED, reference=doubled[0])
    for a, b in zip(once.cells, result.cells, strict=True):
        assert (a.items, a.worse_by) == (b.items, pytest.approx(b.worse_by))
        assert a.standard_error == pytest.approx(b.standard_error, rel=1e-6)


def test_parsers_that_differ(pair):
    base, cand = pair(150)
    old, new = (
        replace(run, provenance={"tasks": {"caopd_math_conf": {"parser_version": version}}})
        for run, version in ((base, "1"), (cand, "2"))
    )
    with pytest.raises(NotComparableError, match="score /nowhere/base --reparse"):
        gate(new, SHIPPED, reference=old)


def test_settings_that_differ_are_named(pair):
    base, cand = pair(150)
    other = replace(cand, provenance={**cand.provenance, "dtype": "float16", "backend": "vllm"})
    result = gate(other, SHIPPED, reference=base)
    assert "dtype: none against float16" in result.notes
    assert "backend: none against vllm" in result.notes
    with pytest.raises(NotComparableError, match="--strict: the runs differ in 2 settings"):
        gate(other, SHIPPED, reference=base, strict=True)


def test_a_year_of_nights_takes_more_to_fail(pair, populations):
    base, _ = pair(300, seed=1)
    stated, right = populations.draw(300, 1)
    worse = np.minimum(stated + 0.06 * (1 - right), 1.0)
    cand = populations.make_run(worse, right, "worse")
    once = gate(cand, SHIPPED, reference=base)
    nightly = gate(cand, policy(looks=365), reference=base)
    assert once.outcome == "FAIL"
    for a, b in zip(once.cells, nightly.cells, strict=True):
        assert a.adjusted == b.adjusted
        assert b.outcome == "FAIL" or a.outcome != "PASS" or b.outcome == "PASS"


# What a shell sees.


@pytest.fixture
def stored(pair, tmp_path):
    """A stored reference and an equal stored candidate, and a policy that names the reference."""
    for run in pair(3000, seed=9):
        write_stored(run, score(run), tmp_path / run.name)
    (tmp_path / "gate.yaml").write_text("version: 1\nreference: base\n")
    return tmp_path


def test_exit_codes_from_a_shell(stored, shell):
    def code(*words):
        done = shell("gate", *words, cwd=stored)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout.split(" ")[0].strip()

    assert code("--policy", "gate.yaml", "cand") == (0, "PASS")
    assert code("--reference", "base", "cand") == (0, "PASS")
    (stored / "bars.yaml").write_text("version: 1\nreference: base\nmetrics: {ece: {max: 0.001}}\n")
    assert code("--policy", "bars.yaml", "cand") == (1, "FAIL")
    text = "version: 1\nreference: base\non_inconclusive: fail\nmin_items: 5000\n"
    (stored / "many.yaml").write_text(text)
    assert code("--policy", "many.yaml", "cand") == (3, "INCONCLUSIVE")
    assert code("--policy", "gate.yaml", "absent") == (2, "")
    assert code("--policy", "none.yaml", "cand") == (2, "")
    assert code("--policy", "gate.yaml") == (2, "")
    assert code("cand") == (2, "")
    (stored / "lost.yaml").write_text("version: 1\nreference: gone\n")
    assert code("--policy", "lost.yaml", "cand") == (4, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reference", "nope", "cand"), "reference: nope: no such file or folder; name a stored"),
        (("--reference", "x=nope", "cand"), "reference: x=nope: no such file or folder"),
        (("--reference", "nope/*.csv", "cand"), "reference: nope/*.csv: no such file or folder"),
        (("--policy", "gate.yaml", "--reference", "nope", "cand"), "reference: nope: no such"),
        (("--policy", "lost.yaml", "cand"), "reference: gone: no such folder"),
        (("--plan", "--reference", "nope"), "reference: nope: no such"),
        (("--reparse", "--reference", "nope", "cand"), "reference: nope: no such"),
    ],
)
def test_a_reference_that_is_not_there(stored, run, monkeypatch, words, said):
    monkeypatch.chdir(stored)
    (stored / "lost.yaml").write_text("version: 1\nreference: gone\n")
    (stored / "bare.yaml").write_text("version: 1\n")
    code, out, err = run("gate", *words)
    assert (code, out) == (4, "")
    assert f"caopd-bench gate: {said}" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reference", "", "cand"), "reference: is empty; name a run"),
        (("--policy", "bare.yaml", "cand"), "no reference: name BASE before CAND, or give "),
        (("cand",), "no reference: name BASE before CAND, or give --reference RUN"),
        (("--self-test",), "no reference: name BASE before CAND"),
    ],
)
def test_a_reference_that_is_not_named(stored, run, monkeypatch, words, said):
    monkeypatch.chdir(stored)
    (stored / "bare.yaml").write_text("version: 1\n")
    code, out, err = run("gate", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"caopd-bench gate: {said}" in err


def test_a_reference_may_be_named(stored, run, monkeypatch):
    monkeypatch.chdir(stored)
    assert run("gate", "--reference", "old=base", "cand")[0] == 0


@pytest.mark.parametrize("words", [("a", "b", "c"), ("a", "--strict", "b", "c")])
def test_two_runs_at_most(run, words):
    code, out, err = run("gate", *words)
    assert (code, out) == (2, "")
    assert "gate: at most two runs, BASE and CAND; got a, b, c" in err
    assert "unrecognized arguments: --bogus" in run("gate", "base", "--bogus")[2]


def _rows(folder):
    return gzip.decompress((folder / "rows.jsonl.gz").read_bytes()).decode().splitlines()


def _write(folder, lines):
    text = "".join(line + "\n" for line in lines)
    (folder / "rows.jsonl.gz").write_bytes(gzip.compress(text.encode()))


def _break(name, folder):
    """Damage a candidate in one of many ways."""
    rows = _rows(folder)
    if name == "empty":
        _write(folder, [])
    elif name == "one row":
        _write(folder, rows[:1])
    elif name == "truncated":
        file = folder / "rows.jsonl.gz"
        file.write_bytes(file.read_bytes()[:-200])
    elif name == "bomb":
        (folder / "rows.jsonl.gz").write_bytes(gzip.compress(b"[" * 5_000_000))
    elif name == "duplicates":
        _write(folder, [*rows, *rows[:50]])
    elif name == "nan":
        _write(folder, [rows[0].replace('"confidence": ', '"confidence": NaN, "x": '), *rows[1:]])
    elif name == "above one":
        first = json.loads(rows[0])
        _write(folder, [json.dumps({**first, "confidence": 95.0}), *rows[1:]])
    elif name == "other task":
        _write(folder, [row.replace("caopd_math_conf", "caopd_svamp_conf") for row in rows])
    elif name == "other items":
        _write(folder, [row.replace('"item_hash": "0', '"item_hash": "f') for row in rows])
    elif name == "no summary":
        (folder / "summary.json").unlink()
    elif name == "not gzip":
        (folder / "rows.jsonl.gz").write_text("version: 1")
    elif name == "a file":
        (folder / "rows.jsonl.gz").unlink()
        (folder / "summary.json").unlink()
        folder.rmdir()
        folder.write_text("run")


@pytest.mark.parametrize(
    "name",
    [
        *("empty", "one row", "truncated", "bomb", "duplicates", "nan", "above one", "other task"),
        *("other items", "no summary", "not gzip", "a file"),
    ],
)
def test_hostile_candidates_never_pass(stored, run, name):
    _break(name, stored / "cand")
    code, out, err = run("gate", "--policy", stored / "gate.yaml", stored / "cand")
    assert code in (2, 3, 4)
    assert not out.startswith("PASS")
    assert len(err.splitlines()) <= 1


@pytest.mark.parametrize("stored", [False, True])
def test_rows_paired_by_line_number_are_said_to_be(run, tmp_path, stored):
    rng = np.random.default_rng(1)
    lines = [f"{i},{c:.2f},{int(rng.random() < c)}\n" for i, c in enumerate(rng.random(150))]
    said = "so they are paired by line number"
    for head, at in (("item,confidence,correct\n", 0), ("confidence,correct\n", 1)):
        specs = []
        for name, order in (("one", lines), ("two", lines[::-1])):
            file = tmp_path / f"{name}{at}.csv"
            file.write_text(head + "".join(line.split(",", at)[at] for line in order))
            specs.append(file)
            if stored:
                specs[-1] = tmp_path / f"{name}{at}"
                assert run("score", file, "--store", specs[-1])[0] == 0
        code, out, _ = run("gate", "--reference", *specs)
        assert code == 0
        assert (said in out) == (at == 1)
        if at:
            assert "the rows of one1 and of two1 have no item" in out
    words = ("--aa", specs[1], "--output", tmp_path / "ref", "--reason", "r")
    assert said in run("baseline", "init", specs[0], *words)[1]
