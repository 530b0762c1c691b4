"""Measure the tokens of every set of questions, into tasks/costs.json.

    python tests/studies/measure_costs.py CHECKPOINT RUN...

CHECKPOINT is a folder with a tokenizer; each RUN is what `lm_eval --log_samples` wrote for some of
the `_conf` tasks: the mean length of its answers is what "expected" means. Datasets are read where
CAOPD_BENCH_DATA says.
"""

import json
import sys
from pathlib import Path
from statistics import fmean

from transformers import AutoTokenizer

from caopd_bench.tasks.ask.documents import load
from caopd_bench.tasks.ask.prompts import render_answer, render_prompt
from caopd_bench.tasks.catalogue.datasets import DATASETS

TARGET = Path(__file__).parents[2] / "tasks" / "costs.json"


def main(checkpoint, runs):
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)

    def count(texts):
        return fmean(len(ids) for ids in tokenizer(list(texts))["input_ids"])

    answers = {}
    for run in runs:
        for file in Path(run).rglob("samples_caopd_*_conf_*.jsonl"):
            name = file.name.removeprefix("samples_caopd_").partition("_conf_")[0]
            samples = [json.loads(line) for line in file.read_text().splitlines()]
            budget = samples[0]["arguments"]["gen_args_0"]["arg_1"]["max_gen_toks"]
            answers[name] = (count(s["resps"][0][0] for s in samples), len(samples), budget)
    found = {}
    for name in DATASETS:
        try:
            splits = load(questions=name, way="conf")
        except ValueError as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        documents = list(splits["test"])
        shots = [
            f"{render_prompt(e)}\n\n"
            + render_answer(e["solution"], e["answer"], e["confidence"], e["style"])
            for e in splits["fewshot"]
        ]
        prompts = (doc["system_message"] + "\n\n" + render_prompt(doc) for doc in documents)
        mean, rows, budget = answers.get(name.removesuffix("_paper"), (None, 0, 0))
        said = f"answers: {rows} of SmolLM2-135M-Instruct, 4 exemplars, at most {budget} tokens"
        found[name] = {
            "items": len(documents),
            "prompt_tokens": round(count(prompts), 1),
            "tokens_per_shot": round(count(shots), 1),
            "answer_tokens": None if mean is None else round(mean, 1),
            "measured": "prompts counted with the tokenizer of SmolLM2, without chat template; "
            + (said if mean is not None else "answers not measured"),
        }
        print(name, found[name])
    TARGET.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
