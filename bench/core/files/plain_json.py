"""JSON from files of others: read whole, and refused before it fills the memory.

A parsed document can take thirty times its own bytes: ``{"":0},`` is 7 bytes and a dictionary of
184. How much it takes at most is told by counting a few characters, in a hundredth of the time that
parsing takes.
"""

from __future__ import annotations

import json
import os
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import VARIABLE, asked_bytes

__all__ = [
    "MAX_MEMORY",
    "TOO_DEEP",
    "largest_document",
    "needed_memory",
    "parse_json",
    "read_json",
]

#: Bytes that one document may take while it is parsed.
MAX_MEMORY = 1 << 29
#: A document of so few bytes is parsed without a look: it takes at most 140 MB.
SMALL = 1 << 22
#: Bytes of memory behind a character outside of texts, in CPython of 64 bits: a dictionary with an
#: entry, a list with one, an entry of either with its number, half of a text's own head.
WEIGHTS = {b"{": 184, b"[": 88, b",": 40, b'"': 25}

#: Lists and dictionaries within one another. From Python 3.12 on the parser takes more than the
#: interpreter can walk through.
MAX_DEPTH = 750
#: What the error says of a document that is nested more deeply.
TOO_DEEP = "too deep"
BLOCK = 1 << 20


def read_json(file: Path) -> Any:
    """Read a JSON file whole.

    Parameters
    ----------
    file : Path

    Returns
    -------
    Any
        Python's own values; NaN and Infinity, which lm-eval writes, are floats.

    Raises
    ------
    UsageError
        If it would take more than `MAX_MEMORY`: it says how to go on.
    ValueError
        If it is not JSON, or not UTF-8 text (the subclass UnicodeDecodeError).
    OSError
        If it cannot be read.
    """
    most = largest_document() + 1
    with file.open("rb") as stream:
        # As many bytes as are asked for are set aside, however few there are.
        data = stream.read(min(os.fstat(stream.fileno()).st_size + 1, most))
        while len(data) < most and (more := stream.read(min(BLOCK, most - len(data)))):
            data += more  # of what has no size, such as a pipe
    return parse_json(data, str(file))


def largest_document() -> int:
    """Return the bytes above which no document is read: it takes three times as many."""
    return _limit() // 3


def parse_json(data: bytes, where: str) -> Any:
    """Parse a document; errors as of `read_json`.

    Parameters
    ----------
    data : bytes
        UTF-8, also with a byte order mark.
    where : str
        Names it in an error.

    Examples
    --------
    >>> parse_json(b'{"acc": NaN}', "results.json")
    {'acc': nan}
    >>> parse_json(b"[" * 100_000, "results.json")
    Traceback (most recent call last):
    ...
    ValueError: too deep
    """
    # A row of a file is small: of a million of them, no limit is looked up in the environment.
    if len(data) > SMALL:
        limit = _limit()
        if needed_memory(data) > limit and _needed_outside(data) > limit:
            raise UsageError(
                f"{where}: JSON that would take more than {limit:,} bytes of memory; is it the "
                f"right file? If it is, set {VARIABLE} to the bytes that it may take"
            )
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _depth(data) > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    text = data.removeprefix(BOM_UTF8).decode()
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def needed_memory(data: bytes) -> int:
    """Return an upper bound of the bytes of memory that parsing a document takes.

    Parameters
    ----------
    data : bytes
        UTF-8.

    Notes
    -----
    The bytes, the text, and the texts in it, a character of which takes as many bytes as the widest
    one beside it; and the weight of each mark that may begin a value, counted inside of texts too.

    Examples
    --------
    >>> needed_memory(b'{"a": 1}') >= 3 * 8 + 184
    True
    """
    return _needed_by_texts(data) + sum(n * data.count(mark) for mark, n in WEIGHTS.items())


def _needed_by_texts(data: bytes) -> int:
    highest = int(np.frombuffer(data, np.uint8).max(initial=0))
    wide = 4 if highest >= 0xF0 else 2 if highest >= 0xC4 else 1
    inner = max(wide, 4 if b"\\ud" in data or b"\\uD" in data else 2 if b"\\u" in data else 1)
    # A text with an escape is put together in a buffer with room to spare, which is copied where a
    # wider character comes.
    parsed = 1.25 * (wide + inner) if b"\\" in data else inner
    return int(len(data) * (1 + wide + parsed))


def _needed_outside(data: bytes) -> int:
    """Return the bound of `needed_memory` without the marks inside of texts: slower."""
    total = _needed_by_texts(data) + WEIGHTS[b'"'] * data.count(b'"')
    for block in _outside(data):
        total += sum(n * block.count(mark) for mark, n in WEIGHTS.items())
    return total


def _outside(data: bytes) -> Iterator[bytes]:
    """Yield what is not inside of a text, a block at a time; quotes are left out."""
    plain = data
    for escape in (rb"\\", rb"\""):
        plain = plain.replace(escape, b"")
    inside = 0
    for start in range(0, len(plain), BLOCK):
        parts = plain[start : start + BLOCK].split(b'"')
        yield b"".join(parts[inside::2])
        inside = (inside + len(parts) - 1) % 2


def _depth(data: bytes) -> int:
    """Count how many lists and dictionaries stand within one another at most."""
    at = deepest = 0
    for block in _outside(data):
        marks = np.frombuffer(block, np.uint8)
        opens = (marks == ord("[")) | (marks == ord("{"))
        closes = (marks == ord("]")) | (marks == ord("}"))
        depths = at + np.cumsum(opens.astype(np.int64) - closes)
        if depths.size:
            at, deepest = int(depths[-1]), max(deepest, int(depths.max()))
    return deepest


def _limit() -> int:
    return max(MAX_MEMORY, asked_bytes() or 0)
