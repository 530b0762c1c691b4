"""Credit the tokens of a confidence apart from the answer's (`dcpo`, `coca`, `redoubt`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from caopd_bench.train.rollouts.judge import Group, Rollout
from caopd_bench.train.rollouts.rewards import accuracy_reward, advantages
from caopd_bench.train.rollouts.targets import Recipe, Target, distilled

__all__ = ["credit_segments"]

#: A function that returns the reward of a usable rollout's stated confidence in its group.
Earn = Callable[[Rollout, Group], float]


def credit_segments(
    groups: Sequence[Group], recipe: Recipe, earn: Earn, *, answers: bool = True
) -> list[Target]:
    """Make targets in which the tokens of stated confidences have their own advantages.

    Parameters
    ----------
    groups, recipe
        As for `Method.make_targets`.
    earn : callable
        Returns the reward of a stated confidence.
    answers : bool
        Whether all other tokens get the advantage of the answer's correctness; if not, they get 0.
        A rollout without a usable confidence learns from its answer only.
    """
    targets, scale = [], recipe.settings.scale_rewards
    for group in groups:
        right = advantages([accuracy_reward(rollout) for rollout in group.rollouts], scale=scale)
        # Confidence rewards are compared only among the rollouts that state a confidence.
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
