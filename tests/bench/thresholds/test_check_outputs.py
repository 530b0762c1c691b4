"""A check in every format says the same, whatever the names in it hold."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from caopd_bench import check, threshold
from caopd_bench.core.errors import OutputError
from caopd_bench.gates.formats.actions import MAX_ANNOTATIONS
from caopd_bench.thresholds.check_formats import (
    annotate,
    append_summary,
    list_annotations,
    render_json,
    render_junit,
    render_markdown,
)
from caopd_bench.thresholds.check_words import render_text

HOSTILE = "</td><script>x</script>|`*_\x1b[31m\n::error::<img src=x>%0A\ud800 \u202e"
OUTCOMES = {"PASS": 3, "FAIL": 40, "INCONCLUSIVE": 9}


def answers(kept, wrong):
    left = [(0.5, i % 2) for i in range(kept // 3)]
    return [*((0.9, int(i >= wrong)) for i in range(kept)), *left]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A promise, and a flat file by its wrong answers."""
    folder = tmp_path_factory.mktemp("check")

    def write(name, kept, wrong):
        file = folder / f"{name}.csv"
        lines = [f"{c},{y}" for c, y in answers(kept, wrong)]
        file.write_text("\n".join(["confidence,correct", *lines]) + "\n")
        return file

    file = folder / "threshold.json"
    threshold(write("made", 300, 3), max_risk=0.05).save(file)
    return file, {name: write(name, 200, wrong) for name, wrong in OUTCOMES.items()}


@pytest.fixture(scope="module")
def results(made):
    file, runs = made
    return {name: check(file, run) for name, run in runs.items()}


@pytest.fixture(scope="module")
def hostile(results):
    failed = results["FAIL"]
    cuts = tuple(replace(cut, group=HOSTILE) for cut in failed.cuts)
    return replace(
        failed, cuts=cuts, by=HOSTILE, task=HOSTILE, run=HOSTILE, threshold=HOSTILE,
        made_on=HOSTILE, notes=[HOSTILE], warnings=[HOSTILE],
    )  # fmt: skip


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_verdict_is_the_first_word(results, outcome):
    result = results[outcome]
    assert result.outcome == outcome
    assert render_text(result).split()[0] == outcome
    assert next(iter(json.loads(render_json(result)).items())) == ("verdict", outcome)
    assert render_markdown(result).splitlines()[0].endswith(f"Threshold check: {outcome}")


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_all_formats_hold_the_same_numbers(results, outcome):
    result = results[outcome]
    (cut,) = result.cuts
    word = {"PASS": "holds", "FAIL": "BROKEN", "INCONCLUSIVE": "undecided"}[outcome]
    text = next(line for line in render_text(result).splitlines() if ">= 0.9" in line)
    row = next(line for line in render_markdown(result).splitlines() if "= 0.9 |" in line)
    for shown in (text, row):
        assert f"{cut.risk:.3f}" in shown
        assert word in shown
        assert str(cut.wrong) in shown


def test_junit_fails_where_the_exit_code_is_not_0(results):
    for outcome, kinds in (("PASS", []), ("FAIL", ["broken"]), ("INCONCLUSIVE", ["undecided"])):
        root = ET.fromstring(render_junit(results[outcome]))
        assert [one.get("type") for one in root.iter("failure")] == kinds
        assert (root.get("tests"), root.get("failures")) == ("1", str(len(kinds)))
        assert root.find(".//system-out").text.startswith(outcome)


def test_hostile_names_stay_text(hostile):
    text = render_text(hostile)
    assert "\x1b" not in text
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    page = render_markdown(hostile)
    for mark in ("<script", "<img", "|`", "\x1b"):
        assert mark not in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {9, 5}
    root = ET.fromstring(render_junit(hostile).encode())
    assert "<script>" in root.find("testsuite").get("name")
    assert json.loads(render_json(hostile))["task"] == HOSTILE
    for line in list_annotations(hostile):
        assert line.startswith(("::error title=Threshold check FAIL::", "::warning title="))
        assert "\n" not in line
        assert "%0A" not in line.replace("%250A", "")


def test_annotations(results, capsys):
    annotate(results["FAIL"], {"GITHUB_ACTIONS": "true"})
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("::error title=Threshold check FAIL::stated confidence >= 0.9: BROKEN (")
    assert "wrong 40" in line
    assert list(list_annotations(results["PASS"])) == []
    # What a licence is missing stops the job, so it is an error there too.
    assert next(list_annotations(results["INCONCLUSIVE"])).startswith("::error ")
    warned = replace(results["PASS"], warnings=["fewer answers are kept"])
    assert next(list_annotations(warned)) == (
        "::warning title=Threshold check PASS::fewer answers are kept"
    )
    annotate(results["FAIL"], {})
    assert capsys.readouterr().out == ""


def test_of_many_lines_errors_come_first(results):
    failed = results["FAIL"]
    many = replace(failed, cuts=failed.cuts * 8, warnings=["less"] * 30)
    lines = list(list_annotations(many))
    assert len(lines) == MAX_ANNOTATIONS
    assert [line.split()[0] for line in lines] == ["::error"] * 8 + ["::warning"] * 2
    assert lines[-1].endswith("and 29 more lines")


def test_the_summary_of_a_step(results, tmp_path):
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    append_summary(results["FAIL"], {"GITHUB_STEP_SUMMARY": str(file)})
    assert file.read_text() == "before\n" + render_markdown(results["FAIL"])
    with pytest.raises(OutputError, match="GITHUB_STEP_SUMMARY"):
        append_summary(results["PASS"], {"GITHUB_STEP_SUMMARY": str(tmp_path)})


def test_files_beside_the_verdict(run, made, tmp_path, monkeypatch):
    file, runs = made
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    outputs = [tmp_path / f"out/check{suffix}" for suffix in (".json", ".md", ".xml")]
    named = [word for one in outputs for word in ("--output", one)]
    code, out, err = run("check", file, runs["FAIL"], *named)
    assert (code, err) == (1, "")
    assert "\n::error title=Threshold check FAIL::" in out
    assert all(one.stat().st_size > 300 for one in outputs)
    assert summary.read_text() == outputs[1].read_text()


@pytest.mark.parametrize(("outcome", "code"), [("PASS", 5), ("FAIL", 1), ("INCONCLUSIVE", 3)])
def test_a_file_that_cannot_be_written_takes_a_pass_alone(run, made, tmp_path, outcome, code):
    file, runs = made
    (tmp_path / "taken").write_text("a file, no folder")
    found, out, err = run(
        "check", file, runs[outcome], "--output", tmp_path / "taken" / "check.json"
    )
    assert found == code
    assert out.startswith(outcome)
    assert "cannot be written" in err
    assert f"the verdict is {outcome}" in err


def test_names_in_real_files_are_no_commands(run, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.chdir(tmp_path)
    key, groups = "##[group]k", ("::error::a", "@@x[y")
    files = ("::error::made.csv", "::warning::new.csv")
    for name, wrong in zip(files, (3, 40), strict=True):
        lines = [f"{c},{y},{one}" for one in groups for c, y in answers(300, wrong)]
        (tmp_path / name).write_text("\n".join([f"confidence,correct,{key}", *lines]) + "\n")
    threshold(tmp_path / files[0], max_risk=0.05, by=key).save(tmp_path / "::error::t.json")
    code, out, err = run("check", "::error::t.json", files[1])
    assert (code, err) == (1, "")
    lines = out.splitlines()
    ours = [line for line in lines if line.startswith("::error title=Threshold check FAIL::")]
    assert len(ours) == 2
    rest = "\n".join(line for line in lines if line not in ours)
    assert not any(line.lstrip().startswith("::") for line in rest.splitlines())
    assert "##[" not in rest
    assert "@@x[" not in rest
