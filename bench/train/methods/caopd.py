r"""CaOPD (arXiv 2604.16830): the success rate replaces the stated confidence in three places.

1. in the student's completion: :math:`\tilde y = (a, \hat\mu)`;
2. in the teacher's demonstration;
3. in a note that tells the teacher what to state.

A question without a rate (no usable rollout) teaches nothing: the teacher sees the student's own
prompt. Each place can be switched off (`replace`). The loss is that of OPD, with no further term.
`caopd-constant` writes the mean success rate everywhere: it shows the effect of calibration on
average, with no knowledge of the question. `caopd-level` writes the rate of the question's level:
any advantage of CaOPD over it comes from knowledge of single questions.
"""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.train.questions.contexts import show_demonstration
from caopd_bench.train.rollouts.judge import Group, Rollout
from caopd_bench.train.rollouts.targets import Method, Recipe, Target, distilled, write_rate

__all__ = ["CAOPD", "CAOPD_CONSTANT", "CAOPD_LEVEL"]


def _distil(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    return [
        _replace(group, rollout, write_rate(rate), recipe)
        for group in groups
        for rollout, rate in zip(group.rollouts, group.rates, strict=True)
    ]


def _distil_constant(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    number = write_rate(recipe.constant)
    return [
        _replace(group, rollout, number, recipe) for group in groups for rollout in group.rollouts
    ]


def _distil_level(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    return [
        _replace(group, rollout, write_rate(recipe.level_rate(group.doc)), recipe)
        for group in groups
        for rollout in group.rollouts
    ]


def _replace(group: Group, rollout: Rollout, number: str | None, recipe: Recipe) -> Target:
    places, stated = recipe.settings.places, recipe.stated(group.doc)
    # A rollout without its own rate is still judged in the context of its question.
    shown = number if number is not None else write_rate(group.rate)
    if shown is None:
        # Without a rate there is no target: the demonstration alone would teach its stated 1.00.
        return distilled(group, rollout, group.doc, recipe)
    if "demonstration" in places and stated is not None:
        stated = shown
    teacher = show_demonstration(group.doc, stated, shown if "note" in places else None)
    written = number if "completion" in places else None
    return distilled(group, rollout, teacher, recipe, number=written)


CAOPD = Method("caopd", "divergence", True, _distil, "arXiv 2604.16830")
CAOPD_CONSTANT = Method(
    "caopd-constant", "divergence", True, _distil_constant, "control of this project"
)
CAOPD_LEVEL = Method("caopd-level", "divergence", True, _distil_level, "control of this project")
