"""Runs are called by their models: without a machine's folders, and never alike."""

import pytest

from caopd_bench import read_run, rescore
from caopd_bench.runs.model_name import name_model
from caopd_bench.runs.names import abbreviate
from caopd_bench.runs.read import read_runs


@pytest.mark.parametrize(
    ("text", "one", "two"),
    [
        ("org/Llama-3.1-8B", "Llama-3.1-8B", "org/Llama-3.1-8B"),
        ("gpt-x", "gpt-x", "gpt-x"),
        ("org__Llama", "org__Llama", "org__Llama"),
        ("org/model", "org/model", "org/model"),
        ("/data/cells/b0-s0/checkpoint", "b0-s0", "cells/b0-s0"),
        ("/data/cells/b0-s0/checkpoint/", "b0-s0", "cells/b0-s0"),
        ("__data__cells__b0-s0__checkpoint", "b0-s0", "cells/b0-s0"),
        ("cells__b0-s0__checkpoint", "b0-s0", "cells/b0-s0"),
        ("../cells/b0-s0/output/hf", "b0-s0", "cells/b0-s0"),
        ("/data/b0-s0/checkpoint-200", "b0-s0/checkpoint-200", "data/b0-s0/checkpoint-200"),
        ("__data__b0-s0__checkpoint-200", "b0-s0/checkpoint-200", "data/b0-s0/checkpoint-200"),
        ("/data/b0-s0/checkpoint-7/final", "b0-s0/checkpoint-7", "data/b0-s0/checkpoint-7"),
        ("/data/b0-s0/global_step_40/hf", "b0-s0/global_step_40", "data/b0-s0/global_step_40"),
        (r"C:\data\b0-s0\final", "b0-s0", "data/b0-s0"),
        ("checkpoint", "checkpoint", "checkpoint"),
        ("/", "", ""),
    ],
)
def test_the_part_that_identifies_a_model(text, one, two):
    assert name_model(text) == one
    assert name_model(text, parts=2) == two


def test_two_models_of_one_output_path(make_run, run, tmp_path):
    for seed in ("s0", "s1"):
        make_run([(0.5, 1), (0.4, 0)], model=f"/home/someone/secret/b0-{seed}/checkpoint")
    code, out, _ = run("score", tmp_path)
    assert code == 0
    assert "  b0-s0: 2 rows" in out
    assert "  b0-s1: 2 rows" in out
    first, second = sorted(folder for folder in (tmp_path / "run").iterdir() if folder.is_dir())
    out = run("compare", first, second)[1]
    assert "b0-s0" in out
    assert "b0-s1" in out
    for name in ("r.html", "r.md", "r.csv"):
        assert run("report", tmp_path, "-o", tmp_path / name)[0] == 0
        page = (tmp_path / name).read_text()
        assert "b0-s1" in page
        assert "someone" not in page
        assert "secret" not in page


def test_one_name_of_two_models_gets_the_folder_above(make_run, tmp_path):
    for above in ("alpha", "beta"):
        make_run([(0.5, 1)], model=f"/home/someone/{above}/tuned/checkpoint")
    folders = sorted(folder for folder in (tmp_path / "run").iterdir() if folder.is_dir())
    assert [run.name for run in read_runs(folders)] == ["alpha/tuned", "beta/tuned"]
    assert [read_run(folder).name for folder in folders] == ["tuned", "tuned"]


def test_models_that_differ_further_up_are_numbered(make_run, tmp_path):
    for above in ("alpha", "beta"):
        make_run([(0.5, 1)], model=f"/home/{above}/cells/tuned/checkpoint")
    folders = sorted(folder for folder in (tmp_path / "run").iterdir() if folder.is_dir())
    assert [run.name for run in read_runs(folders)] == ["tuned", "tuned (2)"]


def test_rescore_calls_a_run_as_score_does(make_run):
    folder = make_run([(0.5, 1), (0.4, 0)], model="/home/someone/b0-s0/checkpoint")
    assert rescore(folder).name == read_run(folder).name == "b0-s0"


def test_shortened_names_stay_different():
    names = [f"{'long-' * 20}{end}" for end in ("1-of-all", "2-of-all")]
    shown = abbreviate(names, 30)
    assert len(set(shown)) == 2
    assert max(map(len, shown)) <= 30
    assert "1-of-all" in shown[0]
    # Where they differ is far from both ends.
    middle = [f"{'a' * 60}{i}{'b' * 60}" for i in range(3)]
    assert len(set(abbreviate(middle, 30))) == 3
    assert abbreviate(["same", "same"], 30) == ["same", "same"]


def test_a_comparison_of_long_names_tells_them_apart(make_run, run):
    rows = [(0.9, 1), (0.8, 0)] * 30
    ends = [f"{'long-' * 20}{i}{'-and-so-on' * 6}" for i in (1, 2)]
    first, second = (make_run(rows, name, model=f"org/{name}") for name in ends)
    out = run("compare", first, second)[1]
    heads = [line.split() for line in out.splitlines() if "change  " in line and "..." in line]
    assert heads
    assert all(len({word for word in head if "..." in word}) == 2 for head in heads)
