"""Set the learning rate, move the teacher's average and disable dropout, for both engines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from caopd_bench.train.settings import TrainSettings

__all__ = ["drop_nothing", "follow", "learning_rate"]


def drop_nothing(model: PreTrainedModel) -> None:
    """Switch dropout off for good, so that losses are computed on the model as it is used."""
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        elif isinstance(getattr(module, "attention_dropout", None), float):  # no Dropout module
            module.attention_dropout = 0.0


def follow(teacher: PreTrainedModel, student: PreTrainedModel, share: float) -> None:
    """Move the teacher's weights toward the student's: t = (1 - share) t + share s, in float32."""
    import torch

    with torch.no_grad():
        ours = [p.data for p in teacher.parameters()]
        torch._foreach_lerp_(ours, [p.data for p in student.parameters()], share)


def learning_rate(step: int, settings: TrainSettings) -> float:
    """Return the learning rate of a step (from 0): linear warm-up, then cosine decay to zero."""
    warm = max(1, round(settings.warmup * settings.steps))
    cosine = 0.5 * (1 + math.cos(math.pi * step / settings.steps))
    return settings.learning_rate * min(1.0, (step + 1) / warm) * cosine
