"""Signs of roots, equations of different variables, sentences of two values."""

import pytest

from caopd_bench.tasks.judge.latex.sentence import find_value
from caopd_bench.tasks.judge.verify import verify

pytest.importorskip("math_verify", reason="math-verify is not installed (extra `eval`)")


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("√12", r"\sqrt{12}"),
        ("√12", r"2\sqrt{3}"),
        ("$√12$", r"\sqrt{12}"),
        ("The answer is √12", r"\sqrt{12}"),
        ("√ 12", r"\sqrt{12}"),
        ("3√10", r"3\sqrt{10}"),
        ("5√2 cm", r"5\sqrt{2}"),
        ("√(2)", r"\sqrt{2}"),
        ("√{12}", r"\sqrt{12}"),
        ("√(x+1)", r"\sqrt{x+1}"),
        ("√((1+3)/2)", r"\sqrt{2}"),
        ("√2/2", r"\frac{\sqrt{2}}{2}"),
        ("√3 + 1", r"1+\sqrt3"),
        ("√1.5", r"\sqrt{1.5}"),
        ("√π", r"\sqrt{\pi}"),
        ("∛27", "3"),
        ("∛(54)", r"3\sqrt[3]{2}"),
        ("2∛5", r"2\sqrt[3]{5}"),
        ("³√16", r"2\sqrt[3]{2}"),
        ("∜16", "2"),
    ],
)
def test_a_sign_of_a_root_holds_what_follows(answer, gold):
    assert verify(answer, gold, kind="latex")


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("√12", "2"),
        ("√12", r"\sqrt{1}2"),
        ("√12", r"\sqrt{13}"),
        ("3√10", r"\sqrt{30}"),
        ("∛27", r"\sqrt{27}"),
        ("√2", "2"),
        ("√4", "4"),
        ("√(2", r"\sqrt{2}+1"),
    ],
)
def test_another_root_is_wrong(answer, gold):
    assert not verify(answer, gold, kind="latex")


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("x=5", "y=5"),
        ("$x = 5$", "y=5"),
        ("5=x", "y=5"),
        ("x=1, y=2", "x=2, y=1"),
        ("(x=1, y=2)", "(x=2, y=1)"),
        ("x=1,2", "y=1,2"),
        ("x_1=5", "x_2=5"),
        ("f(x)=2x", "g(x)=2x"),
        ("x=2t", "y=2t"),
        (r"x\in[0,1]", r"y\in[0,1]"),
        ("x=2+3=5", "y=5"),
    ],
)
def test_equations_of_different_variables_differ(answer, gold):
    assert not verify(answer, gold, kind="latex")
    assert not verify(gold, answer, kind="latex")
    assert not verify(f"The line is ${answer}$", gold, kind="latex")


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("x=5", "5"),
        ("5", "x=5"),
        ("x = 5", "x=5"),
        ("X=5", "x=5"),
        ("5=x", "x=5"),
        ("x_1=5", "x=5"),
        ("f(x)=2x", "y=2x"),
        ("y - 2x = 3", "y=2x+3"),
        ("x=1, y=2", "y=2,x=1"),
        ("x=1, x=2", "1,2"),
        (r"x\in[0,1]", "[0,1]"),
    ],
)
def test_the_same_equation_or_a_bare_value(answer, gold):
    assert verify(answer, gold, kind="latex")


@pytest.mark.parametrize(
    "text",
    [
        "The smallest root is $4$ and the largest is $5$",
        "The sum is $4$, and the product is $5$",
        "The sum is exactly $4$ and the product is $5$.",
        r"One root is $\sqrt{2}$; the other is $5$",
        "The roots are $4$ and $5$, and the larger is $5$",
        r"The smallest root is \(4\) and the largest equals \(5\)",
        "$4$ is the smaller root and the larger is $5$",
        "$4$ is the smaller root and $5$ is the larger",
        "One root: $4$. The other is $5$",
        "The sum is $x=4$ and the product is $5$",
        "The sum is π and the product is $5$",
        "The sum is 4, and the product is 5",
    ],
)
def test_two_values_in_a_sentence_are_no_answer(text):
    for kind in ("latex", "number"):
        assert not any(verify(text, gold, kind=kind) for gold in ("4", "5"))


def test_one_value_after_other_verbs():
    assert find_value("The number that is the root of $f$ is $4$") == "4"
    assert find_value("The point where $f$ is largest is $4$") == "4"
    assert find_value("Solution: $x$ is $4$") == "4"
