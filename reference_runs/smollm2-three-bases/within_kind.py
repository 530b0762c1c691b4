"""Print the AUROC of the expected confidence within a level, and within level and kind.

    python reference_runs/smollm2-three-bases/within_kind.py

A level mixes kinds of problems (chains, stories, products, ...), so that telling kinds apart would
raise the AUROC within a level. Not part of analysis.yaml: written after the rows had been seen.
"""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from caopd_bench.metrics import auroc_within, tally

STUDY = Path(__file__).parent
LEVEL, KIND, EXPECTED = "group:level", "group:family", "file:expected.csv.gz"
KEYS = {"level": [LEVEL], "level and kind": [LEVEL, KIND]}


def read_cells(file: Path) -> dict[str, pd.DataFrame]:
    """Return the readable answers of each cell, with the expectation of the stated confidence."""
    cells = {}
    for name, rows in pd.read_parquet(file).groupby("cell", sort=False, observed=True):
        expected = pd.read_csv(io.StringIO(rows[EXPECTED].dropna().iloc[0]))
        joined = rows.astype({"item_hash": str}).merge(expected, on="item_hash", validate="1:1")
        cells[str(name)] = joined[joined["confidence"].notna()]
    return cells


def within(rows: pd.DataFrame, keys: list[str]) -> float:
    """Return the AUROC among answers that agree in all keys, pooled over their pairs."""
    groups = rows.groupby(keys, observed=True)
    return auroc_within(tally(part["expected"], part["correct"]) for _, part in groups)


def main() -> None:
    """Print one row a cell."""
    cells = read_cells(STUDY / "rows.parquet")
    found = {
        name: {key: within(rows, of) for key, of in KEYS.items()} for name, rows in cells.items()
    }
    print(pd.DataFrame(found).T.to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
