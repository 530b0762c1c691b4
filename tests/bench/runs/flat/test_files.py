"""Flat files as runs: what is read from JSONL, CSV and Parquet, and how the rest is refused."""

import csv
import gzip
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from caopd_bench import read_run, score
from caopd_bench.runs.records import render_json

KINDS = ("jsonl", "jsonl.gz", "csv", "csv.gz", "parquet")
ROWS = [
    {"confidence": 0.9, "correct": 1, "item": "a", "level": 1, "topic": "sums, and more"},
    {"confidence": None, "correct": 0, "item": "b", "level": 10, "topic": 'say "x"\nor not'},
    {"confidence": 0.3, "correct": 0, "item": "c", "level": 2, "topic": "größer"},
]


def write(path, rows):
    """Write rows by the suffix of the path."""
    name = path.name
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(rows), path)
        return path
    opened = gzip.open if name.endswith(".gz") else open
    with opened(path, "wt", encoding="utf-8", newline="") as stream:
        if ".csv" in name:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        else:
            stream.write("".join(json.dumps(row) + "\n" for row in rows))
    return path


def pairs(n, *, seed=0, **columns):
    """Give n plain rows; a column is a function of the row's number."""
    rng = np.random.default_rng(seed)
    return [
        {
            "confidence": float(rng.choice([0.3, 0.5, 0.7, 0.9])),
            "correct": int(rng.integers(0, 2)),
            **{name: make(i) for name, make in columns.items()},
        }
        for i in range(n)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_gives_the_same_rows(tmp_path, kind):
    run = read_run(write(tmp_path / f"answers.{kind}", ROWS), by=["topic"])
    assert run.name == "answers"
    assert run.tasks == ["answers"]
    assert [row.confidence for row in run.rows] == [0.9, None, 0.3]
    assert [row.correct for row in run.rows] == [1, 0, 0]
    assert [row.status for row in run.rows] == ["ok", "no_confidence", "ok"]
    assert [row.item_hash for row in run.rows] == ["a", "b", "c"]
    assert [row.groups["level"] for row in run.rows] == [1, 10, 2]
    assert [row.groups["topic"] for row in run.rows] == [row["topic"] for row in ROWS]


@pytest.mark.parametrize("kind", KINDS)
def test_the_command(tmp_path, run, kind):
    file = write(tmp_path / f"answers.{kind}", ROWS)
    code, out, err = run("score", file, "--by", "level,topic")
    assert (code, err) == (0, "")
    format_ = {"j": "JSONL", "c": "CSV", "p": "Parquet"}[kind[0]]
    named = "'confidence', 'correct', 'item'"
    assert f"  answers: 3 rows from a {format_} file, columns {named}\n" in out
    assert "parse rate             0.667 " in out
    assert "accuracy               0.333 " in out
    assert [line.split()[0] for line in out.partition("by level\n")[2].splitlines()[1:4]] == [
        *("1", "2", "10")
    ]
    assert "answers by topic" in out
    assert "low parse rate, the numbers describe the parsed rows only: 1 no_confidence" in out


@pytest.mark.parametrize("kind", KINDS)
def test_shards_are_one_run(tmp_path, kind):
    rows = pairs(90)
    write(tmp_path / f"whole.{kind}", rows)
    whole = score(f"x={tmp_path}/whole.{kind}")
    folder = tmp_path / "shards"
    (folder / "deeper").mkdir(parents=True)
    for i, place in enumerate((folder, folder / "deeper", folder)):
        write(place / f"part-{i}.{kind}", rows[i::3])
    (folder / "_SUCCESS").write_text("")
    (folder / f".hidden.{kind}").write_text("no rows")
    (folder / "_old").mkdir()
    (folder / "_old" / f"copy-3.{kind}").write_text("no rows")
    assert render_json(score(f"x={folder}")) == render_json(whole)
    assert render_json(score(f"x={folder}/**/part-*.{kind}")) == render_json(whole)
    assert read_run(folder).name == "shards"
    assert read_run(f"{folder}/part-*").name == "part"


@pytest.mark.parametrize("kind", KINDS)
def test_column_names(tmp_path, run, refused, kind):
    renamed = [{"p": r["confidence"], "hit": r["correct"], "q": "a"} for r in pairs(6)]
    file = write(tmp_path / f"a.{kind}", renamed)
    message = refused("score", file)
    assert f"{file}: no column 'confidence'; it has 'p', 'hit', 'q'" in message
    assert "--confidence-column" in message
    options = ("--confidence-column", "p", "--correct-column", "hit", "--item-column", "q")
    code, out, err = run("score", file, *options)
    assert (code, err) == (0, "")
    assert "columns 'p', 'hit', 'q'" in out
    read = read_run(file, confidence="p", correct="hit", item="q")
    assert [row.sample for row in read.rows] == [*range(6)]
    assert "no column 'x'" in refused("score", file, *options[:5], "x")
    assert "--by" in refused("score", file, *options, "--by", "x")


def test_a_column_may_have_two_uses(tmp_path, run):
    file = write(tmp_path / "a.csv", pairs(20))
    code, out, _ = run("score", file, "--by", "confidence")
    assert code == 0
    assert "a by confidence" in out


@pytest.mark.parametrize("kind", KINDS)
def test_missing_counted_as_zero(tmp_path, run, kind):
    file = write(tmp_path / f"a.{kind}", ROWS)
    code, out, _ = run("score", file, "--missing", "zero")
    assert code == 0
    assert "missing confidences counted as 0" in out
    found = {record.metric: record for record in score(file, missing="zero")}
    assert found["brier"].estimate == pytest.approx((0.01 + 0 + 0.09) / 3)
    assert found["brier"].n == 3
    assert found["parse_rate"].estimate == pytest.approx(2 / 3)


# Every spelling of a missing confidence, in the formats that have it.
@pytest.mark.parametrize("text", ["", "NA", "nan", "NaN", "None", "null", '" "'])
def test_missing_in_csv(tmp_path, text):
    file = tmp_path / "a.csv"
    file.write_text(f"confidence,correct\n{text},1\n 0.5 ,True\n")
    assert [row.confidence for row in read_run(file).rows] == [None, 0.5]


def test_missing_in_jsonl(tmp_path):
    file = tmp_path / "a.jsonl"
    confidences = ["null", "NaN", '""', '"NA"']
    file.write_text("".join(f'{{"confidence": {c}, "correct": true}}\n' for c in confidences))
    assert {row.status for row in read_run(file).rows} == {"no_confidence"}


def test_lines_that_are_no_rows(tmp_path):
    """Blank lines, Windows line ends, a byte order mark, no final newline."""
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfconfidence,correct\r\n\r\n0.5,1\r\n0.7,0")
    row = b'{"confidence": 0.5, "correct": 1}'
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + row + b"\r\n  \r\n\n" + row)
    for name in ("a.csv", "a.jsonl"):
        assert len(read_run(tmp_path / name).rows) == 2


def test_numbers_of_every_type_in_parquet(tmp_path):
    arrow = {
        "float64": pa.array([0.7, None, 1.0]),
        "float32": pa.array([0.7, None, 1.0], pa.float32()),
        "float16": pa.array(np.array([0.7, np.nan, 1.0], np.float16)),
        "decimal": pa.array([0.7, None, 1.0], pa.float64()).cast(pa.decimal128(5, 2)),
        "text": pa.array(["0.7", None, "1"]),
        "dictionary": pa.array([0.7, None, 1.0]).dictionary_encode(),
    }
    outcomes = {
        "bool": pa.array([True, False, True]),
        "int8": pa.array([1, 0, 1], pa.int8()),
        "uint64": pa.array([1, 0, 1], pa.uint64()),
        "float": pa.array([1.0, 0.0, 1.0]),
        "text": pa.array(["true", "False", "1"]),
    }
    read = []
    for confidence in arrow.values():
        for correct in outcomes.values():
            pq.write_table(
                pa.table({"confidence": confidence, "correct": correct}), tmp_path / "a.parquet"
            )
            rows = read_run(tmp_path / "a.parquet").rows
            read.append([(row.confidence, row.correct) for row in rows])
    assert len(read) == 30
    assert all(rows == [(0.7, 1), (None, 0), (1.0, 1)] for rows in read)


def test_whole_numbers_in_parquet(tmp_path):
    table = pa.table({"confidence": [1, 0, 1], "correct": [1, 0, 0]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert [row.confidence for row in read_run(tmp_path / "a.parquet").rows] == [1.0, 0.0, 1.0]


GROUPS = {
    "numbers in text": (["10", "9", "9"], [9, 10]),
    "numbers": ([10, 9, 9.0], [9, 10]),
    "bool": ([True, False, True], ["false", "true"]),
    "nothing": (["a", None, ""], ["a"]),
    "text": (["b", "a", "01"], ["01", "a", "b"]),
}


@pytest.mark.parametrize(("values", "groups"), GROUPS.values(), ids=GROUPS)
def test_groups(tmp_path, values, groups):
    rows = [{**row, "g": value} for row, value in zip(pairs(3), values, strict=True)]
    run = read_run(write(tmp_path / "a.jsonl", rows), by="g")
    assert [*run.count_by("answers", "g")] == groups


def test_dates_are_groups(tmp_path):
    import datetime

    rows = [{**row, "day": datetime.date(2026, 11, 23)} for row in pairs(3)]
    run = read_run(write(tmp_path / "a.parquet", rows), by="day")
    assert [*run.count_by("answers", "day")] == ["2026-11-23"]


def test_rows_without_a_group_are_counted(tmp_path, run):
    rows = pairs(6, level=lambda i: None if i < 2 else 1)
    out = run("score", write(tmp_path / "a.jsonl", rows), "--by", "level")[1]
    assert "  (2 rows have no level)\n" in out


def test_a_question_that_was_asked_twice_is_a_cluster(tmp_path):
    once, twice = (
        score(f"x={write(tmp_path / f'{name}.jsonl', pairs(400, item=lambda i, k=k: i // k))}")
        for name, k in (("once", 1), ("twice", 2))
    )
    a, b = ({record.metric: record for record in found} for found in (once, twice))
    assert a["brier"].estimate == b["brier"].estimate
    assert not a["brier"].interval.startswith("cluster")
    assert b["brier"].interval.startswith("cluster")


def test_a_long_or_odd_name_of_a_question(tmp_path, run):
    names = ["q" * 100_000, "q" * 100_001, "a\0", "a", "\ud800", "7", 7]
    rows = pairs(7, item=names.__getitem__)
    file = write(tmp_path / "a.jsonl", rows)
    read = read_run(file).rows
    assert len({row.item_hash for row in read}) == 6
    assert max(len(row.item_hash) for row in read) <= 200
    assert [row.sample for row in read] == [0, 0, 0, 0, 0, 0, 1]
    assert run("score", file)[0] == 0


def test_flat_files_are_stored_and_read_back(tmp_path, run):
    file = write(tmp_path / "a.csv", pairs(60, item=lambda i: i // 2, level=lambda i: i % 3))
    code, out, err = run("score", file, "--by", "level", "--store", tmp_path / "stored")
    assert (code, err) == (0, "")
    assert run("score", tmp_path / "stored", "--by", "level")[1] == out


# (file name, content, what the message must say beside the path)
BAD = {
    "percent": ("a.csv", "confidence,correct\n0.5,1\n95,1\n", "line 3: confidence must be in [0"),
    "percent hint": ("a.csv", "confidence,correct\n95,1\n", "divide percentages by 100"),
    "percent sign": ("a.csv", "confidence,correct\n95%,1\n", "got '95%'; divide percentages by"),
    "barely": ("a.csv", "confidence,correct\n1.0001,1\n", "values above 1 are never clipped"),
    "negative": ("a.csv", "confidence,correct\n-1.2,1\n", "a log-probability needs exp() first"),
    "word": ("a.csv", "confidence,correct\nhigh,1\n", "got 'high'; write a number"),
    "underscore": ("a.csv", "confidence,correct\n0_9,1\n", "got '0_9'"),
    "other digits": ("a.csv", "confidence,correct\n٠.٩,1\n", "confidence must be in [0, 1]"),
    "infinity": ("a.csv", "confidence,correct\ninfinity,1\n", "got 'infinity'"),
    "formula": ("a.csv", "confidence,correct\n=1/2,1\n", "got '=1/2'"),
    "digits": ("a.csv", f"confidence,correct\n{'1' * 5000},1\n", "confidence must be in [0, 1]"),
    "no outcome": ("a.csv", "confidence,correct\n0.5,\n", "leave out the rows without a judgement"),
    "grade": ("a.csv", "confidence,correct\n0.5,0.5\n", "threshold graded answers first"),
    "yes": ("a.csv", "confidence,correct\n0.5,yes\n", "must be 0, 1, true or false, got 'yes'"),
    "fields": ("a.csv", "confidence,correct\n0.5,1,x\n", "line 2: 3 fields, but the header has 2"),
    "few fields": ("a.csv", "confidence,correct\n0.5\n", "line 2: 1 fields, but the header has 2"),
    "quote": ("a.csv", 'confidence,correct\n0.5,1\n"0.5,1\n0.6,1\n', "line 3: not CSV"),
    "after quote": ("a.csv", 'confidence,correct\n"0.5"x,1\n', "line 2: not CSV"),
    "semicolons": ("a.csv", "confidence;correct\n0.5;1\n", "separate fields with commas"),
    "twice": ("a.csv", "confidence,correct,correct\n0.5,1,1\n", "2 columns are named 'correct'"),
    "empty": ("a.csv", "", "empty"),
    "head only": ("a.csv", "confidence,correct\n", "contains no rows"),
    "empty lines": ("a.jsonl", "\n\n", "empty"),
    "cut off": ("a.jsonl", '{"confidence": 0.5, "corr', "line 1: not JSON (Unterminated string"),
    "array": ("a.jsonl", '[{"confidence": 0.5}]', "line 1: expected a JSON object"),
    "pretty": ("a.jsonl", '{\n  "confidence": 0.5\n}', "line 1: not JSON"),
    "two a line": ("a.jsonl", '{"confidence": 1} {"x": 1}', "line 1: not JSON (Extra data"),
    "Infinity": ("a.jsonl", '{"confidence": Infinity, "correct": 1}', "got inf; values above 1"),
    "huge": ("a.jsonl", '{"confidence": 1' + "0" * 400 + ', "correct": 1}', "got inf"),
    "many digits": ("a.jsonl", '{"x": ' + "1" * 5000 + "}", "a number of thousands of digits"),
    "bool": ("a.jsonl", '{"confidence": true, "correct": 1}', "got True"),
    "nested": ("a.jsonl", '{"confidence": [{"x": [0.5]}], "correct": 1}', "got [{'x': [0.5]}]"),
    "deep": ("a.jsonl", '{"confidence": ' + "[" * 100_000, "line 1: not JSON (too deep)"),
    "null outcome": ("a.jsonl", '{"confidence": 0.5, "correct": null}', "without a judgement"),
    "NaN outcome": ("a.jsonl", '{"confidence": 0.5, "correct": NaN}', "without a judgement"),
    "two": ("a.jsonl", '{"confidence": 0.5, "correct": 2}', "must be 0, 1, true or false, got 2"),
    "null item": ("a.jsonl", '{"confidence": 0.5, "correct": 1, "item": null}', "item must be"),
    "item": ("a.jsonl", '{"confidence": 0.5, "correct": 1, "item": [1]}', "got [1]"),
    "level": ("a.jsonl", '{"confidence": 0.5, "correct": 1, "level": {"a": 1}}', "to group by"),
    "essay": (
        "a.jsonl",
        '{"confidence": 0.5, "correct": 1, "level": "' + "x" * 10_000 + '"}',
        "level must be a number or a text of up to 200 characters",
    ),
    "other keys": (
        "a.jsonl",
        '{"confidence": 0.5, "correct": 1}\n{"confidence": 0.5}\n',
        "line 2: no 'correct'; write null where the value is missing",
    ),
}


@pytest.mark.parametrize(("name", "content", "said"), BAD.values(), ids=BAD)
def test_refused_in_one_line(tmp_path, refused, name, content, said):
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    message = refused("score", file)
    assert str(file) in message
    assert said in message
    assert len(message) < len(str(file)) + 300


BAD_BYTES = {
    "latin-1": (
        "a.csv",
        "confidence,correct,x\n0.5,1,größer\n".encode("latin-1"),
        "line 2: not UT",
    ),
    "UTF-16": ("a.csv", "confidence,correct\n0.5,1\n".encode("utf-16"), "line 1: not UTF-8 text"),
    "binary": ("a.csv", b"confidence,correct\n" + bytes(range(128, 256)), "line 2: not UT"),
    "zeros": ("a.jsonl", b"\0" * 100, "line 1: not JSON"),
    "not gzip": ("a.jsonl.gz", b'{"confidence": 1}', "damaged or cut off after line 0"),
    "cut gzip": ("a.csv.gz", gzip.compress(b"confidence,correct\n" * 99)[:-9], "damaged or cut"),
    "not Parquet": ("a.parquet", b"PAR1 and more PAR1", "not readable as Parquet"),
    "no Parquet": ("a.parquet", b"", "not readable as Parquet"),
}


@pytest.mark.parametrize(("name", "content", "said"), BAD_BYTES.values(), ids=BAD_BYTES)
def test_damaged_files(tmp_path, refused, name, content, said):
    file = tmp_path / name
    file.write_bytes(content)
    message = refused("score", file)
    assert str(file) in message
    assert said in message


def test_a_line_without_end(tmp_path, refused, monkeypatch):
    monkeypatch.setattr("caopd_bench.runs.flat.rows.MAX_TEXT", 1000)
    monkeypatch.setattr("caopd_bench.core.files.packed.MAX_LINE", 1000)
    good = b'{"confidence": 0.5, "correct": 1}\n'
    with gzip.open(tmp_path / "a.jsonl.gz", "wb") as stream:
        stream.write(good + b" " * 100_000 + good)
    assert "line 2: longer than 1,000 bytes; write one row per line" in refused(
        "score", tmp_path / "a.jsonl.gz"
    )
    # A quote that is never closed swallows the lines after it.
    (tmp_path / "a.csv").write_bytes(b'confidence,correct\n0.5,1\n"0.5,1\n' + b"0.6,1\n" * 500)
    message = refused("score", tmp_path / "a.csv")
    assert "line 3: a row of more than 1,000 characters; is a closing quote missing?" in message


def test_long_texts_are_no_trouble(tmp_path):
    """Whole responses stand in columns that are not read."""
    rows = pairs(5, response=lambda _: 'He said: "yes,\nno"\n' * 50_000)
    for name in ("a.csv", "a.jsonl"):
        assert len(read_run(write(tmp_path / name, rows)).rows) == 5
    assert csv.field_size_limit() == 131072


BAD_PARQUET = {
    "percent": ({"confidence": [0.5, 95.0], "correct": [1, 1]}, "row 2: confidence must be in"),
    "bool": ({"confidence": [True], "correct": [1]}, "row 1: confidence must be in [0, 1]"),
    "whole": ({"confidence": [90], "correct": [1]}, "divide percentages by 100"),
    "list": ({"confidence": [[0.5]], "correct": [1]}, "got [0.5]"),
    "struct": ({"confidence": [{"p": 0.5}], "correct": [1]}, "got {'p': 0.5}"),
    "date": ({"confidence": np.array(["2026-11-23"], "M8[D]"), "correct": [1]}, "got datetime"),
    "outcome": ({"confidence": [0.5, 0.5], "correct": [1, None]}, "row 2: correct must be 0, 1"),
    "grade": ({"confidence": [0.5], "correct": [0.5]}, "threshold graded answers first"),
    "item": ({"confidence": [0.5], "correct": [1], "item": [0.5]}, "item must be text or a whole"),
    "level": ({"confidence": [0.5], "correct": [1], "level": [[1]]}, "row 1: level must be a"),
}


@pytest.mark.parametrize(("columns", "said"), BAD_PARQUET.values(), ids=BAD_PARQUET)
def test_parquet_of_wrong_types(tmp_path, refused, columns, said):
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), file)
    message = refused("score", file)
    assert f"{file} row " in message
    assert said in message


def test_parquet_text_that_is_no_text(tmp_path, refused):
    bad = pa.array([b"\xff\xfe"], pa.binary()).cast(pa.string(), safe=False)
    table = pa.table({"confidence": [0.5], "correct": [1], "item": bad})
    pq.write_table(table, tmp_path / "a.parquet")
    assert "not readable as Parquet" in refused("score", tmp_path / "a.parquet")


def test_without_pyarrow(tmp_path, refused, monkeypatch):
    file = write(tmp_path / "a.parquet", pairs(3))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert 'Parquet needs pyarrow; pip install "caopd-bench[parquet]"' in refused("score", file)


def test_shards_that_do_not_fit(tmp_path, refused):
    write(tmp_path / "1.csv", pairs(3))
    (tmp_path / "2.csv").write_text("confidence,right\n0.5,1\n")
    assert f"{tmp_path}/2.csv: no column 'correct'" in refused("score", tmp_path)
    write(tmp_path / "2.csv", pairs(3))
    write(tmp_path / "3.jsonl", pairs(3))
    assert "contains 2 CSV, 1 JSONL files; select one kind" in refused("score", tmp_path)


def test_shards_may_order_columns_and_spell_values_each_its_own_way(tmp_path):
    (tmp_path / "0.csv").write_text("")  # a shard that got nothing
    (tmp_path / "1.csv").write_text("confidence,correct,item\n0.5,1,7\n")
    (tmp_path / "2.csv").write_text("other,item,correct,confidence\nx,7,true,\n")
    (tmp_path / "3.csv").write_text("correct,confidence,item\n")
    rows = read_run(tmp_path).rows
    assert [(r.confidence, r.correct, r.item_hash) for r in rows] == [(0.5, 1, "7"), (None, 1, "7")]


def test_a_folder_of_lm_eval_is_no_flat_file(mixed):
    """Its samples are JSONL too; a CSV beside them changes nothing."""
    before = read_run(mixed).rows
    write(mixed / "notes.csv", pairs(3))
    assert read_run(mixed).rows == before


def test_a_pattern_that_matches_nothing(tmp_path, refused):
    assert "no such file or folder" in refused("score", tmp_path / "*.csv")
    (tmp_path / "a.txt").write_text("")
    assert "a file of rows (.jsonl, .csv, .parquet)" in refused("score", tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Qwen2.5-7B.jsonl", "Qwen2.5-7B"),
        ("Llama-3.1-8B.csv", "Llama-3.1-8B"),
        ("v1.0.jsonl.gz", "v1.0"),
        ("Llama-3.2-1B.rows.csv", "Llama-3.2-1B.rows"),
    ],
)
def test_a_name_keeps_what_follows_a_dot(tmp_path, name, expected):
    assert read_run(write(tmp_path / name, pairs(5))).name == expected


def test_a_folder_and_a_pattern_keep_it_too(tmp_path):
    folder = tmp_path / "Llama-3.1-8B"
    folder.mkdir()
    write(folder / "part-1.5.jsonl", pairs(5))
    assert read_run(folder).name == "Llama-3.1-8B"
    assert read_run(f"{folder}/*.jsonl").name == "Llama-3.1-8B"
    assert read_run(f"{folder}/part-1.*").name == "part-1"


COMMANDS = {
    "score": ["score", "{a}", "{b}"],
    "compare": ["compare", "{a}", "{b}"],
    "compare --unpaired": ["compare", "{a}", "{b}", "--unpaired"],
    "gate": ["gate", "{b}", "--reference", "{a}"],
    "gate --plan": ["gate", "--plan", "--reference", "{a}"],
    "report": ["report", "{a}", "{b}", "-o", "{t}/r.html", "--samples", "all"],
    "baseline": ["baseline", "init", "{a}", "--output", "{t}/ref", "--reason", "first"],
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_every_command_takes_the_columns_that_its_hint_names(tmp_path, run, words):
    rows = pairs(60, item=lambda i: f"q{i}")
    renamed = [{"p": r["confidence"], "hit": r["correct"], "q": r["item"]} for r in rows]
    names = {"a": tmp_path / "a.jsonl", "b": tmp_path / "b.jsonl", "t": tmp_path}
    for name in "ab":
        write(names[name], renamed)
    given = [word.format(**names) for word in words]
    code, _, err = run(*given)
    assert code == 2
    assert "choose one with --confidence-column" in err
    options = ["--confidence-column", "p", "--correct-column", "hit", "--item-column", "q"]
    code, _, err = run(*given, *options, "--decimals", "3")
    assert code in (0, 3)
    assert "unrecognized" not in err


@pytest.mark.parametrize(
    ("names", "hint"),
    [
        (("question", "response", "gold"), "it contains answers: caopd-bench rescore {file}"),
        (("id", "completion", "label"), "if it contains answers: caopd-bench rescore {file}"),
        (("id", "p", "hit"), None),
    ],
)
def test_rescore_is_named_where_it_fits(tmp_path, refused, names, hint):
    file = write(tmp_path / "a.jsonl", [dict.fromkeys(names, "x")])
    said = refused("score", file)
    assert "no column 'confidence'" in said
    assert ("caopd-bench rescore" in said) == bool(hint)
    assert (hint or "").format(file=file) in said


def test_a_log_of_answers_is_no_run(tmp_path, refused):
    file = tmp_path / "log.eval"
    file.write_bytes(b"PK")
    assert f"caopd-bench rescore {file} judges the answers" in refused("score", file)
