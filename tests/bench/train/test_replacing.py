"""Only the final stated confidence is replaced, in every form that the parser reads."""

import pytest

from caopd_bench.tasks.read.parse import parse_response
from caopd_bench.train.text.replace import find_confidence, state_confidence, write_confidence

CALLS = (
    "Thought: my confidence: high so far\n"
    'Action: book\nAction Input: {"confidence": 0.3}\nConfidence: 0.90\n'
    "Action: mail\nAction Input: {}\nConfidence: 0.80"
)
FORMS = [
    ("Answer: 7\nConfidence: 0.95", "number", "Answer: 7\nConfidence: 0.38"),
    ("Answer: 7\nConfidence: 95%", "number", "Answer: 7\nConfidence: 0.38"),
    ("Answer: 7\nConfidence: 8/10", "number", "Answer: 7\nConfidence: 0.38"),
    ("Answer: 7\nConfidence: 9 out of 10.", "number", "Answer: 7\nConfidence: 0.38."),
    ("**Answer:** 7\n**Confidence:** 0.9", "number", "**Answer:** 7\n**Confidence:** 0.38"),
    (
        "<answer>7</answer>\n<confidence>0.7</confidence>",
        "number",
        "<answer>7</answer>\n<confidence>0.38</confidence>",
    ),
    ("Answer: 7\nConfidence: 0.85 (85%)", "number", "Answer: 7\nConfidence: 0.38"),
    (
        "Answer: 5\nConfidence: 0.9\nWait.\nAnswer: 7\nConfidence: 0.6",
        "number",
        "Answer: 5\nConfidence: 0.9\nWait.\nAnswer: 7\nConfidence: 0.38",
    ),
    (
        "My confidence is high, 99 of 100 checks pass.\nAnswer: 7\nConfidence: 1",
        "number",
        "My confidence is high, 99 of 100 checks pass.\nAnswer: 7\nConfidence: 0.38",
    ),
    (CALLS, "calls", CALLS.replace("Confidence: 0.80", "Confidence: 0.38")),
    (
        "<reasoning>\nx\n</reasoning>\n<answer>\nB\n</answer>\nConfidence: 0.72",
        "choice",
        "<reasoning>\nx\n</reasoning>\n<answer>\nB\n</answer>\nConfidence: 0.38",
    ),
    (
        "<think>Confidence: 0.2 maybe</think>\nAnswer: 7\nConfidence: 0.5",
        "number",
        "<think>Confidence: 0.2 maybe</think>\nAnswer: 7\nConfidence: 0.38",
    ),
    ("Confidence: 0.4\nAnswer: 7", "number", "Confidence: 0.38\nAnswer: 7"),
    ("Answer: 7\nConfidence: 0.37", "number", "Answer: 7\nConfidence: 0.38"),
]


@pytest.mark.parametrize(("text", "kind", "wanted"), FORMS)
def test_the_stated_number_is_replaced_and_nothing_else(text, kind, wanted):
    changed = state_confidence(text, "0.38", kind)
    assert changed == wanted
    before, after = parse_response(text, kind=kind), parse_response(changed, kind=kind)
    assert after.confidence == 0.38
    assert after.answer == before.answer


@pytest.mark.parametrize(
    "text",
    ["Answer: 7", "Answer: 7\nConfidence: high", "", "<think>Answer: 7\nConfidence: 0.9\nWait"],
)
def test_without_a_usable_confidence_there_is_nothing_to_replace(text):
    assert find_confidence(text) is None
    assert state_confidence(text, "0.38") is None


@pytest.mark.parametrize("eighths", range(9))
def test_targets_of_eight_rollouts(eighths):
    written = write_confidence(eighths / 8)
    assert written == f"{eighths / 8:.2f}"
    # The rounding is symmetric: a rate and what is left of it add up to 1.
    assert float(written) + float(write_confidence(1 - eighths / 8)) == pytest.approx(1)


def test_a_target_is_a_probability():
    with pytest.raises(ValueError, match=r"value must be in \[0, 1\]"):
        write_confidence(95.0)
