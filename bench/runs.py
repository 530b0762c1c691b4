"""The one run reader: an lm-eval output folder or a stored run, as `NAME=PATH` or `PATH`."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import count
from pathlib import Path

from caopd_bench.errors import UsageError
from caopd_bench.lm_eval_output import find_results, read_lm_eval
from caopd_bench.rows import Run
from caopd_bench.stored import is_stored, read_stored

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
    try:
        name, path = _split_spec(os.fspath(spec))
        run = _read(path)
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be read ({error.strerror})") from None
    return replace(run, name=name) if name else run


def name_collisions(runs: list[Run]) -> list[Run]:
    """Make the names of several runs distinct by appending a number to repeated ones."""
    taken: set[str] = set()
    named = []
    for run in runs:
        numbered = (f"{run.name} ({i})" for i in count(2))
        name = run.name if run.name not in taken else next(n for n in numbered if n not in taken)
        taken.add(name)
        named.append(replace(run, name=name))
    return named


def _read(path: Path) -> Run:
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder; give the folder named by --output_path")
    if is_stored(path):
        return read_stored(path)
    return read_lm_eval(find_results(path))


def _split_spec(spec: str) -> tuple[str, Path]:
    """Split `NAME=PATH`; a path that exists and holds `=` itself is a path."""
    name, separator, rest = spec.partition("=")
    if spec and (not separator or Path(spec).exists()):
        return "", Path(spec)
    if not name or not rest:
        raise UsageError(f"{spec!r}: a run is PATH or NAME=PATH")
    # The shell expands a ~ at the start of a word only. Path.expanduser raises for an unknown user.
    return name, Path(os.path.expanduser(rest))  # noqa: PTH111
