"""Metrics side by side with their peers: times, ratios and agreement, in one run on one thread.

    tox -e bench-metrics    # with every peer, in an environment of its own
    python tests/studies/benchmarks/run.py --sizes 1000,100000 --output /tmp/metrics.md

Prints the page and writes it to --output, or a level lower into the page of docs that --into names.
Nothing is asserted: speed depends on the machine.
"""

# ruff: noqa: E402

import argparse
import os
import re
import sys
import time
import warnings
from collections import defaultdict
from pathlib import Path

# Before NumPy, torch and polars are imported: they read it once.
for name in ("OMP", "OPENBLAS", "MKL", "POLARS_MAX", "NUMEXPR_MAX", "RAYON"):
    os.environ[f"{name}_NUM_THREADS".replace("MAX_NUM", "MAX")] = "1"
os.environ.setdefault("MPLBACKEND", "agg")

import numpy as np
import page
from contestants import CONTESTS
from stopwatch import best_time

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
from fill_page import fill_page

BEGIN, END = "<!-- metrics: begin -->", "<!-- metrics: end -->"
ROUNDS = 2  # so that a slow moment of the machine does not decide

STATED = np.array([0, 0.1, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1])
SHARES = np.array([1, 1, 2, 3, 3, 5, 5, 10, 10, 15, 25, 5, 5, 10]) / 100


def make_rows(kind, n):
    rng = np.random.default_rng(n)
    c = rng.choice(STATED, n, p=SHARES) if kind == "tied" else rng.beta(6.0, 1.5, n)
    return c, (rng.random(n) < 0.15 + 0.6 * c).astype(np.int64)


def measure(contestants, c, y):
    """Return {name: Result} of those that take so many rows; the rounds are interleaved."""
    calls, results = {}, {}
    for contestant in contestants:
        if c.size > contestant.most:
            continue
        try:
            calls[contestant.name] = contestant.start(c, y)
        except ImportError as error:
            results[contestant.name] = page.Result(problem=f"not installed ({error})")
    for _ in range(ROUNDS):
        for contestant in contestants:
            before = results.get(contestant.name)
            if contestant.name not in calls or (before and (before.problem or before.seconds > 2)):
                continue
            try:
                seconds, value = best_time(calls[contestant.name])
            except Exception as error:
                text = f"raised {type(error).__name__}: {error}".splitlines()[0]
                results[contestant.name] = page.Result(problem=text[:120])
                continue
            seconds /= contestant.share(c.size)
            seconds = min(seconds, before.seconds) if before else seconds
            results[contestant.name] = page.Result(seconds, value)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--sizes", default="1000,100000,1000000,10000000")
    parser.add_argument("--only", default="", help="part of the name of a metric")
    parser.add_argument("--output", type=Path, help="the page is printed in any case")
    parser.add_argument("--into", type=Path, help="fill the part between the marks of this page")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of the peers
    start = time.perf_counter()
    # metric, kind of rows -> {n: {contestant: Result}}
    found = defaultdict(dict)
    for n in map(int, options.sizes.split(",")):
        for kind in ("tied", "continuous"):
            c, y = make_rows(kind, n)
            for metric, contestants in CONTESTS.items():
                if options.only.lower() in metric.lower():
                    found[metric, kind][n] = measure(contestants, c, y)
                    passed = time.perf_counter() - start
                    print(f"{passed:6.1f} s  {metric}, {kind}, n = {n:,}", file=sys.stderr)
    text = page.render(found, CONTESTS, seconds=time.perf_counter() - start)
    print(text)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text, encoding="utf-8")
    if options.into:
        fill_page(options.into, BEGIN, END, re.sub(r"^#", "##", text, flags=re.MULTILINE).strip())


if __name__ == "__main__":
    main()
