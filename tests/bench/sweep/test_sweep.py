"""A whole sweep, in this process and as a user types it."""

import csv
import fcntl
import json
import shutil

import pytest
import yaml

from caopd_bench.cli import main
from caopd_bench.sweep.grid.file import read_sweep
from caopd_bench.sweep.grid.folder import Folder
from caopd_bench.sweep.run.bases import is_being_made
from caopd_bench.sweep.run.estimate import estimate_seconds, find_unmade
from caopd_bench.sweep.run.local import work_on
from caopd_bench.sweep.run.reuse import find_elsewhere

pytest.importorskip("torch")
ANALYSIS = {
    "version": 1,
    "task": "caopd_arith_conf",
    "metrics": ["accuracy", "mean_confidence", "ece", "auroc"],
    "replicates": 200,
    "views": {
        "greedy": {},
        "sums": {"where": {"family": "sum"}},
        "mapped": {"recalibrate": "isotonic"},
        "expectation": {"column": "expected"},
        "level": {"column": "level"},
        "siblings": {"column": "siblings", "groups": ["opd", "caopd"]},
        "other_bases": {"column": "other_bases", "groups": ["opd"]},
    },
    "groups": ["base", "opd", "caopd"],
    "contrasts": [["opd", "base"], ["caopd @ mapped", "base"]],
    "headline": [["opd", "base"]],
    "claims": [
        {"id": "a", "says": "so", "of": ["opd", "base"], "metric": "accuracy", "expect": "above 0"}
    ],
    "figures": [
        {"kind": "estimates", "metric": "ece", "groups": ["base", "opd"], "file": "a.png"},
        {"kind": "training", "groups": ["opd", "caopd"], "file": "b.png"},
        {"kind": "probes", "groups": ["opd", "caopd"], "file": "c.png"},
        {"kind": "pareto", "metric": "brier", "groups": ["base", "opd"], "file": "d.png"},
    ],
}


@pytest.fixture(scope="module")
def done(tmp_path_factory, make_fields):
    """Run a small sweep once, with everything that a cell can be asked for."""
    folder = tmp_path_factory.mktemp("sweep")
    given = make_fields()
    given["evaluate"] |= {"success_questions": 8, "expectation": True}
    given["keep"] = ["checkpoint", "lm_eval"]
    file = folder / "sweep.yaml"
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    sweep = read_sweep(file)
    assert work_on(sweep, [cell.name for cell in sweep.cells]) == []
    Folder(sweep.output).write_tables(sweep.cells)
    return file


def _rows(folder, name="cells.csv"):
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_a_cell_with_intervals_and_hashes(done):
    rows = _rows(done.parent)
    assert [row["cell"] for row in rows] == [c.name for c in read_sweep(done).cells]
    base, opd = rows[0], rows[1]
    assert base["weights"] == base["base_weights"] == opd["base_weights"] != opd["weights"]
    assert float(opd["accuracy_low"]) <= float(opd["accuracy"]) <= float(opd["accuracy_high"])
    assert opd["n"] == "40"
    assert opd["parameters"] == "10128"
    assert 0 <= float(opd["student_success"]) <= 1
    assert 0 <= float(opd["teacher_success"]) <= 1
    assert base["entropy"] == ""
    assert float(opd["entropy"]) > 0
    assert len(_rows(done.parent, "timings.csv")) == len(rows)


def test_score_on_a_stored_run_gives_the_row(done, capsys, tmp_path):
    row = _rows(done.parent)[1]
    run = done.parent / "cells" / row["cell"] / "run"
    assert main(["score", str(run), "--json", str(tmp_path / "s.json")]) == 0
    records = json.loads((tmp_path / "s.json").read_text())
    for record in records:
        if record["metric"] in row and record["group"] is None:
            stored = row[record["metric"]]
            assert stored == ("" if record["estimate"] is None else f"{record['estimate']:.6g}")
    capsys.readouterr()


def test_the_kept_checkpoint_gives_the_same_rows_through_plain_lm_eval(done, capsys):
    """Another cell that takes the checkpoint as its model: nothing is trained."""
    kept = done.parent / "cells" / "10k-b0-opd-s0"
    fields = yaml.safe_load(done.read_text())
    fields["cells"] = [{"model": str(kept / "checkpoint"), "method": "base"}]
    fields["evaluate"] |= {"success_questions": 0, "expectation": False}
    fields.pop("keep")
    place = done.parent / "again"
    place.mkdir(exist_ok=True)
    file = place / "sweep.yaml"
    file.write_text(yaml.safe_dump(fields), encoding="utf-8")
    sweep = read_sweep(file)
    assert work_on(sweep, [cell.name for cell in sweep.cells]) == []
    Folder(sweep.output).write_tables(sweep.cells)
    (row,) = _rows(place)
    known = next(r for r in _rows(done.parent) if r["cell"] == kept.name)
    same = ("accuracy", "mean_confidence", "ece", "brier", "auroc", "weights")
    assert {k: row[k] for k in same} == {k: known[k] for k in same}
    # And the run directory that was kept is lm-eval's own.
    assert main(["score", str(kept / "lm_eval")]) == 0
    assert "caopd_arith_conf" in capsys.readouterr().out


def test_tables_summary_and_figures_come_out_byte_for_byte(done, capsys, tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(done.parent, place)
    (place / "analysis.yaml").write_text(yaml.safe_dump(ANALYSIS), encoding="utf-8")
    file = place / "sweep.yaml"
    assert main(["sweep", str(file), "--tables"]) == 0
    names = ("cells.csv", "timings.csv", "summary.csv", "README.md", "a.png", "b.png", "c.png")
    first = {name: (place / name).read_bytes() for name in (*names, "d.png")}
    assert first["cells.csv"] == (done.parent / "cells.csv").read_bytes()
    for name in first:
        (place / name).unlink()
    assert main(["sweep", str(file), "--tables"]) == 0
    assert {name: (place / name).read_bytes() for name in first} == first
    page = first["README.md"].decode()
    assert "## What it shows" in page
    assert "accuracy of opd @ expectation − base @ expectation, expected above 0: " in page
    assert " of opd − base); " in page  # the widest half-width of the headline
    assert "; 40 items a cell (`expectation`, `greedy`, `level`, `other_bases`, " in page
    # One base that was trained twice: what the other seed answered, and no other base.
    assert "| method | states | `level` | `siblings` |" in page
    row = next(line for line in page.splitlines() if line.startswith("| opd @ greedy | ."))
    assert row.count(" / ") == 9
    found = {(r["series"], r["metric"]): r["estimate"] for r in _rows(place, "summary.csv")}
    assert found["opd @ siblings", "accuracy"] == found["opd @ greedy", "accuracy"]
    assert found["opd @ other_bases", "ece"] == ""
    assert ("base @ siblings", "ece") not in found
    assert "What names no view (`group @ view`) is of the first: expectation." in page
    level = next(
        row for row in _rows(place, "summary.csv")
        if row["kind"] == "level" and row["series"] == "opd" and row["metric"] == "accuracy"
    )  # fmt: skip
    rows = [float(r["accuracy"]) for r in _rows(place) if r["method"] == "opd"]
    assert float(level["estimate"]) == pytest.approx(sum(rows) / len(rows), abs=1e-5)
    capsys.readouterr()


def test_a_finished_cell_is_not_run_again_and_a_changed_one_is(done, monkeypatch, tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(done.parent, place)
    ran = []
    monkeypatch.setattr(
        "caopd_bench.sweep.run.cell.run_cell", lambda cell, *_args, **_kw: ran.append(cell.name)
    )
    sweep = read_sweep(place / "sweep.yaml")
    names = [cell.name for cell in sweep.cells]
    assert work_on(sweep, names) == []
    assert ran == []
    fields = yaml.safe_load((place / "sweep.yaml").read_text())
    fields["cells"][1]["k"] = 3
    fields["cells"][1]["seed"] = [0]
    (place / "sweep.yaml").write_text(yaml.safe_dump(fields), encoding="utf-8")
    sweep = read_sweep(place / "sweep.yaml")
    work_on(sweep, [cell.name for cell in sweep.cells])
    assert ran == ["10k-b0-opd-k=3-s0", "10k-b0-caopd-k=3-s0"]


def test_a_cell_of_another_sweep_is_copied(done, monkeypatch, tmp_path):
    fields = yaml.safe_load(done.read_text())
    fields |= {"reuse": [str(done.parent)], "cells": [{"size": "10k", "method": "base"}]}
    file = tmp_path / "sweep.yaml"
    file.write_text(yaml.safe_dump(fields), encoding="utf-8")
    monkeypatch.setattr("caopd_bench.sweep.run.cell.run_cell", None)  # running would fail
    sweep = read_sweep(file)
    assert work_on(sweep, ["10k-b0-base"]) == []
    assert Folder(sweep.output).is_finished(sweep.cells[0])
    assert (done.parent / "cells" / "10k-b0-base" / "cell.json").exists()


def test_a_failed_cell_is_recorded_and_the_others_go_on(done, capsys, monkeypatch, tmp_path):
    fields = yaml.safe_load(done.read_text())
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{", encoding="utf-8")
    fields["cells"] = [
        {"model": str(broken), "method": "base"},
        {"size": "10k", "method": "base"},
    ]
    fields["reuse"] = [str(done.parent)]
    file = tmp_path / "sweep.yaml"
    file.write_text(yaml.safe_dump(fields), encoding="utf-8")
    sweep = read_sweep(file)

    def run_here(sweep, cells, *, workers, display):
        assert workers == 1
        assert display is not None
        work_on(sweep, [cell.name for cell in cells])

    monkeypatch.setattr("caopd_bench.sweep.run.local.run_local", run_here)
    assert main(["sweep", str(file), "--workers", "1"]) == 1
    said = capsys.readouterr().err
    assert "caopd-bench sweep: broken-base: " in said
    assert "Traceback" not in said
    record = json.loads((tmp_path / "failed" / "broken-base.json").read_text())
    assert record["error"]
    assert record["host"]
    assert any("Traceback" in line for line in record["traceback"])
    assert [row["cell"] for row in _rows(tmp_path)] == ["10k-b0-base"]
    assert not (tmp_path / "work").exists()
    folder = Folder(sweep.output)
    assert folder.failure(sweep.cells[0]) is not None
    assert not any(folder.is_claimed(cell) for cell in sweep.cells)


def test_the_plan_names_what_is_missing_and_runs_nothing(done, capsys, tmp_path):
    fields = yaml.safe_load(done.read_text())
    fields["cells"].append({"size": ["10k"], "base_seed": 7, "method": "sft"})
    file = tmp_path / "sweep.yaml"
    file.write_text(yaml.safe_dump(fields), encoding="utf-8")
    assert main(["sweep", str(file), "--dry-run", "--only", "sft|base"]) == 0
    said = capsys.readouterr().out
    assert "2 cells, 0 finished" in said
    assert "10k-b7-sft-s0  about" in said
    assert "to be pretrained first" in said
    assert "sure-10k-s7" in said
    assert not (tmp_path / "cells").exists()
    capsys.readouterr()
    assert main(["sweep", str(file), "--only", "nothing-like-it"]) == 2
    for changes, what in (
        ({"evaluate": {"tasks": ["caopd_arth_conf"]}}, "did you mean caopd_arith_conf"),
        ({"cells": [{"model": "./nowhere", "method": "base"}]}, "model: ./nowhere: no such folder"),
        ({"settings": {"task": "caopd_arth_conf"}}, "cannot be trained on"),
        ({"reuse": ["nowhere"]}, "reuse: "),
    ):
        wrong = tmp_path / "wrong.yaml"
        wrong.write_text(yaml.safe_dump({**fields, **changes}), encoding="utf-8")
        assert main(["sweep", str(wrong), "--dry-run"]) == 2
        assert what in capsys.readouterr().err
    assert main(["sweep", str(tmp_path / "none.yaml")]) == 2
    assert main(["sweep", str(file), "--gpus", "1"]) == 2
    assert main(["sweep", str(file), "--tables", "--dry-run"]) == 2
    damaged = tmp_path / "cells" / "10k-b0-base"
    damaged.mkdir(parents=True)
    (damaged / "cell.json").write_text("{", encoding="utf-8")
    capsys.readouterr()
    assert main(["sweep", str(file), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "1 are damaged (no readable cell.json): 10k-b0-base" in said
    assert "have other settings" not in said


def test_pretraining_is_counted_once_a_base_and_not_for_each_cell_like_the_first(tmp_path):
    """The first cell of a base waits for it: 400 of its 410 seconds say nothing of other cells."""
    fields = {
        "bases": "bases",
        "settings": {"task": "caopd_arith_conf", "steps": 2},
        "evaluate": {"tasks": ["caopd_arith_conf"]},
        "cells": [{"size": "10k", "base_seed": [0, 1], "method": "sft", "seed": [0, 1]}],
    }
    file = tmp_path / "sweep.yaml"
    file.write_text(yaml.safe_dump(fields), encoding="utf-8")
    (tmp_path / "timings.csv").write_text(
        "cell,pretrain_seconds,seconds\n10k-b0-sft-s0,400.0,410.0\n", encoding="utf-8"
    )
    sweep = read_sweep(file)
    place = tmp_path / "cells" / "10k-b0-sft-s0"
    place.mkdir(parents=True)
    (place / "cell.json").write_text(json.dumps({"key": sweep.cells[0].key}), encoding="utf-8")
    seconds, is_known = estimate_seconds(sweep.cells, sweep)
    assert is_known
    assert set(seconds.values()) == {10.0}
    # What took that long with other settings says nothing of these.
    (place / "cell.json").write_text(json.dumps({"key": "other"}), encoding="utf-8")
    assert 10.0 not in estimate_seconds(sweep.cells, sweep)[0].values()
    assert find_unmade(sweep.cells, sweep) == {
        "sure-10k-s0": "10k-b0-sft-s0",
        "sure-10k-s1": "10k-b1-sft-s0",
    }


def test_cells_whose_model_another_process_makes_come_after_the_others(tmp_path, monkeypatch):
    fields = {
        "settings": {"task": "caopd_arith_conf", "steps": 2},
        "evaluate": {"tasks": ["caopd_arith_conf"]},
        "cells": [{"size": ["10k", "33k"], "method": ["base", "sft"]}],
    }
    file = tmp_path / "sweep.yaml"
    file.write_text(yaml.safe_dump(fields), encoding="utf-8")
    sweep, ran = read_sweep(file), []
    sweep.bases.mkdir()
    base = sweep.cells[0].base
    assert not is_being_made(base, sweep)
    held = (sweep.bases / f".{base.name}.lock").open("w")
    fcntl.flock(held, fcntl.LOCK_EX)
    assert is_being_made(base, sweep)

    def run(cell, *_args, **_kwargs):
        ran.append(cell.name)
        if len(ran) == 2:  # the other process is ready
            held.close()
        raise RuntimeError("as far as it goes here")

    monkeypatch.setattr("caopd_bench.sweep.run.cell.run_cell", run)
    names = [cell.name for cell in sweep.cells]
    assert sorted(work_on(sweep, names)) == sorted(names)
    assert [name[:3] for name in ran] == ["33k", "33k", "10k", "10k"]


def test_a_base_that_changed_under_a_finished_cell_is_refused(done, capsys, tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(done.parent, place)
    file = place / "cells" / "10k-b0-base" / "cell.json"
    known = json.loads(file.read_text())
    file.write_text(json.dumps({**known, "base_weights": "0" * 16}), encoding="utf-8")
    assert main(["sweep", str(place / "sweep.yaml"), "--workers", "1"]) == 2
    assert "other weights" in capsys.readouterr().err


def test_a_summary_is_written_where_the_cells_are(done, capsys, tmp_path):
    file = tmp_path / "sweep.yaml"
    shutil.copy(done, file)
    (tmp_path / "analysis.yaml").write_text(yaml.safe_dump(ANALYSIS), encoding="utf-8")
    output = tmp_path / "elsewhere"
    shutil.copytree(done.parent / "cells", output / "cells")
    assert main(["sweep", str(file), "--output", str(output), "--tables"]) == 0
    assert (output / "summary.csv").exists()
    assert not (tmp_path / "summary.csv").exists()
    assert not (tmp_path / "README.md").exists()
    capsys.readouterr()


def test_a_wrong_analysis_is_refused_before_anything_is_run(done, capsys, tmp_path):
    file = tmp_path / "sweep.yaml"
    shutil.copy(done, file)
    wrong = {**ANALYSIS, "groups": ["base", "opd", "caopd", "nobody"]}
    (tmp_path / "analysis.yaml").write_text(yaml.safe_dump(wrong), encoding="utf-8")
    for words in ([], ["--dry-run"]):
        assert main(["sweep", str(file), *words]) == 2
        assert "'nobody'" in capsys.readouterr().err
    assert not (tmp_path / "cells").exists()


def test_a_cell_from_other_weights_is_not_copied(done, bases, tmp_path):
    fields = yaml.safe_load(done.read_text())
    own = tmp_path / "bases"
    shutil.copytree(bases / "sure-10k-s0", own / "sure-10k-s0")
    fields |= {"reuse": [str(done.parent)], "bases": str(own)}
    fields["cells"] = [{"size": "10k", "method": "base"}]
    file = tmp_path / "sweep.yaml"
    file.write_text(yaml.safe_dump(fields), encoding="utf-8")
    sweep = read_sweep(file)
    assert find_elsewhere(sweep.cells[0], sweep) is not None
    weights = own / "sure-10k-s0" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-8:] = b"\x00\x00\x80\x3f\x00\x00\x80\x3f"
    weights.write_bytes(content)
    assert find_elsewhere(sweep.cells[0], sweep) is None


def test_stages_that_changed_are_trained_anew_with_all_that_follow(done, bases, tmp_path):
    """What was finished from another first stage is no second stage of this one."""
    from caopd_bench.sweep.run.stages import train_stages
    from caopd_bench.tasks.catalogue.weights import fingerprint_weights

    def train(families, folder):
        fields = yaml.safe_load(done.read_text())
        stages = [{"families": name} for name in families]
        cells = [{"size": "10k", "method": "opd", "stages": stages, "label": "x"}]
        file = tmp_path / "sweep.yaml"
        file.write_text(yaml.safe_dump({**fields, "cells": cells}), encoding="utf-8")
        (cell,) = read_sweep(file).cells
        work = tmp_path / folder
        work.mkdir(exist_ok=True)
        return fingerprint_weights(train_stages(cell, bases / "sure-10k-s0", work))

    first = train(["sum", "difference"], "work")
    assert train(["sum", "difference"], "work") == first  # nothing is trained again
    changed = train(["product", "difference"], "work")
    assert changed != first
    assert changed == train(["product", "difference"], "fresh")


def test_one_claim_at_a_time(done, tmp_path):
    sweep = read_sweep(done)
    folder = Folder(tmp_path / "claims")
    cell = sweep.cells[0]
    with folder.claim(cell) as first, folder.claim(cell) as second:
        assert first
        assert not second
        assert folder.is_claimed(cell)
    assert not folder.is_claimed(cell)
    folder.clean()
    assert not (tmp_path / "claims" / "work").exists()
