"""Which log a path is: a folder with one log in it, and what is said of other folders."""

import json

import pytest

from caopd_bench import rescore
from caopd_bench.core.errors import UsageError
from caopd_bench.runs.lm_eval.find import find_results

ROW = {"response": "Answer: 4\nConfidence: 0.9", "gold": 4}
SAMPLE = {
    "doc_id": 0,
    "doc": {"q": "2 + 2"},
    "target": "4",
    "arguments": {"gen_args_0": {"arg_0": "2 + 2", "arg_1": {"until": ["Q:"]}}},
    "resps": [["Answer: 4\nConfidence: 0.9"]],
    "filtered_resps": ["4"],
    "filter": "none",
    "doc_hash": "a",
    "prompt_hash": "b",
    "target_hash": "c",
}
NAME = "samples_{}_2026-11-29T10-00-00.000001.jsonl"


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value) + "\n", encoding="utf-8")
    return path


def refused(path, **options):
    with pytest.raises(UsageError) as error:
        rescore(path, **options)
    return str(error.value)


@pytest.mark.parametrize("place", ["a.jsonl", "runs/m/a.jsonl"])
def test_the_only_log_of_a_folder_is_read(tmp_path, place):
    file = write(tmp_path / place, ROW)
    (tmp_path / "notes.txt").write_text("x")
    write(tmp_path / ".cache" / "b.jsonl", ROW)
    run = rescore(tmp_path)
    assert run.name == "a"
    assert [row.correct for row in run.rows] == [1]
    source = run.settings("logged")["source"]
    assert (source["set"], source["bytes"]) == ("a.jsonl", file.stat().st_size)


def test_several_logs_of_a_folder_are_named(tmp_path):
    files = [write(tmp_path / name, ROW) for name in ("a.jsonl", "b.jsonl")]
    assert refused(tmp_path) == "\n  ".join(
        [f"{tmp_path}: a folder with 2 logs; choose one:", *map(str, files)]
    )


def test_folders_without_a_log(tmp_path):
    assert refused(tmp_path).startswith(f"{tmp_path}: an empty folder; give a log (.jsonl, ")
    (tmp_path / "a.html").write_text("x")
    assert refused(tmp_path).endswith(f".json, .eval); it contains:\n  {tmp_path / 'a.html'}")


def test_a_log_that_is_not_read_says_so_in_its_folder_too(tmp_path):
    file = write(tmp_path / "q_allresults.json", {"score": 1, "htmls": ["x"], "convos": [[]]})
    assert refused(tmp_path) == refused(file)
    assert "looks like all results of simple-evals" in refused(file)


def test_a_file_of_another_kind(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("x")
    assert refused(file).endswith(".parquet, .json, .eval")


@pytest.mark.parametrize("folder", [".", "__data__runs__m"])
def test_samples_without_results_are_read(tmp_path, folder):
    file = write(tmp_path / folder / NAME.format("sums"), SAMPLE)
    run = rescore(tmp_path)
    assert [row.correct for row in run.rows] == [1]
    assert run.tasks == ["sums"]
    assert [row.item_hash for row in rescore(file).rows] == [row.item_hash for row in run.rows]
    with pytest.raises(UsageError, match=r"samples of lm-eval without .*rescore.*:\n  .*samples_"):
        find_results(tmp_path)
    with pytest.raises(UsageError, match="a samples file of lm-eval; give its folder"):
        find_results(file)


def test_of_samples_of_several_tasks_one_is_chosen(tmp_path):
    for task in ("sums", "more"):
        write(tmp_path / NAME.format(task), SAMPLE)
    assert refused(tmp_path).endswith("choose one by --task:\n  more\n  sums")
    assert rescore(tmp_path, task="sums").tasks == ["sums"]
    write(tmp_path / "b" / NAME.format("sums"), SAMPLE)
    assert "several samples files for one task; choose one:\n" in refused(tmp_path)


def test_a_letter_alone_answers_a_choice_of_a_task_of_other_people(tmp_path):
    sample = SAMPLE | {"target": "B", "resps": [["B"]]}
    rows = rescore(write(tmp_path / NAME.format("mc"), sample), kind="choice").rows
    assert [(row.correct, row.status) for row in rows] == [(1, "no_confidence")]
    doc = {"kind": "choice", "answer": "B", "item_hash": "h", "question": "q"}
    ours = sample | {"doc": doc, "metrics": ["bypass"]}
    rows = rescore(write(tmp_path / NAME.format("mc"), ours)).rows
    assert [(row.correct, row.status) for row in rows] == [(0, "no_answer")]
