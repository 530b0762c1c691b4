"""Answers that give the text of an option, where the options are known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caopd_bench.tasks.judge.choices import read_choice
from caopd_bench.tasks.judge.judge import judge, judge_samples
from caopd_bench.tasks.judge.options import find_option, gold_letter, options_of
from caopd_bench.tasks.judge.verify import group_answers, verify

OPTIONS = ("a bridge", "a tunnel", "the ferry", "A boat")

TEXTS = {
    "B": [
        *("a tunnel", "Tunnel", "the tunnel.", "**a tunnel**", '"A tunnel"', r"$\text{a tunnel}$"),
        *("The answer is the tunnel", "answer: the tunnel.", "I would choose a tunnel"),
        *(
            "From what is given, the best answer is B) a tunnel.",
            "a tunnel (B)",
            "tunnel, option B",
        ),
        *("B", "(b)", "B) a tunnel", "B, since a bridge is weak", "**B. a tunnel**"),
        "Since A is weak, the correct option is B",
        "I think the answer is B",
    ],
    "D": ["A boat", "a boat", "D", "boat"],
    "A": ["A", "a.", "A: a bridge", "bridge"],
}
NO_CHOICES = [
    *("B) a bridge", "a tunnel (A)", "bridge or tunnel", "a bridge and a tunnel", "A or B"),
    *("the answer is not B", "I doubt whether the answer is B", "option B is wrong"),
    *("the answer is B) a bridge", "tunnels", "(B) is incorrect", "B isn't right"),
]


@pytest.mark.parametrize(("text", "letter"), [(t, k) for k, ts in TEXTS.items() for t in ts])
def test_an_option_is_chosen_by_its_text_or_letter(text, letter):
    assert read_choice(text, OPTIONS) == letter
    assert verify(text, letter, kind="choice", options=OPTIONS)


@pytest.mark.parametrize("text", NO_CHOICES)
def test_what_says_two_things_or_none(text):
    assert read_choice(text, OPTIONS) is None


@pytest.mark.parametrize(
    ("text", "options", "letter"),
    [
        # Case, signs and digits have a meaning in formulas.
        ("CO", ("Co", "CO"), "B"),
        ("c1ccccc1", ("C1CCCCC1", "CCO"), None),
        ("-5", ("5", "-5"), "B"),
        ("0.5", ("5", "0.5"), "B"),
        ("x>1", ("x<1", "x > 1"), "B"),
        ("(0,1]", ("[0,1)", "(0,1]"), "B"),
        ("10^2", ("102", "10²"), "B"),
        (r"\dfrac{1}{2}", (r"$\frac{1}{2}$", "2"), "A"),
        ("5!", ("5", "5!"), "B"),
        # An article that is a name.
        ("vitamin", ("vitamin C", "vitamin A"), None),
        ("Vitamin A", ("vitamin C", "vitamin A"), "B"),
        # Texts that are alike, and texts that begin like a letter.
        ("tunnel", ("a tunnel", "the tunnel"), None),
        ("red", ("red", "red"), None),
        ("Cl", ("Cl", "Cl-"), None),
        ("B cells", ("T cells", "NK cells", "mast cells", "B cells"), "D"),
        ("E. coli", ("E. coli", "w", "x", "y", "z"), "A"),
        ("E. coli", ("E. coli", "w", "x", "y", "coli"), None),
        ("B", ("B", "A"), "B"),
        ("well known", ("well-known", "new"), "A"),
    ],
)
def test_texts_that_are_nearly_alike(text, options, letter):
    assert read_choice(text, options) == letter


def test_a_sentence_with_a_letter_is_read_without_the_options_too():
    assert read_choice("From this, the best answer is D) a tunnel.") == "D"
    assert read_choice("From this, the best answer is not D) a tunnel.") is None
    assert read_choice("The answer is D. Or else the answer is C.") == "D"
    assert read_choice("Perhaps the first answer is C, but the second answer is B") is None


def test_a_right_answer_may_be_a_text_or_a_place():
    for gold in ("B", "a tunnel", "1", "b", "Tunnel"):
        assert gold_letter(gold, OPTIONS) == "B"
        assert verify("the tunnel", gold, kind="choice", options=OPTIONS)
        assert not verify("the ferry", gold, kind="choice", options=OPTIONS)
    with pytest.raises(ValueError, match="neither one of the letters A to D nor the text"):
        verify("B", "a plane", kind="choice", options=OPTIONS)
    with pytest.raises(ValueError, match="neither one of the letters"):
        verify("B", "4", kind="choice", options=OPTIONS)
    with pytest.raises(ValueError, match="text of option B and the position of option C"):
        gold_letter("2", ("1", "2", "3"))


def test_votes_count_a_letter_and_its_text_as_one():
    answers = ["B", "a tunnel", "the ferry", None, "tunnels"]
    assert group_answers(answers, "choice", OPTIONS) == [0, 0, 1, None, 2]


def test_the_documents_of_a_task_bring_their_options():
    doc = {"answer": "B", "kind": "choice", "options": list(OPTIONS)}
    text = "Answer: a tunnel\nConfidence: 0.8"
    assert judge(doc, [text])["acc"] == 1.0
    assert judge({**doc, "options": None}, [text])["acc"] == 0.0
    assert judge({"answer": "B", "kind": "choice"}, [text])["acc"] == 0.0
    values = judge_samples(doc, [text, "Answer: B\nConfidence: 0.7", "Answer: C\nConfidence: 0.1"])
    assert values["majority"] == (2 / 3, 1.0)
    assert options_of({"options": "ab"}) == options_of({"options": [1, 2]}) == ()


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=6))
def test_no_string_raises(text, options):
    assert read_choice(text, options) is None or len(read_choice(text, options)) == 1
    assert find_option(text, options) is None or find_option(text, options) < len(options)


def test_long_strings_cost_little():
    for unit in ("answer is A ", "a tunnel ", "option ", r"\text{", "the ", "$", "(B", "choice: "):
        assert read_choice(unit * 100_000, OPTIONS) in (None, "A", "B")
        assert read_choice("B", (unit * 10_000, "x")) == "B"


SPECIES = ("yeast", "E. coli", "S. aureus", "C reactive protein", "J. S. Bach")


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("The answer is E. coli", "B"),
        ("The correct answer is **E. coli**.", "B"),
        ("The answer is E. coli because it grows fast.", "B"),
        ("E. coli. It grows fast.", "B"),
        ("It's E. coli", "B"),
        ("The answer is S. aureus, because it is round.", "C"),
        ("The answer is C reactive protein", "D"),
        ("I think the answer is J. S. Bach. He wrote it.", "E"),
        ("The answer is E. J. S. Bach", "E"),
        ("The answer is E. Nothing else fits.", "E"),
        ("The answer is A. yeast", "A"),
        ("The answer is A. E. coli", None),
        ("E", "E"),
        ("E.", "E"),
    ],
)
def test_the_text_of_an_option_that_begins_with_a_letter_beats_the_letter(text, chosen):
    assert read_choice(text, SPECIES) == chosen


@pytest.mark.parametrize("gold", ["(B)", " B", "['B']", "B.", '["B"]', "[B]", "B)"])
def test_a_right_answer_is_one_letter_in_an_unmistakable_form(gold):
    for options in ((), OPTIONS):
        assert verify("B", gold, kind="choice", options=options)
        assert not verify("A", gold, kind="choice", options=options)


@pytest.mark.parametrize(
    ("response", "right"),
    [
        ("The answer is E. coli.\nConfidence: 0.9", True),
        ("I think the answer is **E. coli** because it grows fast.\nConfidence: 90%", True),
        ("The answer is E. I am sure.\nConfidence: 0.9", False),
        ("The answer is E. confidence: 0.9", False),
        ("The answer is E. the others are round.\nConfidence: 0.9", False),
        ("The answer is B. nothing else fits.\nConfidence: 0.9", True),
    ],
)
def test_a_sentence_in_a_response_names_an_option_that_begins_with_a_letter(response, right):
    doc = {"kind": "choice", "answer": "B", "options": list(SPECIES)}
    judged = judge(doc, [response])
    assert (judged["acc"], judged["confidence"], judged["status"]) == (right, 0.9, "ok")
