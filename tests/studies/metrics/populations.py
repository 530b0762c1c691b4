"""Populations with a known truth: what is stated, how often, and how often it is right.

Eight distributions of stated confidence, six truths each. Intervals are judged by how often they
cover the population value of the same estimator, which is the metric of the exact masses.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

DISTRIBUTIONS = {
    # What models state: printed decimals, most of them high.
    "tied": (
        [0.05, 0.2, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1.0],
        [0.01, 0.02, 0.02, 0.05, 0.05, 0.08, 0.05, 0.12, 0.08, 0.15, 0.17, 0.08, 0.05, 0.07],
    ),
    "saturated": ([0.5, 0.8, 0.9, 0.95, 1.0], [0.02, 0.03, 0.05, 0.05, 0.85]),
    "two-valued": ([0.3, 0.9], [0.4, 0.6]),
    "eighths": (np.arange(9) / 8, [0.08, 0.06, 0.06, 0.07, 0.08, 0.1, 0.13, 0.17, 0.25]),
    # Neither is in research/intervals.md, on which the interval of the ECE was tuned.
    "verbal": ([0.05, 0.25, 0.5, 0.75, 0.9, 0.99], [0.05, 0.1, 0.2, 0.3, 0.25, 0.1]),
    "u-shaped": (0.5, 0.5),
    "continuous": (6.0, 1.5),
    "bimodal": None,
}

TRUTHS = {
    "calibrated": lambda c: c,
    "mildly over": lambda c: c - 0.05,
    "strongly over": lambda c: c - 0.2,
    "mildly under": lambda c: c + 0.05,
    "strongly under": lambda c: c + 0.2,
    "sign-crossing": lambda c: 0.75 + 0.5 * (c - 0.75),
}

SIZES = (50, 100, 500, 2000)


@dataclass(frozen=True, eq=False)
class Population:
    """Confidences (u,), their probabilities (u,) and the probability of a right answer (u,)."""

    name: str
    values: np.ndarray
    mass: np.ndarray
    truth: np.ndarray

    def draw(self, n, rng):
        """Draw n rows: confidence, correct."""
        index = rng.choice(self.values.size, size=n, p=self.mass)
        return self.values[index], rng.random(n) < self.truth[index]

    @property
    def cells(self):
        """The masses in the form that the `cells` arithmetic of a metric takes."""
        return self.values, self.mass * self.truth, self.mass * (1.0 - self.truth)


def population(distribution, truth):
    """Give one of the 48 populations by the names of its two parts."""
    values, mass = _masses(distribution)
    right = np.clip(TRUTHS[truth](values), 0.0, 1.0)
    return Population(f"{distribution}, {truth}", values, mass, right)


def populations():
    """Give all of them."""
    return [population(d, t) for d in DISTRIBUTIONS for t in TRUTHS]


def _masses(distribution):
    shape = DISTRIBUTIONS[distribution]
    middles = (np.arange(1999) + 0.5) / 1999
    if distribution == "bimodal":
        values = np.concatenate([0.1 + 0.1 * middles[::4], 0.85 + 0.15 * middles[::2]])
        mass = np.where(values < 0.5, 0.3 / 500, 0.7 / 1000)
    elif np.isscalar(shape[0]):
        # Quantiles of a beta distribution: as good as continuous, and the truth is exact.
        values = stats.beta(*shape).ppf(middles)
        mass = np.ones_like(values)
    else:
        values, mass = (np.asarray(x, dtype=float) for x in shape)
    return values, mass / mass.sum()
