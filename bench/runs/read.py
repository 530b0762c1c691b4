"""Read runs from `NAME=PATH` or `PATH`, for any path that one of the `readers` recognises."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from caopd_bench.core.errors import UsageError
from caopd_bench.core.privacy.credentials import clean_name
from caopd_bench.core.process.progress import track
from caopd_bench.runs.flat.read import Columns, NoColumnError
from caopd_bench.runs.lm_eval.find import find_results, find_samples, is_results
from caopd_bench.runs.names import number_repeated, tell_apart
from caopd_bench.runs.readers.find import find_reader, list_left, list_runs
from caopd_bench.runs.readers.reader import refuse_several
from caopd_bench.runs.run import AnyRun
from caopd_bench.runs.stored.study import is_packed, is_study, list_cells

__all__ = [
    "expand_specs",
    "is_there",
    "name_runs",
    "read_run",
    "read_runs",
    "seen_from",
]

#: Column names for the model's text in files of answers, besides `response`.
ANSWERS = {"answer", "completion", "generated_text", "generation", "model_output", "output"}
ANSWERS |= {"prediction", "response", "resps", "text"}


def read_run(
    spec: str | Path,
    *,
    confidence: str = "confidence",
    correct: str = "correct",
    item: str | None = None,
    by: Sequence[str] = (),
    decimals: int | None = None,
    judge: bool = False,
) -> AnyRun:
    """Read one run.

    Parameters
    ----------
    spec : str or Path
        `PATH` or `NAME=PATH`. The path is a folder that `lm_eval --output_path ... --log_samples`
        wrote (or the folder of one model in it, or one `results_*.json` where several runs share
        the folder), a folder that `caopd-bench score --store` wrote, `STUDY/CELL` of a packed
        study, or flat files: a `.jsonl`, `.csv` (both also `.gz`) or `.parquet` file, a folder of
        them, or a pattern (`"shards/*.parquet"`).
    confidence, correct, item : str
        Columns of flat files: the stated confidence, the outcome, and the identifier of the
        question (by default `item`, if there is such a column).
    by : sequence of str
        Group columns of flat files; `level` is read if it exists.
    decimals : int, optional
        Round the confidences of flat files.
    judge : bool
        Judge the responses of tasks that lm-eval did not judge (`--predict_only`).

    Returns
    -------
    Run or CountedRun
        The latter for flat files of more than a million rows.

    Raises
    ------
    NotComparableError
        If the rows of a stored run were changed after it was stored.
    UsageError
        If there is no run or more than one, or a file is damaged; the message names the problem,
        the place and the fix.

    Warns
    -----
    UserWarning
        For each stored run in a folder that is skipped because it is, or may be, a copy of the run
        that is read.
    """
    keys = (by,) if isinstance(by, str) else tuple(by)
    run = _read_spec(spec, Columns(confidence, correct, item, keys, decimals, judge))
    for line in _say_left(_split_spec(os.fspath(spec))[1]):
        warnings.warn(line, stacklevel=2)
    return run


def _read_spec(spec: str | Path, columns: Columns) -> AnyRun:
    try:
        name, path = _split_spec(os.fspath(spec))
        run = _read(path, columns)
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be read ({error.strerror})") from None
    return replace(run, name=clean_name(name)) if name else run


def is_there(spec: str | Path) -> bool:
    """Return whether the path of a run exists; `read_run` explains any problem with it."""
    path = _split_spec(os.fspath(spec))[1]
    try:
        return path.exists() or find_reader(path) is not None
    except OSError:
        return True


def seen_from(folder: Path, spec: str) -> str | Path:
    """Resolve the spec of a run (`PATH` or `NAME=PATH`) that is relative to `folder`."""
    path = folder / spec
    name, separator, rest = spec.partition("=")
    if not separator or not name or not rest or path.exists() or is_packed(path):
        return path
    return f"{name}={folder / rest}"


def expand_specs(
    specs: Iterable[str | Path],
    leave_out: Callable[[str], None] | None = None,
    *,
    need_samples: bool = False,
) -> list[str]:
    """Return the specs of all runs of a path that holds several: a packed study, a folder of runs.

    With `NAME=FOLDER`, each run is named NAME/RUN. Stored runs that are or may be copies of lm-eval
    results in the same folder are left out. With `leave_out`, results without samples in a folder
    with other runs are left out too; with `need_samples` they are listed, and reading them raises
    an error. `leave_out` receives a line for each omitted run.
    """
    expanded: list[str] = []
    for spec in [os.fspath(spec) for spec in specs]:
        try:
            name, path = _split_spec(spec)
            runs = list_runs(path)
        except OSError:  # `read_run` reports it
            expanded.append(spec)
            continue
        if leave_out is not None:
            for line in _say_left(path):
                leave_out(line)
            if len(runs) > 1 and not need_samples:
                runs = _with_samples(runs, leave_out)
        if runs == [path]:
            expanded.append(spec)
        elif name and len(runs) == 1:
            expanded.append(f"{name}={runs[0]}")
        elif name:
            # In `NAME=PATH` the first equals sign is the separator.
            told = (end.replace("=", "-") for end in tell_apart(path.name, runs))
            expanded += (f"{name}/{end}={run}" for end, run in zip(told, runs, strict=True))
        else:
            expanded += map(str, runs)
    return expanded


def _say_left(path: Path) -> list[str]:
    """Describe items in a path that look like runs and are left out."""
    return [f"{run}: left out: {reason}" for run, reason in list_left(path).items()]


def _with_samples(runs: Sequence[Path], leave_out: Callable[[str], None]) -> list[Path]:
    """Leave out lm-eval results without samples if there are other runs."""
    bare = [run for run in runs if is_results(run) and not find_samples(run)]
    for run in bare if len(bare) < len(runs) else ():
        leave_out(f"{run}: left out: no samples beside it; run lm_eval again with --log_samples")
    return [run for run in runs if run not in set(bare)] or list(runs)


def read_runs(specs: Iterable[str | Path], columns: Columns | None = None) -> list[AnyRun]:
    """Read several runs under distinct names.

    Runs that the user did not name and whose models share a name are named by their folders, with
    as many parent folders as needed, or by their dates if lm_eval wrote them into one folder. Names
    that still repeat get a number.
    """
    wanted = columns or Columns()
    listed = [os.fspath(spec) for spec in specs]
    total = len(listed)
    shown = track(listed, "reading", "runs", total) if total > 1 else listed
    runs = [_read_spec(spec, wanted) for spec in shown]
    names = name_runs(listed, [run.name for run in runs])
    return [replace(run, name=name) for run, name in zip(runs, names, strict=True)]


def name_runs(specs: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return distinct names for runs with their own `names`, by the rules of `read_runs`."""
    distinct = list(names)
    unnamed: dict[str, list[int]] = {}
    for i, (spec, name) in enumerate(zip(specs, names, strict=True)):
        if not _split_spec(spec)[0]:
            unnamed.setdefault(name, []).append(i)
    for places in unnamed.values():
        if len(places) > 1:
            paths = [_split_spec(specs[i])[1] for i in places]
            for i, told in zip(places, tell_apart(names[places[0]], paths), strict=True):
                distinct[i] = clean_name(told) or distinct[i]
    return list(number_repeated(distinct))


def _read(path: Path, columns: Columns) -> AnyRun:
    reader = find_reader(path)
    if reader is not None and reader.read is not None:
        try:
            return reader.read(path, columns)
        except NoColumnError as error:
            raise UsageError(f"{error}{_hint_at_answers(path, error.names)}") from None
    if reader is not None:
        raise refuse_several(path, reader)
    if not path.exists():
        if is_study(path.parent):
            raise UsageError(f"{path}: no such cell; the cells are", list_cells(path.parent))
        raise UsageError(
            f"{path}: no such file or folder; give the folder named by --output_path, or a file of "
            "rows (.jsonl, .csv, .parquet)"
        )
    if find_reader(path, of_logs=True) is not None:
        raise UsageError(
            f"{path}: not a run with judged answers; caopd-bench rescore {path} judges the "
            "answers of a log, or reports what is missing"
        )
    from caopd_bench.runs.lm_eval.read import read_lm_eval

    return read_lm_eval(find_results(path))  # raises an error that names the missing file


def _hint_at_answers(path: Path, names: Sequence[str]) -> str:
    """Suggest `rescore` if a file of rows seems to hold answers without outcomes."""
    log = find_reader(path, of_logs=True) if path.is_file() else None
    if log is None:
        return ""
    rest = f"caopd-bench rescore {path} judges"
    if {"response", "gold"} <= set(names):
        return f"; it contains answers: {rest} them"
    if log.name != "a file of answers":
        return f"; it looks like {log.name}: {rest} its answers, or reports what is missing"
    if ANSWERS.isdisjoint(map(str.lower, names)):
        return ""
    return f"; if it contains answers: {rest} them (--response COL --gold COL)"


def _split_spec(spec: str) -> tuple[str, Path]:
    """Split `NAME=PATH`; an existing path that contains `=` is taken as a path."""
    name, separator, rest = spec.partition("=")
    if spec and (not separator or Path(spec).exists() or is_packed(Path(spec))):
        return "", Path(spec)
    if not name or not rest:
        raise UsageError(f"{spec!r}: a run is PATH or NAME=PATH")
    # The shell expands ~ only at the start of a word. Path.expanduser raises for unknown users.
    return name, Path(os.path.expanduser(rest))  # noqa: PTH111
