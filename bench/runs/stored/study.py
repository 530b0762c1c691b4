"""Read packed studies: the cells of a sweep in one Parquet file, used as if they were folders.

    STUDY/rows.parquet    one row per answer, cell after cell

| column | holds |
|---|---|
| `cell` | the name of the cell, which is the name of its folder |
| `task` to `gold` | the fields of a line of rows.jsonl.gz, with types |
| `group:KEY` | the groups of the item: `group:level`, `group:family`, ... |
| `file:NAME` | the text of the cell's file NAME, on its first row: `file:cell.json`, ... |
| `rows_sha256`, `packed_sha256`, `files_sha256` | on its first row: hashes of the lines, of the rows.jsonl.gz that they came from, and of the texts |

Files below `STUDY/cells/` that are not on disk are looked up here, so that code that reads the
folder of a cell can read a packed cell as well. Files on disk take precedence, so that a cell that
was run again replaces the packed one.
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
    """The location of a packed file: the study's file, the cell, the name in the cell's folder."""

    study: Path
    cell: str
    name: str


def is_study(path: Path) -> bool:
    """Return whether a path is a packed study, given by its folder or its file."""
    file = _file_of(path)
    if not file.is_file():
        return False
    if util.find_spec("pyarrow") is None:
        # The error then names the package to install; a packed study is not a flat file.
        return path.is_dir() and (path / "cells.csv").is_file()
    names = _names(file, file.stat().st_mtime_ns, file.stat().st_size)
    if names is None:
        return path.is_dir() and (path / "cells.csv").is_file()
    return {"cell", "files_sha256", *ROW_COLUMNS} <= set(names)


@lru_cache(maxsize=64)
def _names(file: Path, *_: int) -> tuple[str, ...] | None:
    """Return the column names; None if the file cannot be read."""
    try:
        with open_parquet(file) as parquet:
            return tuple(parquet.schema_arrow.names)
    except (UsageError, OSError):
        return None


def find_cell(path: Path) -> Path | None:
    """Resolve `STUDY/CELL` or `STUDY/cells/CELL` to the folder of the cell's run, if it is one.

    The folder, `STUDY/cells/CELL/run`, need not exist on disk.
    """
    study = path.parent.parent if path.parent.name == CELLS else path.parent
    folder = study / CELLS / path.name / "run"
    if (path.exists() and path.parent.name != CELLS) or folder.is_dir():
        return folder if folder.is_dir() else None
    # A packed cell may still have a folder that holds its kept checkpoint.
    if path.is_file() or not is_study(study):
        return None
    return folder if path.name in open_study(study / ROWS_FILE).cells else None


def is_packed(path: Path) -> bool:
    """Return whether a path that is not on disk is that of a packed run."""
    return find_cell(path) is not None or (not path.exists() and holds(path / "summary.json"))


def list_cells(path: Path) -> list[Path]:
    """Return `STUDY/CELL` for each cell of a study, packed or in a folder of its own."""
    file = _file_of(path)
    folders = [place.parent.parent.name for place in (file.parent / CELLS).glob(f"*/{SUMMARY}")]
    names = sorted({*open_study(file).cells, *folders})
    return [file.parent / name for name in names]


def holds(file: Path) -> bool:
    """Return whether a file of a cell exists, on disk or packed."""
    if file.is_file():
        return True
    place = _locate(file)
    if place is None:
        return False
    return place.name == ROWS or place.name in open_study(place.study).read_files(place.cell)


def read_member(file: Path) -> bytes | None:
    """Return the text of a packed file; None if it is not packed or exists on disk.

    Raises
    ------
    NotComparableError
        If the texts of the cell differ from those that were packed. Exit code 4.
    """
    place = _locate(file)
    if place is None:
        return None
    return open_study(place.study).read_files(place.cell).get(place.name)


def read_packed_rows(file: Path) -> Iterator[bytes] | None:
    """Return the lines of a packed rows.jsonl.gz; None as for `read_member`."""
    place = _locate(file)
    if place is None or place.name != ROWS:
        return None
    return open_study(place.study).read_lines(place.cell)


def load_json(file: Path) -> Any:
    """Read a JSON file of a cell, on disk or packed; raise the errors of `plain_json.read_json`."""
    data = read_member(file)
    return read_json(file) if data is None else parse_json(data, str(file))


def packed_hash(file: Path, column: str = "rows_sha256") -> str | None:
    """Return the stored hash of a packed file of rows; None as for `read_member`."""
    place = _locate(file)
    return None if place is None else open_study(place.study).hash_of(place.cell, column)


def changed(file: Path) -> int:
    """Return the modification time of a file, or of the study that it is packed in."""
    place = _locate(file)
    return (file if place is None else place.study).stat().st_mtime_ns


def open_study(file: Path) -> Study:
    """Read a study, or return the last one read if its file is unchanged."""
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
    """Find the packed location of a file that is not on disk."""
    if file.exists():
        return None
    for parent in file.parents:
        study = parent.parent / ROWS_FILE
        if parent.name == CELLS and is_study(study.parent):
            cell, *rest = file.relative_to(parent).parts
            if cell in open_study(study).cells:
                return Place(study, cell, "/".join(rest))
    return None
