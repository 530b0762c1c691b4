"""Explain why a loss is not finite, and where, for the line that ends a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LOWER", "explain"]

#: The advice if training itself led to values that are not finite.
LOWER = "lower learning_rate, or train in float32"
_BOTH = "mask the same tokens in student and teacher, or set divergence to jsd, which stays finite"


def explain(
    values: Tensor,
    mask: Tensor,
    student: Tensor,
    ids: Tensor,
    teacher: Tensor | None = None,
    kind: str = "forward",
) -> str:
    """Explain why a loss is infinite or NaN, for the first such token.

    Parameters
    ----------
    values : Tensor of shape (rows, tokens)
        The losses.
    mask : Tensor of shape (rows, tokens)
        Nonzero where a token counts.
    student : Tensor of shape (rows, tokens, vocabulary)
        Logits.
    ids : Tensor of shape (rows, tokens)
        The answers' tokens.
    teacher : Tensor of shape (rows, tokens, vocabulary), optional
        Logits, for a divergence.
    kind : str
        Kind of the divergence.

    Returns
    -------
    str
        Place, reason and remedy; "" if every loss that counts is finite.

    Examples
    --------
    >>> import torch
    >>> logits = torch.tensor([[[0.0, 0.0], [0.0, -math.inf]]])
    >>> print(explain(torch.tensor([[0.7, math.inf]]), torch.ones(1, 2), logits,
    ...               torch.tensor([[0, 1]])))
    at token 2 of 2 of an answer: the student's logit of the answer's token (id 1) is -inf, which \
makes the loss infinite; train on answers that the model can produce
    """
    places = ((mask != 0) & ~values.isfinite()).nonzero().tolist()
    if not places:
        return ""
    row, token = places[0]
    length = int((mask[row] != 0).sum())
    where = f"at token {token + 1} of {length} of an answer:"
    ours = student[row, token].detach().float()
    theirs = None if teacher is None else teacher[row, token].detach().float()
    for name, logits in (("student", ours), ("teacher", theirs)):
        if logits is None:
            continue
        if bool((logits == -math.inf).all()):
            return f"{where} every logit of the {name} is -inf: it cannot produce a token there"
        if bool(logits.isnan().any()) or bool((logits == math.inf).any()):
            return f"{where} the logits of the {name} hold NaN or inf; {LOWER}"
    if theirs is not None:
        return f"{where} {_say_unlike(ours, theirs, kind)}; {_BOTH}"
    chosen = int(ids[row, token])
    if float(ours[chosen]) == -math.inf:
        return (
            f"{where} the student's logit of the answer's token (id {chosen}) is -inf, which makes "
            "the loss infinite; train on answers that the model can produce"
        )
    return f"{where} the loss is {float(values[row, token].detach())}; {LOWER}"


def _say_unlike(ours: Tensor, theirs: Tensor, kind: str) -> str:
    """Describe the likeliest token that one model masks and the other does not."""
    masked, other, one, two = ours, theirs, "student", "teacher"
    if kind == "reverse":
        masked, other, one, two = theirs, ours, "teacher", "student"
    chances = other.softmax(-1).masked_fill(masked != -math.inf, 0.0)
    token = int(chances.argmax())
    return (
        f"the {one}'s logit of token id {token} is -inf while the {two} gives it a probability of "
        f"{float(chances[token]):.2g}, which makes the loss infinite"
    )
