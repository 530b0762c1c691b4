"""Simulate how often the promise of `certified_threshold` is broken, beside other rules.

    python tests/studies/metrics/simulate_threshold.py --cache tests/studies/metrics/threshold.json
        --page docs/threshold.md

One cell is a law, a number of rows, a limit and a level. The risk of every cut is known from the
law. Cells that are in the cache are not run again; each has a seed of its own.
"""

import argparse
import json
import platform
import runpy
import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import scipy

from caopd_bench.metrics import Tally, certified_threshold, tally
from caopd_bench.metrics.selection import clustered, sequence
from caopd_bench.metrics.selection.sequence import Cuts, cuts_of
from caopd_bench.metrics.selection.tails import most_wrong

HERE = Path(__file__).resolve()
F = SimpleNamespace(**runpy.run_path(str(HERE.with_name("threshold_families.py"))))
SIZES, LIMITS, LEVELS = (60, 200, 1000, 5000), (0.01, 0.05, 0.1, 0.2), (0.9, 0.95)
NAIVE = {"first": F.below_first, "largest": F.below_largest, "stated": F.stated_mean}
RESAMPLED = 60  # simulated sets for the out-of-bag rule, which resamples each 40 times
BORDER = 8  # times as many sets of the laws that are made to break the promise
CHECKED = 20  # sets of a cell that the public function decides too
STARTS = 30  # starts that the best sequence with the law known may choose from


def judge(law, cuts, limit):
    """Give how often a rule's cut is above the limit, how often there is one, and its coverage."""
    cuts = np.asarray(cuts)
    some = cuts >= 0
    broken = some & (law.risk_at[cuts] > limit)
    coverage = np.where(some, law.coverage[cuts], 0.0)
    return {
        "broken": float(broken.mean()), "found": float(some.mean()),
        "coverage": float(coverage.mean()),
    }  # fmt: skip


def best_known(law, kept, wrong, limit, error):
    """Give the mean coverage of the best fixed sequence: the start that is best under the law."""
    rejects = wrong <= most_wrong(np.arange(kept.max() + 1), limit, error)[kept]
    width = kept.shape[1]
    # The cut that is reached from each start: the last before the first that does not reject.
    stop = np.where(rejects, width, np.arange(width))
    stop = np.minimum.accumulate(stop[:, ::-1], axis=1)[:, ::-1]
    reached = np.where(stop > np.arange(width), stop - 1, -1)
    share = np.where(reached >= 0, law.coverage[reached], 0.0)
    share = np.where(law.risk_at[np.maximum(reached, 0)] <= limit, share, 0.0)
    best = float(share.mean(axis=0).max())
    for start in np.unique(np.geomspace(20, kept[0, -1], STARTS).astype(int)):
        at = (kept >= start).argmax(axis=1)
        best = max(best, float(share[np.arange(at.size), at].mean()))
    return best


def simulate(cell):
    """Run one cell and give its record."""
    name, n, limit, level, times, seed = cell
    law = F.LAWS[name](limit)
    rng = np.random.default_rng([seed, zlib.crc32(f"{name} {n} {limit} {level}".encode())])
    if law.samples > 1:
        return _clustered(law, n, limit, level, max(times // 10, 20), rng)
    rows, wrong = law.draw(n, times, rng)
    found = [_ours(law, rows[i], wrong[i], limit, level, i < CHECKED) for i in range(times)]
    kept, errors = np.cumsum(rows, axis=1), np.cumsum(wrong, axis=1)
    record = {"ours": judge(law, found, limit), "times": times}
    record["best"] = best_known(law, kept, errors, limit, 1.0 - level)
    if level == LEVELS[-1]:
        for rule, function in NAIVE.items():
            record[rule] = judge(law, function(kept, errors, law.values, limit), limit)
        if n in SIZES[1:3]:
            some = range(min(RESAMPLED, times))
            cuts = [F.out_of_bag(rows[i], wrong[i], limit, rng) for i in some]
            record["out of bag"] = judge(law, cuts, limit)
    return record


def _ours(law, rows, wrong, limit, level, check):
    used = np.flatnonzero(rows)
    cuts = Cuts(law.values[used], np.cumsum(rows[used]), np.cumsum(wrong[used]))
    error = 1.0 - level
    path = sequence.certify(cuts, limit, error)
    found = int(used[path.lowest]) if path else -1
    if check:  # what the public function does with these rows, less its sentences
        up = used[::-1]
        counted = Tally(law.values[up], rows[up] - wrong[up], wrong[up])
        public = certified_threshold(counted, max_risk=limit, level=level)
        assert _index(law, public) == found, (public, found)
    return found


def _index(law, found):
    return (
        int(np.count_nonzero(law.values >= found.cut)) - 1 if found.outcome == "CERTIFIED" else -1
    )


def _clustered(law, n, limit, level, times, rng):
    cuts, careless = [], []
    error = 1.0 - level
    for i in range(times):
        value, wrong, question = law.draw_clusters(n, rng)
        counted = tally(law.values[value], ~wrong, cluster=question)
        lowest = clustered.certify(counted, limit, error)[1]
        every = cuts_of(counted)
        path = sequence.certify(every, limit, error)
        as_rows = path.lowest if path else -1
        for found, chosen in ((lowest, cuts), (as_rows, careless)):
            cut = every.value[found] if found >= 0 else np.inf
            chosen.append(int(np.count_nonzero(law.values >= cut)) - 1)
        if i < CHECKED:
            public = certified_threshold(counted, max_risk=limit, level=level)
            assert _index(law, public) == cuts[-1]
    return {
        "ours": judge(law, cuts, limit), "as rows": judge(law, careless, limit), "times": times,
    }  # fmt: skip


def key_of(cell):
    """Name a cell in the cache."""
    return " | ".join(str(part) for part in cell)


def run(cache, times, seed, workers, names, sizes):
    """Run what the cache lacks, and save after every cell."""
    path = Path(cache)
    stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"cells": {}}
    stored["versions"] = {
        "python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__,
    }  # fmt: skip
    every = [
        (name, n, limit, level, times * (BORDER if name.startswith("border") else 1), seed)
        for name in names for n in sizes for limit in LIMITS for level in LEVELS
    ]  # fmt: skip
    left = [cell for cell in every if key_of(cell) not in stored["cells"]]
    with ProcessPoolExecutor(workers) as pool:
        for cell, record in zip(left, pool.map(simulate, left), strict=True):
            stored["cells"][key_of(cell)] = record
            beside = path.with_suffix(".part")
            beside.write_text(json.dumps(stored, indent=0, sort_keys=True) + "\n", encoding="utf-8")
            beside.replace(path)
    return {cell: stored["cells"][key_of(cell)] for cell in every}, stored["versions"]


def main():
    """Read the arguments, run, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", default=str(HERE.with_name("threshold.json")))
    parser.add_argument("--page", help="a Markdown file with the marks of the tables")
    parser.add_argument("--times", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, choices=[1, 2], default=1)
    parser.add_argument("--laws", nargs="+", choices=[*F.LAWS], default=[*F.LAWS])
    parser.add_argument("--sizes", nargs="+", type=int, default=[*SIZES])
    given = parser.parse_args()
    records, versions = run(
        given.cache, given.times, given.seed, given.workers, given.laws, given.sizes
    )
    tables = runpy.run_path(str(HERE.with_name("threshold_tables.py")))
    text = tables["write"](records, versions, given.times, given.seed)
    if given.page:
        page = Path(given.page)
        page.write_text(tables["place"](page.read_text(encoding="utf-8"), text), encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
