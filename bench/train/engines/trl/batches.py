"""Turn the rollouts that TRL sampled into the tensors that its losses take.

Judging, grouping and making targets are the local engine's functions. The one addition is that a
question's K rollouts may be spread over several processes: they are gathered before the success
rate is estimated, and every process makes all targets and keeps its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accelerate.utils import gather_object

from caopd_bench.train.engines.trl.refusals import refuse_targets
from caopd_bench.train.methods import METHODS
from caopd_bench.train.passes import pad_rows
from caopd_bench.train.questions.questions import choose_questions
from caopd_bench.train.rollouts.judge import Group, Rollout, judge_rollout, make_groups
from caopd_bench.train.rollouts.means import Means
from caopd_bench.train.rollouts.targets import Doc, Recipe, Target
from caopd_bench.train.settings import TrainSettings
from caopd_bench.train.text.codec import Codec
from caopd_bench.train.watch.history import describe
from caopd_bench.train.watch.updates import Idle, Watch, find_idle

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Lesson", "make_tensors"]

Row = dict[str, Any]


class Lesson:
    """The questions of a run, and the conversion of answers to them into targets.

    Parameters
    ----------
    settings, docs, codec
        As for the local engine's `Trainer`.
    """

    def __init__(self, settings: TrainSettings, docs: Sequence[Doc], codec: Codec) -> None:
        self.settings, self.docs, self.codec = settings, docs, codec
        self.method = METHODS[settings.method]
        self.watch = Watch()
        self.idle: Idle | None = None  # why the current step updates nothing
        self.means = Means()
        self.row: Row = {}  # `history.describe` of the last rollouts
        ids = [codec.encode_prompt(doc) for doc in docs]
        #: The prompts as texts, which TRL passes; decoded, so that equal texts have equal tokens.
        self.texts = [codec.decode(prompt) for prompt in ids]
        self.prompts = dict(zip(self.texts, ids, strict=True))

    def columns(self) -> dict[str, list[Any]]:
        """Return the dataset: the questions of all steps, in the local engine's order."""
        places = {id(doc): place for place, doc in enumerate(self.docs)}
        chosen = [
            places[id(doc)]
            for step in range(self.settings.steps)
            for doc in choose_questions(
                self.docs, self.settings.prompts_per_step, step, self.settings.seed
            )
        ]
        return {
            "prompt": [self.texts[place] for place in chosen],
            "question": chosen,
            "answer": [self.docs[place]["answer"] for place in chosen],
            "kind": [self.docs[place]["kind"] for place in chosen],
        }

    def likelihood_columns(self) -> dict[str, list[list[int]]]:
        """Return the dataset of plain imitation: tokens, and labels that leave the prompts out."""
        chosen, size = self.columns()["question"], self.settings.prompts_per_step
        targets: list[Target] = []
        for start in range(0, len(chosen), size):  # step by step, like the local engine
            groups = [Group(self.docs[place], [], []) for place in chosen[start : start + size]]
            made = self.method.make_targets(groups, Recipe(self.codec, self.settings))
            refuse_targets(self.method, groups, made, self.codec)
            targets += made
        return {
            "input_ids": [[*t.prompt, *t.completion] for t in targets],
            "labels": [[*[-100] * len(t.prompt), *t.completion] for t in targets],
        }

    def learn_from(
        self,
        questions: Sequence[int],
        completions: Sequence[Sequence[int]],
        *,
        process: int = 0,
        processes: int = 1,
        parts: int = 1,
    ) -> list[Target]:
        """Judge this process's rollouts, estimate success over all, and return its targets.

        Parameters
        ----------
        questions, completions
            This process's rollouts: indices into `docs`, and sampled tokens including the end
            token. Over all processes in order, the K rollouts of a question are consecutive.
        process, processes : int
            Index of this process, and the number of processes.
        parts : int
            Number of passes that the targets are split into; their number is a multiple of it.
        """
        judged = [
            self._judge(place, ids) for place, ids in zip(questions, completions, strict=True)
        ]
        groups = self._group(gather_object(list(zip(questions, judged, strict=True))))
        self.means = self.means.after(groups, self.settings.estimate)
        targets = self.method.make_targets(groups, Recipe(self.codec, self.settings, *self.means))
        refuse_targets(self.method, groups, targets, self.codec)
        self.idle = find_idle(self.method, groups, targets, self.settings)
        self.row = describe(groups, targets, self.idle)
        if not any(target.completion for target in targets):
            # TRL needs something to pass; the step updates nothing.
            prompt = self.codec.encode_prompt(groups[0].doc)
            targets = [Target(prompt, [self.codec.end_id], weights=[0.0])]
            targets *= len(questions) * processes
        if len(targets) != len(questions) * processes:
            targets = _spread(targets, processes * parts)
        share = len(targets) // processes
        return targets[process * share : (process + 1) * share]

    def _judge(self, place: int, ids: Sequence[int]) -> Rollout:
        body, ended = self.codec.split_end(ids)
        return judge_rollout(self.docs[place], ids, self.codec.decode(body), finished=ended)

    def _group(self, everything: Sequence[tuple[int, Rollout]]) -> list[Group]:
        k = self.settings.k
        places = [place for place, _ in everything]
        for start in range(0, len(places), k):
            if len(set(places[start : start + k])) != 1:
                raise RuntimeError(
                    f"rollouts {start} to {start + k} of the batch are of several questions; TRL's "
                    "sampler is not as contract.VERSION had it"
                )
        docs = [self.docs[place] for place in places[::k]]
        return make_groups(
            docs,
            [rollout for _, rollout in everything],
            k,
            estimate=self.settings.estimate,
            source=self.settings.target_from,
            toward=[self.means.of(doc) for doc in docs],
            shrink=self.settings.shrink,
        )


def _spread(targets: list[Target], passes: int) -> list[Target]:
    """Repeat all targets equally often until they divide among the passes; the mean is the same."""
    copies = passes // math.gcd(len(targets), passes)
    return [target for target in targets for _ in range(copies)]


def make_tensors(targets: Sequence[Target], pad_id: int, device: Any) -> dict[str, Tensor]:
    """Arrange targets as TRL does: prompts padded on the left, completions on the right.

    Returns
    -------
    dict of Tensor
        `prompt_ids`, `completion_ids`, `teacher_input_ids` (prompt and completion; the student's
        prompt where the teacher has none), their masks, and `stated`: 1 at the tokens of stated
        confidences.
    """
    import torch

    completions = [target.completion for target in targets]
    completion_ids = pad_rows(completions, pad_id, device)
    completion_mask = pad_rows([[1] * len(ids) for ids in completions], 0, device)
    prompt_ids, prompt_mask = _pad_left([t.prompt for t in targets], pad_id, device)
    shown = [t.teacher_prompt or t.prompt for t in targets]
    teacher_ids, teacher_mask = _pad_left(shown, pad_id, device)
    stated = torch.zeros_like(completion_mask)
    for row, target in enumerate(targets):
        first, last = target.span or (0, 0)
        stated[row, first:last] = 1
    return {
        "prompt_ids": prompt_ids,
        "prompt_mask": prompt_mask,
        "completion_ids": completion_ids,
        "completion_mask": completion_mask,
        "teacher_input_ids": torch.cat([teacher_ids, completion_ids], 1),
        "teacher_attention_mask": torch.cat([teacher_mask, completion_mask], 1),
        "stated": stated,
    }


def _pad_left(rows: Sequence[Sequence[int]], pad_id: int, device: Any) -> tuple[Tensor, Tensor]:
    import torch

    width = max(map(len, rows))
    ids = [[*[pad_id] * (width - len(row)), *row] for row in rows]
    mask = [[*[0] * (width - len(row)), *[1] * len(row)] for row in rows]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)
