"""Supervised fine-tuning on the demonstration: with its own confidence, or with the success rate.

`sft` imitates the gold answer and its stated confidence (1.00). `sft-mu` writes the success rate of
the student's rollouts instead, after Lin, Hilton and Evans (arXiv 2205.14334): it is a cheap
control that has CaOPD's target without its teacher.

A small model must first learn to answer in the format, and to use a teacher's context: `sft` with
`demonstration_confidence: varied` and a `privileged_share` of the questions teaches both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from caopd_bench.train.questions.contexts import show_demonstration
from caopd_bench.train.rollouts.judge import Group
from caopd_bench.train.rollouts.targets import Method, Recipe, Target, demonstrated, write_rate
from caopd_bench.train.text.replace import write_confidence

__all__ = ["SFT", "SFT_MU"]


def _imitate(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    share = recipe.settings.privileged_share
    return [
        _use_context(group.doc, recipe)
        if int(group.doc["item_hash"][8:12], 16) < share * 0x10000
        else demonstrated(group.doc, recipe.stated(group.doc), recipe)
        for group in groups
    ]


def _use_context(doc: Mapping[str, Any], recipe: Recipe) -> Target:
    """Ask with a teacher's context; the target repeats the answer and number in that context.

    The question's hash determines the number (0.00, 0.05, ..., 1.00) and whether a note repeats it.
    """
    draw = int(doc["item_hash"][:8], 16)
    number = write_confidence(draw % 21 / 20)
    note = number if draw // 21 % 2 else None
    return demonstrated(doc, number, recipe, asked=show_demonstration(doc, number, note))


def _imitate_with_rate(groups: Sequence[Group], recipe: Recipe) -> list[Target]:
    targets = []
    for group in groups:
        target = demonstrated(group.doc, write_rate(group.rate), recipe)
        if group.rate != group.rate:
            # Without a rate, drop the end token, which would teach the model to state no number.
            target = target._replace(completion=target.completion[:-1])
        targets.append(target)
    return targets


SFT = Method("sft", "likelihood", False, _imitate, "maximum likelihood on demonstrations")
SFT_MU = Method("sft-mu", "likelihood", True, _imitate_with_rate, "arXiv 2205.14334, on rollouts")
