"""Standard output and error that fail late: what cannot be written is remembered, not raised.

A `print` to a pipe whose reader has gone, or onto a full disk, raises where the work is half done,
or when the interpreter ends, which then ends with a code of its own. Here it never raises; whoever
runs the command asks afterwards (`Standard.failure`) and decides what that means.

The stream stays a `TextIOWrapper` over a descriptor, as Python makes it, so that `buffer`,
`isatty`, `fileno`, `reconfigure` and ``python -u`` go on as they do. A stream without a descriptor
(`io.StringIO`, a notebook's) is left as it is.
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
    """What became of standard output."""

    def __init__(self, output: _Remembering | None) -> None:
        self._output = output

    def failure(self) -> OSError | None:
        """Write out what is still held, and give the first error of standard output, if any."""
        for stream in (sys.stderr, sys.stdout):
            if stream is not None:
                with suppress(ValueError):  # somebody closed it
                    stream.flush()
        return self._output.failure if self._output is not None else None

    def abandon(self) -> None:
        """Drop what is still held, which nobody reads: the interpreter would wait at its end."""
        if self._output is not None and self._output.failure is None:
            self._output.failure = BrokenPipeError(errno.EPIPE, "it is not read")


@contextmanager
def guarded(*, for_good: bool) -> Iterator[Standard]:
    """Let standard output and error remember their errors.

    Parameters
    ----------
    for_good : bool
        Leave them so, as the interpreter writes to them at its end; else the streams that were
        there come back.

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
    """A descriptor of standard output or error that takes everything and remembers the error."""

    def __init__(self, descriptor: int, refusal: OSError | None) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.failure: OSError | None = None
        self._refusal = refusal

    def write(self, data: Any, /) -> int:
        """Write all of it; after an error nothing more, so that no text with a hole is left."""
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
        """Stay open: a library that closes standard output cannot take the verdict away."""


class _Buffer(io.BufferedWriter):
    """Its buffer; closing it would free the memory and leave the descriptor open."""

    def close(self) -> None:
        """Write out what is held, and stay open."""
        self.flush()


def _replace(name: str, descriptor: int) -> _Remembering | None:
    """Put a remembering stream in the place of `sys.stdout` or `sys.stderr`, if it has a file."""
    stream = getattr(sys, name)
    refusal = None
    if stream is None:  # it was closed before the program began; `_open_closed` has filled the gap
        refusal = OSError(errno.EBADF, "it is closed")
    elif type(stream) is not io.TextIOWrapper:
        if isinstance(stream, io.TextIOWrapper):  # of a test runner
            stream.reconfigure(errors="backslashreplace")
        return None
    try:
        if stream is not None:
            stream.flush()
            descriptor = stream.fileno()
        raw = _Remembering(descriptor, refusal)
    except (OSError, ValueError):  # no file behind it
        return None
    raw.name = f"<{name}>"  # as Python calls it
    setattr(sys, name, _wrap(raw, stream))
    return raw


def _wrap(raw: _Remembering, like: io.TextIOWrapper | None) -> TextIO:
    """Make a text stream that buffers as another does; what cannot be shown is escaped."""
    encoding, is_direct, by_line = "utf-8", False, raw.isatty()
    if like is not None:
        encoding, is_direct, by_line = like.encoding, like.write_through, like.line_buffering
    # `python -u` writes at once: without a buffer, as Python has it then.
    buffer: Any = raw if is_direct else _Buffer(raw)
    return io.TextIOWrapper(
        buffer,
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=by_line,
        write_through=is_direct,
    )


def _open_closed() -> None:
    """Open descriptors 0, 1 and 2 that are closed: the next file would get the number of one.

    What a library or a child process writes to "standard error" would go into that file.
    """
    with suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            os.set_inheritable(descriptor, True)
        os.close(descriptor)
