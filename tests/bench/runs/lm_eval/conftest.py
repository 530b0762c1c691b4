"""Runs of tasks that other people wrote, as lm-eval 0.4.13 writes them."""

import hashlib
import json

import numpy as np
import pytest

DATE = "2026-11-22T03-13-32.382752"


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def choice(i, lls, right, texts, *, delimiter=" ", doc=None, priors=(), **changes):
    """A line of a multiple_choice task, judged as lm-eval judges."""
    lengths = np.array([float(len(text)) for text in texts])
    sizes = np.array([float(len(text.encode())) for text in texts])
    values = np.array(lls)
    golds = right if isinstance(right, list) else [right]
    doc = doc or {"question": f"Question {i}?", "choices": list(texts), "answer": right}
    requests = [*[f"Question {i}?" for _ in texts], *["" for _ in priors]]
    pairs = [[str(value), "False"] for value in [*lls, *priors]]
    sample = {
        "doc_id": i,
        "doc": doc,
        "target": str(right),
        "arguments": {
            f"gen_args_{j}": {"arg_0": prompt, "arg_1": f"{delimiter}{texts[j % len(texts)]}"}
            for j, prompt in enumerate(requests)
        },
        "resps": [[pair] for pair in pairs],
        "filtered_resps": pairs,
        "filter": "none",
        "metrics": ["acc", "acc_norm", "acc_bytes"],
        "doc_hash": digest(json.dumps(doc, indent=2, ensure_ascii=False)),
        "prompt_hash": digest(f"Question {i}?"),
        "target_hash": digest(str(right)),
        "acc": float(np.argmax(values) in golds),
        "acc_norm": float(np.argmax(values / lengths) in golds),
        "acc_bytes": float(np.argmax(values / sizes) in golds),
    }
    if priors:
        sample["acc_mutual_info"] = float(np.argmax(values - np.array(priors)) in golds)
    sample |= changes
    return {key: value for key, value in sample.items() if value is not ...}


@pytest.fixture
def write_run(tmp_path):
    """Write a run of tasks given by their lines into tmp_path/<name>; give that folder."""

    def write(tasks, name="run", *, model="org/tiny", configs=None, **results):
        folder = tmp_path / name / model.replace("/", "__")
        folder.mkdir(parents=True, exist_ok=True)
        for task, samples in tasks.items():
            lines = "".join(json.dumps(sample, ensure_ascii=False) + "\n" for sample in samples)
            (folder / f"samples_{task}_{DATE}.jsonl").write_text(lines, encoding="utf-8")
        known = {
            "results": {task: {"alias": task} for task in tasks},
            "group_subtasks": {},
            "configs": {
                task: {
                    "task": task,
                    "dataset_path": "org/data",
                    "test_split": "test",
                    "target_delimiter": " ",
                    **(configs or {}),
                }
                for task in tasks
            },
            "versions": dict.fromkeys(tasks, 1.0),
            "n-shot": dict.fromkeys(tasks, 0),
            "n-samples": {
                task: {"effective": len({sample["doc_id"] for sample in samples})}
                for task, samples in tasks.items()
            },
            "config": {"model": "hf", "model_args": {"pretrained": model}},
            "model_name": model,
            "lm_eval_version": "0.4.13",
            "task_hashes": {task: digest(task) for task in tasks},
            **results,
        }
        (folder / f"results_{DATE}.json").write_text(json.dumps(known))
        return tmp_path / name

    return write


@pytest.fixture
def quiz():
    """Forty questions with three options of unlike lengths and bytes."""

    def make(n=40, shift=0.0, seed=0, **changes):
        rng = np.random.default_rng((n, seed))
        lines = []
        for i in range(n):
            texts = [f"red {i}", f'a "long" green one {i}', f"ж{i}é"]
            lls = (-rng.exponential(4, 3) - 0.1).tolist()
            right = int(rng.integers(3))
            lls[right] += shift
            lines.append(choice(i, lls, right, texts, **changes))
        return lines

    return make


@pytest.fixture
def make_choice():
    return choice
