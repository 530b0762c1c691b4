"""Made-up runs and logs to time reading: the same seed gives the same bytes."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

DATE = "2026-11-22T03-13-32.382752"
TASK = "caopd_math_conf"
STATED = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99, 1.0)
WORDS = tuple(
    re.findall(
        r"[a-z]+",
        "we the first number then multiply add seven total cost of apples each so result remaining "
        "after minus equals because next step compute value which gives find sum both parts hence",
    )
)


def write_prose(rng: random.Random, size: int) -> str:
    """Return sentences of reasoning, about so many characters, a seventh of them on a new line."""
    parts: list[str] = []
    length = 0
    while length < size:
        words = " ".join(rng.choice(WORDS) for _ in range(rng.randint(8, 18))).capitalize()
        sentence = f"{words} {rng.randint(1, 999)} x {rng.randint(1, 99)} = {rng.randint(1, 9999)}."
        sentence += "\n" if rng.random() < 0.15 else ""
        parts.append(sentence)
        length += len(sentence) + 1
    return " ".join(parts)


def answer(
    rng: random.Random, item: int, size: int = 800, thinking: int = 0
) -> tuple[str, float, bool]:
    """Return a response, the confidence that it states, and whether its answer is right."""
    stated = rng.choice(STATED)
    right = rng.random() < stated - 0.15
    text = f"{write_prose(rng, size)}\nAnswer: {item % 997 + (not right)}\nConfidence: {stated}"
    if thinking:
        text = f"<think>\n{write_prose(rng, thinking)}\n</think>\n{text}"
    return text, stated, right


def write_lm_eval(
    folder: Path,
    rows: int,
    *,
    seed: int = 0,
    model: str = "org/tiny",
    prompt: int = 2400,
    parser: str = "1",
) -> Path:
    """Write a run of `lm_eval` with answers of 800 characters, ten levels; return its folder."""
    rng = random.Random(seed)
    inner = folder / model.replace("/", "__")
    inner.mkdir(parents=True)
    asked = write_prose(rng, prompt)
    with (inner / f"samples_{TASK}_{DATE}.jsonl").open("w", encoding="utf-8") as file:
        for i in range(rows):
            file.write(json.dumps(_sample(rng, i, asked, parser)) + "\n")
    results = {
        "results": {TASK: {"alias": TASK, "ece,none": None}},
        "configs": {TASK: {"task": TASK, "generation_kwargs": {"max_gen_toks": 4096}}},
        "versions": {TASK: 1.0},
        "n-shot": {TASK: 4},
        "n-samples": {TASK: {"original": rows, "effective": rows}},
        "config": {"model": "hf", "model_args": {"pretrained": model}, "random_seed": 0},
        "lm_eval_version": "0.4.13",
        "task_hashes": {TASK: "f7d7b7"},
        "model_name": model,
        "total_evaluation_time_seconds": "266.6",
    }
    (inner / f"results_{DATE}.json").write_text(json.dumps(results), encoding="utf-8")
    return folder


def _sample(rng: random.Random, item: int, asked: str, parser: str) -> dict[str, object]:
    text, stated, right = answer(rng, item)
    pair = [stated, float(right)]
    document = {
        "answer": str(item % 997),
        "family": "product" if item % 2 else "sum",
        "level": 1 + item % 10,
        "kind": "number",
        "question": f"What is {item} + 0?",
        "source": {"set": "caopd_math", "version": 1, "seed": None},
        "item_hash": f"{item:016x}",
        "prompt_version": "1",
        "parser_version": parser,
    }
    return {
        "doc_id": item,
        "doc": document,
        "target": str(item % 997),
        "arguments": {"gen_args_0": {"arg_0": f"{asked}{item}", "arg_1": {"max_gen_toks": 4096}}},
        "resps": [[text]],
        "filtered_resps": [text],
        "filter": "none",
        "metrics": ["acc", "confidence"],
        "doc_hash": f"{item:064x}",
        "prompt_hash": f"{item:064x}",
        "target_hash": f"{item:064x}",
        "acc": float(right),
        "status": "ok",
        "confidence": stated,
        "ece": pair,
        "brier": pair,
    }


def write_logged(
    path: Path, rows: int, *, size: int = 800, thinking: int = 0, seed: int = 1
) -> Path:
    """Write logged answers: a response and the right answer in each line."""
    rng = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for i in range(rows):
            text, _, _ = answer(rng, i, size, thinking)
            file.write(json.dumps({"response": text, "gold": str(i % 997)}) + "\n")
    return path
