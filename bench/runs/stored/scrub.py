"""Remove data from our files that current versions would not record; see `secrets`.

A stored run is replaced as a whole, with one rename by one writer. Rows, numbers and hashes do not
change, except if the name of a run is itself a secret: since every row contains the name, the rows
are then rewritten and rehashed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from caopd_bench.core.errors import UsageError, writing
from caopd_bench.core.files.folders import only_writer, replace_folder
from caopd_bench.core.files.parts import is_part
from caopd_bench.core.files.plain_json import parse_json
from caopd_bench.core.files.write import replace_file
from caopd_bench.core.privacy.credentials import clean_name
from caopd_bench.runs.stored.files import Summary, read_lines, read_summary
from caopd_bench.runs.stored.hashes import RowHashes
from caopd_bench.runs.stored.names import BASELINE_NAME, ROWS_NAME, SUMMARY_NAME
from caopd_bench.runs.stored.secrets import CLEANERS, Cleaned, clean_failure

__all__ = ["Finding", "find_ours", "scrub"]

CELL_NAME, FAILED_NAME, PROVENANCE_NAME = "cell.json", "failed", "provenance.json"
#: Keys that identify our files whose names other programs use too.
_MARKS = {CELL_NAME: {"key", "cell", "evaluate"}, PROVENANCE_NAME: {"method", "settings", "base"}}


class Finding(NamedTuple):
    """The data to remove from a file.

    Attributes
    ----------
    file : Path
    left_out, shortened : sequence of str
        Names of the settings, never their values.
    """

    file: Path
    left_out: Sequence[str]
    shortened: Sequence[str]


def find_ours(root: Path) -> Iterator[Path]:
    """Yield stored runs (folders) and records (files) at or below a folder, skipping links."""
    for place, folders, files in os.walk(root):
        folder = Path(place)
        folders[:] = sorted(name for name in folders if name != ".git" and not is_part(name))
        if SUMMARY_NAME in files and ROWS_NAME in files:
            yield folder
        for name in sorted(files):
            is_failure = folder.name == FAILED_NAME and name.endswith(".json")
            if (is_failure or name in _MARKS) and not (folder / name).is_symlink():
                yield folder / name


def scrub(place: Path, *, check: bool = False) -> list[Finding]:
    """Clean a stored run or a record.

    Parameters
    ----------
    place : Path
        A path from `find_ours`.
    check : bool
        Only report what would be removed.

    Returns
    -------
    list of Finding
        One for each file with data to remove; empty for a file that is not ours.

    Raises
    ------
    UsageError
        If a stored run is damaged, or its rows would have to be rewritten but were edited.
    """
    if place.is_file():
        return _scrub_record(place, check)
    with nullcontext() if check else only_writer(place), writing(place):
        return _scrub_stored(place, check)


def _scrub_record(file: Path, check: bool) -> list[Finding]:
    content = _read(file)
    is_failure = file.parent.name == FAILED_NAME
    clean = clean_failure if is_failure else CLEANERS[file.name]
    marks = {"key", "error"} if is_failure else _MARKS[file.name]
    try:
        known = parse_json(content, str(file))
        if not isinstance(known, dict) or not marks <= set(known):
            return []
        cleaned = clean(content)
    except (UsageError, ValueError, TypeError, AttributeError, RecursionError):
        return []  # another program's, or truncated
    if cleaned.content != content and not check:
        with writing(file):
            replace_file(file, cleaned.content)
    return _findings(file, cleaned)


def _scrub_stored(folder: Path, check: bool) -> list[Finding]:
    summary = read_summary(folder)  # refuses damaged files and other formats
    contents: dict[str, bytes] = {}
    found: list[Finding] = []
    for name, clean in CLEANERS.items():
        file = folder / name
        if name in _MARKS or not file.is_file():
            continue
        content = _read(file)
        try:
            cleaned = clean(content)
        except (ValueError, TypeError, AttributeError, RecursionError):
            raise UsageError(f"{file}: damaged; take it from version control or a copy") from None
        found += _findings(file, cleaned)
        if cleaned.content != content:
            contents[name] = cleaned.content
    renamed = clean_name(summary.name)
    if renamed != summary.name:
        contents |= _rename_rows(folder, summary, renamed, contents, check)
        found.append(Finding(folder / ROWS_NAME, ["run"], []))
    if contents and not check:
        replace_folder(folder, contents)
    return found


def _rename_rows(
    folder: Path, stored: Summary, name: str, contents: dict[str, bytes], check: bool
) -> dict[str, bytes]:
    """Return the rows under a new run name, and the files that contain their hashes."""
    if check:
        return {}
    known = _load(folder, BASELINE_NAME, contents)
    of_reference = known.get("rows_sha256")
    is_edited = of_reference not in (None, stored.rows_sha256, _hash(folder / ROWS_NAME))
    before, hashes, buffer = RowHashes(), RowHashes(), io.BytesIO()
    with gzip.GzipFile("", "wb", 9, buffer, mtime=0) as stream:
        for line in read_lines(folder):
            before.add(line)
            row = json.loads(line)
            is_edited = is_edited or row["run"] != stored.name
            content = json.dumps({**row, "run": name}, ensure_ascii=True).encode() + b"\n"
            hashes.add(content)
            stream.write(content)
    if is_edited or stored.rows_sha256 not in (None, before.sha256):
        raise UsageError(
            f"{folder}: its rows are not those that were stored, and cleaning would hash "
            "them again; restore it from version control or a copy first"
        )
    summary = _load(folder, SUMMARY_NAME, contents)
    if summary.get("rows_sha256") is not None:
        summary["rows_sha256"] = hashes.sha256
    if summary.get("row_digests") is not None:
        summary["row_digests"] = hashes.digests
    made = {ROWS_NAME: buffer.getvalue(), SUMMARY_NAME: _dump(summary)}
    if known:
        known["rows_sha256"] = hashes.sha256
        made[BASELINE_NAME] = _dump(known)
    return made


def _load(folder: Path, name: str, contents: dict[str, bytes]) -> dict[str, object]:
    if name not in contents and not (folder / name).is_file():
        return {}
    known: dict[str, object] = json.loads(contents.get(name) or _read(folder / name))
    return known


def _hash(file: Path) -> str:
    return hashlib.sha256(_read(file)).hexdigest()


def _dump(known: dict[str, object]) -> bytes:
    return (json.dumps(known, indent=1, allow_nan=False) + "\n").encode()


def _findings(file: Path, cleaned: Cleaned) -> list[Finding]:
    if not cleaned.left_out and not cleaned.shortened:
        return []
    return [Finding(file, cleaned.left_out, cleaned.shortened)]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from None
