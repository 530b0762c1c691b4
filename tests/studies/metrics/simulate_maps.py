"""What `caopd-bench recalibrate` promises of a map, beside what the map does on new rows.

    python tests/studies/metrics/simulate_maps.py --simulations 100 --seed 1

A line for each method and number of rows, over eight distributions and six truths of
`populations.py`: the change in Brier that cross-fitting estimates less the true one of the map
that is kept, how often its limits hold the true one (mean and least over the distributions), how
often limits that exclude 0 name the wrong direction, the ECE that cross-fitting estimates and the
true one, how often its limits hold that, and how often its upper limit does.
"""

import argparse
import runpy
import zlib
from pathlib import Path

import numpy as np

from caopd_bench.metrics import METRICS, bootstrap, compare, cross_recalibrate, recalibrate, tally
from caopd_bench.metrics.points.proper_scores import brier

FILE = runpy.run_path(str(Path(__file__).with_name("populations.py")))
METHODS = ("isotonic", "beta", "platt", "temperature")


def simulate_one(population, method, n, rng):
    """Give (error, covered, wrong way, ECE, true ECE, covered, upper limit holds)."""
    c, y = population.draw(n, rng)
    fitted = recalibrate(c, y, method=method)
    values, right, wrong = population.cells
    mapped = fitted.apply(values)
    true = float(brier.cells(mapped, right, wrong) - brier.cells(values, right, wrong))
    after = cross_recalibrate(c, y, method=method, seed=rng)
    change = compare((c, y), (after, y), metrics=["brier"])["brier"]
    is_sure = change.low > 0 or change.high < 0
    limits = bootstrap(tally(after, y), metrics=["ece"])["ece"]
    true_ece = float(METRICS["ece"].cells(mapped, right, wrong))
    return (
        change.difference - true,
        change.low <= true <= change.high,
        is_sure and change.difference * true < 0,
        limits.estimate,
        true_ece,
        limits.low <= true_ece <= limits.high,
        true_ece <= limits.high,
    )


def run(sizes, simulations, seed):
    """Print the table."""
    for method in METHODS:
        for n in sizes:
            cells = []
            for distribution in FILE["DISTRIBUTIONS"]:
                found = []
                for truth in FILE["TRUTHS"]:
                    population = FILE["population"](distribution, truth)
                    rng = np.random.default_rng([seed, n, zlib.crc32(population.name.encode())])
                    found += [simulate_one(population, method, n, rng) for _ in range(simulations)]
                cells.append(np.mean(found, axis=0))
            mean, least = np.mean(cells, axis=0), np.min(cells, axis=0)
            worst = np.max(cells, axis=0)
            shown = (
                f"{1000 * mean[0]:+.1f}",
                f"{mean[1]:.3f} ({least[1]:.3f})",
                f"{mean[2]:.3f} ({worst[2]:.3f})",
                f"{mean[3]:.3f}",
                f"{mean[4]:.3f}",
                f"{mean[5]:.3f} ({least[5]:.3f})",
                f"{mean[6]:.3f} ({least[6]:.3f})",
            )
            print(f"| {method} | {n:,} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", type=int, default=[100, 500, 2000])
    parser.add_argument("--simulations", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    run(**vars(parser.parse_args()))
