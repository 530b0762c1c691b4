"""Supervised fine-tuning on the demonstration: with its own confidence, or with the success rate.

`sft` imitates the gold answer and what it states (1.00). `sft-mu` states the success rate of the
student's rollouts instead, after Lin, Hilton and Evans (arXiv 2205.14334): the cheap control that
has CaOPD's target without its teacher.
"""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.training.rollouts import Group
from caopd_bench.training.targets import Method, Recipe, Target, demonstrated, write_rate

__all__ = ["SFT", "SFT_MU"]


def _imitate(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    return [demonstrated(group.doc, recipe.stated(group.doc), recipe) for group in groups]


def _imitate_with_rate(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    # Without a usable rollout there is no rate: the demonstration is imitated without a confidence.
    return [demonstrated(group.doc, write_rate(group.rate), recipe) for group in groups]


SFT = Method("sft", "likelihood", False, _imitate, "maximum likelihood on demonstrations")
SFT_MU = Method("sft-mu", "likelihood", True, _imitate_with_rate, "arXiv 2205.14334, on rollouts")
