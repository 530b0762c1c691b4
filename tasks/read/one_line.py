"""Say what a user can mend in one line, where lm-eval's command line would print a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

__all__ = ["one_line"]


@contextmanager
def one_line() -> Iterator[None]:
    """Let a ValueError pass, to be shown as one line if nobody catches it.

    Who calls lm-eval from Python gets the exception as any other. In the command `lm_eval`, which
    catches nothing, the interpreter would print fifty lines of lm-eval's own code before ours.
    """
    try:
        yield
    except ValueError as error:
        ours, shown_otherwise = error, sys.excepthook

        def show(
            kind: type[BaseException], value: BaseException, trace: TracebackType | None
        ) -> None:
            if value is ours:
                # One line: a newline in a value would begin another one with it.
                print(f"caopd_bench: {' '.join(str(value).splitlines())}", file=sys.stderr)
            else:
                shown_otherwise(kind, value, trace)

        sys.excepthook = show
        raise
