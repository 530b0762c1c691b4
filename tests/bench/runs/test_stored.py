"""A stored run gives back what was stored, or says in one line what is wrong with it."""

import gzip
import json
import os
from dataclasses import replace

import pytest

from caopd_bench import read_run, score
from caopd_bench.core.errors import UsageError
from caopd_bench.runs.note import Note
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.tasks.read.parse import PARSER_VERSION


@pytest.fixture
def stored(mixed, tmp_path):
    run = read_run(mixed)
    write_stored(run, score(run), tmp_path / "stored")
    return tmp_path / "stored"


def _rows(folder):
    text = gzip.decompress((folder / "rows.jsonl.gz").read_bytes()).decode()
    return [json.loads(line) for line in text.splitlines()]


def _write_rows(folder, rows):
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "rows.jsonl.gz").write_bytes(gzip.compress(lines.encode()))


def _edit_summary(folder, **changes):
    file = folder / "summary.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_everything_comes_back(mixed, tmp_path):
    run = read_run(f"mine={mixed}")
    write_stored(run, score(run), tmp_path / "stored", with_text=True)
    back = read_run(tmp_path / "stored")
    assert back.rows == run.rows
    assert back.provenance == run.provenance
    assert (back.name, back.warnings) == ("mine", run.warnings)
    # NaN is not equal to itself, but its text is.
    assert repr(score(back, by=["level"])) == repr(score(run, by=["level"]))


def test_the_summary_holds_the_records(stored):
    summary = json.loads((stored / "summary.json").read_text())
    records = {record["metric"]: record for record in summary["records"]}
    assert records["accuracy"]["estimate"] == 0.6
    assert records["exemplar_copies"]["n"] == 4
    assert records["accuracy"]["interval"] == "wilson 95%"
    assert summary["level"] == 0.95
    assert summary["provenance"]["tasks"]["caopd_math_conf"]["parser_version"] == PARSER_VERSION


def test_the_summary_says_the_level(mixed, run, tmp_path):
    run("score", mixed, "--store", tmp_path / "s", "--level", "0.8")
    summary = json.loads((tmp_path / "s" / "summary.json").read_text())
    assert summary["level"] == 0.8
    assert {r["interval"] for r in summary["records"] if r["metric"] == "accuracy"} == {
        "wilson 80%"
    }


def test_the_same_rows_give_the_same_bytes(mixed, samples_of, run, tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    run("score", mixed, "--store", a)
    os.utime(samples_of(mixed), (1, 1))
    run("score", mixed, "--store", b)
    run("score", a, "--store", a)  # reading a stored run and storing it again changes nothing
    for name in ("rows.jsonl.gz", "summary.json"):
        assert (a / name).read_bytes() == (b / name).read_bytes()
    assert (a / "rows.jsonl.gz").read_bytes()[4:8] == bytes(4)  # no time in the gzip header
    assert sorted(file.name for file in a.iterdir()) == ["rows.jsonl.gz", "summary.json"]


def test_text_is_kept_only_on_request(make_run, run, tmp_path):
    folder = make_run([(0.9, 1, "ok", "a SECRET thought\nAnswer: 5\nConfidence: 0.9")])
    run("score", folder, "--store", tmp_path / "stored")
    assert "SECRET" not in json.dumps(_rows(tmp_path / "stored"))
    assert "SECRET" not in (tmp_path / "stored" / "summary.json").read_text()
    assert _rows(tmp_path / "stored")[0]["stated"] == "0.9"
    assert not {"question", "gold"} & set(_rows(tmp_path / "stored")[0])
    run("score", folder, "--store", tmp_path / "stored", "--text")
    (row,) = _rows(tmp_path / "stored")
    assert "SECRET" in row["text"]
    assert (row["question"], row["gold"]) == ("What is 0 + 0?", "0")
    assert read_run(tmp_path / "stored").rows == read_run(folder).rows


def test_summary_without_rows(stored, refused):
    (stored / "rows.jsonl.gz").unlink()
    assert "a stored run without rows.jsonl.gz; store the run again" in refused("score", stored)


def test_rows_without_summary(stored, refused):
    (stored / "summary.json").unlink()
    assert "a stored run without summary.json; store the run again" in refused("score", stored)


@pytest.mark.parametrize("where", ["header", "middle", "end", "flipped"])
def test_damaged_rows(stored, refused, where):
    file = stored / "rows.jsonl.gz"
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    if where == "flipped":
        content[middle] ^= 0xFF
    else:
        content = content[: {"header": 5, "middle": middle, "end": -4}[where]]
    file.write_bytes(content)
    message = refused("score", stored)
    assert f"{file}: damaged or cut off" in message
    assert "; store the run again" in message


# Named: a gzip file holds the second it was made in, and so would the test's name.
@pytest.mark.parametrize("content", [b"", gzip.compress(b"")], ids=["nothing", "no lines"])
def test_no_rows(stored, refused, content):
    (stored / "rows.jsonl.gz").write_bytes(content)
    assert "holds no rows" in refused("score", stored)


@pytest.mark.parametrize(
    "content",
    [b"hello", b"\x1f\x8b", gzip.compress(b"\xff\xfe")],
    ids=["text", "two bytes of gzip", "no text"],
)
def test_rows_that_are_something_else(stored, refused, content):
    (stored / "rows.jsonl.gz").write_bytes(content)
    assert "damaged or cut off" in refused("score", stored)


@pytest.mark.parametrize("content", ["{", "[" * 100_000, "1" * 5000, ""])
def test_summary_that_is_not_json(stored, refused, content):
    (stored / "summary.json").write_text(content)
    message = refused("score", stored)
    assert f"{stored / 'summary.json'}: not complete JSON; store the run again" in message


@pytest.mark.parametrize("content", ["[]", "{}", '{"accuracy": 0.9}', "null"])
def test_a_foreign_summary(stored, refused, content):
    (stored / "summary.json").write_text(content)
    message = refused("score", stored)
    assert str(stored / "summary.json") in message
    assert "not a stored run" in message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 2}, "format: Input should be 1"),
        ({"name": 5}, "name: "),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
        ({"warnings": "one"}, "warnings: "),
    ],
)
def test_a_summary_of_other_types(stored, refused, changes, said):
    _edit_summary(stored, **changes)
    assert said in refused("score", stored)


@pytest.mark.parametrize(
    "provenance",
    [
        {},
        {"tasks": []},
        {"tasks": {"caopd_math_conf": 5}},
        {"tasks": {"caopd_math_conf": {"num_fewshot": "4", "exemplars": "a", "weights": [1]}}},
        {"model": {"a": [1]}, "backend": ["x\n"], "gen_kwargs": "x", "tasks": None},
    ],
)
def test_provenance_of_another_shape(stored, run, provenance):
    _edit_summary(stored, provenance=provenance)
    code, out, err = run("score", stored, stored)
    assert code == 0
    # A text where settings should be may be anything, a key too.
    assert all(
        line.startswith("warning: ") and "may contain secrets" in line for line in err.splitlines()
    )
    assert "tiny: 5 rows, no exemplars, no chat template, backend " in out


def test_stored_names_and_warnings_are_data(mixed, run, tmp_path):
    long = "w\n\x1b" * 500
    kept = read_run(mixed)
    task = "a\nb\x1b"
    rows = [
        replace(row, task=task, groups={**row.groups, "family": "x\n\x1b[2J"}) for row in kept.rows
    ]
    warnings = (Note(None, long), Note("a\nb\x1b", long))
    kept = replace(kept, name="n\n\x1b[31m\udc80", rows=rows, warnings=warnings)
    stored = tmp_path / "stored"
    write_stored(kept, [], stored)
    plain = run("score", stored, "--by", "family")[1].splitlines()
    assert not any("\x1b" in line for line in plain)
    assert plain[:2] == [r"a\nb\x1b", next(x for x in plain if r"  n\n\x1b[31m\udc80: 5 " in x)]
    assert sum(r"w\n\x1bw" in line for line in plain) == 2
    assert max(map(len, plain)) < 1500
    assert run("score", stored, stored)[0] == 0


def test_a_row_that_cannot_be_stored(mixed, tmp_path):
    run = read_run(mixed)
    rows = [replace(run.rows[0], groups={"level": float("nan")})]
    with pytest.raises(
        UsageError, match=r"a row of caopd_math_conf cannot be stored: groups.level"
    ):
        write_stored(replace(run, rows=rows), [], tmp_path / "new")
    assert not (tmp_path / "new").exists()


BAD_ROWS = {
    "percent": ({"confidence": 95.0}, "confidence: "),
    "string": ({"confidence": "0.9"}, "confidence: "),
    "bool": ({"confidence": True}, "confidence: "),
    "NaN": ({"confidence": float("nan")}, "confidence: "),
    "half": ({"correct": 0.5}, "correct: Input should be 0 or 1"),
    "status": ({"status": "fine"}, "status: "),
    "ok without": ({"confidence": None}, "status 'ok' with confidence None"),
    "extra": ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
    "sample": ({"sample": "first"}, "sample: "),
    "groups": ({"groups": {"level": [1]}}, "groups.level"),
}


@pytest.mark.parametrize(("changes", "said"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_named(stored, refused, changes, said):
    rows = _rows(stored)
    rows[1].update(changes)
    _write_rows(stored, rows)
    message = refused("score", stored)
    assert f"{stored / 'rows.jsonl.gz'} line 2: " in message
    assert said in message


@pytest.mark.parametrize("row", [[1, 2], {}, "row", None])
def test_a_row_that_is_something_else(stored, refused, row):
    _write_rows(stored, [row])
    assert "line 1: " in refused("score", stored)


@pytest.mark.parametrize("line", [b'{"run": "a', b"[" * 100_000, b"1" * 5000])
def test_a_row_that_is_not_json(stored, refused, line):
    (stored / "rows.jsonl.gz").write_bytes(gzip.compress(line))
    assert "line 1: not complete JSON; store the run again" in refused("score", stored)


@pytest.mark.parametrize("failing", [1, 2])
def test_a_full_disk_leaves_the_old_run(stored, make_run, run, monkeypatch, failing):
    before = {file.name: file.read_bytes() for file in stored.iterdir()}
    other = make_run([(0.1, 0)], "other")
    write, calls = os.write, []

    def fail(handle, content):
        calls.append(handle)
        if len(calls) == failing:
            write(handle, content[:10])
            raise OSError(28, "No space left on device")
        return write(handle, content)

    monkeypatch.setattr("caopd_bench.core.files.write.os.write", fail)
    code, out, err = run("score", other, "--store", stored)
    monkeypatch.undo()
    assert (code, out) == (5, "")
    assert err == f"caopd-bench score: {stored}: cannot be written (No space left on device)\n"
    assert {file.name: file.read_bytes() for file in stored.iterdir()} == before
    assert not [file.name for file in stored.parent.iterdir() if file.name.startswith(".stored")]
    assert len(read_run(stored).rows) == 5


def test_what_a_stopped_command_left_is_in_nobodys_way(mixed, stored, run):
    for name in ("rows.jsonl.gz.part", "summary.json.part", ".summary.json.0123abcd.part"):
        (stored / name).write_bytes(b"half")
    beside = stored.with_name(".stored.0123abcd.part")
    beside.mkdir()
    (beside / "rows.jsonl.gz").write_bytes(b"half")
    assert run("score", stored)[0] == 0
    assert run("score", mixed, "--store", stored)[0] == 0
    assert sorted(file.name for file in stored.iterdir()) == ["rows.jsonl.gz", "summary.json"]
    assert not beside.exists()


def test_store_refuses_a_file(mixed, refused, tmp_path):
    (tmp_path / "file").write_text("mine")
    assert "is a file; --store takes a folder" in refused(
        "score", mixed, "--store", tmp_path / "file"
    )
    assert (tmp_path / "file").read_text() == "mine"


def test_another_run_is_not_overwritten(mixed, tmp_path):
    run = read_run(f"mine={mixed}")
    write_stored(run, score(run), tmp_path / "stored")
    write_stored(run, score(run), tmp_path / "stored")
    other = read_run(f"other={mixed}")
    with pytest.raises(UsageError, match="contains the stored run 'mine', not 'other'"):
        write_stored(other, score(other), tmp_path / "stored")
    assert read_run(tmp_path / "stored").name == "mine"


def test_rows_that_do_not_fit_their_texts_are_not_stored(
    mixed, samples_of, edit_sample, run, tmp_path
):
    """Every reader would refuse them, and storing them again would change nothing."""
    file = samples_of(mixed)
    samples = [json.loads(line) for line in file.read_text().splitlines()]
    for sample in samples:
        sample["doc"]["kind"] = "number"
    file.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    edit_sample(mixed, 1, confidence=0.4, ece=[0.4, 1.0], brier=[0.4, 1.0])
    assert run("score", mixed)[0] == 0
    code, out, err = run("score", mixed, "--store", tmp_path / "stored")
    assert (code, out) == (4, "")
    assert "rows do not match their texts, 3 of 5" in err
    assert not (tmp_path / "stored").exists()
    assert run("score", mixed, "--reparse", "--store", tmp_path / "stored")[0] == 0
    assert run("score", tmp_path / "stored")[0] == 0
