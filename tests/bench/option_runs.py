"""Made-up runs of a multiple-choice task whose log holds a probability for each option."""

from dataclasses import replace

import numpy as np

from caopd_bench.runs.run import Row, Run

TASK = "made_up_choice"


def draw_option_run(name, n=200, *, seed=0, temperature=1.0, silent=0, per="text", task=TASK):
    """Give a run; of the first `silent` rows the log holds no probabilities."""
    rng, gold = np.random.default_rng(seed), np.random.default_rng(5)
    rows = []
    for i in range(n):
        options = 4 if i % 7 else 3
        right = int(gold.integers(0, options))
        logits = rng.normal(0.0, 1.0, options)
        logits[right] += 3.0 * gold.random()
        p = np.exp(temperature * logits)
        p /= p.sum()
        chosen = int(p.argmax())
        row = Row(
            task,
            f"item{i}",
            -1,
            {"subject": ("law", "physics")[i % 2]},
            float(p[chosen]),
            int(chosen == right),
            "ok",
            probabilities=tuple(map(float, p)),
            right_option=right,
        )
        if i < silent:
            row = replace(
                row, confidence=None, status="no_confidence", probabilities=(), right_option=-1
            )
        rows.append(row)
    settings = {"num_fewshot": 0, "confidence": {"of": "option", "per": per}}
    provenance = {"backend": "hf", "model": name, "tasks": {task: settings}}
    return Run(name, f"runs/{name}", rows, provenance)


def draw_stated_run(name, n=200, *, seed=0, task=TASK):
    """Give a run of the same items whose confidences were stated in the text."""
    run = draw_option_run(name, n, seed=seed, task=task)
    rows = [
        replace(row, probabilities=(), right_option=-1, confidence=round(row.confidence or 0.0, 1))
        for row in run.rows
    ]
    provenance = {**run.provenance, "tasks": {task: {"num_fewshot": 0}}}
    return replace(run, rows=rows, provenance=provenance)
