"""Read a file in blocks of whole lines, some megabytes at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import MAX_LINE, read_lines

__all__ = ["Block", "read_blocks", "split_lines"]


class Block(NamedTuple):
    """Consecutive lines of a file.

    Attributes
    ----------
    first : int
        Number of the first line, from 1.
    data : bytes
        The lines with their line ends; the last line of a file may have none.
    """

    first: int
    data: bytes


def read_blocks(file: Path, size: int) -> Iterator[Block]:
    """Yield the lines of a file in blocks; a file named ``*.gz`` is decompressed.

    Parameters
    ----------
    file : Path
    size : int
        Approximate bytes of a block; more if a line is longer.

    Raises
    ------
    UsageError, OSError
        As from `core.files.packed.read_lines`.
    """
    if file.name.lower().endswith(".gz"):
        yield from _gather(file, size)
        return
    number, rest = 1, b""
    with file.open("rb") as stream:
        while piece := stream.read(size):
            longest = len(rest) + (piece.find(b"\n") + 1 or len(piece))
            if longest > MAX_LINE:
                raise UsageError(f"{file} line {number}: longer than {MAX_LINE:,} bytes")
            end = piece.rfind(b"\n") + 1
            if not end:
                rest += piece
                continue
            data, rest = rest + piece[:end], piece[end:]
            yield Block(number, data)
            number += data.count(b"\n")
    if rest:
        yield Block(number, rest)


def _gather(file: Path, least: int) -> Iterator[Block]:
    lines: list[bytes] = []
    first, size = 1, 0
    for number, line in read_lines(file):
        lines.append(line)
        size += len(line)
        if size >= least:
            yield Block(first, b"".join(lines))
            lines, first, size = [], number + 1, 0
    if lines:
        yield Block(first, b"".join(lines))


def split_lines(block: Block) -> Iterator[tuple[int, bytes]]:
    """Yield the numbered lines of a block with their line ends."""
    lines = block.data.split(b"\n")
    for number, line in enumerate(lines[:-1], block.first):
        yield number, line + b"\n"
    if lines[-1]:
        yield block.first + len(lines) - 1, lines[-1]
