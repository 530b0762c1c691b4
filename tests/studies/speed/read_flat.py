"""`score` of flat files of a million rows, beside pandas and polars, which only read them.

    python tests/studies/speed/read_flat.py [--baseline PYTHON] [--rounds 5]    # 8 minutes

CPU seconds of whole commands with their children, imports included, in turns. A row has a
confidence, which is missing in 2 % of them, an outcome, the name of its question and two groups, of
10 and of 1,000 values.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from children import Cost, command_of, run_interleaved, run_once
from line import Line, render

ROWS = 1_000_000
STATED = np.array([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1.0])
KINDS = {"jsonl": "JSONL", "csv": "CSV", "parquet": "Parquet"}
READERS = {
    "pandas": {
        "jsonl": "import pandas; pandas.read_json({!r}, lines=True)",
        "csv": "import pandas; pandas.read_csv({!r})",
        "parquet": "import pandas; pandas.read_parquet({!r})",
    },
    "polars": {
        "jsonl": "import polars; polars.read_ndjson({!r})",
        "csv": "import polars; polars.read_csv({!r})",
        "parquet": "import polars; polars.read_parquet({!r})",
    },
}
#: Times of pandas, and CPU seconds of a thousand groups, that are to be reached.
RATIO, GROUPS_SECONDS = 3, 30
WITHOUT_PYARROW = (
    "import sys; sys.modules['pyarrow'] = None\n"
    "from caopd_bench.cli import main; sys.exit(main(sys.argv[1:]))"
)


def write_rows(folder: Path, rows: int, seed: int = 0) -> None:
    """Write the same rows as JSONL, CSV and Parquet."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    rng = np.random.default_rng(seed)
    stated = rng.choice(STATED, rows)
    right = rng.random(rows) < stated - 0.1
    missing = rng.random(rows) < 0.02
    columns = {
        "confidence": [None if m else c for c, m in zip(stated.tolist(), missing, strict=True)],
        "correct": right.astype(int).tolist(),
        "item": [f"q{i}" for i in range(rows)],
        "level": (np.arange(rows) % 10).tolist(),
        "topic": [f"topic {i % 1000}" for i in range(rows)],
    }
    files = _files(folder)
    csv.write_csv(pa.table(columns), files["csv"])
    parquet.write_table(pa.table(columns), files["parquet"])
    with files["jsonl"].open("w", encoding="utf-8") as stream:
        for row in zip(*columns.values(), strict=True):
            stream.write(json.dumps(dict(zip(columns, row, strict=True))) + "\n")


def _files(folder: Path) -> dict[str, Path]:
    return {kind: folder / f"rows.{kind}" for kind in KINDS}


def measure(baseline: str | None = None, *, rounds: int = 5) -> list[Line]:
    """Time `score` of a million rows; `baseline` is the python of the first version."""
    with tempfile.TemporaryDirectory() as scratch:
        # By a process of its own: a command's peak of memory is at least that of its parent.
        subprocess.run([sys.executable, __file__, "--write", scratch], check=True)
        files = _files(Path(scratch))
        lines = [_of_kind(kind, file, baseline, rounds) for kind, file in files.items()]
        return [*lines, _of_groups(files["csv"], baseline)]


def _of_kind(kind: str, file: Path, baseline: str | None, rounds: int) -> Line:
    commands = {"ours": [command_of(sys.executable), "score", str(file)]}
    if baseline:
        commands["baseline"] = [command_of(baseline), "score", str(file)]
    for peer, readers in READERS.items():
        if find_spec(peer):
            commands[peer] = [sys.executable, "-c", readers[kind].format(str(file))]
    if kind == "csv":
        commands["bare"] = [sys.executable, "-c", WITHOUT_PYARROW, "score", str(file)]
    found = run_interleaved(commands, rounds=rounds)
    ours, pandas = found["ours"], found["pandas"]
    notes = [
        f"{peer} {found[peer].seconds:.2f} s, {found[peer].megabytes:.0f} MB"
        for peer in READERS
        if peer in found
    ]
    notes += [f"without pyarrow {found['bare'].seconds:.2f} s"] if "bare" in found else []
    return Line(
        f"`score`, {KINDS[kind]}, {ROWS:,} rows",
        ours.seconds,
        found.get("baseline", Cost()).seconds,
        "pandas reads it",
        pandas.seconds,
        f"at most {RATIO}x pandas",
        ours.seconds <= RATIO * pandas.seconds,
        ours.megabytes,
        "; ".join(filter(None, [ours.problem, *notes])),
    )


def _of_groups(file: Path, baseline: str | None) -> Line:
    """Time a thousand groups once: the first version takes minutes."""
    words = ["score", str(file), "--by", "topic"]
    ours = run_once([command_of(sys.executable), *words])
    before = run_once([command_of(baseline), *words]) if baseline else Cost()
    return Line(
        f"`score --by topic`, {ROWS:,} rows in 1,000 groups",
        ours.seconds,
        before.seconds,
        target=f"at most {GROUPS_SECONDS} s",
        reached=ours.seconds <= GROUPS_SECONDS,
        megabytes=ours.megabytes,
        note=ours.problem or "one round",
    )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--baseline", metavar="PYTHON", help="that of the first version")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, metavar="DIR", help="write the files and no more")
    options = parser.parse_args()
    if options.write:
        write_rows(options.write, ROWS)
        return 0
    print(render(measure(options.baseline, rounds=options.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
