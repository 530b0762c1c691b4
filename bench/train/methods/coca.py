r"""CoCA (arXiv 2603.05881): reward answers and confidences apart, confidences by the group's rate.

The tokens of the stated confidence get the advantage of :math:`-(c - \bar r)^2`, with the group's
success rate :math:`\bar r`, all others that of the answer's correctness.

Only this credit by segments is implemented. The paper's models state their confidence *before*
the answer; in the tasks here they state it after, so that it can depend on the answer, while the
target is still the question's rate. DCPO differs in its target, which mixes the rate with the
answer's own correctness, and in its distance: with `group_mix: 1` both pull toward the group's
rate, DCPO by the absolute and CoCA by the squared distance, which penalizes far misses more.
"""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.train.methods._segments import credit_segments
from caopd_bench.train.rollouts.judge import Group, Rollout
from caopd_bench.train.rollouts.targets import Method, Recipe, Target

__all__ = ["COCA"]


def _earn(rollout: Rollout, group: Group) -> float:
    """Reward a confidence by its squared distance from the group's success rate."""
    if rollout.confidence is None or group.rate != group.rate:
        return -1.0
    return float(-((rollout.confidence - group.rate) ** 2))


def _reinforce(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    return credit_segments(groups, recipe, _earn)


COCA = Method("coca", "policy", True, _reinforce, "arXiv 2603.05881", least_k=2)
