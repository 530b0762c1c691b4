"""How often the limits of a sweep's analysis cover, by how much base seeds differ (docs/sweep.md).

    python tests/studies/benchmarks/hierarchy.py

Studies of 3 bases x 5 training seeds, each asked the same 1,500 items. Items differ in how hard
they are, for all alike; bases differ by `spread` in accuracy, training seeds of one base by .01.
The truth is the mean over all bases and items. In the last columns two methods do not differ but by
what they do to single bases (each by `spread`), and a claim "above 0" is judged: it should hold in
1 of 40.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from caopd_bench.metrics.intervals.over_bases import Limits, find_limits
from caopd_bench.metrics.intervals.over_seeds import (
    draw_items,
    draw_seeds,
    mean_over_seeds,
)

BASES, SEEDS, ITEMS = 3, 5, 1500
TRUTH, WITHIN = 0.6, 0.01
Array = NDArray[np.float64]


def study(
    spread: float, replicates: int, rng: np.random.Generator
) -> tuple[Array, Array, Array, Array]:
    """Draw one study; give the replicates of two equal methods' accuracy, and by base."""
    hard = np.clip(rng.normal(0.0, 0.25, ITEMS), -0.35, 0.35)
    weights, draws = draw_items(ITEMS, replicates, rng), draw_seeds(BASES, SEEDS, replicates, rng)
    made = []
    for _ in range(2):
        of_bases = spread * rng.normal(size=(BASES, 1)) + WITHIN * rng.normal(size=(BASES, SEEDS))
        right = TRUTH + hard + of_bases[..., None] > rng.random((BASES, SEEDS, ITEMS))
        values = np.einsum("bsi,ri->bsr", right.astype(np.float64), weights) / ITEMS
        made += [mean_over_seeds(values, draws), values.mean(1)]
    return made[0], made[1], made[2], made[3]


def count(spread: float, studies: int, replicates: int, seed: int) -> Sequence[float]:
    """Give the coverage of both kinds of limits, and how often a claim of nothing holds."""
    rng, hits = np.random.default_rng(seed), np.zeros(4)
    for _ in range(studies):
        one, one_base, other, other_base = study(spread, replicates, rng)
        level: Limits = find_limits(one, one_base, 0.95)
        hits[0] += level.low_bootstrap <= TRUTH <= level.high_bootstrap
        hits[1] += level.low <= TRUTH <= level.high
        change = find_limits(one - other, one_base - other_base, 0.95)
        hits[2] += change.low_bootstrap > 0.0
        hits[3] += change.low > 0.0
    return [float(value) for value in hits / studies]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("| bases differ by | bootstrap covers | Student covers | no effect holds | by Student |")
    print("|---|---|---|---|---|")
    for spread in (0.10, 0.05, 0.02, 0.01):
        found = count(spread, options.studies, options.replicates, options.seed)
        print(f"| {spread:.2f} | " + " | ".join(f"{value:.3f}" for value in found) + " |")


if __name__ == "__main__":
    main()
