"""Time `certified_threshold` beside a loop over the candidates with scipy's `binomtest`.

    python tests/studies/metrics/bench_threshold.py --rows 1000000

CPU seconds, medians of five, in one process. One loop sorts once and adds up, the other looks at
all rows for every candidate. Over a million candidates they are timed on a few and multiplied.
"""

import argparse
import time

import numpy as np
from scipy.stats import binomtest

from caopd_bench.metrics import certified_threshold

LIMIT = 0.1
TIMED = 1000  # candidates of the loop, if there are more


def seconds(function):
    """Give the median CPU time of five calls, and the last result."""
    found = []
    for _ in range(5):
        start = time.process_time()
        result = function()
        found.append(time.process_time() - start)
    return float(np.median(found)), result


def loop(confidence, correct):
    """Test every distinct value from the surest down; give the lowest that passes all along."""
    order = np.argsort(-confidence, kind="stable")
    stated, wrong = confidence[order], np.cumsum(~correct[order])
    last = np.flatnonzero(np.append(stated[1:] != stated[:-1], True))
    timed = last if last.size <= TIMED else last[:: last.size // TIMED]
    start = time.process_time()
    passed = [binomtest(int(wrong[i]), int(i) + 1, LIMIT, alternative="less").pvalue <= 0.05
              for i in timed]  # fmt: skip
    extra = (time.process_time() - start) * (last.size / timed.size - 1.0)
    return last.size, extra, passed


def plain_loop(confidence, correct):
    """Do the same with the rows of each candidate selected anew."""
    values = np.unique(confidence)[::-1]
    timed = values[:: max(values.size // 100, 1)]
    start = time.process_time()
    for value in timed:
        kept = correct[confidence >= value]
        binomtest(int((~kept).sum()), kept.size, LIMIT, alternative="less")
    return (time.process_time() - start) * (values.size / timed.size - 1.0)


def main():
    """Print one line for each kind of confidence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    fine = rng.beta(6, 1.5, given.rows)
    correct = rng.random(given.rows) < fine
    for name, confidence in {"two decimals": fine.round(2), "continuous": fine}.items():
        ours, found = seconds(lambda c=confidence: certified_threshold(c, correct, max_risk=LIMIT))
        theirs, (candidates, extra, _) = seconds(lambda c=confidence: loop(c, correct))
        theirs += extra
        plain, more = seconds(lambda c=confidence: plain_loop(c, correct))
        plain += more
        print(
            f"{name}: {found.outcome}, {candidates} candidates; ours {ours:.4f} s, loop "
            f"{theirs:.2f} s ({theirs / ours:.0f}x), plain loop {plain:.2f} s ({plain / ours:.0f}x)"
        )


if __name__ == "__main__":
    main()
