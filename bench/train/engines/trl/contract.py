"""Check, before a run begins, that TRL still has everything the `trl` engine relies on.

TRL's self-distillation trainers are experimental: their private methods move between minor
releases. One release is pinned, and every method that is overridden or called is looked up with
the parameters it is expected to have, so that a change causes a one-line error and not wrong
numbers.
"""

from __future__ import annotations

import dataclasses
import inspect
import os
from importlib import import_module
from typing import NamedTuple

from caopd_bench.core.errors import UsageError

__all__ = ["VERSION", "Hooks", "check_trl"]

#: The minor release that the engine was written against and tested with.
VERSION = "1.16"

Parameters = tuple[str, ...]
#: The hook of transformers that lets a step be skipped when there is nothing to learn from.
SKIPPING = "on_pre_optimizer_step"


class Hooks(NamedTuple):
    """The methods, with their parameters, and the configuration options used of one trainer."""

    module: str
    trainer: str
    config: str
    methods: dict[str, Parameters]
    options: Parameters


_TRAINER: dict[str, Parameters] = {
    "compute_loss": ("model", "inputs", "return_outputs", "num_items_in_batch"),
    "log": ("logs", "start_time"),
    "_save_checkpoint": ("model", "trial"),
    "create_scheduler": ("num_training_steps", "optimizer"),
    "get_decay_parameter_names": ("model",),
    "_send_telemetry": (),
}
_DISTILLING: dict[str, Parameters] = {
    **_TRAINER,
    "_prepare_training_batch": ("inputs",),
    "sample_rollouts": ("inputs",),
    "_tokenize_prompts": ("prompts",),
    "_generate": ("prompt_ids",),
    "_get_completion_ids_list": ("batch",),
    "_record_completion_metrics": ("mode", "batch"),
    "_compute_self_distillation_loss": ("model", "inputs", "distillation_logits"),
    "_forward_logits": ("model", "input_ids", "attention_mask", "logits_to_keep"),
    "_setup_teacher_model": (),
}
_DISTILLATION_OPTIONS = (
    *("teacher_model_kind", "teacher_update_rate", "teacher_sync_steps", "distillation_mode"),
    *("distillation_alpha", "distillation_is_clip", "num_generations", "generation_batch_size"),
    *("max_prompt_length", "max_completion_length", "shuffle_dataset", "temperature"),
    *("num_iterations", "disable_dropout", "use_vllm"),
)
HOOKS = (
    Hooks("trl.experimental.sdft", "SDFTTrainer", "SDFTConfig", _DISTILLING, _DISTILLATION_OPTIONS),
    Hooks(
        "trl.experimental.sdpo",
        "SDPOTrainer",
        "SDPOConfig",
        _DISTILLING,
        (*_DISTILLATION_OPTIONS, "distillation_weight"),
    ),
    Hooks(
        "trl",
        "GRPOTrainer",
        "GRPOConfig",
        {
            **_TRAINER,
            "_tokenize_prompts": ("prompts",),
            "_generate_single_turn": (
                *("prompt_ids", "images", "multimodal_fields", "num_generations"),
                "has_tool_images",
            ),
            "_generate_and_score_completions": ("inputs",),
        },
        (
            *("num_generations", "generation_batch_size", "max_completion_length", "temperature"),
            *("shuffle_dataset", "loss_type", "scale_rewards", "beta", "num_iterations"),
            *("disable_dropout", "use_vllm", "vllm_importance_sampling_correction"),
        ),
    ),
    Hooks(
        "trl",
        "SFTTrainer",
        "SFTConfig",
        {**_TRAINER, "_get_train_sampler": ("train_dataset",)},
        ("max_length", "packing", "shuffle_dataset"),
    ),
)


def check_trl() -> None:
    """Check that TRL is the pinned release and has every hook the engine uses.

    Raises
    ------
    UsageError
        If the version differs, or a hook is missing or has other parameters; names it.
    """
    try:
        trl = import_module("trl")
    except ImportError as error:
        raise UsageError(
            f'engine: trl cannot be imported ({error}); pip install "trl=={VERSION}.*"'
        ) from error
    if not str(trl.__version__).startswith(f"{VERSION}."):
        raise UsageError(
            f"engine: trl {trl.__version__} is installed, this engine is for {VERSION}.*; "
            f'pip install "trl=={VERSION}.*", or use engine local'
        )
    # A pinned and checked release does not need this warning; a user's own setting is kept.
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    for hooks in HOOKS:
        _check(hooks)
    if not hasattr(import_module("transformers").TrainerCallback, SKIPPING):
        raise _moved(f"TrainerCallback.{SKIPPING}", "is gone")


def _check(hooks: Hooks) -> None:
    try:
        module = import_module(hooks.module)
        trainer, config = getattr(module, hooks.trainer), getattr(module, hooks.config)
    except (ImportError, AttributeError) as error:
        raise _moved(f"{hooks.module}.{hooks.trainer}", f"cannot be imported: {error}") from error
    for name, expected in hooks.methods.items():
        method = getattr(trainer, name, None)
        if method is None:
            raise _moved(f"{hooks.trainer}.{name}", "is gone")
        found = tuple(inspect.signature(method).parameters)[1:]
        if found != expected:
            raise _moved(
                f"{hooks.trainer}.{name}",
                f"takes ({', '.join(found)}) and not ({', '.join(expected)})",
            )
    known = {field.name for field in dataclasses.fields(config)}
    for name in hooks.options:
        if name not in known:
            raise _moved(f"{hooks.config}.{name}", "is gone")


def _moved(hook: str, what: str) -> UsageError:
    return UsageError(
        f"engine: TRL's {hook} {what}; this engine is for trl {VERSION}.*: install that release, "
        "or use engine local"
    )
