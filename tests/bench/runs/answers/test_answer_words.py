"""Where nothing was read of most responses, a note says what they look like and what to try."""

import json
import time

import pytest

from caopd_bench.runs.answers.words import guess_words
from caopd_bench.runs.rescore import rescore
from caopd_bench.tasks.read.rules import Rules


def note_of(tmp_path, texts, golds=None, **options):
    file = tmp_path / "log.jsonl"
    golds = golds or list(range(len(texts)))
    rows = [{"response": text, "gold": gold} for text, gold in zip(texts, golds, strict=True)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [note.text for note in rescore(file, **options).warnings]


@pytest.mark.parametrize(
    ("text", "tried"),
    [
        ('{{"final": {0}, "sureness": 0.8}}', "--answer-key final --confidence-key sureness"),
        ('```json\n{{"outcome": {0}, "p": 0.8}}\n```', "--answer-key outcome --confidence-key p"),
        (
            '{{"thought": "x", "n": 0.25, "wert": "{0}", "wie sicher": "80%"}}',
            "--answer-key wert --confidence-key 'wie sicher'",
        ),
        ('{{"out": {{"final": {0}}}, "sure": 80}}', "--answer-key final --confidence-key sure"),
        ("Antwort: {0}\nSicherheit: 4", "--answer-label Antwort --confidence-label Sicherheit"),
        ("**Réponse :** {0}\n**Certitude :** 80 %", "--answer-label Réponse"),
        ("答案：{0}\n信心：0.8", "--answer-label 答案 --confidence-label 信心"),
        ("First: 1\nTotal: {0}\nMy belief: 0,7", "--answer-label Total"),
    ],
)
def test_texts_in_other_words_are_told_with_the_options_that_read_them(tmp_path, text, tried):
    notes = note_of(tmp_path, [text.format(i) for i in range(12)])
    (note,) = [note for note in notes if "neither an answer nor a confidence" in note]
    assert "in 12 of 12 responses" in note
    assert tried in note
    assert "(a guess)" in note


def test_the_options_that_are_named_read_the_texts(tmp_path):
    """What is suggested works: the words are those of the parser too."""
    cases = {
        "key": '{{"final": {0}, "sureness": 0.8}}',
        "label": "Antwort: {0}\nSicherheit: 0.8",
    }
    for form, text in cases.items():
        texts = [text.format(i) for i in range(12)]
        words = guess_words([(text, str(i)) for i, text in enumerate(texts)])
        assert words is not None
        assert words.form == form
        given = {f"answer_{form}s": (words.answer,), f"confidence_{form}s": (words.confidence,)}
        file = tmp_path / f"{form}.jsonl"
        rows = [{"response": text, "gold": i} for i, text in enumerate(texts)]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        run = rescore(file, rules=Rules(**given))
        assert {(row.status, row.correct) for row in run.rows} == {("ok", 1)}


def test_prose_names_the_options_and_no_word(tmp_path):
    (note,) = note_of(tmp_path, ["I would rather not say."] * 12)
    assert "--answer-label and --confidence-label" in note
    assert "--answer-key and --confidence-key" in note
    assert "guess" not in note


def test_half_a_guess_says_what_is_missing(tmp_path):
    (note,) = note_of(tmp_path, [f"Antwort: {i}\nUnd so weiter" for i in range(12)])
    assert "try --answer-label Antwort (a guess)" in note
    assert "--confidence-label" in note


def test_few_such_responses_are_not_noted(tmp_path):
    texts = ["Antwort: 1\nSicherheit: 0.8"] * 5 + ["Answer: 1\nConfidence: 0.8"] * 7
    assert note_of(tmp_path, texts) == []


def test_a_confidence_under_another_word_is_named(tmp_path):
    texts = [f"Answer: {i}\nSicherheit: 80 %" for i in range(12)]
    (note,) = note_of(tmp_path, texts)
    assert "an answer was found but no confidence" in note
    assert "--confidence-label Sicherheit (a guess" in note


def test_numbers_of_the_reasoning_are_no_confidence(tmp_path):
    texts = [f"Total: {i}\nSum: 24\nAnswer: {i}" for i in range(12)]
    (note,) = note_of(tmp_path, texts)
    assert "--confidence-label" in note
    assert "guess" not in note


@pytest.mark.parametrize(
    "word",
    ["$(touch x)", "a'; rm -rf x; '", "::error::x", "\x1b[31mred", "w" * 500, "--store", "`id`"],
)
def test_no_word_of_a_model_reaches_a_command_line(tmp_path, word):
    """What is suggested is pasted into a shell: only plain words are."""
    for text in (json.dumps({word: 5, "sure": 0.8}), f"{word}: 5\nSicherheit: 0.8"):
        notes = note_of(tmp_path, [text] * 12, ["5"] * 12)
        for note in notes:
            assert word not in note
            assert "\x1b" not in note
            assert "::error" not in note
            assert not set("$`;") & set(note.partition("try ")[2].partition(" (a")[0])


@pytest.mark.parametrize("text", ["{" * 5000, '{"a":' * 5000, "a " * 4000 + ":", "A: " * 3000])
def test_the_guess_takes_no_time(text):
    held = [(text, "5")] * 500
    start = time.process_time()
    guess_words(held)
    assert time.process_time() - start < 8


def test_a_scale_that_contradicts_the_confidences_is_named(tmp_path):
    texts = [f"Answer: {i}\nConfidence: 0.{5 + i % 4}" for i in range(12)]
    notes = note_of(tmp_path, texts, rules=Rules(scale=5))
    assert any("--scale 5" in note and "such as '0.5'" in note for note in notes)
    assert note_of(tmp_path, texts) == []


def test_no_right_answer_among_many_is_a_question(tmp_path):
    texts = [f"Answer: {i}\nConfidence: 0.8" for i in range(30)]
    (note,) = note_of(tmp_path, texts, [i + 1 for i in range(30)])
    assert "none of 30 answers is right, such as '0' where '1' is" in note
    assert "--gold and --kind" in note
    assert note_of(tmp_path, texts, [0, *range(2, 31)]) == []
    assert note_of(tmp_path, texts[:10], [i + 1 for i in range(10)]) == []


def test_decimals_up_to_1_are_the_reason_to_doubt_a_scale(tmp_path):
    texts = [f"Answer: {i}\nConfidence: 0.{5 + i % 4}" for i in range(12)]
    (note,) = note_of(tmp_path, texts, rules=Rules(scale=5))
    assert "12 are decimals up to 1, so --scale 5 seems wrong; leave it out" in note
    texts = [f"Answer: {i}\nConfidence: {50 + i}" for i in range(12)]
    (note,) = note_of(tmp_path, texts, rules=Rules(scale=5))
    assert "or give the scale of the responses" in note


def test_letters_among_texts_make_the_kind_doubtful(tmp_path):
    texts = [f"Answer: a tunnel {i}\nConfidence: 0.8" for i in range(30)]
    letters = ["ABCD"[i % 4] for i in range(30)]
    (note,) = note_of(tmp_path, texts, letters, kind="phrase")
    assert "all right answers are single letters and most answers are not" in note
    assert note.endswith("a guess")
    texts = [f"Answer: {letter}\nConfidence: 0.8" for letter in letters]
    assert note_of(tmp_path, texts, letters, kind="phrase") == []
    texts[:5] = [f"{text[:9]}) a tunnel{text[9:]}" for text in texts[:5]]
    (note,) = note_of(tmp_path, texts, letters, kind="phrase")
    assert "--kind choice also reads answers such as 'B) a tunnel' (a guess)" in note
    assert note_of(tmp_path, texts, letters, kind="choice") == []
