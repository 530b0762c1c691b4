"""Answer greedily, and read the stated number from the cache of the decoding.

`read_out` passes prompt and answer again, once for each prefix that the numbers 0.00 to 1.00
share: eleven times if every digit is a token, which costs a real model several times as much as
its answers. Here the prefixes are the nodes of a tree that is appended to the cache, masked so that
a node sees the prompt, the answer up to the number, and the nodes that it continues. The
expectations equal those of `read_out` up to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from caopd_bench.train.passes import NEW_NAME, OLD_NAME, name_cache, pad_left, pass_prompts
from caopd_bench.train.watch.read_out import VALUES

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

__all__ = ["Place", "can_read_cache", "decode_and_read"]

Tokens = tuple[int, ...]


class Place(NamedTuple):
    """The tokens of an answer before its stated number, and the tokens of each possible number."""

    head: Tokens
    numbers: tuple[Tokens, ...]


class _Tree(NamedTuple):
    """The prefixes of the numbers, shortest first; the root is the last token before them."""

    nodes: tuple[Tokens, ...]
    #: For each node, the nodes that it sees: those it continues, and itself.
    seen: tuple[tuple[int, ...], ...]
    #: For each number, its tokens and the nodes that predict them.
    read: tuple[tuple[tuple[int, int], ...], ...]


def can_read_cache(model: PreTrainedModel) -> bool:
    """Return whether a model's attention accepts a custom mask over a cache of all tokens."""
    config: Any = model.config
    is_sliding = getattr(config, "sliding_window", None) or getattr(config, "layer_types", None)
    kinds = set(is_sliding) if isinstance(is_sliding, list | tuple) else set()
    is_whole = not is_sliding or kinds == {"full_attention"}
    return is_whole and getattr(config, "_attn_implementation", "") in ("sdpa", "eager")


def decode_and_read(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    find: Callable[[int, list[int]], Place | None],
    *,
    max_new_tokens: int,
    end_ids: Collection[int],
    pad_id: int,
    batch: int,
) -> tuple[list[list[int]], list[float | None]]:
    """Answer prompts greedily; return the expectation of the number that each answer states too.

    Parameters
    ----------
    model
        The model, in evaluation mode; `can_read_cache` must be true of it.
    prompts : sequence of sequences of int
        Tokens.
    find : callable
        Returns the place of the number in an answer, from the prompt's index and the answer's
        tokens; None if the answer states none.
    max_new_tokens, end_ids, pad_id, batch
        As for `sample.sample`.

    Returns
    -------
    (list of list of int, list of float or None)
        The answers with the end token, and the expectations; NaN where the model assigns all
        numbers the probability 0.
    """
    import torch

    answers: list[list[int]] = [[] for _ in prompts]
    expected: list[float | None] = [None] * len(prompts)
    order = sorted(range(len(prompts)), key=lambda row: (len(prompts[row]), row))
    with torch.inference_mode():
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            state = _begin(model, [prompts[row] for row in rows], pad_id)
            drawn = _decode(model, state, max_new_tokens, sorted(end_ids), pad_id)
            places = [find(row, ids) for row, ids in zip(rows, drawn, strict=True)]
            found = _read(model, state, drawn, places, pad_id)
            for row, ids, value in zip(rows, drawn, found, strict=True):
                answers[row], expected[row] = ids, value
    return answers, expected


class _State:
    """The cache of a batch, the mask of its real tokens, and the next token's logits."""

    def __init__(self, logits: Tensor, cache: Any, mask: Tensor, lengths: Tensor) -> None:
        self.logits, self.cache, self.mask, self.lengths = logits, cache, mask, lengths
        self.width = int(mask.shape[1])  # number of tokens of the longest prompt


def _begin(model: PreTrainedModel, prompts: Sequence[Sequence[int]], pad_id: int) -> _State:
    """Pass the prompts; a prefix common to all (a chat's system message) is passed once."""
    import torch

    columns = enumerate(zip(*prompts, strict=False))
    shared = next((at for at, column in columns if len(set(column)) > 1), min(map(len, prompts)))
    shared = min(shared, min(map(len, prompts)) - 1)
    if shared < 1 or len(prompts) == 1:
        logits, cache, mask, lengths = pass_prompts(model, prompts, pad_id)
        if mask is None:
            mask = torch.ones(len(prompts), int(lengths[0]), dtype=torch.long, device=logits.device)
        return _State(logits[:, -1], cache, mask, lengths)
    _, cache, _, _ = pass_prompts(model, [prompts[0][:shared]], pad_id)
    cache.batch_repeat_interleave(len(prompts))
    ids, rest, lengths = pad_left([prompt[shared:] for prompt in prompts], pad_id, model.device)
    rest = torch.ones_like(ids) if rest is None else rest
    mask = torch.cat([rest.new_ones(len(prompts), shared), rest], 1)
    out: Any = model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=(shared + rest.cumsum(-1) - 1).clamp(min=0),
        use_cache=True,
        logits_to_keep=1,
        **{name_cache(model): cache},
    )
    cache = out[NEW_NAME] if NEW_NAME in out else out[OLD_NAME]
    return _State(out.logits[:, -1], cache, mask, lengths + shared)


def _decode(
    model: PreTrainedModel, state: _State, budget: int, end_ids: list[int], pad_id: int
) -> list[list[int]]:
    import torch

    ends = torch.tensor(end_ids, device=model.device)
    done = torch.zeros(len(state.lengths), dtype=torch.bool, device=model.device)
    drawn = torch.full((len(done), budget), pad_id, device=model.device)
    counts = torch.zeros_like(state.lengths)
    for step in range(budget):
        token = state.logits.argmax(-1)
        drawn[~done, step], counts[~done] = token[~done], step + 1
        done = done | torch.isin(token, ends)
        if step == budget - 1 or bool(done.all()):
            break
        state.mask = torch.cat([state.mask, state.mask.new_ones(len(done), 1)], 1)
        out: Any = model(
            input_ids=token[:, None],
            attention_mask=state.mask,
            position_ids=(state.lengths + step)[:, None],
            use_cache=True,
            **{name_cache(model): state.cache},
        )
        state.logits = out.logits[:, -1]
    return [row[:count] for row, count in zip(drawn.tolist(), counts.tolist(), strict=True)]


def _read(
    model: PreTrainedModel,
    state: _State,
    drawn: Sequence[Sequence[int]],
    places: Sequence[Place | None],
    pad_id: int,
) -> list[float | None]:
    """Append the trees of all numbers to the cache, and read their probabilities."""
    import torch

    trees = [None if place is None else _grow(place.numbers) for place in places]
    width = max((len(tree.nodes) for tree in trees if tree is not None), default=0)
    if not width:
        return [None] * len(places)
    past = state.mask.shape[1]
    ids = torch.full((len(places), width), pad_id)
    positions = torch.zeros_like(ids)
    # A padding position sees itself, since the softmax of a fully masked row is undefined.
    sees = torch.eye(past + width, dtype=torch.bool)[past:].repeat(len(places), 1, 1)
    known = state.mask.bool().cpu()
    for row, (place, tree) in enumerate(zip(places, trees, strict=True)):
        if place is None or tree is None:
            continue
        before = len(place.head) - 1  # the head's last token is the root
        if before < 0 or tuple(drawn[row][: before + 1]) != place.head:
            raise ValueError(f"find: {place.head[:8]}... is not how the answer begins")
        sees[row, : len(tree.nodes), : state.width + before] = known[row, : state.width + before]
        for at, node in enumerate(tree.nodes):
            ids[row, at] = node[-1] if node else place.head[-1]
            positions[row, at] = int(state.lengths[row]) + before + len(node)
            sees[row, at, [past + other for other in tree.seen[at]]] = True
    least = torch.finfo(model.dtype).min
    mask = torch.where(sees, 0.0, least).to(model.device, model.dtype)
    out: Any = model(
        input_ids=ids.to(model.device),
        attention_mask=mask[:, None],
        position_ids=positions.to(model.device),
        use_cache=True,
        **{name_cache(model): state.cache},
    )
    return [
        None if tree is None else _expect(out.logits[row, : len(tree.nodes)], tree)
        for row, tree in enumerate(trees)
    ]


def _expect(logits: Tensor, tree: _Tree) -> float:
    logs = logits.double().log_softmax(-1).cpu()
    chances = np.array(
        [math.exp(sum(float(logs[node, token]) for node, token in steps)) for steps in tree.read]
    )
    total = float(chances.sum())
    return float(chances @ VALUES / total) if total > 0 else math.nan


@lru_cache(maxsize=64)
def _grow(numbers: tuple[Tokens, ...]) -> _Tree:
    nodes = sorted({n[:i] for n in numbers for i in range(len(n))}, key=lambda n: (len(n), n))
    index = {node: at for at, node in enumerate(nodes)}
    seen = tuple(tuple(index[node[:i]] for i in range(len(node) + 1)) for node in nodes)
    read = tuple(tuple((index[n[:i]], n[i]) for i in range(len(n))) for n in numbers)
    return _Tree(tuple(nodes), seen, read)
