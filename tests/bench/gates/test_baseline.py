"""A reference changes only for a reason, and its numbers are those of its rows."""

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest

from caopd_bench import gate, read_run, score
from caopd_bench.gates.margins import factor, suggest_margins
from caopd_bench.gates.policy import Policy
from caopd_bench.runs.stored.baseline import read_baseline
from caopd_bench.runs.stored.store import write_stored

# What is drawn for the plan of a reference is not what these tests are about.
pytestmark = pytest.mark.usefixtures("few_draws")


@pytest.fixture
def runs(populations, tmp_path):
    """Stored runs: a, b (equal to a), worse, short."""
    first, second = (populations.draw(400, seed) for seed in (1, 2))
    made = {
        "a": first,
        "b": populations.redecode(first, second, 1, share=0.2),
        "worse": (np.ones_like(first[0]), first[1]),
        "short": tuple(x[:50] for x in first),
    }
    settings = {"parser_version": "2", "prompt_version": "1"}
    for name, rows in made.items():
        run = populations.make_run(*rows, name, settings=settings)
        write_stored(run, score(run), tmp_path / name)
    return tmp_path


@pytest.fixture
def reference(runs, run):
    code, out, _ = run(
        "baseline", "init", runs / "a", "--output", runs / "ref", "--reason", "first release"
    )
    assert code == 0
    assert "reference created" in out
    return runs / "ref"


def contents(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_a_reference_is_a_stored_run(runs, reference):
    assert {f.name for f in reference.iterdir()} == {
        *("rows.jsonl.gz", "summary.json", "baseline.json", "CHANGES.md")
    }
    assert read_run(reference).rows == read_run(runs / "a").rows
    assert (reference / "rows.jsonl.gz").read_bytes() == (runs / "a/rows.jsonl.gz").read_bytes()
    log = (reference / "CHANGES.md").read_text()
    assert "first release" in log
    assert "| caopd&#95;math" not in log
    assert "| caopd_math_conf | brier | - | 0." in log
    assert read_baseline(reference).reason == "first release"


def test_verify_says_whether_the_numbers_are_those_of_the_rows(reference, run):
    assert run("baseline", "verify", reference)[0] == 0
    summary = json.loads((reference / "summary.json").read_text())
    record = next(r for r in summary["records"] if r["metric"] == "brier")
    record["estimate"] = np.nextafter(record["estimate"], 1.0)  # the last bit
    (reference / "summary.json").write_text(json.dumps(summary))
    code, out, _ = run("baseline", "verify", reference)
    assert code == 1
    assert "caopd_math_conf brier: estimate" in out


def test_verify_sees_rows_that_were_changed(reference, run):
    lines = gzip.decompress((reference / "rows.jsonl.gz").read_bytes()).decode().splitlines()
    row = json.loads(lines[0])
    lines[0] = json.dumps({**row, "correct": 1 - row["correct"]})
    data = "".join(line + "\n" for line in lines).encode()
    (reference / "rows.jsonl.gz").write_bytes(gzip.compress(data))
    code, out, _ = run("baseline", "verify", reference)
    assert code == 1
    assert "rows.jsonl.gz is not the file" in out
    assert "accuracy" in out


def test_verify_of_a_run_stored_with_groups(runs, run, tmp_path):
    stored = tmp_path / "groups"
    assert run("score", runs / "a", "--by", "level", "--store", stored)[0] == 0
    assert run("baseline", "verify", stored)[0] == 0
    assert run("score", runs / "a", "--missing", "zero", "--store", stored)[0] == 0
    assert run("baseline", "verify", stored)[0] == 0


def test_show(reference, run):
    code, out, _ = run("baseline", "show", reference)
    assert code == 0
    assert "first release" in out
    assert "Brier" in out
    assert "CHANGES.md" in out


def test_init_never_writes_over_something(runs, reference, run):
    before = contents(reference)
    for folder in (reference, runs / "a"):
        code, _, err = run("baseline", "init", runs / "b", "--output", folder, "--reason", "x")
        assert code == 2
        assert "exists" in err
    assert contents(reference) == before


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines"])
def test_a_reason_is_a_line(runs, run, reason):
    code, _, err = run("baseline", "init", runs / "a", "--output", runs / "x", "--reason", reason)
    assert code == 2
    assert "--reason: must be one line" in err
    assert not (runs / "x").exists()


def test_update_writes_old_and_new_values(runs, reference, run):
    old = {r.metric: r.estimate for r in score(read_run(reference))}
    code, out, _ = run(
        *("baseline", "update", runs / "b", "--output", reference, "--reason", "new tokenizer")
    )
    assert code == 0, out
    new = {r.metric: r.estimate for r in score(read_run(reference))}
    assert new != old
    log = (reference / "CHANGES.md").read_text()
    assert log.index("first release") < log.index("new tokenizer")
    line = next(x for x in log[log.index("new tokenizer") :].splitlines() if "| brier |" in x)
    assert f"{old['brier']:.4f}" in line
    assert f"{new['brier']:.4f}" in line
    assert run("baseline", "verify", reference)[0] == 0


def test_update_refuses_a_regression(runs, reference, run):
    before = contents(reference)
    words = ("baseline", "update", runs / "worse", "--output", reference, "--reason", "why not")
    code, out, err = run(*words)
    assert code == 1
    assert out.startswith("FAIL")
    assert "--accept-regression" in err
    assert contents(reference) == before
    assert run(*words, "--accept-regression")[0] == 0
    assert contents(reference) != before


@pytest.mark.parametrize(
    ("metrics", "silent", "code"),
    [
        ("{brier: {margin: 0.04}}", True, 3),
        ("{brier: {max: 0.5}}", True, 3),
        ("{parse_rate: {margin: 0.02}}", True, 1),
        ("{brier: {margin: 0.001}}", False, 0),
    ],
)
def test_update_refuses_what_the_gate_does(runs, reference, run, metrics, silent, code):
    """A candidate that cannot be judged is no better as a reference; chance is warned of."""
    stored = read_run(runs / "b")
    rows = [replace(r, confidence=None, status="no_confidence") for r in stored.rows]
    new = replace(stored, rows=rows if silent else stored.rows)
    write_stored(new, score(new), runs / "new")
    (runs / "p.yaml").write_text(f"version: 1\nmetrics: {metrics}\n")
    before = contents(reference)
    words = ("baseline", "update", runs / "new", "--output", reference, "--reason", "quiet")
    found, out, err = run(*words, "--policy", runs / "p.yaml")
    assert found == code
    assert (contents(reference) == before) == bool(code)
    if code:
        assert out.startswith("FAIL" if code == 1 else "INCONCLUSIVE")
        assert "was not replaced" in err
        assert "--accept-regression" in err
        assert run(*words, "--accept-regression")[0] == 0


def test_update_with_other_items_must_be_meant(runs, reference, run):
    words = ("baseline", "update", runs / "short", "--output", reference, "--reason", "prompt 2")
    code, _, err = run(*words)
    assert code == 4
    assert "--accept-regression" in err
    assert run(*words, "--accept-regression")[0] == 0


def test_update_needs_a_reference(runs, run):
    code, _, err = run("baseline", "update", runs / "a", "--output", runs / "no", "--reason", "x")
    assert code == 2
    assert "no reference here" in err


def test_rerun_noise_is_measured_and_told(runs, run):
    folder = runs / "noisy"
    words = (
        "baseline",
        "init",
        runs / "a",
        "--output",
        folder,
        "--reason",
        "r",
        "--aa",
        runs / "b",
    )
    code, out, _ = run(*words)
    assert code == 0
    assert "rerun of the same checkpoint" in out
    noise = {one.metric: one for one in read_baseline(folder).rerun}
    assert set(noise) == {
        *("brier", "overconfidence_gap", "auroc", "confidence_when_wrong"),
        *("parse_rate", "accuracy", "strict_auroc"),
    }
    assert noise["brier"].items == 400
    out = run("gate", "--reference", folder, runs / "b")[1]
    assert "within rerun noise" in out
    out = run("gate", "--reference", folder, runs / "worse")[1]
    assert "beyond rerun noise" in out


def test_suggested_margins(runs, run):
    code, out, _ = run("gate", "--suggest-margins", "--reference", runs / "a", runs / "b")
    assert code == 0
    assert out.startswith("# 3.55 standard errors")
    import yaml

    from caopd_bench.gates.policy import Policy

    policy = Policy.model_validate({"version": 1, **yaml.safe_load(out)})
    assert policy.metrics["brier"].margin >= 0.04
    folder = runs / "noisy"
    assert (
        run(
            *(
                "baseline",
                "init",
                runs / "a",
                "--output",
                folder,
                "--reason",
                "r",
                "--aa",
                runs / "b",
            )
        )[0]
        == 0
    )
    assert run("gate", "--suggest-margins", "--reference", folder)[1] == out
    code, _, err = run("gate", "--suggest-margins", "--reference", runs / "a")
    assert code == 2
    assert "has no measured rerun" in err


def test_margins_follow_the_formula(runs):
    noise = read_baseline_noise(runs)
    (brier,) = [s for s in suggest_margins(noise, {"caopd_math_conf": 100}) if s.metric == "brier"]
    measured = next(one.standard_error for one in noise if one.metric == "brier")
    assert brier.noise == pytest.approx(measured * 2)  # a quarter of the items
    assert brier.needed == pytest.approx(factor(1) * brier.noise)
    assert brier.margin == max(0.04, np.ceil(brier.needed / 0.005) * 0.005)


def read_baseline_noise(runs):
    from caopd_bench.gates.rerun import measure_rerun

    return measure_rerun(read_run(runs / "a"), read_run(runs / "b")).noise


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"format": 2}', b"\xff", b"[" * 100_000, b'{"format": 1}']
)
def test_a_damaged_baseline_is_one_line(reference, runs, run, content):
    (reference / "baseline.json").write_bytes(content)
    for words in (
        ("baseline", "verify", reference),
        ("gate", "--reference", reference, runs / "b"),
    ):
        code, out, err = run(*words)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert "baseline.json" in err


def test_a_rerun_that_moves_families_together_is_told(populations, runs, run):
    rng = np.random.default_rng(0)
    family = np.arange(400) % 40
    stated, right = populations.draw(400, 1)
    effect = np.where(rng.random(40) < 0.5, 0.5, 0.0)[family][:, None]
    moved = np.where(rng.random(right.shape) < effect, 0, right)
    apart = np.where(rng.random(right.shape) < 0.25, 0, right)
    for name, answers in (("first", right), ("moved", moved), ("apart", apart)):
        made = populations.make_run(stated, answers, name)
        rows = [replace(r, groups={"family": f"f{i % 40}"}) for i, r in enumerate(made.rows)]
        made = replace(made, rows=rows)
        write_stored(made, score(made), runs / name)
    words = ("baseline", "init", runs / "first", "--reason", "r")
    code, out, _ = run(*words, "--output", runs / "with", "--aa", runs / "moved")
    assert code == 0
    said = "items with the same family changed together in the rerun"
    assert said in out
    assert "set `cluster: family` in the policy" in out
    code, out, _ = run(*words, "--output", runs / "without", "--aa", runs / "apart")
    assert said not in out
    # A gate takes the noise over its own clusters.
    policy = runs / "p.yaml"
    policy.write_text("version: 1\nreference: with\ncluster: family\n")
    noise = {n.cluster: n for n in read_baseline(runs / "with").rerun if n.metric == "accuracy"}
    assert set(noise) == {None, "family"}
    assert noise["family"].standard_error > 1.3 * noise[None].standard_error
    for own, wanted in ((None, noise[None]), ("family", noise["family"])):
        limits = Policy.model_validate({"version": 1, "cluster": own})
        result = gate(runs / "moved", limits, reference=runs / "with")
        (accuracy,) = [cell for cell in result.cells if cell.metric == "accuracy"]
        assert accuracy.rerun_error == pytest.approx(wanted.standard_error)
        assert accuracy.standard_error == pytest.approx(wanted.standard_error)
    margins = {
        own: run("gate", "--suggest-margins", "--reference", runs / "with", *more)[1]
        for own, more in ((None, ()), ("family", ("--policy", policy)))
    }
    assert margins[None] != margins["family"]
