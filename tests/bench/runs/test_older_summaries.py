"""A summary of a version without a fingerprint of the rows is held to its numbers."""

import json

import pytest

from caopd_bench.core.errors import NotComparableError
from caopd_bench.runs.stored.check import find_edits, read_stored
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.scores.score import score


@pytest.fixture
def older(populations, tmp_path):
    """A stored run as such a version left it, and a way to change one record of its summary."""
    run = populations.make_run(*populations.draw(500, 1), "run")
    write_stored(run, score(run), tmp_path / "run")
    file = tmp_path / "run" / "summary.json"

    def change(metric, **values):
        summary = json.loads(file.read_text())
        summary.pop("rows_sha256", None)
        for record in summary["records"]:
            if record["metric"] == metric:
                record |= {key: add(record[key]) for key, add in values.items()}
        file.write_text(json.dumps(summary))
        return tmp_path / "run"

    return change


@pytest.mark.parametrize("metric", ["brier", "accuracy", "mean_confidence", "auroc", "parse_rate"])
@pytest.mark.parametrize("by", [1e-4, -1e-4, 1e-8])
def test_a_number_that_is_a_little_off(older, metric, by):
    folder = older(metric, estimate=lambda value: value + by)
    (problem,) = find_edits(folder)
    assert f"{metric} is " in problem
    with pytest.raises(NotComparableError, match="its rows are not those that were stored"):
        read_stored(folder)


@pytest.mark.parametrize("metric", ["brier", "accuracy", "mean_confidence", "auroc", "parse_rate"])
def test_the_same_number_of_another_number_of_rows(older, metric):
    folder = older(metric, n=lambda n: n + 1)
    (problem,) = find_edits(folder)
    assert "of 501 rows in summary.json, and " in problem
    with pytest.raises(NotComparableError, match="of 500 in the rows"):
        read_stored(folder)


def test_its_numbers_as_they_were(older):
    assert find_edits(older("brier")) == []
