"""Recognise lm-eval's files by name, and match files of samples with results files."""

from __future__ import annotations

import re
from pathlib import Path

from caopd_bench.core.errors import UsageError

__all__ = ["DATE", "date_of", "find_results", "find_samples", "is_lm_eval", "is_results"]

DATE = re.compile(r"_(\d{4}-\d\d-\d\dT[\d\-.:]+)\.jsonl?$")


def is_lm_eval(path: Path) -> bool:
    """Return whether a path is a file of lm-eval or a stored run, or a folder with such files."""
    files = [path] if path.is_file() else path.rglob("*.json*")
    return any(DATE.search(file.name) or file.name == "summary.json" for file in files)


def find_results(path: Path) -> Path:
    """Find the only results file at or below `path`; raise if there are none or several."""
    if path.is_file():
        if is_results(path):
            return path
        if path.name.startswith("samples_") and DATE.search(path.name):
            raise UsageError(
                f"{path}: a samples file of lm-eval; give its folder, or the results_<date>.json "
                "next to it; `caopd-bench rescore` reads the texts of the file alone"
            )
        raise UsageError(
            f"{path}: not a run; give the folder named by --output_path, one of its "
            "results_<date>.json, a folder written by `caopd-bench score --store`, or a file of "
            "rows (.jsonl, .csv, .parquet)"
        )
    # `--output_path run.json` creates run_<date>.json instead of results_<date>.json.
    found = sorted(file for file in path.rglob("*.json") if is_results(file) and file.is_file())
    if not found:
        stored = sorted(file.parent for file in path.rglob("summary.json"))
        if stored:
            runs = "one stored run" if len(stored) == 1 else f"{len(stored)} stored runs"
            raise UsageError(f"{path}: {runs} below this folder, none in it; choose one:", stored)
        samples = [file for file in path.rglob("samples_*.jsonl") if DATE.search(file.name)]
        if samples:
            raise UsageError(
                f"{path}: samples of lm-eval without their results_<date>.json, which records how "
                "they were made; `caopd-bench rescore` reads the texts of one of them:",
                sorted(samples),
            )
        raise UsageError(
            f"{path}: no results_<date>.json here or below, and no rows (.jsonl, .csv, .parquet); "
            "give the folder named by lm_eval's --output_path"
        )
    if len(found) > 1:
        raise UsageError(f"{path}: contains {len(found)} runs; choose one:", found)
    return found[0]


def find_samples(results_file: Path) -> dict[str, Path]:
    """Return the file of samples for each task of a results file."""
    date = date_of(results_file)
    return {
        _task_of(file, date): file
        for file in sorted(results_file.parent.glob(f"samples_*_{date}.jsonl"))
    }


def date_of(results_file: Path) -> str:
    """Return the date in the name of a results file."""
    match = DATE.search(results_file.name)
    if match is None:
        raise UsageError(f"{results_file}: its name has no date; expected results_<date>.json")
    return match.group(1)


def is_results(file: Path) -> bool:
    """Return whether a file is named like the results of a run."""
    return file.suffix == ".json" and DATE.search(file.name) is not None


def _task_of(file: Path, date: str) -> str:
    return file.name.removeprefix("samples_").removesuffix(f"_{date}.jsonl")
