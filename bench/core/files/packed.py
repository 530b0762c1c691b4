"""Read lines of a file, plain or compressed with gzip, in bounded memory.

A compressed file of a few megabytes can unpack to gigabytes. Three limits prevent this: the longest
line, the total bytes unpacked, and the ratio of unpacked to packed size. Measured with
``gzip.GzipFile(compresslevel=9)``: the 821 stored runs of this repository unpack to 11 to 22 times
their size; a million rows that all state 1.00 unpack to 17 times (rows of distinct questions), 61
times (flat rows named by number) and 95 times (the same with a task name of 150 letters). Newlines
alone reach 1,029, the maximum of deflate.
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

#: Limit on the bytes of a line.
MAX_LINE = 1 << 24
#: Limits on the unpacked bytes if the rows are kept in memory, and if they are streamed.
HELD = 1 << 31
STREAMED = 1 << 36
#: Limit on the ratio of unpacked to packed size, and the bytes always allowed.
MAX_RATIO = 200
FREE = 1 << 27
#: After this many bytes the ratio since the last check is tested. If it is too high, the whole file
#: is unpacked once without reading its rows, which takes a hundredth of the time.
STEP = 1 << 22
#: A file with this many more blank lines than other lines is refused.
MAX_BLANK = 100_000
#: Environment variable with the bytes that one file may unpack to, and that one JSON document may
#: take; it replaces all limits except that on a line.
VARIABLE = "CAOPD_BENCH_MAX_UNPACKED"


class Unpacked:
    """Counts the unpacked bytes of a file, and refuses too many.

    Parameters
    ----------
    name : str
        Name of the file, for messages.
    packed : int
        Compressed size in bytes.
    most : int
        Limit on the unpacked bytes.

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
            If there are too many; the message names the limit, the count and the workaround.
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
    """Counts blank lines, and refuses a file that contains little else."""

    def __init__(self, file: Path) -> None:
        self.file, self.blank, self.filled = file, 0, 0

    def add(self, is_blank: bool) -> bool:
        """Count a line and return whether it is blank; raise UsageError after too many."""
        self.filled += not is_blank
        self.blank += is_blank
        if is_blank and self.blank > MAX_BLANK + self.filled:
            raise UsageError(
                f"{self.file}: {self.blank:,} blank lines and {self.filled:,} others; is the file "
                "damaged, or the wrong one? Leave the blank lines out"
            )
        return is_blank


def read_packed_lines(file: Path, *, mend: str = "compress it again") -> Iterator[bytes]:
    """Yield the lines of a ``.gz`` file, with line ends; use this if its rows are kept in memory.

    Parameters
    ----------
    file : Path
    mend : str
        What to do about a damaged file, for the message.

    Yields
    ------
    bytes
        Unchanged lines: joined, they are the unpacked file.

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
    """Yield the numbered lines of a file, which is compressed if its name ends in ``.gz``.

    Parameters
    ----------
    file : Path
    most : int
        Limit on the unpacked bytes.
    mend : str
        What to do about a damaged file, for the message.

    Raises
    ------
    UsageError
        As for `read_packed_lines`; for a plain file only lines are limited.
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
    """Unpack a ``.gz`` file without reading its lines; errors as for `read_packed_lines`."""
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
    """Return the limit in bytes that the user set in `VARIABLE`, or None."""
    text = os.environ.get(VARIABLE, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text)):
        raise UsageError(f"{VARIABLE}: must be a whole number of bytes, got {quote(text)}")
    return int(text)
