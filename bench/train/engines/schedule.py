"""What both engines do alike from step to step: the rate, the averages, and no dropout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from caopd_bench.train.rollouts.judge import Group

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from caopd_bench.train.settings import TrainSettings

__all__ = ["average_rate", "drop_nothing", "follow", "learning_rate"]

#: What the running mean of the success rate keeps of the steps before (caopd-constant).
MEAN_KEEPS = 0.9


def average_rate(before: float, groups: Sequence[Group]) -> float:
    """Give the running mean of the success rate after some groups; NaN `before` starts it."""
    rates = [group.rate for group in groups if group.rate == group.rate]
    if not rates:
        return before
    now = sum(rates) / len(rates)
    return now if before != before else MEAN_KEEPS * before + (1 - MEAN_KEEPS) * now


def drop_nothing(model: PreTrainedModel) -> None:
    """Switch dropout off for good: the losses are of the model as it is used."""
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        elif isinstance(getattr(module, "attention_dropout", None), float):  # of a function's call
            module.attention_dropout = 0.0


def follow(teacher: PreTrainedModel, student: PreTrainedModel, share: float) -> None:
    """Move the teacher's weights toward the student's: t = (1 - share) t + share s, in float32."""
    import torch

    with torch.no_grad():
        ours = [p.data for p in teacher.parameters()]
        torch._foreach_lerp_(ours, [p.data for p in student.parameters()], share)


def learning_rate(step: int, settings: TrainSettings) -> float:
    """Give the rate of a step, from 0 on: a linear warm-up, then a cosine to zero."""
    warm = max(1, round(settings.warmup * settings.steps))
    cosine = 0.5 * (1 + math.cos(math.pi * step / settings.steps))
    return settings.learning_rate * min(1.0, (step + 1) / warm) * cosine
