"""A hundred runs of ten thousand rows: the page stays small, and so does what it takes."""

import resource
import sys

import numpy as np
import pytest

from caopd_bench.cli import main
from caopd_bench.runs.run import Row, Run
from caopd_bench.runs.stored.store import write_stored

RUNS, ITEMS = 100, 10_000
TEXT = "I think about it at some length, and then I say what I came to.\n"


@pytest.mark.slow
def test_a_hundred_runs_of_ten_thousand_rows(tmp_path):
    rng = np.random.default_rng(0)
    hard = rng.random(ITEMS)
    for m in range(RUNS):
        chance = np.clip(0.8 - hard + 0.002 * m, 0.02, 0.98)
        right = (rng.random(ITEMS) < chance).astype(int).tolist()
        stated = np.round(np.clip(chance + rng.normal(0, 0.2, ITEMS) + 0.1, 0, 1), 2).tolist()
        rows = [
            Row("task", f"{i:06d}", -1, {"level": 1 + i % 10}, c, y, "ok", str(i), str(c),
                TEXT * 4, "What is asked? " * 5, str(i))
            for i, (c, y) in enumerate(zip(stated, right, strict=True))
        ]  # fmt: skip
        run = Run(f"model-{m:03d}", "", rows, {"parameters": 10**6 * (1 + m)})
        write_stored(run, [], tmp_path / "runs" / run.name, with_text=m % 2 == 0)
    page = tmp_path / "report.html"
    assert main(["report", *map(str, sorted((tmp_path / "runs").iterdir())), "-o", str(page)]) == 0
    assert page.stat().st_size < 15e6
    assert "100 runs, 1 task, 1,000,000 answers" in page.read_text(encoding="utf-8")
    if sys.platform == "linux":  # kilobytes; this process and the largest of its children
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            assert resource.getrusage(who).ru_maxrss < 1e6
