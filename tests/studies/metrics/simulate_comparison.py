"""Simulate how often `compare` sees a difference, and write one CSV row per cell and metric.

    python tests/studies/metrics/simulate_comparison.py size --simulations 400 --seed 1 \\
        --output size.csv
    python tests/studies/metrics/simulate_comparison.py power --simulations 200 --seed 1 \\
        --output power.csv
    python tests/studies/metrics/simulate_comparison.py table --output size.csv

"size": the two models do not differ in the population value of the metric. "exchangeable" models
have one law and are alike item by item (a Gaussian copula); a "rerun" repeats 40 % of the rows and
draws the others anew; "equal" models have different laws, mixed so that this one metric is equal.
"power": the accuracy of b exceeds its stated confidence by less and less than that of a.
A run that was stopped goes on where it ended. "table" prints what the docs show of a size study.
"""

import argparse
import csv
import platform
import runpy
import zlib
from pathlib import Path

import numpy as np
import scipy
from scipy.optimize import brentq
from scipy.special import ndtr

from caopd_bench.metrics import METRICS
from caopd_bench.metrics.comparison import paired_limits
from caopd_bench.metrics.comparison.pairs import pair

POPULATIONS = runpy.run_path(str(Path(__file__).with_name("populations.py")))
population = POPULATIONS["population"]
BASES = (
    ("tied", "mildly over"),
    ("saturated", "mildly over"),
    ("eighths", "calibrated"),
    ("verbal", "strongly over"),
    ("continuous", "mildly over"),
)
SIZES = (100, 500, 2000)
K = 8
BETWEEN = 0.6  # correlation of the two models on an item
WITHIN = 0.6  # correlation of the samples of an item
KEPT = 0.4  # share of the rows that a rerun repeats


class Law:
    """What one model states, and how often it is right then."""

    def __init__(self, values, right, wrong):
        mass = right + wrong
        # A million rows, since the AURC depends a little on their number.
        self.cells, self.values = (values, 1e6 * right, 1e6 * wrong), values
        self.truth = np.divide(right, mass, out=np.zeros_like(mass), where=mass > 0)
        self.cumulated = np.cumsum(mass) / mass.sum()

    def metric(self, name):
        return float(METRICS[name].cells(*self.cells))

    def rows(self, stated, drawn):
        """Turn uniform numbers into confidences and correctness."""
        at = np.minimum(np.searchsorted(self.cumulated, stated), self.values.size - 1)
        return self.values[at], drawn < self.truth[at]


def law(distribution, truth):
    return Law(*population(distribution, truth).cells)


def mixture(p, q, share):
    values = np.union1d(p.values, q.values)
    cells = np.zeros((2, values.size))
    for part, weight in ((p, 1.0 - share), (q, share)):
        cells[:, np.searchsorted(values, part.values)] += weight * np.array(part.cells[1:]) / 1e6
    return Law(values, *cells)


def other_law(name, a, own):
    """Return a law unlike a with the same value of a metric, or None."""
    rng = np.random.default_rng(zlib.crc32(f"{name} {own}".encode()))
    fine = {"continuous", "u-shaped", "bimodal"}
    for _ in range(200):
        shapes = rng.choice([*POPULATIONS["DISTRIBUTIONS"]], 2)
        truths = rng.choice([*POPULATIONS["TRUTHS"]], 2)
        if set(shapes) == {own[0]} or (own[0] not in fine and set(shapes) & fine):
            continue
        p, q = (law(s, t) for s, t in zip(shapes, truths, strict=True))
        ends = [x.metric(name) - a.metric(name) for x in (p, q)]
        if np.isfinite(ends).all() and ends[0] * ends[1] < 0:
            share = brentq(
                lambda w, p=p, q=q: mixture(p, q, w).metric(name) - a.metric(name), 0, 1, xtol=1e-13
            )
            return mixture(p, q, share)
    return None


def normals(items, k, rng):
    """Draw (items, k) standard normals, correlated within an item if k > 1."""
    if k == 1:
        return rng.standard_normal((items, 1))
    shared, own = rng.standard_normal((items, 1)), rng.standard_normal((items, k))
    return np.sqrt(WITHIN) * shared + np.sqrt(1.0 - WITHIN) * own


def draw_models(laws, items, k, rng, kept=None):
    """Draw rows of two models on the same items."""
    shared = normals(items, k, rng), normals(items, k, rng)
    models = []
    for each in laws:
        if kept is None:
            parts = (
                np.sqrt(BETWEEN) * z + np.sqrt(1.0 - BETWEEN) * normals(items, k, rng)
                for z in shared
            )
        else:
            again = rng.random((items, k)) >= kept
            fresh = (normals(items, k, rng) for _ in shared)
            parts = (np.where(again, x, z) for x, z in zip(fresh, shared, strict=True))
        models.append(each.rows(*(ndtr(z).ravel() for z in parts)))
    return models


def alarms(names, laws, items, k, simulations, rng, kept=None, level=0.95):
    """Share of simulations in which the limits of each metric exclude 0, and have none."""
    cluster = np.repeat(np.arange(items), k) if k > 1 else None
    seen, without = np.zeros(len(names)), np.zeros(len(names))
    for _ in range(simulations):
        a, b = draw_models(laws, items, k, rng, kept)
        rows = pair(a, b, cluster=cluster)
        for j, name in enumerate(names):
            if not np.isfinite(paired_limits.difference(name, rows)):
                without[j] += 1
                continue
            limits = paired_limits.paired_limits(name, rows, level)
            seen[j] += limits.low > 0 or limits.high < 0
            without[j] += not np.isfinite(limits.low)
    return [
        {"metric": name, "alarms": s / simulations, "no_interval": w / simulations}
        for name, s, w in zip(names, seen, without, strict=True)
    ]


def size_cells(metrics):
    for n in SIZES:
        for base in BASES:
            a = law(*base)
            finite = [name for name in metrics if np.isfinite(a.metric(name))]
            for k in (1, K):
                items = -(-n // k)
                key = {"base": ", ".join(base), "items": items, "k": k}
                for null, kept in (("exchangeable", None), ("rerun", KEPT)):
                    if kept and k > 1:
                        continue
                    yield (
                        {"null": null, **key},
                        lambda s, rng, a=a, i=items, k=k, kept=kept, names=finite: alarms(
                            names, (a, a), i, k, s, rng, kept
                        ),
                    )
                yield (
                    {"null": "equal", **key},
                    lambda s, rng, a=a, i=items, k=k, base=base, finite=finite: [
                        row
                        for name in finite
                        if (b := other_law(name, a, base)) is not None
                        for row in alarms([name], (a, b), i, k, s, rng)
                    ],
                )


def power_cells(metrics):
    """b states what a states, and is right more often by ``gain`` at every confidence."""
    base = population("tied", "strongly over")
    a = Law(*base.cells)
    for n in SIZES:
        for gain in np.round(np.arange(0.0, 0.201, 0.025), 3):
            truth = np.minimum(base.truth + gain, 1.0)
            b = Law(base.values, base.mass * truth, base.mass * (1.0 - truth))
            yield (
                {"gain": gain, "n": n},
                lambda s, rng, b=b, n=n: alarms(metrics, (a, b), n, 1, s, rng),
            )


def run(study, simulations, seed, output, metrics):
    """Append the missing cells of a study to a CSV file."""
    paired_limits._p_value = lambda *_: np.nan  # for the ECE, each takes a dozen limits
    path, done = Path(output), set()
    if path.exists():
        with path.open(newline="") as file:
            done = {row["cell"] for row in csv.DictReader(line for line in file if line[0] != "#")}
    for key, function in {"size": size_cells, "power": power_cells}[study](metrics):
        cell = "; ".join(f"{k}={v}" for k, v in key.items())
        if cell in done:
            continue
        rng = np.random.default_rng([seed, zlib.crc32(cell.encode())])
        rows = [
            {"cell": cell, **key, "simulations": simulations, **row}
            for row in function(simulations, rng)
        ]
        if not rows:  # no metric asked for has models that are equal in it
            continue
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            if new:
                file.write(
                    f"# {study}, seed {seed}, Python {platform.python_version()}, "
                    f"numpy {np.__version__}, scipy {scipy.__version__}\n"
                )
                writer.writeheader()
            writer.writerows(rows)


def table(path):
    """Print mean and range of the false alarms over the cells of each size, in per cent."""
    cells = {}
    with Path(path).open(newline="") as file:
        for row in csv.DictReader(line for line in file if line[0] != "#"):
            if float(row["no_interval"]) <= 0.5:  # else it is about rare samples only
                kind = (int(row["items"]), int(row["k"]))
                cells.setdefault((row["metric"], kind), []).append(100 * float(row["alarms"]))
    kinds = sorted({kind for _, kind in cells}, key=lambda x: (x[1], x[0]))
    print("| metric |", " | ".join(f"{i} x {k}" if k > 1 else f"{i}" for i, k in kinds), "|")
    print("|---|" + "---|" * len(kinds))
    for name in METRICS:
        entries = [cells.get((name, kind), []) for kind in kinds]
        shown = (f"{np.mean(x):.1f} ({min(x):.0f}-{max(x):.0f})" if x else "" for x in entries)
        print(f"| `{name}` |", " | ".join(shown), "|")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", choices=["size", "power", "table"])
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", required=True)
    parser.add_argument("--metrics", nargs="+", choices=METRICS, default=[*METRICS])
    arguments = parser.parse_args()
    if arguments.study == "table":
        table(arguments.output)
    else:
        run(**vars(arguments))
