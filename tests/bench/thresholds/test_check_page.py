"""docs/threshold.md shows what `check` prints, and tables that the studies write."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "threshold.md").read_text(encoding="utf-8")
STUDIES = ROOT / "tests" / "studies" / "thresholds"


def test_the_example(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```python\n(import random\n.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    exec(compile(code, "docs/threshold.md", "exec"), {})
    run("threshold", "calibration.csv", "--max-risk", "0.05", "-o", "threshold.json")
    ((command, expected),) = re.findall(
        r"^\$ caopd-bench (check [^\n]+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    code, out, err = run(*command.split())
    assert (code, err) == (0, "")
    assert out.strip("\n") == expected.strip("\n")


def test_every_option_is_on_the_page():
    from caopd_bench.cli import build_parser

    parser = build_parser()._subparsers._group_actions[0].choices["check"]
    options = set(re.findall(r"--[a-z-]+", parser.format_help()))
    assert {option for option in options if option not in PAGE} <= {"--help"}


def test_the_enumerated_tables_are_those_of_the_study():
    study = runpy.run_path(str(STUDIES / "simulate_check.py"))
    for table in ("table_of_rows", "table_of_looks"):
        assert study[table]() in PAGE


@pytest.mark.skipif(not (ROOT / "reference_runs").exists(), reason="no reference runs here")
def test_a_row_of_the_shift_is_what_the_stored_answers_give():
    from caopd_bench import read_run, threshold

    study = runpy.run_path(str(STUDIES / "check_shift.py"))
    run = read_run(ROOT / "reference_runs" / "out-of-domain" / "67k-b1-opd-families=sum-s0")
    made = threshold(study["of_kind"](run, "sum"), max_risk=0.05)
    found = [
        study["describe"](made, study["of_kind"](run, kind)) for kind in ("difference", "product")
    ]
    assert f"0.6% wrong | {found[0]} | {found[1]} |" in PAGE
    assert found[1] == "98 of 500 kept, 66.3% wrong, FAIL"
