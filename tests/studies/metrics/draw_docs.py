"""Draw the reliability diagrams of docs/metrics: one for each way in which a number misleads.

    python tests/studies/metrics/draw_docs.py docs/metrics

All of it is simulated, with a seed, so that the truth is known.
"""

import runpy
import sys
from pathlib import Path

import numpy as np

from caopd_bench.metrics import (
    auroc,
    auroc_within,
    overconfidence_gap,
    plot_reliabilities,
    reliability_table,
    spr,
    tally,
)

POPULATIONS = runpy.run_path(str(Path(__file__).with_name("populations.py")))
SEED = 1


def draw_bias(rng):
    """A calibrated model, at three sizes: the ECE is all noise."""
    population = POPULATIONS["population"]("tied", "calibrated")
    return {f"calibrated, {n:,} rows": tally(*population.draw(n, rng)) for n in (50, 500, 5000)}


def draw_gap(rng):
    """Two models with a gap near 0: one is calibrated, one has errors of opposite sign."""
    c = rng.choice([0.3, 0.5, 0.7, 0.9], 2000)
    shrunk = np.where(c < 0.6, c + 0.25, c - 0.25)
    models = {
        "calibrated": tally(c, rng.random(c.size) < c),
        "two errors that cancel": tally(c, rng.random(c.size) < shrunk),
    }
    return {f"{name}: gap {overconfidence_gap(t):+.3f}": t for name, t in models.items()}


def draw_spr(rng):
    """One model that prints its confidence with more or fewer values."""
    p = rng.beta(2.5, 1.5, 20_000)
    y = rng.random(p.size) < p
    stated = {
        "two decimals": np.round(p, 2),
        "one decimal": np.round(p, 1),
        '"0.5" or "0.9"': np.where(p < 0.7, 0.5, 0.9),
    }
    tallies = {name: tally(c, y) for name, c in stated.items()}
    return {f"{name}: SPR {spr(t):.3f}, AUROC {auroc(t):.3f}": t for name, t in tallies.items()}


def draw_levels(rng):
    """Confidence that knows how hard the level is, and nothing of the single answer."""
    groups = []
    for accuracy in (0.85, 0.25):
        c = np.clip(np.round(accuracy + 0.1 * rng.integers(-1, 2, 1000), 2), 0, 1)
        groups.append(tally(c, rng.random(1000) < accuracy))
    easy, hard = groups
    pooled, within = auroc(easy + hard), auroc_within(groups)
    return {
        f"easy and hard: AUROC {pooled:.3f}\nwithin level {within:.3f}": easy + hard,
        f"easy alone:\nAUROC {auroc(easy):.3f}": easy,
        f"hard alone:\nAUROC {auroc(hard):.3f}": hard,
    }


def draw_overconfident(rng):
    """What on-policy distillation does: accuracy up, confidence to 1.00."""
    p = rng.beta(2.5, 2.0, 1000)
    before = np.round(np.clip(p + 0.08, 0, 1), 1)
    after = np.where(rng.random(1000) < 0.9, 1.0, 0.95)
    return {
        "before": tally(before, rng.random(1000) < p),
        "after: more often right,\nand sure of everything": tally(
            after, rng.random(1000) < p + 0.1
        ),
    }


PICTURES = {
    "bias": draw_bias,
    "gap": draw_gap,
    "spr": draw_spr,
    "levels": draw_levels,
    "overconfident": draw_overconfident,
}


def main(folder):
    """Draw all of them into a folder."""
    for name, make in PICTURES.items():
        tallies = make(np.random.default_rng(SEED))
        figure = plot_reliabilities({key: reliability_table(t) for key, t in tallies.items()})
        figure.savefig(Path(folder) / f"{name}.png", dpi=80)


if __name__ == "__main__":
    main(sys.argv[1])
