"""Decode greedily as lm-eval's backend hf does, where a model's own settings alter that.

`sample.sample` takes the most probable token, which is what `generate` of transformers does
unless the model's generation settings say otherwise. Where they do, `generate` itself is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from caopd_bench.tasks.ask.decoding import altered_decoding, pick_settings
from caopd_bench.train.passes import pad_left

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from caopd_bench.train.text.codec import Codec

__all__ = ["decode_altered", "find_altered"]


def find_altered(model: PreTrainedModel) -> dict[str, Any]:
    """Give the settings of a model that alter a greedy decoding, as `tasks.ask.decoding` does."""
    settings = getattr(model, "generation_config", None)
    if settings is None:
        return {}
    return altered_decoding(pick_settings(settings.to_dict()), {"do_sample": False})


def decode_altered(
    model: PreTrainedModel,
    codec: Codec,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    batch: int,
) -> list[list[int]]:
    """Decode an answer to each prompt with `generate`.

    Parameters
    ----------
    model, codec
        In evaluation mode.
    prompts : sequence of sequences of int
        Tokens.
    max_new_tokens : int
        Budget of an answer, unless the model's settings have their own.
    batch : int
        Answers at once.

    Returns
    -------
    list of list of int
        As `sample.sample` gives them: with the end token, if there is one.
    """
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
    """Cut what follows the first end token: padding, or what the batch still had to generate."""
    for place, token in enumerate(ids):
        if token in end_ids:
            return ids[: place + 1]
    return ids
