"""Worked examples for the prompts of each style, written by hand: `data/exemplars.jsonl`.

Each example shows one short step, an answer and a stated confidence: after examples with two steps,
a small model adds a second step to every sum. Set "a" of each style has one wrong answer with a low
confidence, since a model that imitates only right answers learns that every confidence is high. Its
true answer is under "gold". In set "b" of the mathematics style all answers are right and the
confidences differ, so that the effect of the stated numbers can be measured.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

__all__ = ["EXEMPLARS", "Exemplar"]


class Exemplar(TypedDict):
    """One worked example; `gold` differs from `answer` where `correct` is False."""

    question: str
    solution: str
    answer: str
    confidence: str
    correct: bool
    gold: str


def _read() -> dict[str, dict[str, list[Exemplar]]]:
    found: dict[str, dict[str, list[Exemplar]]] = {}
    path = Path(__file__).parent / "data" / "exemplars.jsonl"
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        row = json.loads(line)
        found.setdefault(row["style"], {}).setdefault(row["set"], []).append(
            {
                "question": row["question"],
                "solution": row["solution"],
                "answer": row["answer"],
                "confidence": row["confidence"],
                "correct": "gold" not in row,
                "gold": row.get("gold", row["answer"]),
            }
        )
    return found


#: Maps a style, and then the name of a set, to exemplars.
EXEMPLARS = _read()
