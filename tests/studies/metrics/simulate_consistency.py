"""Simulate how often the test of calibration rejects, and write one CSV row per cell.

    python tests/studies/metrics/simulate_consistency.py rows --simulations 1000 --output size.csv
    python tests/studies/metrics/simulate_consistency.py rows --truth "mildly over" \\
        --output power.csv
    python tests/studies/metrics/simulate_consistency.py clusters --output clusters.csv

A run that was stopped goes on where it ended: cells that the file holds are left out. Every cell
has its own generator, so a cell does not depend on which others are run.
"""

import argparse
import csv
import platform
import runpy
import zlib
from pathlib import Path

import numpy as np
import scipy
from scipy.special import ndtr

from caopd_bench.metrics import Tally, consistency_test, tally

POPULATIONS = runpy.run_path(str(Path(__file__).with_name("populations.py")))
STATISTICS = {
    "rows": ("kuiper", "ece", "chi2", "brier"),
    "clusters": ("kuiper", "ece", "brier"),
}
# Questions with eight samples each.
SIZES = {"rows": POPULATIONS["SIZES"], "clusters": (30, 63, 250)}
SAMPLES = 8
ALIKE = 0.6  # share of a question's samples that state its usual confidence, and correlation
LEVEL = 0.05
REPLICATES = 199  # p = k / 200: at 0.05 the test is exact


def draw_rows(population, n, rng):
    """Draw the counts of n independent rows, without the rows."""
    count = rng.multinomial(n, population.mass)
    used = count > 0
    right = rng.binomial(count[used], population.truth[used])
    return Tally(population.values[used], right, count[used] - right)


def draw_clusters(population, n, rng):
    """Draw n questions: samples mostly state one confidence, and are right together."""
    index = rng.choice(population.values.size, size=(n, SAMPLES), p=population.mass)
    index = np.where(rng.random((n, SAMPLES)) < ALIKE, index[:, :1], index)
    noise = np.sqrt(ALIKE) * rng.standard_normal((n, 1))
    noise = noise + np.sqrt(1.0 - ALIKE) * rng.standard_normal((n, SAMPLES))
    right = ndtr(noise) < population.truth[index]
    label = np.repeat(np.arange(n), SAMPLES)
    return tally(population.values[index].ravel(), right.ravel(), cluster=label)


def rejection_rates(study, population, n, simulations, rng):
    """Share of samples in which each statistic rejects at 5 %."""
    draw = draw_rows if study == "rows" else draw_clusters
    rejected = dict.fromkeys(STATISTICS[study], 0)
    for _ in range(simulations):
        sample = draw(population, n, rng)
        for name in rejected:
            test = consistency_test(sample, statistic=name, replicates=REPLICATES, seed=rng)
            rejected[name] += test.p_value <= LEVEL + 1e-9
    return {name: count / simulations for name, count in rejected.items()}


def run(study, truth, simulations, seed, output):
    """Append the missing cells of a study to a CSV file."""
    path = Path(output)
    done = set()
    if path.exists():
        with path.open(newline="") as file:
            lines = (line for line in file if line[0] != "#")
            done = {(row["population"], row["n"]) for row in csv.DictReader(lines)}
    for n in SIZES[study]:
        for distribution in POPULATIONS["DISTRIBUTIONS"]:
            population = POPULATIONS["population"](distribution, truth)
            if (population.name, str(n)) in done:
                continue
            rng = np.random.default_rng(
                [seed, zlib.crc32(f"{study} {population.name} {n}".encode())]
            )
            rates = rejection_rates(study, population, n, simulations, rng)
            row = {"population": population.name, "n": n, "simulations": simulations, **rates}
            new = not path.exists()
            with path.open("a", newline="") as file:
                writer = csv.DictWriter(file, row)
                if new:
                    file.write(
                        f"# {study}, {truth}, seed {seed}, Python {platform.python_version()}, "
                        f"numpy {np.__version__}, scipy {scipy.__version__}\n"
                    )
                    writer.writeheader()
                writer.writerow(row)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", choices=[*STATISTICS])
    parser.add_argument("--truth", choices=[*POPULATIONS["TRUTHS"]], default="calibrated")
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", required=True)
    run(**vars(parser.parse_args()))
