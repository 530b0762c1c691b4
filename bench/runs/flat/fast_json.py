"""Read JSONL in blocks with the results of the plain reader, at a third of its cost.

A block is handled here if each of its lines is a JSON object with all the columns. Any other block,
for example with a blank line or an error, is left to the plain reader.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from caopd_bench.core.files.packed import BlankLines
from caopd_bench.core.files.plain_json import MAX_DEPTH, SMALL
from caopd_bench.runs.flat.blocks import Block, read_blocks, split_lines
from caopd_bench.runs.flat.plain import chunk_json, make_chunk
from caopd_bench.runs.flat.rows import parse_lines
from caopd_bench.runs.flat.values import Chunk, Wanted

__all__ = ["parse_block", "read_fast_json"]

#: Bytes of a block; its rows become dictionaries, which take up to thirty times the memory.
SIZE = 1 << 20
#: Rows per chunk when the plain reader handles a block.
CHUNK = 1 << 16


def read_fast_json(file: Path, wanted: Wanted) -> Iterator[Chunk]:
    """Read JSONL; a UsageError means that the file is refused, perhaps without the exact reason."""
    blank = BlankLines(file)
    for block in read_blocks(file, SIZE):
        columns = _columns(block, wanted.columns)
        if columns is None:
            rows = parse_lines(file, split_lines(block), blank)
            yield from chunk_json(file, wanted, rows, CHUNK)
        else:
            chunk = make_chunk(columns.__getitem__, wanted, lambda _: str(file))
            blank.filled += chunk.correct.size
            yield chunk


def _columns(block: Block, names: list[str]) -> dict[str, list[Any]] | None:
    """Return the values of the columns; None if the plain reader must handle the block."""
    rows = parse_block(block)
    try:
        return None if rows is None else {name: [row[name] for row in rows] for name in names}
    except KeyError:
        return None


def parse_block(block: Block) -> list[dict[str, Any]] | None:
    """Parse a block of one object per line; None if the plain reader must handle it."""
    try:
        lines = block.data.decode().split("\n")
        if not lines[-1]:
            lines.pop()
        # These make the plain reader examine a line more closely.
        marks = block.data.count(b"[") + block.data.count(b"{")
        if marks > len(lines) + MAX_DEPTH and max(map(_marks, lines)) > MAX_DEPTH:
            return None
        if max(map(len, lines)) > SMALL // 4:  # a UTF-8 character takes up to four bytes
            return None
        starts = block.data.startswith(b"{") + block.data.count(b"\n{")
        return _parse(lines, marks == len(lines) == starts)
    except (ValueError, RecursionError, TypeError, IndexError):
        return None


def _marks(line: str) -> int:
    return line.count("[") + line.count("{")


def _parse(lines: list[str], is_flat: bool) -> list[dict[str, Any]]:
    """Parse lines that are one object each; a flat object has its only opening brace first."""
    rows = json.loads(f"[{','.join(lines)}]") if is_flat else [*map(json.loads, lines)]
    # There are as many opening braces as lines, so no object continues on the next line.
    if len(rows) != len(lines) or set(map(type, rows)) != {dict}:
        raise ValueError("not an object a line")
    return rows
