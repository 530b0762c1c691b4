"""Draw docs/metrics/power.png from the output of `simulate_comparison.py power`.

python tests/studies/metrics/draw_power.py power.csv docs/metrics/power.png
"""

import csv
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

# Okabe and Ito's colours, which colour-blind readers can tell apart, and a marker each.
STYLES = {
    "accuracy": ("#0072B2", "o", "accuracy"),
    "overconfidence_gap": ("#E69F00", "s", "gap"),
    "brier": ("#009E73", "^", "Brier"),
    "ece": ("#D55E00", "D", "ECE"),
    "auroc": ("#666666", "x", "AUROC"),
}


def draw(source, target):
    with Path(source).open(newline="") as file:
        rows = [*csv.DictReader(line for line in file if line[0] != "#")]
    sizes = sorted({int(row["n"]) for row in rows})
    figure, axes = plt.subplots(1, len(sizes), figsize=(9.6, 3.2), sharey=True, layout="tight")
    for ax, n in zip(axes, sizes, strict=True):
        for name, (colour, marker, label) in STYLES.items():
            curve = [
                (float(row["gain"]), float(row["alarms"]))
                for row in rows
                if row["metric"] == name and int(row["n"]) == n
            ]
            x, y = np.array(sorted(curve)).T
            ax.plot(100 * x, 100 * y, color=colour, marker=marker, ms=4, lw=1.3, label=label)
        ax.axhline(5, color="black", lw=0.6, ls=":")
        ax.axhline(80, color="black", lw=0.6, ls=":")
        ax.set(title=f"{n} items", xlabel="b is right more often by, points", ylim=(0, 102))
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("difference seen, %")
    axes[0].legend(frameon=False, fontsize=8)
    figure.savefig(target, dpi=110)


if __name__ == "__main__":
    draw(*sys.argv[1:])
