"""multiple_choice: the confidence is the probability of the option that lm-eval chose."""

import json
import math

import pytest

from caopd_bench import read_run
from caopd_bench.core.errors import UsageError
from caopd_bench.runs.run import Run
from caopd_bench.runs.stored.files import load_row, read_lines
from caopd_bench.runs.stored.store import load_stored

TEXTS = ("red", "a green one", "blue")


def notes(run: Run):
    return [str(note) for note in run.warnings]


def softmax(values):
    weights = [math.exp(value) for value in values]
    return [weight / sum(weights) for weight in weights]


def test_each_metric_is_a_task_and_its_outcomes_are_those_that_were_logged(write_run, quiz):
    lines = quiz()
    run = read_run(write_run({"colours": lines}))
    assert run.tasks == ["colours", "colours:norm", "colours:norm_bytes"]
    for task, metric in zip(run.tasks, ("acc", "acc_norm", "acc_bytes"), strict=True):
        rows = run.task_rows(task)
        assert [row.correct for row in rows] == [line[metric] for line in lines]
        assert [row.right_option for row in rows] == [int(line["target"]) for line in lines]
        assert all(row.confidence == max(row.probabilities) for row in rows)
        assert all(abs(sum(row.probabilities) - 1) < 1e-12 for row in rows)
    assert run.warnings == ()


def test_probabilities_are_the_softmax_of_what_was_chosen_by(write_run, make_choice):
    lls = [-3.0, -6.0, -4.5]
    run = read_run(write_run({"t": [make_choice(0, lls, 1, TEXTS)]}))
    plain, by_character, by_byte = run.rows
    assert plain.probabilities == pytest.approx(softmax(lls))
    lengths = [len(text) for text in TEXTS]
    scaled = [value / length for value, length in zip(lls, lengths, strict=True)]
    assert by_character.probabilities == pytest.approx(softmax(scaled))
    assert (plain.correct, by_character.correct) == (0, 1)
    assert by_byte.probabilities == by_character.probabilities
    settings = [run.settings(task)["confidence"] for task in run.tasks]
    pers = [setting["per"] for setting in settings]
    assert pers == ["text", "character", "byte"]
    assert {setting["of"] for setting in settings} == {"option"}


def test_mutual_information_has_twice_the_requests(write_run, make_choice):
    lls, priors = [-3.0, -6.0, -4.5], [-1.0, -5.5, -4.4]
    line = make_choice(0, lls, 2, TEXTS, priors=priors)
    run = read_run(write_run({"t": [line]}))
    row = run.task_rows("t:mutual_info")[0]
    expected = softmax([a - b for a, b in zip(lls, priors, strict=True)])
    assert row.probabilities == pytest.approx(expected)
    assert row.correct == 1
    assert len(run.task_rows("t")[0].probabilities) == 3


@pytest.mark.parametrize("delimiter", [" ", "", "\nAnswer: ", "\u3000"])
def test_lengths_are_without_the_delimiter(write_run, quiz, delimiter):
    lines = quiz(60, delimiter=delimiter)
    run = read_run(write_run({"t": lines}, configs={"target_delimiter": delimiter}))
    assert [row.correct for row in run.task_rows("t:norm")] == [x["acc_norm"] for x in lines]
    assert run.warnings == ()


def test_a_chat_template_leaves_the_delimiter_out(write_run, quiz):
    lines = quiz(60, delimiter="")
    run = read_run(write_run({"t": lines}, chat_template="{{ messages }}"))
    assert [row.correct for row in run.task_rows("t:norm")] == [x["acc_norm"] for x in lines]
    assert run.warnings == ()


def test_a_delimiter_that_is_not_the_configured_one_is_found_by_the_outcomes(write_run, quiz):
    lines = quiz(60, delimiter="")
    run = read_run(write_run({"t": lines}))
    assert [row.correct for row in run.task_rows("t:norm")] == [x["acc_norm"] for x in lines]
    assert run.warnings == ()


def test_a_right_answer_given_as_text(write_run, make_choice):
    lines = [
        make_choice(i, [-1.0, -2.0], i % 2, ("yes", "no"), target=("yes", "no")[i % 2])
        for i in range(6)
    ]
    rows = read_run(write_run({"t": lines})).task_rows("t")
    assert [row.right_option for row in rows] == [0, 1] * 3
    assert [row.correct for row in rows] == [1, 0] * 3


def test_options_that_are_numbers_are_not_taken_for_places(write_run, make_choice):
    """`doc_to_target` may be a text "1" that is the second option, or the first one's text."""
    lines = []
    for i in range(8):
        line = make_choice(i, [-1.0 - i % 3, -2.0, -3.0], 0, ("1", "0", "2"))
        lines.append({**line, "target": "1"})
    run = read_run(write_run({"t": lines}))
    assert {row.right_option for row in run.task_rows("t")} == {0}
    assert [row.correct for row in run.task_rows("t")] == [line["acc"] for line in lines]


def test_several_right_options_count_as_logged_and_have_no_place(write_run, make_choice):
    lines = [
        make_choice(i, lls, [0, 2], TEXTS, target="[0, 2]")
        for i, lls in enumerate([[-1.0, -2.0, -3.0], [-2.0, -1.0, -3.0], [-3.0, -2.0, -1.0]])
    ]
    run = read_run(write_run({"t": lines}))
    rows = run.task_rows("t")
    assert [row.correct for row in rows] == [1, 0, 1]
    assert [(row.probabilities, row.right_option) for row in rows] == [((), -1)] * 3
    assert all(row.confidence is not None for row in rows)
    assert "t: 3 questions do not have exactly one known right option" in notes(run)[0]


def test_a_right_option_that_is_none_of_them_counts_as_wrong(write_run, make_choice):
    line = make_choice(0, [-1.0, -2.0, -3.0], 7, TEXTS)
    run = read_run(write_run({"t": [line, make_choice(1, [-1.0, -2.0, -3.0], 0, TEXTS)]}))
    assert [row.correct for row in run.task_rows("t")] == [0, 1]
    assert "t: 1 questions do not have exactly one known right option" in notes(run)[0]


def test_options_in_the_prompt_have_no_lengths(write_run, make_choice):
    """As of Winogrande: two prompts with one continuation; the target is the continuation."""
    lines = []
    for i in range(6):
        line = make_choice(i, [-1.0, -2.0], i % 2, ("is big", "is big"))
        lines.append({**line, "target": "is big", "acc_norm": ..., "acc_bytes": ...})
    lines = [{key: value for key, value in line.items() if value is not ...} for line in lines]
    rows = read_run(write_run({"wino": lines})).rows
    assert [row.right_option for row in rows] == [0, 1] * 3
    lines = [{**line, "acc_norm": 1.0} for line in lines]
    run = read_run(write_run({"wino": lines}, "with_norm"))
    assert run.tasks == ["wino"]
    assert "acc_norm: the log does not contain the options, whose lengths are" in notes(run)[0]


def test_ties_are_as_lm_eval_breaks_them(write_run, make_choice):
    rows = read_run(
        write_run({"t": [make_choice(i, [-1.0, -1.0, -2.0], i % 2, TEXTS) for i in range(4)]})
    ).task_rows("t")
    assert [row.correct for row in rows] == [1, 0, 1, 0]
    assert {row.confidence for row in rows} == {rows[0].probabilities[0]}


def test_a_near_tie_that_lm_eval_saw_otherwise_counts_as_logged(write_run, make_choice):
    line = make_choice(0, [-1.0, -1.0000001, -2.0], 1, TEXTS, acc=1.0)
    run = read_run(write_run({"t": [line]}))
    row = run.task_rows("t")[0]
    assert (row.correct, row.confidence) == (1, row.probabilities[1])
    assert not [note for note in notes(run) if "acc:" in note]


def test_outcomes_that_are_not_of_the_likeliest_option_are_left_out(write_run, quiz, refused):
    lines = quiz(20)
    lines[3]["acc"] = 1.0 - lines[3]["acc"]
    folder = write_run({"t": lines})
    run = read_run(folder)
    assert run.tasks == ["t:norm", "t:norm_bytes"]
    assert "acc: in 1 of 20 rows it differs from the outcome of the most likely" in notes(run)[0]
    assert "line 4 (edited" in notes(run)[0]
    for line in lines:
        del line["acc_norm"], line["acc_bytes"]
    assert "1 of 20 rows" in refused("score", write_run({"t": lines}, "alone"))


def test_a_share_as_outcome_is_left_out(write_run, quiz, refused):
    lines = quiz(5, acc=0.4, acc_norm=..., acc_bytes=...)
    assert "a fraction, not 0 or 1" in refused("score", write_run({"mc2": lines}))


@pytest.mark.parametrize("value", ["x", None, 7.0, float("nan"), [1.0]])
def test_a_damaged_outcome_is_named(write_run, quiz, refused, value):
    lines = quiz(5)
    lines[2]["acc"] = value
    assert "line 3: acc must be 0 or 1" in refused("score", write_run({"t": lines}))


def test_loglikelihoods_without_end_and_without_value(write_run, make_choice):
    infinite = make_choice(0, [-math.inf, -1.0, -2.0], 1, TEXTS)
    undefined = make_choice(1, [-1.0, math.nan, -2.0], 1, TEXTS)
    nothing = make_choice(2, [-math.inf] * 3, 0, TEXTS)
    run = read_run(write_run({"t": [infinite, undefined, nothing]}))
    first, second, third = run.task_rows("t")
    assert (first.probabilities[0], first.status) == (0.0, "ok")
    # numpy takes NaN for the highest.
    assert (second.correct, second.confidence, second.status) == (1, None, "bad_confidence")
    assert (third.correct, third.status) == (1, "bad_confidence")
    assert any("2 questions have an undefined loglikelihood" in x for x in notes(run))


def test_questions_pair_by_their_document_and_equal_ones_are_told_apart(write_run, make_choice):
    def lines(order, lls):
        docs = [{"q": "a"}, {"q": "b"}, {"q": "a"}]
        return [make_choice(i, lls, 0, TEXTS, doc=docs[k]) for i, k in enumerate(order)]

    first = read_run(write_run({"t": lines([0, 1, 2], [-1.0, -2.0, -3.0])}, "a")).task_rows("t")
    second = read_run(write_run({"t": lines([1, 0], [-2.0, -1.0, -3.0])}, "b")).task_rows("t")
    names = [row.item_hash for row in first]
    assert len(set(names)) == 3
    assert [row.item_hash for row in second] == [names[1], names[0]]


def test_a_log_without_hashes_still_pairs(write_run, quiz):
    plain = read_run(write_run({"t": quiz(6, doc_hash=...)}, "a")).task_rows("t")
    other = read_run(write_run({"t": quiz(6, 0.5, doc_hash=...)}, "b")).task_rows("t")
    assert [row.item_hash for row in plain] == [row.item_hash for row in other]
    assert len({row.item_hash for row in plain}) == 6


def test_any_order_of_keys_and_any_text_gives_the_same_rows(write_run, make_choice):
    texts = ('"quoted"', "back\\slash", 'line\nbreak , "resps": [ \u2028 ж')
    doc = {"question": ', "filtered_resps": [", "arguments": {', "subject": 'x"y', "level": 3}
    lls = [-1.0, -2.0, -9.0]
    lines = [make_choice(i, lls, i % 3, texts, doc={**doc, "i": i}) for i in range(9)]
    rows = read_run(write_run({"t": lines}, "a")).rows
    shuffled = [dict(sorted(line.items())) for line in lines]
    assert read_run(write_run({"t": shuffled}, "b")).rows == rows
    assert rows[0].groups == {"level": 3, "subject": 'x"y'}
    assert [row.correct for row in rows if row.task == "t"] == [line["acc"] for line in lines]


def test_damage_is_named_by_its_line(write_run, quiz, refused):
    folder = write_run({"t": quiz(9)})
    file = next(folder.rglob("samples_*"))
    whole = file.read_text(encoding="utf-8")
    cases = {
        whole[:-40]: "line 9: not complete JSON",
        "".join(whole.splitlines(keepends=True)[:5]): "5 rows, but the results file counts 9",
        whole + whole.splitlines()[0] + "\n": "appears twice",
        "\n".join(["[1]", *whole.splitlines()[1:]]) + "\n": "line 1",
        whole.replace('"filtered_resps": [["', '"filtered_resps": [["x', 1): "line 1",
    }
    for text, message in cases.items():
        file.write_text(text, encoding="utf-8")
        assert message in refused("score", folder)
    file.write_bytes(whole.encode().replace("ж".encode(), b"\xff"))
    assert "not UTF-8" in refused("score", folder)


def test_depth_does_not_end_the_program(write_run, quiz, refused):
    folder = write_run({"t": quiz(3)})
    file = next(folder.rglob("samples_*"))
    lines = file.read_text(encoding="utf-8").splitlines()
    deep = "[" * 5000 + "]" * 5000
    file.write_text("\n".join([lines[0], lines[1][:-1] + f', "x": {deep}}}', lines[2]]) + "\n")
    assert "line 2: not complete JSON" in refused("score", folder)


def test_several_filters_are_the_same_responses(write_run, quiz):
    lines = [{**line, "filter": name} for name in ("none", "other") for line in quiz(7)]
    run = read_run(write_run({"t": lines}))
    assert len(run.task_rows("t")) == 7
    assert "its 2 filters ('none', 'other')" in notes(run)[0]


def test_stored_runs_keep_the_probabilities(write_run, quiz, run, tmp_path):
    folder = write_run({"t": quiz()})
    read = read_run(folder)
    code, out, _ = run("score", folder, "--store", tmp_path / "kept")
    assert code == 0
    assert "stated" not in out
    stored = load_stored(tmp_path / "kept")
    assert stored.run.rows == read.rows
    assert stored.edit is None
    assert stored.run.settings("t:norm")["confidence"] == {"of": "option", "per": "character"}
    assert run("score", tmp_path / "kept")[1] == out
    assert "no row" not in run("score", tmp_path / "kept", "--reparse")[2]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("probabilities", [0.5, 0.4, 0.3]),
        ("probabilities", [1.5, -0.5, 0.0]),
        ("probabilities", [0.5, 0.5, float("nan")]),
        ("probabilities", "x"),
        ("right_option", 3),
        ("right_option", None),
        ("confidence", 0.123),
    ],
)
def test_stored_probabilities_are_checked(write_run, quiz, run, tmp_path, key, value):
    run("score", write_run({"t": quiz(5)}), "--store", tmp_path / "kept")
    line = next(read_lines(tmp_path / "kept"))
    edited = json.dumps({**json.loads(line), key: value}).encode()
    with pytest.raises(UsageError, match="here: "):
        load_row(edited, "here")


def test_rows_without_probabilities_are_stored_as_before(mixed, run, tmp_path):
    run("score", mixed, "--store", tmp_path / "kept")
    keys = list(json.loads(next(read_lines(tmp_path / "kept"))))
    first = ["run", "task", "item_hash", "sample", "groups", "confidence", "correct", "status"]
    assert keys == [*first, "answer", "stated", "text"]


def test_the_same_bytes_again(write_run, quiz, run, tmp_path):
    folder = write_run({"t": quiz()})
    for name in ("a", "b"):
        run("score", folder, "--store", tmp_path / name)
    for file in ("rows.jsonl.gz", "summary.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_compare_gate_and_report_take_them(write_run, quiz, run, tmp_path):
    better = write_run({"t": quiz(80, 3.0)}, "better", model="org/better")
    worse = write_run({"t": quiz(80)}, "worse", model="org/worse")
    code, out, err = run("compare", worse, better)
    assert code == 0, err
    assert "t (80 items" in out
    assert "stated" not in out
    assert "t:norm" not in out  # the same answers once more: named by --task
    assert "t:norm" in run("compare", worse, better, "--task", "t:norm")[1]
    kept = tmp_path / "reference"
    code, _, err = run("baseline", "init", worse, "--output", kept, "--reason", "first")
    assert code == 0, err
    code, out, err = run("gate", better, "--reference", kept)
    assert code in (0, 3), err
    assert "stated" not in out
    code, _, err = run("report", worse, better, "--output", tmp_path / "report.md")
    assert code == 0, err
