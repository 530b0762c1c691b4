r"""Compute the expectation of a stated number over all numbers that the model could have stated.

Greedy decoding yields the *mode* of the model's distribution of stated numbers. Under forward KL
the model learns a mixture of success rates, whose mode can lie far from its mean:
:math:`E[c] = \sum_v v\,P(v) / \sum_v P(v)` over v = 0.00, 0.01, ..., 1.00, at the position of the
stated number, however many tokens it takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from caopd_bench.train.passes import completion_logits
from caopd_bench.train.rollouts.judge import Rollout
from caopd_bench.train.text.replace import find_confidence, write_confidence

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from caopd_bench.train.text.codec import Codec

__all__ = ["VALUES", "expected_confidences", "find_numbers", "number_probabilities"]

VALUES = np.arange(101) / 100
_NUMBERS = tuple(write_confidence(float(value)) for value in VALUES)
Tokens = tuple[int, ...]


class _Place(NamedTuple):
    """The tokens of an answer before its stated number, and the reading of the numbers there."""

    row: int
    context: Tokens
    plan: _Plan


def expected_confidences(
    model: PreTrainedModel,
    codec: Codec,
    prompts: Sequence[Sequence[int]],
    rollouts: Sequence[Rollout],
    kinds: Sequence[str],
    *,
    batch: int = 256,
) -> list[float | None]:
    """Return the expectation of each answer's stated confidence; None where it states none.

    The expectation is NaN where the model assigns all numbers the probability 0 (it masks them, or
    is so sure of something else that they round to 0). `batch` is the number of token sequences
    passed at once; a number of several tokens takes about ten sequences.
    """
    chances = number_probabilities(model, codec, prompts, rollouts, kinds, batch=batch)
    return [None if c is None else _expect(c) for c in chances]


def _expect(chances: npt.NDArray[np.float64]) -> float:
    total = chances.sum()
    return float(chances @ VALUES / total) if total > 0 else math.nan


def number_probabilities(
    model: PreTrainedModel,
    codec: Codec,
    prompts: Sequence[Sequence[int]],
    rollouts: Sequence[Rollout],
    kinds: Sequence[str],
    *,
    batch: int = 256,
) -> list[npt.NDArray[np.float64] | None]:
    """Return, for each answer, the probabilities of the 101 numbers where it states one."""
    places = []
    known: dict[str, tuple[Tokens, ...]] = {}
    for row, (prompt, rollout, kind) in enumerate(zip(prompts, rollouts, kinds, strict=True)):
        found = find_numbers(codec, rollout, kind, known)
        if found is not None:
            head, numbers = found
            places.append(_Place(row, (*prompt, *head), _plan(numbers)))
    results: list[npt.NDArray[np.float64] | None] = [None] * len(rollouts)
    sequences = [(place, i) for place in places for i in range(len(place.plan.leaders))]
    # Keep only the log-probabilities of the numbers' tokens; they are 0 past a number's end.
    logs = {place.row: np.zeros(place.plan.shape) for place in places}
    for start in range(0, len(sequences), batch):
        part = sequences[start : start + batch]
        given = [(place.context, place.plan.leaders[i]) for place, i in part]
        for (place, i), found in zip(part, _pass(model, given, codec.pad_id), strict=True):
            number, position, token = place.plan.read[i]
            logs[place.row][position, number] = found[position, token].cpu().numpy()
    for place in places:
        # Add the positions one by one, since NumPy's order of summation along an axis may vary.
        results[place.row] = np.exp(sum(logs[place.row]))
    return results


def find_numbers(
    codec: Codec,
    rollout: Rollout,
    kind: str,
    known: dict[str, tuple[Tokens, ...]] | None = None,
) -> tuple[Tokens, tuple[Tokens, ...]] | None:
    """Return an answer's tokens before its number, and those of every number; None without one.

    `known` is the cache of `_write_numbers`.
    """
    span = find_confidence(rollout.text, kind) if rollout.usable else None
    if span is None:
        return None
    return _write_numbers(codec, rollout, span, {} if known is None else known)


class _Plan(NamedTuple):
    """The sequences that yield the probabilities of some numbers, and the positions in them.

    Numbers that share all tokens but the last need one sequence, their leader.
    """

    leaders: tuple[Tokens, ...]
    #: For each leader, the numbers, positions and tokens to read from its forward pass.
    read: tuple[tuple[list[int], list[int], list[int]], ...]
    shape: tuple[int, int]  # tokens of the longest number, and number of numbers


@lru_cache(maxsize=1024)
def _plan(numbers: tuple[Tokens, ...]) -> _Plan:
    leaders = tuple({n[:-1]: n for n in numbers}.values())
    read: tuple[tuple[list[int], list[int], list[int]], ...] = tuple(([], [], []) for _ in leaders)
    for place, number in enumerate(numbers):
        for position, token in enumerate(number):
            leader = max(
                i
                for i, other in enumerate(leaders)
                if len(other) > position and other[:position] == number[:position]
            )
            for column, value in zip(read[leader], (place, position, token), strict=True):
                column.append(value)
    return _Plan(leaders, read, (max(map(len, numbers)), len(numbers)))


def _write_numbers(
    codec: Codec,
    rollout: Rollout,
    span: tuple[int, int],
    known: dict[str, tuple[Tokens, ...]],
) -> tuple[Tokens, tuple[Tokens, ...]]:
    """Encode all numbers in place of the stated one; return the common tokens and the others.

    `known` caches the numbers by the text before them in their first token; it is extended.
    """
    body, _ = codec.split_end(rollout.ids)
    first, _ = codec.find_span(body, span)
    # Text before the number in its first token, such as a space.
    joint = rollout.text[len(codec.decode(body[:first])) : span[0]]
    if joint not in known:
        known[joint] = tuple(tuple(codec.encode(joint + number)) for number in _NUMBERS)
    plain = known[joint]
    probe = codec.restate(body, rollout.text, span, _NUMBERS[37])
    if tuple(probe.ids[: probe.last]) == (*body[:first], *plain[37]):
        return tuple(body[:first]), plain
    # The tokenizer encodes a number differently on its own, so encode each one in its context.
    written = [codec.restate(body, rollout.text, span, number) for number in _NUMBERS]
    whole = [tuple(changed.ids[: changed.last]) for changed in written]
    least, most = min(whole), max(whole)
    shared = next(
        (i for i, (x, y) in enumerate(zip(least, most, strict=False)) if x != y), len(least)
    )
    return least[:shared], tuple(ids[shared:] for ids in whole)


def _pass(
    model: PreTrainedModel, part: Sequence[tuple[Tokens, Tokens]], pad_id: int
) -> list[Tensor]:
    """Return the log-probabilities at the tokens of each sequence's number, after its context."""
    import torch

    with torch.inference_mode():
        logits = completion_logits(
            model, [context for context, _ in part], [leader for _, leader in part], pad_id
        )
        return [
            logits[row, : len(leader)].double().log_softmax(-1)
            for row, (_, leader) in enumerate(part)
        ]
