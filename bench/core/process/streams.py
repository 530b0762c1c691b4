"""Make standard output and error remember write errors instead of raising them.

A `print` to a pipe whose reader has gone, or onto a full disk, raises in the middle of the work,
or when the interpreter ends, which then exits with its own code. Here it never raises; the runner
of the command checks `Standard.failure` afterwards and decides how to react.

The stream remains a `TextIOWrapper` over a descriptor, as Python creates it, so that `buffer`,
`isatty`, `fileno`, `reconfigure` and ``python -u`` work as usual. A stream without a descriptor
(`io.StringIO`, a notebook's) is unchanged.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

__all__ = ["Standard", "guarded"]


class Standard:
    """The state of standard output."""

    def __init__(self, output: _Remembering | None) -> None:
        self._output = output

    def failure(self) -> OSError | None:
        """Flush standard output and return its first error, if any."""
        for stream in (sys.stderr, sys.stdout):
            if stream is not None:
                with suppress(ValueError):  # other code closed the stream
                    stream.flush()
        return self._output.failure if self._output is not None else None

    def abandon(self) -> None:
        """Drop buffered output that nobody reads: the interpreter would wait for it at its end."""
        if self._output is not None and self._output.failure is None:
            self._output.failure = BrokenPipeError(errno.EPIPE, "it is not read")


@contextmanager
def guarded(*, for_good: bool) -> Iterator[Standard]:
    """Make standard output and error remember their errors.

    Parameters
    ----------
    for_good : bool
        Keep these streams, as the interpreter writes to them at its end; else restore the previous
        ones.

    Yields
    ------
    Standard
    """
    before = sys.stdout, sys.stderr
    _open_closed()
    output = _replace("stdout", 1)
    _replace("stderr", 2)
    try:
        yield Standard(output)
    finally:
        if not for_good:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None and stream not in before:
                    with suppress(ValueError):
                        stream.flush()
            sys.stdout, sys.stderr = before


class _Remembering(io.FileIO):
    """A descriptor of standard output or error that accepts everything and remembers its error."""

    def __init__(self, descriptor: int, refusal: OSError | None) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.failure: OSError | None = None
        self._refusal = refusal

    def write(self, data: Any, /) -> int:
        """Write everything; after an error write nothing more, so that no text has a gap."""
        left = memoryview(data).cast("B")
        taken = len(left)
        if taken and self.failure is None:
            self.failure = self._refusal
        while left and self.failure is None:
            try:
                written: int | None = super().write(left)
            except OSError as error:
                self.failure = error
            else:
                if written is None:  # another program made the pipe non-blocking, and it is full
                    select.select([], [self.fileno()], [])
                else:
                    left = left[written:]
        return taken

    def close(self) -> None:
        """Stay open, so that a library that closes standard output does not hide the verdict."""


class _Buffer(io.BufferedWriter):
    """The buffer; closing it would free the memory and leave the descriptor open."""

    def close(self) -> None:
        """Flush, and stay open."""
        self.flush()


def _replace(name: str, descriptor: int) -> _Remembering | None:
    """Replace `sys.stdout` or `sys.stderr` by a remembering stream, if it has a descriptor."""
    stream = getattr(sys, name)
    refusal = None
    if stream is None:  # closed when the program started; `_open_closed` opened it
        refusal = OSError(errno.EBADF, "it is closed")
    elif type(stream) is not io.TextIOWrapper:
        if isinstance(stream, io.TextIOWrapper):  # a test runner's stream
            stream.reconfigure(errors="backslashreplace")
        return None
    try:
        if stream is not None:
            stream.flush()
            descriptor = stream.fileno()
        raw = _Remembering(descriptor, refusal)
    except (OSError, ValueError):  # the stream has no descriptor
        return None
    raw.name = f"<{name}>"  # as Python names it
    setattr(sys, name, _wrap(raw, stream))
    return raw


def _wrap(raw: _Remembering, like: io.TextIOWrapper | None) -> TextIO:
    """Make a text stream with the buffering of another; unencodable characters are escaped."""
    encoding, is_direct, by_line = "utf-8", False, raw.isatty()
    if like is not None:
        encoding, is_direct, by_line = like.encoding, like.write_through, like.line_buffering
    # `python -u` writes immediately, without a buffer.
    buffer: Any = raw if is_direct else _Buffer(raw)
    return io.TextIOWrapper(
        buffer,
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=by_line,
        write_through=is_direct,
    )


def _open_closed() -> None:
    """Open descriptors 0, 1 and 2 if closed, since the next opened file would get that number.

    Writes of a library or child process to "standard error" would go into that file.
    """
    with suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            os.set_inheritable(descriptor, True)
        os.close(descriptor)
