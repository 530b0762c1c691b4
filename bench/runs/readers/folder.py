"""A folder of several runs: what lm_eval wrote for some models or on some days, or stored runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from caopd_bench.runs.lm_eval.find import is_results
from caopd_bench.runs.readers.reader import Reader, refuse_several
from caopd_bench.runs.stored.names import SUMMARY_NAME, is_stored

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
    """Give the runs below a folder: results of lm_eval, or where there are none, stored runs.

    A stored run beside results is of one of them, and would count twice.
    """
    # `--output_path run.json` makes run_<date>.json, not results_<date>.json.
    results = [file for file in path.rglob("*.json") if is_results(file) and file.is_file()]
    stored = [file.parent for file in path.rglob(SUMMARY_NAME) if is_stored(file.parent)]
    # A folder that is being written has a name with a dot in front.
    found = [run for run in results or stored if not _is_hidden(run.relative_to(path))]
    return sorted(found)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


#: After stored runs and packed studies, each of which is a folder too.
READER = Reader("a folder", _finds, _read, _list_runs, order=25)
