"""The one error that a command turns into one line and an exit code."""

from __future__ import annotations

__all__ = ["UsageError"]


class UsageError(Exception):
    """Something the user gave cannot be used: says what, where, and how to mend it.

    The command line prints it as one line and exits with 2.
    """
