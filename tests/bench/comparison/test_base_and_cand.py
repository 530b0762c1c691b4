"""BASE CAND: the words of `compare` are those of `gate`, with the same names in the output."""

import json
import re
from types import SimpleNamespace

import pytest

from caopd_bench.comparison.order import notes_on_order
from caopd_bench.gates.decide import gate
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.scores.score import score

DAY = 86_400


@pytest.fixture
def runs(populations, tmp_path, monkeypatch):
    """Two stored runs of one model, as two checkpoints of a training run are called."""
    first, second = (populations.draw(150, seed) for seed in (1, 2))
    for name, rows in (("ref", first), ("new", populations.redecode(first, second, 0))):
        run = populations.make_run(*rows, "smollm2")
        write_stored(run, score(run), tmp_path / name)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "gate.yaml").write_text("version: 1\nreference: ../ref\n")
    (tmp_path / "sub" / "named.yaml").write_text("version: 1\nreference: old=../ref\n")
    (tmp_path / "bare.yaml").write_text("version: 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


SAME = [
    ("ref", "new"),
    ("--reference", "ref", "new"),
    ("new", "--reference", "ref"),
    ("ref", "--policy", "bare.yaml", "new"),
    ("--policy", "bare.yaml", "--", "ref", "new"),
    ("--policy", "sub/gate.yaml", "new"),
    ("--policy", "sub/gate.yaml", "ref", "new"),
]


@pytest.mark.parametrize("words", SAME)
@pytest.mark.usefixtures("runs")
def test_every_way_to_name_the_reference(run, words):
    code, out, err = run("gate", *words)
    assert (code, err) == (0, "")
    assert re.match(r"[A-Z]+  new against ref: ", out), out


@pytest.mark.parametrize("words", [("old=ref", "mine=new"), ("--reference", "old=ref", "mine=new")])
@pytest.mark.usefixtures("runs")
def test_given_names_are_shown(run, words):
    out = run("gate", *words)[1]
    assert "mine against old" in out.splitlines()[0]
    assert "smollm2" not in out


@pytest.mark.usefixtures("runs")
def test_a_policy_may_name_its_reference(run):
    code, out, _ = run("gate", "--policy", "sub/named.yaml", "mine=new")
    assert code == 0
    assert "mine against old" in out.splitlines()[0]
    code, _, err = run("gate", "--policy", "sub/named.yaml", "lost")
    assert code == 2
    assert "lost: no such file or folder" in err


@pytest.mark.parametrize(("base", "noted"), [("new", True), ("ref", False), ("old=ref", False)])
@pytest.mark.usefixtures("runs")
def test_a_base_in_place_of_the_policys_reference_is_noted(run, base, noted):
    code, _, err = run("gate", base, "new", "--policy", "sub/named.yaml")
    assert code == 0
    said = f"gate: note: the reference is {base}; the policy's reference, "
    assert err.count(said) == (1 if noted else 0)
    # The option overrides the policy by its own help text.
    assert said not in run("gate", "--reference", base, "new", "--policy", "sub/named.yaml")[2]


def test_compare_and_gate_use_the_same_names(runs, run):
    shown = run("compare", "ref", "new")[1]
    assert re.search(r"\bref\b", shown)
    assert re.search(r"\bnew\b", shown)
    assert "smollm2" not in shown
    run("compare", "ref", "new", "--json", "c.json")
    run("gate", "ref", "new", "--output", "g.json")
    said = json.loads((runs / "g.json").read_text())
    assert (said["reference"], said["candidate"]) == ("ref", "new")
    assert json.loads((runs / "c.json").read_text())[0]["base"] == "ref"


@pytest.mark.usefixtures("runs")
def test_the_same_names_from_python():
    result = gate("new", "sub/gate.yaml")
    assert (result.reference, result.candidate) == ("ref", "new")
    result = gate("new", "bare.yaml", reference="old=ref")
    assert (result.reference, result.candidate) == ("old", "smollm2")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("a", "b", "c"), 2, "at most two runs, BASE and CAND; got a, b, c"),
        (("--reference", "x", "ref", "new"), 2, "two references: ref and --reference x; leave one"),
        (("new",), 2, "no reference: name BASE before CAND"),
        (("--reference", "ref"), 2, "no candidate: give BASE and CAND"),
        (("", "new"), 2, "reference: is empty; name a run"),
        (("ref", ""), 2, "no candidate"),
        (("--plan", "ref", "new"), 2, "--plan simulates its own candidates; leave CAND out"),
        (
            ("--self-test", "--reference", "ref", "new"),
            2,
            "--self-test simulates its own candidates",
        ),
    ],
)
@pytest.mark.usefixtures("runs")
def test_what_is_refused(run, words, code, said):
    found, out, err = run("gate", *words)
    assert (found, out, err.count("\n")) == (code, "", 1), err
    assert said in err


@pytest.mark.usefixtures("runs", "few_draws")
def test_a_plan_needs_base_only(run):
    code, out, _ = run("gate", "--plan", "ref")
    assert code == 0
    assert out == run("gate", "--plan", "--reference", "ref")[1]


def dated(date, name="run"):
    """A run of which nothing but name and date is looked at."""

    return SimpleNamespace(name=name, provenance={"date": date})


@pytest.mark.parametrize(
    ("base", "cand", "shown"),
    [
        (1_795_316_957.7, 1_795_316_957.7 - 3 * DAY, "(2026-11-19, 2026-11-22 UTC)"),
        (1_795_316_957.7, 1_795_316_000, "(2026-11-22 02:53, 2026-11-22 03:09 UTC)"),
        (1_795_316_957.7, 1_795_316_957.2, "(2026-11-22 03:09:17.200"),
        ("2026-11-22T12:00:00Z", "2026-11-21T12:00:00+00:00", "(2026-11-21, 2026-11-22 UTC)"),
        ("2026-11-22", 1_795_000_000, "(2026-11-18, 2026-11-22 UTC)"),
    ],
)
def test_a_candidate_that_is_older_may_be_swapped(base, cand, shown):
    (note,) = notes_on_order(dated(base, "old"), dated(cand, "new\n"))
    assert note.startswith(r"new\n was evaluated before old (")
    assert shown in note
    assert note.endswith("are the two swapped? The reference comes first (BASE CAND)")
    assert notes_on_order(dated(cand), dated(base)) == []


@pytest.mark.parametrize(
    "odd", [None, "", "yesterday", True, float("nan"), float("inf"), 1e300, -1e300, [], {}]
)
def test_dates_that_are_none(odd):
    assert notes_on_order(dated(1_795_316_957), dated(odd)) == []
    assert notes_on_order(dated(odd), dated(1_795_316_957)) == []


@pytest.mark.parametrize("command", ["compare", "gate"])
def test_swapped_logs_are_hinted_at(make_run, results_of, run, command, tmp_path):
    old, new = (make_run([(0.9, 1), (0.4, 0), (0.6, 1)] * 40, name) for name in ("old", "new"))
    results = json.loads(results_of(new).read_text())
    results_of(new).write_text(json.dumps({**results, "date": results["date"] + DAY}))
    hint = "old was evaluated before new (2026-11-22, 2026-11-23 UTC): are the two swapped?"
    assert "swapped" not in run(command, old, new)[1]
    swapped = run(command, new, old)[1]
    if command == "compare":  # in its JSON beside the other notes on a task, not on a group
        for words in ((), ("--unpaired",)):
            told = json.loads(run(command, new, old, *words, "--json", "-")[1])
            assert [sum(hint in note for note in one["notes"]) for one in told] == [1]
    assert swapped.count(hint) == 1
    assert all("\n" not in line for line in swapped.splitlines() if hint in line)
    # So it does where the runs were stored.
    for name in ("old", "new"):
        run("score", tmp_path / name, "--store", tmp_path / "kept" / name)
    kept = tmp_path / "kept"
    assert hint in run(command, kept / "new", kept / "old")[1]
