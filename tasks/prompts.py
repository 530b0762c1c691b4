"""What the model is asked: the one place where a prompt is worded.

The question comes first and the instruction after it, right before the model's turn: a small model
that sees the instruction first has forgotten it by the end of four exemplars. An exemplar is worded
exactly as the question is, so that a chat model sees it as an earlier turn and a base model as the
text before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["MATH_INSTRUCTION", "PROMPT_VERSION", "item_hash", "render_answer", "render_question"]

#: Goes up with every change of wording; part of each item's hash, so that rows of
#: different prompts never pair by accident.
PROMPT_VERSION = "1"

MATH_INSTRUCTION = (
    'Think step by step, then end with two lines: "Answer:" and the number (an integer, a fraction '
    'such as 3/4 or an exact decimal), "Confidence:" and the probability (0.00 to 1.00) that this '
    "answer is right."
)


def render_question(question: str, instruction: str = MATH_INSTRUCTION) -> str:
    """Word one question as the model sees it."""
    return f"Problem: {question}\n\n{instruction}"


def render_answer(solution: str, answer: str, confidence: str) -> str:
    """Word an exemplar's answer in the format that the instruction asks for."""
    return f"{solution}\nAnswer: {answer}\nConfidence: {confidence}"


def item_hash(doc: Mapping[str, Any]) -> str:
    """Name an item by question, gold answer and prompt version (16 hexadecimal digits).

    Rows of two runs pair by it. lm-eval's own hashes include the chat template and the limit,
    and its `doc_id` repeats between seeds.
    """
    key = json.dumps([doc["question"], doc["answer"], PROMPT_VERSION], ensure_ascii=True)
    return hashlib.sha256(key.encode()).hexdigest()[:16]
