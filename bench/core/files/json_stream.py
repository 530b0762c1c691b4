"""Read JSON value by value; values that nobody asks for are skipped without being built.

Python's own parser builds a whole document, which takes up to thirty times its bytes. Here brackets
and quotes are counted a block at a time, and a value is parsed only when it is requested. Skipped
values are not checked further: in ``{"a": [1 2], "b": 3}`` the list is skipped without an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import VARIABLE
from caopd_bench.core.files.plain_json import largest_document, parse_json

__all__ = ["JsonStream"]

#: Bytes that are scanned in one step: few at first, because most values are short.
FIRST, MOST = 1 << 10, 1 << 18
#: The role of each byte in nesting: a quote, an opening or a closing bracket, or none.
QUOTE, OPEN, CLOSE = 1, 2, 3
TABLE = bytes.maketrans(
    bytes(range(256)),
    bytes(
        QUOTE if mark == '"' else OPEN if mark in "[{" else CLOSE if mark in "]}" else 0
        for mark in map(chr, range(256))
    ),
)
SPACE = re.compile(rb"[ \t\n\r]*")
#: These characters end a number or a word.
PLAIN_END = re.compile(rb"[ \t\n\r,:\]}]")
PLAIN_LENGTH = 1 << 12
CUT_OFF = "it ends before its last bracket"


class JsonStream:
    """A document, read as its bytes arrive.

    Parameters
    ----------
    pieces : iterable of bytes
        The document in UTF-8.
    where : str
        Name of the document in errors.

    Examples
    --------
    >>> found = JsonStream([b'{"id": 7, "events": [{}, {}', b'], "text": "x"}'], "log.json")
    >>> {key: found.value() for key in found.names() if key != "events"}
    {'id': 7, 'text': 'x'}
    """

    def __init__(self, pieces: Iterable[bytes], where: str) -> None:
        self._pieces, self._where = iter(pieces), where
        self._buffer, self._at = b"", 0
        self._is_due = True  # whether the next value has not been taken yet
        self._open = 0  # number of objects and lists whose entries are being read
        self._more(3)
        self._at = 3 if self._buffer.startswith(b"\xef\xbb\xbf") else 0

    def peek(self) -> str:
        """Return the first character of the next value; "" at the end."""
        while True:
            self._at = SPACE.match(self._buffer, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._buffer):
                return chr(self._buffer[self._at])
            if not self._more(1):
                return ""

    def names(self) -> Iterator[str]:
        """Yield the keys of the next value, an object; values that are not taken are skipped.

        Raises
        ------
        ValueError
            If it is not an object, or is damaged.
        """
        for _ in self._entries("{", "}"):
            if self.peek() != '"':
                raise ValueError(f"a key must be a text, got {self.peek()!r}")
            key = self.value()
            self._expect(":")
            self._is_due = True
            yield key

    def entries(self) -> Iterator[int]:
        """Yield the indices of the entries of the next value, a list; see `names`."""
        for number in self._entries("[", "]"):
            self._is_due = True
            yield number

    def value(self) -> Any:
        """Parse the next value, with the limits of `parse_json`."""
        return parse_json(b"".join(self._take()), self._where)

    def short(self, most: int) -> bytes | None:
        """Return the bytes of the next value if it is short; else return None and take nothing.

        A whole document is always found, and so is an entry that ends within the bytes read so far;
        other entries may not be.
        """
        if not self._open:
            self._more(most + 1)
            if 0 < len(self._buffer) - self._at <= most:
                start, self._at, self._is_due = self._at, len(self._buffer), False
                return self._buffer[start:]
        if not self.peek() or not self._more(min(most, len(self._buffer) - self._at)):
            return None
        start, at, state, step = self._at, self._at, (0, 0), FIRST
        if self._buffer[at : at + 1] not in (b"{", b"["):
            return None
        while at < min(len(self._buffer), start + most):
            end, used, state = _find_end(self._buffer[at : at + step], *state)
            if end:
                self._at, self._is_due = at + end, False
                return self._buffer[start : self._at]
            at, step = at + used, min(2 * step, MOST)
            if not used:
                break
        return None

    def skip(self) -> None:
        """Skip the next value."""
        for _ in self._take(is_kept=False):
            pass

    def finish(self) -> None:
        """Read to the end; raise ValueError if anything but blanks follows."""
        if self._is_due:
            self.skip()
        if self.peek():
            raise ValueError("more after the end")

    def _entries(self, first: str, last: str) -> Iterator[int]:
        self._expect(first)
        self._is_due = False
        self._open += 1
        number = 0
        while self.peek() != last:
            if number:
                self._expect(",")
            yield number
            number += 1
            if self._is_due:
                self.skip()
        self._at += 1
        self._open -= 1
        self._is_due = False

    def _expect(self, mark: str) -> None:
        if (found := self.peek()) != mark:
            raise ValueError(f"{mark!r} must stand where {found!r} is" if found else CUT_OFF)
        self._at += 1

    def _take(self, *, is_kept: bool = True) -> Iterator[bytes]:
        """Yield the bytes of the next value in blocks; empty blocks if they are not kept."""
        self._is_due = False
        first = self.peek()
        if not first:
            raise ValueError(CUT_OFF)
        if first not in '"[{':
            yield self._take_plain()
            return
        state, step, total, limit = (0, 0), FIRST, 0, largest_document()
        while True:
            self._more(step)
            block = self._buffer[self._at : self._at + step]
            end, used, state = _find_end(block, *state)
            if not end and not used:
                raise ValueError(CUT_OFF)
            self._at += end or used
            total += end or used
            if is_kept and total > limit:
                raise UsageError(
                    f"{self._where}: a value of more than {limit:,} bytes; is it the right file? "
                    f"If it is, set {VARIABLE} to the bytes of memory that it may take"
                )
            yield block[: end or used] if is_kept else b""
            if end:
                return
            step = min(2 * step, MOST)

    def _take_plain(self) -> bytes:
        self._more(PLAIN_LENGTH)
        found = PLAIN_END.search(self._buffer, self._at)
        end = found.start() if found else len(self._buffer)
        if end == self._at or end - self._at > PLAIN_LENGTH:
            raise ValueError(f"no value: {self._buffer[self._at : self._at + 20]!r}")
        taken = self._buffer[self._at : end]
        self._at = end
        return taken

    def _more(self, count: int) -> bool:
        """Buffer this many bytes if available; return whether there are any."""
        while len(self._buffer) - self._at < count:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._buffer, self._at = self._buffer[self._at :] + piece, 0
        return self._at < len(self._buffer)


def _find_end(block: bytes, depth: int, inside: int) -> tuple[int, int, tuple[int, int]]:
    r"""Find where a text, list or object ends.

    Parameters
    ----------
    block : bytes
        The next bytes of the value.
    depth, inside : int
        Brackets open before these bytes, and 1 if they begin inside a text, else 0.

    Returns
    -------
    end : int
        Position after the last byte of the value; 0 if it continues.
    used : int
        Bytes scanned: a backslash at the end is left for the next block.
    state : tuple of int
        `depth` and `inside` after these bytes.

    Examples
    --------
    >>> _find_end(b'{"a": "}"}, 5', 0, 0)[0]
    10
    >>> _find_end(b'"a\\', 0, 0)
    (0, 2, (0, 1))
    """
    # Replacements of equal length keep positions. Pairs of backslashes go first, from the left.
    plain = block.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
    used = len(plain) - plain.endswith(b"\\")
    marks = np.frombuffer(plain.translate(TABLE), np.uint8, used)
    places = np.flatnonzero(marks)
    if not places.size:
        return 0, used, (depth, inside)
    marks = marks[places]
    insides = (inside + np.cumsum(marks == QUOTE, dtype=np.int32)) % 2
    steps = (marks == OPEN).astype(np.int32) - (marks == CLOSE)
    depths = depth + np.cumsum(np.where(insides == 1, 0, steps), dtype=np.int32)
    ends = np.flatnonzero((depths <= 0) & (insides == 0))
    end = int(places[ends[0]]) + 1 if ends.size else 0
    return end, used, (int(depths[-1]), int(insides[-1]))
