"""Draw the risk-coverage diagram of docs/metrics/scores.md.

    python tests/studies/metrics/draw_selective.py docs/metrics

Simulated, with a seed: a model before and after its confidence saturates, with the same answers.
"""

import sys
from pathlib import Path

import numpy as np

from caopd_bench.metrics import plot_risk_coverage, tally


def main():
    folder = Path(sys.argv[1])
    rng = np.random.default_rng(1)
    values, shares = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0], [0.06, 0.08, 0.1, 0.16, 0.25, 0.2, 0.15]
    c = rng.choice(values, 1000, p=shares)
    y = rng.random(c.size) < 1.3 * c - 0.45
    saturated = np.where(c >= 0.8, 1.0, 0.9)
    models = {"base": tally(c, y), "saturated, same answers": tally(saturated, y)}
    plot_risk_coverage(models).savefig(folder / "risk_coverage.png")


if __name__ == "__main__":
    main()
