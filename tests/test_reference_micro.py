"""The micro study: every row of cells.csv can be recomputed from its stored answers."""

import csv
import gzip
import io
import runpy
import shutil
import sys
from pathlib import Path

import pytest

from caopd_bench.training.evaluating import summarize

FOLDER = Path(__file__).parent.parent / "reference_runs" / "micro"
READ_OUTS = {
    "greedy": ("confidence", "correct"),
    "expected": ("expected", "correct"),
    "sampled": ("sampled_confidence", "sampled_correct"),
}


@pytest.fixture(scope="module")
def cells():
    with (FOLDER / "cells.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _answers(name):
    text = gzip.decompress((FOLDER / "cells" / f"{name}.csv.gz").read_bytes()).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_every_row_is_that_of_its_answers(cells):
    assert len({cell["cell"] for cell in cells}) == len(cells) >= 100
    for cell in cells[::7]:
        answers = _answers(cell["cell"])
        assert len(answers) == 1500
        for read_out, (stated, correct) in READ_OUTS.items():
            rows = [
                {"x": float(a[stated]) if a[stated] else None, "correct": int(a[correct])}
                for a in answers
            ]
            for metric, value in summarize(rows, "x").items():
                stored = cell[f"{read_out}_{metric}"]
                if value != value:
                    assert stored == ""
                else:
                    assert float(stored) == pytest.approx(value, abs=6e-5), (cell["cell"], metric)


def test_the_tables_are_those_of_the_cells(tmp_path):
    for name in ("cells.csv", "study_table.py"):
        shutil.copy(FOLDER / name, tmp_path / name)
    sys.path.insert(0, str(FOLDER))
    try:
        runpy.run_path(str(FOLDER / "study_table.py"))["write_tables"](tmp_path)
    finally:
        sys.path.remove(str(FOLDER))
    for name in ("cells.csv", "tables.md"):
        assert (tmp_path / name).read_text() == (FOLDER / name).read_text(), name
