"""A sweep ends with its table, and with commands that can be typed as they stand."""

import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from caopd_bench.cli import build_parser
from caopd_bench.sweep.analysis.ending import render_ending
from caopd_bench.sweep.grid.file import read_sweep
from caopd_bench.sweep.grid.folder import Folder

NAMES = ["10k-b0-opd-s0", "10k-b0-caopd-s0"]
CHECKPOINTS = Path(__file__).parents[3] / "reference_runs" / "checkpoints"


@pytest.fixture
def ended(run, tmp_path):
    """Compute the tables of two sizes of a sweep that is finished: (folder, what it printed)."""
    pytest.importorskip("pyarrow")

    def end(size=("10k", "33k"), analysis=None):
        place = tmp_path / "a sweep"
        place.mkdir()
        for name in ("sweep.yaml", "rows.parquet"):
            shutil.copy(CHECKPOINTS / name, place)
        fields = yaml.safe_load((place / "sweep.yaml").read_text())
        fields["cells"][0]["size"] = list(size)
        fields.pop("settings_by_model")  # of a size that is left out
        (place / "sweep.yaml").write_text(yaml.safe_dump(fields))
        if analysis is not None:
            (place / "analysis.yaml").write_text(yaml.safe_dump(analysis))
        code, out, err = run("sweep", place / "sweep.yaml", "--tables")
        assert (code, err) == (0, "")
        return place, out.splitlines()

    return end


def test_the_table_and_the_next_commands(ended, run):
    place, lines = ended(size=["10k"])
    assert lines[:7] == [
        str(place / "cells.csv"),
        "",
        "caopd_arith_conf",
        "  group  cells  accuracy  stated  Brier  AUROC",
        "  opd    1      0.439     1.000   0.561  0.500",
        "  caopd  1      0.562     0.799   0.241  0.742",
        "",
    ]
    assert lines[7] == "next:"
    commands = [shlex.split(line) for line in lines[8:]]
    assert [words[1] for words in commands] == ["score", "compare", "report"]
    for program, *words in commands:
        assert program == "caopd-bench"
        assert build_parser().parse_args(words).run
    for _, *words in commands[:2]:  # drawing a page takes longest
        code, out, _ = run(*words)
        assert (code, bool(out)) == (0, True)
    # The packed rows hold cells of other sizes, which are not of this file.
    assert [Path(word).name for word in commands[2][2:4]] == NAMES


def test_groups_metrics_and_names_of_the_analysis(ended):
    _, lines = ended(
        size=["10k"],
        analysis={
            "version": 1,
            "task": "caopd_arith_conf",
            "metrics": ["brier", "overconfidence_gap", "auroc_within_level"],
            "groups": ["caopd", "opd"],
            "names": {"caopd": "CaOPD"},
            "contrasts": [["caopd", "opd"]],
            "headline": [["caopd", "opd"]],
            "replicates": 100,
        },
    )
    table = lines[lines.index("caopd_arith_conf") + 1 :]
    assert table[:3] == [
        "  group  cells  Brier  gap",
        "  CaOPD  1      0.241  +0.236",
        "  opd    1      0.561  +0.561",
    ]
    (compare,) = [shlex.split(line) for line in lines if line.startswith("  caopd-bench compare ")]
    assert [Path(word).name for word in compare[2:]] == ["10k-b0-opd-s0", "10k-b0-caopd-s0"]


def test_seeds_are_averaged_and_nothing_is_said_of_no_cell(write, plain):
    sweep = read_sweep(write(plain))
    folder = Folder(sweep.output)
    (sweep.output / "cells.csv").write_text("cell,task,accuracy\n")
    assert render_ending(sweep, folder, None) == []
    opd = [cell.name for cell in sweep.cells if cell.method == "opd"]
    rows = "".join(
        f"{name},t\x1b,{value},,\n" for name, value in zip(opd, (0.25, 0.75), strict=True)
    )
    (sweep.output / "cells.csv").write_text(f"cell,task,accuracy,mean_confidence,brier\n{rows}")
    folder.is_finished = lambda cell: cell.name in opd
    for name in opd:
        run = folder.root / "cells" / name / "run"
        run.mkdir(parents=True)
        (run / "summary.json").write_text("{}")
        (run / "rows.jsonl.gz").write_bytes(b"")
    lines = render_ending(sweep, folder, None)
    assert lines[-3].startswith(f"  caopd-bench score {sweep.output}")
    assert lines[-1] == f"  caopd-bench report {sweep.output} -o {sweep.output / 'report.html'}"
    assert lines[1] == r"t\x1b"
    assert lines[3].split() == ["opd", "2", "0.500", "-", "-", "-"]
    assert lines[4].startswith("  means over the cells of a group")


def test_many_groups_are_cut(write, plain):
    plain["cells"] = [
        {"size": "10k", "method": "opd", "learning_rate": [i / 1e4 for i in range(1, 61)]}
    ]
    sweep = read_sweep(write(plain))
    folder = Folder(sweep.output)
    rows = "".join(f"{cell.name},t,0.5\n" for cell in sweep.cells)
    (sweep.output / "cells.csv").write_text(f"cell,task,accuracy\n{rows}")
    folder.is_finished = lambda _cell: True
    lines = render_ending(sweep, folder, None)
    assert "  and 20 more groups: cells.csv" in lines
    assert not any(line.startswith("  caopd-bench score") for line in lines)


def test_several_models_and_a_cell_of_which_only_the_checkpoint_is_a_folder(ended, run):
    place, lines = ended()
    assert lines[3:8] == [
        "  model  group  cells  accuracy  stated  Brier  AUROC",
        "  10k    opd    1      0.439     1.000   0.561  0.500",
        "  10k    caopd  1      0.562     0.799   0.241  0.742",
        "  33k    opd    1      0.679     1.000   0.321  0.500",
        "  33k    caopd  1      0.655     0.710   0.199  0.762",
    ]
    (place / "cells" / "10k-b0-opd-s0" / "checkpoint").mkdir(parents=True)
    code, out, _ = run("score", place / "cells" / "10k-b0-opd-s0")
    assert code == 0
    assert "10k-b0-opd-s0: 1,500 rows" in out
