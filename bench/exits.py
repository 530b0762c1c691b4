"""How a command ends: every end has an exit code of its own, and 1 is never an accident.

=====  ==============================================================================
code   what it says
=====  ==============================================================================
0      done; of `gate` PASS, or INCONCLUSIVE under ``on_inconclusive: warn``
1      of `gate` FAIL and nothing else; of other commands the work failed, as they say
2      something given cannot be used
3      of `gate` INCONCLUSIVE
4      of `gate`, `compare` and `baseline`: the runs are not comparable; of these and of
       `score --store`: the rows of a stored run were edited
5      an output cannot be written: a file, the step summary of GitHub, standard output
70     an error of this program (EX_SOFTWARE of BSD's sysexits.h)
130    interrupted by Ctrl-C (128 + SIGINT, as shells have it)
141    the reader of the output has gone (128 + SIGPIPE)
=====  ==============================================================================

Python by itself ends with 1 on any error that nobody caught, and a shell takes 0 for success: in a
gate the one would read as FAIL and the other as PASS. `run_to_code` catches whatever a command
raises.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from typing import TextIO

from caopd_bench.errors import UsageError
from caopd_bench.terminal import inline

__all__ = ["DEBUG", "HELP", "ExitCode", "code_of", "run_to_code", "settle"]

#: Set to anything but 0, this variable shows the traceback of an error of the program.
DEBUG = "CAOPD_BENCH_DEBUG"
#: What `--help` says of the codes; each command says what 1 means to it.
HELP = (
    "Exit codes of every command: 0 done, 2 something given cannot be used, 5 an output (a file or "
    "standard output) cannot be written, 70 an error of this program "
    f"({DEBUG}=1 shows the traceback), 130 interrupted (Ctrl-C), 141 the reader of the output has "
    "gone (| head). 1 is FAIL of gate, and that the work failed of fetch-model, baseline, train "
    "and sweep; 3 is INCONCLUSIVE of gate; 4 that two runs are not comparable, "
    "or that a stored run was edited."
)


class ExitCode(IntEnum):
    """The codes; see the module."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INCONCLUSIVE = 3
    NOT_COMPARABLE = 4
    UNWRITABLE = 5
    INTERNAL = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141


def run_to_code(command: str, work: Callable[[], int]) -> int:
    """Do a command's work, say in a line what stopped it, and give the exit code.

    Parameters
    ----------
    command : str
        Its name, for the line.
    work : callable
        Gives the exit code of a command that came to its end.
    """
    if sys.stderr is None:
        # `print` would take standard output in its place, where a verdict or JSON is read.
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stdout is None:
        _complain(command, "standard output is closed; send it to a file, or to /dev/null")
        return ExitCode.UNWRITABLE
    try:
        code = int(work())
        sys.stdout.flush()
        sys.stderr.flush()
    except UsageError as error:
        _complain(command, str(error))
        code = error.code
    except KeyboardInterrupt:
        _complain(command, "stopped")
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:  # nobody reads any more, so nothing is said
        code = ExitCode.BROKEN_PIPE
    except (Exception, SystemExit) as error:  # a library's exit is no verdict either
        code = _explain(command, error)
    _settle(sys.stderr)
    return settle(code)


def settle(code: int) -> int:
    """Write out what standard output still holds; give the code, another one if that fails.

    Without this the interpreter would try it at its exit, and end with a code of its own.
    """
    failure = _settle(sys.stdout)
    if failure is None or code not in (ExitCode.DONE, ExitCode.FAILED):
        return code
    return code_of(failure)


def code_of(error: OSError) -> int:
    """Give the code of an output that could not be written."""
    return ExitCode.BROKEN_PIPE if isinstance(error, BrokenPipeError) else ExitCode.UNWRITABLE


def _explain(command: str, error: BaseException) -> int:
    """Say what an error that no command expects was, and give its code."""
    if isinstance(error, OSError) and error.filename is None and error.errno is not None:
        # What commands read and write themselves is named by a UsageError, and what is opened has
        # a name: this one came from writing to a stream.
        _complain(command, f"the output cannot be written ({error.strerror or error})")
        return ExitCode.UNWRITABLE
    if os.environ.get(DEBUG, "0") not in ("", "0"):
        with suppress(OSError, ValueError):
            traceback.print_exception(error, file=sys.stderr)
    said = str(error).strip().splitlines() or ["no message"]
    what = f"{type(error).__name__}: {said[0]}"
    _complain(command, f"an error of this program: {what} ({DEBUG}=1 shows the traceback)")
    return ExitCode.INTERNAL


def _complain(command: str, text: str) -> None:
    """Print a line on standard error, if that can be written."""
    lines = [inline(line) for line in text.splitlines()]
    with suppress(OSError, ValueError):
        print("\n".join([f"caopd-bench {command}: {lines[0]}", *lines[1:]]), file=sys.stderr)


def _settle(stream: TextIO) -> OSError | None:
    """Flush a stream; what cannot be written is sent nowhere, and the reason is given."""
    try:
        stream.flush()
    except OSError as error:
        with suppress(OSError, ValueError):  # a stream without a file of its own
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        with suppress(OSError, ValueError):
            stream.flush()
        return error
    return None
