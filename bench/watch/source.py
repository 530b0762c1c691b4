"""Read the new part of a log in whole rows, and check that the old part is unchanged."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import MAX_LINE
from caopd_bench.runs.flat.blocks import Block

__all__ = ["SIZE", "STDIN", "Mark", "Reader", "hash_file", "is_growing"]

#: Size of a block in bytes.
SIZE = 1 << 20
STDIN = "-"


class Mark(NamedTuple):
    """The position up to which a log was read.

    Attributes
    ----------
    offset, lines : int
        Number of bytes and lines read.
    sha256 : str
        Hash of these bytes.
    """

    offset: int = 0
    lines: int = 0
    sha256: str = hashlib.sha256().hexdigest()


def is_growing(file: Path) -> bool:
    """Return whether rows are appended to a file of this format; others are written as a whole."""
    return not file.name.lower().endswith((".gz", ".parquet"))


def hash_file(file: Path) -> Mark:
    """Return the mark of a whole file."""
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as stream:
        while piece := stream.read(SIZE):
            digest.update(piece)
            size += len(piece)
    return Mark(size, 0, digest.hexdigest())


class Reader:
    """Reads whole rows from a mark up to the end that the log had when it was opened.

    Parameters
    ----------
    file : Path
        A plain file, or ``-`` for standard input.
    mark : Mark
        Starting position.

    Attributes
    ----------
    is_same : bool
        Whether the part before the mark is unchanged.
    is_csv : bool
        Standard input is recognised by its first character: JSONL begins with a brace.
    head : bytes
        The first row of a CSV.
    unfinished : int
        Bytes at the end that do not form a whole row yet.
    """

    def __init__(self, file: Path, mark: Mark) -> None:
        self.file, self.unfinished = file, 0
        self._is_stdin = str(file) == STDIN
        self._stream: IO[bytes] = sys.stdin.buffer if self._is_stdin else file.open("rb")
        self._digest = hashlib.sha256()
        self._lines = mark.lines
        self._left = sys.maxsize if self._is_stdin else file.stat().st_size
        self._held, self.head = b"", b""
        self.is_same = self._skip(mark)
        self.is_csv = file.name.lower().endswith(".csv")
        if self._is_stdin:
            self.is_csv = bool(self.peek()) and not self.peek().lstrip().startswith(b"{")

    def close(self) -> None:
        """Close the file."""
        if not self._is_stdin:
            self._stream.close()

    def peek(self) -> bytes:
        """Return the next bytes without consuming them."""
        if not self._held:
            self._held = self._take(SIZE)
        return self._held

    def mark(self) -> Mark:
        """Return the end of the rows read so far."""
        return Mark(self._offset, self._lines, self._digest.hexdigest())

    def take_head(self) -> None:
        """Read the first row, the header of a CSV."""
        while not (end := _first_end(self.peek())):
            more = self._take(SIZE)
            if not more:
                if self._is_stdin and self._held:
                    end = len(self._held)
                    break
                return
            self._held += more
            self._check_length(self._held)
        self.head, self._held = self._held[:end], self._held[end:]
        self._count(self.head)

    def blocks(self) -> Iterator[Block]:
        """Yield whole rows, which end at a line end outside quotes."""
        held = self._held
        while True:
            piece = self._take(SIZE)
            held += piece
            end = len(held) if not piece and self._is_stdin else self._last_end(held)
            if end:
                data, held = held[:end], held[end:]
                block = Block(self._lines + 1, data)
                self._count(data)
                yield block
            elif not piece:
                break
            self._check_length(held)
        self.unfinished = len(held)

    def _last_end(self, held: bytes) -> int:
        if not self.is_csv or b'"' not in held:  # in JSONL every line end ends a row
            return held.rfind(b"\n") + 1
        marks = np.frombuffer(held, np.uint8)
        ends = np.flatnonzero(marks == ord("\n"))
        quotes = np.flatnonzero(marks == ord('"'))
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
        return int(ends[-1]) + 1 if ends.size else 0

    def _skip(self, mark: Mark) -> bool:
        """Read the part before the mark, and return whether it is unchanged."""
        self._offset = 0
        if mark.offset and not self._is_stdin:
            if self._left < mark.offset:
                return False
            left = mark.offset
            while left:
                piece = self._take(min(SIZE, left))
                if not piece:
                    return False
                if not self.head:
                    self.head = piece[: _first_end(piece)]
                self._digest.update(piece)
                left -= len(piece)
            self._offset = mark.offset
        return self._digest.hexdigest() == mark.sha256 or self._is_stdin

    def _take(self, size: int) -> bytes:
        piece = self._stream.read(min(size, self._left))
        self._left -= len(piece)
        return piece

    def _count(self, data: bytes) -> None:
        self._digest.update(data)
        self._offset += len(data)
        self._lines += data.count(b"\n")

    def _check_length(self, held: bytes) -> None:
        if len(held) > MAX_LINE + SIZE:
            raise UsageError(
                f"{self.file} line {self._lines + 1}: a row of more than {MAX_LINE:,} bytes; is a "
                "closing quote missing?"
            )


def _first_end(data: bytes) -> int:
    """Return the position after the first line end outside quotes, or 0."""
    at = -1
    while (at := data.find(b"\n", at + 1)) >= 0:
        if data.count(b'"', 0, at) % 2 == 0:
            return at + 1
    return 0
