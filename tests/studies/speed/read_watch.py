"""`watch` of a million new rows: JSONL, CSV and Parquet, with ids and days.

    python tests/studies/speed/read_watch.py [--rounds 3]    # 2 minutes

CPU seconds of whole commands, imports included; each reads all rows into an empty state. One row in
ten has no outcome, and a third of these get it later.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from children import command_of, run_once
from line import Line, render

from caopd_bench import threshold

ROWS = 1_000_000
STATED = np.array([0.5, 0.7, 0.9, 0.97, 0.99, 1.0])
#: Rows a second that are to be reached.
TARGET = 200_000


def write(folder: Path) -> None:
    """Write a threshold, and the log in three formats."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    rng = np.random.default_rng(0)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        c = rng.choice(STATED, n)
        return c, (rng.random(n) < c - 0.02).astype(int)

    rows = folder / "calibration.csv"
    rows.write_text(
        "confidence,correct\n" + "".join(f"{c},{y}\n" for c, y in zip(*draw(3000), strict=True))
    )
    threshold(rows, max_risk=0.05).save(folder / "threshold.json")
    c, y = draw(ROWS)
    ids = np.arange(ROWS)
    is_late = rng.random(ROWS) < 1 / 30
    ids[50_000:][is_late[50_000:]] -= 50_000  # brings the outcome of an answer before
    columns = {
        "id": [f"q{i}" for i in ids.tolist()],
        "day": [f"2026-{1 + i * 12 // ROWS:02d}-{1 + i % 28:02d}" for i in range(ROWS)],
        "confidence": c.tolist(),
        "correct": [
            None if gone else right
            for gone, right in zip((rng.random(ROWS) < 0.1).tolist(), y.tolist(), strict=True)
        ],
    }
    csv.write_csv(pa.table(columns), folder / "log.csv")
    parquet.write_table(pa.table(columns), folder / "log.parquet")
    with (folder / "log.jsonl").open("w", encoding="utf-8") as stream:
        for row in zip(*columns.values(), strict=True):
            stream.write(json.dumps(dict(zip(columns, row, strict=True))) + "\n")


def measure(baseline: str | None = None, *, rounds: int = 3) -> list[Line]:  # noqa: ARG001
    """Time the three formats; the first version has no such command."""
    lines = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        subprocess.run([sys.executable, __file__, "--write", scratch], check=True)
        for kind in ("jsonl", "csv", "parquet"):
            costs = []
            for _ in range(rounds):
                shutil.rmtree(folder / "state", ignore_errors=True)
                words = ["watch", str(folder / f"log.{kind}"), "--state", str(folder / "state")]
                words += ["--threshold", str(folder / "threshold.json")]
                costs.append(run_once([command_of(sys.executable), *words], codes=(0, 3)))
            cost = sorted(costs, key=lambda one: one.seconds)[rounds // 2]
            lines.append(
                Line(
                    f"`watch`, {kind}, {ROWS:,} rows",
                    cost.seconds,
                    target=f"{TARGET:,} rows a second",
                    reached=cost.seconds <= ROWS / TARGET,
                    megabytes=cost.megabytes,
                    note=cost.problem or f"{ROWS / cost.seconds:,.0f} rows a second",
                )
            )
    return lines


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path, metavar="DIR", help="write the files and no more")
    options = parser.parse_args()
    if options.write:
        write(options.write)
        return 0
    print(render(measure(rounds=options.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
