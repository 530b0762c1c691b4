"""What a shift does to a promise, on stored answers; writes the tables of docs/threshold.md.

    python tests/studies/thresholds/check_shift.py docs/threshold.md

Each cell of reference_runs/out-of-domain was trained on one kind of arithmetic and asked three: a
promise is made on the answers to the kind that it was trained on, and checked on the others. Of
reference_runs/scaling-law promises are made on the CaOPD checkpoints and checked on others.
"""

import argparse
import statistics
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from caopd_bench import check, read_run, threshold
from caopd_bench.core.errors import UsageError

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
from fill_page import fill_page

RUNS = Path(__file__).parents[3] / "reference_runs"
OUT, LAW = "out-of-domain", "scaling-law"
SIZES = ("10k", "33k", "67k", "114k", "245k", "622k")
METHODS = ("opd", "caopd", "sft-mu")
KINDS = {"sum": "sums", "difference": "differences", "product": "products"}
START, END = "<!-- check shift -->", "<!-- end of check shift -->"


def of_kind(run, kind):
    """Give the run with the answers of one kind only."""
    rows = [row for row in run.rows if row.groups["family"] == kind]
    return replace(run, name=f"{run.name} {kind}", rows=rows)


def describe(promise, run):
    """Say what a promise keeps of a run, how much of it is wrong, and the verdict."""
    try:
        found = check(promise, run)
    except UsageError as error:
        return str(error)
    (cut,) = found.cuts
    if not cut.n_kept:
        return f"0 of {cut.n} kept, {found.outcome}"
    return f"{cut.n_kept} of {cut.n} kept, {cut.risk:.1%} wrong, {found.outcome}"


def table_of_kinds(max_risk):
    """Give a row for each cell that was trained on sums, and say what became of the others."""
    others = ("difference", "product")
    head = ["trained on sums", "promise on sums", *(f"checked on {KINDS[k]}" for k in others)]
    rows, made = [], {kind: [] for kind in ("sum", "product")}
    for trained in made:
        for method in METHODS:
            for base in range(3):
                run = read_run(RUNS / OUT / f"67k-b{base}-{method}-families={trained}-s0")
                promise = threshold(of_kind(run, trained), max_risk=max_risk)
                made[trained].append(promise.outcome)
                row = [f"{method}, base {base}", promise.outcome, "", ""]
                if promise.outcome == "CERTIFIED":
                    (cut,) = promise.cuts
                    row[1] = f"{cut.n_kept} of {cut.n} kept at {cut.cut:g}, {cut.risk:.1%} wrong"
                    row[2:] = [describe(promise, of_kind(run, kind)) for kind in others]
                rows += [row] if trained == "sum" else []
    found = Counter(made["product"])
    said = ", ".join(f"{outcome} {n}" for outcome, n in sorted(found.items()))
    return (
        f"A promise of {max_risk:.0%} on the kind that a model was trained on (500 answers), and "
        f"its check on the others:\n\n{_table(head, rows)}\n\nOn products, of those that were "
        f"trained on them: {said}."
    )


def table_of_models(max_risk):
    """Count the verdicts of promises on CaOPD checkpoints, by what they are checked on."""
    runs = {
        (size, base, method, seed): read_run(RUNS / LAW / f"{size}-b{base}-{method}-s{seed}")
        for size in SIZES
        for base in range(3)
        for method in ("caopd", "opd")
        for seed in range(5)
    }
    promises = {
        key: threshold(run, max_risk=max_risk) for key, run in runs.items() if key[2] == "caopd"
    }
    kept = {key: one for key, one in promises.items() if one.outcome == "CERTIFIED"}
    # Keys are (size, base, method, seed).
    kinds = {
        "CaOPD, same base, other training seeds": (True, True, True, False),
        "CaOPD, other bases of the size": (True, False, True, None),
        "OPD, same base and seed": (True, True, False, True),
    }
    head = ["checked on", "checks", "PASS", "INCONCLUSIVE", "FAIL", "median risk of the kept"]
    rows = []
    for name, alike in kinds.items():
        done = [
            check(one, run)
            for key, one in kept.items()
            for other, run in runs.items()
            if all(w in (None, a == b) for w, a, b in zip(alike, key, other, strict=True))
        ]
        found = Counter(one.outcome for one in done)
        risk = statistics.median(one.cuts[0].risk for one in done if one.cuts[0].n_kept)
        counts = [str(found[outcome]) for outcome in ("PASS", "INCONCLUSIVE", "FAIL")]
        rows.append([name, str(len(done)), *counts, f"{risk:.1%}"])
    return (
        f"A promise of {max_risk:.0%} on each CaOPD checkpoint of "
        f"[scaling-law](../reference_runs/scaling-law/README.md) that has one ({len(kept)} of "
        f"{len(promises)}), and its check on other checkpoints, all asked the same 1,500 "
        "questions:\n\n" + _table(head, rows)
    )  # fmt: skip


def _table(head, rows):
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(head)}", *lines[1:]])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", nargs="?", type=Path)
    options = parser.parse_args()
    text = f"{table_of_kinds(0.05)}\n\n{table_of_models(0.1)}"
    if options.page is None:
        print(text)
        return
    fill_page(options.page, START, END, text)


if __name__ == "__main__":
    main()
