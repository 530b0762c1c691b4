"""Train the stages of a cell one after the other, resuming an interrupted stage."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from caopd_bench.core.files.write import replace_file
from caopd_bench.sweep.grid.cells import WITHOUT_EFFECT, Cell, resolved
from caopd_bench.sweep.grid.folder import read_json
from caopd_bench.tasks.catalogue.weights import fingerprint_weights
from caopd_bench.train.checkpoints import PROVENANCE, find_checkpoint
from caopd_bench.train.provenance import describe_run
from caopd_bench.train.questions.questions import load_run_questions
from caopd_bench.train.run import SETTINGS_FILE, prepare_folder, run_engine
from caopd_bench.train.settings import TrainSettings

__all__ = ["train_stages"]


def train_stages(cell: Cell, base: Path, work: Path) -> Path:
    """Train a cell's stages in its work folder; return the folder of the final model.

    A stage that was started with the same settings and weights is resumed, wherever the weights
    were stored; any other stage, and all that follow it, start from scratch.
    """
    before = base
    for number, stage in enumerate(cell.stages, 1):
        output, mark = work / f"stage{number}", work / f"stage{number}.json"
        what = {k: v for k, v in stage.items() if k not in WITHOUT_EFFECT}
        begun = {"settings": what, "weights": fingerprint_weights(before) or str(before)}
        if read_json(mark) != begun:
            for later in range(number, len(cell.stages) + 1):
                shutil.rmtree(work / f"stage{later}", ignore_errors=True)
                (work / f"stage{later}.json").unlink(missing_ok=True)
            replace_file(mark, json.dumps(begun).encode())
        _train_stage(cell, resolved(stage, str(before)), output)
        before = output
    return before


def _train_stage(cell: Cell, settings: TrainSettings, output: Path) -> None:
    known = read_json(output / SETTINGS_FILE)
    is_done = (output / PROVENANCE).exists()
    resume = known is not None and (is_done or bool(find_checkpoint(settings.engine, output)))
    if resume and known is not None:
        kept: dict[str, Any] = {name: known.get(name) for name in WITHOUT_EFFECT}
        settings = replace(settings, **kept)
    else:
        shutil.rmtree(output, ignore_errors=True)  # interrupted before its first checkpoint
    prepared = prepare_folder(settings, output, resume=resume)
    if prepared is None:
        return
    docs = load_run_questions(prepared)
    provenance = _portable(describe_run(prepared, docs), cell)
    run_engine(prepared, output, docs, provenance, resume=resume)


def _portable(provenance: dict[str, Any], cell: Cell) -> dict[str, Any]:
    """Replace paths of this machine by the sweep's own name for the base."""
    named = {**provenance, "settings": {**provenance["settings"], "model": cell.base.name}}
    named["base"] = {**provenance["base"], "model": cell.base.name}
    return named
