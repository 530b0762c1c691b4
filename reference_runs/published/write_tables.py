"""Rewrite the tables of the README: python reference_runs/published/write_tables.py."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

__all__ = ["write_tables"]

START, END = "<!-- tables -->\n", "<!-- end of tables -->"
MARKS = {
    "two_or_more_secondary_sources": "",
    "one_secondary_source": "¹",
    "pixel_measured_by_eye": "ᵖ",
    "implied_by_arithmetic": "⁼",
    "conflicting": "?",
}
HEADS = {
    "mean_confidence": "confidence",
    "overconfidence_gap": "gap",
    "ece": "ECE",
    "brier": "Brier",
    "spr": "SPR",
}
MAIN = ("accuracy", "mean_confidence", "overconfidence_gap", "ece", "brier", "spr")
FIGURE = ("accuracy", "mean_confidence", "overconfidence_gap", "reliability")
SCALING = (
    *("base accuracy", "base mean_confidence", "opd accuracy", "opd mean_confidence"),
    *("caopd accuracy", "caopd mean_confidence", "caopd overconfidence_gap"),
)
Row = dict[str, str]


def write_tables(folder: Path) -> None:
    """Replace what stands between the two marks of the folder's README.md."""
    with (folder / "published.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    tables = [
        _table("main", _of(rows, "main"), ("domain", "model", "method"), MAIN),
        _table("scaling", _of(rows, "scaling"), ("model",), SCALING),
        # Two models to a line: the list is long, and its lines are short.
        _table("figure 1", _of(rows, "figure1"), ("model", "method"), FIGURE, beside=2),
        _table(
            "other", _of(rows, "ood", "continual"), ("table", "domain", "method"), ("ece", "spr")
        ),
    ]
    page = folder / "README.md"
    before, rest = page.read_text(encoding="utf-8").split(START)
    after = rest.split(END)[1]
    page.write_text(before + START + "\n\n".join(tables) + "\n" + END + after, encoding="utf-8")


def _of(rows: Sequence[Row], *tables: str) -> list[Row]:
    return [row for row in rows if row["table"] in tables]


def _table(
    title: str, rows: Sequence[Row], names: Sequence[str], columns: Sequence[str], beside: int = 1
) -> str:
    cells: dict[str, dict[str, str]] = {}
    for row in rows:
        # The method is in the name of a line, or else in the name of a column.
        column = row["metric"] if "method" in names else f"{row['method']} {row['metric']}"
        name = ", ".join(row[part] for part in names if row[part])
        cells.setdefault(name, {})[column] = row["value"] + MARKS[row["how_sure"]]
    lines = [
        " | ".join([name, *(line.get(column, "") for column in columns)])
        for name, line in cells.items()
    ]
    height = -(-len(lines) // beside)
    lines += [" | " * len(columns)] * (height * beside - len(lines))
    heads = [title, *(_head(column) for column in columns)] * beside
    body = [" | ".join(lines[i::height]) for i in range(height)]
    ruler = "|".join(["---", *["---:"] * len(columns)] * beside)
    return "\n".join([f"| {' | '.join(heads)} |", f"|{ruler}|", *(f"| {line} |" for line in body)])


def _head(column: str) -> str:
    return " ".join(HEADS.get(word, word) for word in column.split())


if __name__ == "__main__":
    write_tables(Path(__file__).parent)
