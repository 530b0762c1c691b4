"""Read the file of a packed study: its columns and its cells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from caopd_bench.core.errors import NotComparableError, UsageError
from caopd_bench.core.files.plain_json import parse_json
from caopd_bench.core.terminal import inline
from caopd_bench.runs.flat.parquet import open_parquet, read_batches

__all__ = [
    "FILE",
    "GROUP",
    "ROWS",
    "ROW_COLUMNS",
    "SUMMARY",
    "TEXTS",
    "Study",
    "hash_files",
    "is_plain_name",
    "render_rows",
]

GROUP, FILE = "group:", "file:"
#: Columns of a row besides its cell and groups, with their Parquet types.
ROW_COLUMNS = {
    **dict.fromkeys(("task", "item_hash"), "string"),
    "sample": "int64",
    "confidence": "double",
    "correct": "int8",
    **dict.fromkeys(("status", "answer", "stated", "text", "question", "gold"), "string"),
}
#: Columns that exist only if the model's whole text was kept.
TEXTS = ("question", "gold")
HASHES = ("rows_sha256", "packed_sha256", "files_sha256")
GROUP_TYPES = ("string", "integer", "double", "bool", "null")
SUMMARY = "run/summary.json"
ROWS = "run/rows.jsonl.gz"
#: Maximum bytes of a name, and names in a path, of unpacked files.
MAX_NAME, MAX_PARTS = 200, 4
#: Rows read at once; maximum bytes of text that a study's rows may take as Python values.
BATCH = 1 << 16


class Study:
    """The cells of one rows.parquet.

    Parameters
    ----------
    file : Path

    Raises
    ------
    UsageError
        If the file cannot be read, or is not a packed study.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        with open_parquet(file) as parquet:
            schema = parquet.schema_arrow
        types = {field.name: _type_of(field.type) for field in schema}
        if len(types) < len(schema.names):
            raise self._refuse("two columns have one name")
        self.groups = [name for name in types if name.startswith(GROUP)]
        self.files = [name for name in types if name.startswith(FILE)]
        wanted = {**dict.fromkeys(("cell", *HASHES, *self.files), "string"), **ROW_COLUMNS}
        for name, kind in wanted.items():
            if types.get(name) not in (_plain(kind), "null"):
                raise self._refuse(f"{inline(name, 80)!r} is {types.get(name)}, not {kind}")
        for name in self.groups:
            if types[name] not in GROUP_TYPES:
                raise self._refuse(f"{inline(name, 80)!r} is {types[name]}")
        import pyarrow as pa

        names = [*wanted, *self.groups]
        batches = list(read_batches(file, names, BATCH))
        if not batches:
            raise self._refuse("it holds no rows")
        self._table = pa.Table.from_batches(batches)
        self.cells = dict(self._find_cells())
        paths = [key.removeprefix(FILE) for key in self.files]
        folders = {str(parent) for path in (*paths, ROWS) for parent in PurePosixPath(path).parents}
        strange = [path for path in paths if path in folders or not is_plain_path(path)]
        if strange:
            raise self._refuse(f"a file of a cell is called {inline(strange[0], 120)!r}")

    def read_files(self, cell: str) -> dict[str, bytes]:
        """Return the texts of all files of a cell except the rows, by file name."""
        start, _ = self.cells[cell]
        first = self._table.slice(start, 1).to_pylist()[0]
        files = {
            column.removeprefix(FILE): first[column].encode()
            for column in self.files
            if first[column] is not None
        }
        if hash_files(cell, files) != first["files_sha256"]:
            raise self._differs(cell, "its name or files are not those that were packed")
        return files

    def read_lines(self, cell: str) -> Iterator[bytes]:
        """Yield the lines of a cell's rows as they were in rows.jsonl.gz."""
        start, length = self.cells[cell]
        part = self._table.slice(start, length)
        columns = {name: _values(part.column(name)) for name in (*ROW_COLUMNS, *self.groups)}
        named = parse_json(self.read_files(cell).get(SUMMARY, b"{}"), f"{self.file}: {cell}")
        run = named.get("name") if isinstance(named, dict) else None
        return render_rows(str(run), columns, length)

    def hash_of(self, cell: str, column: str) -> str:
        """Return a stored hash of a cell."""
        return str(self._table.column(column)[self.cells[cell][0]].as_py())

    def _find_cells(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yield the name, first row and number of rows of each cell."""
        import numpy as np

        # A file rewritten by another program may have plain texts rather than a dictionary.
        column = self._table.column("cell")
        if _is_plain(column.type):
            column = column.dictionary_encode()
        coded = column.unify_dictionaries().combine_chunks()
        coded = coded.chunk(0) if hasattr(coded, "chunk") else coded
        if coded.null_count:
            raise self._refuse("a row is of no cell")
        codes, names = coded.indices.to_numpy(zero_copy_only=False), coded.dictionary.to_pylist()
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        ends = np.append(starts[1:], codes.size)
        if len({int(codes[start]) for start in starts}) < starts.size:
            raise self._refuse("the rows of a cell do not stand together")
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            name = str(names[codes[start]])
            if not is_plain_name(name):
                raise self._refuse(f"a cell is called {inline(name, 120)!r}")
            yield name, (start, end - start)

    def _refuse(self, why: str) -> UsageError:
        return UsageError(f"{self.file}: not a packed study: {why}; restore it, or pack it again")

    def _differs(self, cell: str, why: str) -> NotComparableError:
        return NotComparableError(
            f"{self.file}: cell {inline(cell, 120)}: {why}; restore the file from version control, "
            "or pack the sweep again"
        )

    def check_lines(self, cell: str) -> None:
        """Refuse rows that differ from those that were packed."""
        made = hashlib.sha256(b"".join(self.read_lines(cell))).hexdigest()
        if made != self.hash_of(cell, "rows_sha256"):
            raise self._differs(cell, "its rows are not those that were packed")


def render_rows(run: str, columns: Mapping[str, list[Any]], length: int) -> Iterator[bytes]:
    """Yield the lines of rows given as columns, equal to the output of `dump_row`."""
    groups = [name for name in columns if name.startswith(GROUP)]
    has_text = any(value is not None for name in TEXTS for value in columns[name])
    for i in range(length):
        known = {name: columns[name][i] for name in ROW_COLUMNS}
        row = {name: known[name] for name in ("task", "item_hash", "sample")}
        found = ((name.removeprefix(GROUP), columns[name][i]) for name in groups)
        row["groups"] = {key: value for key, value in found if value is not None}
        last = ("confidence", "correct", "status", "answer", "stated", "text")
        row |= {name: known[name] for name in (*last, *(TEXTS if has_text else ()))}
        yield json.dumps({"run": run, **row}, ensure_ascii=True).encode() + b"\n"


def hash_files(cell: str, files: Mapping[str, bytes]) -> str:
    """Hash the names and texts of a cell's files together with the cell's name."""
    whole = hashlib.sha256(f"{cell}\n".encode())
    for name in sorted(files):
        whole.update(f"{name}\n{len(files[name])}\n".encode())
        whole.update(files[name])
    return whole.hexdigest()


def is_plain_name(name: str) -> bool:
    """Return whether a name from a study is safe as a single file or folder name on unpacking."""
    return (
        name not in ("", ".", "..")
        and len(name.encode("utf-8", "surrogatepass")) <= MAX_NAME
        and not any(letter in "/\\" or not letter.isprintable() for letter in name)
    )


def is_plain_path(path: str) -> bool:
    """Return whether a path can only lead to a file inside the folder of a cell."""
    parts = path.split("/")
    return len(parts) <= MAX_PARTS and all(is_plain_name(part) for part in parts)


def _values(column: Any) -> list[Any]:
    """Return a column as Python values, some five times as fast as its `to_pylist`."""
    import pyarrow as pa

    found: list[Any] = []
    for chunk in column.chunks:
        part = chunk if _is_plain(chunk.type) else chunk.dictionary.take(chunk.indices)
        is_text = pa.types.is_string(part.type) or pa.types.is_large_string(part.type)
        if part.null_count and not is_text:  # numpy would turn nulls into NaN
            found += part.to_pylist()
        else:
            found += part.to_numpy(zero_copy_only=False).tolist()
    return found


def _is_plain(kind: Any) -> bool:
    import pyarrow as pa

    return not pa.types.is_dictionary(kind)


def _type_of(kind: Any) -> str:
    """Return the type of a column's values, whether dictionary-encoded or not."""
    return _plain(str(kind if _is_plain(kind) else kind.value_type))


def _plain(kind: str) -> str:
    """Drop the width from a type, since a program that rewrites the file may change it."""
    return "integer" if kind.startswith(("int", "uint")) else kind.removeprefix("large_")
