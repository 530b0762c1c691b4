"""Simulate how often the intervals of the ECE cover, and write one CSV row per cell.

    python tests/studies/metrics/simulate_ece.py rows --simulations 300 --seed 1 --output rows.csv

Studies: rows (the full grid), small (20 rows), bins and levels (others than 10 and 0.95), clusters
(8 samples a question), difference (two models, same items), l2 (ece_l2_interval).

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
from scipy.stats import norm

from caopd_bench.metrics import (
    Tally,
    ece_correlation,
    ece_difference,
    ece_interval,
    ece_l2_interval,
    tally,
)
from caopd_bench.metrics.points.calibration import _ece
from caopd_bench.metrics.rows.binning import bin_index, bin_sums

POPULATIONS = runpy.run_path(str(Path(__file__).with_name("populations.py")))
RESAMPLES = 400
SAMPLES = 8  # of a question
ALIKE = 0.6  # share of them that state its usual confidence, and correlation of what is right
STUDIES = ("rows", "small", "bins", "levels", "clusters", "difference", "l2")


def draw_tally(population, n, rng):
    """Draw the counts of n independent rows, without the rows."""
    count = rng.multinomial(n, population.mass)
    used = count > 0
    right = rng.binomial(count[used], population.truth[used])
    return Tally(population.values[used], right, count[used] - right)


def resampled_ece(sample, bins, rng, resamples=RESAMPLES):
    """ECE of bootstrap samples. Many values: sums of c within (bin, label) are drawn normal."""
    values, right, wrong = sample.cells
    n, u = int(sample.n), values.size
    if u <= 50:
        cells = rng.multinomial(n, np.concatenate([right, wrong]) / n, size=resamples)
        return _ece(values, cells[:, :u], cells[:, u:], bins)
    index = bin_index(values, bins)
    rows = np.concatenate([bin_sums(right, index), bin_sums(wrong, index)]).astype(float)
    sums, squares = (
        np.concatenate([bin_sums(right * x, index), bin_sums(wrong * x, index)])
        for x in (values, values**2)
    )
    mean = sums / np.maximum(rows, 1)
    spread = np.sqrt(np.maximum(squares / np.maximum(rows, 1) - mean**2, 0.0))
    count = rng.multinomial(n, rows / n, size=resamples)
    sums = count * mean + np.sqrt(count) * spread * rng.standard_normal(count.shape)
    used = rows.size // 2
    gaps = sums[:, :used] + sums[:, used:] - count[:, :used]
    return np.abs(gaps).sum(axis=1) / n


def study_rows(population, n, simulations, rng, bins=10, level=0.95):
    """Coverage and width for independent rows, of three intervals on the same samples."""
    target = float(_ece(*population.cells, bins))
    z = norm.ppf((1 + level) / 2)
    ours, normal, percentile, points = [], [], [], []
    for _ in range(simulations):
        sample = draw_tally(population, n, rng)
        interval = ece_interval(sample, bins=bins, level=level)
        ours.append((interval.low, interval.high))
        points.append((interval.estimate, interval.debiased))
        draws = resampled_ece(sample, bins, rng)
        centre, reach = 2 * interval.estimate - draws.mean(), z * draws.std(ddof=1)
        normal.append((max(centre - reach, 0.0), centre + reach))
        percentile.append(np.quantile(draws, [(1 - level) / 2, (1 + level) / 2]))
    bias = np.mean(points, axis=0) - target
    return {
        "target": target,
        **covering(ours, target),
        "normal_coverage": covering(normal, target)["coverage"],
        "normal_width": covering(normal, target)["width"],
        "percentile_coverage": covering(percentile, target)["coverage"],
        "bias_plug_in": bias[0],
        "bias_debiased": bias[1],
    }


def draw_questions(population, n, rng):
    """Draw n questions: their samples mostly state one confidence, and are right together."""
    index = rng.choice(population.values.size, size=(n, SAMPLES), p=population.mass)
    index = np.where(rng.random((n, SAMPLES)) < ALIKE, index[:, :1], index)
    noise = np.sqrt(ALIKE) * rng.standard_normal((n, 1))
    noise = noise + np.sqrt(1.0 - ALIKE) * rng.standard_normal((n, SAMPLES))
    right = ndtr(noise) < population.truth[index]
    return population.values[index].ravel(), right.ravel(), np.repeat(np.arange(n), SAMPLES)


def study_clusters(population, n, simulations, rng):
    """Coverage for n questions of eight samples each, and of what ignores the questions."""
    target = float(_ece(*population.cells))
    heeded, ignored = [], []
    for _ in range(simulations):
        c, y, question = draw_questions(population, n, rng)
        for found, sample in ((heeded, tally(c, y, cluster=question)), (ignored, tally(c, y))):
            interval = ece_interval(sample)
            found.append((interval.low, interval.high))
    without = covering(ignored, target)
    return {
        "target": target,
        **covering(heeded, target),
        "ignored_coverage": without["coverage"],
        "ignored_width": without["width"],
    }


def study_difference(population, n, simulations, rng):
    """Coverage for a second model that answers the same items, correlated, and is surer by 0.1."""
    surer = np.minimum(population.values + 0.1, 1.0)
    target = float(_ece(surer, *population.cells[1:])) - float(_ece(*population.cells))
    found = []
    for _ in range(simulations):
        index = rng.choice(population.values.size, size=n, p=population.mass)
        shared = rng.standard_normal(n)
        rights = [
            ndtr(np.sqrt(ALIKE) * shared + np.sqrt(1 - ALIKE) * rng.standard_normal(n))
            < population.truth[index]
            for _ in range(2)
        ]
        rows = (population.values[index], rights[0], surer[index], rights[1])
        interval = ece_difference(
            tally(*rows[:2]), tally(*rows[2:]), correlation=ece_correlation(*rows)
        )
        found.append((interval.low, interval.high))
    return {"target": target, **covering(found, target)}


def study_l2(population, n, simulations, rng):
    """Coverage of the asymptotic interval of the L2 error."""
    target = float(_ece(*population.cells, norm="l2"))
    intervals = [ece_l2_interval(draw_tally(population, n, rng)) for _ in range(simulations)]
    points = np.mean([(i.estimate, i.debiased) for i in intervals], axis=0) - target
    return {
        "target": target,
        **covering([(i.low, i.high) for i in intervals], target),
        "bias_plug_in": points[0],
        "bias_debiased": points[1],
    }


def covering(limits, target):
    """Share of intervals that hold the target, of either miss, and the median width."""
    low, high = np.asarray(limits).T
    slack = 1e-9  # a target at the end of an interval is in it, whatever the rounding
    above, below = np.mean(low > target + slack), np.mean(high < target - slack)
    return {
        "coverage": 1 - above - below,
        "miss_low": above,  # the lower limit is above the target
        "miss_high": below,
        "width": np.median(high - low),
    }


def cells_of(study):
    """Give the (name, function of simulations and generator) of every cell of a study."""
    every = POPULATIONS["populations"]()
    grids = {
        "rows": (study_rows, POPULATIONS["SIZES"]),
        "small": (study_rows, (20,)),
        "clusters": (study_clusters, (30, 125)),
        "difference": (study_difference, (100, 500)),
        "l2": (study_l2, POPULATIONS["SIZES"]),
    }
    if study in grids:
        of_cell, sizes = grids[study]
        for population in every:
            for n in sizes:
                yield (
                    {"population": population.name, "n": n},
                    lambda s, rng, p=population, n=n: of_cell(p, n, s, rng),
                )
    elif study in ("bins", "levels"):
        options = [{"bins": b} for b in (5, 15, 20, 30)]
        if study == "levels":
            options = [{"level": level} for level in (0.8, 0.9, 0.99)]
        for option in options:
            for population in every:
                for n in (50, 500):
                    yield (
                        {"population": population.name, "n": n, **option},
                        lambda s, rng, p=population, n=n, o=option: study_rows(p, n, s, rng, **o),
                    )


def run(study, simulations, seed, output):
    """Append the missing cells of a study to a CSV file."""
    path = Path(output)
    done = set()
    if path.exists():
        with path.open(newline="") as file:
            done = {row["cell"] for row in csv.DictReader(line for line in file if line[0] != "#")}
    for key, function in cells_of(study):
        name = "; ".join(f"{k}={v}" for k, v in key.items())
        if name in done:
            continue
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        row = {"cell": name, **key, "simulations": simulations, **function(simulations, rng)}
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, row)
            if new:
                file.write(
                    f"# {study}, seed {seed}, Python {platform.python_version()}, "
                    f"numpy {np.__version__}, scipy {scipy.__version__}\n"
                )
                writer.writeheader()
            writer.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--simulations", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    run(**vars(arguments))
