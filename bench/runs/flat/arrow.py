"""Read pyarrow columns (Parquet, and blocks of CSV) by the same rules as `values`.

The meaning of values is not decided here: a column's distinct values are passed to the functions of
`values`, and the results are assigned to the rows. Only numbers that do not repeat are read by
pyarrow, which rounds decimals as Python does; anything it cannot read as a number is left to
`values`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caopd_bench.runs.flat.names import Names, as_numpy
from caopd_bench.runs.flat.parquet import read_batches, reading_parquet
from caopd_bench.runs.flat.values import (
    MAX_NAME,
    MAX_NUMBER,
    Chunk,
    Codes,
    Wanted,
    Where,
    encode,
    read_confidences,
    read_items,
    read_outcomes,
)

__all__ = ["chunk_of_texts", "read_parquet"]

#: A column's values count as repeating if fewer than half of its first rows are distinct.
LOOKED_AT = 1000


def read_parquet(file: Path, wanted: Wanted, rows: int) -> Iterator[Chunk]:
    """Read a Parquet file in chunks of limited rows; raise the errors of `files.read_chunks`."""
    # Text may be long, so read fewer rows at once.
    numbers = (wanted.confidence, wanted.correct)
    size = rows if all(name in numbers for name in wanted.columns) else rows // 4
    first = 1
    with reading_parquet(file):
        for batch in read_batches(file, wanted.columns, size):
            where = _namer(file, first)
            first += batch.num_rows
            if batch.num_rows:
                item = wanted.item
                yield Chunk(
                    read_confidences(_numbers(batch[wanted.confidence]), where),
                    read_outcomes(_numbers(batch[wanted.correct]), where),
                    _items(batch[item], item, where) if item else None,
                    {key: _codes(batch[key], key, where) for key in wanted.groups},
                )


def chunk_of_texts(column: Callable[[str], Any], wanted: Wanted, where: Where) -> Chunk:
    """Make a chunk from text columns, each a pyarrow.StringArray without nulls."""
    groups = {key: _codes(column(key), key, where) for key in wanted.groups}
    items = _items(column(wanted.item), wanted.item, where) if wanted.item else None
    outcomes = _of_distinct(column(wanted.correct), read_outcomes, where)
    return Chunk(_confidences(column(wanted.confidence), where), outcomes, items, groups)


def _namer(file: Path, first: int) -> Where:
    return lambda i: f"{file} row {first + i}"


def _numbers(column: Any) -> Any:
    """Return numbers unchanged, without a copy if there is no null; other values as objects."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_floating(kind):
        numbers = as_numpy(column)
        if column.null_count:
            numbers = np.where(_bits(column.is_null()), numbers.dtype.type(np.nan), numbers)
        return numbers
    if pa.types.is_integer(kind) and not column.null_count:
        return as_numpy(column)
    if pa.types.is_boolean(kind) and not column.null_count:
        return _bits(column)
    if pa.types.is_decimal(kind):
        # Arrow's own cast turns 0.70 into 0.7000000000000001.
        return [None if value is None else float(value) for value in column.to_pylist()]
    return column.to_pylist()


def _bits(column: Any) -> NDArray[np.bool_]:
    import pyarrow as pa

    return as_numpy(column.cast(pa.uint8())).astype(np.bool_)


def _confidences(column: Any, where: Where) -> NDArray[Any]:
    """Read texts: each distinct one as `values` does, or directly as numbers if few repeat."""
    looked_at = column[:LOOKED_AT]
    if 2 * len(looked_at.dictionary_encode().dictionary) > len(looked_at):
        numbers = _as_numbers(column)
        if numbers is not None:
            return read_confidences(numbers, where)
    return _of_distinct(column, read_confidences, where)


def _as_numbers(column: Any) -> NDArray[np.float64] | None:
    """Convert texts to numbers, empty ones to NaN; return None if any text is something else."""
    import pyarrow as pa
    import pyarrow.compute as pc

    length = as_numpy(pc.binary_length(column))
    if length.max() > MAX_NUMBER or column.offset:
        return None
    is_text = length > 0
    bits = pa.py_buffer(np.packbits(is_text, bitorder="little"))
    stated = pa.Array.from_buffers(column.type, len(column), [bits, *column.buffers()[1:]])
    try:
        numbers = _numbers(stated.cast(pa.float64()))
    except pa.ArrowInvalid:
        return None
    # pyarrow also accepts "nan" and "inf" as numbers.
    return numbers if np.array_equal(np.isfinite(numbers), is_text) else None


def _of_distinct(
    column: Any, read: Callable[[Any, Where], NDArray[Any]], where: Where
) -> NDArray[Any]:
    coded = column.dictionary_encode()
    indices = as_numpy(coded.indices)
    distinct = read(coded.dictionary.to_pylist(), _first_with(indices, where))
    return np.asarray(distinct[indices])


def _first_with(indices: NDArray[Any], where: Where) -> Where:
    """Return a function that names a distinct value by its first row."""
    return lambda i: where(int(np.argmax(indices == i)))


def _items(column: Any, name: str, where: Where) -> Names:
    """Return question names unchanged if they are short texts or whole numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not column.null_count and (is_text or pa.types.is_integer(kind)):
        names = column.cast(kind).cast(pa.string())
        length = as_numpy(pc.binary_length(names))
        if length.min() > 0 and length.max() <= MAX_NAME and _is_utf8(names):
            return names
    return read_items(column.to_pylist(), name, where)


def _is_utf8(names: Any) -> bool:
    import pyarrow as pa

    try:
        names.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _codes(column: Any, key: str, where: Where) -> Codes:
    import pyarrow as pa

    if pa.types.is_nested(column.type):
        return encode(column.to_pylist(), key, where)
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    indices = as_numpy(encoded.indices)
    if encoded.indices.null_count:
        indices = np.where(_bits(encoded.indices.is_null()), -1, indices.astype(np.int64))
    distinct = encode(encoded.dictionary.to_pylist(), key, _first_with(indices, where))
    # Several distinct raw values may form one group, or none.
    codes = np.append(distinct.codes, -1)[indices]
    return Codes(codes, distinct.values)
