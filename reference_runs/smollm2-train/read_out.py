"""The expectation of the stated number beside the greedy one: `read_out.py MODEL FILE.csv`."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import torch

from caopd_bench.train.loading import load_model
from caopd_bench.train.questions.questions import load_questions
from caopd_bench.train.text.codec import Codec, find_end_ids
from caopd_bench.train.watch.evaluate import answer, summarize


def main(name: str, output: str) -> None:
    """Answer levels 1 and 2 of the test set greedily, and read the numbers out in both ways."""
    torch.set_num_threads(1)
    model, tokenizer = load_model(name)
    codec = Codec(tokenizer, end_ids=find_end_ids(model))
    docs = load_questions("caopd_math_conf", split="test", levels="1-2")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rows = answer(model.eval(), codec, docs, max_new_tokens=120, expectation=True, batch=50)
    with Path(output).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["item", "confidence", "expected", "correct"])
        for row in rows:
            stated = [row["item_hash"], row["confidence"], row["expected"], row["correct"]]
            writer.writerow(["" if value is None else value for value in stated])
    for column in ("confidence", "expected"):
        print(column, {key: round(value, 3) for key, value in summarize(rows, column).items()})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
