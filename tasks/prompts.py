"""What the model is asked: the one place where a prompt is worded.

The question comes first and the instruction after it, right before the model's turn. Of the
exemplars only the first carries the instruction too; the others show what it means. That is a third
shorter than repeating it, and SmolLM2-135M-Instruct kept to the format more often
(docs/decisions/small-models.md).
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
    'Think step by step, then end with two lines: "Answer:" and the exact number, "Confidence:" '
    "and the probability (0.00 to 1.00) that this answer is right."
)


def render_question(question: str, instruction: str) -> str:
    """Word one question as the model sees it; without the instruction if that is empty."""
    return f"Problem: {question}\n\n{instruction}" if instruction else f"Problem: {question}"


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
