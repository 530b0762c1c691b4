"""A packed study: the cells of a finished sweep in one Parquet file, read as if they were folders.

    STUDY/rows.parquet    one row an answer, cell after cell

| column | holds |
|---|---|
| `cell` | the name of the cell, the name of its folder |
| `task` to `gold` | what a line of rows.jsonl.gz says of the answer, typed |
| `group:KEY` | what the item belongs to: `group:level`, `group:family`, ... |
| `file:NAME` | the text of the cell's file NAME, on its first row: `file:cell.json`, ... |
| `rows_sha256`, `packed_sha256`, `files_sha256` | on its first row: hashes of the lines, of the rows.jsonl.gz that they came from, and of the texts |

A file below `STUDY/cells/` that is not on the disk is looked for here, so that whatever reads the
folder of a cell reads a packed one as well. A file that is on the disk comes first: a cell that was
run again replaces the packed one.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib import util
from pathlib import Path
from typing import Any, NamedTuple

from caopd_bench.core.errors import UsageError
from caopd_bench.core.files.plain_json import parse_json, read_json
from caopd_bench.runs.flat.parquet import open_parquet
from caopd_bench.runs.stored.study_file import ROW_COLUMNS, ROWS, SUMMARY, Study

__all__ = [
    "CELLS",
    "ROWS_FILE",
    "changed",
    "find_cell",
    "holds",
    "is_packed",
    "is_study",
    "list_cells",
    "load_json",
    "open_study",
    "packed_hash",
    "read_member",
    "read_packed_rows",
]

ROWS_FILE = "rows.parquet"
CELLS = "cells"


class Place(NamedTuple):
    """Where a file is packed: the file of the study, the cell, the name in the cell's folder."""

    study: Path
    cell: str
    name: str


def is_study(path: Path) -> bool:
    """Return whether a path is a packed study: its folder, or its file itself."""
    file = _file_of(path)
    if not file.is_file():
        return False
    if util.find_spec("pyarrow") is None:
        # What is said then is what to install; a sweep's table is no flat file.
        return path.is_dir() and (path / "cells.csv").is_file()
    names = _names(file, file.stat().st_mtime_ns, file.stat().st_size)
    if names is None:
        return path.is_dir() and (path / "cells.csv").is_file()
    return {"cell", "files_sha256", *ROW_COLUMNS} <= set(names)


@lru_cache(maxsize=64)
def _names(file: Path, *_: int) -> tuple[str, ...] | None:
    """Return the names of the columns; None if the file cannot be read."""
    try:
        with open_parquet(file) as parquet:
            return tuple(parquet.schema_arrow.names)
    except (UsageError, OSError):
        return None


def find_cell(path: Path) -> Path | None:
    """Find the folder of the run that `STUDY/CELL` or `STUDY/cells/CELL` means, if it means one.

    It need not be on the disk: `STUDY/cells/CELL/run`.
    """
    study = path.parent.parent if path.parent.name == CELLS else path.parent
    folder = study / CELLS / path.name / "run"
    if (path.exists() and path.parent.name != CELLS) or folder.is_dir():
        return folder if folder.is_dir() else None
    # Of a packed cell there may be a folder all the same: it holds the checkpoint that was kept.
    if path.is_file() or not is_study(study):
        return None
    return folder if path.name in open_study(study / ROWS_FILE).cells else None


def is_packed(path: Path) -> bool:
    """Return whether a path that is not on the disk is that of a packed run."""
    return find_cell(path) is not None or (not path.exists() and holds(path / "summary.json"))


def list_cells(path: Path) -> list[Path]:
    """Return `STUDY/CELL` of each cell of a study, packed or a folder of a finished cell."""
    file = _file_of(path)
    folders = [place.parent.parent.name for place in (file.parent / CELLS).glob(f"*/{SUMMARY}")]
    names = sorted({*open_study(file).cells, *folders})
    return [file.parent / name for name in names]


def holds(file: Path) -> bool:
    """Return whether a file of a cell is there, on the disk or packed."""
    if file.is_file():
        return True
    place = _locate(file)
    if place is None:
        return False
    return place.name == ROWS or place.name in open_study(place.study).read_files(place.cell)


def read_member(file: Path) -> bytes | None:
    """Return the text of a packed file; None if it is not packed, or there is one on the disk.

    Raises
    ------
    NotComparableError
        If the texts of the cell are not those that were packed. Exit code 4.
    """
    place = _locate(file)
    if place is None:
        return None
    return open_study(place.study).read_files(place.cell).get(place.name)


def read_packed_rows(file: Path) -> Iterator[bytes] | None:
    """Return the lines of a packed rows.jsonl.gz; None as of `read_member`."""
    place = _locate(file)
    if place is None or place.name != ROWS:
        return None
    return open_study(place.study).read_lines(place.cell)


def load_json(file: Path) -> Any:
    """Read a JSON file of a cell, on the disk or packed; errors as of `plain_json.read_json`."""
    data = read_member(file)
    return read_json(file) if data is None else parse_json(data, str(file))


def packed_hash(file: Path, column: str = "rows_sha256") -> str | None:
    """Return a hash that was kept of a packed file of rows; None as of `read_member`."""
    place = _locate(file)
    return None if place is None else open_study(place.study).hash_of(place.cell, column)


def changed(file: Path) -> int:
    """Return the time at which a file, or the study that it is packed in, was changed."""
    place = _locate(file)
    return (file if place is None else place.study).stat().st_mtime_ns


def open_study(file: Path) -> Study:
    """Read a study, or give the one that was read last if its file is the same."""
    try:
        found = file.stat()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from None
    return _open(file, found.st_ino, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=2)
def _open(file: Path, *_: int) -> Study:
    return Study(file)


def _file_of(path: Path) -> Path:
    return path if path.name == ROWS_FILE else path / ROWS_FILE


def _locate(file: Path) -> Place | None:
    """Find where a file that is not on the disk is packed."""
    if file.exists():
        return None
    for parent in file.parents:
        study = parent.parent / ROWS_FILE
        if parent.name == CELLS and is_study(study.parent):
            cell, *rest = file.relative_to(parent).parts
            if cell in open_study(study).cells:
                return Place(study, cell, "/".join(rest))
    return None
