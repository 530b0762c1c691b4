"""What pages say of the reference runs, held against the summaries of the studies."""

import csv
from pathlib import Path

import pytest

RUNS = Path(__file__).parents[2] / "reference_runs"


def read_summary(folder):
    with (RUNS / folder / "summary.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def check_phrase():
    """Hold a phrase with one number in braces against a level of a study's summary."""

    def check(text, phrase, *wanted):
        assert phrase.replace("{", "").replace("}", "") in text, "the text has changed"
        names = ("kind", "at", "series", "metric")
        (row,) = [
            row
            for row in read_summary(wanted[0])
            if tuple(row[name] for name in names) == ("level", *wanted[1:])
        ]
        said = phrase.partition("{")[2].partition("}")[0]
        shown = f"{float(row['estimate']):.{len(said.partition('.')[2])}f}"
        assert (shown if said.startswith(("0", "1")) else shown.lstrip("0")) == said

    return check


@pytest.fixture
def summary():
    """Give the function that reads the rows of a study's summary."""
    return read_summary
