"""Columns by path, and the names of runs."""

import json

import pytest

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.rescore import rescore

TEXT = "Answer: {}\nConfidence: 0.5"
OUT = {"choices": [{"text": TEXT.format(4)}]}
ROWS = [
    {"vars": {"gold": 4, "q": "2 + 2?"}, "out": OUT, "m": {"lv": 1}},
    {"vars": {"gold": 5, "q": "2 + 3?"}, "out": OUT, "m": {"lv": 2}},
    {"vars": {"gold": 6, "q": "2 + 3?"}, "out": None, "m": {}},
]
NAMES = {"response": "out.choices.0.text", "gold": "vars.gold"}


def write(path, rows=ROWS):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_paths_lead_into_objects_and_lists(tmp_path):
    run = rescore(write(tmp_path / "a.jsonl"), **NAMES, item="vars.q", by=["m.lv"])
    assert [row.correct for row in run.rows] == [1, 0, 0]
    assert [row.status for row in run.rows] == ["ok", "ok", "api_error"]
    assert [row.groups for row in run.rows] == [{"m.lv": 1}, {"m.lv": 2}, {}]


def test_paths_lead_into_structs_of_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{"vars": r["vars"], "out": {"text": TEXT.format(4)}} for r in ROWS]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    run = rescore(tmp_path / "a.parquet", response="out.text", gold="vars.gold")
    assert [row.correct for row in run.rows] == [1, 0, 0]


def test_a_column_of_that_name_comes_first(tmp_path):
    rows = [{"response": TEXT.format(4), "vars": {"gold": 5}, "vars.gold": 4}]
    run = rescore(write(tmp_path / "a.jsonl", rows), gold="vars.gold")
    assert run.rows[0].correct == 1


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"gold": "vars.gld"}, "no column or path 'vars.gld'; it has 'vars.gold', 'vars.q', 'out"),
        ({"gold": "gold"}, "no column 'gold'; it has 'vars.gold', 'vars.q'"),
        ({"gold": "vars.gold.x"}, "no column or path 'vars.gold.x'"),
        (
            {"response": "out.choices.1.text"},
            "no column or path 'out.choices.1.text'; 'out.choices' is a list of 1, counted from 0: "
            "'out.choices.0'",
        ),
        ({"response": "out.choices.text"}, "'out.choices' is a list of 1, counted from 0"),
        ({"response": "out.choices"}, "line 1: out.choices must be text or null"),
        ({"response": "out.choices"}, "; texts in it: 'out.choices.0.text'"),
        ({"item": "vars"}, "; texts in it: 'vars.q'"),
    ],
)
def test_a_wrong_path_is_told_with_those_there_are(tmp_path, names, said):
    with pytest.raises(UsageError) as caught:
        rescore(write(tmp_path / "a.jsonl"), **{**NAMES, **names})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_path_in_parquet_is_told_with_the_paths_of_all_columns(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{"vars": r["vars"], "meta": {"qid": 1}, "response": "x"} for r in ROWS]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    with pytest.raises(UsageError, match=r"no column or path 'vars.gld'; it has .*'meta.qid'"):
        rescore(tmp_path / "a.parquet", gold="vars.gld")


def test_an_empty_list_is_told(tmp_path):
    rows = [{"out": {"choices": []}, "gold": 4}]
    with pytest.raises(UsageError, match=r"'out.choices' is an empty list"):
        rescore(write(tmp_path / "a.jsonl", rows), response="out.choices.0.text")


def test_the_longest_texts_of_a_long_list_are_named_in_bounded_time(tmp_path):
    message = {"role": "assistant", "content": TEXT.format(4)}
    rows = [{"out": [{"message": message}, *[{"a.b": "x" * 99}] * 5000], "gold": 4}]
    with pytest.raises(UsageError) as caught:
        rescore(write(tmp_path / "a.jsonl", rows), response="out")
    said = str(caught.value)
    assert said.endswith("texts in it: 'out.0.message.content', 'out.0.message.role'")
    assert rescore(tmp_path / "a.jsonl", response="out.0.message.content").rows[0].correct == 1


@pytest.mark.parametrize("mark", [";", "\t"])
def test_a_csv_with_other_separators_is_told(tmp_path, mark):
    file = tmp_path / "a.csv"
    file.write_text(mark.join(["id", "response", "gold"]) + f"\n1{mark}yes, 5, or so{mark}5\n")
    with pytest.raises(UsageError, match=r"only one column, .*; separate fields with commas$"):
        rescore(file)


def test_a_path_that_ends_in_a_later_row_is_no_failed_request(tmp_path):
    rows = [ROWS[0], {**ROWS[1], "out": {"choices": []}}]
    with pytest.raises(UsageError, match=r"line 2: no 'out.choices.0.text'; write null"):
        rescore(write(tmp_path / "a.jsonl", rows), **NAMES)


@pytest.mark.parametrize(
    ("file", "name"),
    [("Qwen2.5-7B.jsonl", "Qwen2.5-7B"), ("Llama-3.1.jsonl.gz", "Llama-3.1"), ("a.b.csv", "a.b")],
)
def test_a_name_keeps_what_follows_a_dot(tmp_path, file, name):
    import gzip

    path = tmp_path / file
    if file.endswith(".csv"):
        path.write_text("response,gold\nAnswer: 1,1\n")
    else:
        line = json.dumps({"response": TEXT.format(1), "gold": 1}) + "\n"
        path.write_bytes(gzip.compress(line.encode()) if file.endswith("gz") else line.encode())
    assert rescore(path).name == name
