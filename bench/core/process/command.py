"""A command as a process: it works to its end, says in a line what stopped it, and gives its code.

Whatever becomes of standard output, of memory or of the installation, and whatever signal comes:
the exit code is one that `exits` lists, and that of a decision is the decision's.
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
    """What is to be done."""

    name: str
    work: Callable[[], int]
    """Gives the exit code of a command that came to its end."""
    decides: bool = False
    """Its code stands although standard output cannot be written."""


def run(prepare: Callable[[], Command], *, is_ours: bool) -> int:
    """Carry out a command and give the exit code of the process.

    Parameters
    ----------
    prepare : callable
        Reads the command line; a `SystemExit` is argparse's, which has said why.
    is_ours : bool
        Whether the process ends with the command. If not, streams and signals are given back.

    Raises
    ------
    SystemExit
        That of `prepare`; its code is another one if help could not be printed.
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
    """Work; give the command, its code, and whether reading the command line ended it."""
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
        # A library's exit is no verdict either, nor is the panic of one that is written in Rust.
        except BaseException as error:
            # A library may have made another error of a signal's KeyboardInterrupt.
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
    """Write out what standard output still holds, and give the code that is left."""
    try:
        failure = standard.failure()
    except KeyboardInterrupt:  # nobody reads, and nobody has gone: the pipe is full
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
