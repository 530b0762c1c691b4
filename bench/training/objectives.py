r"""The losses, on logits: divergences between student and teacher, likelihood, policy gradient.

With student :math:`s` and teacher :math:`t` over the vocabulary at one position:

========= ==========================================================================
forward   :math:`\mathrm{KL}(t\,\|\,s) = \sum t \log (t/s)`: covers what the teacher does;
          its optimum for a stated number is the mixture of the targets
reverse   :math:`\mathrm{KL}(s\,\|\,t) = \sum s \log (s/t)`: avoids what the teacher does not do
jsd       :math:`\beta\,\mathrm{KL}(t\,\|\,m) + (1-\beta)\,\mathrm{KL}(s\,\|\,m)`,
          :math:`m = \beta t + (1-\beta) s`
========= ==========================================================================

Every loss is the mean over an answer's tokens, and then over the answers, so that long answers
count no more than short ones. Arithmetic is in float32 whatever the logits are in.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["DIVERGENCES", "divergence", "entropy", "likelihood", "mean_of_means", "policy_gradient"]

DIVERGENCES = ("forward", "reverse", "jsd")


def divergence(
    student: Tensor, teacher: Tensor, kind: str = "forward", beta: float = 0.5
) -> Tensor:
    """Give the divergence at every position.

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
        In nats, at least 0 up to rounding.
    """
    s = student.float().log_softmax(-1)
    t = teacher.detach().float().log_softmax(-1)
    if kind == "forward":
        return (t.exp() * (t - s)).sum(-1)
    if kind == "reverse":
        return (s.exp() * (s - t)).sum(-1)
    if kind == "jsd":
        if not 0 < beta < 1:
            raise ValueError(f"beta must be between 0 and 1, got {beta}")
        import torch

        m = torch.logaddexp(t + math.log(beta), s + math.log1p(-beta))
        return beta * (t.exp() * (t - m)).sum(-1) + (1 - beta) * (s.exp() * (s - m)).sum(-1)
    raise ValueError(f"kind must be one of {', '.join(DIVERGENCES)}, got {kind!r}")


def likelihood(student: Tensor, ids: Tensor) -> Tensor:
    """Give the negative log-likelihood of the token at every position."""
    chosen = student.float().log_softmax(-1).gather(-1, ids[..., None])
    return -chosen[..., 0]


def policy_gradient(student: Tensor, ids: Tensor, advantages: Tensor) -> Tensor:
    """Give the policy-gradient loss at every position: minus advantage times log-probability.

    One update follows each batch of rollouts, so that at temperature 1 the ratio to the sampling
    policy is 1 and its clipping (PPO, GRPO) never acts; the gradient is the same.
    """
    return advantages * likelihood(student, ids)


def mean_of_means(values: Tensor, mask: Tensor) -> Tensor:
    """Give the sum over rows of each row's mean over its masked positions (the caller divides)."""
    counts = mask.sum(-1).clamp(min=1)
    return ((values * mask).sum(-1) / counts).sum()


def entropy(logits: Tensor) -> Tensor:
    """Give the entropy of the next token at every position, in nats."""
    p = logits.float().log_softmax(-1)
    return -(p.exp() * p).sum(-1)
