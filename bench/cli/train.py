"""`caopd-bench train`: read the settings, prepare the folder, run an engine, say what happened."""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caopd_bench.cli.train_options import SETTINGS
from caopd_bench.core.errors import UsageError, writing
from caopd_bench.core.extras import require
from caopd_bench.core.files.folders import only_writer
from caopd_bench.core.files.parts import is_part
from caopd_bench.core.files.write import replace_file
from caopd_bench.core.privacy.clean import clean_settings
from caopd_bench.core.privacy.credentials import clean_name
from caopd_bench.core.process.exits import ExitCode
from caopd_bench.core.terminal import inline
from caopd_bench.train.checkpoints import PROVENANCE, find_last, finish
from caopd_bench.train.errors import TrainingError
from caopd_bench.train.pickles import refuse_pickles
from caopd_bench.train.settings import (
    TrainSettings,
    make_settings,
    read_config,
    read_word,
)
from caopd_bench.train.watch.history import HISTORY, excluded_share

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = [
    "SETTINGS_FILE",
    "find_checkpoint",
    "load_model",
    "place_model",
    "prepare_folder",
    "run_train",
]

SETTINGS_FILE = "settings.json"
#: Of more excluded rollouts than this share a run warns at its end.
MOSTLY = 0.5
#: What torch says where a model has no entry for a token or a position.
OUTSIDE = "index out of range in self"


def run_train(options: argparse.Namespace) -> int:
    """Train, and give the exit code: 0 done, 1 stopped, 2 usage, 130 stopped by Ctrl-C."""
    values = collect_settings(options)
    if values.get("method") == "pretrain":
        require("train", "torch", "transformers")
        from caopd_bench.cli.pretrain import run_pretrain

        return run_pretrain(options, values, say=_say)
    for name in ("size", "corpus"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name} is for --method pretrain")
    settings = make_settings(values)
    if options.plan:
        from caopd_bench.train.memory_plan import print_plan

        return print_plan(settings, gpus=options.gpus, gpu_gb=options.gpu_gb)
    if options.output is None:
        raise UsageError("--output: name the new folder of the checkpoint")
    if options.trl and settings.engine != "trl":
        raise UsageError("--trl is for --engine trl")
    refuse_pickles(settings.model)
    require("train", "torch", "transformers", *(["trl"] if settings.engine == "trl" else []))
    with only_writer(options.output) if _is_first() else nullcontext():
        prepared = prepare_folder(settings, options.output, resume=options.resume)
        if prepared is None:
            _say(f"{options.output}: already done; nothing to resume")
            return 0
        try:
            return _run(prepared, options)
        except UsageError:
            if not options.resume:
                _forget(options.output)
            raise


def _forget(output: Path) -> None:
    """Take away what a run left that could not begin, so that its mended command can be typed."""
    (output / SETTINGS_FILE).unlink(missing_ok=True)
    if output.is_dir() and not any(output.iterdir()):
        output.rmdir()


def collect_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Put the file's settings and the command line's together; the latter win."""
    values = read_config(options.config) if options.config is not None else {}
    # YAML reads 1e-5 as a word.
    values = {k: read_word(k, v) if isinstance(v, str) else v for k, v in values.items()}
    for group in SETTINGS.values():
        for name, _, _ in group:
            field = name.replace("-", "_")
            word = getattr(options, field)
            if word is not None:
                values[field] = read_word(field, word)
    return values


def prepare_folder(settings: TrainSettings, output: Path, *, resume: bool) -> TrainSettings | None:
    """Make the output folder, or check that it is this run's; None if the run is done.

    A resumed run takes the thread count that was recorded: another one gives other sums.
    """
    import torch

    file = output / SETTINGS_FILE
    if resume:
        return _check_resumable(settings, output)
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    if not _is_first():
        return settings  # the first process prepares the folder
    if output.exists() and (not output.is_dir() or holds_files(output)):
        hint = "add --resume to go on" if file.exists() else "give a new folder"
        raise UsageError(f"{output}: exists and is not empty; {hint}")
    settings = settings.model_copy(update={"threads": torch.get_num_threads()})
    text = json.dumps(settings.model_dump(), indent=1, sort_keys=True) + "\n"
    with writing(output):
        output.mkdir(parents=True, exist_ok=True)
        replace_file(file, text.encode())
    return settings


def holds_files(folder: Path) -> bool:
    """Say whether a folder holds anything but what a killed command of ours left."""
    return any(not is_part(entry.name) for entry in folder.iterdir())


def _check_resumable(settings: TrainSettings, output: Path) -> TrainSettings | None:
    import torch

    file = output / SETTINGS_FILE
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        threads = int(known["threads"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"{output}: nothing to resume here ({SETTINGS_FILE} is missing or damaged)"
        ) from None
    for name, value in settings.model_dump().items():
        if name == "threads" and value is None:
            continue
        if value != known.get(name):
            raise UsageError(
                f"{name}: {value!r}, but {output} was begun with {known.get(name)!r}; give the "
                "same settings, or a new folder"
            )
    torch.set_num_threads(threads)
    done = output / PROVENANCE
    if done.exists() and find_checkpoint(known["engine"], output) is None:
        if _is_first():
            finish(output)  # it may have been killed in the middle of that
        return None
    return make_settings(known)


def find_checkpoint(engine: str, output: Path) -> Path | None:
    """Find the last checkpoint that a stopped run can go on from."""
    if engine == "local":
        return find_last(output)
    from caopd_bench.train.engines.trl.engine import find_checkpoint

    return find_checkpoint(output)


def _is_first() -> bool:
    """Whether this is the only process, or the first of several that a launcher started."""
    return os.environ.get("RANK", "0") == "0"


def _run(settings: TrainSettings, options: argparse.Namespace) -> int:
    from caopd_bench.train.provenance import describe_run
    from caopd_bench.train.questions.questions import load_run_questions
    from caopd_bench.train.watch.progress import Progress
    from caopd_bench.train.watch.reporters import open_reporter

    output: Path = options.output
    docs = load_run_questions(settings)
    provenance = describe_run(settings, docs)
    tracker = options.report_to if _is_first() else None
    config = clean_settings(settings.model_dump()).value
    reporter = open_reporter(tracker, clean_name(output.name), config)
    progress = Progress(settings.steps, reporter.log, _say)
    _say(f"{settings.method} on {settings.model}: {len(docs)} questions, {settings.steps} steps")
    if options.resume:
        last = find_checkpoint(settings.engine, output)
        _say(f"going on from {last}" if last else "no checkpoint yet; starting with the first step")
    try:
        if settings.engine == "trl":
            from caopd_bench.train.engines.trl.engine import run_trl

            extra = dict(_read_pair(word) for word in options.trl)
            run_trl(settings, output, provenance, progress, extra=extra, resume=options.resume)
        else:
            from caopd_bench.train.engines.local import Trainer

            model, tokenizer = load_model(
                str(find_last(output) or settings.model) if options.resume else settings.model
            )
            trainer = Trainer(settings, place_model(model), tokenizer, docs)
            trainer.run(output, provenance, progress, resume=options.resume)
    except BrokenPipeError:  # who reads what is said has gone
        raise
    except (TrainingError, MemoryError, OSError, RuntimeError, ValueError, IndexError) as error:
        if isinstance(error, IndexError) and str(error) != OUTSIDE:
            raise
        _say_stopped(error, output, settings)
        return ExitCode.FAILED
    except KeyboardInterrupt:
        _say_stopped(TrainingError("stopped"), output, settings)
        return ExitCode.INTERRUPTED
    finally:
        reporter.close()
    if _is_first():
        share = excluded_share(output / HISTORY)
        if share > MOSTLY:
            _say(f"warning: {share:.0%} of the rollouts were excluded; {HISTORY} says why")
        print(inline(output))
    return ExitCode.DONE


def load_model(name: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a student in float32, from a folder or the hub: safetensors, and no code of its own.

    Raises
    ------
    UsageError
        If it cannot be loaded, for whatever reason but too little memory.
    """
    refuse_pickles(name)
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        import torch

        safe: dict[str, Any] = {"use_safetensors": True, "trust_remote_code": False}
        model = AutoModelForCausalLM.from_pretrained(name, dtype=torch.float32, **safe)
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except Exception as error:  # torch, transformers and whom they ask raise what they like
        is_short = isinstance(error, RuntimeError) and "alloc" in str(error)
        if is_short or isinstance(error, MemoryError):
            raise
        said = str(error).strip().splitlines() or [type(error).__name__]
        if "use_safetensors" in said[0]:  # advice to switch it off
            said = ["it has no weights in safetensors, and pickled ones are not loaded"]
        raise UsageError(f"model: {name} cannot be loaded: {said[0]}") from error
    return model, tokenizer


def place_model(model: PreTrainedModel) -> PreTrainedModel:
    """Put the model on the first GPU, where there is one."""
    import torch

    return model.to("cuda") if torch.cuda.is_available() else model


def _say_stopped(error: BaseException, output: Path, settings: TrainSettings) -> None:
    """Say in one line what stopped the run and what is left of it."""
    last = find_checkpoint(settings.engine, output)
    if getattr(error, "unchanged", False):
        left = f"the model is unchanged and was not written; {output / HISTORY} lists the steps"
    elif last:
        left = f"the last checkpoint is {last}; --resume goes on from it"
    else:
        left = f"there is no checkpoint yet (save_every is {settings.save_every})"
    _say(f"caopd-bench train: {_explain(error)}; {left}")


def _explain(error: BaseException) -> str:
    text = str(error).strip().splitlines() or [type(error).__name__]
    said = text[0].rstrip(".;")
    is_full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    if is_full or "No space left" in str(error):
        return "the disk is full; make room"
    is_short = isinstance(error, MemoryError) or "alloc" in said or "out of memory" in said.lower()
    if is_short:
        return "out of memory; lower micro_batch and sample_batch, or set gradient_checkpointing"
    if said == OUTSIDE:
        return (
            "a prompt and its answer have more tokens than the model has positions, or a token "
            "that it does not know; lower max_new_tokens, or choose a task with shorter prompts"
        )
    return said


def _read_pair(word: str) -> tuple[str, Any]:
    name, mark, text = word.partition("=")
    if not mark or not name:
        raise UsageError(f"--trl: must be NAME=VALUE, got {word!r}")
    if name in ("hub_token", "push_to_hub_token"):
        # transformers keeps its arguments with the checkpoints (training_args.bin).
        raise UsageError(
            f"--trl {name}: would be written into every checkpoint; set the variable HF_TOKEN"
        )
    try:
        return name, json.loads(text)
    except ValueError:
        return name, text


def _say(line: str) -> None:
    if not _is_first():
        return
    print(inline(line), file=sys.stderr, flush=True)
