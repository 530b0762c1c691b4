"""The numbers the paper published: one row each, and the tables of their README are theirs."""

import csv
import re
import runpy
import shutil
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "reference_runs" / "published"
KEY = ("table", "domain", "model", "method", "metric")
COLUMNS = [*KEY[:3], "parameters", *KEY[3:], "value", "source", "how_sure", "note"]
HOW_SURE = {
    "two_or_more_secondary_sources",
    "one_secondary_source",
    "pixel_measured_by_eye",
    "implied_by_arithmetic",
    "conflicting",
}
METRICS = {
    *("accuracy", "mean_confidence", "overconfidence_gap"),
    *("ece", "brier", "spr", "reliability"),
}
METHODS = {
    *("", "base", "grpo", "rlcr", "car", "opd-sdft", "caopd-sdft", "opd-sdpo", "caopd-sdpo"),
    # The backbone is not stated.
    *("opd", "caopd"),
}


@pytest.fixture(scope="module")
def rows():
    with (FOLDER / "published.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def values(rows):
    return {tuple(row[column] for column in KEY): float(row["value"]) for row in rows}


def test_every_row_is_whole_and_stands_once(rows, values):
    assert list(rows[0]) == COLUMNS
    assert len(values) == len(rows) >= 100
    for row in rows:
        assert row["how_sure"] in HOW_SURE, row
        assert row["metric"] in METRICS, row
        assert row["method"] in METHODS, row
        assert row["table"] in {"main", "ood", "continual", "figure1", "scaling"}, row
        assert set(row["source"].split(";")) <= {"D1", "D2", "D3", "D4", "F", "Fp", "SDPO"}, row
        assert row["domain"], row
        assert row["model"], row
        lowest = -1 if row["metric"] == "overconfidence_gap" else 0
        assert lowest <= float(row["value"]) <= 1, row


def test_how_sure_fits_the_sources(rows):
    for row in rows:
        sources = row["source"].split(";")
        if row["how_sure"] == "two_or_more_secondary_sources":
            assert len(sources) >= 2, row
        elif row["how_sure"] == "one_secondary_source":
            assert len(sources) == 1, row
        elif row["how_sure"] == "pixel_measured_by_eye":
            assert sources in (["F"], ["Fp"]), row
        elif row["how_sure"] == "conflicting":
            assert row["note"], row


def test_parameters_are_those_in_the_name(rows):
    for row in rows:
        size = re.search(r"-([\d.]+)B", row["model"])
        if size:
            assert int(row["parameters"]) == round(float(size[1]) * 1e9), row
        else:
            assert row["parameters"] == "", row


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (("main", "science", "Qwen3-8B", "opd-sdft", "ece"), 0.486),
        (("main", "science", "Qwen3-8B", "base", "overconfidence_gap"), 0.587),
        (("main", "science", "Olmo-3-7B-Instruct", "caopd-sdft", "ece"), 0.176),
        (("main", "tooluse", "Qwen3-8B", "caopd-sdpo", "brier"), 0.164),
        (("main", "tooluse", "Qwen3-8B", "caopd-sdft", "overconfidence_gap"), -0.007),
        (("ood", "tooluse-to-science", "Qwen3-8B", "caopd-sdft", "ece"), 0.358),
        (("continual", "unstated", "Qwen3-8B", "caopd", "spr"), 0.662),
        (("figure1", "science", "MiniMax-M2.5", "", "reliability"), 0.51),
        (("scaling", "unstated", "Qwen3-32B", "caopd", "overconfidence_gap"), -0.265),
        (("scaling", "unstated", "Qwen3-4B", "opd", "mean_confidence"), 0.992),
    ],
)
def test_spot_values(values, key, value):
    assert values[key] == value


def test_a_gap_is_confidence_less_accuracy(values):
    whole = 0
    for key, accuracy in values.items():
        confidence = values.get((*key[:4], "mean_confidence"))
        gap = values.get((*key[:4], "overconfidence_gap"))
        if key[4] == "accuracy" and confidence is not None and gap is not None:
            assert gap == pytest.approx(confidence - accuracy, abs=0.002), key
            whole += 1
    assert whole == 23


@pytest.mark.parametrize(
    ("table", "domain", "method", "skill"),
    [
        ("main", "tooluse", "caopd-sdft", -0.17),
        ("main", "tooluse", "opd-sdft", -0.46),
        ("main", "tooluse", "opd-sdpo", -0.35),
        ("main", "tooluse", "caopd-sdpo", 0.21),
        ("figure1", "science", "caopd-sdpo", 0.17),
    ],
)
def test_the_brier_skills_of_the_readme(values, table, domain, method, skill):
    accuracy, brier = (
        values[table, domain, "Qwen3-8B", method, metric] for metric in ("accuracy", "brier")
    )
    assert round(1 - brier / (accuracy * (1 - accuracy)), 2) == skill
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"{skill:+.2f}".replace("-", "−") in page


def test_the_tables_are_those_of_the_csv(rows, tmp_path):
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    before, tables, after = re.split(r"(?<=<!-- tables -->)|(?=<!-- end of tables -->)", page)
    for row in rows:
        # Reliability is shown in its place.
        if (row["table"], row["metric"]) != ("figure1", "brier"):
            assert f"| {row['value']}" in tables, row
    shutil.copy(FOLDER / "published.csv", tmp_path)
    (tmp_path / "README.md").write_text(before + "\nold\n" + after, encoding="utf-8")
    write_tables = runpy.run_path(str(FOLDER / "write_tables.py"))["write_tables"]
    for _ in range(2):
        write_tables(tmp_path)
        assert (tmp_path / "README.md").read_text(encoding="utf-8") == page
