"""Learning from rewards: GRPO on correctness, RLCR on correctness and the Brier score.

Rewards are centred in each question's group (GRPO, arXiv 2402.03300); RLCR (arXiv 2507.16806) takes
the Brier score of the stated confidence off them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from caopd_bench.train.rollouts.judge import Group
from caopd_bench.train.rollouts.rewards import group_advantages
from caopd_bench.train.rollouts.targets import Method, Recipe, Target, distilled

__all__ = ["GRPO", "RLCR"]


def _reinforce(groups: Sequence[Group], recipe: Recipe, *, reward: str) -> list[Target]:
    targets = []
    for group in groups:
        gains = group_advantages(group, reward, scale=recipe.settings.scale_rewards)
        for rollout, gain in zip(group.rollouts, gains, strict=True):
            target = distilled(group, rollout, group.doc, recipe)
            weights = [float(gain)] * len(target.completion)
            targets.append(target._replace(teacher_prompt=None, weights=weights))
    return targets


GRPO = Method("grpo", "policy", True, partial(_reinforce, reward="accuracy"), "arXiv 2402.03300")
RLCR = Method("rlcr", "policy", True, partial(_reinforce, reward="brier"), "arXiv 2507.16806")
