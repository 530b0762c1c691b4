"""Open the log at a path: a file, a harness's output folder, or a folder with a single log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from caopd_bench.core.errors import UsageError
from caopd_bench.runs.flat.files import SUFFIXES
from caopd_bench.runs.logged import AnswerColumns
from caopd_bench.runs.readers.find import find_reader
from caopd_bench.runs.readers.harness.unread import READER as UNREAD
from caopd_bench.runs.readers.reader import Log, Reader

__all__ = ["open_log"]

ENDS = ", ".join((*SUFFIXES, ".json", ".eval"))
#: Limits of the search in a folder: number of files, and depth.
MOST_FILES = 2000
MAX_DEPTH = 4


def open_log(path: Path, columns: AnswerColumns, kind: str) -> Log:
    """Open a log; in a folder that no harness wrote, open the only log in it.

    Raises
    ------
    UsageError
        If there is no log, or several; the message lists them.
    """
    reader = find_reader(path, of_logs=True)
    if reader is None and path.is_dir():
        path, reader = _find_only(path)
    if reader is None or reader.open_log is None:
        raise UsageError(f"{path}: must end in {ENDS}")
    log = reader.open_log(path, columns, kind)
    return log if log.file else replace(log, file=path)


def _find_only(folder: Path) -> tuple[Path, Reader]:
    files = list(islice(_walk(folder), MOST_FILES))
    readers = {file: reader for file in files if (reader := find_reader(file, of_logs=True))}
    logs = [file for file, reader in readers.items() if reader is not UNREAD]
    # A recognised but unsupported format raises its own error with the remedy.
    chosen = logs or list(readers)
    if len(chosen) == 1:
        return chosen[0], readers[chosen[0]]
    if logs:
        raise UsageError(f"{folder}: a folder with {len(logs)} logs; choose one:", logs)
    if not files:
        raise UsageError(f"{folder}: an empty folder; give a log ({ENDS})")
    raise UsageError(
        f"{folder}: a folder without a readable log; give a log ({ENDS}); it contains:", files
    )


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder except hidden ones."""
    for here, names, files in os.walk(folder):
        depth = len(Path(here).relative_to(folder).parts)
        names[:] = sorted(name for name in names if name[0] != "." and depth < MAX_DEPTH)
        yield from (Path(here) / name for name in sorted(files) if name[0] != ".")
