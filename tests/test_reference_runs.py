"""The reference runs: what stands in tables, figures and pages is what the stored rows give."""

import csv
import gzip
import hashlib
import json
import runpy
import shutil
import zlib
from pathlib import Path

import pytest
import yaml

from caopd_bench.cli import main
from caopd_bench.runs.read import read_run
from caopd_bench.runs.records import to_plain
from caopd_bench.runs.stored.names import ROWS_NAME
from caopd_bench.runs.stored.pack import packed_files, unpack_cell
from caopd_bench.runs.stored.store import read_summary, write_stored
from caopd_bench.runs.stored.study import ROWS_FILE, open_study, packed_hash
from caopd_bench.scores.score import score
from caopd_bench.sweep.analysis.gather import group_of
from caopd_bench.sweep.analysis.spec import read_analysis
from caopd_bench.sweep.grid.cell_files import read_cell
from caopd_bench.sweep.grid.file import read_sweep
from caopd_bench.sweep.grid.folder import Folder
from caopd_bench.sweep.grid.table import make_rows

# On one Python is enough: the numbers do not depend on it.
pytest.importorskip("torch")
pytest.importorskip("pyarrow")
ROOT = Path(__file__).parents[1]
RUNS = ROOT / "reference_runs"


def _is_under_way(folder):
    """Its analysis is frozen, and its summary not written yet: no page shows it."""
    return (folder / "analysis.yaml").exists() and not (folder / "summary.csv").exists()


SWEEPS = sorted(
    file.parent.name for file in RUNS.glob("*/sweep.yaml") if not _is_under_way(file.parent)
)
STUDIES = [name for name in SWEEPS if (RUNS / name / "analysis.yaml").exists()]


def _rows(name, file="cells.csv"):
    with (RUNS / name / file).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_every_experiment_of_the_paper_is_there():
    assert len(STUDIES) >= 15
    assert {"scaling-law", "k-ablation", "out-of-domain", "continual", "recalibration"} <= {
        *STUDIES
    }


@pytest.mark.parametrize("name", SWEEPS)
def test_every_cell_of_the_file_is_finished_and_in_the_table(name):
    sweep = read_sweep(RUNS / name / "sweep.yaml")
    folder = Folder(sweep.output)
    finished = {cell.name for cell in sweep.cells if folder.is_finished(cell)}
    assert finished == {cell.name for cell in sweep.cells}
    assert {row["cell"] for row in _rows(name)} == finished
    assert not (RUNS / name / "failed").exists()


# Every cell's rows are read in the slow suite; in the fast one the hashes of all are compared.
@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", SWEEPS)
def test_the_table_is_that_of_the_stored_runs(name, every):
    """By each cell's summary; of each fifteenth from the rows: `--tables` does it for all."""
    stored = {(row["cell"], row["task"]): row for row in _rows(name)}
    sweep = read_sweep(RUNS / name / "sweep.yaml")
    folder = Folder(sweep.output)
    for number, cell in enumerate(filter(folder.is_finished, sweep.cells)):
        place = sweep.output / "cells" / cell.name
        file = place / "run" / ROWS_NAME
        whole = packed_hash(file, "packed_sha256") or hashlib.sha256(file.read_bytes()).hexdigest()
        known = {row["rows_sha256"] for (named, _), row in stored.items() if named == cell.name}
        assert known == {whole[:16]}
        if number % every:
            continue
        made = make_rows(cell, place, read_cell(place), recompute=number % 15 == 0)
        for row in made:
            theirs = stored[row["cell"], row["task"]]
            assert {key: str(value) for key, value in row.items() if value is not None} == {
                key: value for key, value in theirs.items() if row.get(key) is not None
            }


@pytest.mark.parametrize("name", SWEEPS)
def test_score_on_a_stored_run_gives_the_stored_summary(name, same_record):
    sweep = read_sweep(RUNS / name / "sweep.yaml")
    cells = [*filter(Folder(sweep.output).is_finished, sweep.cells)]
    for cell in cells[:: max(1, len(cells) // 2)]:
        run = RUNS / name / "cells" / cell.name / "run"
        records = to_plain(score(read_run(RUNS / name / cell.name)))
        for ours, theirs in zip(records, read_summary(run).records, strict=True):
            assert same_record(ours, theirs)


@pytest.mark.parametrize("name", STUDIES)
def test_the_analysis_asks_for_groups_that_there_are(name):
    sweep = read_sweep(RUNS / name / "sweep.yaml")
    analysis = read_analysis(RUNS / name / "analysis.yaml")
    assert {*analysis.groups} <= {group_of(cell) for cell in sweep.cells}
    assert len(analysis.claims) >= 4
    for figure in analysis.figures:
        assert (RUNS / name / figure.file).stat().st_size > 10_000


@pytest.mark.parametrize("name", ["verifier-free"])
def test_table_summary_claims_and_figures_come_out_again(name, tmp_path, capsys):
    from matplotlib.image import imread

    from caopd_bench.cli import main

    for part in (name, "bases"):
        shutil.copytree(RUNS / part, tmp_path / part)
    place = tmp_path / name
    files = [file.name for file in place.iterdir() if file.is_file()]
    before = {file: (place / file).read_bytes() for file in files}
    assert main(["sweep", str(place / "sweep.yaml"), "--tables"]) == 0
    for file in files:
        after = (place / file).read_bytes()
        if file.endswith(".png") and after != before[file]:
            # Another processor may draw an edge otherwise by a hair; no point may move.
            (tmp_path / "before.png").write_bytes(before[file])
            one, other = (imread(path) for path in (tmp_path / "before.png", place / file))
            assert one.shape == other.shape
            assert float((abs(one - other) > 0.1).any(axis=2).mean()) < 1e-5
        else:
            assert after == before[file], file
    capsys.readouterr()


# The table by kinds of questions reads all rows of the scaling law: in the fast suite their hashes
# are compared (above), and the table stays as it stands in the page.
@pytest.mark.parametrize("kinds", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_pages_are_those_of_the_summaries(tmp_path, kinds):
    (tmp_path / "runs").mkdir()
    shutil.copy(RUNS / "README.md", tmp_path / "runs")
    write = runpy.run_path(str(RUNS / "tools" / "pages.py"))["write_pages"]
    known = (RUNS / "README.md").read_text(encoding="utf-8")
    if not kinds:
        marks = ("<!-- kinds: written by tools/pages.py -->", "<!-- end of kinds -->")
        lines = known.partition(marks[0])[2].partition(marks[1])[0].strip().splitlines()
        assert len(lines) > 10
        write.__globals__["by_kind"] = lambda: lines
    write(tmp_path / "runs")
    assert (tmp_path / "runs" / "README.md").read_text(encoding="utf-8") == known


def test_what_could_be_known_is_what_the_rows_give():
    """The level constant and the siblings of CaOPD at 67k, computed here from the rows."""
    with (RUNS / "scaling-law" / "summary.csv").open(newline="", encoding="utf-8") as file:
        known = {
            (row["series"], row["metric"]): float(row["estimate"])
            for row in csv.DictReader(file)
            if row["kind"] == "level" and row["at"] == "67k" and row["estimate"]
        }
    briers, within = [], []
    for base in range(3):
        runs = [
            sorted(
                read_run(RUNS / "scaling-law" / f"67k-b{base}-caopd-s{seed}").rows,
                key=lambda row: row.item_hash,
            )
            for seed in range(5)
        ]
        for run in runs:
            right = {}
            read = [(i, row) for i, row in enumerate(run) if row.confidence is not None]
            for i, row in read:
                right.setdefault((row.groups["level"], i % 2), []).append(row.correct)
            share = {key: sum(those) / len(those) for key, those in right.items()}
            errors = [(share[row.groups["level"], 1 - i % 2] - row.correct) ** 2 for i, row in read]
            briers.append(sum(errors) / len(errors))
            ranked = pairs = 0
            for level in {row.groups["level"] for row in run}:
                siblings = {0: [], 1: []}
                for i, row in read:
                    others = [other[i] for other in runs if other is not run]
                    others = [other.correct for other in others if other.confidence is not None]
                    if row.groups["level"] == level and others:
                        siblings[row.correct].append(sum(others) / len(others))
                for wrong in siblings[0]:
                    ranked += sum((y > wrong) + 0.5 * (y == wrong) for y in siblings[1])
                pairs += len(siblings[0]) * len(siblings[1])
            within.append(ranked / pairs)
    assert known["caopd @ level", "brier"] == pytest.approx(sum(briers) / 15, abs=1e-6)
    assert known["caopd @ siblings", "auroc_within_level"] == pytest.approx(
        sum(within) / 15, abs=1e-6
    )
    # The audit's numbers, computed by other code (S6).
    assert known["caopd @ level", "brier"] == pytest.approx(0.095, abs=6e-4)
    assert known["caopd @ siblings", "auroc_within_level"] == pytest.approx(0.85, abs=6e-3)


def test_a_study_that_is_not_there_or_not_finished_is_left_out(tmp_path):
    pages = runpy.run_path(str(RUNS / "tools" / "pages.py"))
    assert pages["is_finished"](RUNS / "theory" / "sweep.yaml")
    assert not pages["is_finished"](tmp_path / "sweep.yaml")
    shutil.copy(RUNS / "theory" / "sweep.yaml", tmp_path / "sweep.yaml")
    assert not pages["is_finished"](tmp_path / "sweep.yaml")
    page = tmp_path / "README.md"
    page.write_text("no marks", encoding="utf-8")
    pages["fill"](page, "predicted", ["a"], optional=True)
    assert page.read_text(encoding="utf-8") == "no marks"
    with pytest.raises(SystemExit, match="the marks of 'claims' are not there"):
        pages["fill"](page, "claims", ["a"])


def test_sizes_are_as_promised():
    # In work/ a study makes its bases, which are not stored.
    left_out = {"__pycache__", "work"}
    held = [f for f in RUNS.rglob("*") if f.is_file() and not left_out & {*f.parts}]
    assert sum(file.stat().st_size for file in held if file.suffix == ".safetensors") < 25e6
    assert sum((RUNS / name / ROWS_FILE).stat().st_size for name in SWEEPS) < 10e6
    assert len(held) < 500
    assert sum(file.stat().st_size for file in held) < 45e6


# Tables that are packed themselves, as read-out has them, are in test_study.py as well.
@pytest.mark.parametrize(
    "name", ["recalibration", pytest.param("read-out", marks=pytest.mark.slow)]
)
def test_a_packed_study_unpacks_to_the_bytes_of_its_folders_and_packs_again(name, tmp_path):
    """The hash in cells.csv is of rows.jsonl.gz as the sweep wrote it."""
    import pyarrow
    import pyarrow.parquet as pq

    archive = runpy.run_path(str(RUNS / "tools" / "archive.py"))
    study = tmp_path / name
    study.mkdir()
    for file in ("sweep.yaml", ROWS_FILE):
        shutil.copy(RUNS / name / file, study / file)
    fields = (study / "sweep.yaml").read_text(encoding="utf-8")
    reuse = fields.replace("../", f"{RUNS}/")
    (study / "sweep.yaml").write_text(reuse, encoding="utf-8")
    archive["unpack"](study, None, None)
    hashes = {row["cell"]: row["rows_sha256"] for row in _rows(name)}
    for cell, known in hashes.items():
        place = study / "cells" / cell
        rows = (place / "run" / "rows.jsonl.gz").read_bytes()
        is_usual = zlib.ZLIB_RUNTIME_VERSION.startswith("1.2.")
        assert not is_usual or hashlib.sha256(rows).hexdigest()[:16] == known
        whole = {
            file.relative_to(place).as_posix(): file.read_bytes()
            for file in place.rglob("*")
            if file.is_file()
        }
        packed = packed_files(RUNS / name, cell)
        assert {
            key: gzip.decompress(v) if key.endswith(".gz") else v for key, v in whole.items()
        } == packed
    before = (study / ROWS_FILE).read_bytes()
    archive["pack"](study)
    assert not (study / "cells").exists()
    assert [*open_study(study / ROWS_FILE).cells] == [*open_study(RUNS / name / ROWS_FILE).cells]
    if pq.read_metadata(RUNS / name / ROWS_FILE).created_by.endswith(pyarrow.__version__):
        assert (study / ROWS_FILE).read_bytes() == before


def test_a_sweep_goes_on_from_a_packed_study(tmp_path, capsys, monkeypatch):
    """A changed setting reruns what it is in; what is packed counts, and is copied by `reuse`."""
    from caopd_bench.sweep.run.local import work_on

    study = tmp_path / "recalibration"
    shutil.copytree(RUNS / "recalibration", study)
    file = study / "sweep.yaml"
    text = file.read_text(encoding="utf-8").replace("../", f"{RUNS}/")
    file.write_text(text, encoding="utf-8")
    assert main(["sweep", str(file), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "9 cells, 9 finished" in said
    assert "9 are packed in rows.parquet" in said
    other = tmp_path / "other"
    other.mkdir()
    fields = {**yaml.safe_load(text), "reuse": [str(study)]}
    (other / "sweep.yaml").write_text(yaml.safe_dump(fields), encoding="utf-8")
    monkeypatch.setattr("caopd_bench.sweep.run.cell.run_cell", None)  # running would fail
    sweep = read_sweep(other / "sweep.yaml")
    assert work_on(sweep, [cell.name for cell in sweep.cells]) == []
    for cell in sweep.cells:
        assert Folder(sweep.output).known(cell) == Folder(study).known(cell)
        assert read_run(sweep.output / "cells" / cell.name / "run").rows == (
            read_run(study / cell.name).rows
        )
    file.write_text(text.replace("steps: 40", "steps: 41"), encoding="utf-8")
    assert main(["sweep", str(file), "--dry-run"]) == 0
    assert "6 finished cells have other settings and will be replaced" in capsys.readouterr().out


@pytest.mark.parametrize("size", ["10k", "33k", "67k", "114k", "245k", "622k"])
def test_every_headline_checkpoint_has_a_card_and_the_weights_of_its_cell(size):
    from caopd_bench.tasks.catalogue.weights import fingerprint_weights

    assert (RUNS / "bases" / f"sure-{size}-s0" / "README.md").exists()
    for method in ("opd", "caopd"):
        name = f"{size}-b0-{method}-s0"
        place = RUNS / "checkpoints" / "cells" / name
        assert f"{size}-b0-{method}-s0/checkpoint" in (place / "checkpoint/README.md").read_text()
        known = read_cell(place)
        assert fingerprint_weights(place / "checkpoint") == known["weights"]
        again = read_cell(RUNS / "scaling-law" / "cells" / name)
        assert again["weights"] == known["weights"], "two runs of one cell gave other weights"


def test_comparing_says_what_differs():
    script = runpy.run_path(str(RUNS / "tools" / "reproduce.py"))
    compare, compare_with_seeds = script["compare"], script["compare_with_seeds"]
    row = next(row for row in _rows("scaling-law") if row["method"] == "caopd")
    assert compare(row, row) == (True, "the same rows")
    near = {**row, "rows_sha256": "x", "ece": str(float(row["ece"]) + 0.01)}
    assert compare(near, row)[0]
    far = {**row, "rows_sha256": "x", "ece": str(float(row["ece"]) + 0.2)}
    assert compare(far, row)[0] is False
    assert "ece" in compare(far, row)[1]
    assert compare({**row, "rows_sha256": "x", "auroc": ""}, row)[0] is False
    # A base of its own is compared with all stored seeds of the size and method.
    seeds = _rows("scaling-law")
    opd = next(r for r in seeds if (r["size"], r["method"]) == ("67k", "opd"))
    assert compare_with_seeds(opd, seeds) == (True, "another base, like the 15 stored seeds")
    calmer = {**opd, "mean_confidence": "0.9"}
    assert compare_with_seeds(calmer, seeds)[0] is False
    assert "mean_confidence 0.900 for 1.000 to 1.000" in compare_with_seeds(calmer, seeds)[1]
    assert compare_with_seeds({**opd, "auroc": ""}, seeds)[0] is False


@pytest.mark.parametrize("with_hashes", [False, True])
def test_tables_of_edited_rows_are_refused(tmp_path, capsys, with_hashes):
    study = tmp_path / "recalibration"
    shutil.copytree(RUNS / "recalibration", study)
    for name in open_study(study / ROWS_FILE).cells:
        unpack_cell(study, name, study / "cells" / name)
    (study / ROWS_FILE).unlink()
    cell = sorted((study / "cells").iterdir())[4] / "run"
    if with_hashes:  # as it would be stored today
        run = read_run(cell)
        write_stored(run, score(run), cell)
    lines = gzip.decompress((cell / "rows.jsonl.gz").read_bytes()).decode().splitlines()
    row = json.loads(lines[6])
    lines[6] = json.dumps({**row, "correct": 1 - row["correct"]})
    (cell / "rows.jsonl.gz").write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
    tables = {file.name: file.read_bytes() for file in study.glob("*.csv")}
    assert main(["sweep", str(study / "sweep.yaml"), "--tables"]) == 4
    said = capsys.readouterr().err
    assert f"{cell}: its rows are not those that were stored" in said
    assert ("line 7 (" in said) == with_hashes
    assert {file.name: file.read_bytes() for file in study.glob("*.csv")} == tables
