"""What `certified_threshold` finds on the reference runs, for docs/threshold.md.

    python tests/studies/metrics/threshold_reference.py --page docs/threshold.md

Reads the stored rows of every checkpoint of `scaling-law`. Each item was asked once, so rows are
independent.
"""

import argparse
import collections
import csv
import platform
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import scipy

from caopd_bench.metrics import certified_threshold

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
from fill_page import fill_page

ROOT = Path(__file__).resolve().parents[3]
RUNS = ROOT / "reference_runs"
START, END = "<!-- reference cuts -->", "<!-- end of reference cuts -->"
LIMITS, LEVEL = (0.05, 0.1, 0.2), 0.95
COLUMNS = ["cell", "item_hash", "confidence", "correct"]


def cells_of(study):
    """Give the parsed rows of each cell: confidence, correct; and each cell's method."""
    table = pq.read_table(RUNS / study / "rows.parquet", columns=COLUMNS)
    column = {name: np.asarray(table[name].to_pylist(), dtype=object) for name in COLUMNS}
    with (RUNS / study / "cells.csv").open(encoding="utf-8", newline="") as file:
        method = {row["cell"]: row["method"] for row in csv.DictReader(file)}
    order = np.argsort(column["cell"].astype(str), kind="stable")
    names, starts = np.unique(column["cell"][order].astype(str), return_index=True)
    cells = {}
    for name, at in zip(names, np.split(order, starts[1:]), strict=True):
        items = column["item_hash"][at]
        if len(set(items)) != len(items):
            raise SystemExit(f"{study} {name}: an item was asked twice; its rows are clusters")
        confidence = np.array([np.nan if x is None else x for x in column["confidence"][at]], float)
        correct = np.array([bool(x) for x in column["correct"][at]])
        cells[str(name)] = confidence, correct
    return cells, method


def scaling(limits):
    """Give outcomes and coverage of every checkpoint by method and limit."""
    cells, method = cells_of("scaling-law")
    found = collections.defaultdict(list)
    for name, (confidence, correct) in cells.items():
        read = np.isfinite(confidence)
        for limit in limits:
            cut = certified_threshold(confidence[read], correct[read], max_risk=limit, level=LEVEL)
            # Answers that could not be read are never kept, and are answers all the same.
            found[method[name], limit].append((cut.outcome, cut.n_kept / confidence.size))
    return found


def table(head, rows):
    """Write a Markdown table."""
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *rows])


def write():
    """Write the table with its command and versions."""
    found = scaling(LIMITS)
    methods = list(dict.fromkeys(method for method, _ in found))
    methods.sort(key=lambda method: (-len(found[method, LIMITS[0]]), method))
    rows = []
    for method in methods:
        row = [method, str(len(found[method, LIMITS[0]]))]
        for limit in LIMITS:
            each = found[method, limit]
            count = collections.Counter(outcome for outcome, _ in each)
            mean = sum(share for _, share in each) / len(each)
            row.append(
                f"{count['CERTIFIED']} / {count['INCONCLUSIVE']} / {count['NONE']}, {mean:.2f}"
            )
        rows.append(row)
    head = ["method", "checkpoints", *(f"limit {limit:g}" for limit in LIMITS)]
    made = f"numpy {np.__version__}, python {platform.python_version()}, scipy {scipy.__version__}"
    return "\n\n".join([
        "Written by `python tests/studies/metrics/threshold_reference.py --page "
        f"docs/threshold.md`; nothing is drawn, so there is no seed; {made}.",
        "[scaling-law](../reference_runs/scaling-law/README.md), 1,500 answers a checkpoint (sums, "
        f"differences and products), level {LEVEL:g}: checkpoints that are CERTIFIED / "
        "INCONCLUSIVE / NONE, and the mean share of all answers that is kept (0 where nothing is):",
        table(head, rows),
    ])  # fmt: skip


def main():
    """Read the arguments and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, help="a Markdown file with the marks of the tables")
    given = parser.parse_args()
    text = write()
    if given.page:
        fill_page(given.page, START, END, text)
    else:
        print(text)


if __name__ == "__main__":
    main()
