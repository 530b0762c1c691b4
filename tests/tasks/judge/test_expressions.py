"""Equality of LaTeX answers: tables in both directions, the real gold answers, hostile strings."""

import json
import os
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caopd_bench.tasks.judge.latex import child as expression_child
from caopd_bench.tasks.judge.latex import worker
from caopd_bench.tasks.judge.latex.compare import same_expression
from caopd_bench.tasks.judge.latex.text import MAX_LENGTH, normalise, split_parts

pytest.importorskip("math_verify", reason="math-verify is not installed (extra `eval`)")

# (answer, gold): right.
SAME = [
    (r"3\sqrt{13}", r"\sqrt{117}"),
    ("-q+p", "p - q"),
    ("(b+2)(a+5)", "(a+5)(b+2)"),
    ("ab+2a+5b+10", "(a+5)(b+2)"),
    ("evelyn", r"\text{Evelyn}"),
    ("C", r"\text{(C)}"),
    ("(C)", r"\text{(C)}"),
    (r"0.5\pi", r"\frac{\pi}{2}"),
    ("y=2x+3", "y = 2x + 3"),
    ("2x+3", "y = 2x + 3"),
    ("y-2x=3", "y = 2x + 3"),
    ("5x-7y+11z=-4", "5x - 7y + 11z + 4 = 0"),
    ("52_8", "52_8"),
    ("52_{8}", "52_8"),
    (r"1+\sqrt{19}, 1-\sqrt{19}", r"1 \pm \sqrt{19}"),
    ("7, 5, 3", "3, 5, 7"),
    (r"\{3,5,7\}", "3, 5, 7"),
    (r"11\sqrt{2}", r"11\sqrt2"),
    (r"\sqrt{242}", r"11\sqrt2"),
    (r"(-\infty,2)\cup(3,\infty)", r"(-\infty, 2) \cup (3, \infty)"),
    (r"(3,\infty)\cup(-\infty,2)", r"(-\infty, 2) \cup (3, \infty)"),
    ("90", r"90^\circ"),
    ("90 degrees", r"90^\circ"),
    (r"\$36", "36"),
    ("1/3", r"\frac13"),
    (r"\cot x", r"\cot x"),
    (r"\frac{\cos x}{\sin x}", r"\cot x"),
    ("even", r"\text{even}"),
    ("x=5", "5"),
    ("5", "x=5"),
    (r"288\pi \text{ cubic inches}", r"288 \pi"),
    (r"\begin{bmatrix}-2\\-14\\-7\end{bmatrix}", r"\begin{pmatrix} -2 \\ -14 \\ -7 \end{pmatrix}"),
    ("6-5i", "6 - 5i"),
    ("-5i+6", "6 - 5i"),
    ("32348", r"\$32,\!348"),
    ("11111111100", r"11,\! 111,\! 111,\! 100"),
    ("11,111,111,100", r"11,\! 111,\! 111,\! 100"),
    ("x^3+3x-6", "x^3+3x-6"),
    ("-6+3x+x^3", "x^3+3x-6"),
    (r"\frac{270}{7}", r"\frac{270}7\text{ degrees}"),
    (r"\pi/4", r"\frac{\pi}{4}"),
    ("864", r"864 \mbox{ inches}^2"),
    ("137.5", r"137 \frac{1}{2}"),
    ("5.4 cents", r"5.4 \text{ cents}"),
    ("3 and 5 and 7", "3, 5, 7"),
    ("[-2,7]", r"x \in [-2,7]"),
    ("Navin", r"\text{Navin}"),
    ("ellipse", r"\text{ellipse}"),
    (r"x \in [-2, 7]", r"x \in [-2,7]"),
    ("4210_5", "4210_{5}"),
    (r"2\cdot k+2", "2k+2"),
    (r"\frac{9}{19}", r"\frac9{19}"),
    ("9/19", r"\frac9{19}"),
    ("10080", r"10,\!080"),
    (r"\boxed{\frac{9}{19}}", r"\frac9{19}"),
    ("18.9", r"\$18.90"),
    ("x=-2, x=1", "-2,1"),
    (r"x = 1 \pm \sqrt{19}", r"1 \pm \sqrt{19}"),
    ("-13 x + 3", "-13x+3"),
    ("3-13x", "-13x+3"),
]
# (answer, gold): wrong.
OTHER = [
    ("q-p", "p - q"),
    ("D", r"\text{(C)}"),
    ("3.14159265358979", r"\pi"),
    (r"\frac{22}{7}", r"\pi"),
    ("y=2x-3", "y = 2x + 3"),
    ("[0,1]", "(0,1)"),
    ("(2,1)", "(1,2)"),
    ("52", "52_8"),
    ("53_8", "52_8"),
    ("7, 5", "3, 5, 7"),
    ("0.333", r"\frac{1}{3}"),
    ("odd", r"\text{even}"),
    ("(-2,-14,-7)", r"\begin{pmatrix} -2 \\ -14 \\ -7 \end{pmatrix}"),
    ("6+5i", "6 - 5i"),
    (r"-2 \leq x \leq 7", r"x \in [-2,7]"),
    ("the ellipse", r"\text{ellipse}"),
    ("4,210_5", "4210_{5}"),
    ("-2", "2"),
    (r"1 + \sqrt{19}", r"1 \pm \sqrt{19}"),
    ("(0, 1)", "(0, 1]"),
    ("[3,4]", "(3,4]"),
    ("1, 1", "1"),
    ("1", "1, 1"),
    (r"(0,9) \cap (9,36)", r"(0,9) \cup (9,36)"),
    (r"(0,36)", r"(0,9) \cup (9,36)"),
    ("0.33333333333333", r"\frac{1}{3}"),
    ("1.41421356237309504880", r"\sqrt{2}"),
    (r"\approx 5", "6"),
    ("12 or 13", "12"),
    ("", "12"),
    ("$$", "12"),
    (r"\boxed{}", "12"),
    ("?", "12"),
    ("x", "12"),
    (r"\text{none}", "12"),
]


@pytest.mark.parametrize(("answer", "gold"), SAME)
def test_equal_answers(answer, gold):
    assert same_expression(answer, gold)
    assert same_expression(f"${answer}$.", gold)


@pytest.mark.parametrize(("answer", "gold"), OTHER)
def test_other_answers(answer, gold):
    assert not same_expression(answer, gold)
    assert not same_expression(None, gold)


def test_a_gold_must_say_something():
    with pytest.raises(ValueError, match="is empty"):
        same_expression("12", " $$ ")


@pytest.fixture(scope="module")
def golds():
    """The gold answers of MATH-500."""
    file = Path(os.environ.get("CAOPD_BENCH_DATA", "")) / "math500_test.jsonl"
    if not file.is_file():
        pytest.skip("set CAOPD_BENCH_DATA to a folder that holds math500_test.jsonl")
    lines = file.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["answer"] for line in lines]


def no_child(*_):
    raise AssertionError("the child was asked")


def test_every_gold_answer_is_itself_without_algebra(golds, monkeypatch):
    monkeypatch.setattr(expression_child._keeper, "ask", no_child)
    assert len(golds) == 500
    assert [gold for gold in golds if not same_expression(gold, gold)] == []


def reformat(gold):
    """Write a gold answer in other ways that mean the same."""
    yield f"${gold}$"
    yield rf"\boxed{{{gold}}}"
    yield rf"\( {gold} \)."
    yield gold.replace(r"\frac", r"\dfrac").replace(r"\dd", r"\d")
    yield gold.replace(r"\left", "").replace(r"\right", "")
    yield re.sub(r"([,+=])(?!\\)", r" \1 ", gold) if "\\!" not in gold else f" {gold} "
    yield gold.replace(r"\dfrac", r"\tfrac").replace(" ", r"\ ")
    parts = split_parts(normalise(gold))
    if parts.form == "list" and r"\pm" not in gold:
        yield ", ".join(reversed(parts.parts))


def test_reformatted_gold_answers_are_right(golds):
    wrong = [
        (other, gold)
        for gold in golds
        for other in reformat(gold)
        if not same_expression(other, gold)
    ]
    assert wrong == []


SWAPS = {"even": "odd", "east": "west", "Evelyn": "Carla", "ellipse": "circle", "Navin": "Lee"}
SWAPS |= {"(C)": "(D)", "(E)": "(A)", "(B)": "(C)", r"\cot": r"\tan", "p - q": "p + q"}


def mutate(gold, generator):
    """Yield answers that mean something else."""
    places = [m.start() for m in re.finditer(r"[0-9]", gold)]
    for place in generator.sample(places, min(2, len(places))):
        digit = str((int(gold[place]) + generator.randint(1, 8)) % 9 + 1)
        if digit != gold[place]:
            yield gold[:place] + digit + gold[place + 1 :]
    for old, new in SWAPS.items():
        if old in gold:
            yield gold.replace(old, new)
    plain = normalise(gold)
    parts = split_parts(plain)
    if parts.ordered and len(set(parts.parts)) > 1 and not parts.form.startswith("matrix"):
        opening, closing = parts.form
        yield opening + ",".join(reversed(parts.parts)) + closing
        yield opening + ",".join(parts.parts[:-1]) + closing
        yield opening + ",".join(parts.parts) + ("]" if closing == ")" else ")")
    elif parts.form in ("list", "set"):
        yield ",".join(parts.parts[1:])
        yield ",".join((*parts.parts, "77"))
    elif not parts.form and not re.search(r"text|_|=", gold):
        yield f"-({plain})" if plain != "0" else "1"
        yield f"{plain}+1"


def test_mutated_gold_answers_are_wrong(golds):
    generator = random.Random(0)
    pairs = [(other, gold) for gold in golds for other in mutate(gold, generator)]
    assert len({gold for _, gold in pairs}) == len(set(golds))
    assert len(pairs) > 1000
    assert [pair for pair in pairs if same_expression(*pair)] == []


HOSTILE = [
    *("9^{9^{9^{9}}}", "9^{9^{9^{9^{9}}}}!", "(10^{10^{10}})!", r"\frac{" * 5000, "(" * 1900),
    *(
        "{" * 1900 + "}" * 1900,
        r"\sqrt{" * 300 + "2" + "}" * 300,
        "1+" * 900 + "1",
        "x" * 1_000_000,
    ),
    *(
        "\x00",
        "\ud800",
        "1\ud800",
        r"\begin{pmatrix}" * 100,
        "," * 1900,
        r"\pm" * 600,
        r"\cup" * 400,
    ),
    r"\int_0^1 x^x dx",
    r"\sum_{n=1}^{\infty} \frac{1}{n^{1.0000001}}",
    r"\prod_{k=1}^{10^9} k",
    "__import__('os').system('false')",
    "0" * 1900 + ".1",
    "1e999999999",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_answers_are_wrong_and_hang_nothing(text):
    assert not same_expression(text, r"\sqrt{2}")
    assert not same_expression(text, "(1, 2)")
    # Whatever happened to the child, the next answer is judged.
    assert same_expression(r"\sqrt{8}", r"2\sqrt{2}")


def test_a_long_answer_is_wrong_before_anything_is_done(monkeypatch):
    monkeypatch.setattr(expression_child._keeper, "ask", no_child)
    assert not same_expression("1" * (MAX_LENGTH + 1), r"\sqrt{2}")


def test_a_slow_child_is_killed_and_replaced(monkeypatch):
    assert same_expression(r"\sqrt{8}", r"2\sqrt{2}")
    before = expression_child._keeper.child
    monkeypatch.setattr(expression_child, "SECONDS", 0.0)
    assert not same_expression(r"\sqrt{12}", r"2\sqrt{3}")
    assert before.poll() is not None
    monkeypatch.undo()
    assert same_expression(r"\sqrt{12}", r"2\sqrt{3}")


def test_without_math_verify_only_algebra_is_refused(monkeypatch):
    expression_child._keeper.stop()
    monkeypatch.setattr(expression_child, "READY", "another word")
    monkeypatch.setattr(expression_child, "MISSING", "ready")
    assert same_expression("2", "2.0")
    with pytest.raises(ValueError, match="math-verify is not installed: pip install"):
        same_expression(r"\sqrt{8}", r"2\sqrt{2}")


ALPHABET = st.text(alphabet="0123456789+-*/=^_{}()[]\\,.$ xyπ√frac", max_size=40)


@settings(max_examples=300)
@given(ALPHABET)
def test_no_string_breaks_the_text_part(text):
    once = normalise(text)
    assert split_parts(once).parts
    if once:
        assert same_expression(text, text)


@pytest.mark.parametrize(
    ("ours", "theirs", "differ"),
    [
        (r"\sqrt{8}", r"2\sqrt{2}", False),
        (r"\sqrt{x^2}", "x", False),  # of a positive x: simplifying decides
        ("(x+1)^2", "x^2+2x+1", False),
        ("10^{20}+1", "10^{20}", False),  # too near for a float: simplifying decides
        (r"\frac{1}{0}", "1", False),
        (r"\sqrt{2}", "1.41421", True),
        ("(x+1)^2", "x^2+2x+2", True),
        ("x+y", "x-y", True),
    ],
)
def test_values_at_one_point_only_tell_what_differs(ours, theirs, differ):
    assert worker._clearly_differ(worker._read(ours), worker._read(theirs)) is differ
    if not differ and "{0}" not in ours and "20" not in ours:
        assert worker._is_same(ours, theirs) is (ours != r"\sqrt{x^2}")
    if differ or "20" in ours:
        assert not worker._is_same(ours, theirs)
