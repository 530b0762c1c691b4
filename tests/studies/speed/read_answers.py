"""How fast responses are read: ordinary ones by class, and those that are written to be slow.

    python tests/studies/speed/read_answers.py [--baseline PYTHON] [--rounds N]

Each version runs in a process of its own, which makes the same texts from the same seeds. Rounds
alternate between the two; seconds are those of the processor for a megabyte (1e6 characters), and
medians of the rounds.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from line import Line, render

MODULES = ("caopd_bench.tasks.read.parse", "caopd_bench.tasks.parsing")  # ours, that of phase one
WORDS = [
    *("we", "the", "first", "number", "then", "multiply", "add", "seven", "total", "cost", "of"),
    *("apples", "each", "so", "result", "remaining", "after", "minus", "equals", "because", "next"),
    *("step", "compute", "value", "which", "gives", "find", "sum", "both", "parts,", "hence"),
]
LONG = 20_000
LEAST = 0.2  # seconds of one measurement of a class
LEAST_HOSTILE = 0.02
SLOWEST = 4.0  # megabytes a second of a hostile text, at least
#: By how much a class is to be faster than in the first version.
TARGETS = {
    "answers of 800 characters": 5,
    "reasoning of 20,000 characters": 10,
    "20,000 characters in `<think>`": 7,
    "3,000 short lines": 6,
}

#: What is repeated to make a text that is slow to read; with "%d", never twice the same.
UNITS = [
    "Answer: 5\n", "Answer: %d\n", "Answer: 5", "Answer: %d Confidence: .9 ", "answer ", "Answer:",
    "answer is ", "the answer is %d. ", "Confidence: ", "Confidence: \n", "Confidence: 0.%d\n",
    "Confidence: high\n", "Answer: %d\nConfidence: 0.9\n", "Wait. Answer: %d ", "my the final ",
    "<", "<<< ", "<think>", "</think>", "<answer>", "<answer>%d</answer>", "<|im_end|>", "[",
    "### ", "### \n", "####", "#### %d\n", "{", "{{{ ", '{"', '{"a":', '{"a":{', '{"a": %d}\n',
    '{"answer": %d} ', '{"answer": "%d", "confidence": 0.9}\n', "{'answer': '%d'}\n", "[{", "```\n",
    "```json\n{}\n```\n", "9", "12 ", "1,234 ", " ", "\n", "\t", "'", '"', "`", "|", "*", "_", "-",
    "\\boxed{", "\\boxed{%d} ", "\\frac{1}{%d} ", "$x_%d^2$ ", "\\text{", "é", "答案 ",
    "Ａｎｓｗｅｒ：",
    "ſ ", "\u0301", "😀 ", "\u200b", "Problem: ", "Problem:\n", "Input:\n", "Q: ", "User: %d\n",
    "Probability: .8\n", "Guess: %d\n", "Guess: %d\nProbability: .8\n", "G%d: 5\n", "result ",
    "I am 80%% sure ", "I don't know ", "Confidence level: 95%%\nz = 1\n", "no ", "1. ", "A, %d%% ",
]  # fmt: skip
STARTS = ("", "Answer: 5\nConfidence: 0.9\n", "<think>")


def make_prose(rng: random.Random, size: int) -> str:
    """Write sentences of arithmetic, of which one in seven ends its line."""
    sentences, length = [], 0
    while length < size:
        words = " ".join(rng.choice(WORDS) for _ in range(rng.randint(8, 18))).capitalize()
        sums = f"{rng.randint(1, 999)} x {rng.randint(1, 99)} = {rng.randint(1, 9999)}"
        sentences.append(f"{words} {sums}." + ("\n" if rng.random() < 0.15 else ""))
        length += len(sentences[-1]) + 1
    return " ".join(sentences)


def make_texts() -> dict[str, list[str]]:
    """Make the texts of each class; a class has several, so that none is read twice in a row."""
    rng = random.Random(23)

    def end() -> str:
        confidence = rng.choice([0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99, 1.0])
        return f"\nAnswer: {rng.randint(0, 999)}\nConfidence: {confidence}"

    def think() -> str:
        return f"<think>\n{make_prose(rng, LONG)}\n</think>\n{make_prose(rng, 300)}{end()}"

    def talk() -> str:  # reasoning that names its answer again and again
        parts = [
            f"{make_prose(rng, 300)} So the answer is {rng.randint(0, 99)}.\n" for _ in "x" * 3
        ]
        return "".join(parts) + end()

    def lines() -> str:
        return "\n".join(f"{rng.randint(1, 99)} + {i % 7}" for i in range(3000)) + end()

    return {
        "answers of 800 characters": [make_prose(rng, 800) + end() for _ in range(200)],
        "the same on one line": [
            make_prose(rng, 800).replace("\n", "") + end() for _ in range(200)
        ],
        "reasoning of 20,000 characters": [make_prose(rng, LONG) + end() for _ in range(20)],
        "20,000 characters in `<think>`": [think() for _ in range(20)],
        "3,000 short lines": [lines() for _ in range(10)],
        "answers of 40 characters": [f"So it is {i}." + end() for i in range(400)],
        "answers with three mentions": [talk() for _ in range(100)],
        "JSON objects": [
            f'{make_prose(rng, 400)}\n{{"answer": {i}, "why": "so", "confidence": 0.9}}'
            for i in range(200)
        ],
    }


def make_hostile(size: int) -> dict[str, list[str]]:
    """Repeat each unit, alone and after what lets a text reach further rules."""
    return {
        f"{start!r} and {unit!r}": [start + repeat(unit, size)]
        for start in STARTS
        for unit in UNITS
    }


def repeat(unit: str, size: int) -> str:
    """Repeat a unit up to a size; a "%d" in it is a number that never comes back."""
    if "%" not in unit:
        return unit * (size // len(unit))
    pieces, length, n = [], 0, 0
    while length < size:
        n += 1
        pieces.append(unit % n if "%d" in unit else unit % ())
        length += len(pieces[-1])
    return "".join(pieces)


def find_reader() -> Callable[[str], object]:
    """Import the reader of the package that this Python has."""
    for name in MODULES:
        try:
            return importlib.import_module(name).parse_response
        except ModuleNotFoundError:
            continue
    raise SystemExit("no caopd_bench to measure")


def time_texts(read: Callable[[str], object], texts: list[str], least: float) -> float:
    """Give the seconds of the processor that a megabyte of a class takes."""
    runs, spent = 0, 0.0
    while spent < least:
        start = time.process_time()
        for text in texts:
            read(text)
        spent += time.process_time() - start
        runs += 1
    return spent / runs / sum(map(len, texts)) * 1e6


def serve() -> None:
    """Answer each class that is named on standard input with the seconds of a megabyte."""
    read = find_reader()
    classes, hostile = make_texts(), make_hostile(LONG)
    for name in map(json.loads, sys.stdin):
        if name in hostile:
            print(time_texts(read, hostile[name], LEAST_HOSTILE), flush=True)
        else:
            print(time_texts(read, classes[name], LEAST), flush=True)


def measure(baseline: str | None = None, *, rounds: int = 5) -> list[Line]:
    """Time a megabyte of each class, and of the hostile text that ours reads most slowly."""
    classes, hostile = list(make_texts()), list(make_hostile(LONG))
    pythons = {"ours": sys.executable, **({"baseline": baseline} if baseline else {})}
    found = _time_rounds(pythons, [*classes, *hostile], rounds)
    ours = found["ours"]
    before = found.get("baseline", dict.fromkeys(ours, math.nan))
    lines = []
    for name in classes:
        times = TARGETS.get(name)
        reached = None
        if times and baseline:
            reached = before[name] / ours[name] >= times
        target = f"at least {times}x the first version" if times else ""
        work = f"{name}, 1 MB"
        lines.append(Line(work, ours[name], before[name], target=target, reached=reached))
    slowest = max(hostile, key=ours.__getitem__)
    slow = sum(1 / ours[name] < SLOWEST for name in hostile)
    lines.append(
        Line(
            f"the slowest of {len(hostile)} hostile texts, 1 MB",
            ours[slowest],
            before[slowest],
            target=f"at most {1 / SLOWEST:.2f} s",
            reached=1 / ours[slowest] >= SLOWEST,
            note=f"{slow} exceed it; slowest: {slowest.replace('|', ' ')}",
        )
    )
    return lines


def _time_rounds(
    pythons: dict[str, str], names: list[str], rounds: int
) -> dict[str, dict[str, float]]:
    """Return the median seconds of a megabyte, by version and class."""
    children = {
        version: subprocess.Popen(
            [python, str(Path(__file__)), "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for version, python in pythons.items()
    }
    times: dict[str, dict[str, list[float]]] = {v: {n: [] for n in names} for v in pythons}
    for _ in range(rounds):
        for name in names:
            for version, child in children.items():
                assert child.stdin is not None
                assert child.stdout is not None
                child.stdin.write(json.dumps(name) + "\n")
                child.stdin.flush()
                times[version][name].append(float(child.stdout.readline()))
    for child in children.values():
        child.communicate()
    return {
        version: {name: statistics.median(seconds) for name, seconds in by_name.items()}
        for version, by_name in times.items()
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--baseline", help="python of an environment with the first version")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
    else:
        print(render(measure(options.baseline, rounds=options.rounds)))
