"""Read whole JSON files of any origin; refuse those that would fill the memory.

A parsed document can take thirty times its own bytes: ``{"":0},`` is 7 bytes and a dictionary of
184. Counting a few characters gives an upper bound of its memory, in a hundredth of the time that
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

#: Limit on the bytes of memory that one document may take while it is parsed.
MAX_MEMORY = 1 << 29
#: A document of at most this many bytes is parsed without counting: it takes at most 140 MB.
SMALL = 1 << 22
#: Bytes of memory per character outside texts, in 64-bit CPython: a dictionary with an entry, a
#: list with an entry, an entry of either with its number, half of a text's header.
WEIGHTS = {b"{": 184, b"[": 88, b",": 40, b'"': 25}

#: Limit on the nesting of lists and dictionaries. From Python 3.12 on the parser accepts more than
#: the interpreter can traverse.
MAX_DEPTH = 750
#: The error message for a document that is nested more deeply.
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
        Plain Python values; NaN and Infinity, which lm-eval writes, become floats.

    Raises
    ------
    UsageError
        If parsing would take more than `MAX_MEMORY`; the message names the workaround.
    ValueError
        If it is not JSON, or not UTF-8 text (the subclass UnicodeDecodeError).
    OSError
        If it cannot be read.
    """
    most = largest_document() + 1
    with file.open("rb") as stream:
        # `read` reserves as many bytes as are requested, however few there are.
        data = stream.read(min(os.fstat(stream.fileno()).st_size + 1, most))
        while len(data) < most and (more := stream.read(min(BLOCK, most - len(data)))):
            data += more  # for inputs without a size, such as a pipe
    return parse_json(data, str(file))


def largest_document() -> int:
    """Return the size limit of a document: a third of the memory limit."""
    return _limit() // 3


def parse_json(data: bytes, where: str) -> Any:
    """Parse a document; errors as for `read_json`.

    Parameters
    ----------
    data : bytes
        The document in UTF-8, with or without a byte order mark.
    where : str
        Name of the document in errors.

    Examples
    --------
    >>> parse_json(b'{"acc": NaN}', "results.json")
    {'acc': nan}
    >>> parse_json(b"[" * 100_000, "results.json")
    Traceback (most recent call last):
    ...
    ValueError: too deep
    """
    # Rows are small, and there may be a million: do not look the limit up in the environment.
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
        The document in UTF-8.

    Notes
    -----
    The bound is the sum of the bytes; of the decoded text and its strings, in which each character
    takes as much as the widest one; and of a weight for each character that may begin a value, also
    inside strings.

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
    # A string with an escape is assembled in an oversized buffer, which is copied when a wider
    # character follows.
    parsed = 1.25 * (wide + inner) if b"\\" in data else inner
    return int(len(data) * (1 + wide + parsed))


def _needed_outside(data: bytes) -> int:
    """Return the bound of `needed_memory` without characters inside strings, which is slower."""
    total = _needed_by_texts(data) + WEIGHTS[b'"'] * data.count(b'"')
    for block in _outside(data):
        total += sum(n * block.count(mark) for mark, n in WEIGHTS.items())
    return total


def _outside(data: bytes) -> Iterator[bytes]:
    """Yield the bytes outside strings, a block at a time, without quotes."""
    plain = data
    for escape in (rb"\\", rb"\""):
        plain = plain.replace(escape, b"")
    inside = 0
    for start in range(0, len(plain), BLOCK):
        parts = plain[start : start + BLOCK].split(b'"')
        yield b"".join(parts[inside::2])
        inside = (inside + len(parts) - 1) % 2


def _depth(data: bytes) -> int:
    """Return the maximum nesting depth of lists and dictionaries."""
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
