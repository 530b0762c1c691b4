"""The local engine: one process, plain torch and transformers, to be read in one sitting.

A step chooses questions, lets the student answer each K times, judges the answers, lets the method
turn them into targets, and takes one AdamW step on the targets' loss. Weights, averages and the
optimizer are float32 whatever the precision of the passes: bfloat16 would round away an update at
a learning rate of 1e-5, or an average that moves by 1 %.

Step n draws from generators seeded with the run's seed and n alone, so that a run that was killed
and resumed makes the same draws as an unbroken one, and ends with the same bytes at the same thread
count.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caopd_bench.train.checkpoints import (
    Saved,
    find_last,
    finish,
    load_state,
    save_model,
    save_state,
)
from caopd_bench.train.engines.losses import batch_loss
from caopd_bench.train.engines.schedule import drop_nothing, follow, learning_rate
from caopd_bench.train.errors import TrainingError
from caopd_bench.train.methods import METHODS
from caopd_bench.train.questions.fit import check_fit
from caopd_bench.train.questions.questions import choose_questions
from caopd_bench.train.rollouts.judge import Group, judge_rollout, make_groups
from caopd_bench.train.rollouts.means import Means
from caopd_bench.train.rollouts.sample import sample
from caopd_bench.train.rollouts.targets import (
    Doc,
    Recipe,
    Target,
    check_targets,
    weigh_confidence,
)
from caopd_bench.train.settings import TrainSettings
from caopd_bench.train.text.codec import Codec, find_end_ids
from caopd_bench.train.watch.history import HISTORY, History, describe
from caopd_bench.train.watch.nonfinite import LOWER
from caopd_bench.train.watch.updates import Watch, find_idle

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = ["Trainer", "draw_rollouts"]

Row = dict[str, Any]
NO_MEANS = Means()


class Trainer:
    """One training run on one machine.

    Parameters
    ----------
    settings : TrainSettings
        Settings of the run.
    model, tokenizer
        The student; its weights must be float32.
    docs : sequence
        The questions, from `questions.load_questions`.
    """

    def __init__(
        self,
        settings: TrainSettings,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        docs: Sequence[Doc],
    ) -> None:
        import torch

        self.settings, self.docs = settings, docs
        self.method = METHODS[settings.method]
        self.student, self.tokenizer = model.float().eval(), tokenizer
        self.codec = Codec(tokenizer, chat=settings.chat, end_ids=find_end_ids(model))
        self.teacher: PreTrainedModel | None = None
        if self.method.loss == "divergence":
            self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        if settings.gradient_checkpointing:
            # transformers 5.23 renamed it.
            name = "activation_checkpointing_enable"
            getattr(model, name, model.gradient_checkpointing_enable)()
            drop_nothing(self.student)
        check_fit(model, self.codec, docs, settings.task, settings.model)
        self.watch = Watch()
        self.optimizer = torch.optim.AdamW(
            self.student.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.step = 0
        self.means = Means()

    def run(
        self,
        output: Path,
        provenance: dict[str, Any],
        say: Callable[[Row], None] = lambda _row: None,
        *,
        resume: bool = False,
    ) -> None:
        """Train to the end, and leave the model in `output`.

        Raises
        ------
        TrainingError
            If the loss is not finite, or there is nothing to learn from (`watch.updates`);
            `output/last` is then the last good checkpoint, if the model was ever updated.
        """
        if resume and (last := find_last(output)) is not None:
            self.restore(load_state(last))
        history = History(output / HISTORY, after_step=self.step)
        while self.step < self.settings.steps:
            row = self.take_step()
            history.append(row)
            say(row)
            self.watch.check(self.step)
            at = {**provenance, **self.watch.describe(self.step)}
            is_due = self.step % self.settings.save_every == 0 and self.step < self.settings.steps
            if is_due and self.watch.updates:  # otherwise the model is still unchanged
                save_state(output, self.student, self.tokenizer, at, self.state())
        self.watch.check_end(self.step)
        at = {**provenance, **self.watch.describe(self.step)}
        save_model(output, self.student, self.tokenizer, at)
        finish(output)

    def take_step(self) -> Row:
        """Take one step and describe it; leave the model alone if there is nothing to learn."""
        began, settings = time.perf_counter(), self.settings
        docs = choose_questions(self.docs, settings.prompts_per_step, self.step, settings.seed)
        if self.method.samples:
            groups = draw_rollouts(self.student, self.codec, docs, settings, self.step, self.means)
        else:
            groups = [Group(doc, [], []) for doc in docs]
        self.means = self.means.after(groups, settings.estimate)
        targets = self.method.make_targets(groups, Recipe(self.codec, settings, *self.means))
        targets = weigh_confidence(targets, settings.confidence_weight)
        check_targets(self.method, targets)
        idle = find_idle(self.method, groups, targets, settings)
        loss = norm = math.nan
        entropies = (math.nan, math.nan)
        if idle is None:
            loss, norm, entropies = self._update(targets)
        self.watch.count(idle)
        if self.teacher is not None and settings.teacher_ema > 0:
            follow(self.teacher, self.student, settings.teacher_ema)
        self.step += 1
        return {
            **describe(groups, targets, idle),
            "step": self.step,
            "loss": loss,
            "entropy": entropies[0],
            "teacher_entropy": entropies[1],
            "grad_norm": norm,
            "learning_rate": learning_rate(self.step - 1, settings),
            "seconds": time.perf_counter() - began,
        }

    def _update(self, targets: Sequence[Target]) -> tuple[float, float, tuple[float, float]]:
        """Take the optimizer's step; return the loss, the gradient's norm and the entropies."""
        import torch

        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.settings)
        loss, entropies = self._backward(targets)
        norm = float(
            torch.nn.utils.clip_grad_norm_(self.student.parameters(), self.settings.max_grad_norm)
        )
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise TrainingError(
                f"step {self.step + 1}: the loss is {loss} and the gradient {norm}; {LOWER}"
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss, norm, entropies

    def _backward(self, targets: Sequence[Target]) -> tuple[float, tuple[float, float]]:
        """Accumulate the gradient of the mean loss; return the loss and the entropies."""
        total, sums, size = 0.0, [0.0, 0.0, 0.0], self.settings.micro_batch
        # Sorting by prompt length reduces padding and keeps a question's answers together.
        ordered = sorted(targets, key=lambda t: len(t.prompt))
        # transformers checkpoints activations in training mode only.
        self.student.train(self.settings.gradient_checkpointing)
        for start in range(0, len(ordered), size):
            part = ordered[start : start + size]
            with self._autocast():
                loss, entropies = batch_loss(
                    self.student,
                    self.teacher,
                    part,
                    self.method.loss,
                    self.settings,
                    self.codec.pad_id,
                    f"step {self.step + 1}: ",
                )
            (loss / len(targets)).backward()
            total += float(loss.detach())
            sums = [a + b for a, b in zip(sums, entropies, strict=True)]
        self.student.eval()
        counted = sums[2] or math.nan
        teacher = sums[1] / counted if self.teacher is not None else math.nan
        return total / max(1, len(targets)), (sums[0] / counted, teacher)

    def _autocast(self) -> AbstractContextManager[Any]:
        import torch

        if self.settings.precision == "float32":
            return nullcontext()
        passes: AbstractContextManager[Any] = torch.autocast(
            self.student.device.type, dtype=torch.bfloat16
        )
        return passes

    def state(self) -> Saved:
        """Return the state that a later process needs to resume."""
        named = dict(self.student.named_parameters())
        optimizer = {}
        for name, parameter in named.items():
            for key, value in self.optimizer.state.get(parameter, {}).items():
                optimizer[f"{key}/{name}"] = value
        teacher = self.teacher.state_dict() if self.teacher is not None else {}
        values = {**self.means.values(), **self.watch.values()}
        return Saved(self.step, dict(teacher), optimizer, values)

    def restore(self, saved: Saved) -> None:
        """Restore a saved state; the student's weights were loaded with the model."""
        self.step, self.means = saved.step, Means.read(saved.values)
        self.watch.restore(saved.values, saved.step)
        if self.teacher is not None:
            self.teacher.load_state_dict(saved.teacher)
        for name, parameter in self.student.named_parameters():
            self.optimizer.state[parameter] = {
                key.split("/", 1)[0]: value.to(parameter.device)
                for key, value in saved.optimizer.items()
                if key.split("/", 1)[1] == name
            }


def draw_rollouts(
    model: PreTrainedModel,
    codec: Codec,
    docs: Sequence[Doc],
    settings: TrainSettings,
    step: int,
    means: Means = NO_MEANS,
) -> list[Group]:
    """Sample K answers to each question, judge them, and estimate the success rates.

    `means` are the mean rates of earlier steps, toward which `estimate: level` shrinks.
    """
    import torch

    generator = torch.Generator(device=model.device)
    generator.manual_seed((settings.seed + 1) * 1_000_003 + step)
    drawn = sample(
        model,
        [codec.encode_prompt(doc) for doc in docs],
        k=settings.k,
        max_new_tokens=settings.max_new_tokens,
        temperature=settings.temperature,
        generator=generator,
        end_ids=codec.end_ids,
        pad_id=codec.pad_id,
        batch=settings.sample_batch,
    )
    rollouts = []
    for place, ids in enumerate(drawn):
        body, ended = codec.split_end(ids)
        doc = docs[place // settings.k]
        rollouts.append(judge_rollout(doc, ids, codec.decode(body), finished=ended))
    return make_groups(
        docs,
        rollouts,
        settings.k,
        estimate=settings.estimate,
        source=settings.target_from,
        toward=[means.of(doc) for doc in docs],
        shrink=settings.shrink,
    )
