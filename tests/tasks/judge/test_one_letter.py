"""Ways to give one letter, and ways to give two; letters beside the text of an option."""

import time

import pytest

from caopd_bench.tasks.judge.choices import read_choice
from caopd_bench.tasks.judge.options import find_option, gold_letter
from caopd_bench.tasks.judge.verify import verify

OPTIONS = ("a bridge", "a tunnel", "the ferry", "A boat")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "- B",
            "B!",
            "#B",
            "# B",
            "* B",
            "• B",
            "– B",
            "- **B**",
            "- (B)",
            "B!!",
            "B…",
            "<b>B</b>",
        ),
        *("B; it is the best", "It's B", "It is B.", "That's B", "It must be B!", "It’s B"),
        *(
            "I think it's B",
            "I think it is B.",
            "I believe it's B.",
            "I'm sure it's B",
            "So it's B",
        ),
        *("Therefore, it's B", "it's **B**", "I think B", "I'd say B", "It's B, since 2 is even"),
        *("My answer is B", "My choice: B", "B B", "B. B", "B\nI think so"),
    ],
)
@pytest.mark.parametrize("options", [(), OPTIONS])
def test_one_letter_in_many_ways(text, options):
    assert read_choice(text, options) == "B"
    assert read_choice(text.replace("B", "C"), options) != "B"


@pytest.mark.parametrize(
    "text",
    [
        *("C D", "C\nD", "C. D.", "(C) (D)", "C) D)", "C D B", "C - D", "C: D", "**C** **D**"),
        *("C\n\nD", "C. red\nD. green", "C D are both right", "C; D", "C! D", "C.D", "[C] [D]"),
        *("it's C D", "I think it's C or D", "The answer is C D", "- C\n- D", "Answer: C\nD"),
        *("option C option D", "C! No, it is D.", "C. Wait, D", "c\nD", "It's not C"),
        *("It's B cells", "it's A cat", "I think so"),
    ],
)
@pytest.mark.parametrize("options", [(), OPTIONS])
def test_two_letters_or_none(text, options):
    assert read_choice(text, options) is None


def test_a_list_of_options_leaves_the_choice_to_the_sentence_after_it():
    assert read_choice("A) a bridge\nB) a tunnel\nThe answer is B") == "B"
    assert read_choice("A) a bridge\nB) a tunnel") is None


def test_texts_that_are_letters():
    assert read_choice("C. D", ("A", "B", "D", "C")) == "C"
    assert read_choice("C. D", ("w", "x", "y", "D")) is None
    assert read_choice("B) K") == "B"
    assert read_choice("B. x") == "B"


@pytest.mark.parametrize(
    "text",
    [
        *("A. a tunnel", "A: tunnel", "A, tunnel", "A) tunnel", "(A) tunnel", "A; tunnel"),
        *("A! tunnel", "A\ntunnel", "`A` tunnel", '"A" tunnel', "$A$ tunnel", "**A** tunnel"),
        *(r"\text{A} tunnel", "A - tunnel", "A – a tunnel", "<b>A</b> tunnel", "__A__ tunnel"),
        *("a. tunnel", "the answer is A. tunnel", "Answer: A, a tunnel", "A.tunnel", "*A* tunnel"),
    ],
)
def test_the_letter_a_is_no_article(text):
    assert read_choice(text, OPTIONS) is None
    assert not verify(text, "A", kind="choice", options=OPTIONS)
    assert not verify(text, "B", kind="choice", options=OPTIONS)


@pytest.mark.parametrize(
    "text", ["A tunnel", "**A tunnel**", '"A tunnel"', "a **tunnel**", "a~tunnel", "**B** tunnel"]
)
def test_an_article_is_no_letter(text):
    assert read_choice(text, OPTIONS) == "B"


def test_a_name_that_begins_like_a_letter():
    assert read_choice("A. thaliana", ("E. coli", "A. thaliana")) == "B"
    assert read_choice("E. coli", ("E. coli", "w", "coli", "y", "z")) is None


WAYS = ["{}. {}", "({}) {}", "{}) {}", "{}: {}", "[{}] {}", "**{}.** {}", "{} - {}", "{} {}"]


@pytest.mark.parametrize("way", [*WAYS, "Option {}: {}", "{}.{}"])
def test_options_that_carry_their_own_letters(way):
    options = [way.format(letter, text) for letter, text in (("A", "red"), ("B", "green"))]
    for text in (
        "green",
        "the green",
        "Green.",
        "B",
        "B. green",
        "the answer is green",
        options[1],
    ):
        assert read_choice(text, options) == "B", text
    for text in ("red", "the red", "A", "A. red", options[0]):
        assert read_choice(text, options) == "A", text
    for text in ("A. green", "A) green", "B. red", "A: green", "blue"):
        assert read_choice(text, options) is None, text
    assert gold_letter("green", options) == gold_letter(options[1], options) == "B"


def test_letters_out_of_order_are_part_of_the_texts():
    assert find_option("red", ["B. red", "A. green"]) is None
    assert find_option("red", ["A. red", "C. green"]) is None
    assert find_option("red", ["A. red", "green"]) is None
    assert find_option("level", ["A level", "B level"]) is None


def test_long_strings_cost_little():
    start = time.perf_counter()
    for unit in ("A ", "C. D ", "I think ", "- ", "<b>", "no, ", "C\n", "it's ", "a\ue000"):
        read_choice(unit * 100_000, OPTIONS)
        read_choice(unit * 90)
        find_option(unit * 100, (unit * 90, "A. " * 100))
    assert time.perf_counter() - start < 2
