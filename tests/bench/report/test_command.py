"""`caopd-bench report` as a user types it: files, exit codes, one clear line for what is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from caopd_bench.cli import main

TASK = "caopd_math_conf"


def run(*words):
    return main(["report", *map(str, words)])


def test_all_formats_figures_and_cards(stored, tmp_path, capsys):
    files = [tmp_path / "new" / f"r.{end}" for end in ("html", "md", "tex", "csv", "json")]
    words = [word for file in files for word in ("-o", file)]
    code = run(stored / "base", stored / "opd", "--task", TASK, *words, "--figures",
               tmp_path / "fig", "--card", tmp_path / "card", "--samples", "all")  # fmt: skip
    printed = capsys.readouterr()
    assert code == 0
    assert "base is first of 2: Brier skill" in printed.err
    assert "Ordered by Brier skill" in printed.err
    written = [line for line in printed.out.splitlines() if line]
    assert all(Path(file).stat().st_size for file in written)
    assert {str(file) for file in files} <= set(written)
    assert (tmp_path / "fig" / f"{TASK}-confidence-accuracy.svg").exists()
    assert (tmp_path / "fig" / f"{TASK}-reliability.png").exists()
    assert (tmp_path / "card" / "base" / ".eval_results" / f"{TASK}.yaml").exists()
    lines = (tmp_path / "new" / "r.samples.jsonl").read_text().splitlines()
    assert len(lines) == 480
    assert {json.loads(line)["run"] for line in lines} == {"base", "opd"}
    assert "r.samples.jsonl" in files[0].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "r.pdf"], "must end in .html, .md, .tex, .csv, .json"),
        (["-o", "r.html", "-o", "r.html"], "the same file is given twice"),
        (["-o", "r.html", "--task", "other"], "--task other: no run has it"),
        (["-o", "r.html", "--by", "colour"], "--by colour: no task of these runs has"),
        (
            ["-o", "r.html", "--compare", "base", "x"],
            "no run is called 'x'; the runs are base, opd",
        ),
        (["-o", "r.html", "--compare", "opd", "opd"], "give two runs"),
        (["-o", "r.md", "--samples", "all"], "needs --output FILE.html"),
        (["-o", "r.html", "--models", "none.yaml"], "none.yaml: cannot be read"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(stored, tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    assert run(stored / "base", stored / "opd", *words) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("version: 2\nmodels: {}", "version"),
        ("version: 1\nmodels: {base: {size: huge}}", "models.base.size"),
        ("version: 1\nmodels: {base: {size: -1}}", "models.base.size"),
        ("version: 1\nmodels: {base: {colour: red}}", "models.base.colour"),
        ("version: 1\nmodels: {nobody: {method: opd}}", "no run is called 'nobody'"),
        ("version: 1\nmodels: &a {base: *a}", "aliases"),
        ("- 1", "must hold fields"),
        ("\x00", "YAML"),
    ],
)
def test_a_wrong_field_of_models_is_named(stored, tmp_path, capsys, content, said):
    file = tmp_path / "models.yaml"
    file.write_text(content)
    assert run(stored / "base", "-o", tmp_path / "r.html", "--models", file) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "version: 1\nnumbers: [{model: m, task: t, metric: ece, value: .nan, source: s}]",
            "value",
        ),
        ("version: 1\nnumbers: [{model: m, task: t, metric: ece, value: 0.1}]", "numbers.0.source"),
    ],
)
def test_a_wrong_field_of_published_numbers_is_named(stored, tmp_path, capsys, content, said):
    file = tmp_path / "published.yaml"
    file.write_text(content)
    assert run(stored / "base", "-o", tmp_path / "r.html", "--published", file) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("value", ["-1", "x", "1e9", "²"])
def test_samples_are_a_number(value):
    with pytest.raises(SystemExit) as stop:
        run("run", "-o", "r.html", "--samples", value)
    assert stop.value.code == 2


def test_a_damaged_run_leaves_the_earlier_report(stored, tmp_path, capsys):
    page = tmp_path / "r.html"
    page.write_text("earlier")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "summary.json").write_text("{")
    (broken / "rows.jsonl.gz").write_bytes(b"x")
    assert run(stored / "base", broken, "-o", page) == 2
    assert page.read_text() == "earlier"
    assert "broken" in capsys.readouterr().err


def test_several_processes_give_the_same_report(stored, tmp_path):
    """Eight runs are read by several processes; what is wrong in one of them is still one line."""
    names = [f"r{i}={stored / name}" for i in range(3) for name in ("base", "opd", "caopd")]
    command = [sys.executable, "-m", "caopd_bench", "report"]
    rest = ["--task", TASK, "-o", tmp_path / "many.csv"]
    subprocess.run([*command, *names, *rest], check=True, capture_output=True)
    from caopd_bench.report.build import build_report
    from caopd_bench.report.formats import render_csv

    alone = render_csv(build_report(names, task=TASK))
    assert (tmp_path / "many.csv").read_text() == alone
    done = subprocess.run([*command, *names, "nowhere", *rest], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "caopd-bench report: nowhere: no such file or folder; give the folder named by "
        "--output_path, or a file of rows (.jsonl, .csv, .parquet)"
    ]
