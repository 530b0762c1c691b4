r"""The losses, on logits and on targets: divergences from a teacher, likelihood, policy gradient.

With student :math:`s` and teacher :math:`t` over the vocabulary at one position:

========= ==========================================================================
forward   :math:`\mathrm{KL}(t\,\|\,s) = \sum t \log (t/s)`: covers what the teacher does;
          its optimum for a stated number is the mixture of the targets
reverse   :math:`\mathrm{KL}(s\,\|\,t) = \sum s \log (s/t)`: avoids what the teacher does not do
jsd       :math:`\beta\,\mathrm{KL}(t\,\|\,m) + (1-\beta)\,\mathrm{KL}(s\,\|\,m)`,
          :math:`m = \beta t + (1-\beta) s`
========= ==========================================================================

Every loss is averaged over an answer's tokens and then over the answers, so that long answers
count no more than short ones. Arithmetic is in float32, or in float64 for logits in float64.

A model may mask a token: its logit is -inf, its probability 0. With :math:`0 \log 0 = 0`

================================== ========= ========= ======
token masked in                    forward   reverse   jsd
================================== ========= ========= ======
student and teacher                adds 0    adds 0    adds 0
the student only                   +inf      adds 0    finite
the teacher only                   adds 0    +inf      finite
================================== ========= ========= ======

where the other model assigns the token a probability above 0; a probability that rounds to 0 in
this arithmetic counts as 0. The term of a masked token, 0 or +inf, is a constant without a
gradient, so that gradients are finite even where the loss is infinite. The engines check the loss
and stop. A position at which all tokens are masked has no distribution: its loss is NaN, its
gradient 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from caopd_bench.train.errors import TrainingError
from caopd_bench.train.passes import completion_logits, pad_rows
from caopd_bench.train.rollouts.targets import Target
from caopd_bench.train.watch.nonfinite import LOWER, explain

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel

    from caopd_bench.train.settings import TrainSettings

__all__ = ["DIVERGENCES", "batch_loss", "divergence", "entropy", "likelihood", "mean_of_means"]
__all__ += ["policy_gradient", "weigh"]

DIVERGENCES = ("forward", "reverse", "jsd")


def batch_loss(
    student: PreTrainedModel,
    teacher: PreTrainedModel | None,
    targets: Sequence[Target],
    kind: str,
    settings: TrainSettings,
    pad_id: int,
    step: str = "",
) -> tuple[torch.Tensor, tuple[float, float, float]]:
    """Return the summed loss of some targets, and sums over the tokens of stated confidences.

    The sums are the student's entropy, the teacher's, and the number of those tokens. Error
    messages begin with `step`.

    Raises
    ------
    TrainingError
        If the loss is infinite or NaN; the message names the token and the reason.
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
        values = divergence(logits, judged, settings.divergence, settings.jsd_beta)
    elif kind == "policy":
        values = policy_gradient(logits, ids, _weigh(targets, logits.device))
    else:
        values = likelihood(logits, ids)
    if kind != "policy" and any(target.weights is not None for target in targets):
        values = weigh(values, _weigh(targets, logits.device))
    loss = mean_of_means(values, mask)
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
            float(entropy(logits.detach()[chosen]).sum()),
            float(entropy(judged[chosen]).sum()) if judged is not None else 0.0,
            float(chosen.sum()),
        )
    return loss, sums


def _weigh(targets: Sequence[Target], device: torch.device) -> torch.Tensor:
    """Return the weights of the completions' tokens, 1 where a target has none."""
    rows = [[1.0] * len(t.completion) if t.weights is None else t.weights for t in targets]
    return pad_rows(rows, 0.0, device)


def divergence(
    student: Tensor, teacher: Tensor, kind: str = "forward", beta: float = 0.5
) -> Tensor:
    """Return the divergence at every position.

    Parameters
    ----------
    student, teacher : Tensor of shape (..., vocabulary)
        Logits. The teacher's get no gradient.
    kind : str
        One of `DIVERGENCES`.
    beta : float
        Weight of the teacher, for ``"jsd"``.

    Returns
    -------
    Tensor of shape (...)
        In nats, at least 0 up to rounding; +inf and NaN as described in the module.

    Examples
    --------
    >>> import torch
    >>> masked = torch.tensor([[0.0, 0.0, -math.inf]])
    >>> divergence(masked, masked, "reverse")
    tensor([0.])
    >>> divergence(masked, torch.zeros(1, 3)), divergence(torch.zeros(1, 3), masked)
    (tensor([inf]), tensor([0.4055]))
    """
    s, t = _log_probabilities(student), _log_probabilities(teacher.detach())
    if kind == "forward":
        return _mean_log_ratio(t, s)
    if kind == "reverse":
        return _mean_log_ratio(s, t)
    if kind == "jsd":
        if not 0 < beta < 1:
            raise ValueError(f"beta must be between 0 and 1, got {beta}")
        return _mix(s, t, beta)
    raise ValueError(f"kind must be one of {', '.join(DIVERGENCES)}, got {kind!r}")


def likelihood(student: Tensor, ids: Tensor) -> Tensor:
    """Return the negative log-likelihood of the token at every position, +inf for a masked one."""
    chosen = _log_probabilities(student).gather(-1, ids[..., None])
    return -chosen[..., 0]


def policy_gradient(student: Tensor, ids: Tensor, advantages: Tensor) -> Tensor:
    """Return the policy-gradient loss at every position: minus advantage times log-probability.

    Each batch of rollouts is used for one update, so that at temperature 1 the ratio to the
    sampling policy is 1 and the clipping of PPO and GRPO never acts; the gradient is the same.
    """
    return weigh(likelihood(student, ids), advantages)


def weigh(values: Tensor, weights: Tensor) -> Tensor:
    """Multiply losses by weights; a loss with the weight 0 becomes 0 even if it is infinite.

    Examples
    --------
    >>> import torch
    >>> weigh(torch.tensor([2.0, math.inf]), torch.tensor([0.5, 0.0]))
    tensor([1., 0.])
    """
    if not bool(values.isfinite().all()):
        values = values.masked_fill(weights == 0, 0.0)
    return weights * values


def mean_of_means(values: Tensor, mask: Tensor) -> Tensor:
    """Return the sum of the rows' means over their masked positions (the caller divides)."""
    counts = mask.sum(-1).clamp(min=1)
    return (weigh(values, mask).sum(-1) / counts).sum()


def entropy(logits: Tensor) -> Tensor:
    """Return the entropy of the next token at every position, in nats; masked tokens add 0."""
    p = _log_probabilities(logits)
    plain = -(p.exp() * p).sum(-1)
    if bool(plain.isfinite().all()):
        return plain
    known = p.masked_fill(p.exp() == 0, 0.0)
    return -(known.exp() * known).sum(-1)


def _log_probabilities(logits: Tensor) -> Tensor:
    import torch

    logits = logits if logits.dtype == torch.float64 else logits.float()
    logs = logits.log_softmax(-1)
    if not bool(logs[..., :1].isnan().any()):
        return logs
    nothing = (logits == -math.inf).all(-1, keepdim=True)
    # Replace such rows with a constant first, so that no NaN gets into the weights' gradients from
    # positions that do not count.
    return logits.masked_fill(nothing, 0.0).log_softmax(-1).masked_fill(nothing, math.nan)


def _mean_log_ratio(p: Tensor, q: Tensor) -> Tensor:
    """Return KL(p || q), the mean of log p - log q under p, from log-probabilities."""
    plain = (p.exp() * (p - q)).sum(-1)
    if bool(plain.isfinite().all()):
        return plain
    # Only in this case, so that ordinary logits cost nothing extra and keep their exact results.
    # Terms of 0 and +inf are removed before the product, since the gradient of 0 * inf is NaN.
    absent = p.exp() == 0
    infinite = ~absent & (q == -math.inf)
    p, q = (x.masked_fill(absent | infinite, 0.0) for x in (p, q))
    return (p.exp() * (p - q)).masked_fill(infinite, math.inf).sum(-1)


def _mix(s: Tensor, t: Tensor, beta: float) -> Tensor:
    """Return the divergences of t and s from their mixture, weighted beta and 1 - beta."""
    import torch

    m = torch.logaddexp(t + math.log(beta), s + math.log1p(-beta))
    plain = beta * (t.exp() * (t - m)).sum(-1) + (1 - beta) * (s.exp() * (s - m)).sum(-1)
    if bool(plain.isfinite().all()):
        return plain
    # The gradient of logaddexp is NaN if both arguments are -inf, and right if only one is.
    masked = (t == -math.inf) & (s == -math.inf)
    s, t = s.masked_fill(masked, 0.0), t.masked_fill(masked, 0.0)
    m = torch.logaddexp(t + math.log(beta), s + math.log1p(-beta))
    parts = []
    for x in (t, s):
        absent = masked | (x.exp() == 0)
        x, mixed = x.masked_fill(absent, 0.0), m.masked_fill(absent, 0.0)
        parts.append((x.exp() * (x - mixed)).sum(-1))
    return beta * parts[0] + (1 - beta) * parts[1]
