"""Run one cell: prepare its model, train it, evaluate it, and store the results.

An interrupted cell resumes from its last checkpoint when it is run again, and produces the same
bytes as one that was never interrupted (at the same thread count). Everything is written in
`work/NAME` and moved into place at the end.
"""

from __future__ import annotations

import itertools
import json
import shutil
import socket
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.privacy.clean import clean_cell
from caopd_bench.core.privacy.credentials import LEFT_OUT
from caopd_bench.runs.stored.store import write_stored
from caopd_bench.scores.score import score
from caopd_bench.sweep.grid.cells import Cell, Sweep
from caopd_bench.sweep.grid.folder import CELL, TIMING, Folder
from caopd_bench.sweep.run.bases import count_weights, find_base
from caopd_bench.sweep.run.evaluators import Evaluators
from caopd_bench.sweep.run.observe import observe, write_expectations
from caopd_bench.sweep.run.stages import train_stages
from caopd_bench.tasks.catalogue.weights import fingerprint_weights
from caopd_bench.train.provenance import versions
from caopd_bench.train.run import SETTINGS_FILE

__all__ = ["check_base", "record_failure", "run_cell"]

HISTORY = "training.csv"


def run_cell(
    cell: Cell,
    sweep: Sweep,
    folder: Folder,
    evaluators: Evaluators,
    *,
    engine: str = "local",
) -> None:
    """Run one cell to the end; the caller holds its claim and records any exception."""
    import torch

    work = folder.work(cell)
    work.mkdir(parents=True, exist_ok=True)
    for old in ("ready", "lm_eval", "old"):
        shutil.rmtree(work / old, ignore_errors=True)
    began, marks = time.perf_counter(), [time.perf_counter()]
    torch.set_num_threads(cell.stages[-1]["threads"] if cell.stages else 1)
    base = find_base(cell.base, sweep)
    marks.append(time.perf_counter())
    cpu = time.process_time()  # the cost of the method, without that of its base
    trained = train_stages(cell, base, work)
    marks.append(time.perf_counter())
    ready = work / "ready"
    ready.mkdir()
    run = evaluators.evaluate(cell, trained, work / "lm_eval")
    timing: dict[str, Any] = {"date": run.provenance.get("date")}
    run = replace(run, name=cell.name, provenance=_describe(run.provenance, cell))
    write_stored(run, score(run), ready / "run")
    if cell.evaluate.expectation:
        write_expectations(run, cell, trained, ready, evaluators.expected)
    observed = observe(cell, base, trained, work)
    known: dict[str, Any] = {
        "key": cell.key,
        "cell": cell.name,
        "method": cell.method,
        "base": cell.base.name,
        "seed": cell.seed,
        "changes": dict(cell.changes),
        "stages": [dict(stage) for stage in cell.stages],
        "evaluate": cell.evaluate.model_dump(),
        "evaluator": run.provenance.get("evaluator"),
        "parameters": count_weights(trained) or run.provenance.get("parameters"),
        "base_weights": fingerprint_weights(base),
        "weights": fingerprint_weights(trained),
        "observed": observed,
        "versions": versions(),
    }
    if cell.stages:
        shutil.copyfile(trained / HISTORY, ready / HISTORY)
    _keep(sweep, cell, trained, work, ready)
    marks.append(time.perf_counter())
    _write(ready / CELL, clean_cell(known).value)
    seconds = [round(b - a, 3) for a, b in itertools.pairwise(marks)]
    timing |= {
        "host": socket.gethostname(),
        "engine": engine,
        **dict(
            zip(("pretrain_seconds", "train_seconds", "evaluate_seconds"), seconds, strict=True)
        ),
        "seconds": round(time.perf_counter() - began, 3),
        "core_seconds": round(time.process_time() - cpu, 3),
        "finished": _now(),
    }
    _write(ready / TIMING, timing)
    folder.finish(cell, ready)


def record_failure(cell: Cell, folder: Folder, error: BaseException) -> None:
    """Record why a cell failed, and keep the part of its work that need not be repeated."""
    said = str(error).strip().splitlines() or [type(error).__name__]
    folder.fail(
        cell,
        {
            "cell": cell.name,
            "error": said[0][:500],
            "kind": type(error).__name__,
            "traceback": traceback.format_exception(error),
            "host": socket.gethostname(),
            "when": _now(),
        },
    )
    work = folder.work(cell)
    # Keep the trained model, so that a corrected evaluation does not train again.
    shutil.rmtree(work / "ready", ignore_errors=True)
    with suppress(OSError):  # the folder is not empty if something was trained
        work.rmdir()


def _describe(provenance: Mapping[str, Any], cell: Cell) -> dict[str, Any]:
    """Describe an error without the parts that differ between equal runs: paths and times."""
    kept = {k: v for k, v in provenance.items() if k not in ("date", "seconds")}
    given = kept.get("model_args")
    if isinstance(given, Mapping):
        kept["model_args"] = {**given, "pretrained": cell.name}
    return {**kept, "model": cell.name, "backend": cell.evaluate.backend}


def _redact_files(folder: Path, secrets: set[str]) -> None:
    """Remove the secrets of a cell from the lm-eval logs that are kept with it."""
    spellings = {word for text in secrets for word in (text, json.dumps(text)[1:-1])}
    for file in folder.rglob("*") if secrets else ():
        if file.is_file():
            content = file.read_bytes()
            for word in sorted(spellings, key=len, reverse=True):
                content = content.replace(word.encode(), LEFT_OUT.encode())
            file.write_bytes(content)


def _keep(sweep: Sweep, cell: Cell, trained: Path, work: Path, ready: Path) -> None:
    if "lm_eval" in sweep.keep:
        _redact_files(work / "lm_eval", cell.secrets)
        (work / "lm_eval").rename(ready / "lm_eval")
    if "checkpoint" in sweep.keep and cell.stages:
        kept = ready / "checkpoint"
        shutil.copytree(trained, kept, ignore=shutil.ignore_patterns(HISTORY, SETTINGS_FILE))
        for file in kept.iterdir():
            file.chmod(0o644)  # safetensors makes files readable by the owner alone


def _write(file: Path, values: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def check_base(cell: Cell, base: Path, known: Mapping[str, Any]) -> None:
    """Raise a UsageError if a finished cell's base weights differ from those that are here now."""
    now = fingerprint_weights(base)
    if now is not None and known.get("base_weights") not in (None, now):
        raise UsageError(
            f"{cell.name}: was run from other weights than {base} has now; delete its folder in "
            "cells/ to run it again"
        )
