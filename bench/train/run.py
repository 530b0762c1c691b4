"""Run a training: prepare its folder, call its engine, and report in one line why it stopped."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError, writing
from caopd_bench.core.files.folders import only_writer
from caopd_bench.core.files.parts import is_part
from caopd_bench.core.files.write import replace_file
from caopd_bench.core.privacy.clean import clean_settings
from caopd_bench.core.privacy.credentials import clean_name
from caopd_bench.core.process.exits import ExitCode
from caopd_bench.core.terminal import inline
from caopd_bench.train.checkpoints import PROVENANCE, find_checkpoint, find_last, finish
from caopd_bench.train.errors import TrainingError
from caopd_bench.train.loading import has_chat_template, load_model, place_model
from caopd_bench.train.memory import keep_freed_memory
from caopd_bench.train.provenance import describe_run
from caopd_bench.train.questions.questions import load_run_questions
from caopd_bench.train.settings import TrainSettings, make_settings
from caopd_bench.train.watch.history import HISTORY, excluded_share
from caopd_bench.train.watch.outcome import describe_movement, next_commands
from caopd_bench.train.watch.progress import Progress, tracking

__all__ = ["SETTINGS_FILE", "is_first", "prepare_folder", "run", "run_engine"]

SETTINGS_FILE = "settings.json"
#: A run warns at its end if a larger share of its rollouts was excluded.
MOSTLY = 0.5
#: torch's error texts when a model has no entry for a token or a position.
OUTSIDE = "index out of range in self"

Row = dict[str, Any]


def run(
    settings: TrainSettings,
    output: Path,
    say: Callable[[str], None],
    *,
    resume: bool = False,
    tracker: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> ExitCode:
    """Train into a folder, print its name, and return the exit code: 0 done, 1 or 130 stopped.

    Parameters
    ----------
    settings : TrainSettings
        Settings of the run.
    output : Path
        A new folder, or with `resume` the folder of a stopped run.
    say : callable
        Receives lines for the user.
    resume : bool
        Whether to continue a stopped run.
    tracker : str, optional
        "trackio" or "wandb".
    extra : mapping, optional
        Further options of TRL's trainer.
    """
    with only_writer(output) if is_first() else nullcontext():
        prepared = prepare_folder(settings, output, resume=resume)
        if prepared is None:
            say(f"{output}: already finished; nothing to resume")
            return ExitCode.DONE
        try:
            docs = load_run_questions(prepared)
            provenance = describe_run(prepared, docs)
            config = clean_settings(asdict(prepared)).value
            with tracking(tracker if is_first() else None, clean_name(output.name), config) as log:
                steps = prepared.steps
                say(f"{prepared.method} on {prepared.model}: {len(docs)} questions, {steps} steps")
                if resume:
                    last = find_checkpoint(prepared.engine, output)
                    new = "no checkpoint yet; starting from the first step"
                    say(f"resuming from {last}" if last else new)
                train = partial(run_engine, prepared, output, docs, provenance)
                train = partial(train, Progress(steps, log, say), resume=resume, extra=extra)
                code = _run(train, prepared, output, say)
        except UsageError:
            if not resume:
                _forget(output)
            raise
        if code is ExitCode.DONE and is_first():
            share = excluded_share(output / HISTORY)
            if share > MOSTLY:
                say(
                    f"warning: {share:.0%} of the rollouts were excluded; {HISTORY} gives the "
                    "reasons"
                )
            for line in describe_movement(output / HISTORY):
                say(line)
            print(inline(output), flush=True)
            chat = has_chat_template(output) if settings.chat is None else settings.chat
            for line in next_commands(output, settings.task, chat=chat, levels=settings.levels):
                say(line)
        return code


def is_first() -> bool:
    """Return whether this is the only process, or the first that a launcher started."""
    return os.environ.get("RANK", "0") == "0"


def prepare_folder(settings: TrainSettings, output: Path, *, resume: bool) -> TrainSettings | None:
    """Create the output folder, or check that it is this run's; return None if the run is done.

    A resumed run uses the recorded thread count, since another one would change rounding in sums.
    """
    import torch

    file = output / SETTINGS_FILE
    if resume:
        return _check_resumable(settings, output)
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    if not is_first():
        return settings  # the first process prepares the folder
    if output.exists() and (not output.is_dir() or _holds_files(output)):
        hint = "add --resume to continue the run" if file.exists() else "give a new folder"
        raise UsageError(f"{output}: exists and is not empty; {hint}")
    settings = replace(settings, threads=torch.get_num_threads())
    text = json.dumps(asdict(settings), indent=1, sort_keys=True) + "\n"
    with writing(output):
        output.mkdir(parents=True, exist_ok=True)
        replace_file(file, text.encode())
    return settings


def _holds_files(folder: Path) -> bool:
    """Return whether a folder holds anything except leftovers of a killed command."""
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
    for name, value in asdict(settings).items():
        if name == "threads" and value is None:
            continue
        # A run of an earlier release lacks later settings, so it has their defaults.
        begun = known.get(name, getattr(TrainSettings, name, None))
        if value != begun:
            raise UsageError(
                f"{name}: {value!r}, but {output} was started with {begun!r}; give the same "
                "settings, or a new folder"
            )
    torch.set_num_threads(threads)
    done = output / PROVENANCE
    if done.exists() and find_checkpoint(known["engine"], output) is None:
        if is_first():
            finish(output)  # the run may have been killed while finishing
        return None
    return make_settings(known)


def _forget(output: Path) -> None:
    """Remove the files of a run that could not start, so that a corrected command can run."""
    (output / SETTINGS_FILE).unlink(missing_ok=True)
    if output.is_dir() and not any(output.iterdir()):
        output.rmdir()


def run_engine(
    settings: TrainSettings,
    output: Path,
    docs: Sequence[Mapping[str, Any]],
    provenance: dict[str, Any],
    log: Callable[[Row], None] = lambda _row: None,
    *,
    resume: bool = False,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Train with the settings' engine into a prepared folder; `log` receives the rows."""
    if settings.engine == "trl":
        from caopd_bench.train.engines.trl.engine import run_trl

        run_trl(settings, output, provenance, log, extra=extra, resume=resume)
        return
    from caopd_bench.train.engines.local import Trainer

    keep_freed_memory()
    begun = find_last(output) if resume else None
    model, tokenizer = load_model(str(begun or settings.model))
    trainer = Trainer(settings, place_model(model), tokenizer, docs)
    trainer.run(output, provenance, log, resume=resume)


def _run(
    train: Callable[[], None], settings: TrainSettings, output: Path, say: Callable[[str], None]
) -> ExitCode:
    """Let an engine train, and report the reason if it stopped early."""
    try:
        train()
    except BrokenPipeError:  # the reader of our output is gone
        raise
    except (TrainingError, MemoryError, OSError, RuntimeError, ValueError, IndexError) as error:
        if isinstance(error, IndexError) and str(error) != OUTSIDE:
            raise
        say(_word_stop(error, output, settings))
        return ExitCode.FAILED
    except KeyboardInterrupt:
        say(_word_stop(TrainingError("stopped"), output, settings))
        return ExitCode.INTERRUPTED
    return ExitCode.DONE


def _word_stop(error: BaseException, output: Path, settings: TrainSettings) -> str:
    """Describe in one line why the run stopped and what is left of it."""
    last = find_checkpoint(settings.engine, output)
    if getattr(error, "unchanged", False):
        left = f"the model is unchanged and was not written; {output / HISTORY} lists the steps"
    elif last:
        left = f"the last checkpoint is {last}; --resume continues from it"
    else:
        left = f"there is no checkpoint yet (save_every is {settings.save_every})"
    return f"caopd-bench train: {_explain(error)}; {left}"


def _explain(error: BaseException) -> str:
    text = str(error).strip().splitlines() or [type(error).__name__]
    said = text[0].rstrip(".;")
    is_full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    if is_full or "No space left" in str(error):
        return "the disk is full; free some space"
    is_short = isinstance(error, MemoryError) or "alloc" in said or "out of memory" in said.lower()
    if is_short:
        return "out of memory; lower micro_batch and sample_batch, or set gradient_checkpointing"
    if said == OUTSIDE:
        return (
            "a prompt and its answer have more tokens than the model has positions, or contain a "
            "token outside its vocabulary; lower max_new_tokens, or choose a task with shorter "
            "prompts"
        )
    return said
