"""The one error that a command turns into one line and an exit code."""

from __future__ import annotations

from caopd_bench.terminal import inline

__all__ = ["UsageError"]


class UsageError(Exception):
    """Something the user gave cannot be used: says what, where, and how to mend it.

    The command line prints it as one line and exits with 2. It is one line whatever paths and
    values it names.
    """

    def __init__(self, message: str) -> None:
        super().__init__(inline(message))
