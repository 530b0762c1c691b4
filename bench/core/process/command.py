"""Run a command as a process: do the work, report errors in one line, and set the exit code.

Whatever happens to standard output, to memory or to the installation, and whatever signal arrives,
the exit code is one that `exits` lists, and a decision keeps its own code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from caopd_bench.core.markers import guard_streams
from caopd_bench.core.process.exits import ExitCode, complain, explain, explain_output
from caopd_bench.core.process.foreign_ends import check_memory, fenced
from caopd_bench.core.process.garbage import collect_rarely
from caopd_bench.core.process.signals import Signals, caught
from caopd_bench.core.process.streams import Standard, guarded

__all__ = ["Command", "run"]


class Command(NamedTuple):
    """The work of a command."""

    name: str
    work: Callable[[], int]
    """Gives the exit code of a command that came to its end."""
    decides: bool = False
    """Its code stands although standard output cannot be written."""


def run(prepare: Callable[[], Command], *, is_ours: bool) -> int:
    """Carry out a command and return the exit code of the process.

    Parameters
    ----------
    prepare : callable
        Reads the command line; a `SystemExit` comes from argparse, which has printed the reason.
    is_ours : bool
        Whether the process ends with the command. If not, streams and signals are restored.

    Raises
    ------
    SystemExit
        The `SystemExit` of `prepare`, with another code if help could not be printed.
    """
    with collect_rarely(for_good=is_ours), caught(for_good=is_ours) as signals:
        try:
            with guarded(for_good=is_ours) as standard, guard_streams(), _fenced(is_ours):
                command, code, left = _carry_out(prepare, signals, is_ours=is_ours)
                code = _settle(command, code, signals, standard)
        except KeyboardInterrupt:  # before the work, or after it
            code, left = signals.code or ExitCode.INTERRUPTED, False
            complain("", signals.words())
        signals.finish(code)
    if left:
        raise SystemExit(code)
    return code


@contextmanager
def _fenced(is_ours: bool) -> Iterator[None]:
    if is_ours:
        with fenced():
            yield
    else:
        yield


def _carry_out(
    prepare: Callable[[], Command], signals: Signals, *, is_ours: bool
) -> tuple[Command, int, bool]:
    """Do the work; return the command, its code, and whether reading the command line ended it."""
    command = Command("", lambda: ExitCode.INTERNAL)
    try:
        try:
            if is_ours:
                check_memory()
            try:
                command = prepare()
            except SystemExit as end:
                return command, int(end.code or 0), True
            code = int(command.work())
            is_said = code == ExitCode.INTERRUPTED
        except KeyboardInterrupt:
            raise
        # An exit of a library is not a verdict, and neither is a panic of a Rust library.
        except BaseException as error:
            # A library may have turned a signal's KeyboardInterrupt into another error.
            is_said = signals.code is None
            if is_said:
                code, said = explain(error)
                if said:
                    complain(command.name, said)
            else:
                code = ExitCode.INTERRUPTED
    except KeyboardInterrupt:
        code, is_said = ExitCode.INTERRUPTED, False
    if not is_said and (signals.code is not None or code == ExitCode.INTERRUPTED):
        complain(command.name, signals.words())
    return command, signals.code or code, False


def _settle(command: Command, code: int, signals: Signals, standard: Standard) -> int:
    """Flush standard output, and return the final exit code."""
    try:
        failure = standard.failure()
    except KeyboardInterrupt:  # the pipe is full, and its reader is not reading
        standard.abandon()
        complain(command.name, signals.words())
        return signals.code or ExitCode.INTERRUPTED
    if failure is None:
        return code
    other, said = explain_output(failure)
    if command.decides:
        why = failure.strerror or failure
        complain(
            command.name, f"standard output cannot be written ({why}); exit code {code} stands"
        )
        return code
    if said:
        complain(command.name, said)
    return other if code == ExitCode.DONE else code
