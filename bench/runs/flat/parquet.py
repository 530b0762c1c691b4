"""Read Parquet files in bounded memory, checking the file's index before decompressing pages.

A column of equal values takes a few bytes however many rows it has, and a long text may be in a
dictionary once but in a million rows. So the batch size follows from the longest text, and the
total decompressed size has the limits of any compressed file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.packed import FREE, MAX_RATIO, Unpacked, asked_bytes
from caopd_bench.core.terminal import inline
from caopd_bench.runs.flat.parquet_index import Chunk, read_index

__all__ = ["open_parquet", "read_batches", "reading_parquet"]

#: Maximum rows of any file, and of a larger one per byte. Confidences of 1.00 with 95 % right
#: outcomes take about 1 byte for 28 rows.
FREE_ROWS = 1 << 24
ROWS_A_BYTE = 128
#: Minimum rows read at once, if texts are long; bytes of a list's value as a Python object.
FEWEST = 16
VALUE = 64


@contextmanager
def open_parquet(file: Path) -> Iterator[Any]:
    """Open a Parquet file; raise a UsageError for any defect."""
    with reading_parquet(file):
        from pyarrow.parquet import ParquetFile

        with ParquetFile(file) as parquet:
            yield parquet


@contextmanager
def reading_parquet(file: Path) -> Iterator[None]:
    """Turn pyarrow's errors about a file or the values of a batch into a UsageError."""
    try:
        import pyarrow as pa
        import pyarrow.parquet  # outside the `try` for errors of the file
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":  # installed but broken
            raise
        raise UsageError(
            f'{file}: Parquet needs pyarrow; pip install "caopd-bench[parquet]"'
        ) from None
    try:
        yield
    except MemoryError:  # pyarrow's subclass is an ArrowException too
        raise
    # A date or duration beyond Python's range raises ValueError or OverflowError.
    except (pa.ArrowException, ValueError, OverflowError, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # a disk error, not bad content
        said = str(error).partition("\n")[0]
        raise UsageError(
            f"{file}: not readable as Parquet ({inline(said, 120)}); write it again"
        ) from None


def read_batches(file: Path, columns: Sequence[str], rows: int) -> Iterator[Any]:
    """Yield the columns batch by batch.

    Parameters
    ----------
    file : Path
    columns : sequence of str
        Names of the columns, some of which may be nested.
    rows : int
        Maximum rows of a batch; fewer if texts are long.

    Yields
    ------
    pyarrow.RecordBatch

    Raises
    ------
    UsageError
        If the file is damaged or decompresses to too much; the message names the limit and a
        remedy.
    """
    with open_parquet(file) as parquet:
        size = file.stat().st_size
        found = parquet.metadata
        if asked_bytes() is None and found.num_rows > max(FREE_ROWS, ROWS_A_BYTE * size):
            raise UsageError(
                f"{file}: {found.num_rows:,} rows in {size:,} bytes; is the file damaged, or the "
                "wrong one? If it is right, write it as CSV"
            )
        longest = _check_chunks(file, parquet, columns, size)
        rows = max(FEWEST, min(rows, FREE // max(longest, 1)))
        unpacked = Unpacked(str(file), size)
        # A single thread: decoding columns in parallel costs memory and gains little here.
        for batch in parquet.iter_batches(rows, columns=list(columns), use_threads=False):
            unpacked.add(sum(_text_bytes(column) for column in batch.columns))
            yield batch


def _text_bytes(column: Any) -> int:
    """Return the bytes of all non-numeric values; the number of rows is checked separately.

    A dictionary text counts once per row, since each row becomes a Python value.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_primitive(kind) or pa.types.is_null(kind):
        return 0
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _text_bytes(column.flatten()) + VALUE * len(column.flatten())
    if pa.types.is_dictionary(kind):
        words = column.dictionary
        if pa.types.is_primitive(words.type) or pa.types.is_nested(words.type):
            return 0
        counted = pc.sum(pc.binary_length(words).take(column.indices).cast(pa.int64()))
        return counted.as_py() or 0
    size: int = column.nbytes
    return size


def _check_chunks(file: Path, parquet: Any, columns: Sequence[str], size: int) -> int:
    """Return the columns' longest value in bytes; refuse pages and lists that are too large."""
    try:
        chunks = read_index(file)
    except ValueError as error:
        raise UsageError(f"{file}: not readable as Parquet ({error}); write it again") from None
    repeated = {
        column.path
        for column in (parquet.schema.column(i) for i in range(len(parquet.schema.names)))
        if column.max_repetition_level
    }
    pages = Unpacked(str(file), size)
    longest, nested = 1, 0
    for chunk in chunks:
        top = next((c for c in columns if f"{chunk.path}.".startswith(f"{c}.")), None)
        if top is None:
            continue
        pages.add(chunk.unpacked)
        width = chunk.fixed or 8
        # Each plain value takes its own bytes in a page.
        if chunk.has_deltas:
            width = chunk.unpacked
        elif chunk.is_text and chunk.has_dictionary and chunk.unpacked * 4096 > FREE:
            width = _longest_word(file, chunk, top)
        longest = max(longest, width)
        nested += chunk.values * (width + VALUE) if chunk.path in repeated else 0
    if asked_bytes() is None and nested > max(FREE, MAX_RATIO * size):
        raise UsageError(
            f"{file}: {size:,} bytes contain lists that may take {nested:,} bytes of memory; is "
            "the file damaged, or the wrong one? If it is right, write the lists as JSON texts"
        )
    return longest


def _longest_word(file: Path, chunk: Chunk, top: str) -> int:
    """Return the longest entry of the dictionary, which is read with the first row."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(file, read_dictionary=[chunk.path]) as parquet:
        batches = parquet.iter_batches(
            1, row_groups=[chunk.group], columns=[top], use_threads=False
        )
        batch = next(batches, None)
        column = batch.column(0) if batch is not None and batch.num_columns else None
    while column is not None and not pa.types.is_dictionary(column.type):
        if not pa.types.is_list(column.type) and not pa.types.is_large_list(column.type):
            return 1 << 20  # inside a struct or a map, so not one of our columns
        column = column.values
    if column is None or not len(column.dictionary):
        return 1
    longest: int = pc.max(pc.binary_length(column.dictionary)).as_py() or 1
    return longest
