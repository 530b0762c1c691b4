"""Pretrain a micro model from scratch, and write an ordinary checkpoint folder.

Training uses AdamW with a cosine schedule; a batch holds plain and hinted documents in the corpus's
shares. The progress measure is the *expected accuracy* on the validation questions: the mean
probability that an answer sampled at temperature 1 is right, in closed form and so without noise.
Pretraining has converged when it gained less than `STILL` over the last fifth of the steps. The
steps of a size (`STEPS`) were chosen so that it does, unless the cap of 20 core-minutes stops it
first; the provenance of every model records the gain.
"""

from __future__ import annotations

import csv
import io
import math
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from caopd_bench.core.errors import writing
from caopd_bench.core.files.folders import replacing_folder
from caopd_bench.core.files.write import replace_file
from caopd_bench.tasks.ask.prompts import render_answer, render_prompt
from caopd_bench.tasks.catalogue.arithmetic import load
from caopd_bench.train.checkpoints import save_model
from caopd_bench.train.micro.corpus import PLAIN_SHARE, Document, draw_document
from caopd_bench.train.micro.sizes import SIZES, build_model
from caopd_bench.train.micro.tokenizer import build_tokenizer
from caopd_bench.train.provenance import versions

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

__all__ = ["BATCH", "STEPS", "STILL", "Pretrained", "expected_accuracy", "pretrain"]
__all__ += ["pretrain_into", "save_pretrained"]

BATCH = 128
#: Steps by size, chosen as described in the module.
STEPS = {
    "10k": 8000,
    "33k": 6000,
    "67k": 6000,
    "114k": 5000,
    "245k": 3500,
    "329k": 3000,
    "622k": 2500,
    "962k": 2000,
}
#: A model has converged when the last fifth of its steps gained less than this.
STILL = 0.01
#: Core-seconds after which pretraining ends early; the provenance then records it.
CAP = 20 * 60
EVALUATIONS = 20
_IGNORED = -100


class Pretrained(NamedTuple):
    """A pretrained model and the record of its pretraining."""

    model: LlamaForCausalLM
    tokenizer: PreTrainedTokenizerFast
    curve: list[dict[str, float]]  # step, loss, expected_accuracy, seconds
    provenance: dict[str, Any]


def pretrain(
    size: str,
    *,
    corpus: str = "sure",
    seed: int = 0,
    steps: int | None = None,
    rate: float | None = None,
    say: Callable[[dict[str, float]], None] = lambda _row: None,
) -> Pretrained:
    """Pretrain one model.

    Parameters
    ----------
    size : str
        A key of `sizes.SIZES`.
    corpus : str
        "sure" or "grading" (see `corpus`).
    seed : int
        Seed of the weights and the documents. The same seed and one thread give the same bytes.
    steps, rate : int, float, optional
        Steps and peak learning rate, instead of those of the size.
    say : callable
        Receives a row of the curve at each evaluation.
    """
    import torch

    tokenizer = build_tokenizer()
    model = build_model(size, tokenizer, seed)
    rng = random.Random(1000 + seed)
    peak, steps = rate or SIZES[size].learning_rate, steps or STEPS[size]
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=peak, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    plain = round(BATCH * PLAIN_SHARE)
    validation = _Validation(tokenizer)
    curve, began = [], time.process_time()
    model.train()
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = peak * _schedule(step - 1, steps)
        documents = [draw_document(rng, hinted=i >= plain, corpus=corpus) for i in range(BATCH)]
        loss = _cross_entropy(model, tokenizer, documents)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % max(1, steps // EVALUATIONS) == 0 or step == steps:
            row = {
                "step": step,
                "loss": float(loss.detach()),
                "expected_accuracy": validation.measure(model),
                "seconds": time.process_time() - began,
            }
            curve.append(row)
            say(row)
            if row["seconds"] > CAP and step < steps:
                break
    model.eval()
    provenance = {
        "method": "pretrain",
        "size": size,
        "parameters": sum(p.numel() for p in model.parameters()),
        "corpus": corpus,
        "seed": seed,
        "steps": curve[-1]["step"],
        "capped": curve[-1]["step"] < steps,
        "batch": BATCH,
        "learning_rate": peak,
        "threads": torch.get_num_threads(),
        "expected_accuracy": curve[-1]["expected_accuracy"],
        "gained_in_last_fifth": _last_gain(curve, steps),
    }
    provenance["stands_still"] = provenance["gained_in_last_fifth"] < STILL
    return Pretrained(model, tokenizer, curve, provenance)


def pretrain_into(
    output: Path,
    size: str,
    corpus: str,
    seed: int,
    *,
    steps: int | None,
    threads: int,
    say: Callable[[str], None],
) -> None:
    """Pretrain one model into a folder; parameters as in `pretrain`, but `say` receives lines."""
    import torch

    torch.set_num_threads(threads)
    with writing(output):  # fail early, since pretraining takes minutes
        output.mkdir(parents=True, exist_ok=True)
    done = pretrain(
        size,
        corpus=corpus,
        seed=seed,
        steps=steps,
        say=lambda row: say(
            f"step {row['step']}  loss {row['loss']:.4f}  "
            f"expected accuracy {row['expected_accuracy']:.3f}  {row['seconds']:.0f} core-seconds"
        ),
    )
    with writing(output), replacing_folder(output) as folder:
        save_pretrained(folder, done)
    if not done.provenance["stands_still"]:
        gained = 100 * done.provenance["gained_in_last_fifth"]
        say(f"the accuracy still rose by {gained:.1f} points in the last fifth of the steps")


def save_pretrained(folder: Path, done: Pretrained) -> None:
    """Write a model, its provenance, and the curve of its pretraining."""
    save_model(folder, done.model, done.tokenizer, {**done.provenance, "versions": versions()})
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(done.curve[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(done.curve)
    replace_file(folder / "pretraining.csv", text.getvalue().encode())


def expected_accuracy(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> float:
    """Return the mean probability that a temperature-1 answer on validation questions is right."""
    return _Validation(tokenizer).measure(model)


class _Validation:
    """The validation questions with their right answers, as tokens."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        items = load(split="validation")
        prompts = [render_prompt({**item, "way": "conf"}) for item in items]
        answers = ["\n" + render_answer("", item["answer"], None, "arith") for item in items]
        self.ids, self.labels = encode(tokenizer, prompts, answers)

    def measure(self, model: LlamaForCausalLM) -> float:
        """Return the mean probability of the right answer's tokens."""
        import torch

        was_training = model.training
        model.eval()
        with torch.inference_mode():
            logits = model(input_ids=self.ids[:, :-1]).logits.log_softmax(-1)
        model.train(was_training)
        labels = self.labels[:, 1:]
        chosen = logits.gather(-1, labels.clamp(min=0)[..., None])[..., 0]
        return float((chosen * (labels != _IGNORED)).sum(1).exp().mean())


def encode(
    tokenizer: PreTrainedTokenizerFast, prompts: Sequence[str], responses: Sequence[str]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Encode texts, padded on the right, with labels that exclude prompt and padding."""
    import torch

    encoded = tokenizer([*prompts, *responses])["input_ids"]
    prompt_ids, response_ids = encoded[: len(prompts)], encoded[len(prompts) :]
    width = max(len(p) + len(r) for p, r in zip(prompt_ids, response_ids, strict=True))
    padding = int(tokenizer.pad_token_id)
    ids, labels = [], []
    for p, r in zip(prompt_ids, response_ids, strict=True):
        rest = width - len(p) - len(r)
        ids.append(p + r + [padding] * rest)
        labels.append([_IGNORED] * len(p) + r + [_IGNORED] * rest)
    return torch.tensor(ids), torch.tensor(labels)


def encode_documents(
    tokenizer: PreTrainedTokenizerFast, documents: Sequence[Document]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Encode documents; a graded answer has labels only at its number and its end."""
    end = str(tokenizer.eos_token)
    ids, labels = encode(
        tokenizer, [d.prompt for d in documents], [d.response + end for d in documents]
    )
    for row, document in enumerate(documents):
        if document.trained_from == "confidence":
            given = (labels[row] != _IGNORED).nonzero()[:-2]
            labels[row, given] = _IGNORED
    return ids, labels


def _cross_entropy(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, documents: list[Document]
) -> torch.Tensor:
    import torch

    ids, labels = encode_documents(tokenizer, documents)
    # Padding is on the right, so that causal attention needs no mask.
    logits = model(input_ids=ids[:, :-1]).logits
    return torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=_IGNORED
    )


def _schedule(step: int, steps: int) -> float:
    """Return the share of the peak rate: a short warm-up, then a cosine to zero."""
    warm = min(1.0, (step + 1) / 100)
    return warm * 0.5 * (1 + math.cos(math.pi * step / steps))


def _last_gain(curve: Sequence[dict[str, float]], steps: int) -> float:
    before = [row for row in curve if row["step"] <= 0.8 * steps]
    if not before:
        return math.inf
    return curve[-1]["expected_accuracy"] - before[-1]["expected_accuracy"]
