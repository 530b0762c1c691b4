"""What a reader of runs or logs says of itself, and how one is chosen for a path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.flat.read import Columns
from caopd_bench.runs.logged import AnswerColumns, Logged
from caopd_bench.runs.run import AnyRun

__all__ = ["Log", "Reader", "all_readers", "find_reader", "list_runs"]


@dataclass(frozen=True, slots=True)
class Log:
    """Logged answers, to be judged, and what the log says of the whole evaluation.

    Attributes
    ----------
    answers : iterator of Logged
    backend : str
        Where the answers come from, for the provenance.
    model, task : str, optional
    max_tokens : int, optional
        The budget of an answer.
    provenance : mapping
        Of the run: `gen_kwargs`, `packages`, `date`.
    source : mapping
        What names the questions, beside the hash of the file.
    warnings : sequence of str
        Without the name of the task.
    """

    answers: Iterator[Logged]
    backend: str
    model: str | None = None
    task: str | None = None
    max_tokens: int | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """One format. Either `read` or `open_log` is given: a run has outcomes, a log has answers.

    Attributes
    ----------
    name : str
        What such a path is, for messages: "a log of Inspect".
    finds : callable
        Whether a path, which need not exist, is of this format. It looks at names and a few bytes.
    read : callable, optional
        Gives the run that a path holds. The columns are of flat files.
    runs : callable, optional
        Gives the paths of the runs of a path that holds several.
    open_log : callable, optional
        Opens a file of answers; takes the columns and the kind of the gold answers.
    order : int
        Where several find a path, the lowest reads it. Formats that only they can be come first.
    """

    name: str
    finds: Callable[[Path], bool]
    read: Callable[[Path, Columns], AnyRun] | None = None
    runs: Callable[[Path], Sequence[Path]] | None = None
    open_log: Callable[[Path, AnswerColumns, str], Log] | None = None
    order: int = 50


@cache
def all_readers() -> tuple[Reader, ...]:
    """Give the `READER` of every module of this package, in the order in which they are asked."""
    package = __package__ or __name__.rpartition(".")[0]
    folder = str(Path(__file__).parent)
    modules = [import_module(f"{package}.{found.name}") for found in iter_modules([folder])]
    readers = [module.READER for module in modules if hasattr(module, "READER")]
    return tuple(sorted(readers, key=lambda reader: (reader.order, reader.name)))


def find_reader(path: Path, *, of_logs: bool = False) -> Reader | None:
    """Find the reader of a path; with `of_logs` among those that open answers."""
    for reader in all_readers():
        able = reader.open_log if of_logs else (reader.read or reader.runs)
        if able is not None and reader.finds(path):
            return reader
    return None


def list_runs(path: Path) -> list[Path]:
    """Give the paths of the runs that a path holds: itself, but for a path of several."""
    reader = find_reader(path)
    return [path] if reader is None or reader.runs is None else list(reader.runs(path))


def refuse_several(path: Path, reader: Reader) -> UsageError:
    """Say that a path holds several runs, with their names."""
    runs = list(reader.runs(path)) if reader.runs is not None else []
    return UsageError(f"{path}: {reader.name} of {len(runs)} runs; name one of them:", runs)
