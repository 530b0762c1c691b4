"""Read CSV in blocks with the plain reader's results, large files with pyarrow if installed.

pyarrow and the `csv` module agree on rows of equal length if every quote opens or closes a field
and both recognise every line end. This is checked first, byte by byte. From the first block that
fails the check, the rest of the file is left to the plain reader.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caopd_bench.core.files.packed import BlankLines
from caopd_bench.runs.flat.arrow import chunk_of_texts
from caopd_bench.runs.flat.blocks import Block, read_blocks, split_lines
from caopd_bench.runs.flat.plain import chunk_csv, make_chunk
from caopd_bench.runs.flat.rows import MAX_TEXT, parse_csv
from caopd_bench.runs.flat.values import Chunk, Wanted

__all__ = ["read_fast_csv"]

#: Minimum bytes of a plain or compressed file for which importing pyarrow pays off.
PAYS, PACKED_PAYS = 1 << 21, 1 << 18
#: Bytes of a block for pyarrow and for lists of texts; rows of a chunk for the plain reader.
ARROW_SIZE, SIZE, CHUNK = 1 << 23, 1 << 20, 1 << 16
NEWLINE, RETURN, QUOTE, COMMA = b'\n\r",'
#: Reads the rows of a block as columns; None if the number of rows differs from the number of line
#: ends counted, or the bytes are not text.
Read: TypeAlias = "Callable[[bytes, int, list[str], Wanted, str], Chunk | None]"


def read_fast_csv(file: Path, wanted: Wanted) -> Iterator[Chunk]:
    """Read CSV; a UsageError means that the file is refused, but may not give the exact reason."""
    is_packed = file.name.lower().endswith(".gz")
    is_large = file.stat().st_size >= (PACKED_PAYS if is_packed else PAYS)
    by_arrow = is_large and _has_pyarrow()
    read: Read = _read_by_arrow if by_arrow else _read_by_module
    blocks = read_blocks(file, ARROW_SIZE if by_arrow else SIZE)
    held = next(blocks, Block(1, b""))
    blank = BlankLines(file)

    def rest(*first: Block | None) -> Iterator[tuple[int, bytes]]:
        for block in chain(filter(None, first), blocks):
            yield from split_lines(block)

    end = held.data.find(b"\n") + 1
    head = _read_head(file, held.data[:end])
    if not head:  # the header spans several lines or follows blank ones
        rows = parse_csv(file, rest(held), blank)
        head = next(rows, (0, 0, []))[2]
        yield from chunk_csv(file, wanted, head, rows, CHUNK)
        return
    held = Block(2, held.data[end:] or next(blocks, Block(2, b"")).data)
    while held.data:
        following = next(blocks, None)
        data = held.data
        if following is None and not data.endswith(b"\n"):
            data += b"\n"
        ends = _row_ends(data)
        size = 0 if ends is None else int(ends[-1]) + 1
        chunk = None if ends is None else read(data[:size], ends.size, head, wanted, str(file))
        if ends is None or chunk is None:
            rows = parse_csv(file, rest(held, following), blank)
            yield from chunk_csv(file, wanted, head, rows, CHUNK)
            return
        blank.filled += ends.size
        yield chunk
        held = Block(2, data[size:] + (following.data if following else b""))


def _read_head(file: Path, line: bytes) -> list[str]:
    """Read the first line; return nothing if it may not be exactly the header."""
    if not line.strip() or line.count(b'"') % 2:
        return []
    return next(parse_csv(file, iter([(1, line)]), BlankLines(file)), (0, 0, []))[2]


def _row_ends(data: bytes) -> NDArray[np.int64] | None:
    """Return the positions of line ends that end a row; None if the rows are not plain."""
    if b"\0" in data or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n")):
        return None
    marks = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(marks == NEWLINE)
    if b'"' in data:
        quotes = np.flatnonzero(marks == QUOTE)
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
        if not ends.size:
            return None
        quotes = quotes[quotes < ends[-1]]
        opens, closes = quotes[::2], quotes[1::2]
        # An opening quote at the very start follows the line end before the block.
        before = np.where(opens > 0, marks[opens - 1], NEWLINE)
        if not np.isin(before, (COMMA, NEWLINE, QUOTE)).all():
            return None
        if not np.isin(marks[closes + 1], (COMMA, NEWLINE, RETURN, QUOTE)).all():
            return None
    if not ends.size:
        return None
    length = np.diff(ends, prepend=-1)
    # A blank line is not a row of one column; the plain reader refuses rows that are too long.
    is_blank = (length == 1) | ((length == 2) & (marks[ends - 1] == RETURN))
    return None if is_blank.any() or length.max() > MAX_TEXT else ends


def _has_pyarrow() -> bool:
    try:
        import pyarrow.csv  # noqa: F401 (checks that it is installed)
    except ImportError:
        return False
    return True


def _read_by_module(
    data: bytes, count: int, head: list[str], wanted: Wanted, name: str
) -> Chunk | None:
    limit = csv.field_size_limit(MAX_TEXT)
    try:
        rows = [*csv.reader(io.StringIO(data.decode(), newline=""), strict=True)]
    except (UnicodeDecodeError, csv.Error):
        return None
    finally:
        csv.field_size_limit(limit)
    if len(rows) != count or set(map(len, rows)) != {len(head)}:
        return None
    places = [head.index(column) for column in wanted.columns]
    texts = {head[i]: [row[i] for row in rows] for i in places}
    return make_chunk(texts.__getitem__, wanted, lambda _: name)


def _read_by_arrow(
    data: bytes, count: int, head: list[str], wanted: Wanted, name: str
) -> Chunk | None:
    import pyarrow as pa
    from pyarrow import csv

    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            return None
    at = {column: f"{head.index(column)}" for column in wanted.columns}
    names = [*map(str, range(len(head)))]
    try:
        table = csv.read_csv(
            pa.py_buffer(data),
            csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            csv.ParseOptions(newlines_in_values=True),
            csv.ConvertOptions(
                include_columns=[*dict.fromkeys(at.values())],
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:  # rows of unequal length
        return None
    if table.num_rows != count:
        return None
    columns: dict[str, Any] = {
        column: table[place].combine_chunks() for column, place in at.items()
    }
    return chunk_of_texts(columns.__getitem__, wanted, lambda _: name)
