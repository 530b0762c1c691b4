"""TRL's trainers with the targets of this project: thin subclasses, one for each kind of loss.

They replace what TRL makes of the sampled batch, and leave generation (transformers or vLLM),
sharding, accumulation and checkpoints to TRL. `trl_contract` lists every method used here.

Four defaults of theirs would make another run than the local engine's, and are set aside: the loss
is of untempered logits, the learning rate is `local.learning_rate`, weight decay is of all weights,
and nothing is reported to anyone (`_send_telemetry`).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import SequentialSampler
from transformers import TrainerCallback
from trl import GRPOTrainer, SFTTrainer
from trl.experimental.sdft import SDFTTrainer
from trl.experimental.sdpo import SDPOTrainer

from caopd_bench.core.files.folders import sync_tree
from caopd_bench.core.files.write import replace_file
from caopd_bench.train.engines import losses as objectives
from caopd_bench.train.engines.local import learning_rate
from caopd_bench.train.engines.trl.batches import Lesson, make_tensors
from caopd_bench.train.errors import TrainingError
from caopd_bench.train.watch.history import History
from caopd_bench.train.watch.nonfinite import LOWER, explain

__all__ = ["DemonstrationTrainer", "ImitationTrainer", "RateTrainer", "RewardTrainer"]
__all__ += ["STATE", "TEACHER", "SolutionTrainer"]

#: In a checkpoint: what resuming needs besides TRL's own files. Written last.
STATE, TEACHER = "caopd.json", "teacher"


class _SkipIdle(TrainerCallback):
    """Let the optimizer take no step that has nothing to learn from.

    AdamW leaves parameters alone that have no gradient, averages included; of a gradient of 0 it
    would still take its momentum. DeepSpeed takes its step before this is called.
    """

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take the gradients away."""
        del args, state, control
        if self.lesson.idle is not None:
            for parameter in kwargs["model"].parameters():
                parameter.grad = None


class _Shared:
    """What all of the trainers share.

    Parameters
    ----------
    lesson : Lesson
        The questions, and how to make targets.
    say : callable
        Gets each step's row, on the main process.
    history : History, optional
        Gets it too.
    """

    def __init__(
        self,
        *args: Any,
        lesson: Lesson,
        say: Callable[[dict[str, Any]], None] = lambda _row: None,
        history: History | None = None,
        **kwargs: Any,
    ) -> None:
        self.lesson, self.say, self.history = lesson, say, history
        self._entropies = [0.0, 0.0, 0.0]  # of the student, of the teacher, tokens
        self._why = ""  # the loss is no finite number, as far as this process knows
        self._since = time.perf_counter()
        super().__init__(*args, **kwargs)
        self.add_callback(_SkipIdle(lesson))
        # The rollouts' temperature is in the generation's options by now; this one divides the
        # logits of the loss, which the local engine does not.
        self.temperature = 1.0

    def _send_telemetry(self) -> None:
        """Tell nobody."""

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Make the schedule of the local engine."""
        del num_training_steps
        if self.lr_scheduler is None:
            settings = self.lesson.settings
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
                optimizer if optimizer is not None else self.optimizer,
                lambda step: learning_rate(step, settings) / settings.learning_rate,
            )
        return self.lr_scheduler

    def get_decay_parameter_names(self, model: Any) -> list[str]:
        """Decay all weights alike."""
        return [name for name, _ in model.named_parameters()]

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Keep the step's row, and stop when the loss is no number."""
        if "loss" in logs:
            self._keep(logs)
        super().log(logs, start_time)

    def _keep(self, logs: dict[str, float]) -> None:
        step, now, idle = int(self.state.global_step), time.perf_counter(), self.lesson.idle
        sums = torch.tensor(self._entropies, device=self.accelerator.device)
        student, teacher, tokens = self.accelerator.reduce(sums, reduction="sum").tolist()
        row = {
            "note": "",
            **self.lesson.row,
            "step": step,
            "loss": logs["loss"] if idle is None else math.nan,
            "entropy": student / tokens if tokens else math.nan,
            "teacher_entropy": teacher / tokens if tokens else math.nan,
            "grad_norm": logs.get("grad_norm", math.nan) if idle is None else math.nan,
            "learning_rate": learning_rate(step - 1, self.lesson.settings),
            "seconds": now - self._since,
        }
        self._entropies, self._since = [0.0, 0.0, 0.0], now
        is_finite = math.isfinite(row["loss"]) and math.isfinite(logs.get("grad_norm", 0.0))
        if idle is None and not is_finite:
            raise TrainingError(
                f"step {step}: the loss is {row['loss']} and the gradient {row['grad_norm']}"
                f"{' ' + self._why if self._why else '; ' + LOWER}"
            )
        if self.accelerator.is_main_process:
            if self.history is not None:
                self.history.append(row)
            self.say(row)
        self.lesson.watch.count(idle)
        self.lesson.watch.check(step)

    def _likelihood_loss(self, logits: torch.Tensor, ids: torch.Tensor, mask: Any) -> torch.Tensor:
        """Give the likelihood loss of the local engine: the mean over this process's answers."""
        values = objectives.likelihood(logits, ids)
        loss = objectives.mean_of_means(values, mask) / len(ids)
        if not bool(loss.isfinite()):
            self._why = explain(values, mask, logits, ids)
        return loss

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Save the teacher as well: TRL would begin a resumed run with the first one again.

        A model that no step has updated yet is no checkpoint.
        """
        if not self.lesson.watch.updates:
            return
        super()._save_checkpoint(model, trial)
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        teacher = getattr(self, "teacher_model", None)
        if teacher is not None and teacher is not self.model:
            weights = self.accelerator.get_state_dict(teacher)
            if self.args.should_save:
                plain = self.accelerator.unwrap_model(teacher)
                plain.save_pretrained(folder / TEACHER, state_dict=weights)
        if self.args.should_save:
            lesson = self.lesson
            text = json.dumps({"mean_rate": repr(lesson.mean_rate), **lesson.watch.values()})
            sync_tree(folder)
            replace_file(folder / STATE, text.encode())


class _OnPolicy(_Shared):
    """What the trainers share that sample answers and judge them token by token."""

    def _tokenize_prompts(self, prompts: list[str]) -> list[list[int]]:
        return [self.lesson.prompts[prompt] for prompt in prompts]

    def _prepare_training_batch(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Sample, and put the method's targets in the place of what was sampled.

        There are no `old_per_token_logps`: a completion whose confidence was rewritten was never
        sampled, and importance weights would undo the rewriting.
        """
        batch = self.sample_rollouts(inputs)
        self._record_completion_metrics("train" if self.model.training else "eval", batch)
        targets = self.lesson.learn_from(
            [example["question"] for example in inputs],
            self._get_completion_ids_list(batch),
            process=self.accelerator.process_index,
            processes=self.accelerator.num_processes,
            parts=self.args.steps_per_generation,
        )
        return make_tensors(targets, self.lesson.codec.pad_id, self.accelerator.device)

    def _compute_self_distillation_loss(
        self, model: Any, inputs: dict[str, Any], distillation_logits: Any
    ) -> torch.Tensor:
        """Give TRL's loss, and note how sure both are of the stated confidence."""
        loss = super()._compute_self_distillation_loss(model, inputs, distillation_logits)
        if not bool(loss.isfinite()):
            loss = self._loss_of_masked(distillation_logits)
        if self.lesson.idle is not None:
            return loss * 0.0
        with torch.no_grad():
            chosen = inputs["stated"].bool()
            parts = (distillation_logits.student_logits, distillation_logits.teacher_logits)
            for place, logits in enumerate(parts):
                self._entropies[place] += float(objectives.entropy(logits[chosen]).sum())
            self._entropies[2] += float(chosen.sum())
        return loss

    def _loss_of_masked(self, found: Any) -> torch.Tensor:
        """Give the local engine's loss, in which a token that both mask adds 0; TRL's is NaN."""
        student, teacher, mask = found.student_logits, found.teacher_logits, found.loss_mask
        settings = self.lesson.settings
        values = objectives.divergence(student, teacher, settings.divergence, settings.jsd_beta)
        loss = objectives.mean_of_means(values, mask) / len(mask)
        if not bool(loss.isfinite()):
            ids = found.completion_ids
            self._why = explain(values, mask, student, ids, teacher, settings.divergence)
        return loss


class DemonstrationTrainer(_OnPolicy, SDFTTrainer):
    """OPD and CaOPD: the teacher sees an expert's demonstration."""


class SolutionTrainer(_OnPolicy, SDPOTrainer):
    """The same from a verified rollout: the teacher sees a right answer of the student's own.

    TRL's own mining of right answers is not used: which one is shown, and what is shown when there
    is none, is `contexts.show_solution`, as in the local engine.
    """


class RateTrainer(_OnPolicy, SDFTTrainer):
    """SFT on success rates: the rollouts of `SDFTTrainer`, and likelihood in the place of its loss.

    `SFTTrainer` could only imitate success rates that were estimated before training. Here they are
    those of the student as it is, as in the local engine.
    """

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> torch.Tensor:
        """Give the likelihood loss of the local engine."""
        del num_items_in_batch, return_outputs
        ids, mask = inputs["completion_ids"], inputs["completion_mask"]
        logits = self._forward_logits(
            model,
            torch.cat([inputs["prompt_ids"], ids], 1),
            torch.cat([inputs["prompt_mask"], mask], 1),
            ids.shape[1],
        )
        loss = self._likelihood_loss(logits, ids, mask)
        if self.lesson.idle is not None:
            loss = loss * 0.0
        return loss / (self.current_gradient_accumulation_steps if self.model.training else 1)


class RewardTrainer(_Shared, GRPOTrainer):
    """GRPO and RLCR: TRL's loss and its logs of the reward, with the local engine's advantages.

    TRL divides by the sample's standard deviation (K - 1), the local engine by the group's (K).
    """

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return [self.lesson.prompts[prompt] for prompt in prompts], None, {}

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        lengths = output["completion_mask"].sum(1).tolist()
        rows = output["completion_ids"].tolist()
        targets = self.lesson.learn_from(
            [example["question"] for example in inputs],
            [row[:length] for row, length in zip(rows, lengths, strict=True)],
            process=self.accelerator.process_index,
            processes=self.accelerator.num_processes,
        )
        is_idle = self.lesson.idle is not None
        gains = [0.0 if is_idle else (target.weights or [0.0])[0] for target in targets]
        output["advantages"] = torch.tensor(
            gains, dtype=torch.float32, device=output["advantages"].device
        )
        return output


class ImitationTrainer(_Shared, SFTTrainer):
    """SFT: the mean over an answer's tokens and then over the answers, as in the local engine.

    `SFTTrainer` has the mean over all tokens, in which long answers count more.
    """

    loss_is_scaled_for_ga = True

    def _get_train_sampler(self, train_dataset: Any = None) -> SequentialSampler:
        return SequentialSampler(self.train_dataset if train_dataset is None else train_dataset)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> torch.Tensor:
        """Give the likelihood loss of the local engine."""
        del num_items_in_batch, return_outputs
        ids, labels = inputs["input_ids"], inputs["labels"][:, 1:]
        logits = model(
            input_ids=ids, attention_mask=inputs["attention_mask"], use_cache=False
        ).logits[:, :-1]
        mask = (labels != -100).long()
        loss = self._likelihood_loss(logits, labels.clamp(min=0), mask)
        self.lesson.row = {"tokens": int(self.accelerator.gather(mask.sum()).sum())}
        return loss / (self.current_gradient_accumulation_steps if self.model.training else 1)
