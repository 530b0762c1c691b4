"""Draw figure.png from cells.csv: stated confidence against accuracy, a point for each size."""

from __future__ import annotations

from pathlib import Path
from statistics import mean

from study_table import SIZES, load_rows

from caopd_bench.figures import Estimate, Point, plot_confidence_accuracy

HERE = Path(__file__).parent
SHOWN = ("base", "sft", "sft-mu", "opd", "caopd", "caopd-constant")


def main() -> None:
    """Draw it; bars are the range over base seeds and training seeds."""
    rows = [row for row in load_rows(HERE) if row["part"] == "main"]
    points = []
    for method in SHOWN:
        for size in SIZES:
            runs = [r for r in rows if (r["method"], r["size"]) == (method, size)]
            if runs:
                x, y = (_range(runs, f"greedy_{name}") for name in ("accuracy", "mean_confidence"))
                points.append(Point(name=size, x=x, y=y, series=method))
    figure = plot_confidence_accuracy(points, title="Micro models, 10 k to 962 k parameters")
    figure.savefig(HERE / "figure.png", metadata={"Software": None})


def _range(runs: list[dict[str, str]], column: str) -> Estimate:
    values = [float(run[column]) for run in runs]
    return Estimate(mean(values), min(values), max(values))


if __name__ == "__main__":
    main()
