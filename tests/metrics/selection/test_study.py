"""The tables of docs/threshold.md are those of the stored results."""

import json
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STUDY = ROOT / "tests" / "studies" / "metrics"


def test_the_tables_are_written_from_the_stored_results():
    """After a change run `simulate_threshold.py --page docs/threshold.md`."""
    tables = runpy.run_path(str(STUDY / "threshold_tables.py"))
    laws = runpy.run_path(str(STUDY / "threshold_families.py"))["LAWS"]
    stored = json.loads((STUDY / "threshold.json").read_text(encoding="utf-8"))
    records = {}
    for key, record in stored["cells"].items():
        name, n, limit, level, *_ = key.split(" | ")
        records[name, int(n), float(limit), float(level)] = record
    order = sorted(records, key=lambda cell: (list(laws).index(cell[0]), *cell[1:]))
    text = tables["write"]({cell: records[cell] for cell in order}, stored["versions"], 600, 1)
    page = (ROOT / "docs" / "threshold.md").read_text(encoding="utf-8")
    assert tables["place"](page, text) == page
    broken = {cell: r["ours"]["broken"] - (1.0 - cell[3]) for cell, r in records.items()}
    assert {cell: over for cell, over in broken.items() if over > 0.005} == {}


@pytest.mark.slow
def test_the_reference_runs_are_as_the_page_has_them():
    study = runpy.run_path(str(STUDY / "threshold_reference.py"))
    page = (ROOT / "docs" / "threshold.md").read_text(encoding="utf-8")
    written = page.split(study["START"])[1].split(study["END"])[0].strip()
    # The line with the versions apart.
    assert study["write"]().split("\n")[1:] == written.split("\n")[1:]
