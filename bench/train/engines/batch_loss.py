"""The local engine's loss of some targets: passes of student and teacher, then `losses`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from caopd_bench.train.engines import losses as objectives
from caopd_bench.train.errors import TrainingError
from caopd_bench.train.passes import completion_logits, pad_rows
from caopd_bench.train.rollouts.targets import Target
from caopd_bench.train.watch.nonfinite import LOWER, explain

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from caopd_bench.train.settings import TrainSettings

__all__ = ["batch_loss"]


def batch_loss(
    student: PreTrainedModel,
    teacher: PreTrainedModel | None,
    targets: Sequence[Target],
    kind: str,
    settings: TrainSettings,
    pad_id: int,
    step: str = "",
) -> tuple[torch.Tensor, tuple[float, float, float]]:
    """Give the summed loss of some targets, and sums over the tokens of stated confidences.

    The sums are the student's entropy, the teacher's, and the number of those tokens. `step` is
    what an error begins with.

    Raises
    ------
    TrainingError
        If the loss is infinite or no number: it names the token where it is, and why.
    """
    import torch

    completions = [target.completion for target in targets]
    share = not settings.gradient_checkpointing
    prompts = [target.prompt for target in targets]
    logits = completion_logits(student, prompts, completions, pad_id, share=share)
    ids = pad_rows(completions, pad_id, logits.device)
    mask = pad_rows([[1.0] * len(c) for c in completions], 0.0, logits.device)
    judged = None
    if kind == "divergence":
        assert teacher is not None
        contexts = [t.teacher_prompt or t.prompt for t in targets]
        with torch.no_grad():
            judged = completion_logits(teacher, contexts, completions, pad_id)
        values = objectives.divergence(logits, judged, settings.divergence, settings.jsd_beta)
    elif kind == "policy":
        values = objectives.policy_gradient(logits, ids, _weigh(targets, logits.device))
    else:
        values = objectives.likelihood(logits, ids)
    if kind != "policy" and any(target.weights is not None for target in targets):
        values = objectives.weigh(values, _weigh(targets, logits.device))
    loss = objectives.mean_of_means(values, mask)
    if not bool(loss.isfinite()):
        why = explain(values, mask, logits, ids, judged, settings.divergence) or f"; {LOWER}"
        raise TrainingError(f"{step}the loss is {float(loss.detach())} {why}")
    with torch.no_grad():
        spans = [t.span or (0, 0) for t in targets]
        stated = torch.zeros_like(mask)
        for row, (first, last) in enumerate(spans):
            stated[row, first:last] = 1.0
        chosen = stated.bool()
        sums = (
            float(objectives.entropy(logits.detach()[chosen]).sum()),
            float(objectives.entropy(judged[chosen]).sum()) if judged is not None else 0.0,
            float(chosen.sum()),
        )
    return loss, sums


def _weigh(targets: Sequence[Target], device: torch.device) -> torch.Tensor:
    """Give the weights of the completions' tokens, 1 where a target has none."""
    rows = [[1.0] * len(t.completion) if t.weights is None else t.weights for t in targets]
    return pad_rows(rows, 0.0, device)
