"""Simulate how often the intervals of `bootstrap` cover, and write one CSV row per cell.

    python tests/studies/metrics/simulate_intervals.py rows --simulations 200 --seed 1 \\
        --output rows.csv

A cell is a metric, a population and a size; all metrics of a population and a size see the same
samples. A run that was stopped goes on where it ended. The ECE has a study of its own,
simulate_ece.py; here it stands beside the others for clusters only.
"""

import argparse
import csv
import platform
import runpy
import zlib
from pathlib import Path

import numpy as np
import scipy

from caopd_bench.metrics import METRICS, Tally, bootstrap, tally

POPULATIONS = runpy.run_path(str(Path(__file__).with_name("populations.py")))
SIZES = (20, 50, 100, 500, 2000)
CLUSTERS, PER_CLUSTER = (20, 50, 200), 8
SAME_CONFIDENCE, SAME_LUCK = 0.6, 0.7  # share of the rows that follow their question


def draw_rows(population, n, rng):
    """Draw the tally of n independent rows."""
    count = rng.multinomial(n, population.mass)
    used = count > 0
    right = rng.binomial(count[used], population.truth[used])
    return Tally(population.values[used], right, count[used] - right)


def draw_clusters(population, groups, rng, per_cluster=PER_CLUSTER):
    """Draw questions of several samples that share confidence and luck; margins are unchanged.

    A sample repeats the confidence of its question with probability 0.6, and is right or wrong by
    the luck of its question with probability 0.7, so that the population values are exact.
    """
    shape = (groups, per_cluster)

    def shared(of_question, of_sample, probability):
        return np.where(rng.random(shape) < probability, of_question, of_sample)

    u = population.values.size
    index = shared(
        rng.choice(u, (groups, 1), p=population.mass),
        rng.choice(u, shape, p=population.mass),
        SAME_CONFIDENCE,
    )
    luck = shared(rng.random((groups, 1)), rng.random(shape), SAME_LUCK)
    right = luck < population.truth[index]
    label = np.repeat(np.arange(groups), per_cluster)
    return tally(population.values[index.ravel()], right.ravel(), cluster=label)


def limits_of(counts, names, replicates, level):
    found = bootstrap(counts, metrics=names, replicates=replicates, seed=1, level=level)
    return {name: (i.low, i.high) for name, i in found.items()}


def covering(limits, target):
    """Share of the intervals made that hold the target, either miss, and the median width."""
    low, high = np.asarray(limits).T
    made = np.isfinite(low)
    if made.sum() < 20:
        return {"made": made.mean(), "coverage": np.nan}
    low, high = low[made], high[made]
    slack = 1e-9
    above, below = np.mean(low > target + slack), np.mean(high < target - slack)
    return {
        "made": made.mean(),
        "coverage": 1 - above - below,
        "miss_low": above,
        "miss_high": below,
        "width": np.median(high - low),
    }


def study(population, size, clustered, names, simulations, rng, replicates=200, level=0.95):
    """Give a dictionary of results for each metric that the population defines."""
    values, right, wrong = population.cells
    # As if of very many rows: the AURC depends on their number.
    cells = values, right * 1e9, wrong * 1e9
    targets = {name: float(METRICS[name].cells(*cells)) for name in names}
    names = [name for name in names if np.isfinite(targets[name])]
    ours, naive = [], []
    for _ in range(simulations):
        counts = (draw_clusters if clustered else draw_rows)(population, size, rng)
        ours.append(limits_of(counts, names, replicates, level))
        if clustered:
            naive.append(limits_of(Tally(*counts.cells), names, replicates, level))
    for name in names:
        row = covering([x[name] for x in ours], targets[name])
        if clustered:
            other = covering([x[name] for x in naive], targets[name])
            row["naive_coverage"] = other["coverage"]
        yield name, {"target": targets[name], **row}


FIELDS = ("metric", "population", "size", "simulations", "target", "made", "coverage")
FIELDS += ("miss_low", "miss_high", "width", "naive_coverage")


def run(kind, simulations, seed, output, metrics, sizes, replicates, populations):
    """Append the missing cells to a CSV file."""
    path = Path(output)
    done = set()
    if path.exists():
        with path.open(newline="") as file:
            rows = csv.DictReader(line for line in file if line[0] != "#")
            done = {(row["metric"], row["population"], row["size"]) for row in rows}
    else:
        with path.open("w", newline="") as file:
            file.write(
                f"# {kind}, seed {seed}, {replicates} replicates, Python "
                f"{platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}\n"
            )
            csv.DictWriter(file, FIELDS).writeheader()
    sizes = sizes or (CLUSTERS if kind == "clusters" else SIZES)
    for population in POPULATIONS["populations"]():
        if populations and not any(part in population.name for part in populations):
            continue
        for size in sizes:
            names = [m for m in metrics if (m, population.name, str(size)) not in done]
            rng = np.random.default_rng([seed, zlib.crc32(population.name.encode()), size])
            clustered = kind == "clusters"
            results = [
                {"metric": name, "population": population.name, "size": size}
                | {"simulations": simulations, **row}
                for name, row in study(
                    population, size, clustered, names, simulations, rng, replicates
                )
            ]
            with path.open("a", newline="") as file:
                for row in results:
                    csv.DictWriter(file, FIELDS).writerow(
                        {k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()}
                    )


def table(path):
    """Print the least and the median coverage of each metric, as Markdown."""
    with Path(path).open(newline="") as file:
        rows = list(csv.DictReader(line for line in file if line[0] != "#"))
    rows = [row for row in rows if row["coverage"] not in ("", "nan")]
    naive = any(row["naive_coverage"] for row in rows)
    head = ["metric", "cells", "lowest", "5 %", "median", "below .90", "lowest in"]
    print(*head, *(["naive median"] if naive else []), sep=" | ")
    for name in METRICS:
        of = [row for row in rows if row["metric"] == name]
        if not of:
            continue
        c = np.array([float(row["coverage"]) for row in of])
        worst = of[int(c.argmin())]
        line = [name, c.size, f"{c.min():.3f}", f"{np.quantile(c, 0.05):.3f}"]
        line += [f"{np.median(c):.3f}", int((c < 0.9).sum())]
        line += [f"{worst['population']}, {worst['size']}"]
        if naive:
            line.append(f"{np.median([float(row['naive_coverage']) for row in of]):.3f}")
        print(*line, sep=" | ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["rows", "clusters", "table"])
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--metrics", nargs="+", choices=[*METRICS], default=[*METRICS])
    parser.add_argument("--sizes", nargs="+", type=int)
    parser.add_argument("--populations", nargs="+", help="parts of their names")
    parser.add_argument("--output", required=True)
    arguments = vars(parser.parse_args())
    if arguments["kind"] == "table":
        table(arguments["output"])
    else:
        run(**arguments)
