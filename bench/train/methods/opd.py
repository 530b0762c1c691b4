"""On-policy distillation with a demonstration (SDFT, arXiv 2601.19897).

The teacher sees the question and an expert's answer, which states 1.00, and judges every token of
the student's own rollouts, including the stated confidence. The teacher knows the answer and the
student will not, so the teacher's confidence does not fit the student's knowledge.
"""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.train.questions.contexts import show_demonstration
from caopd_bench.train.rollouts.judge import Group
from caopd_bench.train.rollouts.targets import Method, Recipe, Target, distilled

__all__ = ["OPD"]


def _distil(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    targets = []
    for group in groups:
        teacher = show_demonstration(group.doc, recipe.stated(group.doc))
        targets += [distilled(group, rollout, teacher, recipe) for rollout in group.rollouts]
    return targets


OPD = Method("opd", "divergence", True, _distil, "arXiv 2601.19897")
