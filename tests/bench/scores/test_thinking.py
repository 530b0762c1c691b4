"""Models that think and models that do not: what is read, kept, and said to be incomparable."""

import json

import pytest

from caopd_bench import read_run
from caopd_bench.comparison.pair_notes import notes_on_thinking
from caopd_bench.runs.lm_eval.provenance import thinking_setting
from caopd_bench.scores.notes import describe_run
from caopd_bench.tasks.read.thinking import holds_thinking

ANSWER = "Answer: 4\nConfidence: 0.8"
# As Qwen3 writes it: with thinking, with thinking switched off, and cut off by the token budget.
THOUGHT = f"<think>\n2 + 2 is 5? Confidence: 0.1. No, 4.\n</think>\n\n{ANSWER}"
SWITCHED_OFF = f"<think>\n\n</think>\n\n{ANSWER}"
CUT_OFF = "<think>\n2 + 2 could be 5. Answer: 5, Confidence: 0.9? Let me see"


@pytest.fixture
def make(make_run, results_of):
    """Write a run of one text, with arguments of the model."""

    def write(name, text, status="ok", **arguments):
        stated = 0.8 if status == "ok" else None
        folder = make_run([(stated, int(status == "ok"), status, text)] * 10, name)
        file = results_of(folder)
        results = json.loads(file.read_text())
        results["config"]["model_args"] |= arguments
        file.write_text(json.dumps(results))
        return read_run(f"{name}={folder}")

    return write


def setting(run):
    return run.settings("caopd_math_conf")["thinking"]


def test_what_was_asked_and_what_was_seen(make):
    run = make("on", THOUGHT, enable_thinking=True)
    assert setting(run) == {"asked": True, "end_token": None, "seen": 1.0}
    assert "thinking on" in describe_run(run, "caopd_math_conf")
    assert setting(make("off", SWITCHED_OFF, enable_thinking=False))["seen"] == 0.0
    # Thinking that the backend cut away is not seen.
    stripped = make("stripped", ANSWER, think_end_token="</think>")
    assert setting(stripped) == {"asked": None, "end_token": "</think>", "seen": 0.0}


def test_numbers_in_thinking_are_not_read(make):
    for row in make("on", THOUGHT).rows:
        assert (row.answer, row.stated) == ("4", "0.8")


def test_thinking_that_never_ended_is_counted(make):
    run = make("cut", CUT_OFF, "unfinished")
    assert run.count("caopd_math_conf").statuses == {"unfinished": 10}
    assert setting(run)["seen"] == 1.0


def test_runs_of_two_modes_do_not_compare(make):
    on, off = make("on", THOUGHT), make("off", SWITCHED_OFF)
    (note,) = notes_on_thinking([on, off])
    assert "on was thinking and off was not" in note
    assert notes_on_thinking([on, make("cut", CUT_OFF, "unfinished")]) == []
    # What was asked counts more than what is seen: the tags may have been cut away.
    asked = make("asked", ANSWER, enable_thinking=True)
    assert notes_on_thinking([on, asked]) == []
    assert len(notes_on_thinking([asked, off])) == 1


def test_score_says_so(make, run):
    on, off = make("on", THOUGHT), make("off", SWITCHED_OFF)
    code, out, _ = run("score", f"on={on.path}", f"off={off.path}")
    assert code == 0
    assert "warning: caopd_math_conf: on was thinking and off was not" in out


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ({"enable_thinking": True}, True),
        ({"enable_thinking": "False"}, False),
        ({"chat_template_args": {"enable_thinking": False}}, False),
        ("pretrained=x,enable_thinking=true", True),
        ("pretrained=x", None),
        ({"enable_thinking": 3}, None),
        (None, None),
        ([1], None),
    ],
)
def test_arguments_in_every_form(arguments, asked):
    assert thinking_setting(arguments)["asked"] is asked


NESTED = {"chat_template_args": {"enable_thinking": False}}


@pytest.mark.parametrize(
    ("backend", "arguments", "asked"),
    [
        ("hf", NESTED, False),
        ("hf", {"enable_thinking": True, **NESTED}, True),
        ("hf", {"enable_thinking": None, **NESTED}, False),
        ("vllm", NESTED, None),  # it overwrites that with the argument, which is not there
        ("vllm", {"enable_thinking": True, **NESTED}, True),
        ("local-chat-completions", {"enable_thinking": True}, None),
        ("openai-chat-completions", NESTED, None),
    ],
)
def test_what_a_backend_does_not_heed_was_not_asked(backend, arguments, asked):
    assert thinking_setting(arguments, backend)["asked"] is asked


def test_the_end_of_thinking_may_be_a_token():
    assert thinking_setting({"think_end_token": 151668}, "hf")["end_token"] == "151668"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (THOUGHT, True),
        (CUT_OFF, True),
        (SWITCHED_OFF, False),
        (ANSWER, False),
        ("<reasoning>\nso\n</reasoning>\n<answer>A</answer>", False),
        ("so it is 4</think>" + ANSWER, True),
    ],
)
def test_texts_that_hold_thinking(text, holds):
    assert holds_thinking(text) is holds
