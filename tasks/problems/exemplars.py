"""Two hand-written sets of worked examples for the prompt, none of them generated.

Each example shows one short step, an answer and a stated confidence: shown two steps, a small model
adds a second one to every sum. Set "a" holds one wrong answer on purpose, with a low confidence: a
model that imitates only right answers learns that every confidence is high. Its true answer is
under "gold". In set "b" all answers are right and
the confidences are other ones, so that the effect of the stated numbers can be measured.
"""

from __future__ import annotations

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


EXEMPLARS: dict[str, list[Exemplar]] = {
    "a": [
        {
            "question": "Mia has 4 bags with 6 pens in each bag. How many pens does she have?",
            "solution": "4 * 6 = 24.",
            "answer": "24",
            "confidence": "0.98",
            "correct": True,
            "gold": "24",
        },
        {
            "question": "What is 46 + 38?",
            "solution": "46 + 38 = 84.",
            "answer": "84",
            "confidence": "0.90",
            "correct": True,
            "gold": "84",
        },
        {
            "question": "What is 738 times 92?",
            "solution": "738 * 92 = 67986.",
            "answer": "67986",
            "confidence": "0.35",
            "correct": False,
            "gold": "67896",
        },
        {
            "question": "What is 15% of 60?",
            "solution": "15% of 60 is 9.",
            "answer": "9",
            "confidence": "0.85",
            "correct": True,
            "gold": "9",
        },
    ],
    "b": [
        {
            "question": "What is 9 - 4?",
            "solution": "9 - 4 = 5.",
            "answer": "5",
            "confidence": "0.97",
            "correct": True,
            "gold": "5",
        },
        {
            "question": "A ticket costs 9 dollars. How many dollars do 12 tickets cost?",
            "solution": "12 * 9 = 108.",
            "answer": "108",
            "confidence": "0.80",
            "correct": True,
            "gold": "108",
        },
        {
            "question": "What is 386 times 47?",
            "solution": "386 * 47 = 18142.",
            "answer": "18142",
            "confidence": "0.60",
            "correct": True,
            "gold": "18142",
        },
        {
            "question": "What is one third of 45?",
            "solution": "45 / 3 = 15.",
            "answer": "15",
            "confidence": "0.92",
            "correct": True,
            "gold": "15",
        },
    ],
}
