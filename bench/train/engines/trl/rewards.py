"""Reward functions for your own run of TRL's `GRPOTrainer`, in any version.

    trainer = GRPOTrainer(model, reward_funcs=[brier_reward], train_dataset=dataset, ...)

The dataset needs the columns `answer` (the gold answer) and `kind` (how it is compared: "number",
"math", "choice", ...; docs/tasks.md), and may have `options` (the texts of a choice, in the order
of their letters); completions may be texts or messages. The benchmark's own parser and verifiers
read and judge them, so that the reward agrees with the measured score.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from caopd_bench.train.rollouts import rewards
from caopd_bench.train.rollouts.judge import Rollout, judge_rollout
from caopd_bench.train.rollouts.rewards import Reward

__all__ = ["MethodReward", "accuracy_reward", "brier_reward", "confidence_reward"]

Completion = str | Sequence[dict[str, Any]]


def accuracy_reward(
    prompts: Sequence[Any],
    completions: Sequence[Completion],
    *,
    answer: Sequence[str],
    kind: Sequence[str],
    completion_ids: Sequence[Sequence[int]] | None = None,
    end_ids: Collection[int] | None = None,
    **columns: Any,
) -> list[float]:
    """Reward a right answer with 1, anything else with 0 (GRPO).

    Parameters
    ----------
    prompts, completions
        As TRL passes them.
    answer, kind
        Columns of the dataset, one entry per completion.
    completion_ids, end_ids
        With both, an answer whose last token is not in `end_ids` is judged unfinished, since an
        answer that was cut off may read as another number. TRL passes the first; bind the second
        with `functools.partial(accuracy_reward, end_ids={tokenizer.eos_token_id})`.
    """
    del prompts
    judged = _judge(completions, answer, kind, completion_ids, end_ids, columns)
    return [rewards.accuracy_reward(rollout) for rollout in judged]


def brier_reward(
    prompts: Sequence[Any],
    completions: Sequence[Completion],
    *,
    answer: Sequence[str],
    kind: Sequence[str],
    completion_ids: Sequence[Sequence[int]] | None = None,
    end_ids: Collection[int] | None = None,
    **columns: Any,
) -> list[float]:
    """Reward correctness minus the Brier score of the confidence (RLCR, arXiv 2507.16806).

    Parameters are those of `accuracy_reward`. An answer without a usable confidence gets its
    correctness minus 1, the worst Brier score.
    """
    del prompts
    judged = _judge(completions, answer, kind, completion_ids, end_ids, columns)
    return [rewards.brier_reward(rollout) for rollout in judged]


def confidence_reward(
    prompts: Sequence[Any],
    completions: Sequence[Completion],
    *,
    answer: Sequence[str],
    kind: Sequence[str],
    completion_ids: Sequence[Sequence[int]] | None = None,
    end_ids: Collection[int] | None = None,
    mix: float = 0.5,
    **columns: Any,
) -> list[float]:
    """Reward a confidence near the success rate of its question's rollouts (DCPO's second reward).

    Parameters are those of `accuracy_reward`; `mix` is the weight of the success rate, and
    1 - `mix` that of the answer's own correctness. Rollouts belong to one question if they have the
    same prompt and gold answer; `accelerate` gathers those of other processes, if there are any.
    """
    judged = _judge(completions, answer, kind, completion_ids, end_ids, columns)
    keys = [f"{prompt!r}\n{gold}" for prompt, gold in zip(prompts, answer, strict=True)]
    known: dict[str, list[int]] = {}
    for key, usable, correct in _gather(
        [(key, r.usable, r.correct) for key, r in zip(keys, judged, strict=True)]
    ):
        if usable:
            known.setdefault(key, []).append(correct)
    rates = {key: sum(values) / len(values) for key, values in known.items()}
    return [
        rewards.confidence_reward(rollout, rates.get(key, float("nan")), mix)
        for key, rollout in zip(keys, judged, strict=True)
    ]


class MethodReward:
    """The reward of a training method, which TRL logs under the method's name."""

    def __init__(self, reward: Reward, end_ids: Collection[int]) -> None:
        self.reward, self.end_ids = reward, end_ids
        self.__name__ = reward.__name__

    def __call__(
        self, prompts: Sequence[Any], completions: Sequence[Completion], **columns: Any
    ) -> list[float]:
        """Reward completions; the parameters are those of `accuracy_reward`."""
        del prompts
        judged = _judge(
            completions,
            columns["answer"],
            columns["kind"],
            columns.get("completion_ids"),
            self.end_ids,
            columns,
        )
        return [self.reward(rollout) for rollout in judged]


def _judge(
    completions: Sequence[Completion],
    answer: Sequence[str],
    kind: Sequence[str],
    completion_ids: Sequence[Sequence[int]] | None,
    end_ids: Collection[int] | None,
    columns: Mapping[str, Any],
) -> list[Rollout]:
    options = columns.get("options") or [None] * len(completions)
    judged = []
    for place, completion in enumerate(completions):
        ids = list(completion_ids[place]) if completion_ids is not None else []
        finished = end_ids is None or not ids or ids[-1] in end_ids
        doc = {"kind": kind[place], "answer": answer[place], "options": options[place]}
        judged.append(judge_rollout(doc, ids, _read_text(completion), finished=finished))
    return judged


def _read_text(completion: Completion) -> str:
    """Return the text of a completion: the string itself, or the content of its messages."""
    if isinstance(completion, str):
        return completion
    texts = []
    for message in completion:
        content = message.get("content") or ""
        if not isinstance(content, str):
            content = "".join(part.get("text", "") for part in content)
        texts.append(content)
    return "\n".join(texts)


def _gather(rows: list[tuple[str, bool, int]]) -> list[tuple[str, bool, int]]:
    """Gather the rows of all processes."""
    import torch.distributed

    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return rows
    from accelerate.utils import gather_object

    gathered: list[tuple[str, bool, int]] = gather_object(rows)
    return gathered
