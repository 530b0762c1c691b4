"""The `trl` engine: run the same methods on several GPUs with TRL's trainers.

It brings accelerate (FSDP, DeepSpeed), vLLM rollouts and PEFT; `docs/train-gpus.md` has the
commands. Targets and losses are the local engine's: `batches` and `trainers` show where each is
hooked in, and `tests/bench/train/trl/test_trl.py` checks that the two engines agree.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.train.checkpoints import (
    STATE,
    TEACHER,
    TRL_CHECKPOINTS,
    find_checkpoint,
    save_model,
)
from caopd_bench.train.engines.schedule import drop_nothing
from caopd_bench.train.engines.trl.contract import check_trl
from caopd_bench.train.engines.trl.options import (
    check_extra,
    choose_trainer,
    share_settings,
)
from caopd_bench.train.engines.trl.refusals import (
    check_precision,
    check_settings,
    find_kind,
    probe_method,
)
from caopd_bench.train.loading import load_model
from caopd_bench.train.methods import METHODS
from caopd_bench.train.questions.fit import check_fit
from caopd_bench.train.questions.questions import load_run_questions
from caopd_bench.train.rollouts.means import Means
from caopd_bench.train.rollouts.targets import Method
from caopd_bench.train.settings import TrainSettings
from caopd_bench.train.text.codec import Codec, find_end_ids
from caopd_bench.train.watch.history import HISTORY, History

__all__ = ["build_trainer", "run_trl"]

Row = dict[str, Any]


def run_trl(
    settings: TrainSettings,
    output: Path,
    provenance: Mapping[str, Any],
    say: Callable[[Row], None] = lambda _row: None,
    *,
    extra: Mapping[str, Any] | None = None,
    resume: bool = False,
) -> None:
    """Train with TRL, and leave an ordinary model folder in `output`.

    Parameters are those of `run.run_engine`; `extra` holds options of TRL's configuration
    (`use_vllm`, `vllm_mode`, `report_to`, ...) and `peft`, the rank of a LoRA adapter. `refusals`
    lists what is refused.

    Raises
    ------
    UsageError
        For a method, an option or a TRL release that cannot be used.
    TrainingError
        If the loss is not finite, or there is nothing to learn from (`watch.updates`).
    """
    checkpoint = find_checkpoint("trl", output) if resume else None
    trainer = build_trainer(settings, output, say, extra=extra, checkpoint=checkpoint)
    watch = trainer.lesson.watch
    if trainer.accelerator.is_main_process:
        done = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
        trainer.history = History(output / HISTORY, after_step=done)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    steps = int(trainer.state.global_step)
    watch.check_end(steps)
    _write(trainer, output, {**provenance, **watch.describe(steps)})


def build_trainer(
    settings: TrainSettings,
    output: Path,
    say: Callable[[Row], None] = lambda _row: None,
    *,
    extra: Mapping[str, Any] | None = None,
    checkpoint: Path | None = None,
) -> Any:
    """Build a method's trainer; parameters as in `run_trl`, and `checkpoint` to resume from."""
    method = METHODS[settings.method]
    kind = find_kind(method)
    check_settings(settings, method)
    check_trl()
    from accelerate.utils import set_seed
    from datasets import Dataset
    from transformers import PrinterCallback

    from caopd_bench.train.engines.trl.batches import Lesson

    options = dict(extra or {})
    rank = options.pop("peft", None)
    trainer_class, config_class, chosen = choose_trainer(settings, method)
    answers = settings.prompts_per_step * (1 if kind == "imitation" else settings.k)
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    chosen |= share_settings(settings, output, answers, processes)
    # transformers renamed this option.
    names = [field.name for field in dataclasses.fields(config_class)]
    word = "activation" if "activation_checkpointing" in names else "gradient"
    chosen[f"{word}_checkpointing"] = settings.gradient_checkpointing
    config = config_class(**chosen, **check_extra(options, chosen, config_class, kind))
    check_precision(settings, config)
    if config.n_gpu > 1:
        raise UsageError(
            f"engine: trl sees {config.n_gpu} GPUs from one process; start it with "
            "`accelerate launch -m caopd_bench train ...`"
        )
    adapter = _make_adapter(rank, config, resumed=checkpoint is not None)
    docs = load_run_questions(settings)
    model, tokenizer = load_model(settings.model)
    if checkpoint is not None and (checkpoint / TEACHER).is_dir():
        # TRL loads the teacher from this path, before it shards the student.
        model.config._name_or_path = str(checkpoint / TEACHER)
    codec = Codec(tokenizer, chat=settings.chat, end_ids=find_end_ids(model))
    probe_method(method, docs, codec, settings)
    check_fit(model, codec, docs, settings.task, settings.model)
    lesson = Lesson(settings, docs, codec)
    if checkpoint is not None:
        kept = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
        lesson.means = Means.read(kept)
        lesson.watch.restore(kept, int(checkpoint.name.rpartition("-")[2]))
    drop_nothing(model)
    given, model.generation_config = model.generation_config, _plain(model.generation_config)
    columns = lesson.likelihood_columns() if kind == "imitation" else lesson.columns()
    trainer = trainer_class(
        model=model,
        args=config,
        train_dataset=Dataset.from_dict(columns),
        processing_class=tokenizer,
        peft_config=adapter,
        lesson=lesson,
        say=say,
        **_make_rewards(method, codec),
    )
    trainer.generation = given
    trainer.remove_callback(PrinterCallback)  # prints every step to standard output
    # Seed each process differently: SDFTTrainer seeds all alike, and a question that is split
    # over two processes would get the same rollouts twice.
    set_seed(settings.seed, device_specific=True)
    return trainer


def _make_adapter(rank: Any, config: Any, *, resumed: bool) -> Any:
    """Return the configuration of a LoRA adapter; None without one."""
    if rank is None:
        return None
    if not isinstance(rank, int) or isinstance(rank, bool) or rank < 1:
        raise UsageError(f"--trl peft: must be the rank of a LoRA, such as 16, got {rank!r}")
    if os.environ.get("ACCELERATE_USE_FSDP") == "true" or config.deepspeed:
        raise UsageError("--trl peft: cannot be merged from shards; use it without FSDP, DeepSpeed")
    if resumed and getattr(config, "teacher_model_kind", "") == "ema":
        raise UsageError("--resume: TRL does not save a LoRA's moving teacher; set teacher_ema 0")
    try:
        from peft import LoraConfig
    except ImportError as error:
        raise UsageError("--trl peft: pip install peft first") from error
    return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", bias="none")


def _make_rewards(method: Method, codec: Codec) -> dict[str, Any]:
    """Return the reward functions for the trainers that need them.

    TRL only logs these rewards: training uses the advantages of the method's targets.
    """
    from caopd_bench.train.engines.trl.rewards import MethodReward

    if method.loss == "policy" or method.shows == "rollout":
        return {"reward_funcs": [MethodReward(method.reward, codec.end_ids)]}
    return {}


def _plain(config: Any) -> Any:
    """Drop a model's generation settings, except the tokens that begin, pad and end a text.

    The others (`min_p`, `bad_words_ids`, ...) would shape the rollouts, whereas the local engine
    draws them from the model's own distribution.
    """
    from transformers import GenerationConfig

    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    return GenerationConfig(**{name: getattr(config, name, None) for name in names})


def _write(trainer: Any, output: Path, provenance: Mapping[str, Any]) -> None:
    """Write the model from the main process, and delete the checkpoints."""
    accelerator = trainer.accelerator
    model = accelerator.unwrap_model(trainer.model_wrapped)
    if hasattr(model, "merge_and_unload"):
        plain = model.merge_and_unload() if accelerator.is_main_process else None
        if plain is not None:
            plain.generation_config = trainer.generation
    else:
        model.generation_config = trainer.generation
        weights = accelerator.get_state_dict(trainer.model_wrapped)  # gathered from all shards
        plain = SimpleNamespace(save_pretrained=partial(model.save_pretrained, state_dict=weights))
    if accelerator.is_main_process:
        save_model(output, plain, trainer.lesson.codec.tokenizer, provenance)
        shutil.rmtree(output / TRL_CHECKPOINTS, ignore_errors=True)
    accelerator.wait_for_everyone()
