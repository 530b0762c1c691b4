"""Logged answers in LaTeX: how long 40,000 of them take to be judged.

    CAOPD_BENCH_DATA=DIR python tests/studies/speed/judge_latex.py    # 1 minute

The right answers are those of MATH-500, from `math500_test.jsonl` in the folder that
CAOPD_BENCH_DATA names; 40,000 responses box them, or the answer to another problem.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from pathlib import Path

from children import command_of, run_once
from line import Line, render

ANSWERS, SECONDS = 40_000, 60.0
FILE = "math500_test.jsonl"
WORK = f"`rescore --kind latex`, {ANSWERS:,} answers to MATH-500"


def measure(baseline: str | None = None) -> list[Line]:
    """Time the command once; the first version was stopped after 500 s of nothing shown."""
    del baseline
    data = Path(os.environ.get("CAOPD_BENCH_DATA", ".")) / FILE
    target = f"at most {SECONDS:g} s"
    if not data.is_file():
        return [Line(WORK, float("nan"), target=target, note=f"CAOPD_BENCH_DATA has no {FILE}")]
    with data.open(encoding="utf-8") as file:
        golds = [json.loads(line)["answer"] for line in file]
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log.jsonl"
        rng = random.Random(0)
        with log.open("w", encoding="utf-8") as file:
            for i in range(ANSWERS):
                gold = golds[i % len(golds)]
                given = gold if rng.random() < 0.7 else rng.choice(golds)
                text = f"So we get the result.\nAnswer: $\\boxed{{{given}}}$\nConfidence: 0.9"
                file.write(json.dumps({"response": text, "gold": gold}) + "\n")
        words = ["rescore", str(log), "--response", "response", "--gold", "gold"]
        cost = run_once([command_of(sys.executable), *words, "--kind", "latex"])
    return [
        Line(
            WORK,
            cost.seconds,
            target=target,
            reached=cost.seconds <= SECONDS,
            megabytes=cost.megabytes,
            note=cost.problem or "the first version was stopped after 500 s",
        )
    ]


if __name__ == "__main__":
    print(render(measure()))
