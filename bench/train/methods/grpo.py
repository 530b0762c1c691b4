"""Learn from rewards: GRPO on correctness, RLCR on correctness and the Brier score.

Rewards are centred in each question's group (GRPO, arXiv 2402.03300); RLCR (arXiv 2507.16806)
subtracts the Brier score of the stated confidence from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from caopd_bench.train.rollouts.judge import Group
from caopd_bench.train.rollouts.rewards import (
    Reward,
    accuracy_reward,
    advantages,
    brier_reward,
)
from caopd_bench.train.rollouts.targets import Method, Recipe, Target, distilled

__all__ = ["GRPO", "RLCR"]


def _reinforce(groups: Sequence[Group], recipe: Recipe, *, reward: Reward) -> list[Target]:
    targets = []
    for group in groups:
        earned = [reward(rollout) for rollout in group.rollouts]
        gains = advantages(earned, scale=recipe.settings.scale_rewards)
        for rollout, gain in zip(group.rollouts, gains, strict=True):
            target = distilled(group, rollout, group.doc, recipe)
            weights = [float(gain)] * len(target.completion)
            targets.append(target._replace(teacher_prompt=None, weights=weights))
    return targets


def _rewarded(name: str, reward: Reward, source: str) -> Method:
    make = partial(_reinforce, reward=reward)
    return Method(name, "policy", True, make, source, reward=reward, least_k=2)


GRPO = _rewarded("grpo", accuracy_reward, "arXiv 2402.03300")
RLCR = _rewarded("rlcr", brier_reward, "arXiv 2507.16806")
