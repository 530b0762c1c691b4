"""lm-eval's logs: groups by columns of documents, tasks without samples, means of groups."""

import json

from caopd_bench import read_run

from .conftest import choice

TEXTS = ["red", "green", "a blue one"]


def topics(count=12, **more):
    """Lines of questions on two topics."""
    return [
        choice(
            i,
            [-1.0 - i % 3, -2.0, -3.0],
            i % 2,
            TEXTS,
            doc={"question": f"Q{i}?", "choices": TEXTS, "topic": "ab"[i % 2], "size": i, **more},
        )
        for i in range(count)
    ]


def test_rows_are_grouped_by_a_column_of_the_documents(write_run, run):
    folder = write_run({"quiz": topics()})
    code, out, _ = run("score", folder, "--by", "topic")
    assert code == 0
    assert "by topic" in out
    assert {row.groups["topic"] for row in read_run(folder, by=["topic"]).rows} == {"a", "b"}
    # Not asked for, they are in no row.
    assert all(not row.groups for row in read_run(folder).rows)
    other = write_run({"quiz": topics()}, "other")
    assert "by topic" in run("compare", folder, other, "--by", "topic")[1]


def test_lines_that_are_parsed_whole_have_the_same_groups(write_run):
    lines = topics()
    quick = read_run(write_run({"quiz": lines}), by=["topic", "size"]).rows
    turned = [dict(reversed(line.items())) for line in lines]
    slow = read_run(write_run({"quiz": turned}, "turned"), by=["topic", "size"]).rows
    assert [row.groups for row in quick] == [row.groups for row in slow]
    assert quick[3].groups == {"topic": "b", "size": 3}


def test_a_name_that_json_escapes_is_found(write_run):
    lines = topics(**{"sujet é": "x"})
    folder = write_run({"quiz": lines})
    (file,) = folder.rglob("samples_*.jsonl")
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))  # \u00e9
    assert {row.groups["sujet é"] for row in read_run(folder, by=["sujet é"]).rows} == {"x"}


def test_a_column_that_is_not_there(write_run, run, refused):
    folder = write_run({"quiz": topics()})
    for command in (["score", folder], ["compare", folder, write_run({"quiz": topics()}, "b")]):
        code, _, message = run(*command, "--by", "domain_of")
        assert code == 2
        assert "task quiz: --by domain_of: no document has a word or a number in" in message
        assert "'question', 'topic', 'size'" in message
    # A list is no group.
    assert "--by choices: no document" in refused("score", folder, "--by", "choices")


def test_a_task_whose_samples_are_missing_is_named(write_run, run, refused):
    folder = write_run({"quiz": topics(), "other": topics(), "text": topics()})
    for task in ("other",):
        next(folder.rglob(f"samples_{task}_*.jsonl")).unlink()
    code, out, _ = run("score", folder)
    assert code == 0
    assert "other: in the results, but its samples file is missing" in out
    assert "its samples file is missing" in refused("score", folder, "--task", "other")


def test_many_tasks_without_samples_are_counted(write_run, run):
    folder = write_run({f"quiz_{i}": topics(2) for i in range(9)})
    for i in range(1, 9):
        next(folder.rglob(f"samples_quiz_{i}_*.jsonl")).unlink()
    out = run("score", folder)[1]
    assert "5 more tasks: in the results" in out


def test_no_task_left_names_what_is_missing(write_run, refused):
    texts = [
        choice(i, [-1.0, -2.0], 0, TEXTS[:2], filtered_resps=["4"], resps=[["4"]]) for i in range(3)
    ]
    folder = write_run({"quiz": topics(), "free": texts})
    next(folder.rglob("samples_quiz_*.jsonl")).unlink()
    assert "quiz: in the results, but its samples file" in refused("score", folder)


def _grouped(write_run, given, name="run"):
    tasks = {"m_a": topics(1), "m_b": topics(12)}
    return write_run(
        tasks,
        name,
        group_subtasks={"m": ["m_a", "m_b"]},
        groups={"m": {"acc,none": given}},
    )


def test_the_mean_of_subtasks_is_named_only_where_it_is_the_number(write_run, run):
    rows = read_run(_grouped(write_run, 0.5)).rows
    by_task = {
        task: [row.correct for row in rows if row.task == "m" and row.groups["subtask"] == task]
        for task in ("m_a", "m_b")
    }
    of_tasks = sum(sum(one) / len(one) for one in by_task.values()) / 2
    of_rows = sum(map(sum, by_task.values())) / 13
    assert abs(of_tasks - of_rows) > 1e-3
    out = run("score", _grouped(write_run, of_tasks, "equal"))[1]
    assert "lm-eval's is the mean of the subtasks, all with the same weight" in out
    out = run("score", _grouped(write_run, 0.0123, "edited"))[1]
    assert "the mean of the subtasks differs too" in out
    assert "same weight" not in out
    assert "mean of its questions" not in run("score", _grouped(write_run, of_rows, "rows"))[1]
