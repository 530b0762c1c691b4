"""TRL's trainers with this project's targets: thin subclasses, one for each kind of loss.

They replace the batch that TRL would train on, and leave generation (transformers or vLLM),
sharding, accumulation and checkpoints to TRL. `contract` lists every method used here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import SequentialSampler
from trl import GRPOTrainer, SFTTrainer
from trl.experimental.sdft import SDFTTrainer
from trl.experimental.sdpo import SDPOTrainer

from caopd_bench.train.engines import losses as objectives
from caopd_bench.train.engines.trl.batches import make_tensors
from caopd_bench.train.engines.trl.shared import Shared
from caopd_bench.train.watch.nonfinite import explain

__all__ = ["DemonstrationTrainer", "ImitationTrainer", "RateTrainer", "RewardTrainer"]
__all__ += ["SolutionTrainer"]


class _OnPolicy(Shared):
    """The base of the trainers that sample answers and judge them token by token."""

    def _tokenize_prompts(self, prompts: list[str]) -> list[list[int]]:
        return [self.lesson.prompts[prompt] for prompt in prompts]

    def _prepare_training_batch(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Sample answers, and replace them by the method's targets.

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
        """Return TRL's loss, and record both models' entropy at the stated confidence."""
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
        """Return the local engine's loss: a token that both mask adds 0, where TRL's gives NaN."""
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
    """Distillation from a verified rollout: the teacher sees a right answer of the student's own.

    TRL's own mining of right answers is not used: as in the local engine, `contexts.show_solution`
    decides which answer is shown, and what is shown when no answer is right.
    """


class RateTrainer(_OnPolicy, SDFTTrainer):
    """SFT on success rates: the rollouts of `SDFTTrainer`, with likelihood instead of its loss.

    `SFTTrainer` could only imitate success rates that were estimated before training. Here, as in
    the local engine, they are the current student's.
    """

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> torch.Tensor:
        """Return the likelihood loss of the local engine."""
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


class RewardTrainer(Shared, GRPOTrainer):
    """GRPO and RLCR: TRL's loss and reward logs, with the local engine's advantages.

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


class ImitationTrainer(Shared, SFTTrainer):
    """SFT: the loss is averaged over an answer's tokens, then over answers, as in the local engine.

    `SFTTrainer` averages over all tokens, so that long answers count more.
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
        """Return the likelihood loss of the local engine."""
        del num_items_in_batch, return_outputs
        ids, labels = inputs["input_ids"], inputs["labels"][:, 1:]
        logits = model(
            input_ids=ids, attention_mask=inputs["attention_mask"], use_cache=False
        ).logits[:, :-1]
        mask = (labels != -100).long()
        loss = self._likelihood_loss(logits, labels.clamp(min=0), mask)
        self.lesson.row = {"tokens": int(self.accelerator.gather(mask.sum()).sum())}
        return loss / (self.current_gradient_accumulation_steps if self.model.training else 1)
