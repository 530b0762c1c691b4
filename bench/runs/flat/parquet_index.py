"""Read the index of a Parquet file, for the sizes of its columns, without pyarrow.

pyarrow aborts the whole process on some damaged parts of an index (26.0.1: the size statistics of a
column), and trusts the sizes in the index. So the index is read here first: it is in Thrift's
compact protocol, and only a few fields are kept (apache/parquet-format,
src/main/thrift/parquet.thrift).
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Chunk", "read_index"]

MAGIC = b"PAR1"
#: Maximum bytes of an index: some 100,000 column chunks.
MAX_INDEX = 1 << 24
DEEPEST = 16
#: Type codes of the Thrift protocol.
TRUE, FALSE, BYTE, INTEGERS, DOUBLE, BINARY, LISTS, MAP, STRUCT = (
    1, 2, 3, (4, 5, 6), 7, 8, (9, 10), 11, 12,
)  # fmt: skip
#: Physical types and encodings of Parquet.
BYTE_ARRAY, FIXED = 6, 7
DICTIONARY, DELTA_TEXTS = frozenset({2, 8}), 7


class Chunk(NamedTuple):
    """The size of one column in one row group.

    Attributes
    ----------
    group : int
        Number of the row group.
    path : str
        Path of the column, with the names of its parts joined by dots.
    is_text : bool
        Whether it holds texts or bytes of any length.
    fixed : int
        Bytes of each value if all have the same length; else 0.
    has_dictionary, has_deltas : bool
        Whether values may be stored in a dictionary, or as differences from the previous value.
    values : int
        Number of values; each element of a list counts.
    unpacked : int
        Bytes of the decompressed pages.
    """

    group: int
    path: str
    is_text: bool
    fixed: int
    has_dictionary: bool
    has_deltas: bool
    values: int
    unpacked: int


def read_index(file: Path) -> list[Chunk]:
    """Read the entries of each column and row group from the index.

    Raises
    ------
    ValueError
        If the data is not an index, or longer than 16 MiB.
    OSError
        If the file cannot be read.
    """
    with file.open("rb") as stream:
        size = stream.seek(0, io.SEEK_END)
        if size < 12:
            raise ValueError("too short")
        stream.seek(-8, io.SEEK_END)
        tail = stream.read(8)
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != MAGIC or length > size - 8:
            raise ValueError("no index at its end")
        if length > MAX_INDEX:
            raise ValueError(f"an index of {length:,} bytes; it may have {MAX_INDEX:,}")
        stream.seek(-8 - length, io.SEEK_END)
        found = _Cursor(stream.read(length)).struct(0)
    try:
        # The first element of the schema is its root; elements with children are not columns.
        leaves = [leaf.get(2, 0) for leaf in found[2][1:] if not leaf.get(5)]
        return [
            _describe(number, column[3], leaves[place])
            for number, group in enumerate(found.get(4, []))
            for place, column in enumerate(group[1])
        ]
    except (KeyError, TypeError, IndexError, AttributeError, UnicodeDecodeError):
        raise ValueError("an index of another shape") from None


def _describe(group: int, column: dict[int, Any], length: int) -> Chunk:
    kind, encodings = column[1], set(column[2])
    return Chunk(
        group,
        b".".join(column[3]).decode(),
        kind == BYTE_ARRAY,
        length if kind == FIXED else 0,
        bool(encodings & DICTIONARY),
        DELTA_TEXTS in encodings,
        max(0, column[5]),
        max(0, column[6]),
    )


class _Cursor:
    """A read position in bytes of the protocol."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if not 0 <= count <= len(self.data) - self.at:
            raise ValueError("an index that is cut off")
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("an index with a number that is too long")

    def signed(self) -> int:
        value = self.unsigned()
        return (value >> 1) ^ -(value & 1)

    def struct(self, depth: int) -> dict[int, Any]:
        found: dict[int, Any] = {}
        field = 0
        while head := self.byte():
            step, kind = divmod(head, 16)
            field = field + step if step else self.signed()
            found[field] = kind == TRUE if kind in (TRUE, FALSE) else self.value(kind, depth + 1)
        return found

    def value(self, kind: int, depth: int) -> Any:
        if depth > DEEPEST:
            raise ValueError("an index that is too deep")
        if kind in INTEGERS:
            return self.signed()
        if kind == BINARY:
            return self.take(self.unsigned())
        if kind == STRUCT:
            return self.struct(depth)
        if kind in LISTS:
            count, inner = divmod(self.byte(), 16)
            return [self.value(inner, depth + 1) for _ in self.counted(count, 15)]
        if kind == MAP:
            count = self.unsigned()
            kinds = divmod(self.byte(), 16) if count else (0, 0)
            return [
                (self.value(kinds[0], depth + 1), self.value(kinds[1], depth + 1))
                for _ in self.counted(count, -1)
            ]
        if kind in (TRUE, FALSE, BYTE):  # in a list, one byte each
            return self.byte()
        if kind == DOUBLE:
            return self.take(8)
        raise ValueError("an index with an unknown type")

    def counted(self, count: int, more: int) -> range:
        count = self.unsigned() if count == more else count
        if count > len(self.data) - self.at:  # each value takes a byte or more
            raise ValueError("an index that is cut off")
        return range(count)
