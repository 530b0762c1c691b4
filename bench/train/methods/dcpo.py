r"""DCPO (arXiv 2603.09117): answer and confidence learn from rewards of their own.

The tokens of the stated confidence get the advantage of
:math:`-|c - (\lambda \bar r + (1-\lambda) r)|`, all others that of the answer's correctness:
neither pulls at the other. A rollout that states no usable confidence learns from its answer only.
"""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.train.rollouts.judge import Group
from caopd_bench.train.rollouts.rewards import accuracy_reward, advantages, confidence_reward
from caopd_bench.train.rollouts.targets import Method, Recipe, Target, distilled

__all__ = ["DCPO"]


def _reinforce(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    targets = []
    mix, scale = recipe.settings.group_mix, recipe.settings.scale_rewards
    for group in groups:
        right = [accuracy_reward(rollout) for rollout in group.rollouts]
        # Only rollouts that state a confidence compete in stating it.
        usable = [i for i, rollout in enumerate(group.rollouts) if rollout.usable]
        close = [confidence_reward(group.rollouts[i], group.rate, mix) for i in usable]
        of_confidences = [0.0] * len(group.rollouts)
        if usable:
            for i, gain in zip(usable, advantages(close, scale=scale), strict=True):
                of_confidences[i] = float(gain)
        gains = zip(group.rollouts, advantages(right, scale=scale), of_confidences, strict=True)
        for rollout, of_answer, of_confidence in gains:
            target = distilled(group, rollout, group.doc, recipe)
            weights = [float(of_answer)] * len(target.completion)
            if target.span is not None:
                first, last = target.span
                weights[first:last] = [float(of_confidence)] * (last - first)
            targets.append(target._replace(teacher_prompt=None, weights=weights))
    return targets


DCPO = Method("dcpo", "policy", True, _reinforce, "arXiv 2603.09117", least_k=2)
