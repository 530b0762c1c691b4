"""Formulas of code that is no package of its own, written again from their description.

They keep the way in which those programs work (masks, all pairs, a loop over rows): that way is
what is timed.
"""

import numpy as np


def ece_by_masks(c, y, bins=10):
    """The ECE as in the code released with CaOPD: a mask over all rows for each bin."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    index = np.digitize(c, edges[1:-1])
    error = 0.0
    for b in range(bins):
        inside = index == b
        if inside.any():
            error += inside.mean() * abs(c[inside].mean() - y[inside].mean())
    return error


def spr_by_pairs(c, y):
    """The strict pairwise ranking as in the code released with CaOPD: a matrix of all pairs."""
    right, wrong = c[y == 1], c[y == 0]
    return float((right[:, None] > wrong[None, :]).mean())


def aurc_by_loop(c, y):
    """The area under the risk-coverage curve as in lm-polygraph: sorted pairs, a loop over rows.

    Tied rows stay in the order in which they came.
    """
    pairs = sorted(zip(-c, 1 - y, strict=True), key=lambda pair: pair[0])
    wrong, risks = 0, []
    for k, (_, is_wrong) in enumerate(pairs, start=1):
        wrong += is_wrong
        risks.append(wrong / k)
    return float(np.mean(risks))


def interval_by_loop(c, y, statistics, replicates, seed=0):
    """95 % percentile intervals: resample the rows, compute everything again, many times."""
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(replicates):
        rows = rng.integers(0, c.size, c.size)
        draws.append([statistic(c[rows], y[rows]) for statistic in statistics])
    return np.quantile(draws, [0.025, 0.975], axis=0)
