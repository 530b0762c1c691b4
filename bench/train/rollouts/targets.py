"""The targets on which an engine computes a loss: an answer, its judge, and its weights.

A method turns groups (questions with judged rollouts) into targets. Both engines take the same
targets, so a method is written once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.train.rollouts.judge import Group, Rollout
from caopd_bench.train.rollouts.means import Means
from caopd_bench.train.rollouts.rewards import Reward, accuracy_reward
from caopd_bench.train.text.replace import find_confidence, write_confidence

if TYPE_CHECKING:
    from caopd_bench.train.settings import TrainSettings
    from caopd_bench.train.text.codec import Codec

__all__ = ["Loss", "Method", "Recipe", "Shows", "Target", "check_targets"]
__all__ += ["demonstrated", "distilled", "weigh_confidence", "write_rate"]

Doc = Mapping[str, Any]
Loss = Literal["likelihood", "divergence", "policy"]
Shows = Literal["demonstration", "rollout"]


class Target(NamedTuple):
    """One answer to learn from.

    Every loss takes `weights`: factors for the losses of the completion's tokens, 1 each if
    omitted. For a policy gradient they are the advantages, and are required. Only a divergence
    has a teacher, and takes `teacher_prompt`; without one the teacher sees the student's prompt.
    `span` marks the tokens whose entropies the history records and `confidence_weight` weights.
    """

    prompt: list[int]  # context of the student
    completion: list[int]
    teacher_prompt: list[int] | None = None  # context of the teacher
    weights: list[float] | None = None  # one per token of the completion
    span: tuple[int, int] | None = None  # tokens of the stated confidence in the completion


class Recipe(NamedTuple):
    """The inputs of a method besides the groups."""

    codec: Codec
    settings: TrainSettings
    constant: float = float("nan")  # the data set's mean success rate, for caopd-constant
    levels: Mapping[str, float] = MappingProxyType({})  # the same by level, for caopd-level

    def level_rate(self, doc: Doc) -> float:
        """Return the mean success rate of a question's level, or of all if it has no level."""
        return Means(self.constant, self.levels).of(doc)

    def stated(self, doc: Doc) -> str | None:
        """Return the confidence that a question's demonstration states, None for none.

        "varied" draws one of 0.50, 0.55, ..., 0.95 from the question's hash: it teaches the format
        without teaching a number.
        """
        chosen: str = self.settings.demonstration_confidence
        if chosen == "varied":
            return write_confidence(0.5 + 0.05 * (int(doc["item_hash"][:8], 16) % 10))
        return None if chosen == "none" else chosen


class Method(NamedTuple):
    """A training method; engines, plans and sweeps use only these fields, never its name."""

    name: str
    loss: Loss
    samples: bool  # whether the method needs rollouts
    make_targets: Callable[[Sequence[Group], Recipe], list[Target]]
    source: str  # publication
    #: The teacher's context, which only chooses between two TRL trainers with the same loss.
    shows: Shows = "demonstration"
    #: The reward of a rollout, which TRL only logs: the advantages are the targets' weights.
    reward: Reward = accuracy_reward
    least_k: int = 1  # minimum number of rollouts per question


def check_targets(method: Method, targets: Sequence[Target]) -> None:
    """Refuse targets that no loss could follow as intended.

    Raises
    ------
    UsageError
        If a target is invalid; names the method, the field and the remedy.
    """
    for target in targets:
        if target.weights is not None and len(target.weights) != len(target.completion):
            raise UsageError(
                f"method {method.name}: weights: {len(target.weights)} of a completion of "
                f"{len(target.completion)} tokens; give one for each token"
            )
        for place, weight in enumerate(target.weights or (), 1):
            of = f"method {method.name}: weights: that of token {place} of {len(target.completion)}"
            if not math.isfinite(weight):
                raise UsageError(f"{of} is {weight}, which is not finite; make it a number")
            if weight < 0 and method.loss != "policy":
                raise UsageError(
                    f"{of} is {weight}; the loss {method.loss!r} would unlearn that token: "
                    "give 0 or more, or use the loss 'policy', whose weights are advantages"
                )
        if method.loss == "policy" and target.weights is None:
            raise UsageError(
                f"method {method.name}: weights: a policy gradient needs the advantage of every "
                "token, and a target has none"
            )
        if method.loss != "divergence" and target.teacher_prompt is not None:
            raise UsageError(
                f"method {method.name}: teacher_prompt: the loss {method.loss!r} has no teacher "
                "that would see it; leave it out, or use the loss 'divergence'"
            )


def demonstrated(
    doc: Doc, stated: str | None, recipe: Recipe, *, asked: Doc | None = None
) -> Target:
    """Make a target of the gold answer with a stated confidence, for likelihood.

    `asked` is the document to ask instead of the student's own, if any.
    """
    from caopd_bench.tasks.ask.documents import demonstrate

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
    """Make a target of a rollout that a teacher judges token by token.

    Parameters
    ----------
    group, rollout
        The question, and one of its rollouts.
    teacher_doc
        The teacher's document.
    recipe
        The recipe, for its codec.
    number : str, optional
        Replaces the rollout's stated confidence; None leaves the rollout as it is. A rollout that
        is not usable is always left as it is.
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


def weigh_confidence(targets: Sequence[Target], weight: float) -> list[Target]:
    """Weight the tokens of stated confidences, all others by 1; a weight of 1 changes nothing."""
    if weight == 1:
        return list(targets)
    return [target if target.span is None else _weigh(target, weight) for target in targets]


def _weigh(target: Target, weight: float) -> Target:
    assert target.span is not None
    first, last = target.span
    weights = list(target.weights or [1.0] * len(target.completion))
    weights[first:last] = [weight * known for known in weights[first:last]]
    return target._replace(weights=weights)


def write_rate(rate: float) -> str | None:
    """Return a success rate in the format of stated confidences; None if there is none."""
    return None if rate != rate else write_confidence(rate)
