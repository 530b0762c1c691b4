"""Pack the cells of a finished sweep into one Parquet file, and unpack them.

The same cells always pack to the same bytes with one release of pyarrow, which the file names.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from caopd_bench.core.errors import UsageError
from caopd_bench.core.extras import require
from caopd_bench.core.files.write import replace_file
from caopd_bench.core.terminal import inline
from caopd_bench.runs.stored.study import CELLS, ROWS_FILE, is_study, open_study
from caopd_bench.runs.stored.study_file import (
    FILE,
    GROUP,
    ROW_COLUMNS,
    ROWS,
    SUMMARY,
    hash_files,
    render_rows,
)

__all__ = ["pack_study", "packed_files", "unpack_cell", "write_packed"]

#: Rows per row group, so that some sixty cells share a dictionary.
GROUP_ROWS = 1 << 17
#: Maximum bytes of a dictionary; beyond it values would be stored in full.
DICTIONARY = 1 << 24
LEVEL = 19


def pack_study(study: Path, names: Iterable[str] | None = None) -> Path:
    """Pack the cells of a sweep's folder; the cells' folders are kept.

    Parameters
    ----------
    study : Path
        A folder with `cells/`, or a packed study to which cells were added.
    names : iterable of str, optional
        The cells in order; by default all, sorted by name.

    Returns
    -------
    Path
        The packed file. It contains cell.json, timing.json, tables and the stored run of each cell,
        but not the files that `keep` requested (checkpoints, output of lm-eval).

    Raises
    ------
    UsageError
        If a cell could not be unpacked to the same bytes; the message names the cell and the line.
    """
    require("parquet", "pyarrow")
    known = {place.name for place in (study / CELLS).iterdir()} if (study / CELLS).is_dir() else ()
    packed = open_study(study / ROWS_FILE).cells if is_study(study) else {}
    listed = list(names) if names is not None else sorted({*known, *packed})
    cells = {name: files for name in listed if (files := packed_files(study, name))}
    if not cells:
        raise UsageError(f"{study}: no finished cell to pack; give the folder of a sweep")
    file = study / ROWS_FILE
    replace_file(file, render_study(cells))
    return file


def packed_files(study: Path, name: str) -> dict[str, bytes]:
    """Return the files of a cell by name, on disk or packed; `.gz` files are decompressed."""
    folder = study / CELLS / name
    found = {
        file.relative_to(folder).as_posix(): file
        for file in sorted([*folder.glob("*"), *folder.glob("run/*")])
        if file.is_file()
    }
    if ROWS in found:
        return {
            key: gzip.decompress(file.read_bytes()) if key.endswith(".gz") else file.read_bytes()
            for key, file in found.items()
        }
    if not is_study(study) or name not in open_study(study / ROWS_FILE).cells:
        return {}
    return _read_cell(study, name)


def _read_cell(study: Path, name: str) -> dict[str, bytes]:
    packed = open_study(study / ROWS_FILE)
    packed.check_lines(name)
    return {**packed.read_files(name), ROWS: b"".join(packed.read_lines(name))}


def unpack_cell(study: Path, name: str, folder: Path) -> None:
    """Write the files of a packed cell into a folder, creating it if needed.

    Raises
    ------
    NotComparableError
        If the contents differ from those that were packed. Exit code 4.
    """
    if name not in open_study(study / ROWS_FILE).cells:
        raise UsageError(f"{study / ROWS_FILE}: no cell {inline(name, 120)!r}")
    files = _read_cell(study, name)
    shutil.rmtree(folder / "run", ignore_errors=True)  # may hold rows of another run
    for key, content in files.items():
        place = folder / key
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(write_packed(content) if key.endswith(".gz") else content)


def write_packed(content: bytes) -> bytes:
    """Return a `.gz` whose bytes depend only on its content."""
    buffer = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, buffer, mtime=0) as stream:
        stream.write(content)
    return buffer.getvalue()


def render_study(cells: Mapping[str, Mapping[str, bytes]]) -> bytes:
    """Return the bytes of rows.parquet for the files of cells."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = sorted({key for files in cells.values() for key in files} - {ROWS})
    columns: dict[str, list[Any]] = {key: [] for key in ("cell", *ROW_COLUMNS)}
    groups: dict[str, list[Any]] = {}
    firsts: dict[str, list[Any]] = {f"{FILE}{key}": [] for key in names}
    firsts |= {key: [] for key in ("rows_sha256", "packed_sha256", "files_sha256")}
    total = 0
    for name, files in cells.items():
        rows = _read_rows(name, files)
        kept = {key: content for key, content in files.items() if key != ROWS}
        columns["cell"] += [name] * len(rows)
        for key in ROW_COLUMNS:
            columns[key] += [row.get(key) for row in rows]
        for key in dict.fromkeys(key for row in rows for key in row["groups"]):
            groups.setdefault(f"{GROUP}{key}", [None] * total)
        for key, values in groups.items():
            values += [row["groups"].get(key.removeprefix(GROUP)) for row in rows]
        made = {f"{FILE}{key}": _text(name, key, content) for key, content in kept.items()}
        made["rows_sha256"] = hashlib.sha256(files[ROWS]).hexdigest()
        made["packed_sha256"] = hashlib.sha256(write_packed(files[ROWS])).hexdigest()
        made["files_sha256"] = hash_files(name, kept)
        for key, values in firsts.items():
            values += [made.get(key), *[None] * (len(rows) - 1)]
        total += len(rows)
        _check(name, files, columns, groups, len(rows))
    words = pa.dictionary(pa.int32(), pa.string())
    arrays: dict[str, Any] = {"cell": pa.array(columns["cell"]).dictionary_encode()}
    for key, kind in ROW_COLUMNS.items():
        wanted = words if kind == "string" else pa.type_for_alias(kind)
        arrays[key] = pa.array(columns[key], wanted)
    for key, values in groups.items():
        array = pa.array(values)
        arrays[key] = array.dictionary_encode() if pa.types.is_string(array.type) else array
    arrays |= {key: pa.array(values, pa.string()) for key, values in firsts.items()}
    buffer = io.BytesIO()
    pq.write_table(
        pa.table(arrays),
        buffer,
        row_group_size=GROUP_ROWS,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=LEVEL,
        use_dictionary=[key for key in arrays if key not in firsts],
        dictionary_pagesize_limit=DICTIONARY,
        write_statistics=False,
    )
    return buffer.getvalue()


def _read_rows(name: str, files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in files[ROWS].splitlines()]
    if not rows or SUMMARY not in files:
        raise UsageError(f"{CELLS}/{name}: no stored run with rows; run the cell again")
    return rows


def _text(name: str, key: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise UsageError(
            f"{CELLS}/{name}/{key}: not UTF-8 text; move it out of the cell's folder"
        ) from None


def _check(
    name: str,
    files: Mapping[str, bytes],
    columns: Mapping[str, list[Any]],
    groups: Mapping[str, list[Any]],
    length: int,
) -> None:
    """Refuse rows that would not unpack to the same bytes."""
    last = {key: values[-length:] for key, values in (*columns.items(), *groups.items())}
    run = json.loads(files[SUMMARY]).get("name")
    made = render_rows(run, last, length)
    for number, (ours, theirs) in enumerate(
        zip(made, files[ROWS].splitlines(keepends=True), strict=True), 1
    ):
        if ours != theirs:
            raise UsageError(
                f"{CELLS}/{name}/{ROWS} line {number}: not as this version writes it; store the "
                "run again (caopd-bench score RUN --store DIR)"
            )
