"""A folder of several runs: what lm_eval wrote for some models or on some days, or stored runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from caopd_bench.core.errors import UsageError
from caopd_bench.core.numbers import is_number
from caopd_bench.runs.lm_eval.find import is_results
from caopd_bench.runs.readers.reader import Reader, refuse_several
from caopd_bench.runs.stored.names import SUMMARY_NAME, is_stored
from caopd_bench.runs.stored.study import load_json

if TYPE_CHECKING:
    from caopd_bench.runs.flat.read import Columns
    from caopd_bench.runs.run import AnyRun

__all__ = ["READER"]


def _finds(path: Path) -> bool:
    runs = _list_runs(path) if path.is_dir() else []
    # A folder with one evaluation is what `--output_path` names: lm_eval's own reader knows it.
    return len(runs) > 1 or any(map(is_stored, runs))


def _read(path: Path, _columns: Columns) -> AnyRun:
    from caopd_bench.runs.stored.check import read_stored

    runs = _list_runs(path)
    if len(runs) > 1:
        raise refuse_several(path, READER)
    return read_stored(runs[0])


def _list_runs(path: Path) -> list[Path]:
    """Give the runs below a folder: results of lm_eval, and stored runs that are of none of them.

    A stored run of results that are there would count twice; by its date it is known.
    """
    # `--output_path run.json` makes run_<date>.json, not results_<date>.json.
    results = [file for file in path.rglob("*.json") if is_results(file) and file.is_file()]
    stored = [file.parent for file in path.rglob(SUMMARY_NAME) if is_stored(file.parent)]
    # A folder that is being written has a name with a dot in front.
    results, stored = (
        [run for run in found if not _is_hidden(run.relative_to(path))]
        for found in (results, stored)
    )
    return sorted([*results, *(_leave_copies(stored, results) if results else stored)])


def _leave_copies(stored: list[Path], results: list[Path]) -> list[Path]:
    """Leave out stored runs of results that are there, or that do not tell when they were made."""
    dated = {run: _date(run / SUMMARY_NAME, "provenance") for run in stored}
    dates = {_date(file) for file in results} if any(map(is_number, dated.values())) else set()
    return [run for run, date in dated.items() if is_number(date) and date not in dates]


def _date(file: Path, *within: str) -> object:
    """Give the date that a file of lm-eval or of ours tells; None without one."""
    try:
        found = load_json(file)
        for name in (*within, "date"):
            found = found[name]
    except (OSError, ValueError, KeyError, TypeError, UsageError):
        return None  # whoever reads the run says what is wrong with it
    return found if is_number(found) else None


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


#: After stored runs and packed studies, each of which is a folder too.
READER = Reader("a folder", _finds, _read, _list_runs, order=25)
