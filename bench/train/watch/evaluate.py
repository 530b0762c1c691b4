"""Evaluate a model in the process that trains it: the task's prompt, parser, verifier and metrics.

`lm_eval` with the backend hf is the reference; greedily this gives the same texts
(tests/bench/train/test_evaluating.py) in a second instead of half a minute. That holds for the
tokens that end an answer, for special tokens in it, and for what a model's own generation settings
do to greedy decoding (a repetition penalty, see `tasks.ask.decoding`). There are three differences:

- samples come from the model's own distribution at the temperature, unaffected by the model's
  generation settings; transformers by default samples from the 50 most probable tokens;
- a prompt that leaves no room for the answer is not cut on the left;
- where the model's generation settings do not name the tokenizer's end token, lm-eval may read on
  past it in a batch of several questions. Here an answer ends at it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from caopd_bench.metrics import auroc, brier, ece, overconfidence_gap, spr, tally
from caopd_bench.tasks.ask.decoding import altered_decoding, pick_settings
from caopd_bench.train.passes import pad_left
from caopd_bench.train.rollouts.judge import Rollout, judge_rollout
from caopd_bench.train.rollouts.sample import sample
from caopd_bench.train.text.codec import Codec
from caopd_bench.train.watch.one_pass import Place, can_read_cache, decode_and_read
from caopd_bench.train.watch.read_out import expected_confidences, find_numbers

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

__all__ = ["SUMMARY", "answer", "summarize"]

Doc = Mapping[str, Any]
#: The metrics that `summarize` returns, in order.
SUMMARY = (
    *("accuracy", "mean_confidence", "parse_rate", "overconfidence_gap", "ece", "brier"),
    *("auroc", "spr"),
)
#: The text that ends a base model's answer, in all tasks.
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
    one_pass: bool = False,
    batch: int = 256,
) -> list[dict[str, Any]]:
    """Let the model answer each question once, and judge the answers.

    Parameters
    ----------
    model, codec
        The model, in evaluation mode, and its codec.
    docs : sequence
        Questions from `questions.load_questions`; a teacher's documents also have a context.
    max_new_tokens, temperature, generator
        As for `sample.sample`; temperature 0 is greedy.
    expectation : bool
        Whether to add `expected`, the expectation of the stated number over its tokens.
    one_pass : bool
        Whether to read a greedy answer's expectation from the cache of its decoding, if the model
        allows it: the result is the same up to rounding, in a fraction of a real model's time.
    batch : int
        Number of answers at once.

    Returns
    -------
    list of dict
        Rows: `item_hash`, `sample` (-1), `groups`, `confidence`, `correct`, `status`, `text`.
    """
    prompts = codec.encode_prompts(docs)
    altered = temperature == 0 and bool(_find_altered(model))
    expected: list[float | None] | None = None
    if one_pass and expectation and temperature == 0 and not altered and can_read_cache(model):

        def find(row: int, ids: list[int]) -> Place | None:
            rollout = _judge(codec, docs[row], ids)
            found = find_numbers(codec, _keep_tokens(codec, docs[row], rollout), docs[row]["kind"])
            # The cache lacks a head whose tokens differ from the sampled ones.
            is_cached = found is not None and found[0] == tuple(ids[: len(found[0])])
            return Place(*found) if found and found[0] and is_cached else None

        drawn, expected = decode_and_read(
            model,
            prompts,
            find,
            max_new_tokens=max_new_tokens,
            end_ids=codec.end_ids,
            pad_id=codec.pad_id,
            batch=batch,
        )
    elif altered:
        drawn = _decode_altered(model, codec, prompts, max_new_tokens=max_new_tokens, batch=batch)
    else:
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
    rollouts = [_judge(codec, doc, ids) for doc, ids in zip(docs, drawn, strict=True)]
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
        expected = expected or [None] * len(rows)
        left = [row for row, value in enumerate(expected) if value is None]
        values = expected_confidences(
            model,
            codec,
            [prompts[row] for row in left],
            [_keep_tokens(codec, docs[row], rollouts[row]) for row in left],
            [docs[row]["kind"] for row in left],
        )
        for place, value in zip(left, values, strict=True):
            expected[place] = value
        for row, value in zip(rows, expected, strict=True):
            row["expected"] = value
    return rows


def _judge(codec: Codec, doc: Doc, ids: list[int]) -> Rollout:
    return judge_rollout(doc, ids, _read(codec, ids), finished=True)


def _find_altered(model: PreTrainedModel) -> dict[str, Any]:
    """Return a model's settings that alter greedy decoding, found as in `tasks.ask.decoding`."""
    settings = getattr(model, "generation_config", None)
    if settings is None:
        return {}
    return altered_decoding(pick_settings(settings.to_dict()), {"do_sample": False})


def _decode_altered(
    model: PreTrainedModel,
    codec: Codec,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    batch: int,
) -> list[list[int]]:
    """Decode greedily with `generate`, which applies a model's own settings, as lm-eval does."""
    import torch

    answers: list[list[int]] = [[] for _ in prompts]
    order = sorted(range(len(prompts)), key=lambda row: (len(prompts[row]), row))
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        ids, mask, _ = pad_left([prompts[row] for row in rows], codec.pad_id, model.device)
        with torch.inference_mode():
            # The arguments are those of lm-eval's `_model_generate`.
            made: Any = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids) if mask is None else mask,
                max_length=ids.shape[1] + max_new_tokens,
                do_sample=False,
                pad_token_id=codec.pad_id,
                use_cache=True,
                **({"tokenizer": codec.tokenizer} if model.generation_config.stop_strings else {}),
            )
        for row, whole in zip(rows, made.tolist(), strict=True):
            answers[row] = _cut(whole[ids.shape[1] :], codec.end_ids)
    return answers


def _cut(ids: list[int], end_ids: frozenset[int]) -> list[int]:
    """Cut an answer after its first end token: padding or tokens of the batch's longer answers."""
    for place, token in enumerate(ids):
        if token in end_ids:
            return ids[: place + 1]
    return ids


def _read(codec: Codec, ids: Sequence[int]) -> str:
    """Return the text of an answer as lm-eval passes it to the task.

    An end token that is not a special token stays in the text, unless it is the tokenizer's own.
    The text does not show why an answer ended.
    """
    return codec.read(ids).partition(STOP)[0].partition(codec.decode([codec.end_id]))[0]


def _keep_tokens(codec: Codec, doc: Doc, rollout: Rollout) -> Rollout:
    """Return an answer whose text includes special tokens, if the parser reads it the same way."""
    text = codec.decode(codec.split_end(rollout.ids)[0]).partition(STOP)[0]
    if text == rollout.text:
        return rollout
    whole = judge_rollout(doc, rollout.ids, text, finished=True)
    is_same = whole.confidence == rollout.confidence
    return whole if is_same else whole._replace(status="no_confidence", confidence=None)


def summarize(rows: Sequence[Mapping[str, Any]], column: str = "confidence") -> dict[str, float]:
    """Return accuracy, parse rate and the calibration metrics of the rows that state a confidence.

    `column` is "confidence" or "expected". Undefined metrics are NaN.
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
