"""Decide whether a step has anything to learn from, and when to stop a run that has nothing.

A step whose rollouts were all excluded would still move the weights: the remaining loss is rounding
noise between student and teacher, and AdamW, which divides a gradient by its size, takes a full
step along it. So such a step updates nothing. It is reported, its loss is undefined in
`training.csv`, and three in a row stop the run.

=========================================  ====================================  =============
a step without an update                   why                                   stops the run
=========================================  ====================================  =============
every rollout was excluded                 no answer in the task's format        three in a row
the method made no target                                                        three in a row
the teacher saw what the student saw       no rollout was right, or has a rate   see below
all weights are 0                          every question's answers earn alike   see below
=========================================  ====================================  =============

The last two also happen to a model that has learned everything it can: they stop a run only if
nothing has updated the model since its start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from caopd_bench.train.errors import TrainingError
from caopd_bench.train.rollouts.judge import Group, Rollout
from caopd_bench.train.rollouts.targets import Method, Target
from caopd_bench.train.settings import TrainSettings

__all__ = ["LIMIT", "Idle", "Watch", "find_idle", "say_excluded"]

#: Number of steps in a row without anything to learn from that stops a run.
LIMIT = 3


class Idle(NamedTuple):
    """The reason why a step updates nothing."""

    why: str
    advice: str
    is_empty: bool  # no sample can be learned from; `LIMIT` such steps in a row stop any run


def find_idle(
    method: Method, groups: Sequence[Group], targets: Sequence[Target], settings: TrainSettings
) -> Idle | None:
    """Return the reason why a step has nothing to learn from; None if it has something.

    Parameters
    ----------
    method : Method
        The method; its loss decides what a target can teach.
    groups : sequence of Group
        The step's questions with their rollouts, of all processes.
    targets : sequence of Target
        The method's targets for these groups.
    settings : TrainSettings
        Settings of the run, for the advice.
    """
    rollouts = [rollout for group in groups for rollout in group.rollouts]
    if method.samples and rollouts and not any(rollout.usable for rollout in rollouts):
        return Idle(say_excluded(rollouts), _advise(rollouts, settings), True)
    if not any(target.completion for target in targets):
        of = f"{len(rollouts)} rollouts" if method.samples else f"{len(groups)} questions"
        return Idle(f"{method.name} made no target of {of}", "fix the method", True)
    others = "choose other questions (--levels, --families), or raise prompts_per_step or k"
    if method.loss == "policy" and not any(any(target.weights or ()) for target in targets):
        why = "the rollouts of each question earned the same reward, so every token's weight is 0"
        return Idle(why, others, False)
    if method.loss == "divergence" and all(
        target.teacher_prompt in (None, target.prompt) for target in targets
    ):
        has_rate = any(rate == rate for group in groups for rate in group.rates)
        what = "no rollout was right" if has_rate else "no rollout has a success rate"
        why = f"{what}, so the teacher saw the same as the student"
        return Idle(why, others, not has_rate)
    return None


def say_excluded(rollouts: Sequence[Rollout]) -> str:
    """Count the excluded rollouts by the parser's statuses, in words; "" if none was excluded.

    Examples
    --------
    >>> done = Rollout([], "", "ok", "7", 0.5, 1)
    >>> cut = done._replace(status="unfinished")
    >>> say_excluded([done, cut, cut])
    '2 of 3 rollouts were excluded (unfinished 2)'
    >>> say_excluded([cut, done._replace(status="no_answer")])
    'all 2 rollouts were excluded (no_answer 1, unfinished 1)'
    """
    counts = _count(rollouts)
    if not counts:
        return ""
    lost, of = counts.total(), len(rollouts)
    reasons = ", ".join(f"{name} {n}" for name, n in sorted(counts.items()))
    share = f"all {of}" if lost == of else f"{lost} of {of}"
    return f"{share} rollouts were excluded ({reasons})"


class Watch:
    """A counter of steps without an update, which stops a run that cannot learn anything.

    Attributes
    ----------
    updates, idle, empty : int
        Steps that updated the model; steps in a row, up to now, that did not; and those of them
        that had nothing at all (`Idle.is_empty`). They are part of a checkpoint.
    """

    def __init__(self) -> None:
        self.updates = self.idle = self.empty = 0
        self.last: Idle | None = None

    def count(self, idle: Idle | None) -> None:
        """Count a step."""
        self.last = idle
        self.idle = 0 if idle is None else self.idle + 1
        self.empty = self.empty + 1 if idle is not None and idle.is_empty else 0
        self.updates += idle is None

    def check(self, step: int) -> None:
        """Stop the run after too many steps in a row without an update.

        Raises
        ------
        TrainingError
            If there were too many; names the step, their number, the reason and the remedy.
        """
        if self.empty >= LIMIT or (self.idle >= LIMIT and not self.updates):
            raise self._stop(
                f"step {step}: the last {self.idle} steps updated nothing; in this one"
            )

    def check_end(self, steps: int) -> None:
        """Refuse to end a run that never updated its model.

        Raises
        ------
        TrainingError
            If no step updated the model, which is then not a result of training.
        """
        if not self.updates:
            raise self._stop(f"none of the {steps} steps updated the model; in the last one")

    def values(self) -> dict[str, int]:
        """Return the counts that a later process needs to continue."""
        return {"updates": self.updates, "idle": self.idle, "empty": self.empty}

    def restore(self, values: Mapping[str, Any], step: int) -> None:
        """Restore the counts; a checkpoint of an earlier release has none, but was trained."""
        self.updates = int(values.get("updates", step))
        self.idle, self.empty = int(values.get("idle", 0)), int(values.get("empty", 0))

    def describe(self, steps: int) -> dict[str, int]:
        """Return the provenance entry of a checkpoint; without idle steps only the step count.

        Parameters
        ----------
        steps : int
            Number of all steps taken.
        """
        without = steps - self.updates
        return {"steps_done": steps, **({"steps_without_update": without} if without else {})}

    def _stop(self, what: str) -> TrainingError:
        assert self.last is not None
        error = TrainingError(f"{what} {self.last.why}: {self.last.advice}")
        error.unchanged = not self.updates
        return error


def _count(rollouts: Sequence[Rollout]) -> Counter[str]:
    return Counter(rollout.status for rollout in rollouts if not rollout.usable)


def _advise(rollouts: Sequence[Rollout], settings: TrainSettings) -> str:
    counts = _count(rollouts)
    if 2 * counts["unfinished"] > counts.total():
        return f"the answers do not end; raise max_new_tokens (now {settings.max_new_tokens})"
    return (
        f"the model does not answer in the format of {settings.task}; choose the task it was "
        "trained for (--task), or teach it the format first (--method sft "
        "--demonstration-confidence varied)"
    )
