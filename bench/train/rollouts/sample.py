"""Sample answers with one pass over each prompt, whose cache its K answers share.

Prompts of one length need no padding and no mask, which is the fast path of the micro models;
others are padded on the left. Rows that have ended are dropped once half of the batch has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from caopd_bench.train.passes import name_cache, pass_prompts

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

__all__ = ["sample"]


def sample(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    *,
    k: int = 1,
    max_new_tokens: int,
    temperature: float,
    generator: torch.Generator | None,
    end_ids: Collection[int],
    pad_id: int,
    batch: int = 1024,
) -> list[list[int]]:
    """Sample `k` answers to each prompt.

    Parameters
    ----------
    model
        In evaluation mode.
    prompts : sequence of sequences of int
        Tokens.
    k : int
        Answers to each prompt.
    max_new_tokens : int
        Budget of an answer, its end token included.
    temperature : float
        0 takes the most probable token.
    generator : torch.Generator or None
        Required above temperature 0.
    end_ids, pad_id
        Tokens that end an answer, and the padding token.
    batch : int
        Number of answers sampled at once.

    Returns
    -------
    list of list of int
        k answers to the first prompt, then those to the second, ...; the end token is kept, and is
        missing where the budget ended the answer.

    Raises
    ------
    ValueError
        If the model's output is not a distribution over the next token.
    """
    import torch

    if temperature > 0 and generator is None:
        raise ValueError("generator: sampling needs one, got None")
    answers: list[list[int]] = [[] for _ in range(len(prompts) * k)]
    with torch.inference_mode():
        for rows in _batches(prompts, max(1, batch // k)):
            sampled = _sample_batch(
                model,
                [list(prompts[row]) for row in rows],
                k,
                max_new_tokens,
                temperature,
                generator,
                sorted(end_ids),
                pad_id,
            )
            for place, row in enumerate(rows):
                answers[row * k : (row + 1) * k] = sampled[place * k : (place + 1) * k]
    return answers


def _batches(prompts: Sequence[Sequence[int]], size: int) -> Iterator[list[int]]:
    """Yield the rows of each batch, prompts of similar length together."""
    order = sorted(range(len(prompts)), key=lambda row: (len(prompts[row]), row))
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _sample_batch(
    model: PreTrainedModel,
    prompts: list[list[int]],
    k: int,
    budget: int,
    temperature: float,
    generator: torch.Generator | None,
    end_ids: list[int],
    pad_id: int,
) -> list[list[int]]:
    import torch

    device = model.device
    first, cache, mask, lengths = pass_prompts(model, prompts, pad_id)
    logits, positions = first[:, -1], None
    if k > 1:
        cache.batch_repeat_interleave(k)
        logits, lengths = logits.repeat_interleave(k, 0), lengths.repeat_interleave(k, 0)
        mask = mask.repeat_interleave(k, 0) if mask is not None else None
    cache_name = name_cache(model)
    ends = torch.tensor(end_ids, device=device)
    rows = torch.arange(len(lengths), device=device)  # answers still in the batch
    done = torch.zeros(len(rows), dtype=torch.bool, device=device)
    drawn = torch.full((len(rows), budget), pad_id, device=device)
    counts = torch.zeros(len(rows), dtype=torch.long, device=device)
    for step in range(budget):
        token = _draw(logits, temperature, generator)
        alive = rows[~done]
        drawn[alive, step] = token[~done]
        counts[alive] = step + 1
        done = done | torch.isin(token, ends)
        if step == budget - 1 or bool(done.all()):
            break
        if int(done.sum()) * 2 > len(done) and len(done) > 8:
            keep = (~done).nonzero()[:, 0]
            cache.batch_select_indices(keep)
            token, rows, lengths = token[keep], rows[keep], lengths[keep]
            mask = mask[keep] if mask is not None else None
            done = done[keep]
        if mask is not None:
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
            positions = (lengths + step)[:, None]
        out: Any = model(
            input_ids=token[:, None],
            attention_mask=mask,
            position_ids=positions,
            use_cache=True,
            **{cache_name: cache},
        )
        logits = out.logits[:, -1]
    return [row[:count] for row, count in zip(drawn.tolist(), counts.tolist(), strict=True)]


def _draw(
    logits: torch.Tensor, temperature: float, generator: torch.Generator | None
) -> torch.Tensor:
    import torch

    if temperature == 0:
        chosen = logits.argmax(-1)
        _check(logits.gather(-1, chosen[:, None]))
        return chosen
    # Invert the distribution function in float64: this is much faster than torch.multinomial.
    below = (logits.double() / temperature).softmax(-1).cumsum(-1)
    _check(below[:, -1:])
    drawn = torch.rand((len(below), 1), generator=generator, dtype=below.dtype, device=below.device)
    return torch.searchsorted(below, drawn * below[:, -1:], right=True)[:, 0].clamp(
        max=below.shape[-1] - 1
    )


def _check(values: torch.Tensor) -> None:
    """Refuse to draw from an invalid distribution, where any token would be wrong."""
    if not bool(values.isfinite().all()):
        raise ValueError(
            "the model gives no next token: its logits are NaN, inf or all -inf; are its weights "
            "whole, and is its precision enough?"
        )
