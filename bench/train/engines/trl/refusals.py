"""Refuse, before the first step, any run that the `trl` engine could not train as requested.

The local engine follows every field of a method and its targets. TRL's trainers have no place for
some of them, and would ignore them silently. The kind of trainer determines which ones; the
method's fields, never its name, determine the kind:

============  =================  =========  ============================================
kind          `Method.loss`      `samples`  trainer
============  =================  =========  ============================================
imitation     likelihood         no         SFTTrainer: a fixed data set
rate          likelihood         yes        SDFTTrainer's rollouts, likelihood as its loss
distillation  divergence         yes        SDFTTrainer, SDPOTrainer
rewards       policy             yes        GRPOTrainer: one advantage a rollout
============  =================  =========  ============================================

A table in docs/train-gpus.md lists what each kind refuses. A method's targets are checked before
training, with made-up rollouts (`probe_method`), and in every step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from caopd_bench.core.errors import UsageError
from caopd_bench.tasks.ask.documents import demonstrate
from caopd_bench.train.rollouts.judge import Group, Rollout, judge_rollout, make_groups
from caopd_bench.train.rollouts.targets import Doc, Method, Recipe, Target, check_targets
from caopd_bench.train.settings import TrainSettings
from caopd_bench.train.text.codec import Codec

__all__ = ["Kind", "check_option", "check_precision", "check_settings", "find_kind"]
__all__ += ["probe_method", "refuse_targets"]

Kind = Literal["imitation", "rate", "distillation", "rewards"]
#: Options of TRL and transformers that would have no effect, with their replacements.
WITHOUT_EFFECT: dict[str, tuple[str, ...]] = {
    "the schedule is that of warmup and learning_rate": (
        *("lr_scheduler_type", "lr_scheduler_kwargs", "warmup_steps", "num_train_epochs"),
    ),
    "the questions' order follows from seed": (
        *("data_seed", "train_sampling_strategy", "ignore_data_skip"),
    ),
    "the batches follow from prompts_per_step, k and micro_batch": (
        *("auto_find_batch_size", "steps_per_generation"),
    ),
    "a checkpoint holds what --resume needs": ("save_only_model",),
    "precision is a setting": ("fp16", "bf16_full_eval", "fp16_full_eval"),
    "a row a step is what training.csv holds": (
        *("logging_strategy", "logging_first_step", "logging_steps"),
        *("include_num_input_tokens_seen", "skip_memory_metrics"),
    ),
    "prompts are those of the task, laid out by chat": (
        *("chat_template_kwargs", "chat_template_path", "dataset_text_field", "dataset_kwargs"),
        *("dataset_num_proc", "eos_token", "pad_token", "truncation_mode"),
        *("completion_only_loss", "assistant_only_loss"),
    ),
    "what the teacher sees follows from the method": (
        *("teacher_prompt_template", "generate_from_teacher", "use_teacher_server"),
        *("reprompt_template", "solution_template", "feedback_template", "max_reprompt_len"),
        *("use_successful_as_teacher", "success_reward_threshold", "dont_reprompt_on_self_success"),
        *("include_environment_feedback", "environment_feedback_only_without_solution"),
        "remove_thinking_from_demonstration",
    ),
    "the divergence is over the whole vocabulary": ("distillation_topk", "distillation_add_tail"),
    "the loss is the method's": (
        *("label_smoothing_factor", "average_tokens_across_devices"),
        *("packing_strategy", "padding_free", "eval_packing"),
    ),
    "the advantages are the method's": ("reward_weights", "multi_objective_aggregation"),
    "GRPO's own loss has no such term": (
        *("sync_ref_model", "ref_model_mixup_alpha", "ref_model_sync_steps"),
        *("use_bias_correction_kl", "sapo_temperature_neg", "sapo_temperature_pos"),
        *("vespo_k_pos", "vespo_lambda_pos", "vespo_k_neg", "vespo_lambda_neg"),
    ),
    "there is no evaluation while training": (
        *("do_eval", "eval_strategy", "eval_steps", "eval_delay", "eval_on_start"),
        *("load_best_model_at_end", "metric_for_best_model", "num_generations_eval"),
        "per_device_eval_batch_size",
    ),
    "the model is loaded in float32 from model": ("model_init_kwargs", "resume_from_checkpoint"),
    "gradient_checkpointing is a setting": ("activation_checkpointing", "gradient_checkpointing"),
}
#: Options of SDPO's own policy loss, which has no part in the loss here (distillation's weight
#: is 1).
_OF_POLICY = (
    *("beta", "epsilon", "epsilon_high", "importance_sampling_level", "loss_type"),
    *("mask_truncated_completions", "scale_rewards"),
)


def find_kind(method: Method) -> Kind:
    """Return the kind of trainer from the method's loss and whether it samples.

    Raises
    ------
    UsageError
        If TRL has no such trainer.
    """
    if method.loss == "likelihood":
        return "rate" if method.samples else "imitation"
    if not method.samples:
        raise _refusal(
            method, "samples", f"is False, and TRL's trainers of the loss {method.loss!r} sample"
        )
    return "distillation" if method.loss == "divergence" else "rewards"


def check_settings(settings: TrainSettings, method: Method) -> None:
    """Refuse settings that TRL has no place for."""
    if settings.sample_batch != TrainSettings.sample_batch:
        raise UsageError(
            f"sample_batch: {settings.sample_batch}, but the trl engine samples all answers of a "
            "process at once; leave it out, or use --engine local"
        )
    if settings.confidence_weight != TrainSettings.confidence_weight:
        raise UsageError(
            f"confidence_weight: {settings.confidence_weight:g}, but the losses of the trl engine "
            "weigh all tokens 1; leave it out, or use --engine local"
        )
    if method.loss == "policy" and settings.k < 2:
        raise UsageError(
            f"k: {method.name} compares rollouts and needs 2 or more with the trl engine, got 1"
        )


def check_precision(settings: TrainSettings, config: Any) -> None:
    """Refuse a precision other than the run's: accelerate's own setting would override it."""
    wanted = {"float32": "no", "bfloat16": "bf16"}[settings.precision]
    found = getattr(config, "mixed_precision", wanted)
    if found != wanted:
        raise UsageError(
            f"precision: {settings.precision}, but accelerate was started with mixed_precision "
            f"{found}; start it with {wanted}, or choose another precision"
        )


def check_option(name: str, kind: Kind) -> None:
    """Refuse an option of `--trl` that would have no effect."""
    reasons = {name: why for why, names in WITHOUT_EFFECT.items() for name in names}
    if kind == "distillation":
        reasons |= dict.fromkeys(_OF_POLICY, "a distillation has no policy loss")
    if kind in ("imitation", "rate"):
        reasons["loss_type"] = "the loss is the method's"
    if name in reasons:
        raise UsageError(f"--trl {name}: has no effect here: {reasons[name]}; leave it out")


def refuse_targets(
    method: Method, groups: Sequence[Group], targets: Sequence[Target], codec: Codec
) -> None:
    """Refuse targets that TRL could not train exactly as they are.

    Parameters
    ----------
    method : Method
        The method that made the targets.
    groups : sequence of Group
        All questions of a step, with their rollouts.
    targets : sequence of Target
        The method's targets for these groups.
    codec : Codec
        Encodes the questions' own prompts.

    Raises
    ------
    UsageError
        If a target has a field that TRL ignores; names the method, the field and the alternative.
    """
    check_targets(method, targets)
    kind = find_kind(method)
    if kind != "rewards":
        if any(target.weights is not None for target in targets):
            raise _refusal(method, "weights", f"TRL's loss of {method.loss!r} weighs all tokens 1")
        if kind == "imitation" and len(targets) != len(groups):
            raise _refusal(
                method,
                "make_targets",
                f"made {len(targets)} targets of {len(groups)} questions; TRL's data set has one "
                "of each",
            )
        return
    rollouts = [(group.doc, rollout) for group in groups for rollout in group.rollouts]
    if len(targets) != len(rollouts):
        raise _refusal(
            method,
            "make_targets",
            f"made {len(targets)} targets of {len(rollouts)} rollouts; GRPO has one of each",
        )
    for target, (doc, rollout) in zip(targets, rollouts, strict=True):
        if target.prompt != codec.encode_prompt(doc):
            raise _refusal(method, "prompt", "GRPO trains on the question's own")
        if target.completion != rollout.ids:
            raise _refusal(method, "completion", "GRPO trains on the rollout as it was sampled")
        if len(set(target.weights or ())) > 1:
            raise _refusal(
                method, "weights", "differ within an answer; GRPO has one advantage a rollout"
            )


def probe_method(
    method: Method, docs: Sequence[Doc], codec: Codec, settings: TrainSettings
) -> None:
    """Let a method make targets from made-up rollouts, and refuse any that TRL could not follow.

    The rollouts of two questions are right and wrong ones, each with a different confidence, and
    one per question that was cut off by its token budget.
    """
    some, rollouts = list(docs[:2]), []
    for doc in some if method.samples else ():
        rollouts += [_make_up(doc, codec, place, settings.k) for place in range(settings.k)]
    groups = (
        make_groups(
            some,
            rollouts,
            settings.k,
            estimate=settings.estimate,
            source=settings.target_from,
        )
        if method.samples
        else [Group(doc, [], []) for doc in some]
    )
    recipe = Recipe(codec, settings, 0.5 if method.samples else float("nan"))
    refuse_targets(method, groups, method.make_targets(groups, recipe), codec)


def _make_up(doc: Mapping[str, Any], codec: Codec, place: int, k: int) -> Rollout:
    """Make up one of K rollouts: the gold answer, judged right or wrong by its index."""
    ids = codec.encode_answer(demonstrate(doc, f"0.{10 + place % 90}"), doc["style"])
    text = codec.decode(codec.split_end(ids)[0])
    finished = place < max(2, k - 1)
    return judge_rollout(doc, ids, text, finished=finished)._replace(correct=int(place % 2 == 0))


def _refusal(method: Method, field: str, why: str) -> UsageError:
    return UsageError(
        f"method {method.name}: {field}: {why}; {method.name} runs on engine local only "
        "(--engine local)"
    )
