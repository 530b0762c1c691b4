"""Checkpoints: an ordinary model folder, and beside the last one all that resuming needs.

`DIR/last/` is a usable model at every moment: a new one is written beside it and moved into its
place. Its `state/` holds the teacher, the optimizer's averages and small values, in safetensors and
JSON: nothing in it is ever unpickled. Randomness needs no state: each step draws from a generator
of its own, made from the seed and the number of the step.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from caopd_bench.errors import UsageError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = ["PROVENANCE", "Saved", "find_last", "load_state", "save_model", "save_state"]

PROVENANCE = "provenance.json"
LAST, OLD, NEW = "last", ".last-old", ".last-new"


class Saved(NamedTuple):
    """What resuming needs besides the weights of the student."""

    step: int
    teacher: dict[str, torch.Tensor]
    optimizer: dict[str, torch.Tensor]
    values: dict[str, Any]


def save_model(
    folder: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    provenance: Mapping[str, Any],
) -> None:
    """Write a model, its tokenizer and where it comes from into a folder."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        with _failing_as_files_do():
            model.save_pretrained(folder, safe_serialization=True)
        tokenizer.save_pretrained(folder)
    finally:
        if shown:
            logging.enable_progress_bar()
    text = json.dumps(provenance, indent=1, sort_keys=True) + "\n"
    (folder / PROVENANCE).write_text(text, encoding="utf-8")


def save_state(
    output: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    provenance: Mapping[str, Any],
    saved: Saved,
) -> Path:
    """Write `last` such that a kill at any moment leaves the one before or the new one."""
    from safetensors.torch import save_file

    new = output / NEW
    shutil.rmtree(new, ignore_errors=True)
    save_model(new, model, tokenizer, provenance)
    state = new / "state"
    state.mkdir()
    with _failing_as_files_do():
        save_file(_contiguous(saved.teacher), state / "teacher.safetensors")
        save_file(_contiguous(saved.optimizer), state / "optimizer.safetensors")
    (state / "state.json").write_text(
        json.dumps({"step": saved.step, "values": saved.values}), encoding="utf-8"
    )
    last, old = output / LAST, output / OLD
    if last.exists():
        shutil.rmtree(old, ignore_errors=True)
        last.replace(old)
    new.replace(last)
    shutil.rmtree(old, ignore_errors=True)
    return last


def find_last(output: Path) -> Path | None:
    """Find the last complete checkpoint of a run, also after a kill between two moves."""
    for name in (LAST, OLD):
        folder = output / name
        if (folder / "state" / "state.json").is_file():
            return folder
    return None


def load_state(folder: Path) -> Saved:
    """Read what `save_state` wrote."""
    from safetensors.torch import load_file

    state = folder / "state"
    try:
        known = json.loads((state / "state.json").read_text(encoding="utf-8"))
        return Saved(
            int(known["step"]),
            load_file(state / "teacher.safetensors"),
            load_file(state / "optimizer.safetensors"),
            dict(known["values"]),
        )
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{state}: cannot be resumed from ({error}); start anew") from error


def finish(output: Path) -> None:
    """Take the intermediate checkpoint away: the final model stands in the folder itself."""
    for name in (LAST, OLD):  # first what makes it one, so that half of it is never taken for one
        (output / name / "state" / "state.json").unlink(missing_ok=True)
    for name in (LAST, OLD, NEW):
        shutil.rmtree(output / name, ignore_errors=True)


@contextmanager
def _failing_as_files_do() -> Iterator[None]:
    """Let safetensors fail with an OSError, as everything else does that cannot be written."""
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        text = str(error)
        is_full = "No space left" in text or "os error 28" in text
        raise OSError(errno.ENOSPC if is_full else errno.EIO, text) from error


def _contiguous(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
