"""Passes over prompts and completions: the logits at the positions that predict a completion.

Prompt and completion are padded on the right, so that causal attention needs no mask and padding
changes nothing; the model's head is applied to the completions' positions only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

__all__ = ["completion_logits", "pad_rows"]


def completion_logits(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    completions: Sequence[Sequence[int]],
    pad_id: int,
) -> Tensor:
    """Give the logits that predict each completion's tokens.

    Returns
    -------
    Tensor of shape (rows, longest completion, vocabulary)
        Past the end of a shorter completion they mean nothing.
    """
    import torch

    rows = [[*p, *c] for p, c in zip(prompts, completions, strict=True)]
    ids = pad_rows(rows, pad_id, model.device)
    starts = [len(p) - 1 for p in prompts]
    longest = max(map(len, completions))
    first = min(starts)
    out: Any = model(
        input_ids=ids[:, :-1], use_cache=False, logits_to_keep=ids.shape[1] - 1 - first
    )
    logits: Tensor = out.logits
    if min(starts) == max(starts):
        return logits[:, :longest]
    places = torch.tensor(starts, device=ids.device)[:, None] - first
    places = places + torch.arange(longest, device=ids.device)
    places = places.clamp(max=logits.shape[1] - 1)
    return logits.gather(1, places[..., None].expand(-1, -1, logits.shape[-1]))


def pad_rows(rows: Sequence[Sequence[float]], value: float, device: Any = None) -> Tensor:
    """Put rows of unequal length into one tensor, padded on the right."""
    import torch

    width = max(map(len, rows))
    return torch.tensor([[*row, *[value] * (width - len(row))] for row in rows], device=device)
