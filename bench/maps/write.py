"""Write a map or threshold, and never overwrite anything but an earlier version of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from caopd_bench.core.deliver import write_files
from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import NAME_WIDTH, inline
from caopd_bench.runs.stored.secrets import say_left_out

__all__ = ["Fitted", "Saved", "write_saved"]


class Fitted(NamedTuple):
    """The rows that a map was fitted to.

    Attributes
    ----------
    run : str
        The name of the run.
    rows, parsed : int
        Number of all rows of the task, and of those with a usable confidence, which were fitted to.
    questions : int or None
        Number of questions, if some were answered several times; the folds consist of these.
    sha256 : str
        Hash of the rows, independent of their order.
    parsers : tuple of str
        Parser versions that read the rows identically; empty if none is recorded.
    """

    run: str
    rows: int
    parsed: int
    questions: int | None
    sha256: str
    parsers: tuple[str, ...]


class Saved(Protocol):
    """A map or threshold, made on the rows of one task of one run and kept in a file."""

    @property
    def task(self) -> str:
        """The task of the rows."""

    @property
    def fitted(self) -> Fitted:
        """A description of the rows."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """The provenance of their run."""

    def to_json(self) -> str:
        """Return the text of the file."""


def write_saved(path: Path, new: Saved, noun: str, load: Callable[[Path], Saved]) -> None:
    """Write a file atomically; the parameters are those of `refuse_others`."""
    refuse_others(path, new, noun, load)
    write_files({path: new.to_json().encode()})
    say_left_out(new.provenance, noun)


def refuse_others(path: Path, new: Saved, noun: str, load: Callable[[Path], Saved]) -> None:
    """Refuse to replace anything but an earlier file of the same kind, task and run.

    Parameters
    ----------
    path : Path
        The file.
    new : Saved
        The replacement.
    noun : str
        The kind: "map".
    load : callable
        A function that reads such a file, or raises UsageError.
    """
    if not path.exists() and not path.is_symlink():
        return
    try:
        old = load(path)
    except UsageError:
        raise UsageError(f"{path}: exists and is not a {noun}; give another name") from None
    for what, held, own in (
        ("task", old.task, new.task),
        ("run", old.fitted.run, new.fitted.run),
    ):
        if held != own:
            raise UsageError(
                f"{path}: contains the {noun} for the {what} {inline(held, NAME_WIDTH)!r}, not "
                f"{inline(own, NAME_WIDTH)!r}; delete it or give another name"
            )
