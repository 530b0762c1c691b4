"""Memory and time of `caopd-bench score` on many rows in sharded files.

    python tests/studies/benchmarks/shards.py --rows 100000000
    python tests/studies/benchmarks/shards.py --rows 100000000 --continuous --decimals 4
    python tests/studies/benchmarks/shards.py --rows 10000000 --format jsonl

Writes shards from a seed, runs the command as a user does, checks the numbers against the counts
that were written, prints what it took, and deletes the files.
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
SAMPLES = 8  # rows of one question, with --items
#: What models state: most of it high, one value in a hundred not at all.
VALUES = np.array([0.1, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.95, 0.98, 0.99, 1.0])
SHARES = np.array([1, 1, 3, 2, 5, 4, 12, 10, 20, 4, 22, 8, 5, 3]) / 100
MISSING = 0.01


def make_rows(rng, start, n, options):
    """Give n rows of an over-confident model, as columns; a confidence that is missing is NaN."""
    tied = not options.continuous
    confidence = rng.choice(VALUES, n, p=SHARES) if tied else rng.beta(4, 1.5, n)
    correct = rng.random(n) < confidence - 0.12 * (confidence > 0.5)
    level = rng.integers(1, 6, n)
    confidence[rng.random(n) < MISSING] = np.nan
    columns = {"confidence": confidence, "correct": correct.astype(np.int8)}
    if options.levels:
        columns["level"] = level
    if options.items:
        columns["item"] = np.arange(start, start + n) // SAMPLES
    return columns


def write_parquet(path, columns):
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {name: pa.array(column, from_pandas=True) for name, column in columns.items()}
    pq.write_table(pa.table(arrays), path)


def write_text(path, columns):
    """Write JSONL or CSV."""
    is_csv = path.suffix == ".csv"
    with path.open("w", encoding="utf-8") as stream:
        if is_csv:
            stream.write(",".join(columns) + "\n")
        for values in zip(*(column.tolist() for column in columns.values()), strict=True):
            row = {
                name: None if value != value else value
                for name, value in zip(columns, values, strict=True)
            }
            cells = ("" if value is None else str(value) for value in row.values())
            stream.write((",".join(cells) if is_csv else json.dumps(row)) + "\n")


class Truth:
    """The numbers, from counts on a grid of so many decimals (those of `VALUES` are two)."""

    def __init__(self, decimals):
        self.grid = 10 ** (decimals or 2)
        self.counts = np.zeros((2, self.grid + 1), np.int64)
        self.n = self.right = 0

    def add(self, columns):
        stated = ~np.isnan(columns["confidence"])
        index = np.rint(columns["confidence"][stated] * self.grid).astype(np.int64)
        for outcome in (0, 1):
            chosen = index[columns["correct"][stated] == outcome]
            self.counts[outcome] += np.bincount(chosen, minlength=self.grid + 1)
        self.n += columns["correct"].size
        self.right += int(columns["correct"].sum())

    def numbers(self):
        value = np.arange(self.grid + 1) / self.grid
        wrong, right = self.counts
        parsed, below = self.counts.sum(), np.cumsum(wrong) - wrong
        return {
            "accuracy": self.right / self.n,
            "parse_rate": parsed / self.n,
            "mean_confidence": value @ (right + wrong) / parsed,
            "brier": (right @ (1 - value) ** 2 + wrong @ value**2) / parsed,
            "auroc": right @ (below + wrong / 2) / (right.sum() * wrong.sum()),
        }


def generate(folder, options):
    """Write the shards; give what is in them."""
    folder.mkdir(parents=True)
    truth = Truth(options.decimals)
    for i, start in enumerate(range(0, options.rows, SHARD)):
        rng = np.random.default_rng([options.seed, i])
        columns = make_rows(rng, start, min(SHARD, options.rows - start), options)
        write = write_parquet if options.format == "parquet" else write_text
        write(folder / f"part-{i:05}.{options.format}", columns)
        truth.add(columns)
    return truth


def run(folder, options):
    """Score the folder in a process of its own: records, table, what it took, peak memory in MB."""
    command = [Path(sys.executable).with_name("caopd-bench"), "score", folder, "--json", "-"]
    command += ["--by", "level"] if options.levels else []
    command += ["--decimals", str(options.decimals)] if options.decimals else []
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    # There was only this child. Linux counts its memory in kB.
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak, processor = used.ru_maxrss * 1024 / 1e6, used.ru_utime + used.ru_stime
    if done.returncode:
        sys.exit(f"{done.stderr}exit code {done.returncode}, peak {peak:,.0f} MB")
    took = f"{seconds:.1f} s ({processor:.1f} s of the processor), peak {peak:,.0f} MB"
    return json.loads(done.stdout), done.stderr, took, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--format", choices=("parquet", "jsonl", "csv"), default="parquet")
    parser.add_argument("--levels", action="store_true", help="a group column, and --by level")
    parser.add_argument("--items", action="store_true", help=f"{SAMPLES} rows of each question")
    parser.add_argument("--continuous", action="store_true", help="hardly two confidences alike")
    parser.add_argument("--decimals", type=int, help="passed on to score")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=1000, help="MB that may be used (1000)")
    parser.add_argument("--folder", type=Path, help="where to write (a temporary folder)")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        folder = home / "shards"
        truth = generate(folder, options)
        files = list(folder.iterdir())
        size = sum(file.stat().st_size for file in files) / 1e6
        records, table, took, peak = run(folder, options)
    finally:
        shutil.rmtree(home)
    found = {r["metric"]: r["estimate"] for r in records if r["group"] is None}
    expected = {} if options.continuous and not options.decimals else truth.numbers()
    for metric, value in expected.items():
        assert abs(found[metric] - value) < 1e-9, (metric, found[metric], value)
    versions = ("numpy", "pyarrow") if options.format == "parquet" else ("numpy",)
    listed = ", ".join(f"{name} {metadata.version(name)}" for name in versions)
    print(table)
    print(
        f"{options.rows:,} rows, {len(files)} {options.format} files, {size:,.0f} MB on disk: "
        f"{took}\n"
        f"(seed {options.seed}, Python {sys.version.split()[0]}, {listed}; as counted by hand: "
        f"{', '.join(expected) or 'not checked'})"
    )
    if peak > options.limit:
        sys.exit(f"more than {options.limit:,} MB")


if __name__ == "__main__":
    main()
