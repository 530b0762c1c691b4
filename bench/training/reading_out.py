r"""Read a stated number in another way: its expectation over all numbers that could stand there.

Greedy decoding gives the *mode* of what the model would state. Under forward KL the model learns a
mixture of success rates, whose mode can lie far from its mean:
:math:`E[c] = \sum_v v\,P(v) / \sum_v P(v)` over v = 0.00, 0.01, ..., 1.00, in the place of the
number that was stated, whatever the number of tokens it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from caopd_bench.training.passes import completion_logits
from caopd_bench.training.replacing import find_confidence, write_confidence
from caopd_bench.training.rollouts import Rollout

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from caopd_bench.training.codec import Codec

__all__ = ["VALUES", "expected_confidences", "number_probabilities"]

VALUES = np.arange(101) / 100
_NUMBERS = tuple(write_confidence(float(value)) for value in VALUES)


def expected_confidences(
    model: PreTrainedModel,
    codec: Codec,
    prompts: Sequence[Sequence[int]],
    rollouts: Sequence[Rollout],
    kinds: Sequence[str],
    *,
    batch: int = 256,
) -> list[float | None]:
    """Give the expectation of each answer's stated confidence; None where it states none."""
    found: list[float | None] = []
    for start in range(0, len(prompts), batch):
        part = slice(start, start + batch)
        for chances in number_probabilities(
            model, codec, prompts[part], rollouts[part], kinds[part]
        ):
            found.append(None if chances is None else float(chances @ VALUES / chances.sum()))
    return found


def number_probabilities(
    model: PreTrainedModel,
    codec: Codec,
    prompts: Sequence[Sequence[int]],
    rollouts: Sequence[Rollout],
    kinds: Sequence[str],
) -> list[npt.NDArray[np.float64] | None]:
    """Give, for each answer, the probabilities of the 101 numbers where it states one."""
    import torch

    rows, heads, chosen = [], [], []
    for row, (rollout, kind) in enumerate(zip(rollouts, kinds, strict=True)):
        span = find_confidence(rollout.text, kind) if rollout.usable else None
        if span is None:
            continue
        body, _ = codec.split_end(rollout.ids)
        first, _ = codec.find_span(body, span)
        head = body[:first]
        # What the first token of the number holds before it, such as a space.
        joint = rollout.text[len(codec.decode(head)) : span[0]]
        rows.append(row)
        heads.append(head)
        chosen.append(joint)
    results: list[npt.NDArray[np.float64] | None] = [None] * len(rollouts)
    for joint in sorted(set(chosen)):
        candidates = [codec.encode(joint + number) for number in _NUMBERS]
        leaders = {tuple(ids[:-1]): ids for ids in candidates}
        mine = [i for i, other in enumerate(chosen) if other == joint]
        sequences = [(heads[i], ids) for i in mine for ids in leaders.values()]
        with torch.inference_mode():
            logits = completion_logits(
                model,
                [prompts[rows[i]] for i in mine for _ in leaders],
                [head + ids for head, ids in sequences],
                codec.pad_id,
            )
        for place, i in enumerate(mine):
            block = range(place * len(leaders), (place + 1) * len(leaders))
            logs = {
                prefix: logits[r, len(heads[i]) : len(heads[i]) + len(prefix) + 1].double()
                for r, prefix in zip(block, leaders, strict=True)
            }
            results[rows[i]] = _chain(candidates, logs)
    return results


def _chain(
    candidates: Sequence[Sequence[int]], logits: dict[tuple[int, ...], object]
) -> npt.NDArray[np.float64]:
    """Multiply the probabilities of each number's tokens."""
    import torch

    known = {prefix: torch.as_tensor(x).log_softmax(-1) for prefix, x in logits.items()}
    total = np.zeros(len(candidates))
    for place, ids in enumerate(candidates):
        steps = known[tuple(ids[:-1])]
        total[place] = float(sum(steps[depth, token] for depth, token in enumerate(ids)))
    chances: npt.NDArray[np.float64] = np.exp(total)
    return chances
