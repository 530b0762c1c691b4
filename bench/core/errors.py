"""The errors that a command turns into a one-line message and an exit code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from caopd_bench.core.terminal import inline

__all__ = ["NotComparableError", "OutputError", "UsageError", "writing"]

MAX_LISTED = 10


class UsageError(Exception):
    """Input of the user is invalid; the message names the input, its place, and the fix.

    Parameters
    ----------
    message : str
        The message; it is made to fit one line, whatever paths and values it contains.
    choices : sequence, optional
        Valid alternatives, of which the first ten are listed, one per line.
    """

    #: Exit code of the command.
    code = 2

    def __init__(self, message: str, choices: Sequence[object] = ()) -> None:
        more = len(choices) - MAX_LISTED
        listed = [f"  {inline(str(choice))}" for choice in choices[:MAX_LISTED]]
        listed += [f"  and {more} more"] if more > 0 else []
        super().__init__("\n".join([inline(message), *listed]))


class NotComparableError(UsageError):
    """Two runs cannot be compared; the message names the reason."""

    code = 4


class OutputError(UsageError):
    """An output cannot be written; the message names it and the system's reason.

    An output that is invalid by its name alone (a wrong suffix, a folder in use) is a `UsageError`.
    """

    code = 5

    @classmethod
    def of(cls, named: Path | str, error: OSError) -> OutputError:
        """Make the error from the system's error; `named` is the output as the user named it."""
        return cls(f"{named}: cannot be written ({error.strerror or error})")


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """Turn system errors while an output is written into an `OutputError`.

    Parameters
    ----------
    path : Path or str
        The name for the message if the system's error names no file, as with a full disk.

    Raises
    ------
    OutputError
        For example ``out/r.json: cannot be written (No space left on device)``.
    BrokenPipeError
        Passed on unchanged: the user cannot fix a pipe whose reader is gone.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError.of(str(error.filename or path).removesuffix(".part"), error) from None
