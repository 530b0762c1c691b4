"""Credit by segments: the tokens of a confidence earn apart (`dcpo`, `coca`, `redoubt`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from caopd_bench.train.rollouts.judge import Group, Rollout
from caopd_bench.train.rollouts.rewards import accuracy_reward, advantages
from caopd_bench.train.rollouts.targets import Recipe, Target, distilled

__all__ = ["credit_segments"]

#: The reward of a usable rollout's stated confidence, in its group.
Earn = Callable[[Rollout, Group], float]


def credit_segments(
    groups: Sequence[Group], recipe: Recipe, earn: Earn, *, answers: bool = True
) -> list[Target]:
    """Return the tokens of stated confidences advantages of their own.

    Parameters
    ----------
    groups, recipe
        As of `Method.make_targets`.
    earn : callable
        Gives the reward of a stated confidence.
    answers : bool
        Whether all other tokens get the advantage of the answer's correctness, else 0. A rollout
        that states no usable confidence learns from its answer only.
    """
    targets, scale = [], recipe.settings.scale_rewards
    for group in groups:
        right = advantages([accuracy_reward(rollout) for rollout in group.rollouts], scale=scale)
        # Only rollouts that state a confidence compete in stating it.
        usable = [i for i, rollout in enumerate(group.rollouts) if rollout.usable]
        of_confidences = [0.0] * len(group.rollouts)
        if usable:
            earned = [earn(group.rollouts[i], group) for i in usable]
            for i, gain in zip(usable, advantages(earned, scale=scale), strict=True):
                of_confidences[i] = float(gain)
        gains = zip(group.rollouts, right, of_confidences, strict=True)
        for rollout, of_answer, of_confidence in gains:
            target = distilled(group, rollout, group.doc, recipe)
            weights = [float(of_answer) if answers else 0.0] * len(target.completion)
            if target.span is not None:
                first, last = target.span
                weights[first:last] = [of_confidence] * (last - first)
            targets.append(target._replace(teacher_prompt=None, weights=weights))
    return targets
