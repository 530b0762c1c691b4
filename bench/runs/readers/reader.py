"""Define the interface of readers of runs and logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caopd_bench.core.errors import UsageError

if TYPE_CHECKING:
    from caopd_bench.runs.flat.read import Columns
    from caopd_bench.runs.logged import AnswerColumns, Logged
    from caopd_bench.runs.run import AnyRun

__all__ = ["Log", "Reader", "refuse_several"]


@dataclass(frozen=True, slots=True)
class Log:
    """Logged answers to be judged, and the log's metadata of the whole evaluation.

    Attributes
    ----------
    answers : iterator of Logged
    backend : str
        Where the answers come from, for the provenance.
    model, task : str, optional
    max_tokens : int, optional
        The token budget of an answer.
    provenance : mapping
        Provenance of the run: `gen_kwargs`, `packages`, `date`.
    source : mapping
        Identifies the question set, in addition to the hash of the file.
    warnings : sequence of str
        Notes without the name of the task.
    file : Path, optional
        The file with the answers, if the log is a folder.
    kind : str, optional
        The kind of the right answers if the log records it; it takes precedence over the user's.
    """

    answers: Iterator[Logged]
    backend: str
    model: str | None = None
    task: str | None = None
    max_tokens: int | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    file: Path | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """A format. Either `read` or `open_log` is set: a run has outcomes, a log has answers.

    Attributes
    ----------
    name : str
        Description of such a path for messages: "a log of Inspect".
    finds : callable
        Returns whether a path, which need not exist, is of this format. It examines names and a few
        bytes only, since all readers are asked; the parsing code is imported inside `read` and
        `open_log`.
    read : callable, optional
        Returns the run of a path. The columns apply to flat files.
    runs : callable, optional
        Returns the paths of the runs in a path that holds several.
    left : callable, optional
        Returns the paths in it that look like runs but are left out, and the reasons.
    open_log : callable, optional
        Opens a file of answers; takes the columns and the kind of the gold answers.
    order : int
        If several readers recognise a path, the lowest order reads it. The most specific formats
        come first.
    """

    name: str
    finds: Callable[[Path], bool]
    read: Callable[[Path, Columns], AnyRun] | None = None
    runs: Callable[[Path], Sequence[Path]] | None = None
    left: Callable[[Path], Mapping[Path, str]] | None = None
    open_log: Callable[[Path, AnswerColumns, str], Log] | None = None
    order: int = 50


def refuse_several(path: Path, reader: Reader) -> UsageError:
    """Return the error for a path that holds several runs, with their names."""
    runs = list(reader.runs(path)) if reader.runs is not None else []
    return UsageError(f"{path}: {reader.name} with {len(runs)} runs; choose one:", runs)
