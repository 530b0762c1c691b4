"""Two logs of the same questions were asked alike, whatever their files are called and hold."""

import json

import pytest

from caopd_bench import compare
from caopd_bench.comparison.comparability import find_differences
from caopd_bench.core.errors import NotComparableError
from caopd_bench.runs.rescore import rescore
from caopd_bench.tasks.read.rules import Rules

N = 60


def write(file, shift, **more):
    rows = [
        {
            "qid": f"q{i}",
            "response": f"Answer: {i + (i % 4 == shift)}\nConfidence: 0.{5 + (i + shift) % 5}",
            "gold": i,
            **more,
        }
        for i in range(N)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture
def stored(tmp_path, run):
    def store(name, *options, **more):
        file = write(tmp_path / f"{name}.jsonl", len(name) % 4, **more)
        code, _, _ = run("rescore", file, *options, "--store", tmp_path / name)
        assert code == 0
        return tmp_path / name

    return store


def test_the_files_of_two_models_are_no_difference(stored, tmp_path, run):
    one, two = (stored(name, "--item", "qid", words=name * 9) for name in ("tiny", "other"))
    code, out, _ = run("compare", one, two, "--strict")
    assert code == 0
    assert "differs" not in out
    code, out, err = run("gate", "--reference", one, two, "--strict")
    assert code in (0, 1, 3)
    assert "data:" not in out + err
    page = tmp_path / "r.md"
    assert run("report", one, two, "-o", page)[0] == 0
    assert "asked otherwise" not in page.read_text()
    source = json.loads((one / "summary.json").read_text())["provenance"]["tasks"]["logged"]
    assert len(source["source"]["sha256"]) == 64  # it is kept, of each


def test_columns_of_other_names_ask_the_same(tmp_path):
    one = rescore(write(tmp_path / "a.jsonl", 1), item="qid")
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    other = [{"id": r["qid"], "text": r["response"], "key": r["gold"], "m": "x"} for r in rows]
    file = tmp_path / "b.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in other))
    two = rescore(file, item="id", response="text", gold="key", only=[("m", "x")])
    assert find_differences(one, two, ["logged"]) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kind": "phrase"}, "logged: data: kind=number against kind=phrase"),
        ({"rules": Rules(scale=10)}, "logged: reading of the responses: none against scale=10"),
        ({"item": None}, "logged: data: none against named_by=line number"),
    ],
)
def test_what_was_read_otherwise_is_a_difference(tmp_path, options, said):
    file = write(tmp_path / "a.jsonl", 1)
    two = rescore(file, **{"item": "qid", **options})
    found = find_differences(rescore(file, item="qid"), two, ["logged"])
    assert said in map(str, found)


def test_rows_chosen_without_names_are_a_difference(tmp_path):
    """Line 1 of one part is not line 1 of another."""
    file = write(tmp_path / "a.jsonl", 1, part="x")
    one, two = rescore(file), rescore(file, only=[("part", "x")])
    (found,) = find_differences(one, two, ["logged"])
    assert "only" in str(found)


def test_pairing_by_line_is_said_with_the_option_that_names_rows(stored, run):
    one, two = stored("tiny"), stored("other")
    code, out, _ = run("compare", one, two)
    assert code == 0
    assert "paired by line number" in out
    assert "rescore FILE --item COL" in out
    _, out, _ = run("gate", "--reference", one, two)
    assert "paired by line number" in out
    named = stored("named", "--item", "qid")
    code, _, err = run("compare", one, named)
    assert code == 4
    assert "the rows cannot be paired (60 and 60, 0 of them match): the rows of tiny have" in err
    assert "--item COL" in err


def test_a_log_in_another_order_is_told_what_names_rows(tmp_path):
    file = write(tmp_path / "a.jsonl", 1)
    lines = file.read_text().splitlines(keepends=True)
    other = tmp_path / "b.jsonl"
    other.write_text("".join(reversed(lines)))
    with pytest.raises(NotComparableError, match=r"no item column, only line numbers.*--item COL"):
        compare(rescore(file), rescore(other))
    assert compare(rescore(file, item="qid"), rescore(other, item="qid"))[0].rows == N


def test_a_log_does_not_say_how_it_was_asked(stored, run, make_run):
    """What a log does not record is not known, rather than none; Python's None never shows."""
    from caopd_bench import read_run

    log = read_run(stored("tiny", "--item", "qid"))
    made = read_run(make_run([(0.9, 1)] * 5))
    made.provenance["tasks"]["logged"] = made.settings("caopd_math_conf")
    found = list(map(str, find_differences(log, made, ["logged"])))
    assert [one for one in found if "None" in one or ": none against" in one] == []
    assert not any("data:" in one for one in found)
    assert any("number of exemplars: not recorded against" in one for one in found)
    code, out, _ = run("score", stored("other", "--item", "qid"))
    assert code == 0
    assert "60 rows, backend logged answers" in out


def test_several_files_are_one_line_with_the_way(tmp_path, run):
    one, two = (write(tmp_path / f"{name}.jsonl", 1) for name in "ab")
    code, _, err = run("rescore", one, two)
    assert code == 2
    assert "rescore: give one FILE per command, got 2" in err
    assert "--store" in err
    assert "--only COL=VALUE" in err


def test_a_worst_case_that_is_undefined_says_why(tmp_path, run):
    rows = [{"response": f"Answer: 1\nConfidence: 0.{i}", "gold": 2} for i in range(5, 9)]
    file = tmp_path / "a.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in [*rows, {"response": None, "gold": 2}]))
    _, out, _ = run("rescore", file)
    lines = out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.strip().startswith("AUROC"))
    mark = lines[at].split("(")[1][0]
    assert lines[at + 1].split() == ["worst", "case", "-", f"({mark})"]
