"""The errors that a command turns into a line and an exit code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from caopd_bench.core.terminal import inline

__all__ = ["NotComparableError", "OutputError", "UsageError", "writing"]

MAX_LISTED = 10


class UsageError(Exception):
    """Something the user gave cannot be used: says what, where, and how to mend it.

    Parameters
    ----------
    message : str
        One line, whatever paths and values it names.
    choices : sequence, optional
        What could have been given instead: a line each, the first ten of them.
    """

    #: Exit code of the command.
    code = 2

    def __init__(self, message: str, choices: Sequence[object] = ()) -> None:
        more = len(choices) - MAX_LISTED
        listed = [f"  {inline(str(choice))}" for choice in choices[:MAX_LISTED]]
        listed += [f"  and {more} more"] if more > 0 else []
        super().__init__("\n".join([inline(message), *listed]))


class NotComparableError(UsageError):
    """Two runs whose numbers say nothing about each other: says why."""

    code = 4


class OutputError(UsageError):
    """An output cannot be written: names it, and what the system says.

    What can be refused by its name alone (a wrong suffix, a folder in use) is a `UsageError`.
    """

    code = 5

    @classmethod
    def of(cls, named: Path | str, error: OSError) -> OutputError:
        """Say what the system refused; `named` is the output, as its user calls it."""
        return cls(f"{named}: cannot be written ({error.strerror or error})")


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """Turn what the system refuses while an output is written into an `OutputError`.

    Parameters
    ----------
    path : Path or str
        Named where the system names no file, as with a full disk.

    Raises
    ------
    OutputError
        Such as ``out/r.json: cannot be written (No space left on device)``.
    BrokenPipeError
        As it is: a pipe whose reader has gone is no file that could be mended.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError.of(str(error.filename or path).removesuffix(".part"), error) from None
