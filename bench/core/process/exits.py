"""The exit codes: each outcome has its own, and 0, 1, 3 and 4 never result from an accident.

=====  ==============================================================================
code   meaning
=====  ==============================================================================
0      success; `gate` and `check`: PASS; `gate` with ``on_inconclusive: warn``:
       INCONCLUSIVE
1      `gate` and `check`: FAIL and nothing else; `threshold`: NONE; `watch`: an alarm;
       `baseline update`: the gate FAILs; `baseline verify`: a number differs; `store
       --check`: something to clean; `fetch-model`, `train`, `sweep`: the work failed, and
       a message gives the reason
2      invalid argument or input
3      `gate`, `baseline update`, `check` and `threshold`: INCONCLUSIVE; `watch`: too
       little data for a conclusion
4      `gate`, `compare` and `baseline`: the runs are not comparable; `watch`: the state
       belongs to another threshold or other options; `--map` and `check`: the map or
       threshold was made for other rows, or `check` got the rows that the threshold was
       made on; all of these, `recalibrate`, `threshold` and `score --store`: the rows of a
       stored run were edited
5      the work is done, but an output cannot be written: a file, GitHub's step summary, or
       standard output
70     internal error (EX_SOFTWARE of BSD's sysexits.h), a broken installation, or not
       enough memory; a message names the cause
129    stopped by SIGHUP (128 + the signal's number, the convention of shells)
130    stopped by Ctrl-C (SIGINT)
141    the work is done, but the reader of the output closed the pipe (SIGPIPE)
143    stopped by SIGTERM
=====  ==============================================================================

A command that decides (`gate`, `threshold`, `check`, `watch`, `baseline verify`, `baseline update`)
exits with the code of its decision even if standard output cannot be written: 5 or 141 would hide
the decision. Its parser declares this with ``set_defaults(decides=True)``.

Python exits with 1 on any uncaught error, and a shell takes 0 for success. In a gate, 1 would
read as FAIL and 0 as PASS; `process` prevents both.
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

__all__ = [
    *("DEBUG", "HELP", "ExitCode", "complain", "explain", "explain_output", "is_memory_limited"),
]

#: If this variable is set to anything but 0, internal errors show their traceback.
DEBUG = "CAOPD_BENCH_DEBUG"
#: The end of `caopd-bench --help`: a code per line, which the parser wraps.
HELP = "\n".join(
    [
        "exit codes of all commands:",
        "  0    success: PASS (gate, check), a cut (threshold), no alarm (watch)",
        "  1    FAIL (gate, check, baseline update), NONE (threshold), alarm (watch), changed "
        "numbers (baseline verify), something to clean (store), or the work failed "
        "(fetch-model, train, sweep)",
        "  2    invalid argument or input",
        "  3    INCONCLUSIVE: too little data to decide (gate, check, threshold, watch, baseline "
        "update)",
        "  4    the runs are not comparable, a stored run was edited, a map or threshold was made "
        "for other rows, or the state of watch belongs to another threshold",
        "  5    an output file or standard output cannot be written",
        f"  70   internal error ({DEBUG}=1 shows the traceback), broken installation, or not "
        "enough memory",
        "  129  stopped by SIGHUP",
        "  130  stopped by Ctrl-C",
        "  141  the reader of standard output closed the pipe, as head does",
        "  143  stopped by SIGTERM",
        "gate, threshold, check, watch, baseline verify and baseline update keep the exit code of "
        "their decision even if standard output cannot be written.",
        "",
        "A value in brackets at the end of an option's text is its default. Words in the tables "
        "(SPR, MCB, ...): caopd-bench score --help. Pages of docs/ are in the source tree.",
    ]
)


class ExitCode(IntEnum):
    """The exit codes, described in the module."""

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
#: A path, because the package is not on any index.
REINSTALL = "reinstall from the checkout or wheel: pip install --force-reinstall PATH"
#: Error numbers that only occur when writing.
_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
#: The library loader's message when a library does not fit into memory.
_UNMAPPED = ("cannot allocate memory", "failed to map segment", "cannot map zero-fill pages")


def explain(error: BaseException) -> tuple[int, str]:
    """Return the exit code for an exception of a command, and the message ("" for none)."""
    if isinstance(error, UsageError):
        return error.code, str(error)
    if isinstance(error, BrokenPipeError):  # the reader is gone, so no message is printed
        return ExitCode.BROKEN_PIPE, ""
    if is_memory(error):
        traceback.clear_frames(error.__traceback__)  # frees memory that the message needs
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
    """Return the exit code and the message if standard output could not be written."""
    if isinstance(error, BrokenPipeError):
        return ExitCode.BROKEN_PIPE, ""
    return ExitCode.UNWRITABLE, f"the output cannot be written ({error.strerror or error})"


def is_memory(error: BaseException) -> bool:
    """Return whether memory ran out, in this process or in a worker process."""
    said = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, ImportError) and any(words in said for words in _UNMAPPED))
        # The kernel kills a worker that takes too much memory; the pool only reports its death.
        or type(error).__name__ == "BrokenProcessPool"
        # Some C extensions set no exception when they are refused memory.
        or (isinstance(error, SystemError) and is_memory_limited())
    )


def is_memory_limited() -> bool:
    """Return whether this process has a limit of memory (``ulimit -v``, ``ulimit -d``)."""
    try:
        import resource
    except ImportError:  # Windows
        return False
    limits = (resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA))
    return any(limit != resource.RLIM_INFINITY for limit in limits)


def find_broken(error: BaseException) -> str:
    """Return the module that could not be imported; "" if the error did not come from an import.

    Any error that a module raised during its import counts: another version of a library may lack a
    name, and a half-written file is not valid Python.
    """
    if isinstance(error, SyntaxError) and (error.filename or "").endswith(".py"):
        file = Path(str(error.filename))
        return file.parent.name if file.stem == "__init__" else file.stem
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        return error.obj.__name__
    # Frames of modules being imported; the program's own is outside the caught traceback.
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    modules = [f.f_globals.get("__name__") for f in frames if f.f_code.co_name == "<module>"]
    if isinstance(error, ImportError):
        return error.name or (str(modules[-1]) if modules else "a module")
    return str(modules[-1]) if modules else ""


def complain(command: str, text: str) -> None:
    """Print a line on standard error, if possible."""
    lines = [inline(line) for line in redact(text).splitlines()]
    name = f"caopd-bench {command}".rstrip()
    if sys.stderr is None:  # print would use standard output, where a verdict is expected
        return
    with suppress(OSError, ValueError):
        print("\n".join([f"{name}: {lines[0]}", *lines[1:]]), file=sys.stderr, flush=True)
