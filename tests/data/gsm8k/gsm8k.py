"""The loader of the YAML beside this file; everything else is our task's own."""

import json
import os
from pathlib import Path

from caopd_bench.tasks.hooks import *  # noqa: F403
from caopd_bench.tasks.hooks import make_splits
from caopd_bench.tasks.problems import EXEMPLARS


def load(**options):
    lines = (Path(os.environ["CAOPD_BENCH_DATA"]) / "gsm8k_test.jsonl").read_text().splitlines()
    items = []
    for line in lines[:100]:
        row = json.loads(line)
        gold = row["answer"].rpartition("#### ")[2].replace(",", "")
        items.append({"question": row["question"], "answer": gold, "kind": "number"})
    return make_splits(items, [dict(e) for e in EXEMPLARS["a"]], "a", options.get("pretrained"))
