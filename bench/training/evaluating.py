"""Evaluate a model in the process that trains it: the task's prompt, parser, verifier and metrics.

`lm_eval` is the reference; on the micro models' task this gives the same rows
(tests/bench/training/test_evaluating.py) in a second instead of half a minute.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from caopd_bench.metrics import auroc, brier, ece, overconfidence_gap, spr, tally
from caopd_bench.training.codec import Codec
from caopd_bench.training.reading_out import expected_confidences
from caopd_bench.training.rollouts import judge_rollout
from caopd_bench.training.sampling import sample

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

__all__ = ["SUMMARY", "answer", "summarize"]

Doc = Mapping[str, Any]
#: What `summarize` gives, in order.
SUMMARY = (
    *("accuracy", "mean_confidence", "parse_rate", "overconfidence_gap", "ece", "brier"),
    *("auroc", "spr"),
)
#: What ends an answer of a base model, in all tasks.
STOP = "\n###\n"
GROUPS = ("level", "family", "subject", "domain")


def answer(
    model: PreTrainedModel,
    codec: Codec,
    docs: Sequence[Doc],
    *,
    max_new_tokens: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
    expectation: bool = False,
    batch: int = 256,
) -> list[dict[str, Any]]:
    """Let the model answer each question once, and judge the answers.

    Parameters
    ----------
    model, codec
        In evaluation mode.
    docs : sequence
        From `questions.load_questions`; those of a teacher carry a context.
    max_new_tokens, temperature, generator
        As of `sampling.sample`; temperature 0 is greedy.
    expectation : bool
        Also give `expected`, the expectation of the stated number over its tokens.
    batch : int
        Answers at once.

    Returns
    -------
    list of dict
        Rows: `item_hash`, `sample` (-1), `groups`, `confidence`, `correct`, `status`, `text`.
    """
    prompts = [codec.encode_prompt(doc) for doc in docs]
    drawn = sample(
        model,
        prompts,
        max_new_tokens=max_new_tokens,
        temperature=temperature,
        generator=generator,
        end_ids=codec.end_ids,
        pad_id=codec.pad_id,
        batch=batch,
    )
    rollouts = []
    for doc, ids in zip(docs, drawn, strict=True):
        body, _ = codec.split_end(ids)
        # As the task reads it, which is not told why an answer ended and stops at its stop string.
        text = codec.decode(body).partition(STOP)[0]
        rollouts.append(judge_rollout(doc, ids, text, finished=True))
    rows = [
        {
            "item_hash": doc["item_hash"],
            "sample": -1,
            "groups": {key: doc[key] for key in GROUPS if doc.get(key) is not None},
            "confidence": rollout.confidence,
            "correct": rollout.correct,
            "status": rollout.status,
            "text": rollout.text,
        }
        for doc, rollout in zip(docs, rollouts, strict=True)
    ]
    if expectation:
        kinds = [doc["kind"] for doc in docs]
        expected = expected_confidences(model, codec, prompts, rollouts, kinds)
        for row, value in zip(rows, expected, strict=True):
            row["expected"] = value
    return rows


def summarize(rows: Sequence[Mapping[str, Any]], column: str = "confidence") -> dict[str, float]:
    """Give accuracy, parse rate and the calibration metrics of the rows that state a confidence.

    `column` is "confidence" or "expected". Undefined is NaN.
    """
    parsed = [row for row in rows if row[column] is not None and row[column] == row[column]]
    result = dict.fromkeys(SUMMARY, math.nan)
    result["accuracy"] = float(np.mean([row["correct"] for row in rows]))
    result["parse_rate"] = len(parsed) / len(rows)
    if parsed:
        counts = tally([row[column] for row in parsed], [row["correct"] for row in parsed])
        result["mean_confidence"] = float(np.mean([row[column] for row in parsed]))
        for name, metric in (
            ("overconfidence_gap", overconfidence_gap),
            ("ece", ece),
            ("brier", brier),
            ("auroc", auroc),
            ("spr", spr),
        ):
            result[name] = float(metric(counts))
    return result
