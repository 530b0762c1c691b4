"""`threshold` of a million rows, and the function beneath it beside a loop over scipy's binomtest.

    python tests/studies/speed/threshold.py [--rounds 5]    # 3 minutes

CPU seconds: of whole commands, imports and reading included, and of the function alone. The loop
sorts the rows, and tests each distinct confidence from the surest down; one candidate in
`SAMPLED` is timed, spread evenly over the sequence, and the time is multiplied.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from children import command_of, run_interleaved
from line import Line, render

ROWS = 1_000_000
STATED = np.array([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1.0])
SAMPLED = 500
#: CPU seconds of the command, and times of the loop, that are to be reached.
SECONDS, RATIO = 2.0, 50
MAX_RISK = 0.05


def make_rows(kind: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Make confidences, a few values or nearly all distinct, and outcomes that fit them."""
    rng = np.random.default_rng(seed)
    stated = rng.choice(STATED, ROWS) if kind == "stated" else rng.beta(5.0, 1.0, ROWS)
    return stated, rng.random(ROWS) < stated**0.5


def write_rows(folder: Path) -> None:
    """Write both kinds of rows as CSV and Parquet."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    for kind in ("stated", "distinct"):
        confidence, correct = make_rows(kind)
        table = pa.table({"confidence": confidence, "correct": correct.astype(np.int8)})
        csv.write_csv(table, folder / f"{kind}.csv")
        parquet.write_table(table, folder / f"{kind}.parquet")


def measure(baseline: str | None = None, *, rounds: int = 5) -> list[Line]:  # noqa: ARG001
    """Time the command and the function; the first version has neither."""
    with tempfile.TemporaryDirectory() as scratch:
        # By a process of its own: a command's peak of memory is at least that of its parent.
        subprocess.run([sys.executable, __file__, "--write", scratch], check=True)
        files = sorted(Path(scratch).iterdir())
        ours = command_of(sys.executable)
        words = ["threshold", "--max-risk", str(MAX_RISK)]
        commands = {file.name: [ours, *words, str(file)] for file in files}
        found = run_interleaved(commands, rounds=rounds, codes=(0, 1, 3))
    lines = [
        Line(
            f"`threshold`, {name}, {ROWS:,} rows",
            cost.seconds,
            target=f"at most {SECONDS:g} s",
            reached=cost.seconds <= SECONDS,
            megabytes=cost.megabytes,
            note=cost.problem,
        )
        for name, cost in found.items()
    ]
    return [*lines, _of_function(rounds)]


def _of_function(rounds: int) -> Line:
    from caopd_bench.metrics import certified_threshold

    confidence, correct = make_rows("distinct")
    certified_threshold(confidence[:1000], correct[:1000], max_risk=MAX_RISK)  # imports
    ours, loop = [], []
    for _ in range(rounds):
        start = time.process_time()
        found = certified_threshold(confidence, correct, max_risk=MAX_RISK)
        ours.append(time.process_time() - start)
        loop.append(_loop(confidence, correct))
    seconds, peer = statistics.median(ours), statistics.median(loop)
    return Line(
        f"`certified_threshold`, {ROWS:,} distinct confidences",
        seconds,
        peer="a loop over `scipy.stats.binomtest`",
        peer_seconds=peer,
        target=f"at least {RATIO}x the loop",
        reached=peer / seconds >= RATIO,
        note=f"{found.outcome}; {peer / seconds:,.0f}x the loop, extrapolated from one candidate "
        f"in {SAMPLED}",
    )


def _loop(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Return the CPU seconds of testing each candidate cut by itself."""
    from scipy.stats import binomtest

    start = time.process_time()
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~correct[order])
    ends = np.flatnonzero(np.diff(confidence[order], append=-1.0))
    sorting = time.process_time() - start
    start = time.process_time()
    for end in ends[::SAMPLED].tolist():
        binomtest(int(wrong[end]), end + 1, MAX_RISK, alternative="less")
    return sorting + (time.process_time() - start) * SAMPLED


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, metavar="DIR", help="write the files and no more")
    options = parser.parse_args()
    if options.write:
        write_rows(options.write)
        return 0
    print(render(measure(rounds=options.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
