"""Pass prompts and completions through a model, for the logits that predict each completion.

The K rollouts of a question share its prompt, and the teacher's prompt is long: a prompt that
several rows share is passed once, and its completions share its cache, gradient included.
Otherwise prompt and completion are one row, padded on the right, so that causal attention needs no
mask. The model's head is applied to the completions' positions only.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import cache as remembered
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

__all__ = ["completion_logits", "name_cache", "pad_left", "pad_rows", "pass_prompts"]

#: Name of `forward`'s argument for cached keys and values: in transformers 5.24 and later, and the
#: older name, which 5.40 drops.
NEW_NAME, OLD_NAME = "cache", "past_key_values"


def completion_logits(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    completions: Sequence[Sequence[int]],
    pad_id: int,
    *,
    share: bool = True,
) -> Tensor:
    """Return the logits that predict each completion's tokens.

    Parameters
    ----------
    model
        The model, without dropout.
    prompts, completions : sequences of sequences of int
        Tokens, one sequence per row.
    pad_id : int
        Any token.
    share : bool
        Whether prompts that several rows share may be passed once. False under gradient
        checkpointing, which keeps no cache.

    Returns
    -------
    Tensor of shape (rows, longest completion, vocabulary)
        Values past the end of a shorter completion are meaningless.
    """
    unique = list(dict.fromkeys(tuple(prompt) for prompt in prompts))
    if share and 2 * len(unique) <= len(prompts):
        places = {prompt: place for place, prompt in enumerate(unique)}
        owners = [places[tuple(prompt)] for prompt in prompts]
        return _with_shared_prompts(model, unique, owners, completions, pad_id)
    return _with_own_prompts(model, prompts, completions, pad_id)


def _with_own_prompts(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    completions: Sequence[Sequence[int]],
    pad_id: int,
) -> Tensor:
    import torch

    rows = [[*p, *c] for p, c in zip(prompts, completions, strict=True)]
    ids = pad_rows(rows, pad_id, model.device)
    starts = [len(p) - 1 for p in prompts]
    longest = max(map(len, completions))
    first = min(starts)
    kept = ids.shape[1] - 1 - first
    out: Any = model(input_ids=ids[:, :-1], use_cache=False, logits_to_keep=kept)
    logits: Tensor = out.logits
    if min(starts) == max(starts):
        return logits[:, :longest]
    places = torch.tensor(starts, device=ids.device)[:, None] - first
    places = places + torch.arange(longest, device=ids.device)
    places = places.clamp(max=logits.shape[1] - 1)
    return logits.gather(1, places[..., None].expand(-1, -1, logits.shape[-1]))


def _with_shared_prompts(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    owners: Sequence[int],
    completions: Sequence[Sequence[int]],
    pad_id: int,
) -> Tensor:
    """Pass each prompt once; `owners` names the prompt of each completion."""
    import torch

    logits, cache, mask, lengths = pass_prompts(model, prompts, pad_id)
    chosen = torch.tensor(owners, device=logits.device)
    first = logits[chosen]
    rows = pad_rows(completions, pad_id, logits.device)[:, :-1]
    if not rows.shape[1]:
        return first
    cache.batch_select_indices(chosen)
    positions = None
    if mask is not None:
        mask = torch.cat([mask[chosen], mask.new_ones(rows.shape)], 1)
        positions = lengths[chosen][:, None] + torch.arange(rows.shape[1], device=logits.device)
    rest: Any = model(
        input_ids=rows,
        attention_mask=mask,
        position_ids=positions,
        use_cache=True,
        **{name_cache(model): cache},
    )
    return torch.cat([first, rest.logits], 1)


def name_cache(model: PreTrainedModel) -> str:
    """Return the name of the argument of `forward` that takes the cache, by its signature."""
    kind: Any = type(model)
    return _name_cache_of(kind)


@remembered
def _name_cache_of(kind: Any) -> str:
    from transformers import LlamaForCausalLM

    # If the signature does not tell, as for a wrapper with **kwargs, the release decides.
    for one in (kind, LlamaForCausalLM):
        parameters = inspect.signature(one.forward).parameters
        for name in (NEW_NAME, OLD_NAME):
            if name in parameters:
                return name
    return NEW_NAME


def pass_prompts(
    model: PreTrainedModel, prompts: Sequence[Sequence[int]], pad_id: int
) -> tuple[Tensor, Any, Tensor | None, Tensor]:
    """Pass prompts, padded on the left if their lengths differ, and keep the cache.

    Returns
    -------
    (Tensor of shape (prompts, 1, vocabulary), cache, Tensor or None, Tensor)
        The logits of the first token after each prompt, the cache, the mask (None without
        padding) and the lengths.
    """
    ids, mask, lengths = pad_left(prompts, pad_id, model.device)
    positions = None if mask is None else (mask.cumsum(-1) - 1).clamp(min=0)
    out: Any = model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        use_cache=True,
        logits_to_keep=1,
    )
    # A model's code may be older than the release: its argument then has the old name, but its
    # output has the new one.
    cache = out[NEW_NAME] if NEW_NAME in out else out[OLD_NAME]
    return out.logits, cache, mask, lengths


def pad_rows(rows: Sequence[Sequence[float]], value: float, device: Any = None) -> Tensor:
    """Return rows of unequal length as one tensor, padded on the right."""
    import torch

    width = max(map(len, rows))
    return torch.tensor([[*row, *[value] * (width - len(row))] for row in rows], device=device)


def pad_left(
    rows: Sequence[Sequence[int]], pad_id: int, device: Any = None
) -> tuple[Tensor, Tensor | None, Tensor]:
    """Return prompts as one left-padded tensor and its mask, None if all have one length."""
    import torch

    lengths = torch.tensor([len(row) for row in rows], device=device)
    width = int(lengths.max())
    ids = torch.tensor([[pad_id] * (width - len(row)) + list(row) for row in rows], device=device)
    if int(lengths.min()) == width:
        return ids, None, lengths
    mask = (torch.arange(width, device=device) >= width - lengths[:, None]).long()
    return ids, mask, lengths
