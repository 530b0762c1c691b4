"""A report says at once that it has too many runs, tasks or pairs, and what to do instead."""

import pytest

from caopd_bench.cli import main
from caopd_bench.report import read_entries as entries
from caopd_bench.report.read_entries import MAX_PAIRS, MAX_RUNS
from caopd_bench.runs.run import Row, Run
from caopd_bench.runs.stored.store import write_stored


@pytest.fixture
def store(tmp_path):
    """Write runs of some tasks, and give their folders."""

    def make(runs, tasks=1):
        for i in range(runs):
            rows = [
                Row(f"task {t}", f"q{k}", -1, {}, 0.5 + 0.1 * (k % 3), k % 2, "ok")
                for t in range(tasks)
                for k in range(6)
            ]
            write_stored(Run(f"run {i}", "", rows, {}), [], tmp_path / f"run{i}")
        return [str(tmp_path / f"run{i}") for i in range(runs)]

    return make


def refused(specs, tmp_path, capsys, *more):
    output = tmp_path / "page.html"
    assert main(["report", *specs, "-o", str(output), *more]) == 2
    assert not output.exists()
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.endswith("all numbers without a report: caopd-bench score RUN... --json FILE")
    return line


def test_too_many_runs_are_refused_before_any_is_read(tmp_path, capsys):
    line = refused([f"no-such-run-{i}" for i in range(MAX_RUNS + 1)], tmp_path, capsys)
    assert line.startswith(
        "caopd-bench report: 1,001 runs: a report has at most 1,000, since it tests every pair of "
        "them (500,500)"
    )


def test_as_many_as_are_allowed_have_no_more_pairs_than_are_allowed():
    assert MAX_RUNS * (MAX_RUNS - 1) // 2 <= MAX_PAIRS


def test_too_many_tasks_of_a_run_are_refused_before_their_intervals(
    store, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(entries, "MAX_CELLS", 5)
    monkeypatch.setattr(entries, "score", None)
    line = refused(store(1, tasks=6), tmp_path, capsys)
    assert "more than 5 tasks of runs: a page has a section for each; name one task" in line


def test_too_many_tasks_of_all_runs_are_refused_as_soon_as_it_is_seen(
    store, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(entries, "MAX_CELLS", 5)
    specs = [*store(3, tasks=2), "no-such-run"]
    assert "more than 5 tasks of runs" in refused(specs, tmp_path, capsys)


def test_too_many_pairs_are_refused_as_soon_as_it_is_seen(store, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(entries, "MAX_PAIRS", 5)
    specs = [*store(3, tasks=2), "no-such-run"]
    line = refused(specs, tmp_path, capsys)
    assert "the first 3 runs have 2 tasks and 6 pairs of runs of a task already" in line
    assert "a report tests at most 5; name one task (--task NAME)" in line


def test_a_task_that_is_named_is_within_the_limits(store, tmp_path, monkeypatch):
    monkeypatch.setattr(entries, "MAX_PAIRS", 3)
    monkeypatch.setattr(entries, "MAX_CELLS", 3)
    output = tmp_path / "page.html"
    words = ["report", *store(3, tasks=2), "--task", "task 1", "-o", str(output)]
    assert main(words) == 0
    assert output.exists()
