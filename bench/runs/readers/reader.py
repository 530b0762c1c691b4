"""What a reader of runs or of logs says of itself."""

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
    file : Path, optional
        The one that holds the answers, of a log that is a folder.
    kind : str, optional
        Of the right answers, where the log itself tells: it comes before the user's, whom a log of
        Inspect lets choose.
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
    """One format. Either `read` or `open_log` is given: a run has outcomes, a log has answers.

    Attributes
    ----------
    name : str
        What such a path is, for messages: "a log of Inspect".
    finds : callable
        Whether a path, which need not exist, is of this format. It looks at names and a few bytes,
        and all are asked: what reads the format is imported inside `read` and `open_log`.
    read : callable, optional
        Gives the run that a path holds. The columns are of flat files.
    runs : callable, optional
        Gives the paths of the runs of a path that holds several.
    left : callable, optional
        Gives the paths in it that are not among them although they look like runs, and the reasons.
    open_log : callable, optional
        Opens a file of answers; takes the columns and the kind of the gold answers.
    order : int
        Where several find a path, the lowest reads it. Formats that only they can be come first.
    """

    name: str
    finds: Callable[[Path], bool]
    read: Callable[[Path, Columns], AnyRun] | None = None
    runs: Callable[[Path], Sequence[Path]] | None = None
    left: Callable[[Path], Mapping[Path, str]] | None = None
    open_log: Callable[[Path, AnswerColumns, str], Log] | None = None
    order: int = 50


def refuse_several(path: Path, reader: Reader) -> UsageError:
    """Say that a path holds several runs, with their names."""
    runs = list(reader.runs(path)) if reader.runs is not None else []
    return UsageError(f"{path}: {reader.name} with {len(runs)} runs; choose one:", runs)
