"""A stored run whose rows were edited decides nothing; what was stored by any version does."""

import gzip
import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from caopd_bench import gate, read_run, score
from caopd_bench.core.errors import NotComparableError
from caopd_bench.gates.policy import Policy
from caopd_bench.runs.stored.check import find_edits, find_unlike_spans, read_stored
from caopd_bench.runs.stored.store import load_stored, write_stored
from caopd_bench.tasks.read.parse import PARSER_VERSION

TASK = "caopd_math_conf"


def _rows(folder):
    text = gzip.decompress((folder / "rows.jsonl.gz").read_bytes()).decode()
    return [json.loads(line) for line in text.splitlines()]


def _write_rows(folder, rows):
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "rows.jsonl.gz").write_bytes(gzip.compress(lines.encode()))


def _forget_hash(folder):
    """Make a summary as versions without a fingerprint of the rows wrote it."""
    file = folder / "summary.json"
    summary = json.loads(file.read_text())
    assert summary.pop("rows_sha256")
    file.write_text(json.dumps(summary))


@pytest.fixture
def folders(populations, tmp_path):
    """A stored reference, and an equal candidate with the spans that its numbers were read from."""
    first, second = (populations.draw(500, seed) for seed in (1, 2))
    settings = {"parser_version": PARSER_VERSION}
    for name, rows in (("base", first), ("cand", populations.redecode(first, second, 0, 0.2))):
        run = populations.make_run(*rows, name, settings=settings)
        spoken = [replace(row, stated=f"{row.confidence:.2f}") for row in run.rows]
        run = replace(run, rows=spoken)
        write_stored(run, score(run, by=["level"]), tmp_path / name)
    return tmp_path


def all_right(rows):
    return [{**row, "correct": 1} for row in rows]


def humble_when_wrong(rows):
    return [{**row, "confidence": row["confidence"] if row["correct"] else 0.0} for row in rows]


def one_right(rows):
    place = next(i for i, row in enumerate(rows) if not row["correct"])
    return [{**row, "correct": 1} if i == place else row for i, row in enumerate(rows)]


def one_confidence(rows):
    return [{**rows[0], "confidence": 0.11}, *rows[1:]]


def silent_when_wrong(rows):
    silent = {"confidence": None, "status": "no_confidence"}
    return [row if row["correct"] else {**row, **silent} for row in rows]


def one_row_left_out(rows):
    return rows[1:]


def one_row_twice(rows):
    return [*rows, rows[0]]


def another_level(rows):
    return [{**rows[0], "groups": {"level": 9}}, *rows[1:]]


def two_swapped(rows):
    """Every number of the run stays the same; the pairs with another run do not."""
    a, b = rows[0], rows[1]
    keys = ("confidence", "stated", "correct")
    swapped = [{**a, **{k: b[k] for k in keys}}, {**b, **{k: a[k] for k in keys}}]
    return [*swapped, *rows[2:]]


def another_item(rows):
    return [{**rows[0], "item_hash": "f" * 16}, *rows[1:]]


SEEN_IN_NUMBERS = [
    all_right,
    humble_when_wrong,
    one_right,
    one_confidence,
    silent_when_wrong,
    one_row_left_out,
    one_row_twice,
    another_level,
]


@pytest.mark.parametrize("side", ["base", "cand"])
@pytest.mark.parametrize("edit", [*SEEN_IN_NUMBERS, two_swapped, another_item])
def test_a_gate_refuses_edited_rows(folders, run, edit, side):
    words = ("gate", "--reference", folders / "base", folders / "cand")
    assert run(*words)[0] == 0
    _write_rows(folders / side, edit(_rows(folders / side)))
    code, out, err = run(*words)
    assert (code, out) == (4, "")
    assert err.count("\n") == 1
    assert f"{folders / side}: its rows are not those that were stored" in err
    assert "rows.jsonl.gz is not the file that summary.json was made for" in err


@pytest.mark.parametrize("edit", SEEN_IN_NUMBERS)
def test_runs_without_a_fingerprint_are_checked_by_their_numbers(folders, run, edit):
    _forget_hash(folders / "cand")
    words = ("gate", "--reference", folders / "base", folders / "cand")
    assert run(*words)[0] == 0
    _write_rows(folders / "cand", edit(_rows(folders / "cand")))
    code, out, err = run(*words)
    assert (code, out) == (4, "")
    assert "its rows are not those that were stored" in err


def test_a_confidence_beside_another_text(folders):
    """The numbers were made again, and the text beside still says what the model stated."""
    _write_rows(folders / "cand", humble_when_wrong(_rows(folders / "cand")))
    edited = load_stored(folders / "cand").run
    write_stored(edited, score(edited), folders / "cand")
    assert find_edits(folders / "cand") == []
    problems = list(find_unlike_spans(load_stored(folders / "cand").run))
    assert "has the confidence 0 but the text '" in problems[0]
    assert problems[-1].startswith("and ")
    said = r"its numbers do not match its texts: .* but the text .* --reparse --store DIR"
    with pytest.raises(NotComparableError, match=said):
        read_stored(folders / "cand")


@pytest.mark.parametrize(
    ("settings", "task"),
    [
        ({"parser_version": PARSER_VERSION, "way": "ptrue"}, TASK),
        ({"parser_version": "0"}, TASK),
        ({"parser_version": PARSER_VERSION}, f"{TASK}:agreement"),
    ],
)
def test_confidences_that_no_text_states_have_none_to_agree_with(
    populations, tmp_path, settings, task
):
    run = populations.make_run(*populations.draw(50, 1), task=task, settings=settings)
    write_stored(run, score(run), tmp_path / "run")
    _write_rows(tmp_path / "run", [{**row, "stated": "0.123"} for row in _rows(tmp_path / "run")])
    again = load_stored(tmp_path / "run").run
    write_stored(again, score(again), tmp_path / "run")
    assert find_edits(tmp_path / "run") == []
    assert list(find_unlike_spans(again)) == []


def test_rows_that_are_packed_again_are_the_same_rows(folders):
    _write_rows(folders / "cand", _rows(folders / "cand"))
    assert find_edits(folders / "cand") == []


def test_a_reference_that_is_packed_again_is_the_same(folders, run):
    words = ("--output", folders / "ref", "--reason", "r")
    assert run("baseline", "init", folders / "base", *words)[0] == 0
    _write_rows(folders / "ref", _rows(folders / "ref"))
    assert run("baseline", "verify", folders / "ref")[0] == 0
    assert run("gate", "--reference", folders / "ref", folders / "cand")[0] == 0


def test_a_reference_of_an_earlier_version_names_the_packed_file(folders, run):
    words = ("--output", folders / "ref", "--reason", "r")
    assert run("baseline", "init", folders / "base", *words)[0] == 0
    packed = (folders / "ref" / "rows.jsonl.gz").read_bytes()
    file = folders / "ref" / "baseline.json"
    known = {**json.loads(file.read_text()), "rows_sha256": hashlib.sha256(packed).hexdigest()}
    file.write_text(json.dumps(known))
    assert run("baseline", "verify", folders / "ref")[0] == 0
    file.write_text(json.dumps({**known, "rows_sha256": "0" * 64}))
    code, out, _ = run("baseline", "verify", folders / "ref")
    assert code == 1
    assert "is not the file that baseline.json was made for" in out


def test_missing_confidences_that_were_counted_as_zero(folders, tmp_path):
    rows = _rows(folders / "cand")
    _write_rows(folders / "cand", silent_when_wrong(rows))
    stored = tmp_path / "zero"
    silent = load_stored(folders / "cand").run
    write_stored(silent, score(silent, missing="zero"), stored)
    _forget_hash(stored)
    assert find_edits(stored) == []
    _write_rows(stored, one_right(_rows(stored)))
    assert any("brier" in problem for problem in find_edits(stored))


def test_an_edited_run_makes_no_reference(folders, run):
    _write_rows(folders / "cand", all_right(_rows(folders / "cand")))
    words = ("--output", folders / "new", "--reason", "r")
    code, _, err = run("baseline", "init", folders / "cand", *words)
    assert code == 4
    assert "its rows are not those that were stored" in err
    assert not (folders / "new").exists()
    code, _, err = run("baseline", "init", folders / "base", "--aa", folders / "cand", *words)
    assert code == 4


def test_an_edited_reference_serves_no_other_command(folders, run):
    _write_rows(folders / "base", all_right(_rows(folders / "base")))
    for words in (("--self-test",), ("--plan",), ("--suggest-margins", folders / "cand")):
        code, _, err = run("gate", "--reference", folders / "base", *words)
        assert code == 4, words
        assert "its rows are not those that were stored" in err


@pytest.mark.parametrize("edit", [*SEEN_IN_NUMBERS, two_swapped, another_item])
def test_every_reader_refuses_edited_rows(folders, run, tmp_path, edit):
    base, cand, page = folders / "base", folders / "cand", tmp_path / "page.html"
    _write_rows(cand, edit(_rows(cand)))
    for words in (
        ("score", cand),
        ("score", base, cand, "--json", tmp_path / "x.json"),
        ("compare", base, cand),
        ("report", base, cand, "-o", page),
        ("gate", "--reference", cand, base),
        ("baseline", "show", cand),
        ("baseline", "update", base, "--output", cand, "--reason", "r", "--accept-regression"),
    ):
        code, out, err = run(*words)
        assert (code, out) == (4, ""), words
        assert f"{cand}: its rows are not those that were stored" in err
    with pytest.raises(NotComparableError):
        read_run(cand)
    assert not page.exists()
    assert not (tmp_path / "x.json").exists()
    code, out, _ = run("baseline", "verify", cand)
    assert code == 1
    assert "is not the file that summary.json was made for" in out


@pytest.mark.parametrize("place", [0, 1, 250, 499])
def test_the_first_row_that_differs_is_named(folders, run, place):
    rows = _rows(folders / "cand")
    changed = {**rows[place], "correct": 1 - rows[place]["correct"]}
    edited = [*rows[:place], changed, *rows[place + 1 :]]
    _write_rows(folders / "cand", [*edited[:-1], {**edited[-1], "answer": "7"}])
    item = rows[place]["item_hash"]
    said = f"line {place + 1} ({TASK} item {item}) is the first row that differs"
    assert said in run("score", folders / "cand")[2]


def test_a_missing_and_an_added_row_are_named(folders, run):
    rows = _rows(folders / "cand")
    _write_rows(folders / "cand", rows[:-1])
    assert "made for: line 500 is missing; restore" in run("score", folders / "cand")[2]
    _write_rows(folders / "cand", [*rows, {**rows[-1], "item_hash": "f" * 16}])
    said = f"line 501 ({TASK} item {'f' * 16}) is the first row that differs"
    assert said in run("score", folders / "cand")[2]
    _write_rows(folders / "cand", rows[1:])
    assert (
        f"line 1 ({TASK} item {rows[1]['item_hash']}) is the first"
        in run("score", folders / "cand")[2]
    )


@pytest.mark.parametrize("forget", [False, True])
def test_the_rows_of_another_run(folders, run, forget):
    """As a merge leaves them that took one of two binary files."""
    if forget:
        _forget_hash(folders / "base")
    (folders / "base" / "rows.jsonl.gz").write_bytes(
        (folders / "cand" / "rows.jsonl.gz").read_bytes()
    )
    code, _, err = run("gate", "--reference", folders / "base", folders / "cand")
    assert code == 4
    assert "of the run 'cand'" in err
    assert "line 1 (" in err


def test_the_rows_of_another_run_in_a_reference(folders, run):
    for name in ("base", "cand"):
        words = ("--output", folders / f"ref-{name}", "--reason", "r")
        assert run("baseline", "init", folders / name, *words)[0] == 0
    place = folders / "ref-base"
    for taken in (("rows.jsonl.gz",), ("rows.jsonl.gz", "baseline.json"), ("summary.json",)):
        for name in ("rows.jsonl.gz", "summary.json", "baseline.json"):
            source = folders / ("ref-cand" if name in taken else "ref-base-kept")
            if source.name == "ref-base-kept" and not source.exists():
                shutil.copytree(place, source)
            (place / name).write_bytes((source / name).read_bytes())
        code, out, err = run("gate", "--reference", place, folders / "cand")
        assert (code, out) == (4, ""), taken
        assert "caopd-bench baseline init RUN" in err


def test_a_replacement_meanwhile_is_no_edit(folders, monkeypatch):
    """A reader that has the old summary and the new rows reads again."""
    from caopd_bench.runs.stored import check as stored_check

    load, calls = stored_check.load_stored, []

    def slow(folder):
        loaded = load(folder)
        calls.append(folder)
        if len(calls) == 1:
            other = load(folders / "base")
            write_stored(replace(other.run, name="cand"), score(other.run), folders / "cand")
            return loaded._replace(edit="rows of another file")
        return loaded

    monkeypatch.setattr(stored_check, "load_stored", slow)
    assert read_stored(folders / "cand").rows == load(folders / "base").run.rows
    assert len(calls) == 2


def test_a_run_in_memory_is_the_callers(folders):
    runs = [read_run(folders / name) for name in ("base", "cand")]
    fewer = [replace(run, rows=run.rows[:300]) for run in runs]
    assert gate(fewer[1], Policy(version=1), reference=fewer[0]).outcome in ("PASS", "INCONCLUSIVE")


def test_numbers_of_other_processors_are_the_same(folders):
    file = folders / "cand" / "summary.json"
    summary = json.loads(file.read_text())
    for record in summary["records"]:
        if record["estimate"] is not None:
            record["estimate"] = float(np.nextafter(record["estimate"], 2.0))
    file.write_text(json.dumps(summary))
    assert find_edits(folders / "cand") == []


@pytest.mark.parametrize("words", [(), ("--task", TASK), ("--reparse",)])
def test_an_edited_run_is_not_stored_again(folders, run, words):
    """It would have a summary that fits it, and pass for what the model said."""
    _write_rows(folders / "cand", all_right(_rows(folders / "cand")))
    code, out, err = run("score", folders / "cand", *words, "--store", folders / "new")
    assert (code, out) == (4, "")
    assert "restore the folder" in err
    assert "store the original run again" in err
    assert not (folders / "new").exists()
    _write_rows(folders / "base", _rows(folders / "base"))
    assert run("score", folders / "base", "--task", TASK, "--store", folders / "new")[0] == 0
