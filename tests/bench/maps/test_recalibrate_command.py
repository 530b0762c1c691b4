"""`caopd-bench recalibrate`, and `score --map`."""

import json
import random

import pytest

ROWS = [(0.5, 0), (0.5, 1), (0.9, 1), (0.9, 1), (0.9, 0), (1.0, 1)] * 20


def test_a_table_notes_and_a_file(run, make_run, tmp_path):
    folder, file = make_run([*ROWS, (None, 0, "no_answer")]), tmp_path / "m.json"
    code, out, err = run("recalibrate", folder, "-o", file)
    assert (code, err) == (0, "")
    assert "isotonic, fitted to 120 answers with a usable stated confidence" in out
    assert "1 of 121 have none, and stay without" in out
    assert "Brier  0.222 [" in out
    assert "0.9       60  0.667    0.667" in out
    assert "isotonic with fewer than 500 rows fits noise too" in out
    assert "20 answers become exactly 1" in out
    assert f"{file}: written" in out
    again = tmp_path / "again.json"
    assert run("recalibrate", folder, "-o", again)[0] == 0
    assert again.read_bytes() == file.read_bytes()
    code, text, table = run("recalibrate", folder, "-o", "-")
    assert (code, text) == (0, file.read_text())
    assert out.startswith(table.strip("\n"))


def test_without_a_file_nothing_is_written(run, make_run, tmp_path):
    before = set(tmp_path.rglob("*"))
    folder = make_run(ROWS)
    code, out, _ = run("recalibrate", folder, "--method", "beta")
    assert code == 0
    assert "written" not in out
    assert {p for p in tmp_path.rglob("*") if folder not in (p, *p.parents)} == before


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(1.0, int(i % 3 > 0)) for i in range(90)], "every answer has the same stated confidence"),
        ([(0.9, 0), (0.9, 1), (0.5, 1)] * 30, "the map is a constant"),
        ([(0.9, 1), (0.5, 1)] * 30, "every answer is right"),
        ([(0.7, int(i % 10 < 7)) for i in range(60)], "the limits of the change in Brier contain"),
        ([(0.5, 0), (0.9, 1)] * 10, "20 rows are few"),
    ],
)
def test_what_a_map_cannot_do_is_said(run, make_run, rows, said):
    code, out, _ = run("recalibrate", make_run(rows))
    assert code == 0
    assert said in out


def test_a_map_that_costs_is_named(run, make_run):
    """Confidences of their own, all of them true: isotonic can only add noise."""
    draw = random.Random(3)
    stated = [round(draw.uniform(0.3, 0.7), 4) for _ in range(100)]
    rows = [(c, int(draw.random() < c)) for c in stated]
    _, out, _ = run("recalibrate", make_run(rows))
    assert "do not use it" in out


def test_continuous_confidences_are_shown_in_tenths(run, make_run):
    rows = [(round(i / 200, 4), int(i % 7 > 2)) for i in range(200)]
    _, out, _ = run("recalibrate", make_run(rows))
    assert "becomes, on average" in out
    assert "0.9 to 1.0       20" in out


def test_score_says_that_and_by_what_it_was_mapped(run, make_run, tmp_path):
    folder, file = make_run(ROWS), tmp_path / "m.json"
    run("recalibrate", folder, "-o", file)
    code, out, _ = run("score", f"mine={folder}", "--map", file, "--json", tmp_path / "r.json")
    assert code == 0
    assert "mine (recalibrated)" in out
    assert "mean squared error of the recalibrated confidence" in out
    assert "every stated confidence was mapped by m.json: isotonic" in out
    assert "in-sample: these are the rows that the map was fitted to" in out
    assert "copies of exemplars" not in out
    records = json.loads((tmp_path / "r.json").read_text())
    assert {record["run"] for record in records} == {"mine (recalibrated)"}
    found = {record["metric"]: record["estimate"] for record in records}
    assert found["ece"] == pytest.approx(0.0, abs=1e-9)


def test_what_does_not_go_together_is_refused(run, make_run, refused, tmp_path):
    folder, file = make_run(ROWS), tmp_path / "m.json"
    run("recalibrate", folder, "-o", file)
    store = refused("score", folder, "--map", file, "--store", tmp_path / "s")
    assert "--store keeps the model's own confidences" in store
    assert "cannot be combined with --map" in refused("score", folder, "--panel", "--map", file)
    assert "cannot be read" in refused("score", folder, "--map", tmp_path / "none.json")
    other = make_run(ROWS, name="o", task="caopd_gsm8k_conf")
    assert "was made for the task" in refused("score", other, "--map", file, code=4)


@pytest.mark.parametrize("option", [("--seed", "-1"), ("--folds", "0"), ("--method", "histogram")])
def test_bad_options_are_refused(run, make_run, option):
    code, out, err = run("recalibrate", make_run(ROWS), *option)
    assert (code, out) == (2, "")
    assert option[0] in err
