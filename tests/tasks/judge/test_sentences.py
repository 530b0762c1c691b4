"""Answers in a sentence: the value that it states is judged, and never another one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caopd_bench.tasks.judge.latex.compare import same_expression
from caopd_bench.tasks.judge.latex.sentence import find_value
from caopd_bench.tasks.judge.verify import verify

pytest.importorskip("math_verify", reason="math-verify is not installed (extra `eval`)")

RIGHT = [
    (r"The value of \(x\) is 4", "4"),
    (r"The value of \(x\) is \(4\).", "4"),
    (r"The value of $a$ is $-256$", "-256"),
    (r"The maximum is $\frac{16}{5}$", r"\frac{16}{5}"),
    (r"The maximum is \frac{16}{5}", r"\frac{16}{5}"),
    (r"The greatest value of $e$ is $\frac{16}{5}$", r"\frac{16}{5}"),
    (r"The least common multiple is $36$", "36"),
    (r"The length of the side is $2\sqrt{3}$ cm", r"2\sqrt{3}"),
    (r"The roots of $f$ are $1$ and $\sqrt{2}$", r"1, \sqrt{2}"),
    (r"The solutions are $x = 1$ and $x = -2$", "-2,1"),
    (r"Hence the interval is $[0, 1)$.", "[0,1)"),
    (r"The value of $f(2)$ is $\pi$", r"\pi"),
    ("They should order 8 meals", "8"),
    ("They should have ordered $8$ meals.", "8"),
    ("The remainder is 3", "3"),
    ("pi", r"\pi"),
    ("2*pi", r"2\pi"),
    ("pi/2", r"\frac{\pi}{2}"),
    ("3 pi", r"3\pi"),
    ("sqrt(2)/2", r"\frac{\sqrt{2}}{2}"),
    ("x**2 + 1", "x^2+1"),
    ("(2, infinity)", r"(2,\infty)"),
]
#: Sentences that state no single value, or another one.
WRONG = [
    (r"The value of \(x\) is 5", "4"),
    (r"The value of \(x\) is not 4", "4"),
    (r"The value of \(4\) is x", "4"),
    (r"The value of \(x\) is at least $4$", "4"),
    (r"The value of \(x\) is about $4$", "4"),
    (r"The value of \(x\) is 4 or 5", "4"),
    (r"The value of \(x\) is $4$ and $5$", "4"),
    (r"The value of \(x\) is $4$ less than $9$", "4"),
    (r"The value of \(x\) is $4$ times larger", "4"),
    (r"The value of \(x\) isn't $4$", "4"),
    (r"If $x$ is $4$", "4"),
    (r"I doubt whether it could be $4$", "4"),
    (r"Twice the value of $x$ is $4$", "4"),
    (r"The maximum is $-\frac{16}{5}$", r"\frac{16}{5}"),
    (r"The maximum is $\frac{5}{16}$", r"\frac{16}{5}"),
    (r"The maximum of 3 terms is $\frac{16}{5}$", r"\frac{16}{5}"),
    (r"The interval is $[0, 1]$", "[0,1)"),
    (r"The roots are $1$ and $\sqrt{3}$", r"1, \sqrt{2}"),
    (r"The root is $\sqrt{2}$", r"1, \sqrt{2}"),
    ("They should order 8 meals for 4 tables", "8"),
    ("They should order 9 meals", "8"),
    ("They should not order 8 meals", "8"),
    ("8 should exceed it", "8"),
    ("The answer should exceed 8", "8"),
    ("It should be at most 8", "8"),
    ("pi", "3.14"),
    ("2*pi", r"\pi"),
    ("api", r"\pi"),
]


@pytest.mark.parametrize(("answer", "gold"), RIGHT)
def test_what_a_sentence_states(answer, gold):
    assert verify(answer, gold, kind="latex")


@pytest.mark.parametrize(("answer", "gold"), WRONG)
def test_what_a_sentence_does_not_state(answer, gold):
    assert not verify(answer, gold, kind="latex")


@pytest.mark.parametrize(
    "wording",
    [
        r"The value of \(x\) is {}",
        r"The value of $a$ is ${}$",
        "They should order {} meals",
        r"The maximum is ${}$",
        "So {} is the answer",
    ],
)
def test_another_number_in_the_same_words_is_wrong(wording):
    for gold, others in (("8", ("7", "88", "-8", "8.5", "0.8", "8/3", "8 or 9", "8 + 1")),):
        assert verify(wording.replace("{}", gold), gold, kind="latex")
        assert not any(verify(wording.replace("{}", o), gold, kind="latex") for o in others)


def test_sentences_of_numbers_are_read_alike():
    assert verify(r"The value of \(x\) is 4", "4")
    assert verify("They should order 8 meals", "8")
    assert not verify(r"The value of \(x\) is 5", "4")


@given(st.text(alphabet="is are$\\()[]x4.,andot ", max_size=80))
def test_no_string_raises(text):
    value = find_value(text)
    assert value is None or isinstance(value, str)


def test_long_strings_cost_little():
    for unit in ("is ", "$", r"\(", "$a$ is ", r"\[x"):
        assert not same_expression(unit * 600, r"\pi")
