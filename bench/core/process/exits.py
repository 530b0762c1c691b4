"""The exit codes: every end has one of its own, and 0, 1, 3 and 4 are never an accident.

=====  ==============================================================================
code   what it says
=====  ==============================================================================
0      done; of `gate` and `check` PASS; of `gate` INCONCLUSIVE under
       ``on_inconclusive: warn``
1      of `gate` and `check` FAIL and nothing else; of `threshold` NONE; of `watch` an
       alarm; of other commands the work failed, as they say
2      something given cannot be used
3      of `gate`, `check` and `threshold` INCONCLUSIVE; of `watch` that nothing can be
       concluded
4      of `gate`, `compare` and `baseline`: the runs are not comparable; of `watch`: the
       state is of another threshold or of other options; of `--map` and
       `check`: the map or threshold is of other rows, or `check` was given those that the
       threshold was made on; of these, `recalibrate`, `threshold` and `score --store`: the
       rows of a stored run were edited
5      done, but an output cannot be written: a file, the step summary of GitHub, or
       standard output
70     an error of this program (EX_SOFTWARE of BSD's sysexits.h), a broken installation,
       or not enough memory; a line says which
129    stopped by SIGHUP (128 + the signal's number, as shells have it)
130    stopped by Ctrl-C (SIGINT)
141    done, but the reader of the output has gone (SIGPIPE)
143    stopped by SIGTERM
=====  ==============================================================================

A command that decides (`gate`, `threshold`, `check`, `watch`, `baseline verify`, `baseline update`)
ends with the code of its decision whatever becomes of standard output: 5 and 141 would take the
decision's place. Its parser says so by ``set_defaults(decides=True)``.

Python by itself ends with 1 on any error that nobody caught, and a shell takes 0 for success: in a
gate the one would read as FAIL and the other as PASS. `process` sees to it that neither happens.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from types import ModuleType

from caopd_bench.core.errors import UsageError
from caopd_bench.core.privacy.credentials import redact
from caopd_bench.core.terminal import inline

__all__ = ["DEBUG", "HELP", "ExitCode", "complain", "explain", "explain_output"]

#: Set to anything but 0, this variable shows the traceback of an error of the program.
DEBUG = "CAOPD_BENCH_DEBUG"
#: What `--help` says of the codes; each command says what 1 means to it.
HELP = (
    "Exit codes of every command: 0 done, 2 something given cannot be used, 5 an output (a file or "
    "standard output) cannot be written, 70 an error of this program, a broken installation or not "
    f"enough memory ({DEBUG}=1 shows the traceback), 141 the reader of standard output has gone "
    "(| head); stopped by a signal: 129 SIGHUP, 130 SIGINT (Ctrl-C), 143 SIGTERM. 1 is FAIL of "
    "gate and check, NONE of threshold, an alarm of watch, and that the work failed of "
    "fetch-model, baseline, train and sweep; 3 is INCONCLUSIVE of gate, check and threshold, and "
    "that watch can conclude nothing; 4 that two runs are not comparable, that a stored run was "
    "edited, or that the state of watch is of another threshold. gate, threshold, check, watch, "
    "baseline verify and baseline update end with the code of their decision even if standard "
    "output cannot be written. The words of the tables: docs/glossary.md."
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
    HUNG_UP = 129
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143


NO_MEMORY = (
    "not enough memory; raise the limit of this process (ulimit -v, the container's), or give "
    "fewer or smaller runs"
)
REINSTALL = "reinstall: pip install --force-reinstall caopd-bench"
#: What only writing can meet.
_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
#: How the loader of libraries words it when a library does not fit into memory.
_UNMAPPED = ("cannot allocate memory", "failed to map segment", "cannot map zero-fill pages")


def explain(error: BaseException) -> tuple[int, str]:
    """Return the exit code of what a command raised, and what to say of it ("" for nothing)."""
    if isinstance(error, UsageError):
        return error.code, str(error)
    if isinstance(error, BrokenPipeError):  # nobody reads any more, so nothing is said
        return ExitCode.BROKEN_PIPE, ""
    if is_memory(error):
        traceback.clear_frames(error.__traceback__)  # what they hold is needed to say it
        return ExitCode.INTERNAL, NO_MEMORY
    if isinstance(error, OSError) and error.errno in _WRITING:
        return explain_output(error)
    if os.environ.get(DEBUG, "0") not in ("", "0"):
        with suppress(OSError, ValueError):
            print(redact("".join(traceback.format_exception(error))), end="", file=sys.stderr)
    said = (str(error).strip().splitlines() or ["no message"])[0]
    what = f"{type(error).__name__}: {said}"
    shows = f"{DEBUG}=1 shows the traceback"
    module = find_broken(error)
    if module:
        broken = f"this installation is broken: {module} cannot be imported ({what})"
        return ExitCode.INTERNAL, f"{broken}; {REINSTALL} ({shows})"
    return ExitCode.INTERNAL, f"an error of this program: {what} ({shows})"


def explain_output(error: OSError) -> tuple[int, str]:
    """Return the exit code of standard output that could not be written, and what to say of it."""
    if isinstance(error, BrokenPipeError):
        return ExitCode.BROKEN_PIPE, ""
    return ExitCode.UNWRITABLE, f"the output cannot be written ({error.strerror or error})"


def is_memory(error: BaseException) -> bool:
    """Return whether memory ran out, in this process or in one that worked for it."""
    said = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, ImportError) and any(words in said for words in _UNMAPPED))
        # The kernel kills what takes too much; the pool's error says no more than that.
        or type(error).__name__ == "BrokenProcessPool"
        # A C extension that was refused memory and set no exception for it.
        or (isinstance(error, SystemError) and _is_limited())
    )


def _is_limited() -> bool:
    """Return whether the address space of this process has a limit (ulimit -v)."""
    try:
        import resource
    except ImportError:  # Windows
        return False
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def find_broken(error: BaseException) -> str:
    """Name the module that could not be imported; "" if the error came from no import.

    Any error counts that a module raised while it was imported: of a library of another version a
    name is missing, a half-written file is no Python.
    """
    if isinstance(error, SyntaxError) and (error.filename or "").endswith(".py"):
        file = Path(str(error.filename))
        return file.parent.name if file.stem == "__init__" else file.stem
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        return error.obj.__name__
    # Code of a module that is imported; that of the program itself is above what is caught.
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    modules = [f.f_globals.get("__name__") for f in frames if f.f_code.co_name == "<module>"]
    if isinstance(error, ImportError):
        return error.name or (str(modules[-1]) if modules else "a module")
    return str(modules[-1]) if modules else ""


def complain(command: str, text: str) -> None:
    """Print a line on standard error, if that can be written."""
    lines = [inline(line) for line in redact(text).splitlines()]
    name = f"caopd-bench {command}".rstrip()
    if sys.stderr is None:  # print would take standard output, where a verdict is read
        return
    with suppress(OSError, ValueError):
        print("\n".join([f"{name}: {lines[0]}", *lines[1:]]), file=sys.stderr, flush=True)
