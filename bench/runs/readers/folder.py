"""Read a folder of several runs: lm_eval output of several models or days, or stored runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.numbers import is_number
from caopd_bench.runs.lm_eval.find import is_results
from caopd_bench.runs.model_name import name_model
from caopd_bench.runs.readers.reader import Reader, refuse_several
from caopd_bench.runs.stored.names import ROWS_NAME, SUMMARY_NAME, is_stored
from caopd_bench.runs.stored.study import load_json

if TYPE_CHECKING:
    from caopd_bench.runs.flat.read import Columns
    from caopd_bench.runs.run import AnyRun

__all__ = ["READER"]

_Told = dict[str, Any]


def _finds(path: Path) -> bool:
    runs = _list_runs(path) if path.is_dir() else []
    # A folder with a single evaluation is left to the reader of lm_eval's output.
    return len(runs) > 1 or any(map(is_stored, runs))


def _read(path: Path, _columns: Columns) -> AnyRun:
    from caopd_bench.runs.stored.check import read_stored

    runs = _list_runs(path)
    if len(runs) > 1:
        raise refuse_several(path, READER)
    return read_stored(runs[0])


def _list_runs(path: Path) -> list[Path]:
    """Return the runs below a folder: results of lm_eval, and stored runs that are no copies."""
    results, stored = _find(path)
    left = _leave_copies(stored, results)
    return sorted([*results, *(run for run in stored if run not in left)])


def _list_left(path: Path) -> dict[Path, str]:
    """Return the stored runs below a folder that are left out, each with the reason."""
    results, stored = _find(path) if path.is_dir() else ([], [])
    return _leave_copies(stored, results)


def _find(path: Path) -> tuple[list[Path], list[Path]]:
    """Find results of lm_eval and folders of stored runs."""
    # `--output_path run.json` creates run_<date>.json instead of results_<date>.json.
    results = [file for file in path.rglob("*.json") if is_results(file) and file.is_file()]
    stored = [file.parent for file in path.rglob(SUMMARY_NAME) if is_stored(file.parent)]
    # The name of a folder that is being written begins with a dot.
    results, stored = (
        sorted(run for run in found if not _is_hidden(run.relative_to(path)))
        for found in (results, stored)
    )
    return results, stored


def _leave_copies(stored: Sequence[Path], results: Sequence[Path]) -> dict[Path, str]:
    """Return the stored runs to leave out next to results, and why: a copy would count twice.

    A copy is recognised by the date of its evaluation. A run without a date may be a copy if some
    results have the same model and task; a run of another model or task is not a copy.
    """
    told = {run: _load(run / SUMMARY_NAME) for run in stored} if results else {}
    known = {file: _load(file) for file in results} if told else {}
    reasons = {run: _why_left(run, summary, known) for run, summary in told.items()}
    return {run: reason for run, reason in reasons.items() if reason}


def _why_left(run: Path, summary: _Told, results: Mapping[Path, _Told]) -> str:
    """Return why a stored run is left out next to results; "" if it is not."""
    if not summary and not (run / ROWS_NAME).exists():
        return f"its {SUMMARY_NAME} does not belong to a stored run"
    if not summary:
        return ""  # damaged: reading the run reports it
    made = _section(summary, "provenance")
    date = made.get("date")
    for file, found in results.items():
        if is_number(date):
            if found.get("date") == date:
                return f"a copy of {file}"
        elif _may_be_of(made, found):
            return f"has no date and may be a copy of {file}; to score it, give its path"
    return ""


def _may_be_of(made: _Told, results: _Told) -> bool:
    """Return whether a stored run has a task and the model of results, or names no model."""
    tasks = set(_section(results, "results")) | set(_section(results, "configs"))
    names = (made.get("model"), results.get("model_name"))
    one, other = (name_model(name) if isinstance(name, str) else "" for name in names)
    return not tasks.isdisjoint(_section(made, "tasks")) and (one == other or not (one and other))


def _load(file: Path) -> _Told:
    """Return the contents of a file of lm-eval or of ours; empty if it cannot be read."""
    try:
        found = load_json(file)
    except (OSError, ValueError, UsageError):
        return {}
    return found if isinstance(found, dict) else {}


def _section(told: _Told, name: str) -> _Told:
    found = told.get(name)
    return found if isinstance(found, dict) else {}


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


#: Tried after stored runs and packed studies, which are folders too.
READER = Reader("a folder", _finds, _read, _list_runs, left=_list_left, order=25)
