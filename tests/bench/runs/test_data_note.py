"""Rows that are not the published ones are named beside the numbers, from the log to the store."""

import json

import pytest

from caopd_bench.comparison.comparability import find_differences


@pytest.fixture
def evaluated(make_run, samples_of):
    """A run whose documents come from a source."""

    def make(source):
        folder = make_run([(0.9, 1), (0.4, 0)] * 40)
        file = samples_of(folder)
        samples = [json.loads(line) for line in file.read_text().splitlines()]
        for sample in samples:
            sample["doc"]["source"] = source
        file.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
        return folder

    return make


SOURCE = {"set": "svamp_test", "origin": "local folder", "revision": None, "sha256": "0" * 64}
OTHER = {**SOURCE, "expected": "1" * 64}
SAID = "svamp_test: the rows in the local folder differ from the published data set"


def test_what_is_expected_is_no_difference_and_other_rows_are(populations):
    def make(name, source):
        settings = {"source": source}
        return populations.make_run(*populations.draw(20, 1), name, settings=settings)

    base = make("a", SOURCE)
    assert find_differences(base, make("b", OTHER), base.tasks) == []
    (found,) = find_differences(base, make("b", {**OTHER, "sha256": "2" * 64}), base.tasks)
    assert found.setting == "data"


@pytest.mark.parametrize(("source", "times"), [(SOURCE, 0), (OTHER, 1)])
def test_another_content_is_noted_also_from_a_store(evaluated, run, tmp_path, source, times):
    folder = evaluated(source)
    code, out, err = run("score", folder, "--store", tmp_path / "stored")
    assert (code, (out + err).count(SAID)) == (0, times)
    code, out, err = run("score", tmp_path / "stored")
    assert (code, (out + err).count(SAID)) == (0, times)
