"""Letters of options and short texts, in both directions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caopd_bench.tasks.judge.choices import read_choice, same_choice
from caopd_bench.tasks.judge.phrases import same_phrase
from caopd_bench.tasks.judge.verify import group_answers

CHOICES = {
    "B": [
        *("B", "b", "(B)", "[B]", "B.", "B)", "B:", "**B**", "`B`", '"B"', "$B$", r"\boxed{B}"),
        *(r"\text{B}", r"$\boxed{\text{B}}$", "B: 12 apples", "B. 12 apples", "(B) 12 apples"),
        *("B - 12 apples", "B 12 apples", "option B", "Option (B)", "choice B.", "The answer is B"),
        *("the correct option is B.", "Answer: B", "letter B", "<B>", "B\n12 apples", "**B. x**"),
        *("B, because it is so", "B = 12"),
    ],
    "A": ["A", "a.", "(A) A cat", "A. a cat", "A: I am", "option A"],
    "I": ["I", "(I)", "I. ten"],
}
NOT_CHOICES = [
    *("", "12", "12 apples", "A or B", "A and B", "A, B", "A/B", "both A and B", "A & C", "B, C"),
    *("A cat", "a cat", "I think so", "I'm sure", "none", "None of them", "AB", "B2", "b12"),
    *("apples", "apple B", "cat. B", "-", "?", "\u00e4", "\x00", "the", "answer", "B's"),
    *("option", "not B", "b apples"),
]


@pytest.mark.parametrize(
    ("text", "letter"), [(text, letter) for letter, texts in CHOICES.items() for text in texts]
)
def test_a_choice_is_read(text, letter):
    assert read_choice(text) == letter
    assert same_choice(text, letter)
    assert not same_choice(text, "Z")


@pytest.mark.parametrize("text", NOT_CHOICES)
def test_what_is_no_choice(text):
    assert read_choice(text) is None
    assert not same_choice(text, "B")


@pytest.mark.parametrize("gold", ["", "b", "AB", "1", "(b)", "['A', 'B']", "B tunnel"])
def test_a_gold_that_is_no_letter_is_refused(gold):
    with pytest.raises(ValueError, match="not one letter"):
        same_choice("B", gold)


NAMES = '["The Beatles", "Fab Four", "12"]'


@pytest.mark.parametrize(
    "text",
    [
        *("The Beatles", "beatles", "the beatles.", "BEATLES!", "  Beatles ", "“Beatles”"),
        *("Fab Four", "fab-four", "the Fab   Four", "12", "12.0", "ｂｅａｔｌｅｓ", "Fab_Four"),
    ],
)
def test_a_phrase_is_any_of_its_names(text):
    assert same_phrase(text, NAMES)


@pytest.mark.parametrize("text", ["", "Beatle", "The Rolling Stones", "Fab", "21", "-12", "1.2"])
def test_another_phrase_is_wrong(text):
    assert not same_phrase(text, NAMES)
    assert not same_phrase(None, NAMES)


def test_signs_and_points_belong_to_numbers_only():
    assert same_phrase("U.S.A.", "USA")
    assert same_phrase("well known", "well-known")
    assert not same_phrase("-5", "5")
    assert not same_phrase("1.5", "15")


def test_a_gold_may_be_one_name_and_must_name_something():
    assert same_phrase("Rome", "Rome")
    assert same_phrase("[sic", "[sic")  # not a JSON list
    for gold in ("", "[]", '["", "..."]', "[1, 2]"):
        with pytest.raises(ValueError, match="names nothing"):
            same_phrase("x", gold)


@given(st.text())
def test_no_string_raises(text):
    assert read_choice(text) is None or len(read_choice(text)) == 1
    assert same_phrase(text, NAMES) in (True, False)


def test_long_strings_cost_little():
    for unit in ("A ", "(", "option ", "answer: ", "**", "\ud800", "B or "):
        assert read_choice(unit * 200_000) in (None, "A", "B")
        assert not same_phrase(unit * 200_000, NAMES)


def test_equal_answers_share_a_group():
    assert group_answers(["12", "12.0", None, "13", "12"]) == [0, 0, None, 1, 0]
    assert group_answers(["(B)", "b.", "C", "?", "?"], "choice") == [0, 0, 1, 2, 2]
    assert group_answers(["The Beatles", "beatles", "Stones"], "phrase") == [0, 0, 1]
    assert group_answers([], "number") == []
    with pytest.raises(ValueError, match="unknown kind"):
        group_answers(["1"], "numbers")


@pytest.mark.parametrize(
    ("answer", "gold"),
    [("C", "C++"), ("C#", "C"), ("A+", "A"), ("A", "A-"), ("A+", "A-"), ("AB", "AB-"), ("F#", "F")],
)
def test_a_sign_that_ends_a_name_is_part_of_it(answer, gold):
    assert not same_phrase(answer, gold)
    assert not same_phrase(gold, answer)
    assert same_phrase(f"{gold}.", gold)
    assert same_phrase(gold.lower(), gold)


@pytest.mark.parametrize(
    ("answer", "gold"),
    [("well-known", "well known"), ("+5", "5"), ("Rock - paper", "Rock paper"), ("U.S.A.", "USA")],
)
def test_other_signs_are_punctuation(answer, gold):
    assert same_phrase(answer, gold)
