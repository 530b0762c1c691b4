"""Distil from a verified rollout of the student (SDPO, arXiv 2601.20802), also with CaOPD.

The teacher sees a right answer that the student gave itself, with the confidence it stated.
`caopd-solution` writes the success rate into that answer, the completion and the note. If no
rollout is right, the teacher sees no answer (`contexts.show_solution`).
"""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.train.questions.contexts import show_solution
from caopd_bench.train.rollouts.judge import Group
from caopd_bench.train.rollouts.targets import Method, Recipe, Target, distilled, write_rate

__all__ = ["CAOPD_SOLUTION", "OPD_SOLUTION"]


def _distil(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    targets = []
    for group in groups:
        teacher = show_solution(group)
        targets += [distilled(group, rollout, teacher, recipe) for rollout in group.rollouts]
    return targets


def _distil_with_rate(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    targets, places = [], recipe.settings.places
    for group in groups:
        for rollout, rate in zip(group.rollouts, group.rates, strict=True):
            number = write_rate(rate)
            shown = number if number is not None else write_rate(group.rate)
            teacher = show_solution(
                group,
                shown if "demonstration" in places else None,
                shown if "note" in places else None,
            )
            written = number if "completion" in places else None
            targets.append(distilled(group, rollout, teacher, recipe, number=written))
    return targets


OPD_SOLUTION = Method("opd-solution", "divergence", True, _distil, "arXiv 2601.20802", "rollout")
CAOPD_SOLUTION = Method(
    "caopd-solution",
    "divergence",
    True,
    _distil_with_rate,
    "arXiv 2604.16830, section 4",
    "rollout",
)
