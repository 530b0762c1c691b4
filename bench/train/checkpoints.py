"""Save and load checkpoints: ordinary model folders, the last with the state for resuming.

`DIR/last/` is a usable model at every moment: a new checkpoint is written beside it, flushed to
disk, and swapped in by one rename. Its `state/` holds the teacher, the optimizer's averages and
small values, in safetensors and JSON: nothing in it is ever unpickled. Randomness needs no state:
each step draws from its own generator, seeded with the run's seed and the step number.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.folders import aside_of, replacing_folder
from caopd_bench.core.files.parts import is_part
from caopd_bench.core.files.write import replace_file

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = [
    "PROVENANCE",
    "STATE",
    "TEACHER",
    "TRL_CHECKPOINTS",
    "Saved",
    "failing_as_files_do",
    "find_checkpoint",
    "find_last",
    "finish",
    "load_state",
    "save_model",
    "save_state",
]

PROVENANCE = "provenance.json"
#: The last checkpoint, and its temporary place on systems that cannot exchange two folders.
LAST = "last"
ASIDE = aside_of(Path(LAST)).name
#: The final model, until its files are moved into the folder of the run.
FINAL = ".final"
#: Folder of the trl engine's checkpoints, in the format of transformers. Each also contains our
#: state for resuming, which is written last, and the teacher.
TRL_CHECKPOINTS, STATE, TEACHER = "trl-checkpoints", "caopd.json", "teacher"
#: Folders that killed runs of earlier versions left behind.
_EARLIER = (".last-old", ".last-new")


class Saved(NamedTuple):
    """The state needed to resume, apart from the student's weights."""

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
    """Write a model, its tokenizer and its provenance into a folder.

    Each file appears when all are on the disk, `provenance.json` last: where it is, all are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replacing_folder(folder / FINAL) as ready:
        write_model(ready, model, tokenizer, provenance)
    ready = folder / FINAL
    for file in sorted(ready.iterdir(), key=lambda file: file.name == PROVENANCE):
        if file.is_dir():
            shutil.rmtree(folder / file.name, ignore_errors=True)
        file.replace(folder / file.name)
    ready.rmdir()


def write_model(
    folder: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    provenance: Mapping[str, Any],
) -> None:
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        with failing_as_files_do():
            model.save_pretrained(folder, safe_serialization=True)
        tokenizer.save_pretrained(folder)
    finally:
        if shown:
            logging.enable_progress_bar()
    text = json.dumps(provenance, indent=1, sort_keys=True) + "\n"
    replace_file(folder / PROVENANCE, text.encode())


def save_state(
    output: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    provenance: Mapping[str, Any],
    saved: Saved,
) -> Path:
    """Write `last` so that a kill at any moment leaves either the old or the new one intact."""
    from safetensors.torch import save_file

    last = output / LAST
    with replacing_folder(last) as new:
        write_model(new, model, tokenizer, provenance)
        state = new / "state"
        state.mkdir()
        with failing_as_files_do():
            save_file(_contiguous(saved.teacher), state / "teacher.safetensors")
            save_file(_contiguous(saved.optimizer), state / "optimizer.safetensors")
        text = json.dumps({"step": saved.step, "values": saved.values})
        replace_file(state / "state.json", text.encode())
    return last


def find_checkpoint(engine: str, output: Path) -> Path | None:
    """Find the last complete checkpoint from which a stopped run can resume."""
    if engine == "local":
        return find_last(output)
    found = [
        (int(folder.name.rpartition("-")[2]), folder)
        for folder in (output / TRL_CHECKPOINTS).glob("checkpoint-*")
        if (folder / STATE).is_file()
    ]
    return max(found)[1] if found else None


def find_last(output: Path) -> Path | None:
    """Find the last complete checkpoint of a run, even after a kill between two renames."""
    for name in (LAST, ASIDE, ".last-old"):
        folder = output / name
        if (folder / "state" / "state.json").is_file():
            return folder
    return None


def load_state(folder: Path) -> Saved:
    """Read the state that `save_state` wrote."""
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
    """Delete the intermediate checkpoint: the final model is in the folder itself."""
    for name in (LAST, ASIDE, *_EARLIER):
        # Delete the files that mark a checkpoint first, so that half of one is never taken for one.
        (output / name / "state" / "state.json").unlink(missing_ok=True)
    for name in (LAST, ASIDE, FINAL, *_EARLIER):
        shutil.rmtree(output / name, ignore_errors=True)
    for left in output.iterdir():
        if is_part(left.name):
            shutil.rmtree(left) if left.is_dir() else left.unlink()


@contextmanager
def failing_as_files_do() -> Iterator[None]:
    """Turn safetensors' write errors into OSError, the error of every other failed write."""
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        text = str(error)
        is_full = "No space left" in text or "os error 28" in text
        raise OSError(errno.ENOSPC if is_full else errno.EIO, text) from error


def _contiguous(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
