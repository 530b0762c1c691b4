r"""CalibSFT (arXiv 2609.32470): imitate the student's own rollouts, with a confidence written in.

A rollout's number is replaced by :math:`c^* = \lambda q + (1 - \lambda) z`, with the success rate
:math:`q` of its question and its own correctness :math:`z` (:math:`\lambda` is `group_mix`): unlike
CaOPD's target it differs between a right and a wrong answer to one question. The loss is

.. math::
    (1 - \beta)\,\mathrm{E}_\text{right}[\text{mean over the answer's tokens}]
    + \beta\,\mathrm{E}_\text{all}[\text{mean over the confidence's tokens}],

with :math:`\beta = 1/2`: confidences are learned from all rollouts, answers from right ones.

The targets are balanced, so that no part of the scale is rare. The paper draws equally many
rollouts of each target from a large sample of the initial model; here each step's rollouts come
from the current student, and each tenth of the scale that occurs in the step has the same weight.
This pulls the mean confidence toward the middle: it is a first stage before learning from rewards
(`rlcr`, `coca`, `dcpo`, `redoubt`). `balance_targets: false` counts every rollout alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from caopd_bench.train.rollouts.judge import Group
from caopd_bench.train.rollouts.targets import Method, Recipe, Target, distilled, write_rate

__all__ = ["CALIB_SFT"]

#: The confidence's share of the loss; `confidence_weight` changes it.
BETA = 0.5
#: Number of parts of the scale that are balanced.
BINS = 10


def _imitate(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    mix, balances = recipe.settings.group_mix, recipe.settings.balance_targets
    made: list[tuple[Target, int, bool]] = []
    for group in groups:
        for rollout, rate in zip(group.rollouts, group.rates, strict=True):
            wanted = mix * rate + (1 - mix) * rollout.correct
            target = distilled(group, rollout, group.doc, recipe, number=write_rate(wanted))
            if rate == rate and target.span is not None:
                part = min(int(BINS * wanted + 1e-9), BINS - 1) if balances else 0
                made.append((target._replace(teacher_prompt=None), part, bool(rollout.correct)))
    counts = Counter(part for _, part, _ in made)
    # The weights average 1 over all rollouts. Only right answers are imitated, so their weights
    # are scaled up to the same total.
    balance = [len(made) / (len(counts) * counts[part]) for _, part, _ in made]
    right = sum(b for b, (_, _, is_right) in zip(balance, made, strict=True) if is_right)
    return [
        _weigh(target, BETA * b, (1 - BETA) * b * len(made) / right if is_right else 0.0)
        for b, (target, _, is_right) in zip(balance, made, strict=True)
    ]


def _weigh(target: Target, of_confidence: float, of_answer: float) -> Target:
    """Weight the means over the two segments, given that the loss is a mean over all tokens."""
    assert target.span is not None
    first, last = target.span
    tokens, stated = len(target.completion), last - first
    weights = [of_answer * tokens / max(1, tokens - stated)] * tokens
    weights[first:last] = [of_confidence * tokens / stated] * stated
    return target._replace(weights=weights)


CALIB_SFT = Method("calib-sft", "likelihood", True, _imitate, "arXiv 2609.32470")
