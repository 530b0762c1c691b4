"""The errors that a command turns into a line and an exit code."""

from __future__ import annotations

from collections.abc import Sequence

from caopd_bench.terminal import inline

__all__ = ["NotComparableError", "UsageError"]

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
