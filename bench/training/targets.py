"""What an engine computes a loss on: one answer, who judges it, and with what weight.

A method turns groups (questions with judged rollouts) into targets. Both engines take the same
targets, so a method is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from caopd_bench.tasks.asking import demonstrate
from caopd_bench.training.codec import Codec
from caopd_bench.training.replacing import find_confidence, write_confidence
from caopd_bench.training.rollouts import Group, Rollout
from caopd_bench.training.settings import TrainSettings

__all__ = ["Loss", "Method", "Recipe", "Target", "demonstrated", "distilled", "write_rate"]

Doc = Mapping[str, Any]
Loss = Literal["likelihood", "divergence", "policy"]


class Target(NamedTuple):
    """One answer to learn from."""

    prompt: list[int]  # what the student sees
    completion: list[int]
    teacher_prompt: list[int] | None = None  # what the teacher sees; None: there is no teacher
    weights: list[float] | None = None  # of the completion's tokens: advantages
    span: tuple[int, int] | None = None  # tokens of the stated confidence in the completion


class Recipe(NamedTuple):
    """What a method needs besides the groups."""

    codec: Codec
    settings: TrainSettings
    constant: float = float("nan")  # the data set's mean success rate, for caopd-constant

    def stated(self, doc: Doc) -> str | None:
        """Give what the demonstration of a question states, None for nothing.

        "varied" draws one of 0.50, 0.55, ..., 0.95 from the question's hash: it teaches the format
        without teaching a number.
        """
        chosen: str = self.settings.demonstration_confidence
        if chosen == "varied":
            return write_confidence(0.5 + 0.05 * (int(doc["item_hash"][:8], 16) % 10))
        return None if chosen == "none" else chosen


class Method(NamedTuple):
    """A training method; `source` is where it was published."""

    name: str
    loss: Loss
    samples: bool  # whether it needs rollouts
    make_targets: Callable[[Sequence[Group], Recipe], list[Target]]
    source: str


def demonstrated(
    doc: Doc, stated: str | None, recipe: Recipe, *, asked: Doc | None = None
) -> Target:
    """Make a target of the gold answer with a stated confidence, for likelihood.

    `asked` is the document as it is asked, where that is not the student's own.
    """
    codec = recipe.codec
    shown = demonstrate(doc, stated)
    ids = codec.encode_answer(shown, doc["style"])
    span = find_confidence(codec.lead(doc["style"]) + shown, doc["kind"])
    place = codec.find_span(ids, span) if span else None
    return Target(codec.encode_prompt(doc if asked is None else asked), ids, span=place)


def distilled(
    group: Group,
    rollout: Rollout,
    teacher_doc: Doc,
    recipe: Recipe,
    *,
    number: str | None = None,
) -> Target:
    """Make a target of a rollout that a teacher judges, token by token.

    Parameters
    ----------
    group, rollout
        The question, and one of its rollouts.
    teacher_doc
        The document as the teacher sees it.
    recipe
        For its codec.
    number : str, optional
        Written where the rollout states its confidence; None leaves the rollout as it is. A
        rollout that is not usable is always left as it is.
    """
    codec = recipe.codec
    ids, place = list(rollout.ids), None
    span = find_confidence(rollout.text, group.doc["kind"]) if rollout.usable else None
    if span is not None:
        body, ended = codec.split_end(ids)
        if number is None:
            place = codec.find_span(body, span)
        else:
            changed = codec.restate(body, rollout.text, span, number)
            place = changed.first, changed.last
            ids = changed.ids + (ids[len(body) :] if ended else [])
    return Target(codec.encode_prompt(group.doc), ids, codec.encode_prompt(teacher_doc), span=place)


def write_rate(rate: float) -> str | None:
    """Write a success rate as it is stated; None if there is none."""
    return None if rate != rate else write_confidence(rate)
