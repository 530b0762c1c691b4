"""Turn a finished cell into rows of cells.csv, with the metrics of its stored run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.privacy.paths import shorten_path
from caopd_bench.metrics.intervals.over_seeds import METRICS
from caopd_bench.runs.records import to_plain
from caopd_bench.runs.stored.check import read_stored
from caopd_bench.runs.stored.names import ROWS_NAME
from caopd_bench.runs.stored.secrets import warn_of_cell
from caopd_bench.runs.stored.store import read_summary
from caopd_bench.runs.stored.study import packed_hash
from caopd_bench.scores.score import score
from caopd_bench.sweep.grid.cells import Cell

__all__ = ["COLUMNS", "TIMING_COLUMNS", "make_rows"]

#: Columns from the training run and from the samples with and without the teacher's context.
OBSERVED = (
    *("student_success", "teacher_success", "student_stated", "teacher_stated"),
    *("entropy", "teacher_entropy", "excluded"),
)
COLUMNS = (
    *("cell", "method", "corpus", "size", "model", "parameters", "base_seed", "seed", "changes"),
    *("task", "n"),
    *(f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")),
    *OBSERVED,
    *("base_weights", "weights", "rows_sha256", "key"),
)
TIMING_COLUMNS = (
    *("cell", "host", "engine", "pretrain_seconds", "train_seconds", "evaluate_seconds"),
    *("seconds", "core_seconds", "finished"),
)


def make_rows(
    cell: Cell, place: Path, known: Mapping[str, Any], *, recompute: bool = False
) -> list[dict[str, Any]]:
    """Return a finished cell's rows of cells.csv, one per task.

    Parameters
    ----------
    cell : Cell
    place : Path
        The cell's folder.
    known : mapping
        The contents of its cell.json.
    recompute : bool
        Compute every metric from the rows instead of reading it from the stored summary.
    """
    folder = place / "run"
    warn_of_cell(place / "cell.json", known)
    run = read_stored(folder)  # raises if the stored numbers do not belong to these rows
    records = to_plain(score(run)) if recompute else read_summary(folder).records
    common = {
        "cell": cell.name,
        "method": cell.method,
        "corpus": cell.base.corpus,
        "size": cell.base.size,
        "model": shorten_path(cell.base.model) if cell.base.model else "",
        "parameters": known.get("parameters"),
        "base_seed": "" if cell.base.model and not cell.base.pattern else cell.base.seed,
        "seed": cell.seed,
        "changes": json.dumps(dict(cell.changes), sort_keys=True),
        **{name: _write(known.get("observed", {}).get(name)) for name in OBSERVED},
        "base_weights": known.get("base_weights"),
        "weights": known.get("weights"),
        "rows_sha256": _hash(folder / ROWS_NAME),
        "key": cell.key,
    }
    rows: dict[str, dict[str, Any]] = {}
    for record in records:
        if record["group"] is not None or record["metric"] not in METRICS:
            continue
        row = rows.setdefault(record["task"], {**common, "task": record["task"]})
        name = record["metric"]
        row[name] = _write(record["estimate"])
        row[f"{name}_low"], row[f"{name}_high"] = _write(record["low"]), _write(record["high"])
        if name == "accuracy":
            row["n"] = record["n"]
    return list(rows.values())


def _hash(file: Path) -> str:
    packed = packed_hash(file, "packed_sha256")
    if packed is not None:
        return packed[:16]
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise UsageError(
            f"{file}: cannot be read ({error.strerror}); delete the cell's folder to run it again"
        ) from None


def _write(value: Any) -> Any:
    """Format a number with six digits; an undefined number becomes an empty field."""
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value
