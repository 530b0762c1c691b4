"""The code that all of TRL's trainers here share: rows, schedule, checkpoints.

Three of their defaults would make the run differ from the local engine's, and are overridden: the
loss uses untempered logits, the learning rate is `schedule.learning_rate`, and weight decay applies
to all weights. No telemetry is sent (`_send_telemetry`).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from caopd_bench.core.files.folders import sync_tree
from caopd_bench.core.files.write import replace_file
from caopd_bench.train.checkpoints import STATE, TEACHER
from caopd_bench.train.engines import losses as objectives
from caopd_bench.train.engines.schedule import learning_rate
from caopd_bench.train.engines.trl.batches import Lesson
from caopd_bench.train.errors import TrainingError
from caopd_bench.train.watch.history import History
from caopd_bench.train.watch.nonfinite import LOWER, explain

__all__ = ["Shared"]


class _SkipIdle(TrainerCallback):
    """Keep the optimizer from taking a step when there is nothing to learn from.

    AdamW leaves parameters without a gradient alone, averages included; with a gradient of 0 it
    would still follow its momentum. DeepSpeed takes its step before this is called.
    """

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Remove the gradients."""
        del args, state, control
        if self.lesson.idle is not None:
            for parameter in kwargs["model"].parameters():
                parameter.grad = None


class Shared:
    """The base class of all the trainers.

    Parameters
    ----------
    lesson : Lesson
        The questions, and the conversion of answers into targets.
    say : callable
        Receives each step's row, on the main process.
    history : History, optional
        Receives each step's row as well.
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
        self._entropies = [0.0, 0.0, 0.0]  # sums: student, teacher, tokens
        self._why = ""  # why the loss is not finite, as seen by this process
        self._since = time.perf_counter()
        super().__init__(*args, **kwargs)
        self.add_callback(_SkipIdle(lesson))
        # The generation options already hold the rollouts' temperature. This attribute divides the
        # logits in the loss, which the local engine leaves undivided.
        self.temperature = 1.0

    def _send_telemetry(self) -> None:
        """Send no telemetry."""

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Create the local engine's schedule."""
        del num_training_steps
        if self.lr_scheduler is None:
            settings = self.lesson.settings
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
                optimizer if optimizer is not None else self.optimizer,
                lambda step: learning_rate(step, settings) / settings.learning_rate,
            )
        return self.lr_scheduler

    def get_decay_parameter_names(self, model: Any) -> list[str]:
        """Return the names of all weights, so that all decay alike."""
        return [name for name, _ in model.named_parameters()]

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Record the step's row, and stop when the loss is not finite."""
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
        """Return the local engine's likelihood loss: the mean over this process's answers."""
        values = objectives.likelihood(logits, ids)
        loss = objectives.mean_of_means(values, mask) / len(ids)
        if not bool(loss.isfinite()):
            self._why = explain(values, mask, logits, ids)
        return loss

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Save the teacher as well, since TRL would resume a run with the initial teacher.

        Nothing is saved until a step has updated the model.
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
            text = json.dumps({**lesson.means.values(), **lesson.watch.values()})
            sync_tree(folder)
            replace_file(folder / STATE, text.encode())
