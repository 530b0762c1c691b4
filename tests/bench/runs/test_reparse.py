"""`score --reparse` reads the responses again: of a run directory, and of a stored run."""

import json
from dataclasses import replace

import pytest

from caopd_bench import read_run, score
from caopd_bench.runs.reparse import reparse
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.tasks.read.parse import PARSER_VERSION

ANSWERS = [
    (0.9, 1, "ok", "Answer: 0\nConfidence: 0.9", 1),
    # An earlier parser that knew no percent sign, and one that took any answer.
    (None, 1, "bad_confidence", "Answer: 1\nConfidence: 80%", 1),
    (0.5, 1, "ok", "Answer: 7\nConfidence: 0.5", 1),
    (None, 0, "no_answer", "Answer: 3\nConfidence: 0.7", 2),
    (None, 0, "no_confidence", "Answer: 4", 2),
]


@pytest.fixture
def old(make_run, samples_of):
    folder = make_run(ANSWERS)
    file = samples_of(folder)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        line["doc"]["parser_version"] = "0"
        line["doc"]["kind"] = "number"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_a_run_directory_is_judged_again(old):
    run = read_run(old)
    assert any("parser 0" in str(warning) for warning in run.warnings)
    again, changed = reparse(run)
    assert [(r.status, r.confidence, r.correct) for r in again.rows] == [
        ("ok", 0.9, 1),
        ("ok", 0.8, 1),
        ("ok", 0.5, 0),
        ("ok", 0.7, 1),
        ("no_confidence", None, 1),
    ]
    assert changed == 4
    assert again.settings("caopd_math_conf")["parser_version"] == PARSER_VERSION
    assert not again.warnings


def test_a_stored_run_keeps_what_was_right(old, run, tmp_path):
    assert run("score", old, "--store", tmp_path / "stored")[0] == 0
    again, changed = reparse(read_run(tmp_path / "stored"))
    assert [(r.status, r.confidence, r.correct) for r in again.rows] == [
        ("ok", 0.9, 1),
        ("ok", 0.8, 1),
        ("ok", 0.5, 1),
        ("ok", 0.7, 0),
        ("no_confidence", None, 0),
    ]
    assert changed == 2


def test_from_the_command_line(old, run, tmp_path):
    code, out, _ = run("score", old, "--reparse", "--store", tmp_path / "new")
    assert code == 0
    assert f"parsed again by parser {PARSER_VERSION}, which changed 4 of 5 rows" in out
    stored = read_run(tmp_path / "new")
    assert stored.settings("caopd_math_conf")["parser_version"] == PARSER_VERSION
    assert reparse(stored)[1] == 0


def test_the_gate_names_the_way_out(old, make_run, run):
    new = make_run(ANSWERS, "new", weights="0000000000000000")
    code, out, err = run("gate", "--reference", old, new)
    assert (code, out) == (4, "")
    assert "--reparse --store DIR" in err


def test_flat_files_hold_no_responses(run, tmp_path):
    (tmp_path / "a.csv").write_text("confidence,correct\n0.9,1\n")
    code, _, err = run("score", tmp_path / "a.csv", "--reparse")
    assert code == 2
    assert "caopd-bench rescore" in err


def test_a_stored_file_of_confidences_has_nothing_to_read(run, tmp_path):
    (tmp_path / "a.csv").write_text("confidence,correct\n0.9,1\n,1\n0.2,0\n")
    assert run("score", tmp_path / "a.csv", "--store", tmp_path / "a")[0] == 0
    code, out, err = run("score", tmp_path / "a", "--reparse", "--store", tmp_path / "new")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "3 of 3 rows have no text to parse again" in err
    assert "leave --reparse out" in err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("lost", [("answer",), ("stated",), ("answer", "stated")])
def test_a_row_whose_text_is_missing_is_not_turned_into_a_wrong_one(old, run, tmp_path, lost):
    run("score", old, "--store", tmp_path / "stored")
    stored = read_run(tmp_path / "stored")
    rows = [replace(stored.rows[0], **dict.fromkeys(lost)), *stored.rows[1:]]
    write_stored(replace(stored, rows=rows), score(stored), tmp_path / "stored")
    code, out, err = run("score", tmp_path / "stored", "--reparse", "--store", tmp_path / "new")
    assert (code, out) == (2, "")
    assert "1 of 5 rows have no text to parse again" in err
    assert "parse the original run again" in err
    assert not (tmp_path / "new").exists()


def test_rows_that_never_had_a_text_are_read_all_the_same(make_run, run, tmp_path):
    """Nothing was said in them, and nothing is lost."""
    silent = [(None, 0, "no_answer", ""), (None, 0, "unfinished", ""), (None, 0, "api_error", "")]
    folder = make_run([*ANSWERS[:1], *silent])
    assert run("score", folder, "--store", tmp_path / "stored")[0] == 0
    assert reparse(read_run(tmp_path / "stored"))[1] == 0
