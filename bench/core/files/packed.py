"""Lines of a file, plain or packed with gzip, in bounded memory.

A packed file of a few megabytes can unpack to gigabytes. Three limits stop it: the longest line,
the bytes unpacked, and how many times its own size a file unpacks to. Measured with
``gzip.GzipFile(compresslevel=9)``: the 821 stored runs of this repository unpack to 11 to 22 times
their size, and a million rows that all state 1.00 to 17 (rows of distinct questions), 61 (flat rows
named by their number) and 95 times (the same under a task of 150 letters). Newlines alone give
1,029, the most that deflate can.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from caopd_bench.core.errors import UsageError
from caopd_bench.core.terminal import quote

__all__ = [
    "HELD",
    "MAX_LINE",
    "STREAMED",
    "VARIABLE",
    "BlankLines",
    "Unpacked",
    "asked_bytes",
    "check_packed",
    "read_lines",
    "read_packed_lines",
]

#: Bytes of a line.
MAX_LINE = 1 << 24
#: Bytes that a file may unpack to where its rows are held in memory, and where they go by.
HELD = 1 << 31
STREAMED = 1 << 36
#: So many times its own size a file may unpack to, and this many bytes in any case.
MAX_RATIO = 200
FREE = 1 << 27
#: After so many bytes the ratio of what came since is looked at: where it is too high, the whole is
#: unpacked once without a look at its rows, which takes a hundredth of the time.
STEP = 1 << 22
#: More than this many blank lines beyond one for each line with something in it are refused.
MAX_BLANK = 100_000
#: Environment variable: bytes that one file may unpack to, and one document of JSON may take, in
#: place of all limits but the line's.
VARIABLE = "CAOPD_BENCH_MAX_UNPACKED"


class Unpacked:
    """Counts what a file unpacks to, and refuses what is too much.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    packed : int
        Its size in bytes.
    most : int
        Bytes that it may unpack to.

    Examples
    --------
    >>> count = Unpacked("rows.jsonl.gz", packed=400_000)
    >>> count.add(100_000_000)
    >>> count.total
    100000000
    """

    def __init__(self, name: str, packed: int, most: int = STREAMED) -> None:
        self.name, self.packed, self.total = name, packed, 0
        asked = asked_bytes()
        self.most = most if asked is None else asked
        self.ratio = MAX_RATIO if asked is None else 0

    def add(self, count: int) -> None:
        """Count bytes.

        Raises
        ------
        UsageError
            If they are too many: it says which limit, what was found, and how to go on.
        """
        self.total += count
        if self.total > self.most:
            raise UsageError(
                f"{self.name}: unpacks to more than {self.most:,} bytes; is it the right file? If "
                f"it is, set {VARIABLE} to the bytes that it may unpack to"
            )
        if self.ratio and self.total > max(FREE, self.ratio * self.packed):
            raise UsageError(
                f"{self.name}: {self.packed:,} bytes unpack to {self.total:,} or more, over "
                f"{self.ratio} times as many; is the file damaged, or the wrong one? If it is "
                f"right, set {VARIABLE} to the bytes that it may unpack to"
            )


class BlankLines:
    """Counts lines with nothing in them, and refuses a file that holds little else."""

    def __init__(self, file: Path) -> None:
        self.file, self.blank, self.filled = file, 0, 0

    def add(self, is_blank: bool) -> bool:
        """Count a line, and say whether it is blank; too many of these are a UsageError."""
        self.filled += not is_blank
        self.blank += is_blank
        if is_blank and self.blank > MAX_BLANK + self.filled:
            raise UsageError(
                f"{self.file}: {self.blank:,} blank lines and {self.filled:,} others; is the file "
                "damaged, or the wrong one? Leave the blank lines out"
            )
        return is_blank


def read_packed_lines(file: Path, *, mend: str = "compress it again") -> Iterator[bytes]:
    """Yield the lines of a ``.gz`` file whose rows are held in memory, each with its line end.

    Parameters
    ----------
    file : Path
    mend : str
        What to do about a damaged file, for the message.

    Yields
    ------
    bytes
        As they are: joined, they are the unpacked file.

    Raises
    ------
    UsageError
        If the file is damaged, a line is longer than 16 MiB, or the whole unpacks to too much.
    OSError
        If it cannot be read.
    """
    for _, line in read_lines(file, most=HELD, mend=mend):
        yield line


def read_lines(
    file: Path, *, most: int = STREAMED, mend: str = "compress it again"
) -> Iterator[tuple[int, bytes]]:
    """Yield the numbered lines of a file, which is packed if its name ends in ``.gz``.

    Parameters
    ----------
    file : Path
    most : int
        Bytes that it may unpack to.
    mend : str
        What to do about a damaged file, for the message.

    Raises
    ------
    UsageError
        As for `read_packed_lines`; a plain file has only the limit on its lines.
    OSError
        If it cannot be read.
    """
    number = 0
    with file.open("rb") as raw:
        if not file.name.lower().endswith(".gz"):
            while line := raw.readline(MAX_LINE + 1):
                number += 1
                _check_length(line, file, number)
                yield number, line
            return
        unpacked = Unpacked(str(file), os.fstat(raw.fileno()).st_size, most)
        try:
            with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
                before, is_measured = (0, 0), False
                while line := stream.readline(MAX_LINE + 1):
                    number += 1
                    unpacked.add(len(line))
                    _check_length(line, file, number)
                    if not is_measured and unpacked.total - before[0] > STEP:
                        now = (unpacked.total, raw.tell())
                        is_measured = now[0] - before[0] > MAX_RATIO * (now[1] - before[1])
                        if is_measured:
                            check_packed(file, most=most, mend=mend)
                        before = now
                    yield number, line
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise UsageError(f"{file}: damaged or cut off after line {number}; {mend}") from None


def check_packed(file: Path, *, most: int = HELD, mend: str = "compress it again") -> None:
    """Unpack a ``.gz`` file without a look at its lines; errors as of `read_packed_lines`."""
    try:
        with file.open("rb") as raw, gzip.GzipFile(fileobj=raw, mode="rb") as stream:
            unpacked = Unpacked(str(file), os.fstat(raw.fileno()).st_size, most)
            while piece := stream.read(1 << 20):
                unpacked.add(len(piece))
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise UsageError(f"{file}: damaged or cut off; {mend}") from None


def _check_length(line: bytes, file: Path, number: int) -> None:
    if len(line) > MAX_LINE:
        raise UsageError(
            f"{file} line {number}: longer than {MAX_LINE:,} bytes; write one row per line"
        )


def asked_bytes() -> int | None:
    """Return the bytes that the user set as the limit in `VARIABLE`; None without one."""
    text = os.environ.get(VARIABLE, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text)):
        raise UsageError(f"{VARIABLE}: must be a whole number of bytes, got {quote(text)}")
    return int(text)
