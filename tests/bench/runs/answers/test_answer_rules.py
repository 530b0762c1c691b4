"""Labels, keys and scales of other prompts, and what is seen of all rows together."""

import json

import pytest

from caopd_bench import read_run
from caopd_bench.runs.answers.scale import find_unclear
from caopd_bench.runs.reparse import reparse
from caopd_bench.runs.rescore import rescore
from caopd_bench.tasks.read.rules import Rules


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def log(path, confidences, text="Answer: 1\nConfidence: {}"):
    return write(path, [{"response": text.format(c), "gold": "1"} for c in confidences])


def stated(run):
    return [row.confidence for row in run.rows]


def test_labels_and_keys_are_words_of_the_caller(tmp_path, run):
    finding = [{"response": "Finding: migraine\nHow sure: 0.8", "gold": "migraine"}] * 4
    file = write(tmp_path / "a.jsonl", finding)
    rules = Rules(answer_labels=("Finding",), confidence_labels=("How sure",))
    read = rescore(file, kind="phrase", rules=rules)
    assert [(row.correct, row.confidence) for row in read.rows] == [(1, 0.8)] * 4
    assert read.settings("logged")["reading"] == {
        "answer_labels": ["Finding"],
        "confidence_labels": ["How sure"],
    }
    code, out, _ = run(
        *("rescore", file, "--kind", "phrase", "--answer-label", "Finding"),
        *("--confidence-label", "How sure", "--store", tmp_path / "s"),
    )
    assert code == 0
    settings = read_run(tmp_path / "s").settings("logged")
    assert settings["reading"]["answer_labels"] == ["Finding"]
    text = json.dumps({"finding": "migraine", "sure": 0.8})
    write(file, [{"response": text, "gold": "migraine"}] * 4)
    keys = ("--answer-key", "finding", "--confidence-key", "sure", "--json", "-")
    code, out, _ = run("rescore", file, "--kind", "phrase", *keys)
    found = {r["metric"]: r["estimate"] for r in json.loads(out) if r.get("group") is None}
    assert (found["parse_rate"], found["accuracy"]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--scale", "7"], "--scale 7: must be one of 1, 5, 10, 100"),
        (["--answer-label", ""], "--answer-label must be words"),
        (["--confidence-key", " : "], "--confidence-key must be words"),
    ],
)
def test_wrong_rules_are_one_line(tmp_path, run, options, said):
    code, out, err = run("rescore", log(tmp_path / "a.jsonl", [0.5]), *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_a_confidence_without_an_answer_is_noted_with_the_label(tmp_path):
    rows = [{"response": "Finding: migraine\nConfidence: 0.8", "gold": "x"}] * 12
    (note,) = rescore(write(tmp_path / "a.jsonl", rows), kind="phrase").warnings
    assert "in 12 of 12 responses a confidence was found but no answer" in note.text
    assert "--answer-label" in note.text
    assert "Finding" in note.text


def test_answers_without_any_confidence_are_noted(tmp_path):
    (note,) = rescore(log(tmp_path / "a.jsonl", range(5), "Answer: {}\nSurety: 1")).warnings
    assert "--confidence-label" in note.text


def test_the_scale_is_given(tmp_path):
    file = log(tmp_path / "a.jsonl", [1, 3, 5])
    assert stated(rescore(file, rules=Rules(scale=5))) == [0.2, 0.6, 1.0]
    assert not rescore(file, rules=Rules(scale=5)).warnings
    assert stated(rescore(file, rules=Rules(scale=10))) == [0.1, 0.3, 0.5]


@pytest.mark.parametrize(
    ("confidences", "option"),
    [([1, 1, 3, 4, 5, 5, 4, 5], "--scale 5 or --scale 10"), ([9, 10, 8, 10, 7, 10], "--scale 10")],
)
def test_marks_without_a_scale_are_not_read(tmp_path, confidences, option):
    run = rescore(log(tmp_path / "a.jsonl", confidences))
    assert stated(run) == [None] * len(confidences)
    assert {row.status for row in run.rows} == {"bad_confidence"}
    (note,) = [note for note in run.warnings if "scale" in note.text]
    assert option in note.text
    ends = sum(c in (1, 10) for c in confidences)
    assert f"{ends} that are 1 or 10 were not read either" in note.text
    assert run.settings("logged")["reading"] == {"unclear_scale": True}


def test_a_few_slips_leave_certainty_as_it_is(tmp_path):
    run = rescore(log(tmp_path / "a.jsonl", [1] * 50 + [0.5] * 50 + [7, 8, 9]))
    assert stated(run)[:50] == [1.0] * 50
    assert not [note for note in run.warnings if "scale" in note.text]
    assert find_unclear(["7", "8"], None) is None
    assert find_unclear(["7", "8", "9"], 10) is None
    # Few, but nothing else is clear.
    assert find_unclear(["10"] * 97 + ["9"] * 3, None) is not None
    assert find_unclear(["10"] * 98 + ["9"] * 2, None) is not None
    assert find_unclear(["10"] * 47 + ["90"] * 50 + ["9"] * 3, None) is None


@pytest.mark.parametrize(
    ("confidences", "unclear"),
    [
        ([10] * 98 + [9] * 2, True),
        ([10] * 19 + [9], True),
        ([1] * 19 + [2], True),
        ([10] * 50 + [1] * 48 + [8] * 2, True),
        ([10] * 96 + [9] * 3 + ["0.9"], True),
        ([1] * 9_000 + ["0.9"] * 11_000 + [7, 8, 9], False),
        ([10] * 50 + [95] * 48 + [9] * 2, False),
        ([10] * 50 + ["80%"] * 48 + [9] * 2, False),
        ([10] * 100, False),
        ([1] * 100, False),
        ([7], False),
    ],
)
def test_what_is_clear_outweighs_marks(tmp_path, confidences, unclear):
    run = rescore(log(tmp_path / "a.jsonl", confidences))
    ends = [c for c, given in zip(stated(run), confidences, strict=True) if given in (1, 10)]
    notes = [note.text for note in run.warnings if "--scale" in note.text]
    assert len(notes) == unclear
    assert set(ends) <= ({None} if unclear else {1.0, 0.1})
    if unclear and 10 in confidences:
        assert "give the scale with --scale 10" in notes[0]


def test_a_stored_run_is_read_again_by_its_scale(tmp_path, run):
    for name, options in (("marks", ["--scale", "5"]), ("unclear", [])):
        file = log(tmp_path / "a.jsonl", [1, 3, 5, 5, 4])
        assert run("rescore", file, *options, "--store", tmp_path / name)[0] == 0
        kept = read_run(tmp_path / name)
        again, changed = reparse(kept)
        assert changed == 0
        assert stated(again) == stated(kept)
    assert stated(read_run(tmp_path / "marks")) == [0.2, 0.6, 1.0, 1.0, 0.8]


def test_failed_and_empty_responses_are_counted(tmp_path):
    rows = [{"response": "", "gold": "1"}] * 6 + [{"response": None, "gold": "1"}] * 4
    said = " ".join(note.text for note in rescore(write(tmp_path / "a.jsonl", rows)).warnings)
    assert "4 of 10 requests failed" in said
    assert "6 empty responses, of 10" in said
    rows = [{"response": "Answer: 1\nConfidence: 1", "gold": "1"}] * 60 + rows[:2]
    assert not rescore(write(tmp_path / "a.jsonl", rows)).warnings


def test_compare_names_another_reading(tmp_path, run):
    file = log(tmp_path / "a.jsonl", [1, 3, 5, 5, 4] * 3)
    for name, scale in (("five", "5"), ("ten", "10")):
        assert run("rescore", file, "--scale", scale, "--store", tmp_path / name)[0] == 0
    text = "".join(map(str, run("compare", tmp_path / "five", tmp_path / "ten")))
    assert "reading of the responses" in text
    assert "scale=5" in text


def test_no_note_names_an_option_of_lm_eval(tmp_path, run):
    out = run("rescore", log(tmp_path / "a.jsonl", ["?"] * 4 + [0.5]))[1]
    assert "low parse rate" in out
    assert "--limit" not in out
    assert "--num_fewshot" not in out
