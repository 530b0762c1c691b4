"""The parser: the written table, properties on random text, and linear time."""

import gc
import runpy
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from caopd_bench.tasks.read.characters import MAX_ANSWER
from caopd_bench.tasks.read.parse import (
    PARSER_VERSION,
    STATUSES,
    Spans,
    find_spans,
    judge_spans,
    parse_response,
    read_confidence,
)
from caopd_bench.tasks.read.rules import Rules

TABLE = runpy.run_path(str(Path(__file__).with_name("parser_table.py")))


@pytest.mark.parametrize(("line", "value", "rescaled", "why"), TABLE["LINES"])
def test_confidence_lines(line, value, rescaled, why):
    status = "ok" if value is not None else "bad_confidence"
    assert parse_response(f"Answer: 5\n{line}") == ("5", value, status, rescaled), why
    assert parse_response(f"{line}\nAnswer: 5") == ("5", value, status, rescaled), why


@pytest.mark.parametrize(("text", "answer", "status", "why"), TABLE["ANSWERS"])
def test_answers(text, answer, status, why):
    assert parse_response(text) == (answer, None, status, False), why
    status = "ok" if status == "no_confidence" else status
    assert parse_response(f"{text}\nConfidence: 0.9") == (answer, 0.9, status, False), why


@pytest.mark.parametrize(("text", "answer", "confidence", "status", "why"), TABLE["BLOCKS"])
def test_blocks(text, answer, confidence, status, why):
    assert parse_response(text) == (answer, confidence, status, False), why


@pytest.mark.parametrize(("style", "text", "answer", "confidence", "status"), TABLE["RESPONSES"])
def test_whole_responses(style, text, answer, confidence, status):
    assert parse_response(text) == (answer, confidence, status, False), style


def test_table_is_large_enough():
    assert sum(len(TABLE[name]) for name in ("LINES", "ANSWERS", "BLOCKS", "RESPONSES")) >= 120
    assert len(TABLE["RESPONSES"]) >= 10


# The token budget.


def test_near_the_budget_without_anything_is_unfinished():
    text = "step " * 100
    assert parse_response(text, max_tokens=100).status == "unfinished"
    assert parse_response(text, max_tokens=142).status == "unfinished"
    assert parse_response(text, max_tokens=200).status == "no_answer"
    assert parse_response(text).status == "no_answer"


@pytest.mark.parametrize("unit", ["9", "+ ", "步", "_", "é "])
def test_the_budget_counts_digits_signs_and_characters(unit):
    assert parse_response(unit * 100, max_tokens=100).status == "unfinished"


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("Answer: 5", "no_confidence"),
        ("Confidence: 0.9", "no_answer"),
        ("Confidence: high", "no_answer"),
    ],
)
def test_near_the_budget_with_either_is_not_unfinished(end, status):
    assert parse_response("step " * 100 + "\n" + end, max_tokens=100).status == status


def test_thinking_counts_towards_the_budget():
    text = "<think>" + "step " * 100 + "</think>"
    assert parse_response(text, max_tokens=100).status == "unfinished"


# Arguments and surroundings.


@pytest.mark.parametrize("text", [None, b"Answer: 5", 5])
def test_other_types_are_named(text):
    with pytest.raises(TypeError, match=f"text must be a str, got {type(text).__name__}"):
        parse_response(text)


def test_a_budget_below_one_is_refused():
    with pytest.raises(ValueError, match="max_tokens must be at least 1, got 0"):
        parse_response("", max_tokens=0)


def test_version_and_statuses():
    assert PARSER_VERSION == "3"
    assert STATUSES == (
        "ok", "no_confidence", "bad_confidence", "no_answer", "abstained", "unfinished"
    )  # fmt: skip


def test_long_answers_are_cut():
    parsed = parse_response("Answer: " + "ab " * 9000 + "\nConfidence: 0.9")
    assert parsed.status == "ok"
    assert len(parsed.answer) <= MAX_ANSWER


def test_a_number_is_never_cut_by_the_statement_limit():
    for length in range(200, 320):
        value, _, _ = read_confidence("(" * length + "0.95")
        assert value in (None, 0.95)
    assert read_confidence("0.95 " + "very " * 1000 + "sure") == (0.95, False, None)


def test_problems_say_what_is_wrong():
    assert read_confidence("").problem == "empty"
    assert read_confidence("high").problem == "no number"
    assert read_confidence("9").problem == "a bare number above 1 and below 10"
    assert read_confidence("0.9 or 0.8").problem == "a range or a bound"
    assert read_confidence("0.9, 0.8").problem == "two numbers"


def test_importing_the_parser_imports_nothing_heavy():
    code = (
        "import sys, caopd_bench.tasks.read.parse, caopd_bench.tasks.judge.verify;"
        "print({'numpy', 'lm_eval', 'torch', 'pydantic'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


# Properties.

FRAGMENTS = st.sampled_from([
    "Answer:", "Answer: 5", "**Answer:**", "The answer is 5.", "<answer>", "</answer>", "<answer>5",
    '"answer": "5"', "Confidence:", "Confidence: 0.9", "Confidence (0-1): 85%", "my confidence is",
    "<confidence>", "<think>", "</think>", "[THINK]", "[/THINK]", "<|channel|>analysis", "<|end|>",
    "analysisWe", "\\boxed{5}", "\\boxed{", "{", "}", "(", ")", "#### 7", "###", "Problem:", "Q:",
    "<|im_start|>", "0.9", "85%", "8/10", "1e-1", "9", "-", "–", " or ", " to ", "%", ".", ",",
    "high",
    "I don't know", "\n", "\n\n", " ", "\t", "\r", "|", "*", "`", "$", "：", "０", "…", "\u200b",
    "9" * 5000, "\ud800", '{"answer": 5, "why": "', '", "confidence": 0.9}', "{'answer': '5'}",
    '{"', "Guess: 5", "Probability: 0.8", "G1: 5", "P1: 0.8", "Answer and Confidence: 5, 80%",
    "#### 5", "I am 80% sure.", "<guess>", "<final_answer>",
])  # fmt: skip
MIXED = st.lists(st.one_of(FRAGMENTS, st.text(max_size=5)), max_size=30).map("".join)


@settings(max_examples=800, deadline=None)
@given(text=st.one_of(MIXED, st.text()), max_tokens=st.none() | st.integers(1, 100))
@example(text="Answer: 5\nConfidence: 0.9", max_tokens=1)
def test_any_text_gives_a_consistent_result(text, max_tokens):
    spans = find_spans(text, max_tokens=max_tokens)
    parsed = parse_response(text, max_tokens=max_tokens)
    assert parsed == judge_spans(spans)
    assert judge_spans(Spans(*list(spans))) == parsed  # through JSON, as a list
    answer, confidence, status, rescaled = parsed
    assert status in STATUSES
    assert confidence is None or (isinstance(confidence, float) and 0 <= confidence <= 1)
    assert answer is None or answer.strip()
    assert (status == "ok") == (answer is not None and confidence is not None)
    assert (status in ("ok", "no_confidence", "bad_confidence")) == (answer is not None)
    assert not rescaled or confidence is not None
    assert parsed == parse_response(text, max_tokens=max_tokens)


@settings(max_examples=300, deadline=None)
@given(text=MIXED, scale=st.sampled_from([None, 1, 5, 10, 100]))
def test_any_text_with_rules_gives_a_consistent_result(text, scale):
    rules = Rules(("high", "my pick"), ("how sure",), ("why",), ("p",), scale)
    parsed = parse_response(text, rules=rules)
    assert parsed == judge_spans(find_spans(text, rules=rules), scale=scale)
    assert parsed.status in STATUSES
    assert parsed.confidence is None or 0 <= parsed.confidence <= 1


@settings(max_examples=500, deadline=None)
@given(raw=st.one_of(MIXED, st.text()))
def test_any_statement_reads_as_a_probability_or_a_problem(raw):
    value, rescaled, problem = read_confidence(raw)
    assert (value is None) == (problem is not None)
    assert value is None or 0 <= value <= 1
    assert not rescaled or value is not None


@settings(max_examples=300, deadline=None)
@given(thinking=MIXED.filter(lambda t: "</think>" not in t), cents=st.integers(0, 100))
def test_thinking_never_matters(thinking, cents):
    text = f"<think>{thinking}</think>Answer: 7\nConfidence: {cents / 100:.2f}"
    assert parse_response(text) == ("7", cents / 100, "ok", False)


@settings(max_examples=300, deadline=None)
@given(
    later=MIXED.filter(lambda t: "think" not in t.lower() and "<|" not in t and "analysis" not in t)
)
def test_the_next_turn_never_matters(later):
    text = f"Answer: 7\nConfidence: 0.25\n\nProblem: {later}"
    assert parse_response(text) == ("7", 0.25, "ok", False)


@given(cents=st.integers(0, 100))
def test_every_percentage_reads_alike(cents):
    forms = [
        f"{cents / 100}",
        f"{cents / 100:.2f}",
        f"{cents}%",
        f"{cents}/100",
        f"{cents} out of 100",
    ]
    readings = {read_confidence(form) for form in forms}
    if cents != 50:
        assert readings == {(cents / 100, False, None)}


# Linear time: four times the text must not take sixteen times as long.

HOSTILE = [
    "Confidence:", "Confidence: ", "Confidence:\n", "Answer:", "Answer: 5\n", "answer is ", "(",
    "[",
    "<think>", "</think>", "<think></think>", "<|channel|>analysis", "\\boxed{", "\\boxed{}", "{",
    "}",
    "9", "0.", "0.9 ", " ", "\n", "\t", "*", "#", "#### 1\n", "### \n", "|", "the ",
    "my the final ",
    "confidence (", "confidence in my ", "Problem:", "Q: ", "Answer: 5 Confidence: .9 ",
    '"answer": "', "<answer>", "</answer>", "<", "I don't know ", "\u0301", "0" * 50 + ".", "-",
    "1. ",
    "\\text{", "'", "_", "Confidence: .9 ", "<confidence>.9</confidence>", "Wait. Answer: 5 ",
    "Answer: 5\n### A\n", "Input:\n",
    # Objects, other prompts' words, sentences, open thinking.
    '{"', "{'", '"', '{"a":', '{"a":{', '[{"', "[", '\\"', '{"\\', '{"answer": 5} ', '{"a": 1}',
    "{' ", '{"answer": "', "[ ", '{ "', '{"answer": 5, "confidence": .9}\n', "Probability: .8 ",
    "Probability: .8\n", "Guess: 5\n", "Guess: 5\nProbability: .8\n", "G1: 5 P1: .8 ",
    "G1: 5\nP1: .8\n", "probability of being ", "Diagnosis: 5\n", "(80% confident ",
    "I am 80% sure ", "with 80% confidence ", "Answer and Confidence: ",
    "Answer and Confidence: 5, 80%\n", "answer and ", "a, ", "<answer>so the answer is ",
    "Answer: from the answer is ", "####", " #### 5", "#### 5 ", "\\( ",
    "<think>Answer: 5\nConfidence: .9\n", "<think>Probability: .8\n", "</s>", "<guess>",
    # What only looks like an answer or a confidence.
    "the answer is not 5. ", "answer is not ", "it is not, ", "Answer: 5, Probability: .8 ",
    "Answer: 3/8\nProbability: .375\n", "Probability (heads): ", "\nAlternative: 5", "my guess: ",
    "Confidence level: 95%\nz = 1\n", "z = ", "confidence interval ", "with a certainty of 70% ",
    "I am 80% sure that it ", "G1: 5\n", '{"answer": "Answer: 5"} ', '{"answer": 5}\nAnswer: 6\n',
    '{"a": [{"answer": 5}, ', "Guess: 5, Guess: 6; ", "1/", "\\frac{1}",
    # Corrections, several pairs after one label, objects in sentences, levels after the answer.
    "Revised answer: 5\nRevised confidence: .9\n", "new final revised ", "lack of confidence: .9 ",
    "no ", "Answer and Confidence: A, 80%; B, 10%\n", "A, 80; ", "A, 8 (", "A, 80% (a) ",
    'Answer: 7\nIt is {"answer": 5, "confidence": .9} so.\n', "Confidence level: .95 z = 1\n",
    '{"answer": 5, "confidence": .9}\nFinal answer: 5 a\n', "1,234", "B) ",
]  # fmt: skip
PREFIXES = ["", "Answer: ", "Answer: 5\nConfidence: "]
# What lets a text reach the readings of open thinking, of objects and of other prompts.
OTHER_PREFIXES = ["<think>", '{"answer": "', "Answer and Confidence: 5, "]
OTHER_ENDS = ["\nConfidence: 0.9", "\nProbability: 0.8"]
RULES = Rules(answer_labels=("my pick", "答案"), confidence_labels=("how sure", "信心"))


def _seconds(text: str, runs: int = 2, rules: Rules | None = None) -> float:
    """Processor time, the best of two: other processes on the machine do not count.

    Nor does a collection of what all tests before have left, as in timeit.
    """
    times = []
    gc.disable()
    try:
        for _ in range(runs):
            start = time.process_time()
            parse_response(text, max_tokens=10**6, rules=rules or Rules())
            times.append(time.process_time() - start)
    finally:
        gc.enable()
    return min(times)


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_time_is_proportional_to_length(unit, prefix):
    """A shared machine may slow any one comparison; a quadratic parser fails all five."""

    def is_proportional():
        short, long = (_seconds(prefix + unit * (size // len(unit))) for size in (20_000, 80_000))
        return long < 12 * short + 0.005  # a clock tick

    assert any(is_proportional() for _ in range(5))


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_is_proportional_in_other_forms(unit):
    """One prefix and end a unit, in turn: each of them meets a quarter of the units or more."""
    at = HOSTILE.index(unit)
    prefix, end = OTHER_PREFIXES[at % 3], OTHER_ENDS[at % 2]

    def is_proportional():
        short, long = (
            _seconds(prefix + unit * (size // len(unit)) + end, rules=RULES)
            for size in (20_000, 80_000)
        )
        return long < 12 * short + 0.005

    assert any(is_proportional() for _ in range(5))


MEGABYTE = [
    "Confidence:", "Answer:", "(", "<think>", "\\boxed{", "\\boxed{5} ", "9", " ",
    "Confidence: .9 ", "Confidence: high ", "<confidence>.9</confidence>",
    "Answer: 5 Confidence: .9 ", "Answer: 5\nConfidence: high\n",
    '{"answer": "5", "confidence": 0.9} ', "Answer: 5\n### A\n", "Problem:\n", "Input:\n",
    "The answer is 5.\nProblem:\n", "Wait. Answer: 5 ", '{"', "{", "[", '{"a": 1} ', '{"a":{',
    "Probability: .8\n", "G1: 5 P1: .8 ", "<think>Answer: 5\nConfidence: .9\n",
]  # fmt: skip


@pytest.mark.parametrize("unit", MEGABYTE)
def test_a_megabyte_does_not_hang(unit):
    # A guard against hangs, not a speed target.
    assert _seconds(unit * (1_000_000 // len(unit)), runs=1) < 5
