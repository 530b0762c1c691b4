"""Other forms of responses: the written table, and what a caller's rules add."""

import runpy
from pathlib import Path

import pytest

from caopd_bench.tasks.read.parse import find_spans, judge_spans, parse_response, read_confidence
from caopd_bench.tasks.read.rules import Rules

TABLE = runpy.run_path(str(Path(__file__).with_name("forms_table.py")))


@pytest.mark.parametrize(("text", "read", "why"), TABLE["OPEN_THINKING"])
@pytest.mark.parametrize("opening", TABLE["OPENINGS"])
def test_thinking_that_is_never_closed(opening, text, read, why):
    if opening == "<reasoning>" and "<answer>" in text:
        return  # the tag of the answer closes that one
    parsed = parse_response(opening + text)
    if read:
        assert parsed == ("12", 0.7, "ok", False), why
    else:
        assert parsed == (None, None, "unfinished", False), why


@pytest.mark.parametrize("opening", TABLE["OPENINGS"])
def test_a_pair_before_a_stray_tag_is_read(opening):
    if not opening[0].isalpha():
        text = f"{TABLE['PAIR']}\n{opening}Let me see"
        assert parse_response(text) == ("12", 0.7, "ok", False)


def test_calls_in_open_thinking_stay_cut_off():
    text = "<think>Action: f\nAction Input: {}\nAnswer: 5\nConfidence: 0.9"
    assert parse_response(text, kind="calls").status == "unfinished"
    before = 'Action: f\nAction Input: {"a": 1}\nConfidence: 0.9\n<think>hm'
    assert parse_response(before, kind="calls").confidence == 0.9


@pytest.mark.parametrize(("text", "why"), TABLE["OBJECTS"])
@pytest.mark.parametrize("around", TABLE["AROUND"])
def test_objects(around, text, why):
    parsed = parse_response(around.replace("%s", text))
    assert (parsed.answer, parsed.confidence, parsed.status) == ("12", 0.7, "ok"), why


@pytest.mark.parametrize(("text", "answer", "confidence", "status", "why"), TABLE["TEXTS"])
def test_texts(text, answer, confidence, status, why):
    assert parse_response(text)[:3] == (answer, confidence, status), why


@pytest.mark.parametrize("text", TABLE["LABELS"])
def test_labels_of_other_prompts(text):
    assert parse_response(text)[:3] == ("Lyon", 0.8, "ok")


@pytest.mark.parametrize(("text", "answer", "confidence"), TABLE["RIVALS"])
def test_what_only_looks_like_the_answer_or_its_confidence(text, answer, confidence):
    assert parse_response(text)[:2] == (answer, confidence)


def test_a_callers_label_is_no_other_prompts_word():
    rules = Rules(confidence_labels=("Probability",))
    for text in ("Probability: 0.375\nAnswer: 3/8", "Answer: 3/8 Probability: 0.375"):
        assert parse_response(text, rules=rules)[:2] == ("3/8", 0.375)


@pytest.mark.parametrize("text", TABLE["SIGNS"])
def test_the_sign_of_gsm8k(text):
    assert parse_response(f"{text}\nConfidence: 0.9")[:3] == ("12", 0.9, "ok")


@pytest.mark.parametrize(
    ("written", "answer"),
    [(r"\frac{1}{2}", r"\frac{1}{2}"), (r"\sqrt{2}", r"\sqrt{2}"), (r"2\times 3", r"2\times 3")],
)
def test_latex_in_an_object_keeps_its_backslashes(written, answer):
    text = f'{{"answer": "{written}", "why": "x", "confidence": 0.7}}'
    assert parse_response(text, kind="latex")[:2] == (answer, 0.7)


def test_deep_and_long_objects_are_left_to_the_lines():
    deep = '{"a": ' * 30 + '{"answer": 5, "confidence": 0.9}' + "}" * 30
    assert parse_response(deep).status == "ok"
    long = '{"why": "' + "x" * 200_000 + '", "answer": 5, "confidence": 0.9}'
    assert parse_response(long).confidence == 0.9


def test_words_that_only_resemble_the_labels_in_case_count_as_before():
    assert parse_response("ANSWER: 5\nCONFIDENCE: 0.9").status == "ok"


# What a caller's rules add.


@pytest.mark.parametrize(
    ("answer", "confidence", "text"),
    [
        ("答案", "置信度", "答案：5\n置信度：0.9"),
        ("ответ", "уверенность", "Ответ: 5\nУверенность: 90%"),
        ("الإجابة", "الثقة", "الإجابة: 5\nالثقة: 0.9"),
        ("My pick", "How sure", "How sure (0-100): 90\nMy pick (a number): 5"),
        ("C++ (v.2)", "P(true)", "C++ (v.2): 5\nP(true): 0.9"),
        ("Diagnosis", "Confidence", "Diagnosis: 5\n\nLong words.\n\nConfidence: 0.9"),
        ("Finding:", "Sureness:", "**finding:** 5\n**sureness** = 0.9"),
        ("pick", "surety", "<pick>5</pick><surety>0.9</surety>"),
        ("X", "Y", "Answer: 5\nConfidence: 0.9"),
    ],
)
def test_a_callers_labels(answer, confidence, text):
    rules = Rules(answer_labels=(answer,), confidence_labels=(confidence,))
    assert parse_response(text, rules=rules)[:3] == ("5", 0.9, "ok")
    if "Long words" not in text:
        assert parse_response(f"<think>Hm.\n{text}", rules=rules)[:3] == ("5", 0.9, "ok")


def test_a_callers_keys_come_first():
    rules = Rules(answer_keys=("my pick",), confidence_keys=("p",))
    text = '{"answer": "A", "My_Pick": "B", "confidence": 0.1, "p": 0.7}'
    assert parse_response(text, rules=rules)[:2] == ("B", 0.7)
    assert parse_response(text)[:2] == ("A", 0.1)


@pytest.mark.parametrize("word", ["", " : ", "x" * 81, 5])
def test_a_label_is_a_word(word):
    with pytest.raises(ValueError, match="answer_labels must be words of 1 to 80 characters"):
        Rules(answer_labels=(word,))


@pytest.mark.parametrize(
    ("scale", "written", "value"),
    [
        *((5, str(k), k / 5) for k in range(1, 6)),
        (5, "4.5", 0.9),
        (5, "0", None),
        (5, "6", None),
        (5, "0.8", None),
        (5, "80%", 0.8),
        (5, "4/5", 0.8),
        (5, "4 of 5", 0.8),
        (5, "4 (80%)", 0.8),
        (5, "3-4", None),
        (10, "0", 0.0),
        (10, "1", 0.1),
        (10, "9", 0.9),
        (10, "10", 1.0),
        (10, "85", None),
        (100, "1", 0.01),
        (100, "7", 0.07),
        (100, "85", 0.85),
        (100, "0.85", None),
        (1, "0.85", 0.85),
        (1, "1", 1.0),
        (1, "85", None),
        (1, "85%", 0.85),
    ],
)
def test_a_bare_number_is_out_of_the_scale(scale, written, value):
    assert read_confidence(written, scale=scale)[:2] == (value, False)
    rules = Rules(scale=scale)
    text = f"Answer: 5\nConfidence: {written}"
    assert parse_response(text, rules=rules).confidence == value
    assert judge_spans(find_spans(text, rules=rules), scale=scale).confidence == value


def test_another_scale_is_refused():
    with pytest.raises(ValueError, match=r"scale must be one of \(1, 5, 10, 100\), got 7"):
        Rules(scale=7)
