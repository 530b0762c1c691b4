"""Measure how fast responses are read, beside an earlier version: characters a second, by text.

python tests/studies/bench/read_answers.py --baseline /path/to/python [--rounds 5] [--hostile]

Each version runs in a process of its own, which makes the same texts from the same seeds. Rounds
alternate between the two; times are of the processor, and medians of the rounds.
"""

import argparse
import importlib
import json
import random
import statistics
import subprocess
import sys
import time

MODULES = ("caopd_bench.tasks.read.parse", "caopd_bench.tasks.parsing")  # ours, that of phase one
WORDS = [
    *("we", "the", "first", "number", "then", "multiply", "add", "seven", "total", "cost", "of"),
    *("apples", "each", "so", "result", "remaining", "after", "minus", "equals", "because", "next"),
    *("step", "compute", "value", "which", "gives", "find", "sum", "both", "parts,", "hence"),
]
LONG = 20_000
LEAST = 0.2  # seconds of one measurement

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


def make_prose(rng, size):
    """Write sentences of arithmetic, of which one in seven ends its line."""
    sentences, length = [], 0
    while length < size:
        words = " ".join(rng.choice(WORDS) for _ in range(rng.randint(8, 18))).capitalize()
        sums = f"{rng.randint(1, 999)} x {rng.randint(1, 99)} = {rng.randint(1, 9999)}"
        sentences.append(f"{words} {sums}." + ("\n" if rng.random() < 0.15 else ""))
        length += len(sentences[-1]) + 1
    return " ".join(sentences)


def make_texts():
    """Make the texts of each class; a class has several, so that none is read twice in a row."""
    rng = random.Random(23)

    def end():
        confidence = rng.choice([0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99, 1.0])
        return f"\nAnswer: {rng.randint(0, 999)}\nConfidence: {confidence}"

    def think():
        return f"<think>\n{make_prose(rng, LONG)}\n</think>\n{make_prose(rng, 300)}{end()}"

    def talk():  # reasoning that names its answer again and again
        parts = [
            f"{make_prose(rng, 300)} So the answer is {rng.randint(0, 99)}.\n" for _ in "x" * 3
        ]
        return "".join(parts) + end()

    def lines():
        return "\n".join(f"{rng.randint(1, 99)} + {i % 7}" for i in range(3000)) + end()

    return {
        "answers of 800 characters": [make_prose(rng, 800) + end() for _ in range(200)],
        "the same on one line": [
            make_prose(rng, 800).replace("\n", "") + end() for _ in range(200)
        ],
        "reasoning of 20,000": [make_prose(rng, LONG) + end() for _ in range(20)],
        "20,000 in <think>": [think() for _ in range(20)],
        "3,000 short lines": [lines() for _ in range(10)],
        "answers of 40 characters": [f"So it is {i}." + end() for i in range(400)],
        "answers with three mentions": [talk() for _ in range(100)],
        "JSON objects": [
            f'{make_prose(rng, 400)}\n{{"answer": {i}, "why": "so", "confidence": 0.9}}'
            for i in range(200)
        ],
    }


def make_hostile(size):
    """Repeat each unit, alone and after what lets a text reach further rules."""
    return {
        f"{start!r} and {unit!r}": [start + repeat(unit, size)]
        for start in STARTS
        for unit in UNITS
    }


def repeat(unit, size):
    """Repeat a unit up to a size; a "%d" in it is a number that never comes back."""
    if "%" not in unit:
        return unit * (size // len(unit))
    pieces, length, n = [], 0, 0
    while length < size:
        n += 1
        pieces.append(unit % n if "%d" in unit else unit % ())
        length += len(pieces[-1])
    return "".join(pieces)


def find_reader():
    """Import the reader of the package that this Python has."""
    for name in MODULES:
        try:
            return importlib.import_module(name).parse_response
        except ModuleNotFoundError:
            continue
    raise SystemExit("no caopd_bench to measure")


def time_texts(read, texts):
    """Give the seconds of the processor that all the texts of a class take once."""
    runs, spent = 0, 0.0
    while spent < LEAST:
        start = time.process_time()
        for text in texts:
            read(text)
        spent += time.process_time() - start
        runs += 1
    return spent / runs


def serve():
    """Answer each class that is named on standard input with the seconds its texts take."""
    read = find_reader()
    classes = {**make_texts(), **make_hostile(LONG)}
    for line in sys.stdin:
        print(time_texts(read, classes[json.loads(line)]), flush=True)


def measure(baseline, rounds=5, hostile=False):
    """Measure every class with both versions.

    Returns one record a class: its name, megabytes a second (characters) of the baseline and of
    this version, and their ratio, medians of the rounds.
    """
    classes = {**make_texts(), **(make_hostile(LONG) if hostile else {})}
    children = [
        subprocess.Popen(
            [python, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for python in (baseline, sys.executable)
    ]
    times = {name: ([], []) for name in classes}
    for _ in range(rounds):
        for name in classes:
            for child, seconds in zip(children, times[name], strict=True):
                child.stdin.write(json.dumps(name) + "\n")
                child.stdin.flush()
                seconds.append(float(child.stdout.readline()))
    for child in children:
        child.communicate()
    records = []
    for name, (before, after) in times.items():
        size = sum(map(len, classes[name])) / 1e6
        ratio = statistics.median(b / a for b, a in zip(before, after, strict=True))
        rates = [size / statistics.median(seconds) for seconds in (before, after)]
        records.append({"texts": name, "baseline": rates[0], "ours": rates[1], "ratio": ratio})
    return records


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--baseline", default=sys.executable, help="the other Python")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hostile", action="store_true", help="hostile texts too")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    print("| texts | baseline, MB/s | ours, MB/s | ratio |\n|---|---:|---:|---:|")
    for one in measure(options.baseline, options.rounds, options.hostile):
        rates = f"{one['baseline']:.1f} | {one['ours']:.1f} | {one['ratio']:.1f}"
        print(f"| {one['texts']} | {rates} |")


if __name__ == "__main__":
    main()
