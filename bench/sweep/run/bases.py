"""Find the models that cells start from: a path, a hub name, or a micro model made on demand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import overload

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.locks import locked
from caopd_bench.sweep.grid.cells import Base, Sweep
from caopd_bench.train.loading import refuse_pickles

__all__ = ["count_weights", "find_base", "is_being_made", "is_model"]


@overload
def find_base(base: Base, sweep: Sweep) -> Path: ...


@overload
def find_base(base: Base, sweep: Sweep, *, make: bool) -> Path | None: ...


def find_base(base: Base, sweep: Sweep, *, make: bool = True) -> Path | None:
    """Return the folder (or hub name) of a cell's model, pretraining a missing micro model.

    If several processes need the same micro model, one pretrains it and the others wait. Without
    `make`, return None for a missing one.
    """
    if base.model:
        local = (sweep.file.parent / Path(base.model).expanduser()).absolute()
        if local.exists():
            refuse_pickles(str(local))
            return local
        is_path = base.model.startswith((".", "/", "~")) or base.model.count("/") > 1
        if is_path and make:
            raise UsageError(f"model: {base.model}: no such folder")
        return None if is_path else Path(base.model)
    folder = (sweep.bases / base.name).absolute()
    if is_model(folder):
        return folder
    if not make:
        return None
    file = _lock_file(base, sweep)
    with locked(file, wait=True):
        if not is_model(folder):
            _pretrain(base, folder)
        file.unlink(missing_ok=True)
    return folder


def is_model(folder: Path) -> bool:
    """Return whether a folder contains a checkpoint."""
    return (folder / "model.safetensors").is_file()


def is_being_made(base: Base, sweep: Sweep) -> bool:
    """Return whether another process is pretraining this base, so that other cells can go first."""
    file = _lock_file(base, sweep)
    if not base.size or not file.exists():
        return False
    with locked(file, wait=False) as is_ours:
        return not is_ours


def _lock_file(base: Base, sweep: Sweep) -> Path:
    return sweep.bases / f".{base.name}.lock"


def count_weights(folder: Path) -> int | None:
    """Count the parameters in a folder's safetensors files; return None if it has no such files."""
    from safetensors import safe_open

    total = 0
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="numpy") as weights:
            shapes = [weights.get_slice(name).get_shape() for name in weights.keys()]  # noqa: SIM118
        total += sum(math.prod(shape) for shape in shapes)
    return total or None


def _pretrain(base: Base, folder: Path) -> None:
    import shutil

    import torch

    from caopd_bench.train.micro.pretrain import pretrain, save_pretrained

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # like the stored bases, so that the bytes are equal
    done = pretrain(
        base.size,
        corpus=base.corpus,
        seed=base.seed,
        steps=base.steps or None,
        rate=base.rate or None,
    )
    torch.set_num_threads(threads)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    save_pretrained(part, done)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
