"""Memory and time of `caopd-bench score` on many rows in sharded files.

    python tests/benchmarks/shards.py --rows 100000000
    python tests/benchmarks/shards.py --rows 10000000 --format jsonl

Writes tied confidences from a seed, runs the command as a user does, checks the numbers against
the counts that were written, prints what it took, and deletes the files.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import numpy as np

SHARD = 5_000_000
#: What models state: most of it high, one value in a hundred not at all.
VALUES = np.array([0.1, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.95, 0.98, 0.99, 1.0])
SHARES = np.array([1, 1, 3, 2, 5, 4, 12, 10, 20, 4, 22, 8, 5, 3]) / 100
MISSING = 0.01


def make_rows(rng, n):
    """Give n rows of an over-confident model: confidences with NaN, outcomes and levels."""
    confidence = rng.choice(VALUES, n, p=SHARES)
    correct = rng.random(n) < confidence - 0.12 * (confidence > 0.5)
    level = rng.integers(1, 6, n)
    confidence[rng.random(n) < MISSING] = np.nan
    return confidence, correct, level


def write_parquet(path, confidence, correct, level, levels):
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"confidence": pa.array(confidence, from_pandas=True), "correct": correct}
    if levels:
        columns["level"] = level
    pq.write_table(pa.table(columns), path)


def write_text(path, confidence, correct, level, levels):
    """Write JSONL or CSV."""
    is_csv = path.suffix == ".csv"
    with path.open("w", encoding="utf-8") as stream:
        if is_csv:
            stream.write("confidence,correct" + ",level" * levels + "\n")
        for c, y, k in zip(confidence.tolist(), correct.tolist(), level.tolist(), strict=True):
            row = {"confidence": None if c != c else c, "correct": int(y)}
            row.update({"level": k} if levels else {})
            absent = ["" if value is None else str(value) for value in row.values()]
            stream.write((",".join(absent) if is_csv else json.dumps(row)) + "\n")


def generate(folder, rows, kind, seed, levels):
    """Write the shards; give the right rows, those that state a confidence, and its sum."""
    folder.mkdir(parents=True)
    right = parsed = 0
    stated = 0.0
    for i, start in enumerate(range(0, rows, SHARD)):
        rng = np.random.default_rng([seed, i])
        confidence, correct, level = make_rows(rng, min(SHARD, rows - start))
        write = write_parquet if kind == "parquet" else write_text
        write(folder / f"part-{i:05}.{kind}", confidence, correct, level, levels)
        right += int(correct.sum())
        parsed += int(np.count_nonzero(~np.isnan(confidence)))
        stated += float(np.nansum(confidence))
    return right, parsed, stated


def run(folder, levels):
    """Score the folder in a process of its own: records, table, seconds, peak memory in MB."""
    command = [Path(sys.executable).with_name("caopd-bench"), "score", folder, "--json", "-"]
    command += ["--by", "level"] if levels else []
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(done.stderr)
    # Linux counts in kB, of the largest of the children: there was only this one.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return json.loads(done.stdout), done.stderr, seconds, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--format", choices=("parquet", "jsonl", "csv"), default="parquet")
    parser.add_argument("--levels", action="store_true", help="with a group column, and --by level")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to write (a temporary folder)")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        folder = home / "shards"
        truth = generate(folder, options.rows, options.format, options.seed, options.levels)
        files = list(folder.iterdir())
        size = sum(file.stat().st_size for file in files) / 1e6
        records, table, seconds, peak = run(folder, options.levels)
    finally:
        shutil.rmtree(home)
    found = {r["metric"]: r["estimate"] for r in records if r["group"] is None}
    right, parsed, stated = truth
    assert abs(found["accuracy"] - right / options.rows) < 1e-12
    assert abs(found["parse_rate"] - parsed / options.rows) < 1e-12
    assert abs(found["mean_confidence"] - stated / parsed) < 1e-9
    versions = ("numpy", "pyarrow") if options.format == "parquet" else ("numpy",)
    listed = ", ".join(f"{name} {metadata.version(name)}" for name in versions)
    print(table)
    print(
        f"{options.rows:,} rows, {len(files)} {options.format} files, {size:,.0f} MB, seed "
        f"{options.seed}{', with levels' * options.levels}: {seconds:.1f} s, peak {peak:,.0f} MB "
        f"(Python {sys.version.split()[0]}, {listed})"
    )


if __name__ == "__main__":
    main()
