"""Collect the rows of the study in cells.csv, and write tables.md from it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean
from typing import Any

__all__ = ["load_rows", "write_tables"]

SIZES = ("10k", "33k", "67k", "114k", "245k", "622k", "962k")
METHODS = (
    *("base", "sft", "sft-mu", "opd", "caopd", "caopd-constant"),
    *("opd-solution", "caopd-solution", "grpo", "rlcr", "dcpo"),
)
COLUMNS = ("accuracy", "mean_confidence", "overconfidence_gap", "ece", "brier", "auroc", "spr")
HEADS = ("accuracy", "stated", "gap", "ECE", "Brier", "AUROC", "SPR")
READ_OUTS = {
    "greedy": "greedy read-out",
    "expected": "expectation over the number's tokens",
    "sampled": "answer and number sampled at temperature 1",
}
Row = dict[str, Any]


def write_tables(folder: Path) -> None:
    """Write cells.csv and tables.md."""
    rows = load_rows(folder)
    if not rows:
        return
    rows.sort(key=_place)
    with (folder / "cells.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    parts = [
        "Written by `study.py --table` from cells.csv. Means over base seeds and training seeds; "
        "the number of runs stands in the column `runs`. Greedy answers; `parse` is the share that "
        "states a usable confidence.",
    ]
    main = [row for row in rows if row["part"] == "main"]
    parts += [
        "## Sizes, greedy read-out",
        _table(main, "greedy", lambda r: (r["size"], r["method"])),
    ]
    parts += [
        "## Sizes, expectation over the number's tokens",
        _table(main, "expected", lambda r: (r["size"], r["method"])),
    ]
    parts += [
        "## Sizes, answer and number sampled at temperature 1",
        _table(main, "sampled", lambda r: (r["size"], r["method"])),
    ]
    other = [row for row in rows if row["part"] == "ablation"]
    if other:
        parts += [
            "## Ablations and other methods, greedy read-out",
            _table(other, "greedy", _ablation),
            "## Ablations and other methods, expectation",
            _table(other, "expected", _ablation),
        ]
    parts += ["## Single runs, greedy read-out", _table(main, "greedy", _single)]
    (folder / "tables.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def load_rows(folder: Path) -> list[Row]:
    """Give the rows of cells.csv, and those that are finished but not in it yet (rows/)."""
    known: dict[str, Row] = {}
    if (folder / "cells.csv").exists():
        with (folder / "cells.csv").open(newline="", encoding="utf-8") as file:
            known = {row["cell"]: dict(row) for row in csv.DictReader(file)}
    for path in sorted((folder / "rows").glob("*.json")):
        row = {key: str(value) for key, value in json.loads(path.read_text()).items()}
        known[row["cell"]] = row
    return list(known.values())


def _place(row: Row) -> tuple[Any, ...]:
    return (
        row["part"] != "main",
        row["corpus"] != "sure",
        SIZES.index(row["size"]),
        METHODS.index(row["method"]),
        row["changes"],
        row["base_seed"],
        row["seed"],
    )


def _size(row: Row) -> tuple[str, str]:
    return (row["size"], row["method"])


def _ablation(row: Row) -> tuple[str, str]:
    changes = json.loads(row["changes"])
    said = ", ".join(f"{key} {value}" for key, value in changes.items())
    name = f"{row['size']}, {row['corpus']} corpus, {row['method']}"
    return (name if row["size"] == "67k" else f"{name}, base {row['base_seed']}", said or "-")


def _single(row: Row) -> tuple[str, str]:
    return (row["size"], f"{row['method']}, base {row['base_seed']}, seed {row['seed']}")


def _table(rows: Iterable[Row], read_out: str, key: Callable[[Row], tuple[str, str]]) -> str:
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    lines = ["| | | runs | parse | " + " | ".join(HEADS) + " |", "|---" * 11 + "|"]
    for (first, second), members in groups.items():
        cells = [_mean(members, f"{read_out}_{name}") for name in ("parse_rate", *COLUMNS)]
        lines.append(f"| {first} | {second} | {len(members)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mean(rows: list[Row], column: str) -> str:
    """Write the mean; undefined in any run is undefined in the mean, and says so."""
    values = [row[column] for row in rows]
    if any(value == "" for value in values):
        return "undefined"
    return f"{mean(map(float, values)):.3f}"
