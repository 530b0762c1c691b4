"""How often the 95% intervals of `bootstrap_classes` hold what is true.

    python tests/studies/metrics/simulate_classes.py        # 10 minutes on one core

Logits of a row are normal with a standard deviation of `sharpness`; the right class is drawn by
their softmax, and the model gives the probabilities to the power of `temperature`, normalised: 1 is
calibrated, below 1 it is too unsure, above 1 too sure. Prints the table of docs/metrics/scores.md.
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np

from caopd_bench.metrics.intervals.classes import bootstrap_classes
from caopd_bench.metrics.points.classes import CLASS_METRICS

CLASSES, SHARPNESS, TEMPERATURES, SIZES = (2, 4, 10), (1.0, 3.0), (0.5, 1.0, 2.0), (50, 200, 1000)


def main() -> None:
    """Print a line for each number of classes and rows: the least and the median coverage."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200, help="a population, model and size")
    runs = parser.parse_args().runs
    print("| classes | rows | " + " | ".join(f"`{name}` least, median" for name in CLASS_METRICS))
    for classes, size in product(CLASSES, SIZES):
        shares = [
            measure(classes, sharpness, temperature, size, runs)
            for sharpness, temperature in product(SHARPNESS, TEMPERATURES)
        ]
        cells = [f"{min(found):.2f}, {np.median(found):.2f}" for found in zip(*shares, strict=True)]
        print(f"| {classes} | {size} | {' | '.join(cells)} |", flush=True)


def measure(
    classes: int, sharpness: float, temperature: float, size: int, runs: int
) -> list[float]:
    """Return the share of the intervals of each metric that hold its true value."""
    many = draw(np.random.default_rng(9), 400_000, classes, sharpness, temperature)
    true = {name: row.function(*many) for name, row in CLASS_METRICS.items()}
    held = dict.fromkeys(true, 0)
    rng = np.random.default_rng([classes, int(sharpness), int(10 * temperature), size])
    for seed in range(runs):
        rows = draw(rng, size, classes, sharpness, temperature)
        for name, one in bootstrap_classes(*rows, replicates=200, seed=seed).items():
            held[name] += one.low <= true[name] <= one.high
    return [count / runs for count in held.values()]


def draw(
    rng: np.random.Generator, n: int, classes: int, sharpness: float, temperature: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draw probabilities that a model gives, and the classes that are right."""
    logits = rng.normal(0.0, sharpness, (n, classes))
    true = np.exp(logits - logits.max(axis=1, keepdims=True))
    true /= true.sum(axis=1, keepdims=True)
    right = (rng.random((n, 1)) > true.cumsum(axis=1)).sum(axis=1).clip(0, classes - 1)
    given = true**temperature
    return given / given.sum(axis=1, keepdims=True), right


if __name__ == "__main__":
    main()
