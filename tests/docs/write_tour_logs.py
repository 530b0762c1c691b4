"""Write the logs that docs/tour.md reads: invented answers of an assistant to the bundled problems.

    python tests/docs/write_tour_logs.py docs/examples/tour

Questions and right answers are those of `caopd_math_conf`. The answers are drawn: no model wrote
them. `tests/docs/test_tour.py` holds the files to this script.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from caopd_bench.tasks.problems import load

ROWS = 1500
MONTHS = {"may.jsonl": 5, "june.jsonl": 6}
#: The words in which an answer and its confidence are stated, and how often.
FORMS = {
    "Answer: {answer}\nConfidence: {share:.2f}": 60,
    "**Answer:** {answer}\n**Confidence:** {percent}%": 25,
    '{{"answer": "{answer}", "confidence": {share:.2f}}}': 12,
    "Answer: {answer}": 3,
}
#: Confidences by how sure the assistant is, and how often it is right there.
STATES = {0.99: 0.985, 0.95: 0.97, 0.9: 0.74, 0.8: 0.55, 0.7: 0.4, 0.5: 0.25}


def draw_rows(seed: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of a month."""
    draw = random.Random(seed)
    problems = load()
    for number in range(ROWS):
        problem = problems[draw.randrange(len(problems))]
        hard = (problem["level"] - 1) / 9
        weights = [5 - 4 * hard, 3 - hard, 1 + hard, 1, hard + 0.2, hard + 0.1]
        (share,) = draw.choices(list(STATES), weights)
        right = draw.random() < STATES[share]
        answer = (
            problem["answer"]
            if right
            else str(Fraction(problem["answer"]) + draw.choice((1, 2, -1)))
        )
        (form,) = draw.choices(list(FORMS), list(FORMS.values()))
        text = form.format(answer=answer, share=share, percent=round(100 * share))
        yield {
            "request": f"r{seed}-{number:04d}",
            "level": problem["level"],
            "expected": problem["answer"],
            "output": {"choices": [{"message": {"content": text}}]},
        }


def write_logs(folder: Path) -> None:
    """Write a file for each month."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, seed in MONTHS.items():
        lines = (json.dumps(row) + "\n" for row in draw_rows(seed))
        (folder / name).write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    write_logs(Path(sys.argv[1]))
