"""Nothing takes the product of two numbers that may both be large; counted, or as a ratio.

`tests/studies/measure_load.py` takes the times themselves, which depend on the machine.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pytest

from caopd_bench import read_run, score
from caopd_bench.cli import main
from caopd_bench.cli.score_tables import render_tables
from caopd_bench.runs.lm_eval.read import read_lm_eval
from caopd_bench.runs.note import Note
from caopd_bench.runs.records import render_json
from caopd_bench.runs.run import Row, Run

sys.path.insert(0, str(Path(__file__).parents[2] / "studies"))
import measure_load


class Counting(list):
    """Counts how often it is gone through."""

    passes = 0

    def __iter__(self):
        self.passes += 1
        return super().__iter__()


def make_run(tasks, rows=2, *, warn=False):
    """A run of many tasks, each of which has a warning of its own."""
    listed = Counting(
        Row(f"task {t}", f"q{k}", -1, {"level": k}, 0.5 + 0.25 * k, k, "ok")
        for t in range(tasks)
        for k in range(rows)
    )
    warnings = [Note(f"task {t}", "evaluated with parser 0") for t in range(tasks)] if warn else []
    settings = {f"task {t}": {"weights": "ab"} for t in range(tasks)}
    return Run("many", "", listed, {"model": "m", "tasks": settings}, warnings)


def test_the_rows_of_all_tasks_are_found_in_one_pass():
    run = make_run(300)
    for task in run.tasks:
        assert run.has(task)
        assert len(run.task_rows(task)) == run.count(task).n == 2
        assert run.group_keys(task) == ["level"]
        assert list(run.count_by(task, "level")) == [0, 1]
    assert run.rows.passes == 1


def test_a_copy_with_other_rows_knows_nothing_of_the_first():
    run = make_run(3, warn=True)
    assert len(run.tasks) == 3
    assert run.warnings_of("task 1") == [Note("task 1", "evaluated with parser 0")]
    other = replace(run, rows=run.task_rows("task 1"), warnings=(Note("task 1", "other"),))
    assert other.tasks == ["task 1"]
    assert other.count("task 1").n == 2
    assert other.task_rows("task 2") == []
    assert not other.has("task 2")
    assert other.warnings_of("task 1") == [Note("task 1", "other")]
    assert other != run
    assert replace(run, name="x") != run
    assert replace(other, name="many") == other


def test_what_is_given_can_be_changed_without_harm():
    run = make_run(2)
    run.task_rows("task 0").clear()
    run.count_by("task 0", "level").clear()
    run.tasks.clear()
    assert run.tasks == ["task 0", "task 1"]
    assert len(run.task_rows("task 0")) == len(run.count_by("task 0", "level")) == 2


def test_a_task_with_a_colon_has_the_warnings_that_begin_with_its_name():
    rows = [Row(task, "q", -1, {}, 0.5, 1, "ok") for task in ("a", "a:agreement", "b")]
    warnings = (
        Note("a", "one"),
        Note("a:agreement", "two"),
        Note(None, "b"),
        Note("ab", "three"),
        Note(None, "general: four"),
    )
    run = Run("r", "", rows, {}, warnings)
    found = {task: run.warnings_of(task) for task in (*run.tasks, "ab")}
    for task in run.tasks:
        assert found[task] == [w for w in warnings if str(w).startswith(f"{task}:")]
    assert found["ab"] == []


def seconds(work):
    """CPU seconds; the fastest of three, since a shared machine stalls."""
    best = float("inf")
    for _ in range(3):
        began = process_time()
        work()
        best = min(best, process_time() - began)
    return best


def render(tasks):
    """Give the work of printing the tables of many tasks, their numbers made once."""
    run = make_run(tasks, warn=True)
    of_one = score(make_run(1))
    records = [replace(record, task=task) for task in run.tasks for record in of_one]
    return lambda: [*render_tables([run], records, [], 0.95, "drop")]


def test_eight_times_the_tasks_are_printed_in_about_eight_times_the_time():
    few, many = (seconds(render(tasks)) for tasks in (250, 2000))
    assert many / few < 16  # 50 if each task looked at all


def test_four_times_the_tasks_are_read_in_about_four_times_the_time(tmp_path):
    results = [measure_load.write_tasks(tmp_path / str(n), n, rows=1) for n in (100, 400)]
    few, many = (seconds(lambda file=file: read_lm_eval(file)) for file in results)
    assert many / few < 8


def test_processes_that_share_the_work_change_no_number(monkeypatch):
    run = measure_load.make_groups(400, groups=12)
    alone = render_json(score(run, by=["g"]))
    monkeypatch.setattr("caopd_bench.core.process.share.WORTH", 0.0)
    used = []
    from caopd_bench.core.process import workers

    sharing = workers.sharing
    monkeypatch.setattr(workers, "sharing", lambda n: used.append(n) or sharing(n))
    assert render_json(score(run, by=["g"], workers=2)) == alone
    assert used == [2]


def test_little_work_is_not_shared_out(monkeypatch):
    monkeypatch.setattr("caopd_bench.core.process.workers.sharing", None)
    assert score(measure_load.make_groups(40, groups=3), by=["g"], workers=8)


@pytest.mark.parametrize("error", [OSError(38, "no semaphores"), NotImplementedError()])
def test_where_no_process_can_be_started_the_work_is_done_here(monkeypatch, error):
    def fails(_workers):
        raise error

    run = measure_load.make_groups(40, groups=3)
    alone = render_json(score(run, by=["g"]))
    monkeypatch.setattr("caopd_bench.core.process.share.WORTH", 0.0)
    monkeypatch.setattr("caopd_bench.core.process.workers.sharing", fails)
    assert render_json(score(run, by=["g"], workers=2)) == alone


@pytest.mark.parametrize("name", sorted(measure_load.CASES))
def test_what_is_measured_runs(name, tmp_path):
    """The script that measures the load cannot rot: each case, small."""
    words = measure_load.CASES[name](tmp_path, 3)
    assert main(words) in (0, 3)


def test_the_script_prints_a_row_a_case(tmp_path, capsys):
    measure_load.main(["--only", "score-groups", "--size", "3", "--work", str(tmp_path)])
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("| work | size |")
    assert out[2].startswith("| score-groups | 3 |")
    assert len(out) == 3


def test_its_inputs_are_what_they_say(tmp_path):
    words = measure_load.CASES["score-tasks"](tmp_path, 4)
    assert len(read_run(words[1]).tasks) == 4
    words = measure_load.CASES["score-groups"](tmp_path, 5)
    rows = [json.loads(line) for line in Path(words[1]).read_text().splitlines()]
    assert len(rows) == 5 * measure_load.ROWS_OF_GROUP
    assert len(np.unique([row["g"] for row in rows])) == 5
