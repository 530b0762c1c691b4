"""Translate a run's settings into the configuration of TRL's trainers; check the user's options."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.train.checkpoints import TRL_CHECKPOINTS
from caopd_bench.train.engines.trl.refusals import Kind, check_option, find_kind
from caopd_bench.train.rollouts.targets import Method
from caopd_bench.train.settings import TrainSettings

__all__ = ["check_extra", "choose_trainer", "share_settings"]

#: `distillation_alpha` by divergence, TRL's weight of the teacher: 0 is KL(teacher || student).
ALPHAS = {"forward": 0.0, "reverse": 1.0}


def choose_trainer(settings: TrainSettings, method: Method) -> tuple[Any, Any, dict[str, Any]]:
    """Choose the trainer, its configuration class, and the options that the method fixes."""
    from trl import GRPOConfig, SFTConfig
    from trl.experimental.sdft import SDFTConfig
    from trl.experimental.sdpo import SDPOConfig

    from caopd_bench.train.engines.trl import trainers

    sampled = {
        "num_generations": settings.k,
        "generation_batch_size": settings.prompts_per_step * settings.k,
        "max_completion_length": settings.max_new_tokens,
        "temperature": settings.temperature,
        "num_iterations": 1,
        "shuffle_dataset": False,
        "disable_dropout": True,
    }
    kind = find_kind(method)
    if kind == "imitation":
        likely = {"max_length": None, "packing": False, "shuffle_dataset": False}
        return trainers.ImitationTrainer, SFTConfig, likely
    if kind == "rewards":
        rewarded = {
            **sampled,
            "loss_type": "grpo",
            "beta": 0.0,
            "scale_rewards": "group" if settings.scale_rewards else "none",
            # The ratio needs untempered log-probabilities, which vLLM gives only at temperature 1.
            "vllm_importance_sampling_correction": settings.temperature == 1.0,
        }
        return trainers.RewardTrainer, GRPOConfig, rewarded
    judged = {
        **sampled,
        "max_prompt_length": None,
        "distillation_mode": "full_logits",
        "distillation_alpha": ALPHAS.get(settings.divergence, settings.jsd_beta),
        "distillation_is_clip": None,
        "teacher_model_kind": "ema" if settings.teacher_ema > 0 else "base",
        "teacher_update_rate": settings.teacher_ema,
        "teacher_sync_steps": 1,
    }
    if kind == "rate":
        return trainers.RateTrainer, SDFTConfig, {**judged, "teacher_model_kind": "live"}
    if method.shows == "rollout":
        return trainers.SolutionTrainer, SDPOConfig, {**judged, "distillation_weight": 1.0}
    return trainers.DemonstrationTrainer, SDFTConfig, judged


def share_settings(
    settings: TrainSettings, output: Path, answers: int, processes: int
) -> dict[str, Any]:
    """Return the options that every method shares: batch, optimizer, precision, checkpoints."""
    if answers % processes:
        raise UsageError(
            f"prompts_per_step: a step has {answers} answers, which {processes} processes cannot "
            f"share equally; choose a multiple of {processes}"
        )
    own = answers // processes
    at_once = max(n for n in range(1, min(settings.micro_batch, own) + 1) if own % n == 0)
    return {
        "output_dir": str(output / TRL_CHECKPOINTS),
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": own // at_once,
        "max_steps": settings.steps,
        "learning_rate": settings.learning_rate,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "optim": "adamw_torch_fused",
        "seed": settings.seed,
        "bf16": settings.precision == "bfloat16",
        "save_strategy": "steps",
        "save_steps": settings.save_every,
        "save_total_limit": 2,  # one of which is complete at any moment
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "remove_unused_columns": False,
    }


def check_extra(
    options: Mapping[str, Any], chosen: Mapping[str, Any], config_class: Any, kind: Kind
) -> dict[str, Any]:
    """Check that the extra options exist, have an effect, and contradict no setting."""
    known = {field.name for field in dataclasses.fields(config_class) if field.init}
    for name in options:
        if name in chosen and not name.startswith("vllm_"):
            raise UsageError(f"--trl {name}: this follows from the run's own settings")
        if name not in known:
            close = get_close_matches(name, [*known, "peft"], n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise UsageError(f"--trl {name}: {config_class.__name__} has no such option{hint}")
        check_option(name, kind)
    import torch

    usual = {
        "report_to": "none",
        "disable_tqdm": True,
        "ddp_find_unused_parameters": False,
        "dataloader_pin_memory": torch.cuda.is_available(),
    }
    return {**usual, **options}
