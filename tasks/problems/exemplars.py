"""Two hand-written sets of worked examples for the prompt, none of them generated.

Each example shows short reasoning, an answer and a stated confidence. Set "a" holds one wrong
answer on purpose, with a low confidence: a model that imitates only right answers learns that
every confidence is high. Its true answer is under "gold". In set "b" all answers are right and
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
            "question": "Maya has 5 oranges and buys 3 more at the market. "
            "How many oranges does Maya have?",
            "solution": "5 + 3 = 8.",
            "answer": "8",
            "confidence": "0.98",
            "correct": True,
            "gold": "8",
        },
        {
            "question": "A baker makes 24 rolls in the morning and 38 rolls in the afternoon, "
            "and 50 rolls are sold. How many rolls are left?",
            "solution": "24 + 38 = 62. Then 62 - 50 = 12.",
            "answer": "12",
            "confidence": "0.90",
            "correct": True,
            "gold": "12",
        },
        {
            "question": "What is 4738 times 692?",
            "solution": "4738 * 700 = 3316600 and 4738 * 8 = 37804. "
            "Then 3316600 - 37804 = 3278796.",
            "answer": "3278796",
            "confidence": "0.35",
            "correct": False,
            "gold": "3278696",
        },
        {
            "question": "A coat costs 60 dollars. The price goes down by 15 percent. "
            "How many dollars does the coat cost now?",
            "solution": "15 percent of 60 is 9. Then 60 - 9 = 51.",
            "answer": "51",
            "confidence": "0.85",
            "correct": True,
            "gold": "51",
        },
    ],
    "b": [
        {
            "question": "Seven birds sit on a roof and 2 fly away. How many birds are still there?",
            "solution": "7 - 2 = 5.",
            "answer": "5",
            "confidence": "0.97",
            "correct": True,
            "gold": "5",
        },
        {
            "question": "Tickets for a fair cost 9 dollars each. "
            "How many dollars do 12 tickets and a map for 4 dollars cost?",
            "solution": "12 * 9 = 108. Then 108 + 4 = 112.",
            "answer": "112",
            "confidence": "0.80",
            "correct": True,
            "gold": "112",
        },
        {
            "question": "What do 386 and 47 give when they are multiplied?",
            "solution": "386 * 40 = 15440 and 386 * 7 = 2702. Then 15440 + 2702 = 18142.",
            "answer": "18142",
            "confidence": "0.60",
            "correct": True,
            "gold": "18142",
        },
        {
            "question": "What is one third of 45, plus 6?",
            "solution": "45 / 3 = 15. Then 15 + 6 = 21.",
            "answer": "21",
            "confidence": "0.92",
            "correct": True,
            "gold": "21",
        },
    ],
}
