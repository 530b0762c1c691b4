r"""Read a stated number in another way: its expectation over all numbers that could stand there.

Greedy decoding gives the *mode* of what the model would state. Under forward KL the model learns a
mixture of success rates, whose mode can lie far from its mean:
:math:`E[c] = \sum_v v\,P(v) / \sum_v P(v)` over v = 0.00, 0.01, ..., 1.00, in the place of the
number that was stated, whatever the number of tokens it takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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

__all__ = ["VALUES", "expected_confidences", "number_probabilities"]

VALUES = np.arange(101) / 100
_NUMBERS = tuple(write_confidence(float(value)) for value in VALUES)
Tokens = tuple[int, ...]


class _Place(NamedTuple):
    """Where an answer states its number: the tokens before it, and those of each number."""

    row: int
    context: Tokens
    numbers: tuple[Tokens, ...]


def expected_confidences(
    model: PreTrainedModel,
    codec: Codec,
    prompts: Sequence[Sequence[int]],
    rollouts: Sequence[Rollout],
    kinds: Sequence[str],
    *,
    batch: int = 256,
) -> list[float | None]:
    """Give the expectation of each answer's stated confidence; None where it states none.

    NaN where the model gives none of the numbers a probability (it masks them all, or is so sure of
    something else that they round to 0). `batch` is how many token sequences are passed at once; a
    number of several tokens takes some ten sequences.
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
    """Give, for each answer, the probabilities of the 101 numbers where it states one."""
    places = []
    for row, (prompt, rollout, kind) in enumerate(zip(prompts, rollouts, kinds, strict=True)):
        span = find_confidence(rollout.text, kind) if rollout.usable else None
        if span is not None:
            head, numbers = _write_numbers(codec, rollout, span)
            places.append(_Place(row, (*prompt, *head), numbers))
    results: list[npt.NDArray[np.float64] | None] = [None] * len(rollouts)
    # Numbers that share all tokens but the last need one sequence.
    sequences = [
        (place, leader)
        for place in places
        for leader in {n[:-1]: n for n in place.numbers}.values()
    ]
    # Log-probabilities by row and by the tokens up to and with the one they are of: of a vocabulary
    # no more is kept than the numbers need.
    known: dict[int, dict[Tokens, float]] = {place.row: {} for place in places}
    for start in range(0, len(sequences), batch):
        part = sequences[start : start + batch]
        for (place, leader), logs in zip(part, _pass(model, part, codec.pad_id), strict=True):
            for end in range(1, len(leader) + 1):
                before = leader[: end - 1]
                for beginning in {n[:end] for n in place.numbers if n[: end - 1] == before}:
                    known[place.row][beginning] = float(logs[end - 1, beginning[-1]])
    for place in places:
        logs_of = known[place.row]
        results[place.row] = np.exp(
            [sum(logs_of[n[: i + 1]] for i in range(len(n))) for n in place.numbers]
        )
    return results


def _write_numbers(
    codec: Codec, rollout: Rollout, span: tuple[int, int]
) -> tuple[Tokens, tuple[Tokens, ...]]:
    """Write all numbers in the place of the stated one; give what they share and what differs."""
    body, _ = codec.split_end(rollout.ids)
    first, _ = codec.find_span(body, span)
    # What the first token of the number holds before it, such as a space.
    joint = rollout.text[len(codec.decode(body[:first])) : span[0]]
    plain = tuple(tuple(codec.encode(joint + number)) for number in _NUMBERS)
    probe = codec.restate(body, rollout.text, span, _NUMBERS[37])
    if tuple(probe.ids[: probe.last]) == (*body[:first], *plain[37]):
        return tuple(body[:first]), plain
    # A tokenizer that writes a number otherwise when it stands alone: every one in its place.
    written = [codec.restate(body, rollout.text, span, number) for number in _NUMBERS]
    whole = [tuple(changed.ids[: changed.last]) for changed in written]
    least, most = min(whole), max(whole)
    shared = next(
        (i for i, (x, y) in enumerate(zip(least, most, strict=False)) if x != y), len(least)
    )
    return least[:shared], tuple(ids[shared:] for ids in whole)


def _pass(
    model: PreTrainedModel, part: Sequence[tuple[_Place, Tokens]], pad_id: int
) -> list[Tensor]:
    """Give the log-probabilities at the tokens of each sequence's number."""
    import torch

    with torch.inference_mode():
        logits = completion_logits(
            model,
            [place.context for place, _ in part],
            [leader for _, leader in part],
            pad_id,
        )
        return [
            logits[row, : len(leader)].double().log_softmax(-1)
            for row, (_, leader) in enumerate(part)
        ]
