"""A folder of several runs: each is found and named, whoever wrote it."""

import json
import shutil

import pytest

from caopd_bench import score
from caopd_bench.core.errors import UsageError
from caopd_bench.runs.read import expand_specs, read_run, read_runs

LATER = "2026-11-23T03-13-32.382752"
TWO = [(0.5, 1), (0.4, 0)]


@pytest.fixture
def several(make_run, tmp_path):
    """Two models of one --output_path, one of them evaluated on two days."""
    make_run(TWO, "out")
    make_run(TWO, "out", date=LATER)
    make_run(TWO, "out", model="org/other")
    return tmp_path / "out"


def names(out):
    """Give what `score` calls the runs."""
    return [line.split(":")[0].strip() for line in out.splitlines() if ": 2 rows" in line]


def names_of(specs):
    return [run.name for run in read_runs(expand_specs(specs))]


def test_a_name_that_is_given_to_a_folder_is_put_before(several, run):
    code, out, _ = run("score", f"old={several}")
    assert code == 0
    found = names_of([f"old={several}"])
    assert len(set(found)) == 3
    assert all(name.startswith("old/") for name in found), found
    assert names(out) == found
    page = several.parent / "r.csv"
    assert run("report", f"old={several}", "-o", page)[0] == 0
    assert all(name in page.read_text() for name in found)
    # Of one run the name stays as it is.
    shutil.rmtree(several / "org__tiny")
    assert names_of([f"old={several}"]) == ["old"]


def test_two_folders_of_the_same_models_are_told_apart(make_run, tmp_path):
    for name in ("a", "b"):
        for model in ("org/one", "org/two"):
            make_run(TWO, name, model=model)
    assert names_of([f"x={tmp_path / 'a'}", f"y={tmp_path / 'b'}"]) == [
        *("x/one", "x/two", "y/one", "y/two")
    ]
    assert len(set(names_of([tmp_path / "a", tmp_path / "b"]))) == 4


def test_a_sign_in_the_name_of_a_run_is_no_other_name(make_run, run, tmp_path):
    for k in (4, 8):
        folder = make_run(TWO, f"k{k}")
        run("score", folder, "--store", tmp_path / "kept" / f"k={k}")
    assert names_of([f"mine={tmp_path / 'kept'}"]) == ["mine/k-4", "mine/k-8"]


@pytest.mark.parametrize("command", [["score"], ["report", "-o", "r.csv"]])
def test_results_without_samples_are_left_out_and_named(several, run, command, monkeypatch):
    monkeypatch.chdir(several.parent)
    next((several / "org__other").glob("samples_*")).unlink()
    code, out, err = run(*command, several)
    assert code == 0
    left = next((several / "org__other").glob("results_*"))
    assert err.splitlines()[0] == (
        f"caopd-bench {command[0]}: {left}: left out: no samples beside it; run lm_eval again with "
        "--log_samples"
    )
    if command == ["score"]:
        assert len(names(out)) == 2
    # Named itself it is refused, and so it is in Python, where a filter may hide a warning.
    assert run("score", left)[0] == 2
    with pytest.raises(UsageError, match="run lm_eval again with --log_samples"):
        score(several)


def test_where_no_run_has_samples_it_says_so(several, run):
    for file in several.rglob("samples_*"):
        file.unlink()
    code, out, err = run("score", several)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "run lm_eval again with --log_samples" in err


def test_stored_runs_stand_beside_results_of_other_days(several, run, make_run):
    alone = make_run(TWO, "alone")
    run("score", alone, "--store", several / "kept" / "copy")
    # The same date: of one of the results.
    assert "copy" not in " ".join(expand_specs([several]))
    (results,) = alone.rglob("results_*")
    results.write_text(json.dumps({**json.loads(results.read_text()), "date": 1_700_000_000.0}))
    run("score", alone, "--store", several / "kept" / "other")
    found = expand_specs([several])
    assert [spec.endswith("kept/other") for spec in found].count(True) == 1
    assert len(found) == 4
    code, out, err = run("score", several)
    assert code == 0
    assert len(set(names(out))) == 4
    (said,) = (line for line in err.splitlines() if "left out" in line)
    assert f"{several / 'kept' / 'copy'}: left out: a copy of {several}" in said


def test_a_copy_beside_one_evaluation_is_named_too(make_run, run):
    alone = make_run(TWO, "alone")
    run("score", alone, "--store", alone / "copy")
    code, out, err = run("score", alone)
    assert (code, len(names(out))) == (0, 1)
    line = f"{alone / 'copy'}: left out: a copy of {next(alone.rglob('results_*'))}"
    assert err.count(f"caopd-bench score: {line}\n") == 1
    # In Python the same line is a warning, which names the caller's line.
    for read in (score, read_run):
        with pytest.warns(UserWarning, match="left out") as told:
            read(alone)
        assert [(str(one.message), one.filename) for one in told] == [(line, __file__)]
    # Commands that read one run have told nothing so far, and tell no line of Python's.
    assert "UserWarning" not in run("gate", "--reference", alone, alone)[2]


def test_a_stored_run_without_a_date_is_left_out_only_where_it_may_be_a_copy(several, run):
    rows = several.parent / "rows.csv"
    rows.write_text("confidence,correct,item\n0.9,1,a\n0.4,0,b\n")
    run("score", rows, "--store", several / "logged")  # of another task
    for name, model in (("same", "org/other"), ("unlike", "org/third"), ("nameless", None)):
        run("score", next((several / "org__other").glob("results_*")), "--store", several / name)
        file = several / name / "summary.json"
        told = json.loads(file.read_text())
        told["provenance"] |= {"date": None, "model": model}
        file.write_text(json.dumps(told))
    found = {spec.rpartition("/")[2] for spec in expand_specs([several])}
    assert found > {"logged", "unlike"}
    assert found.isdisjoint({"same", "nameless"})
    code, out, err = run("score", several)
    assert (code, len(names(out))) == (0, 5)
    said = [line for line in err.splitlines() if "left out" in line]
    assert len(said) == 2
    for name, line in zip(("nameless", "same"), said, strict=True):
        assert f"{several / name}: left out: has no date and may be a copy of {several}" in line
    page = several.parent / "r.csv"
    code, _, err = run("report", several, "-o", page)
    assert code == 0
    assert err.count("left out: has no date and may be a copy of") == 2
    # Named itself it is read.
    assert run("score", several / "same")[0] == 0


def test_a_summary_of_something_else_is_no_stored_run(several, run):
    (several / "kept").mkdir()
    (several / "kept" / "summary.json").write_text("[1]")
    assert len(expand_specs([several])) == 3
    code, out, err = run("score", several)
    assert (code, len(names(out))) == (0, 3)
    assert f"{several / 'kept'}: left out: its summary.json does not belong to a stored run" in err


@pytest.mark.parametrize("text", ["[1]", "{", "{}"])
def test_a_stored_run_that_is_damaged_is_refused(several, run, text):
    rows = next((several / "org__other").glob("results_*"))
    run("score", rows, "--store", several / "kept")
    (several / "kept" / "summary.json").write_text(text)
    assert len(expand_specs([several])) == 4
    code, out, err = run("score", several)
    assert (code, out) == (2, "")
    assert str(several / "kept") in err


def test_options_between_folders(several, make_run, run):
    other = make_run(TWO, "z", model="org/third")
    code, out, _ = run("score", several, "--level", "0.9", other)
    assert code == 0
    assert len(names(out)) == 4
