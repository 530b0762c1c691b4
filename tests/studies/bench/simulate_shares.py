"""How often the limits of a share of sampled rows hold it: the parse rate, and each `share_*`.

Every question has its own chance of a usable confidence, inverse logit of a normal. 95 % limits by
clusters of a question, as `score` gives them, beside Wilson's of the rows as if independent.

    python tests/studies/bench/simulate_shares.py --simulations 2000 --seed 1
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np

from caopd_bench.metrics import bootstrap, proportion_interval
from caopd_bench.runs.counts import tally_share

#: (samples, questions), standard deviation of the log-odds between questions, their mean.
DESIGNS = ((4, 100), (8, 30), (8, 100), (8, 300))
SPREADS = (0.0, 1.5, 2.5, 3.0)
CENTRES = (1.0, 3.0, 5.0)


class Coverage(NamedTuple):
    """Share of intervals that hold the true rate, and median width of the clustered ones."""

    rate: float
    clustered: float
    naive: float
    width: float


def true_rate(centre: float, spread: float) -> float:
    """Return the mean chance over all questions, by a fine grid of quantiles."""
    from scipy.special import expit, ndtri

    quantiles = ndtri((np.arange(20_000) + 0.5) / 20_000)
    return float(expit(centre + spread * quantiles).mean())


def cover(
    samples: int, questions: int, spread: float, centre: float, simulations: int, seed: int
) -> Coverage:
    """Draw runs and count how often each kind of limits holds the true rate."""
    rng = np.random.default_rng([seed, samples, questions, int(10 * spread), int(10 * centre)])
    target, rows = true_rate(centre, spread), np.full(questions, samples)
    held, naive, widths = 0, 0, []
    for _ in range(simulations):
        chance = 1.0 / (1.0 + np.exp(-(centre + spread * rng.standard_normal(questions))))
        hits = rng.binomial(samples, chance)
        counted = tally_share(hits, rows, np.arange(questions))
        i = bootstrap(counted, metrics=["accuracy"])["accuracy"]
        j = proportion_interval(int(hits.sum()), int(rows.sum()))
        held += i.low <= target <= i.high
        naive += j.low <= target <= j.high
        widths.append(i.high - i.low)
    return Coverage(target, held / simulations, naive / simulations, float(np.median(widths)))


def main() -> None:
    """Print the table of docs/score.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print("| questions x samples | sd of log-odds | true rate | rows | clusters | width |")
    print("|---|---|---|---|---|---|")
    for samples, questions in DESIGNS:
        for spread in SPREADS:
            for centre in CENTRES:
                c = cover(samples, questions, spread, centre, given.simulations, given.seed)
                print(
                    f"| {questions} x {samples} | {spread:g} | {c.rate:.3f} | {c.naive:.3f} | "
                    f"{c.clustered:.3f} | {c.width:.3f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
