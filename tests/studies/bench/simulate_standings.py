"""Who stands first, drawn many times: the table in docs/report.md.

python tests/studies/bench/simulate_standings.py --draws 200 --seed 1
"""

import argparse
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from caopd_bench.metrics import bootstrap, tally
from caopd_bench.report.entries import Aligned
from caopd_bench.report.skill import SKILL, score_skill, tells_apart
from caopd_bench.report.standings import rank
from caopd_bench.runs.records import make_record

MODELS = runpy.run_path(str(Path(__file__).with_name("nine_models.py")))
LAWS = [(0.65, 0.90), (0.30, 0.90), (0.15, 0.90), (0.90, 0.90), (0.65, 0.70)]
SHARES = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
ENOUGH = 12  # right answers given up: as many can be told apart at 300 rows


class Cell(SimpleNamespace):
    """As much of a cell as the order goes by."""

    def find(self, metric):
        return self.records.get(metric)


def make_entry(name, stated, correct):
    """Give an entry of one task from its rows."""
    there = ~np.isnan(stated)
    filled = tally(np.where(there, stated, 1 - correct), correct.astype(int))
    of_all = bootstrap(filled, metrics=["accuracy"])["accuracy"]
    found = {"accuracy": of_all}
    if there.any():
        parsed = tally(stated[there], correct[there].astype(int))
        found |= bootstrap(parsed, metrics=["overconfidence_gap"])
    records = {metric: make_record(name, "t", None, metric, one) for metric, one in found.items()}
    records[SKILL] = score_skill(name, "t", filled, 0.95)
    aligned = Aligned("same", stated, correct, None, stated.size)
    cell = Cell(run=name, records=records, aligned=aligned, tells_apart=tells_apart(filled, 0.95))
    return SimpleNamespace(cells={"t": cell})


def order(models):
    """Give the order of the standings, and that of the skill alone."""
    entries = [make_entry(name, *rows) for name, rows in models.items()]
    skill = {e.cells["t"].run: e.cells["t"].find(SKILL).estimate for e in entries}
    alone = sorted(skill, key=lambda name: -np.nan_to_num(skill[name], nan=-np.inf))
    return list(rank("t", entries).order), alone


def simulate(n, law, draws, seed):
    """Give shares of the draws: first of nine, a bad one above, a wrong one above (two orders)."""
    accuracy, auroc = law
    first, bad, counts = 0, 0, np.zeros((2, 2))
    tries = np.zeros(2)
    for draw in range(draws):
        rng = np.random.default_rng((seed, n, round(1000 * accuracy), round(1000 * auroc), draw))
        # The accuracy of the draw is not that of the law: what was recalibrated was another draw.
        right = rng.binomial(n, accuracy) / n
        mean = min(accuracy + 0.25, 0.97)
        models = MODELS["nine_models"](n, rng, accuracy=right, mean=mean, auroc=auroc)
        stated, correct = models["base"]
        models["recalibrated"] = (np.round(MODELS["shift"](stated, accuracy), 2), correct)
        found, _ = order(models)
        place = found.index("recalibrated")
        first += place == 0
        bad += any(found.index(name) < place for name in MODELS["BAD"])
        for source in ("recalibrated", "base"):
            for share in SHARES:
                wrong = MODELS["sandbag"](*models[source], share)
                lost = (correct - wrong[1]).sum()
                if not lost:
                    continue
                three = {name: models[name] for name in ("base", "recalibrated")}
                which = int(lost >= ENOUGH)
                tries[which] += 1
                for i, one in enumerate(order({**three, "wrong": wrong})):
                    counts[i, which] += one.index("wrong") < one.index("recalibrated")
    shares = counts / np.maximum(tries, 1)
    return first / draws, bad / draws, *shares[:, 1], *shares[:, 0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    heads = (
        "right, AUROC",
        "n",
        "recalibrated first of nine",
        "a bad one above it",
        "wrong on purpose above it",
        "by skill alone",
        "wrong on purpose on fewer than 12 above it",
        "by skill alone",
    )
    print(f"| {' | '.join(heads)} |")
    print("|---|---|---|---|---|---|---|---|")
    for law in LAWS:
        for n in (300, 600, 2000):
            found = simulate(n, law, options.draws, options.seed)
            shown = " | ".join(f"{share:.2f}" for share in found)
            print(f"| {law[0]:.2f}, {law[1]:.2f} | {n} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
