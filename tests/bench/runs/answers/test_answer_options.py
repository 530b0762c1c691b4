"""`rescore --options`: answers that give the text of an option; right answers in three forms."""

import csv
import json

import pytest

from caopd_bench import read_run
from caopd_bench.core.errors import UsageError
from caopd_bench.runs.logged import read_options
from caopd_bench.runs.rescore import rescore

OPTIONS = ["a bridge", "a tunnel", "a ferry"]
TEXT = "<answer>{}</answer><confidence>0.6</confidence>"
SAID = ["B", "a tunnel", "The tunnel.", "the answer is a tunnel", "A", "a bridge", "a plane"]
RIGHT = [1, 1, 1, 1, 0, 0, 0]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows_of(options=OPTIONS, gold="B", key="choices"):
    return [
        {"id": i, "response": TEXT.format(a), "gold": gold, key: options}
        for i, a in enumerate(SAID)
    ]


def outcomes(run):
    return [row.correct for row in run.rows]


@pytest.mark.parametrize(
    "options",
    [
        OPTIONS,
        json.dumps(OPTIONS),
        {"A": "a bridge", "C": "a ferry", "B": "a tunnel"},
        {"a": "a bridge", "b": "a tunnel", "c": "a ferry", "d": None},
        json.dumps({"A": "a bridge", "B": "a tunnel", "C": "a ferry"}),
    ],
)
def test_options_are_a_list_or_letters_with_texts(tmp_path, options):
    file = write(tmp_path / "a.jsonl", rows_of(options))
    run = rescore(file, kind="choice", options="choices")
    assert outcomes(run) == RIGHT
    assert run.settings("logged")["reading"] == {"options": "choices"}
    assert not run.warnings


def test_options_in_csv_and_parquet(tmp_path):
    with (tmp_path / "a.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["id", "response", "gold", "choices"])
        writer.writeheader()
        writer.writerows(rows_of(json.dumps(OPTIONS)))
    assert outcomes(rescore(tmp_path / "a.csv", kind="choice", options="choices")) == RIGHT
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    made = [{"response": r["response"], "gold": "B", "q": {"text": OPTIONS}} for r in rows_of()]
    parquet.write_table(pyarrow.Table.from_pylist(made), tmp_path / "a.parquet")
    assert outcomes(rescore(tmp_path / "a.parquet", kind="choice", options="q.text")) == RIGHT


@pytest.mark.parametrize("gold", ["B", "a tunnel", 1, "1", "b"])
def test_the_right_answer_is_a_letter_a_text_or_a_place(tmp_path, gold):
    run = rescore(write(tmp_path / "a.jsonl", rows_of(gold=gold)), kind="choice", options="choices")
    assert outcomes(run) == RIGHT
    assert {row.gold for row in run.rows} == {"B"}


def test_places_count_from_1_where_the_last_occurs_and_0_never(tmp_path):
    def read(*golds):
        rows = [
            {"id": i, "response": TEXT.format("B"), "gold": gold, "choices": OPTIONS}
            for i, gold in enumerate(golds)
        ]
        run = rescore(write(tmp_path / "a.jsonl", rows), kind="choice", options="choices")
        return outcomes(run), " ".join(note.text for note in run.warnings)

    right, said = read(1, 2, 3, 2)
    assert right == [0, 1, 0, 1]
    assert "counted from 1, because the last position occurs" in said
    right, said = read(0, 1, 2, 1)
    assert right == [0, 1, 0, 1]
    assert "counted" not in said
    # Neither end: from 0, as documented, and a note that it may be otherwise.
    right, said = read(1, 2, 1)
    assert right == [1, 0, 1]
    assert "counted from 0, but neither 0 nor the last position occurs" in said
    with pytest.raises(UsageError, match="line 3: the gold answer '3' is neither"):
        read(0, 1, 3)
    assert read("A", "B", "C")[1] == read("a tunnel", "a ferry")[1] == ""


def test_texts_that_are_other_places_counted_from_1_are_refused(tmp_path):
    rows = [
        {"response": TEXT.format("B"), "gold": gold, "choices": ["3", "1", "2"]} for gold in "123"
    ]
    with pytest.raises(UsageError, match="positions, counted from 1: '1' is both; write letters"):
        rescore(write(tmp_path / "a.jsonl", rows), kind="choice", options="choices")


def test_right_answers_of_two_meanings_are_refused(tmp_path):
    options = ["1", "2", "3"]
    file = write(tmp_path / "a.jsonl", rows_of(options, gold="2"))
    with pytest.raises(UsageError, match=r"line 1: .*texts of options or their positions.*letters"):
        rescore(file, kind="choice", options="choices")
    # One row that is no place decides: they are texts.
    rows = rows_of(options, gold="2")
    rows[-1]["gold"] = "3"
    rows[0]["response"] = TEXT.format("2")
    run = rescore(write(file, rows), kind="choice", options="choices")
    assert outcomes(run)[0] == 1


def test_a_right_answer_that_is_no_option_is_refused(tmp_path):
    file = write(tmp_path / "a.jsonl", rows_of(gold="a plane"))
    with pytest.raises(UsageError, match=r"line 1: the gold answer 'a plane' is neither"):
        rescore(file, kind="choice", options="choices")


@pytest.mark.parametrize("value", ["red", "[", 5, ["red"], {"A": "x", "C": "y"}, ["", "x"], "{}"])
def test_what_lists_no_options_is_one_line(value):
    with pytest.raises(UsageError, match="line 1: o must list 2 to 26 options") as caught:
        read_options(value, "line 1", "o")
    assert "\n" not in str(caught.value)


def test_rows_without_options_are_read_by_their_letters(tmp_path):
    assert read_options(None, "line 1", "o") == read_options("", "line 1", "o") == ()
    rows = rows_of()
    for row in rows[3:]:
        row["choices"] = None
    run = rescore(write(tmp_path / "a.jsonl", rows), kind="choice", options="choices")
    assert outcomes(run) == [1, 1, 1, 0, 0, 0, 0]


def test_options_that_would_not_be_used_are_refused(tmp_path):
    file = write(tmp_path / "a.jsonl", rows_of(None))
    with pytest.raises(UsageError, match="--options choices: no row has any options"):
        rescore(file, kind="choice", options="choices")
    with pytest.raises(UsageError, match="needs --kind choice"):
        rescore(file, options="choices")


def test_answers_without_a_letter_are_noted(tmp_path, run):
    file = write(tmp_path / "a.jsonl", rows_of())
    (note,) = rescore(file, kind="choice").warnings
    assert "5 of 7 answers contain no letter" in note.text
    assert "--options COL" in note.text
    out = run("rescore", file, "--kind", "choice")[1]
    assert "5 of 7 answers contain no letter" in out
    code, out, _ = run("rescore", file, "--kind", "choice", "--options", "choices")
    assert (code, "letter" in out) == (0, False)


def test_answers_that_name_nothing_are_noted_with_options_too(tmp_path):
    rows = rows_of()
    for row in rows[:4]:
        row["response"] = TEXT.format("a plane")
    (note,) = rescore(write(tmp_path / "a.jsonl", rows), kind="choice", options="choices").warnings
    assert "5 of 7 answers contain neither the letter nor the text" in note.text


def test_a_few_slips_are_no_note(tmp_path):
    rows = [{"response": TEXT.format("B"), "gold": "B"}] * 97
    rows += [{"response": TEXT.format("a tunnel"), "gold": "B"}] * 3
    assert not rescore(write(tmp_path / "a.jsonl", rows), kind="choice").warnings


def test_choices_of_an_lm_eval_run_are_noted_too(make_run, samples_of):
    folder = make_run([(0.6, 0, "ok", TEXT.format("a tunnel"), 1)] * 8)
    file = samples_of(folder)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        line["doc"] |= {"kind": "choice", "answer": "B"}
    write(file, lines)
    said = [str(note) for note in read_run(folder).warnings]
    assert any("8 of 8 answers contain no letter" in text for text in said)
    for line in lines:
        line["doc"] |= {"options": OPTIONS}
    write(file, lines)
    assert not any("letter" in str(note) for note in read_run(folder).warnings)


def test_letters_and_texts_in_one_log_are_told_and_a_place_among_them_is_refused(tmp_path):
    def read(*golds, options=OPTIONS):
        rows = [{"response": TEXT.format("B"), "gold": gold, "o": options} for gold in golds]
        run = rescore(write(tmp_path / "a.jsonl", rows), kind="choice", options="o")
        return outcomes(run), " ".join(note.text for note in run.warnings)

    right, said = read("B", "a tunnel", "(A)")
    assert right == [1, 1, 0]
    assert "2 of 3 right answers are letters and the others are texts of options" in said
    assert read("(B)", "b", "A") == ([1, 1, 0], "")
    with pytest.raises(UsageError, match=r"line 3: .*'1' is neither .* count from 0 or 1"):
        read("B", "a tunnel", 1)
    with pytest.raises(UsageError, match=r"line 1: .*'A' is a letter and the text of option B"):
        read("A", "red", "(C)", options=["red", "A", "green"])
