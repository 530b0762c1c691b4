r"""Rewarding Doubt (arXiv 2503.02623): reward only the log score of the stated confidence.

The tokens of the stated confidence get the advantage of :math:`\log c` if the answer is right, and
of :math:`\log(1 - c)` if it is wrong, with :math:`c` kept within [.001, .999]; those of the answer
get none. The paper tunes the confidence of a model whose answers are already trained: start from
such a model (`grpo` or `sft`).

The paper uses PPO, with a learned baseline; the group's mean is the baseline here, as in GRPO. Its
bonus for right answers and its penalty for answers out of format are left out, since the tokens
trained here decide neither. `scale_rewards: false` leaves the score's differences as they are.
Nothing keeps the answers stable (the paper's adapter and KL term do): a learning rate that suits
`grpo` can ruin the answers and even their format, so use a tenth of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from caopd_bench.train.methods._segments import credit_segments
from caopd_bench.train.rollouts.judge import Group, Rollout
from caopd_bench.train.rollouts.targets import Method, Recipe, Target

__all__ = ["REDOUBT"]

#: Confidences are kept this far from 0 and 1, where the score of a mistake would be infinite.
LEAST = 0.001


def _earn(rollout: Rollout, group: Group) -> float:
    """Reward a confidence by its logarithmic score for the rollout's own answer."""
    del group
    stated = rollout.confidence or 0.0
    of_truth = stated if rollout.correct else 1 - stated
    return math.log(min(max(of_truth, LEAST), 1 - LEAST))


def _reinforce(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    return credit_segments(groups, recipe, _earn, answers=False)


REDOUBT = Method("redoubt", "policy", True, _reinforce, "arXiv 2503.02623", least_k=2)
