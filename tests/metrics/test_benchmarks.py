"""The benchmark itself: the formulas written again are the right ones, and it runs."""

import importlib.util
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from caopd_bench.metrics import aurc, auroc, ece, spr

FOLDER = Path(__file__).parents[1] / "studies" / "benchmarks"


@pytest.fixture(scope="module")
def formulas():
    return runpy.run_path(str(FOLDER / "formulas.py"))


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    c = rng.choice([0.0, 0.3, 0.6, 0.65, 0.7, 0.9, 1.0], 400)
    return c, (rng.random(400) < c).astype(np.int64)


def test_formulas_that_were_written_again(formulas, rows):
    c, y = rows
    assert formulas["ece_by_masks"](c, y) == pytest.approx(ece(c, y, edges="paper"), abs=1e-12)
    assert formulas["spr_by_pairs"](c, y) == pytest.approx(spr(c, y), abs=1e-12)
    apart = np.random.default_rng(0).permutation(400) / 400
    assert formulas["aurc_by_loop"](apart, y) == pytest.approx(aurc(apart, y), abs=1e-12)
    limits = formulas["interval_by_loop"](c, y, [auroc], 50)
    assert limits[0, 0] < auroc(c, y) < limits[1, 0]


def test_a_run_writes_its_page_and_names_peers_that_are_missing(tmp_path):
    page = tmp_path / "page.md"
    command = [sys.executable, FOLDER / "run.py", "--sizes", "300", "--only", "auroc"]
    done = subprocess.run([*command, "--output", page], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    lines = text[text.index("## AUROC: tied") :].splitlines()
    table = {line.split("|")[1].strip(): line for line in lines if line.startswith("|")}
    assert table["caopd-bench"].count("s |") == 1
    assert "x | none" in table["scikit-learn"]
    if importlib.util.find_spec("torchmetrics") is None:
        assert "not installed (No module named 'torchmetrics')" in table["torchmetrics"]
