"""The one run reader: an lm-eval output folder or a stored run, as `NAME=PATH` or `PATH`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from caopd_bench.errors import UsageError
from caopd_bench.lm_eval_output import find_results, read_lm_eval
from caopd_bench.rows import Run
from caopd_bench.stored import SUMMARY_NAME, read_stored

__all__ = ["name_collisions", "read_run"]


def read_run(spec: str | Path) -> Run:
    """Read one run.

    Parameters
    ----------
    spec : str or Path
        `PATH` or `NAME=PATH`. The path is a folder that `lm_eval --output_path ... --log_samples`
        wrote (or the folder of one model in it, or one `results_*.json` where several runs share
        the folder), or a folder that `caopd-bench score --store` wrote.

    Returns
    -------
    Run

    Raises
    ------
    UsageError
        If there is no run, or more than one, or a file is damaged: one line that says what, where,
        and how to mend it.
    """
    name, path = _split_spec(str(spec))
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder; give the folder named by --output_path")
    if path.is_dir() and (path / SUMMARY_NAME).exists():
        run = read_stored(path)
    else:
        run = read_lm_eval(find_results(path))
    return replace(run, name=name) if name else run


def name_collisions(runs: list[Run]) -> list[Run]:
    """Make the names of several runs distinct by appending a number to repeated ones."""
    seen: dict[str, int] = {}
    named = []
    for run in runs:
        seen[run.name] = seen.get(run.name, 0) + 1
        count = seen[run.name]
        named.append(run if count == 1 else replace(run, name=f"{run.name} ({count})"))
    return named


def _split_spec(spec: str) -> tuple[str, Path]:
    """Split `NAME=PATH`; a path that exists and holds `=` itself is a path."""
    name, separator, rest = spec.partition("=")
    if not separator or Path(spec).exists():
        return "", Path(spec)
    if not name or not rest:
        raise UsageError(f"{spec!r}: a run is PATH or NAME=PATH")
    return name, Path(rest)
