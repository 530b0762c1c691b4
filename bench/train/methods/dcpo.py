r"""DCPO (arXiv 2603.09117): answer and confidence learn from separate rewards.

The tokens of the stated confidence get the advantage of
:math:`-|c - (\lambda \bar r + (1-\lambda) r)|`, all others that of the answer's correctness:
neither affects the other. A rollout that states no usable confidence learns from its answer only.
"""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.train.methods._segments import credit_segments
from caopd_bench.train.rollouts.judge import Group, Rollout
from caopd_bench.train.rollouts.rewards import confidence_reward
from caopd_bench.train.rollouts.targets import Method, Recipe, Target

__all__ = ["DCPO"]


def _reinforce(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    def earn(rollout: Rollout, group: Group) -> float:
        return confidence_reward(rollout, group.rate, recipe.settings.group_mix)

    return credit_segments(groups, recipe, earn)


DCPO = Method("dcpo", "policy", True, _reinforce, "arXiv 2603.09117", least_k=2)
