"""Run the headline cells of the scaling law again, and compare with the stored ones.

    tox -e reproduce                   # from the stored bases, under 20 minutes on two cores
    tox -e reproduce -- --pretrain     # and those made again first (half an hour to an hour more)

The same code, versions, seeds and thread count on the same kind of processor give the same rows
(`--exact` insists on it); elsewhere sums are rounded in another order, a few answers differ, and
numbers must agree within the tolerances below.

A model that is pretrained on another kind of processor is another model, as with another seed: ten
thousand steps magnify the last digit. It is compared with the stored base and training seeds of its
size and method: within their range, widened by its own width and the tolerance on either side.

Exit code 0: all agree; 1: some differ, or a cell failed.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parents[1]
STORED = HERE / "checkpoints" / "cells.csv"
SEEDS = HERE / "scaling-law" / "cells.csv"
FILE = HERE / "checkpoints" / "sweep.yaml"
SAME = "the same rows"
#: Tolerances for other processors and versions: less than half of the difference between OPD and
#: CaOPD in stated confidence, gap, ECE, Brier score and AUROC; in accuracy the two hardly differ.
TOLERANCES = {
    "accuracy": 0.05,
    "mean_confidence": 0.05,
    "overconfidence_gap": 0.05,
    "brier": 0.05,
    "ece": 0.05,
    "auroc": 0.06,
    "parse_rate": 0.03,
}


def read_rows(file: Path) -> dict[str, dict[str, str]]:
    """Read a cells.csv by cell."""
    with file.open(newline="", encoding="utf-8") as stream:
        return {row["cell"]: row for row in csv.DictReader(stream)}


def compare(row: dict[str, str], stored: dict[str, str]) -> tuple[bool, str]:
    """Return whether a cell agrees with the stored one, and how closely."""
    if row["rows_sha256"] == stored["rows_sha256"]:
        return True, SAME
    worst, beyond = "", []
    largest = -1.0
    for metric, tolerance in TOLERANCES.items():
        ours, theirs = row[metric], stored[metric]
        if not ours or not theirs:  # undefined
            if ours != theirs:
                beyond.append(f"{metric} {ours or 'undefined'} for {theirs or 'undefined'}")
            continue
        away = abs(float(ours) - float(theirs))
        if away / tolerance > largest:
            largest, worst = away / tolerance, f"{metric} by {away:.4f} of {tolerance}"
        if away > tolerance:
            beyond.append(f"{metric} {float(ours):.3f} for {float(theirs):.3f}")
    if beyond:
        return False, "; ".join(beyond)
    return True, f"other rows, within tolerance (farthest: {worst})"


def compare_with_seeds(row: dict[str, str], stored: Iterable[dict[str, str]]) -> tuple[bool, str]:
    """Return whether a cell with its own base resembles the stored cells of other seeds."""
    alike = [r for r in stored if (r["size"], r["method"]) == (row["size"], row["method"])]
    beyond = []
    for metric, tolerance in TOLERANCES.items():
        known = [float(r[metric]) for r in alike if r[metric]]
        if not row[metric] or not known:
            beyond.append(f"{metric} undefined")
            continue
        least, most = min(known), max(known)
        reach = most - least + tolerance
        if not least - reach <= float(row[metric]) <= most + reach:
            beyond.append(f"{metric} {float(row[metric]):.3f} for {least:.3f} to {most:.3f}")
    if beyond:
        return False, f"another base, and {'; '.join(beyond)}"
    return True, f"another base, like the {len(alike)} stored seeds"


def main() -> int:
    """Run the cells, compare them, and print one line per cell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="keep what is run here, and go on from it")
    parser.add_argument("--pretrain", action="store_true", help="make the bases again as well")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--exact", action="store_true", help="the same rows, not nearly")
    parser.add_argument("--only", help="cells whose name the pattern finds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        output = (options.output or Path(scratch)).resolve()
        output.mkdir(parents=True, exist_ok=True)
        text = FILE.read_text(encoding="utf-8").replace("keep: [checkpoint]\n", "")
        bases = output / "bases" if options.pretrain else HERE / "bases"
        text = text.replace("bases: ../bases", f"bases: {bases.resolve()}")
        file = output / "sweep.yaml"
        file.write_text(text, encoding="utf-8")
        words = ["sweep", str(file), "--workers", str(options.workers)]
        words += ["--only", options.only] if options.only else []
        code = subprocess.run([sys.executable, "-m", "caopd_bench", *words], check=False).returncode
        if code == 2:
            return 1
        rows, stored = read_rows(output / "cells.csv"), read_rows(STORED)
        agree = code == 0
        seeds = read_rows(SEEDS).values()
        for name, row in rows.items():
            if row["base_weights"] == stored[name]["base_weights"]:
                same, said = compare(row, stored[name])
            else:
                same, said = compare_with_seeds(row, seeds)
            same &= not options.exact or said == SAME
            agree &= same
            print(f"{'agrees' if same else 'DIFFERS'}  {name}: {said}")
    print(f"{len(rows)} cells compared: {'all agree' if agree else 'NOT all agree'}")
    return 0 if agree else 1


if __name__ == "__main__":
    raise SystemExit(main())
